/* ops_ml_map.c - ai.onnx.ml rows that read or make maps: CastMap, DictVectorizer, ZipMap. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "kernel/recast.h"
#include "ops/body.h"
#include "ops/lookup.h"
#include "ops/move.h"
#include "tensor/container.h"

#define ML "ai.onnx.ml"

/* A map that holds one element per key. */
static ofz_status want_map(ofz_ctx *ctx, const ofz_tensor *t)
{
    if (t->dtype != OFZ_MAP)
        return ofz_fail(ctx, OFZ_E_MODEL, "input 0: %s, want a map", ofz_dtype_name(t->dtype));
    if (t->data && ofz_container_values(t)->dtype == OFZ_SEQUENCE)
        return ofz_fail(ctx, OFZ_E_MODEL, "input 0: a map of tensors, want one of numbers or text");
    return OFZ_OK;
}

/* --- DictVectorizer --------------------------------------------------------------------------- */

typedef struct dict_attrs {
    ofz_strings texts;
    ofz_ints    ints;
} dict_attrs;

static ofz_status dict_infer(ofz_infer_call *c)
{
    const dict_attrs *a      = c->attrs;
    const int64_t     dim[2] = { 1, (int64_t)(a->texts.count + a->ints.count) };

    if (!a->texts.count == !a->ints.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "vocabulary: %zu integers and %zu texts, want one of the two to be empty",
                        a->ints.count, a->texts.count);
    if (c->in[0]->dtype) OFZ_TRY(want_map(c->ctx, c->in[0]));
    return ofz_infer_set(c, 0, OFZ_UNDEFINED, 2, dim); /* the type is that of the map's values */
}

/* A word of the vocabulary that is not in the map has 0 or no text. */
static ofz_status dict_eval(ofz_eval_call *c)
{
    const dict_attrs *a      = c->attrs;
    const ofz_tensor  list   = a->texts.count ? ofz_list_strings(a->texts) : ofz_list_ints(a->ints);
    const int64_t     dim[2] = { 1, list.count };
    const ofz_tensor *keys, *values;
    ofz_lookup        l;
    size_t            size;
    char             *y;

    OFZ_TRY(want_map(c->ctx, c->in[0]));
    keys   = ofz_container_keys(c->in[0]);
    values = ofz_container_values(c->in[0]);
    size   = (size_t)ofz_bits(values->dtype) / 8;
    if (keys->dtype != list.dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: keys of %s, want %s as the vocabulary",
                        ofz_dtype_name(keys->dtype), ofz_dtype_name(list.dtype));
    OFZ_TRY(ofz_eval_output(c, 0, values->dtype, 2, dim));
    OFZ_TRY(ofz_lookup_init(c->ctx, &l, keys));
    y = c->out[0]->data;
    memset(y, 0, c->out[0]->size);
    for (int64_t i = 0; i < list.count; i++) {
        const int64_t found = ofz_lookup_find(&l, &list, i);

        if (found >= 0)
            memcpy(y + (size_t)i * size, (const char *)values->data + (size_t)found * size, size);
    }
    ofz_lookup_free(&l);
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- CastMap ---------------------------------------------------------------------------------- */

typedef struct cast_attrs {
    ofz_string cast_to, form;
    int64_t    size;
} cast_attrs;

static ofz_status cast_read(ofz_ctx *ctx, const cast_attrs *a, ofz_dtype *dtype, bool *sparse)
{
    static const char *const type[]   = { "TO_FLOAT", "TO_STRING", "TO_INT64" };
    static const ofz_dtype   dtypes[] = { OFZ_F32, OFZ_STRING, OFZ_I64 };
    static const char *const form[]   = { "DENSE", "SPARSE" };
    int                      t, f;

    OFZ_TRY(ofz_text_choose(ctx, "cast_to", a->cast_to, type, 3, &t));
    OFZ_TRY(ofz_text_choose(ctx, "map_form", a->form, form, 2, &f));
    *dtype  = dtypes[t];
    *sparse = f == 1;
    if (*sparse && a->size < 1)
        return ofz_fail(ctx, OFZ_E_MODEL, "max_map: %" PRId64 ", want 1 or more", a->size);
    return OFZ_OK;
}

static ofz_status cast_infer(ofz_infer_call *c)
{
    const cast_attrs *a      = c->attrs;
    int64_t           dim[2] = { 1, ofz_infer_fresh(c) };
    ofz_dtype         dtype;
    bool              sparse;

    OFZ_TRY(cast_read(c->ctx, a, &dtype, &sparse));
    if (c->in[0]->dtype) OFZ_TRY(want_map(c->ctx, c->in[0]));
    if (sparse) dim[1] = a->size;
    return ofz_infer_set(c, 0, dtype, 2, dim);
}

/* Six decimals, as ONNX Runtime writes them. The halves are written apart, for the decimal point must
 * not depend on a locale. */
static ofz_status real_text(ofz_ctx *ctx, double x, ofz_arena *arena, ofz_string *out)
{
    double whole = trunc(fabs(x));
    double part  = nearbyint((fabs(x) - whole) * 1e6);
    char  *text;

    if (part >= 1e6) {
        whole += 1;
        part = 0;
    }
    text = isnan(x) ? ofz_arena_strdup(arena, signbit(x) ? "-nan" : "nan")
           : isinf(x)
               ? ofz_arena_strdup(arena, x < 0 ? "-inf" : "inf")
               : ofz_arena_printf(arena, "%s%.0f.%06d", signbit(x) ? "-" : "", whole, (int)part);
    if (!text) return ofz_fail_nomem(ctx, "text", 64);
    *out = (ofz_string){ text, strlen(text) };
    return OFZ_OK;
}

/* Element i of `from` as element k of `to`. */
static ofz_status element_cast(ofz_ctx *ctx, const ofz_tensor *from, int64_t i, ofz_tensor *to,
                               int64_t k, ofz_arena *arena)
{
    const bool text  = from->dtype == OFZ_STRING;
    ofz_string s     = text ? ((const ofz_string *)from->data)[i] : (ofz_string){ 0 };
    double     x     = text ? 0 : ofz_elem_f64(from->dtype, from->data, i);
    int64_t    n     = 0;
    bool       whole = false;

    if (to->dtype == OFZ_STRING) {
        if (!text) OFZ_TRY(real_text(ctx, x, arena, &s));
        ((ofz_string *)to->data)[k] = s;
        return OFZ_OK;
    }
    if (text && !ofz_text_number(s, &x, &n, &whole))
        return ofz_fail(ctx, OFZ_E_DATA, "value '%.*s': want a number",
                        (int)(s.size < 64 ? s.size : 64), s.text ? s.text : "");
    if (whole && to->dtype == OFZ_I64)
        ofz_elem_set_i64(OFZ_I64, to->data, k, n);
    else
        ofz_elem_set_f64(to->dtype, to->data, k, x);
    return OFZ_OK;
}

/* Where no key points, ONNX Runtime, the one implementation there is, has 0 or the text "0.f". */
static void cast_clear(ofz_tensor *y)
{
    if (y->dtype != OFZ_STRING)
        memset(y->data, 0, y->size);
    else
        for (int64_t i = 0; i < y->count; i++)
            ((ofz_string *)y->data)[i] = (ofz_string){ "0.f", 3 };
}

static ofz_status cast_eval(ofz_eval_call *c)
{
    const cast_attrs *a      = c->attrs;
    int64_t           dim[2] = { 1, a->size };
    ofz_arena         arena  = { 0 };
    ofz_status        st     = OFZ_OK;
    const ofz_tensor *keys, *values;
    ofz_dtype         dtype;
    bool              sparse;

    OFZ_TRY(cast_read(c->ctx, a, &dtype, &sparse));
    OFZ_TRY(want_map(c->ctx, c->in[0]));
    keys   = ofz_container_keys(c->in[0]);
    values = ofz_container_values(c->in[0]);
    if (keys->dtype != OFZ_I64 || (values->dtype != OFZ_F32 && values->dtype != OFZ_STRING))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "input 0: a map from %s to %s, want int64 to float32 or string",
                        ofz_dtype_name(keys->dtype), ofz_dtype_name(values->dtype));
    if (!sparse) dim[1] = keys->count;
    OFZ_TRY(ofz_eval_output(c, 0, dtype, 2, dim));
    if (sparse) cast_clear(c->out[0]);
    for (int64_t i = 0; i < keys->count && !st; i++) {
        const int64_t key = ((const int64_t *)keys->data)[i], k = sparse ? key : i;

        st = k < 0 || k >= dim[1]
                 ? ofz_fail(c->ctx, OFZ_E_DATA, "key %" PRId64 ": want within 0 to %" PRId64, key,
                            dim[1] - 1)
                 : element_cast(c->ctx, values, i, c->out[0], k, &arena);
    }
    if (!st) st = ofz_move_own(c->ctx, c->out[0]);
    ofz_arena_free(&arena);
    return st;
}

/* --- ZipMap ----------------------------------------------------------------------------------- */

typedef struct zip_attrs {
    ofz_strings texts;
    ofz_ints    ints;
} zip_attrs;

static ofz_status zip_infer(ofz_infer_call *c)
{
    const zip_attrs  *a = c->attrs;
    const ofz_tensor *x = c->in[0];
    int64_t           width;

    if (!a->texts.count == !a->ints.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "classlabels: %zu integers and %zu texts, want one of the two to be empty",
                        a->ints.count, a->texts.count);
    if (x->dtype && x->dtype != OFZ_F32)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want float32", ofz_dtype_name(x->dtype));
    if (x->rank == 0 || x->rank > 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want 1 or 2", x->rank);
    if (x->rank > 0)
        OFZ_TRY(ofz_unify(c->ctx, "input 0, columns", (int64_t)(a->texts.count + a->ints.count),
                          x->dim[x->rank - 1], &width));
    return ofz_infer_unknown(c, 0, OFZ_SEQUENCE);
}

static ofz_status zip_eval(ofz_eval_call *c)
{
    const zip_attrs  *a     = c->attrs;
    const ofz_tensor  keys  = a->texts.count ? ofz_list_strings(a->texts) : ofz_list_ints(a->ints);
    const ofz_tensor *x     = c->in[0];
    const int64_t     count = x->rank == 2 ? x->dim[0] : 1;
    ofz_tensor        row   = keys, y;
    ofz_status        st    = OFZ_OK;

    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, count));
    row.dtype = OFZ_F32;
    row.size  = (size_t)row.count * sizeof(float);
    for (int64_t i = 0; i < count && !st; i++) {
        row.data = (float *)x->data + i * row.count;
        st       = ofz_container_map(c->ctx, &keys, &row, ofz_container_item(&y, i));
    }
    if (st)
        ofz_tensor_release(&y);
    else
        ofz_eval_take(c, 0, &y);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def cast_def[] = {
    { "cast_to", OFZ_ATTR_STRING, offsetof(cast_attrs, cast_to), .s = "TO_FLOAT" },
    { "map_form", OFZ_ATTR_STRING, offsetof(cast_attrs, form), .s = "DENSE" },
    { "max_map", OFZ_ATTR_INT, offsetof(cast_attrs, size), .i = 1 },
    { 0 },
};

static const ofz_attr_def dict_def[] = {
    { "int64_vocabulary", OFZ_ATTR_INTS, offsetof(dict_attrs, ints) },
    { "string_vocabulary", OFZ_ATTR_STRINGS, offsetof(dict_attrs, texts) },
    { 0 },
};

static const ofz_attr_def zip_def[] = {
    { "classlabels_int64s", OFZ_ATTR_INTS, offsetof(zip_attrs, ints) },
    { "classlabels_strings", OFZ_ATTR_STRINGS, offsetof(zip_attrs, texts) },
    { 0 },
};

#define ROW(name, flags, def, attrs, infer, eval)                                                  \
    {                                                                                              \
        name, 1, { 1, 1 }, { 1, 1 }, OFZ_OP_PURE | OFZ_OP_DYNAMIC | (flags), def, sizeof(attrs),   \
            infer, eval, .domain = ML                                                              \
    }

static const ofz_op rows[] = {
    ROW("CastMap", OFZ_OP_CONTAINER, cast_def, cast_attrs, cast_infer, cast_eval),
    ROW("DictVectorizer", OFZ_OP_CONTAINER, dict_def, dict_attrs, dict_infer, dict_eval),
    ROW("ZipMap", 0, zip_def, zip_attrs, zip_infer, zip_eval),
    { 0 },
};
OFZ_OP_TABLE(ml_map, rows);
