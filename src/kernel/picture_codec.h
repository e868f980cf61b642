/* picture_codec.h - what picture.c and the decoders of single formats share. */
#ifndef OFZ_KERNEL_PICTURE_CODEC_H
#define OFZ_KERNEL_PICTURE_CODEC_H

#include "kernel/picture.h"

typedef struct ofz_picture_source {
    const uint8_t *data;
    size_t         size;
} ofz_picture_source;

/* Each decodes to RGB. A picture that failed leaves out->data for picture.c to free. */
typedef ofz_status ofz_picture_fn(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out);

ofz_picture_fn ofz_picture_bmp, ofz_picture_pnm;
#ifdef OFZ_HAVE_JPEG
ofz_picture_fn ofz_picture_jpeg;
#endif
#ifdef OFZ_HAVE_OPENJPEG
ofz_picture_fn ofz_picture_jpeg2000;
#endif
#ifdef OFZ_HAVE_PNG
ofz_picture_fn ofz_picture_png;
#endif
#ifdef OFZ_HAVE_TIFF
ofz_picture_fn ofz_picture_tiff;
#endif
#ifdef OFZ_HAVE_WEBP
ofz_picture_fn ofz_picture_webp;
#endif

/* Check the dimensions that a header states, and take memory (zeroed) for RGB of that size. */
ofz_status ofz_picture_room(ofz_ctx *ctx, int64_t width, int64_t height,
                            ofz_picture *out) OFZ_MUST_USE;

/* "picture: FORMAT: TEXT" */
ofz_status ofz_picture_damaged(ofz_ctx *ctx, const char *format, const char *text);

#endif
