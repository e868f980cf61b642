/* fuzz_model.c - any bytes as a model: load, look, check, compare with itself. */
#include <stdint.h>
#include <stdlib.h>

#include "model/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ofz_ctx   *ctx = ofz_ctx_new();
    ofz_model *m;

    if (!ctx) return 0;
    if (ofz_ctx_set_limit(ctx, OFZ_LIMIT_TENSOR, 64 << 20)) abort();
    if (!ofz_model_load_memory(ctx, data, size, &m)) {
        if (ofz_graph_verify(ctx, m->graph)) abort();
        for (size_t i = 0; i < ofz_model_tensor_count(m); i++) {
            char hash[33];

            (void)ofz_model_tensor(m, i);
            if (ofz_model_hash_tensor(ctx, m, i, hash)) abort();
        }
        (void)!ofz_model_check(ctx, m, NULL, NULL);
        if (ofz_model_diff(ctx, m, m, 0, NULL, NULL)) abort();
        ofz_model_free(m);
    } else if (!ofz_error(ctx)[0]) {
        abort();
    }
    ofz_ctx_free(ctx);
    return 0;
}
