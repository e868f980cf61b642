/* ops_cast.c - Cast, CastLike and BitCast.
 *
 * Numbers become the texts that numpy writes; texts become numbers as kernel/recast.h reads them, and
 * what cannot be read is OFZ_E_DATA. The gradient of a cast between floats is cast back; through
 * integers nothing flows. */
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/recast.h"
#include "ops/infer.h"

typedef struct cast_attrs {
    int64_t    to, saturate;
    ofz_string round_mode, name; /* name: of the type, in version 1 */
} cast_attrs;

/* --- attributes ------------------------------------------------------------------------------- */

static bool is_text(ofz_string s, const char *want)
{
    return s.size == strlen(want) && !memcmp(s.text, want, s.size);
}

/* OFZ_UNDEFINED when the attributes name no type that Cast can make. */
static ofz_dtype target(const cast_attrs *a)
{
    static const char *const names[] = { "",        "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                         "INT16",   "INT32",  "INT64",  "STRING", "BOOL",
                                         "FLOAT16", "DOUBLE", "UINT32", "UINT64" };
    ofz_dtype                to      = OFZ_UNDEFINED;

    if (a->name.text)
        for (size_t i = 1; i < sizeof names / sizeof *names; i++)
            if (is_text(a->name, names[i])) to = (ofz_dtype)i;
    if (!a->name.text && a->to > 0 && a->to <= OFZ_I2) to = (ofz_dtype)a->to;
    return ofz_dtype_get(to)->cls == OFZ_CLASS_COMPLEX ? OFZ_UNDEFINED : to;
}

static ofz_status conversion(ofz_ctx *ctx, const cast_attrs *a, ofz_recasting *out)
{
    const ofz_string r = a->round_mode;

    out->saturate = a->saturate != 0;
    out->round    = OFZ_E8M0_UP;
    if (!r.text || is_text(r, "up")) return OFZ_OK;
    if (is_text(r, "down"))
        out->round = OFZ_E8M0_DOWN;
    else if (is_text(r, "nearest"))
        out->round = OFZ_E8M0_NEAREST;
    else
        return ofz_fail(ctx, OFZ_E_MODEL, "attribute round_mode: '%.*s', want up, down or nearest",
                        (int)(r.size < 64 ? r.size : 64), r.text);
    return OFZ_OK;
}

/* --- inference -------------------------------------------------------------------------------- */

static ofz_status infer_to(ofz_infer_call *c, ofz_dtype to)
{
    ofz_recasting how;

    if (ofz_dtype_get(c->in[0]->dtype)->cls == OFZ_CLASS_COMPLEX)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, which cannot be cast",
                        ofz_dtype_name(c->in[0]->dtype));
    OFZ_TRY(conversion(c->ctx, c->attrs, &how));
    return ofz_infer_set(c, 0, to, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status cast_infer(ofz_infer_call *c)
{
    const cast_attrs *a  = c->attrs;
    const ofz_dtype   to = target(a);

    if (!to)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute to: %" PRId64 ", want the number of a type",
                        a->to);
    return infer_to(c, to);
}

static ofz_status castlike_infer(ofz_infer_call *c)
{
    return infer_to(c, c->in[1]->dtype);
}

/* --- evaluation ------------------------------------------------------------------------------- */

/* Hand over a copy of out[0] that owns its texts. */
static ofz_status own_texts(ofz_eval_call *c)
{
    ofz_tensor copy;

    OFZ_TRY(ofz_tensor_copy(c->ctx, c->out[0], &copy));
    ofz_tensor_release(c->out[0]);
    *c->out[0] = copy;
    return OFZ_OK;
}

static ofz_status to_texts(ofz_eval_call *c)
{
    const ofz_tensor *x     = c->in[0];
    const int64_t     dim[] = { x->count, 32 };
    ofz_string       *y     = c->out[0]->data;
    ofz_tensor        room;
    ofz_status        st;

    if (x->dtype == OFZ_STRING) {
        if (x->size) memcpy(y, x->data, x->size);
        return own_texts(c);
    }
    OFZ_TRY(ofz_tensor_new(c->ctx, &room, OFZ_U8, 2, dim));
    for (int64_t i = 0; i < x->count; i++) {
        char *text = (char *)room.data + 32 * i;

        y[i] = (ofz_string){ text, (size_t)ofz_number_text(x->dtype, x->data, i, text) };
    }
    st = own_texts(c);
    ofz_tensor_release(&room);
    return st;
}

static ofz_status from_texts(ofz_eval_call *c, const ofz_recasting *how)
{
    const ofz_string *x = c->in[0]->data;
    ofz_tensor       *y = c->out[0];

    for (int64_t i = 0; i < y->count; i++) {
        double     v;
        int64_t    whole;
        bool       exact;
        ofz_tensor one  = { .dtype = OFZ_F64, .count = 1, .size = sizeof v, .data = &v };
        ofz_tensor slot = { .dtype = OFZ_F64, .count = 1, .size = sizeof v };
        double     room = 0;

        if (!ofz_text_number(x[i], &v, &whole, &exact))
            return ofz_fail(c->ctx, OFZ_E_DATA, "element %" PRId64 ": '%.*s', want a number", i,
                            (int)(x[i].size < 64 ? x[i].size : 64), x[i].text ? x[i].text : "");
        if (exact && !ofz_dtype_is_float(y->dtype)) {
            ofz_elem_set_i64(y->dtype, y->data, i, whole);
            continue;
        }
        /* One element in the target's type; its bits then go to their place. */
        slot.dtype = y->dtype;
        slot.data  = &room;
        ofz_recast(1, how, &one, &slot);
        ofz_elem_set_f64(y->dtype, y->data, i, ofz_elem_f64(y->dtype, &room, 0));
    }
    return OFZ_OK;
}

static ofz_status cast_eval(ofz_eval_call *c)
{
    const cast_attrs *a  = c->attrs;
    const ofz_tensor *x  = c->in[0];
    ofz_tensor       *y  = c->out[0];
    const ofz_dtype   to = c->in_count == 1 ? target(a) : y->dtype;
    ofz_recasting     how;

    OFZ_TRY(conversion(c->ctx, a, &how));
    /* Inference moves int64 shape values, symbols among them: that is right for these two alone. */
    if (to != y->dtype && to != OFZ_I64 && to != OFZ_I32)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute to: %s", ofz_dtype_name(to));
    if (y->dtype == OFZ_STRING) return to_texts(c);
    if (x->dtype == OFZ_STRING) return from_texts(c, &how);
    ofz_recast(ofz_threads(c->ctx), &how, x, y);
    return OFZ_OK;
}

/* ofz.CastAs(dy, x): dy in the type of x. */
static ofz_status cast_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit(g, "ofz", "CastAs", NULL, 2, in, 1, &g->dx[0]) : OFZ_OK;
}

/* --- BitCast ---------------------------------------------------------------------------------- */

static ofz_status bitcast_infer(ofz_infer_call *c)
{
    const cast_attrs *a    = c->attrs;
    const ofz_dtype   from = c->in[0]->dtype;
    const ofz_dtype   to   = a->to > 0 && a->to <= OFZ_I2 ? (ofz_dtype)a->to : OFZ_UNDEFINED;

    if (!to || to == OFZ_STRING)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute to: %" PRId64 ", want the number of a type",
                        a->to);
    if (from == OFZ_STRING || (from && ofz_dtype_get(from)->bits != ofz_dtype_get(to)->bits))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a type as wide as %s",
                        ofz_dtype_name(from), ofz_dtype_name(to));
    return ofz_infer_set(c, 0, to, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status bitcast_eval(ofz_eval_call *c)
{
    if (c->in[0]->size) memcpy(c->out[0]->data, c->in[0]->data, c->in[0]->size);
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

#define TO                                                                                         \
    {                                                                                              \
        "to", OFZ_ATTR_INT, offsetof(cast_attrs, to), true                                         \
    }
#define SATURATE                                                                                   \
    {                                                                                              \
        "saturate", OFZ_ATTR_INT, offsetof(cast_attrs, saturate), .i = 1                           \
    }
#define ROUND                                                                                      \
    {                                                                                              \
        "round_mode", OFZ_ATTR_STRING, offsetof(cast_attrs, round_mode), .s = "up"                 \
    }

static const ofz_attr_def cast_1[] = {
    { "to", OFZ_ATTR_STRING, offsetof(cast_attrs, name), true },
    { 0 },
};
static const ofz_attr_def cast_6[]  = { TO, { 0 } };
static const ofz_attr_def cast_19[] = { TO, SATURATE, { 0 } };
static const ofz_attr_def cast_24[] = { TO, SATURATE, ROUND, { 0 } };
static const ofz_attr_def like_19[] = { SATURATE, { 0 } };
static const ofz_attr_def like_24[] = { SATURATE, ROUND, { 0 } };

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)
#define CAST(since, attrs)                                                                         \
    {                                                                                              \
        "Cast", since, ONE, ONE, PURE | OFZ_OP_MOVE | OFZ_OP_VIEW, attrs, sizeof(cast_attrs),      \
            cast_infer, cast_eval, cast_grad                                                       \
    }
#define LIKE(since, attrs)                                                                         \
    {                                                                                              \
        "CastLike", since, TWO, ONE, PURE | OFZ_OP_VIEW, attrs, sizeof(cast_attrs),                \
            castlike_infer, cast_eval, cast_grad                                                   \
    }

static const ofz_op rows[] = {
    { "BitCast", 26, ONE, ONE, PURE | OFZ_OP_VIEW, cast_6, sizeof(cast_attrs), bitcast_infer,
      bitcast_eval },
    CAST(1, cast_1),
    CAST(6, cast_6),
    CAST(9, cast_6),
    CAST(13, cast_6),
    CAST(19, cast_19),
    CAST(21, cast_19),
    CAST(23, cast_19),
    CAST(24, cast_24),
    CAST(25, cast_24),
    LIKE(15, NULL),
    LIKE(19, like_19),
    LIKE(21, like_19),
    LIKE(23, like_19),
    LIKE(24, like_24),
    LIKE(25, like_24),
    { "CastAs", 1, TWO, ONE, PURE | OFZ_OP_VIEW, NULL, sizeof(cast_attrs), castlike_infer,
      cast_eval, cast_grad, NULL, "ofz" },
    { 0 },
};
OFZ_OP_TABLE(cast, rows);
