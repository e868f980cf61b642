/* picture_tiff.c - the first page of a TIFF by libtiff. */
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "kernel/picture_codec.h"

typedef struct tiff_work {
    ofz_picture_source in;
    uint64_t           at;
    char               text[200];
} tiff_work;

static tmsize_t bytes_read(thandle_t h, void *to, tmsize_t size)
{
    tiff_work     *w    = h;
    const uint64_t left = w->at < w->in.size ? w->in.size - w->at : 0;
    const uint64_t take = size < 0 ? 0 : (uint64_t)size < left ? (uint64_t)size : left;

    if (take) memcpy(to, w->in.data + w->at, take);
    w->at += take;
    return (tmsize_t)take;
}

static tmsize_t bytes_write(thandle_t h, void *from, tmsize_t size)
{
    (void)h;
    (void)from;
    (void)size;
    return -1;
}

static toff_t bytes_seek(thandle_t h, toff_t to, int from)
{
    tiff_work *w = h;

    w->at = from == SEEK_SET ? to : from == SEEK_CUR ? w->at + to : w->in.size + to;
    return w->at;
}

static int bytes_close(thandle_t h)
{
    (void)h;
    return 0;
}

static toff_t bytes_size(thandle_t h)
{
    return ((tiff_work *)h)->in.size;
}

static OFZ_PRINTF(4, 0) int fail(TIFF *t, void *user, const char *module, const char *format,
                                 va_list args)
{
    tiff_work *w = user;

    (void)t;
    (void)module;
    if (!w->text[0]) vsnprintf(w->text, sizeof w->text, format, args);
    return 1;
}

static int ignore(TIFF *t, void *user, const char *module, const char *format, va_list args)
{
    (void)t;
    (void)user;
    (void)module;
    (void)format;
    (void)args;
    return 1;
}

/* Alpha is to be dropped: told that colours have been multiplied by it, libtiff leaves them alone. */
static void alpha_disarm(TIFF *t)
{
    uint16_t  count = 0;
    uint16_t *kind = NULL, all[4] = { EXTRASAMPLE_ASSOCALPHA, 0, 0, 0 };

    if (TIFFGetField(t, TIFFTAG_EXTRASAMPLES, &count, &kind) && count && count <= 4)
        TIFFSetField(t, TIFFTAG_EXTRASAMPLES, count, all);
}

static ofz_status page_read(ofz_ctx *ctx, TIFF *t, tiff_work *w, ofz_picture *out)
{
    uint32_t  width = 0, height = 0;
    uint32_t *raster;
    int       good;

    if (!TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &width) ||
        !TIFFGetField(t, TIFFTAG_IMAGELENGTH, &height))
        return ofz_picture_damaged(ctx, "TIFF", "no width or height");
    OFZ_TRY(ofz_picture_room(ctx, width, height, out));
    raster = calloc((size_t)width * height, sizeof *raster);
    if (!raster) return ofz_fail_nomem(ctx, "picture", (size_t)width * height * sizeof *raster);
    alpha_disarm(t);
    good = TIFFReadRGBAImageOriented(t, width, height, raster, ORIENTATION_TOPLEFT, 1);
    for (size_t i = 0; good && i < (size_t)width * height; i++) {
        out->data[3 * i]     = (uint8_t)TIFFGetR(raster[i]);
        out->data[3 * i + 1] = (uint8_t)TIFFGetG(raster[i]);
        out->data[3 * i + 2] = (uint8_t)TIFFGetB(raster[i]);
    }
    free(raster);
    if (good && !w->text[0]) return OFZ_OK;
    return ofz_picture_damaged(ctx, "TIFF", w->text[0] ? w->text : "its pixels cannot be read");
}

ofz_status ofz_picture_tiff(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    tiff_work        w       = { .in = *in };
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    ofz_status       st;
    TIFF            *t;

    if (!options) return ofz_fail_nomem(ctx, "picture", sizeof w);
    TIFFOpenOptionsSetErrorHandlerExtR(options, fail, &w);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore, &w);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)OFZ_PICTURE_PIXELS * 4);
    /* "m": no mapping, there are no functions for it */
    t = TIFFClientOpenExt("picture", "rm", &w, bytes_read, bytes_write, bytes_seek, bytes_close,
                          bytes_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!t) return ofz_picture_damaged(ctx, "TIFF", w.text[0] ? w.text : "it cannot be opened");
    st = page_read(ctx, t, &w, out);
    TIFFClose(t);
    return st;
}
