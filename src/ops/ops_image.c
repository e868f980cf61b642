/* ops_image.c - ImageDecoder. Source: ONNX Operators.md. */
#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/picture.h"
#include "ops/move.h"

typedef struct image_attrs {
    ofz_string pixel_format;
} image_attrs;

static ofz_status pixels_of(ofz_ctx *ctx, ofz_string s, ofz_pixels *out)
{
    static const char *const names[] = { "RGB", "BGR", "Grayscale" };

    for (int i = 0; i < 3; i++)
        if (s.size == strlen(names[i]) && !memcmp(s.text, names[i], s.size)) {
            *out = (ofz_pixels)i;
            return OFZ_OK;
        }
    return ofz_fail(ctx, OFZ_E_MODEL, "pixel_format: '%.*s', want RGB, BGR or Grayscale",
                    (int)(s.size < 60 ? s.size : 60), s.text ? s.text : "");
}

static ofz_status decoder_infer(ofz_infer_call *c)
{
    const ofz_tensor *in = c->in[0];
    ofz_pixels        pixels;
    int64_t           height;

    OFZ_TRY(pixels_of(c->ctx, ((const image_attrs *)c->attrs)->pixel_format, &pixels));
    OFZ_TRY(ofz_want_rank(c, 0, 1));
    if (in->dtype && in->dtype != OFZ_U8)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "encoded_stream: %s, want uint8",
                        ofz_dtype_name(in->dtype));
    height = ofz_infer_fresh_block(c, 2);
    return ofz_infer_set(c, 0, OFZ_U8, 3,
                         (int64_t[]){ height, height + 1, pixels == OFZ_PIXELS_GRAY ? 1 : 3 });
}

static ofz_status decoder_eval(ofz_eval_call *c)
{
    ofz_pixels  pixels;
    ofz_picture p;
    ofz_status  st;

    OFZ_TRY(pixels_of(c->ctx, ((const image_attrs *)c->attrs)->pixel_format, &pixels));
    OFZ_TRY(ofz_picture_decode(c->ctx, c->in[0]->data, c->in[0]->size, pixels, &p));
    st = ofz_eval_output(c, 0, OFZ_U8, 3, (int64_t[]){ p.height, p.width, p.channels });
    if (!st) memcpy(c->out[0]->data, p.data, c->out[0]->size);
    free(p.data);
    return st;
}

static const ofz_attr_def decoder_def[] = {
    { "pixel_format", OFZ_ATTR_STRING, offsetof(image_attrs, pixel_format), .s = "RGB" },
    { 0 },
};

static const ofz_op rows[] = {
    { "ImageDecoder",
      20,
      { 1, 1 },
      { 1, 1 },
      OFZ_OP_PURE | OFZ_OP_DYNAMIC,
      decoder_def,
      sizeof(image_attrs),
      decoder_infer,
      decoder_eval },
    { 0 },
};
OFZ_OP_TABLE(image, rows);
