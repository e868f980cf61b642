/* fuzz_run.c - any bytes as a model: load, infer, count, and run on small inputs, within small limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ones of the declared type; open dims become 2, an open rank a scalar. NULL when that is too large. */
static ofz_arrays *inputs_make(ofz_ctx *ctx, const ofz_model *m)
{
    ofz_model_info info;
    ofz_arrays    *arrays;

    if (ofz_arrays_new(ctx, &arrays)) return NULL;
    ofz_model_get_info(m, &info);
    for (size_t i = 0; i < info.input_count; i++) {
        const ofz_value_info v     = ofz_model_input(m, i);
        const ofz_dtype      dtype = v.dtype ? v.dtype : OFZ_F32;
        int64_t              dim[OFZ_MAX_RANK], count = 1;
        ofz_array            a = { v.name, dtype, v.rank < 0 ? 0 : v.rank, dim, NULL, 0 };
        unsigned char        bytes[65536];

        for (int k = 0; k < a.rank; k++) {
            dim[k] = v.shape[k] < 0 ? 2 : v.shape[k];
            count  = count > 4096 || dim[k] > 4096 ? 5000 : count * dim[k];
        }
        if (count > 4096 || dtype == OFZ_STRING || !ofz_dtype_size(dtype, count, &a.size)) continue;
        memset(bytes, dtype == OFZ_BOOL ? 1 : 0x3f, sizeof bytes);
        if (dtype == OFZ_I64 || dtype == OFZ_I32)
            for (size_t k = 0; k < a.size; k++) bytes[k] = k % 8 == 0;
        a.data = bytes;
        (void)!ofz_arrays_add(ctx, arrays, &a);
    }
    return arrays;
}

static void limits_set(ofz_ctx *ctx)
{
    static const struct {
        ofz_limit limit;
        uint64_t  value;
    } limits[] = {
        { OFZ_LIMIT_TENSOR, 4 << 20 },     { OFZ_LIMIT_MEMORY, 32 << 20 },
        { OFZ_LIMIT_STRUCTURE, 64 << 20 }, { OFZ_LIMIT_INLINED, 1000 },
        { OFZ_LIMIT_LOOP, 100 },           { OFZ_LIMIT_WORK, 4 << 20 },
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (ofz_ctx_set_limit(ctx, limits[i].limit, limits[i].value)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ofz_ctx    *ctx = ofz_ctx_new();
    ofz_model  *m;
    ofz_costs  *costs;
    ofz_arrays *in = NULL, *out = NULL;

    if (!ctx) return 0;
    limits_set(ctx);
    ofz_ctx_set_threads(ctx, 1);
    if (!ofz_model_load_memory(ctx, data, size, &m)) {
        if (m->flat && ofz_graph_verify(ctx, m->flat)) abort();
        if (!ofz_costs_new(ctx, m, NULL, 0, &costs)) ofz_costs_free(costs);
        in = inputs_make(ctx, m);
        if (in && ofz_model_run(ctx, m, in, &out) && !ofz_error(ctx)[0]) abort();
        ofz_arrays_free(in);
        ofz_arrays_free(out);
        ofz_model_free(m);
    } else if (!ofz_error(ctx)[0]) {
        abort();
    }
    ofz_ctx_free(ctx);
    return 0;
}
