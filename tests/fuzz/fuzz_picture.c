/* fuzz_picture.c - any bytes as a picture. */
#include <stdint.h>
#include <stdlib.h>

#include "kernel/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ofz_ctx    *ctx = ofz_ctx_new();
    ofz_picture p   = { 0 };

    if (!ctx) return 0;
    if (ofz_ctx_set_limit(ctx, OFZ_LIMIT_TENSOR, 1 << 20)) abort();
    if (!ofz_picture_decode(ctx, data, size, OFZ_PIXELS_GRAY, &p)) {
        if (p.height < 1 || p.width < 1 || p.channels != 1) abort();
        for (int64_t i = 0; i < p.height * p.width; i++) size += p.data[i];
        if (size == 0) abort(); /* so that the pixels are read */
        free(p.data);
    } else if (!ofz_error(ctx)[0]) {
        abort();
    }
    ofz_ctx_free(ctx);
    return 0;
}
