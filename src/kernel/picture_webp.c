/* picture_webp.c - still WebP pictures by libwebp. */
#include <webp/decode.h>

#include "kernel/picture_codec.h"

ofz_status ofz_picture_webp(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    WebPBitstreamFeatures f;

    if (WebPGetFeatures(in->data, in->size, &f) != VP8_STATUS_OK)
        return ofz_picture_damaged(ctx, "WebP", "its header cannot be read");
    if (f.has_animation)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "picture: WebP: animated, want a still one");
    OFZ_TRY(ofz_picture_room(ctx, f.width, f.height, out));
    if (!WebPDecodeRGBInto(in->data, in->size, out->data, 3 * (size_t)(f.width * (int64_t)f.height),
                           3 * f.width))
        return ofz_picture_damaged(ctx, "WebP", "its pixels cannot be read");
    return OFZ_OK;
}
