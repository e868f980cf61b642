/* ops_ml_label.c - ai.onnx.ml rows that put one label in place of another: LabelEncoder,
 * CategoryMapper, and OneHotEncoder, which puts a unit vector there. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "ops/lookup.h"
#include "ops/move.h"

#define ML "ai.onnx.ml"

/* --- a mapping -------------------------------------------------------------------------------- */

/* Element i of `from` becomes element i of `to`; anything else becomes `other`, which is one element. */
typedef struct mapping {
    ofz_tensor from, to, other;
} mapping;

typedef ofz_status mapping_fn(ofz_ctx *ctx, const void *attrs, ofz_dtype in, mapping *m);

static ofz_status mapping_check(ofz_ctx *ctx, const mapping *m)
{
    if (m->from.count == m->to.count) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "values: %" PRId64 ", want %" PRId64 " as keys", m->to.count,
                    m->from.count);
}

static ofz_status mapping_infer(ofz_infer_call *c, mapping_fn *get)
{
    const ofz_tensor *x = c->in[0];
    mapping           m;

    OFZ_TRY(get(c->ctx, c->attrs, x->dtype, &m));
    if (x->dtype && m.from.dtype && x->dtype != m.from.dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want %s as the keys",
                        ofz_dtype_name(x->dtype), ofz_dtype_name(m.from.dtype));
    return ofz_infer_set(c, 0, m.to.dtype, x->rank, x->dim);
}

static bool is_nan(const ofz_tensor *x, int64_t i)
{
    return ofz_dtype_is_float(x->dtype) && isnan(ofz_elem_f64(x->dtype, x->data, i));
}

static ofz_status mapping_eval(ofz_eval_call *c, mapping_fn *get)
{
    const ofz_tensor *x    = c->in[0];
    ofz_tensor       *y    = c->out[0];
    const size_t      size = (size_t)ofz_bits(y->dtype) / 8;
    ofz_tensor        copy = { 0 };
    ofz_lookup        keys = { 0 };
    ofz_status        st   = OFZ_OK;
    mapping           m;

    OFZ_TRY(get(c->ctx, c->attrs, x->dtype, &m));
    if (!ofz_tensor_aligned(
            &m.from)) { /* it may lie in the model's file; the rest is moved as bytes */
        OFZ_TRY(ofz_tensor_copy(c->ctx, &m.from, &copy));
        m.from.data = copy.data;
    }
    OFZ_GOTO(ofz_lookup_init(c->ctx, &keys, &m.from));
    for (int64_t i = 0; i < x->count; i++) {
        int64_t found = ofz_lookup_find(&keys, x, i);

        if (c->opset < 4 && is_nan(x, i)) found = -1; /* from version 4 on NaN equals NaN */
        memcpy((char *)y->data + (size_t)i * size,
               found < 0 ? m.other.data : (const char *)m.to.data + (size_t)found * size, size);
    }
    st = ofz_move_own(c->ctx, y);
done:
    ofz_lookup_free(&keys);
    ofz_tensor_release(&copy);
    return st;
}

/* --- LabelEncoder and CategoryMapper, integers and text ---------------------------------------- */

/* The version 1 of LabelEncoder numbers its classes; CategoryMapper has a list of numbers. */
typedef struct category_attrs {
    ofz_string  other_text;
    int64_t     other_int;
    ofz_strings texts;
    ofz_ints    ints;
} category_attrs;

/* Text becomes an integer, an integer text. While the input's type is unknown so is the output's. */
static ofz_status category_get(ofz_ctx *ctx, const void *attrs, ofz_dtype in, mapping *m)
{
    const category_attrs *a     = attrs;
    const ofz_tensor      texts = ofz_list_strings(a->texts), ints = ofz_list_ints(a->ints);
    const ofz_tensor      text  = ofz_list_strings((ofz_strings){ &a->other_text, 1 });
    const ofz_tensor      whole = ofz_list_ints((ofz_ints){ &a->other_int, 1 });

    if (in && in != OFZ_STRING && in != OFZ_I64)
        return ofz_fail(ctx, OFZ_E_MODEL, "input 0: %s, want string or int64", ofz_dtype_name(in));
    *m = in == OFZ_STRING ? (mapping){ texts, ints, whole } : (mapping){ ints, texts, text };
    OFZ_TRY(mapping_check(ctx, m));
    if (!in) m->from.dtype = m->to.dtype = OFZ_UNDEFINED;
    return OFZ_OK;
}

static ofz_status category_infer(ofz_infer_call *c)
{
    return mapping_infer(c, category_get);
}

static ofz_status category_eval(ofz_eval_call *c)
{
    return mapping_eval(c, category_get);
}

/* Classes are numbered as they stand. */
static ofz_status classes_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    const ofz_dtype   y = x->dtype == OFZ_STRING ? OFZ_I64
                          : x->dtype == OFZ_I64  ? OFZ_STRING
                                                 : OFZ_UNDEFINED;

    if (x->dtype && !y)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want string or int64",
                        ofz_dtype_name(x->dtype));
    return ofz_infer_set(c, 0, y, x->rank, x->dim);
}

static ofz_status classes_eval(ofz_eval_call *c)
{
    const category_attrs *a       = c->attrs;
    const ofz_tensor     *x       = c->in[0];
    const ofz_tensor      classes = ofz_list_strings(a->texts);
    ofz_lookup            keys    = { 0 };

    if (x->dtype == OFZ_STRING) {
        int64_t *y = c->out[0]->data;

        OFZ_TRY(ofz_lookup_init(c->ctx, &keys, &classes));
        for (int64_t i = 0; i < x->count; i++) {
            y[i] = ofz_lookup_find(&keys, x, i);
            if (y[i] < 0) y[i] = a->other_int;
        }
        ofz_lookup_free(&keys);
        return OFZ_OK;
    }
    for (int64_t i = 0; i < x->count; i++) {
        const int64_t k = ((const int64_t *)x->data)[i];

        ((ofz_string *)c->out[0]->data)[i] =
            k >= 0 && k < classes.count ? a->texts.v[k] : a->other_text;
    }
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- LabelEncoder from version 2 on ----------------------------------------------------------- */

typedef struct encoder_attrs {
    ofz_strings       key_texts, value_texts;
    ofz_ints          key_ints, value_ints;
    ofz_floats        key_floats, value_floats;
    const ofz_tensor *keys, *values, *other; /* from version 4 on */
    ofz_string        other_text;
    int64_t           other_int;
    float             other_float;
} encoder_attrs;

/* The one list that is there. */
static ofz_status list_get(ofz_ctx *ctx, const char *what, ofz_strings texts, ofz_ints ints,
                           ofz_floats floats, const ofz_tensor *tensor, ofz_tensor *out)
{
    const int lists = (texts.count != 0) + (ints.count != 0) + (floats.count != 0) + (tensor != 0);

    if (lists != 1) return ofz_fail(ctx, OFZ_E_MODEL, "%s: %d lists, want 1", what, lists);
    *out = texts.count    ? ofz_list_strings(texts)
           : ints.count   ? ofz_list_ints(ints)
           : floats.count ? ofz_list_floats(floats)
                          : *tensor;
    if (out->rank != 1 || ofz_bits(out->dtype) < 16 || !out->data)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: rank %d, %s, want a list of labels", what, out->rank,
                        ofz_dtype_name(out->dtype));
    return OFZ_OK;
}

/* What unknown keys become, in the type of the values. */
static ofz_status other_get(ofz_ctx *ctx, const encoder_attrs *a, ofz_dtype dtype, ofz_tensor *out)
{
    static const int16_t minus16 = -1;
    static const int32_t minus32 = -1;
    static const double  zero    = -0.0;

    if (a->other) {
        if (a->other->dtype != dtype || a->other->count != 1)
            return ofz_fail(ctx, OFZ_E_MODEL, "default_tensor: %" PRId64 " of %s, want 1 of %s",
                            a->other->count, ofz_dtype_name(a->other->dtype),
                            ofz_dtype_name(dtype));
        *out = *a->other;
        return OFZ_OK;
    }
    *out = (ofz_tensor){ .dtype = dtype, .count = 1 };
    switch (dtype) {
    case OFZ_STRING:
        out->data = (void *)(uintptr_t)&a->other_text;
        return OFZ_OK;
    case OFZ_I64:
        out->data = (void *)(uintptr_t)&a->other_int;
        return OFZ_OK;
    case OFZ_F32:
        out->data = (void *)(uintptr_t)&a->other_float;
        return OFZ_OK;
    case OFZ_F64:
        out->data = (void *)(uintptr_t)&zero;
        return OFZ_OK;
    case OFZ_I32:
        out->data = (void *)(uintptr_t)&minus32;
        return OFZ_OK;
    case OFZ_I16:
        out->data = (void *)(uintptr_t)&minus16;
        return OFZ_OK;
    default:
        return ofz_fail(ctx, OFZ_E_MODEL, "values: %s, want labels", ofz_dtype_name(dtype));
    }
}

static ofz_status encoder_get(ofz_ctx *ctx, const void *attrs, ofz_dtype in, mapping *m)
{
    const encoder_attrs *a = attrs;

    (void)in;
    OFZ_TRY(list_get(ctx, "keys", a->key_texts, a->key_ints, a->key_floats, a->keys, &m->from));
    OFZ_TRY(
        list_get(ctx, "values", a->value_texts, a->value_ints, a->value_floats, a->values, &m->to));
    OFZ_TRY(mapping_check(ctx, m));
    return other_get(ctx, a, m->to.dtype, &m->other);
}

static ofz_status encoder_infer(ofz_infer_call *c)
{
    return mapping_infer(c, encoder_get);
}

static ofz_status encoder_eval(ofz_eval_call *c)
{
    return mapping_eval(c, encoder_get);
}

/* --- OneHotEncoder ---------------------------------------------------------------------------- */

typedef struct onehot_attrs {
    ofz_strings texts;
    ofz_ints    ints;
    int64_t     zeros;
} onehot_attrs;

static ofz_status onehot_infer(ofz_infer_call *c)
{
    const onehot_attrs *a = c->attrs;
    const ofz_tensor   *x = c->in[0];
    int64_t             dim[OFZ_MAX_RANK + 1];

    if (!a->texts.count == !a->ints.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "categories: %zu integers and %zu texts, want one of the two to be empty",
                        a->ints.count, a->texts.count);
    if (x->dtype && !a->texts.count != (x->dtype != OFZ_STRING))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want %s as the categories",
                        ofz_dtype_name(x->dtype), a->texts.count ? "string" : "numbers");
    if (x->rank < 0) return ofz_infer_unknown(c, 0, OFZ_F32);
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    dim[x->rank] = (int64_t)(a->texts.count + a->ints.count);
    return ofz_infer_set(c, 0, OFZ_F32, x->rank + 1, dim);
}

/* Numbers are looked up as integers, their fractions cut off; NaN is none. */
static int64_t onehot_find(const ofz_lookup *l, const ofz_tensor *x, int64_t i)
{
    int64_t    whole;
    ofz_tensor one = { .dtype = OFZ_I64, .data = &whole };

    if (x->dtype == OFZ_STRING) return ofz_lookup_find(l, x, i);
    if (is_nan(x, i)) return -1;
    whole = ofz_elem_i64(x->dtype, x->data, i);
    return ofz_lookup_find(l, &one, 0);
}

static ofz_status onehot_eval(ofz_eval_call *c)
{
    const onehot_attrs *a    = c->attrs;
    const ofz_tensor    list = a->texts.count ? ofz_list_strings(a->texts) : ofz_list_ints(a->ints);
    const ofz_tensor   *x    = c->in[0];
    float              *y    = c->out[0]->data;
    ofz_status          st   = OFZ_OK;
    ofz_lookup          l;

    if (c->out[0]->size) memset(y, 0, c->out[0]->size);
    OFZ_TRY(ofz_lookup_init(c->ctx, &l, &list));
    for (int64_t i = 0; i < x->count && !st; i++) {
        const int64_t k = onehot_find(&l, x, i);

        if (k >= 0)
            y[i * list.count + k] = 1;
        else if (!a->zeros)
            st = ofz_fail(c->ctx, OFZ_E_DATA, "element %" PRId64 ": in no category", i);
    }
    ofz_lookup_free(&l);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

#define FIELD(f) offsetof(category_attrs, f)

static const ofz_attr_def category_def[] = {
    { "cats_int64s", OFZ_ATTR_INTS, FIELD(ints) },
    { "cats_strings", OFZ_ATTR_STRINGS, FIELD(texts) },
    { "default_int64", OFZ_ATTR_INT, FIELD(other_int), .i = -1 },
    { "default_string", OFZ_ATTR_STRING, FIELD(other_text), .s = "_Unused" },
    { 0 },
};

static const ofz_attr_def classes_def[] = {
    { "classes_strings", OFZ_ATTR_STRINGS, FIELD(texts) },
    { "default_int64", OFZ_ATTR_INT, FIELD(other_int), .i = -1 },
    { "default_string", OFZ_ATTR_STRING, FIELD(other_text), .s = "_Unused" },
    { 0 },
};

#undef FIELD
#define FIELD(f) offsetof(encoder_attrs, f)
#define LISTS                                                                                      \
    { "default_float", OFZ_ATTR_FLOAT, FIELD(other_float), .f = -0.0f },                           \
        { "default_int64", OFZ_ATTR_INT, FIELD(other_int), .i = -1 },                              \
        { "default_string", OFZ_ATTR_STRING, FIELD(other_text), .s = "_Unused" },                  \
        { "keys_floats", OFZ_ATTR_FLOATS, FIELD(key_floats) },                                     \
        { "keys_int64s", OFZ_ATTR_INTS, FIELD(key_ints) },                                         \
        { "keys_strings", OFZ_ATTR_STRINGS, FIELD(key_texts) },                                    \
        { "values_floats", OFZ_ATTR_FLOATS, FIELD(value_floats) },                                 \
        { "values_int64s", OFZ_ATTR_INTS, FIELD(value_ints) },                                     \
    {                                                                                              \
        "values_strings", OFZ_ATTR_STRINGS, FIELD(value_texts)                                     \
    }

static const ofz_attr_def encoder2_def[] = { LISTS, { 0 } };

static const ofz_attr_def encoder4_def[] = {
    LISTS,
    { "default_tensor", OFZ_ATTR_TENSOR, FIELD(other) },
    { "keys_tensor", OFZ_ATTR_TENSOR, FIELD(keys) },
    { "values_tensor", OFZ_ATTR_TENSOR, FIELD(values) },
    { 0 },
};

#undef FIELD
#define FIELD(f) offsetof(onehot_attrs, f)

static const ofz_attr_def onehot_def[] = {
    { "cats_int64s", OFZ_ATTR_INTS, FIELD(ints) },
    { "cats_strings", OFZ_ATTR_STRINGS, FIELD(texts) },
    { "zeros", OFZ_ATTR_INT, FIELD(zeros), .i = 1 },
    { 0 },
};

#define ROW(name, since, def, attrs, infer, eval)                                                  \
    {                                                                                              \
        name, since, { 1, 1 }, { 1, 1 }, OFZ_OP_PURE, def, sizeof(attrs), infer, eval,             \
            .domain = ML                                                                           \
    }

static const ofz_op rows[] = {
    ROW("CategoryMapper", 1, category_def, category_attrs, category_infer, category_eval),
    ROW("LabelEncoder", 1, classes_def, category_attrs, classes_infer, classes_eval),
    ROW("LabelEncoder", 2, encoder2_def, encoder_attrs, encoder_infer, encoder_eval),
    ROW("LabelEncoder", 4, encoder4_def, encoder_attrs, encoder_infer, encoder_eval),
    ROW("OneHotEncoder", 1, onehot_def, onehot_attrs, onehot_infer, onehot_eval),
    { 0 },
};
OFZ_OP_TABLE(ml_label, rows);
