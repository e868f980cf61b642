/* picture.c - which format, how large, and from RGB to what was asked for. */
#include "kernel/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/picture_codec.h"

/* What a format's first bytes are, and who reads it. Those without a function in this build name the
 * package that would bring one. */
typedef struct picture_format {
    const char     *name, *magic, *mask; /* mask: 'x' where the byte must be that of magic */
    ofz_picture_fn *fn;
    const char     *package;
} picture_format;

#ifdef OFZ_HAVE_JPEG
#define JPEG ofz_picture_jpeg
#else
#define JPEG NULL
#endif
#ifdef OFZ_HAVE_OPENJPEG
#define JPEG2000 ofz_picture_jpeg2000
#else
#define JPEG2000 NULL
#endif
#ifdef OFZ_HAVE_PNG
#define PNG ofz_picture_png
#else
#define PNG NULL
#endif
#ifdef OFZ_HAVE_TIFF
#define TIFF ofz_picture_tiff
#else
#define TIFF NULL
#endif
#ifdef OFZ_HAVE_WEBP
#define WEBP ofz_picture_webp
#else
#define WEBP NULL
#endif

/* clang-format off */
static const picture_format formats[] = {
    { "JPEG", "\xff\xd8\xff", "xxx", JPEG, "libjpeg62-turbo-dev" },
    { "JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n", "xxxxxxxxxxxx", JPEG2000, "libopenjp2-7-dev" },
    { "JPEG 2000", "\xff\x4f\xff\x51", "xxxx", JPEG2000, "libopenjp2-7-dev" },
    { "PNG", "\x89PNG\r\n\x1a\n", "xxxxxxxx", PNG, "libpng-dev" },
    { "TIFF", "II*\0", "xxxx", TIFF, "libtiff-dev" },
    { "TIFF", "MM\0*", "xxxx", TIFF, "libtiff-dev" },
    { "TIFF", "II+\0", "xxxx", TIFF, "libtiff-dev" },
    { "TIFF", "MM\0+", "xxxx", TIFF, "libtiff-dev" },
    { "WebP", "RIFF....WEBP", "xxxx....xxxx", WEBP, "libwebp-dev" },
    { "BMP", "BM", "xx", ofz_picture_bmp, NULL },
    { "PNM", "P1", "xx", ofz_picture_pnm, NULL },
    { "PNM", "P2", "xx", ofz_picture_pnm, NULL },
    { "PNM", "P3", "xx", ofz_picture_pnm, NULL },
    { "PNM", "P4", "xx", ofz_picture_pnm, NULL },
    { "PNM", "P5", "xx", ofz_picture_pnm, NULL },
    { "PNM", "P6", "xx", ofz_picture_pnm, NULL },
};
/* clang-format on */

#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

ofz_status ofz_picture_damaged(ofz_ctx *ctx, const char *format, const char *text)
{
    return ofz_fail(ctx, OFZ_E_DATA, "picture: %s: %.200s", format, text);
}

ofz_status ofz_picture_room(ofz_ctx *ctx, int64_t width, int64_t height, ofz_picture *out)
{
    int64_t pixels;

    if (width < 1 || height < 1)
        return ofz_fail(ctx, OFZ_E_DATA, "picture: %" PRId64 " x %" PRId64 ", want pixels", width,
                        height);
    if (!ofz_mul(width, height, &pixels) || pixels > OFZ_PICTURE_PIXELS ||
        (uint64_t)pixels * 3 > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "picture: %" PRId64 " x %" PRId64 ", too large", width,
                        height);
    out->data = calloc(3, (size_t)pixels);
    if (!out->data) return ofz_fail_nomem(ctx, "picture", 3 * (size_t)pixels);
    out->width    = width;
    out->height   = height;
    out->channels = 3;
    return OFZ_OK;
}

static const picture_format *format_find(const ofz_picture_source *in)
{
    for (size_t f = 0; f < FORMAT_COUNT; f++) {
        const size_t length = strlen(formats[f].mask);
        bool         fits   = in->size >= length;

        for (size_t i = 0; fits && i < length; i++)
            fits = formats[f].mask[i] == '.' || in->data[i] == (uint8_t)formats[f].magic[i];
        if (fits) return &formats[f];
    }
    return NULL;
}

static void convert(ofz_pixels pixels, ofz_picture *p)
{
    const size_t count = (size_t)(p->width * p->height);

    if (pixels == OFZ_PIXELS_RGB) return;
    for (size_t i = 0; i < count; i++) {
        uint8_t      *x = p->data + 3 * i;
        const uint8_t r = x[0], b = x[2];

        if (pixels == OFZ_PIXELS_GRAY) { /* the weights in units of 2^-16, as Pillow rounds them */
            p->data[i] = (uint8_t)((r * 19595u + x[1] * 38470u + b * 7471u + 0x8000u) >> 16);
        } else {
            x[0] = b;
            x[2] = r;
        }
    }
    if (pixels == OFZ_PIXELS_GRAY) p->channels = 1;
}

ofz_status ofz_picture_decode(ofz_ctx *ctx, const void *bytes, size_t size, ofz_pixels pixels,
                              ofz_picture *out)
{
    const ofz_picture_source in = { bytes, size };
    const picture_format    *f  = format_find(&in);
    ofz_picture              p  = { 0 };
    ofz_status               st;

    if (!f)
        return ofz_fail(ctx, OFZ_E_DATA,
                        "picture: %zu bytes of no known format, want JPEG, JPEG 2000, PNG, TIFF, "
                        "WebP, BMP or PNM",
                        size);
    if (!f->fn) {
        st = ofz_fail(ctx, OFZ_E_UNSUPPORTED, "picture: %s, which this build cannot read", f->name);
        return ofz_fix(ctx, st, "install %s and build anew", f->package);
    }
    st = f->fn(ctx, &in, &p);
    if (st) {
        free(p.data);
        return st;
    }
    convert(pixels, &p);
    *out = p;
    return OFZ_OK;
}
