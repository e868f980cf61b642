/* picture_jpeg2000.c - JPEG 2000, boxed (.jp2) or a bare codestream, by OpenJPEG. */
#include <stdio.h>
#include <string.h>

#include <openjpeg.h>

#include "kernel/picture_codec.h"

typedef struct jp2_work {
    ofz_picture_source in;
    size_t             at;
    char               text[200];
} jp2_work;

static OPJ_SIZE_T bytes_read(void *to, OPJ_SIZE_T size, void *user)
{
    jp2_work    *w    = user;
    const size_t left = w->in.size - w->at, take = size < left ? size : left;

    if (!take) return (OPJ_SIZE_T)-1;
    memcpy(to, w->in.data + w->at, take);
    w->at += take;
    return take;
}

static OPJ_OFF_T bytes_skip(OPJ_OFF_T size, void *user)
{
    jp2_work    *w    = user;
    const size_t left = w->in.size - w->at;

    if (size < 0) return -1;
    if ((uint64_t)size > left) size = (OPJ_OFF_T)left;
    w->at += (size_t)size;
    return size;
}

static OPJ_BOOL bytes_seek(OPJ_OFF_T to, void *user)
{
    jp2_work *w = user;

    if (to < 0 || (uint64_t)to > w->in.size) return OPJ_FALSE;
    w->at = (size_t)to;
    return OPJ_TRUE;
}

static void fail(const char *text, void *user)
{
    jp2_work *w = user;

    if (!w->text[0]) snprintf(w->text, sizeof w->text, "%.*s", (int)strcspn(text, "\n"), text);
}

static void ignore(const char *text, void *user)
{
    (void)text;
    (void)user;
}

/* Sample of component k at (x, y), as 8 bits. */
static int sample(const opj_image_t *image, unsigned k, int64_t x, int64_t y)
{
    const opj_image_comp_t *c    = &image->comps[k];
    const int64_t           at_x = x / c->dx, at_y = y / c->dy;
    int64_t                 v;

    v = c->data[(at_y < c->h ? at_y : c->h - 1) * c->w + (at_x < c->w ? at_x : c->w - 1)];
    if (c->sgnd) v += (int64_t)1 << (c->prec - 1);
    v = c->prec > 8 ? v >> (c->prec - 8) : c->prec < 8 ? v * 255 / ((1 << c->prec) - 1) : v;
    return v < 0 ? 0 : v > 255 ? 255 : (int)v;
}

static uint8_t bounded(double x)
{
    return x < 0 ? 0 : x > 255 ? 255 : (uint8_t)(x + 0.5);
}

static void pixel_put(const opj_image_t *image, int64_t x, int64_t y, uint8_t *to)
{
    int s[3];

    for (unsigned k = 0; k < 3; k++) s[k] = sample(image, image->numcomps < 3 ? 0 : k, x, y);
    for (unsigned k = 0; k < 3; k++) to[k] = (uint8_t)s[k];
    if (image->color_space != OPJ_CLRSPC_SYCC || image->numcomps < 3) return;
    to[0] = bounded(s[0] + 1.402 * (s[2] - 128)); /* ITU-R BT.601 */
    to[1] = bounded(s[0] - 0.344136 * (s[1] - 128) - 0.714136 * (s[2] - 128));
    to[2] = bounded(s[0] + 1.772 * (s[1] - 128));
}

static ofz_status components_check(ofz_ctx *ctx, const opj_image_t *image, bool decoded)
{
    if (image->numcomps < 1 || image->numcomps > 4)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "picture: JPEG 2000: %u components, want 1 to 4",
                        (unsigned)image->numcomps);
    for (unsigned k = 0; k < image->numcomps; k++) {
        const opj_image_comp_t *c = &image->comps[k];

        if (c->prec < 1 || c->prec > 16)
            return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "picture: JPEG 2000: %u bits, want 1 to 16",
                            (unsigned)c->prec);
        if (!c->dx || !c->dy || !c->w || !c->h || (decoded && !c->data))
            return ofz_picture_damaged(ctx, "JPEG 2000", "an empty component");
    }
    return OFZ_OK;
}

static ofz_status stream_read(ofz_ctx *ctx, opj_codec_t *codec, opj_stream_t *stream, jp2_work *w,
                              opj_image_t **image, ofz_picture *out)
{
    opj_dparameters_t p;

    opj_set_default_decoder_parameters(&p);
    opj_set_error_handler(codec, fail, w);
    opj_set_warning_handler(codec, ignore, w);
    opj_set_info_handler(codec, ignore, w);
    if (!opj_setup_decoder(codec, &p) || !opj_read_header(stream, codec, image))
        return ofz_picture_damaged(ctx, "JPEG 2000", w->text[0] ? w->text : "no header");
    OFZ_TRY(components_check(ctx, *image, false));
    OFZ_TRY(ofz_picture_room(ctx, (int64_t)(*image)->x1 - (*image)->x0,
                             (int64_t)(*image)->y1 - (*image)->y0, out));
    if (!opj_decode(codec, stream, *image) || !opj_end_decompress(codec, stream) || w->text[0])
        return ofz_picture_damaged(ctx, "JPEG 2000", w->text[0] ? w->text : "no pixels");
    OFZ_TRY(components_check(ctx, *image, true));
    for (int64_t y = 0; y < out->height; y++)
        for (int64_t x = 0; x < out->width; x++)
            pixel_put(*image, x, y, out->data + 3 * (y * out->width + x));
    return OFZ_OK;
}

ofz_status ofz_picture_jpeg2000(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    const bool    boxed  = in->data[0] == 0;
    jp2_work      w      = { .in = *in };
    opj_codec_t  *codec  = opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
    opj_stream_t *stream = opj_stream_default_create(OPJ_TRUE);
    opj_image_t  *image  = NULL;
    ofz_status    st     = OFZ_OK;

    if (!codec || !stream) OFZ_GOTO(ofz_fail_nomem(ctx, "picture", sizeof w));
    opj_stream_set_read_function(stream, bytes_read);
    opj_stream_set_skip_function(stream, bytes_skip);
    opj_stream_set_seek_function(stream, bytes_seek);
    opj_stream_set_user_data(stream, &w, NULL);
    opj_stream_set_user_data_length(stream, in->size);
    st = stream_read(ctx, codec, stream, &w, &image, out);
done:
    opj_image_destroy(image);
    if (stream) opj_stream_destroy(stream);
    if (codec) opj_destroy_codec(codec);
    return st;
}
