/* picture.h - encoded pictures: bytes in, rows of 8-bit pixels out. */
#ifndef OFZ_KERNEL_PICTURE_H
#define OFZ_KERNEL_PICTURE_H

#include "base/error.h"

typedef enum ofz_pixels { OFZ_PIXELS_RGB, OFZ_PIXELS_BGR, OFZ_PIXELS_GRAY } ofz_pixels;

/* No picture may have more pixels, whatever its header says. */
#define OFZ_PICTURE_PIXELS ((int64_t)1 << 28)

typedef struct ofz_picture {
    int64_t  height, width, channels; /* 1 for OFZ_PIXELS_GRAY, else 3 */
    uint8_t *data;                    /* [height, width, channels], the caller's to free */
} ofz_picture;

/* Decode a JPEG, JPEG 2000, PNG, TIFF (its first page), WebP, BMP or PNM, told apart by its first
 * bytes. An alpha channel is dropped, 16-bit samples keep their high byte, and grey is
 * 0.299 R + 0.587 G + 0.114 B as ITU-R BT.601 has it. Dimensions are checked before memory for pixels is
 * taken: against OFZ_PICTURE_PIXELS and ctx->limits.tensor_size.
 * Errors: OFZ_E_DATA for bytes that are no such picture, or a damaged one; OFZ_E_LIMIT;
 * OFZ_E_UNSUPPORTED for a form that is not read, or a library that this build lacks; OFZ_E_NOMEM. */
ofz_status ofz_picture_decode(ofz_ctx *ctx, const void *bytes, size_t size, ofz_pixels pixels,
                              ofz_picture *out) OFZ_MUST_USE;

#endif
