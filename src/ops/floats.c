/* floats.c - widening of narrow floats around an eval function. */
#include "ops/floats.h"

#include <math.h>
#include <stdlib.h>

#include "base/half.h"

static bool wanted(ofz_dtype t, bool ints)
{
    return ofz_dtype_is_float(t) || (ints && (t == OFZ_I8 || t == OFZ_U8));
}

static ofz_dtype wide_type(const ofz_eval_call *c)
{
    for (int i = 0; i < c->in_count; i++)
        if (c->in[i] && c->in[i]->dtype == OFZ_F64) return OFZ_F64;
    for (int i = 0; i < c->out_count; i++)
        if (c->out[i] && c->out[i]->dtype == OFZ_F64) return OFZ_F64;
    return OFZ_F32;
}

static void widen(const ofz_tensor *t, ofz_tensor *wide)
{
    if (wide->dtype == OFZ_F64) {
        double *y = wide->data;

        for (int64_t i = 0; i < t->count; i++) y[i] = ofz_elem_f64(t->dtype, t->data, i);
    } else if (t->dtype == OFZ_F16 || t->dtype == OFZ_BF16) {
        const uint16_t *x = t->data;
        float          *y = wide->data;

        if (t->dtype == OFZ_F16)
            for (int64_t i = 0; i < t->count; i++) y[i] = ofz_f16_decode(x[i]);
        else
            for (int64_t i = 0; i < t->count; i++) y[i] = ofz_bf16_decode(x[i]);
    } else {
        float *y = wide->data;

        for (int64_t i = 0; i < t->count; i++) y[i] = (float)ofz_elem_f64(t->dtype, t->data, i);
    }
}

static void narrow(const ofz_tensor *wide, ofz_tensor *t)
{
    const bool byte = t->dtype == OFZ_I8 || t->dtype == OFZ_U8;

    for (int64_t i = 0; i < t->count; i++) {
        double x = wide->dtype == OFZ_F64 ? ((const double *)wide->data)[i]
                                          : (double)((const float *)wide->data)[i];

        if (byte) { /* a window without elements leaves -infinity behind */
            const double lo = t->dtype == OFZ_I8 ? -128 : 0, hi = t->dtype == OFZ_I8 ? 127 : 255;

            x = x > hi ? hi : x > lo ? x : lo;
        }
        ofz_elem_set_f64(t->dtype, t->data, i, x);
    }
}

/* A tensor of type `wide` in place of t where t is of another one. */
static ofz_status shadow(ofz_ctx *ctx, const ofz_tensor *t, ofz_dtype wide, bool ints, bool input,
                         ofz_tensor *copy, bool *made)
{
    *made = t && t->dtype != wide && wanted(t->dtype, ints);
    if (!*made) return OFZ_OK;
    *made = false;
    OFZ_TRY(ofz_tensor_new(ctx, copy, wide, t->rank, t->dim));
    *made = true;
    if (input) widen(t, copy);
    return OFZ_OK;
}

static ofz_status eval_widened(ofz_eval_call *c, ofz_eval_fn *fn, ofz_dtype wide, bool ints)
{
    const size_t       count = (size_t)c->in_count + (size_t)c->out_count;
    ofz_status         st    = OFZ_OK;
    ofz_tensor        *copy  = calloc(count + 1, sizeof *copy);
    ofz_tensor       **at    = calloc(count + 1, sizeof *at);
    bool              *made  = calloc(count + 1, 1);
    const ofz_tensor **in    = calloc(count + 1, sizeof *in);
    ofz_eval_call      call  = *c;

    if (!copy || !at || !made || !in)
        OFZ_GOTO(ofz_fail_nomem(c->ctx, "operands", count * sizeof *copy));
    for (int i = 0; i < c->in_count; i++) {
        OFZ_GOTO(shadow(c->ctx, c->in[i], wide, ints, true, &copy[i], &made[i]));
        in[i] = made[i] ? &copy[i] : c->in[i];
    }
    for (int k = 0; k < c->out_count; k++) {
        const int i = c->in_count + k;

        OFZ_GOTO(shadow(c->ctx, c->out[k], wide, ints, false, &copy[i], &made[i]));
        at[k] = made[i] ? &copy[i] : c->out[k];
    }
    call.in  = in;
    call.out = at;
    OFZ_GOTO(fn(&call));
    for (int k = 0; k < c->out_count; k++)
        if (made[c->in_count + k]) narrow(at[k], c->out[k]);
done:
    for (size_t i = 0; copy && made && i < count; i++)
        if (made[i]) ofz_tensor_release(&copy[i]);
    free(copy);
    free(at);
    free(made);
    free(in);
    return st;
}

static ofz_status eval_floats(ofz_eval_call *c, ofz_eval_fn *fn, bool ints)
{
    const ofz_dtype wide = wide_type(c);
    bool            same = true;

    if (!c->in[0] || !wanted(c->in[0]->dtype, ints))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "first input: type %s, want a float type",
                        c->in[0] ? ofz_dtype_name(c->in[0]->dtype) : "none");
    for (int i = 0; i < c->in_count; i++)
        if (c->in[i] && wanted(c->in[i]->dtype, ints) && c->in[i]->dtype != wide) same = false;
    for (int i = 0; i < c->out_count; i++)
        if (c->out[i] && wanted(c->out[i]->dtype, ints) && c->out[i]->dtype != wide) same = false;
    return same ? fn(c) : eval_widened(c, fn, wide, ints);
}

ofz_status ofz_eval_floats(ofz_eval_call *c, ofz_eval_fn *fn)
{
    return eval_floats(c, fn, false);
}

ofz_status ofz_eval_floats_or_i8(ofz_eval_call *c, ofz_eval_fn *fn)
{
    return eval_floats(c, fn, true);
}

double ofz_integer_of(ofz_dtype dtype, double x)
{
    const ofz_dtype_row *row  = ofz_dtype_get(dtype);
    const bool           sign = row->cls == OFZ_CLASS_INT;
    const double         top  = row->cls == OFZ_CLASS_BOOL ? 2 : ldexp(1, row->bits - sign);

    x = trunc(x + copysign(1e-9 * (1 + fabs(x)), x));
    return fmin(fmax(x, sign ? -top : 0), top - 1);
}
