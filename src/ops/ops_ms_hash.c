/* ops_ms_hash.c - MurmurHash3 of each element: of the bytes of a number, or of a text.
 * Sources: ONNX Runtime, ContribOperators.md; Appleby, MurmurHash3 (x86, 32 bits), public domain. */
#include "ops/op.h"

#include <string.h>

#include "ops/infer.h"

typedef struct hash_attrs {
    int64_t positive, seed;
} hash_attrs;

static bool hashable(ofz_dtype t)
{
    return t == OFZ_I32 || t == OFZ_U32 || t == OFZ_I64 || t == OFZ_U64 || t == OFZ_F32 ||
           t == OFZ_F64 || t == OFZ_STRING;
}

static ofz_status hash_infer(ofz_infer_call *c)
{
    const hash_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0];

    if (x->dtype && !hashable(x->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: %s, want numbers of 32 or 64 bits, or strings",
                        ofz_dtype_name(x->dtype));
    return ofz_infer_set(c, 0, a->positive ? OFZ_U32 : OFZ_I32, x->rank, x->dim);
}

static uint32_t rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t scramble(uint32_t k)
{
    return rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
}

static uint32_t murmur(const uint8_t *data, size_t size, uint32_t seed)
{
    uint32_t h = seed, k = 0;
    size_t   i = 0;

    for (; i + 4 <= size; i += 4) {
        k = (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 |
            (uint32_t)data[i + 3] << 24;
        h = rotate(h ^ scramble(k), 13) * 5 + 0xe6546b64u;
    }
    k = 0;
    for (size_t j = size; j > i; j--) k = k << 8 | data[j - 1];
    h ^= scramble(k);
    h ^= (uint32_t)size;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

static ofz_status hash_eval(ofz_eval_call *c)
{
    const hash_attrs *a    = c->attrs;
    const ofz_tensor *x    = c->in[0];
    const size_t      size = (size_t)ofz_dtype_get(x->dtype)->bits / 8;
    const ofz_string *text = x->data;
    uint32_t         *y    = c->out[0]->data;

    for (int64_t i = 0; i < x->count; i++)
        y[i] = x->dtype == OFZ_STRING
                   ? murmur((const uint8_t *)text[i].text, text[i].size, (uint32_t)a->seed)
                   : murmur((const uint8_t *)x->data + (size_t)i * size, size, (uint32_t)a->seed);
    return OFZ_OK;
}

static const ofz_attr_def hash_def[] = {
    { "positive", OFZ_ATTR_INT, offsetof(hash_attrs, positive), .i = 1 },
    { "seed", OFZ_ATTR_INT, offsetof(hash_attrs, seed) },
    { 0 },
};

static const ofz_op rows[] = {
    { "MurmurHash3",
      1,
      { 1, 1 },
      { 1, 1 },
      OFZ_OP_PURE,
      hash_def,
      sizeof(hash_attrs),
      hash_infer,
      hash_eval,
      NULL,
      "x",
      "com.microsoft" },
    { 0 },
};
OFZ_OP_TABLE(ms_hash, rows);
