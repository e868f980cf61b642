/* ops_elementwise.c - rows with one input that are functions from school: powers, roots,
 * exponentials, trigonometry, rounding. Activations stand in ops_activation.c.
 *
 * Gradients are PyTorch's: sign(0) = 0 for Abs; nothing flows through Ceil, Floor, Round and Sign.
 */
#include <math.h>

#include "kernel/vecmath.h"
#include "ops/unary.h"

#define TWO_OVER_SQRT_PI 1.12837916709551257390

/* --- functions -------------------------------------------------------------------------------- */

OFZ_UNARY_FN(acos, acos(x))
OFZ_UNARY_FN(acosh, acosh(x))
OFZ_UNARY_FN(asin, asin(x))
OFZ_UNARY_FN(asinh, asinh(x))
OFZ_UNARY_FN(atan, atan(x))
OFZ_UNARY_FN(atanh, atanh(x))
OFZ_UNARY_FN(ceil, ceil(x))
OFZ_UNARY_FN(cos, cos(x))
OFZ_UNARY_FN(cosh, cosh(x))
OFZ_UNARY_FN(erf, erf(x))
OFZ_UNARY_FN(exp, exp(x))
OFZ_UNARY_FN(floor, floor(x))
OFZ_UNARY_FN(log, log(x))
OFZ_UNARY_FN(reciprocal, 1 / x)
OFZ_UNARY_FN(round, rint(x)) /* ties to even, the rounding mode that C starts with */
OFZ_UNARY_FN(sin, sin(x))
OFZ_UNARY_FN(sinh, sinh(x))
OFZ_UNARY_FN(sqrt, sqrt(x))
OFZ_UNARY_FN(tan, tan(x))

OFZ_UNARY_FAST(erf, ofz_erf32(v))
OFZ_UNARY_FAST(exp, ofz_exp32(v))
OFZ_UNARY_FAST(log, ofz_log32(v))
OFZ_UNARY_FAST(reciprocal, 1.0f / v)
OFZ_UNARY_FAST(sqrt, sqrtf(v))

OFZ_UNARY_EVAL(acos, NULL, NULL)
OFZ_UNARY_EVAL(acosh, NULL, NULL)
OFZ_UNARY_EVAL(asin, NULL, NULL)
OFZ_UNARY_EVAL(asinh, NULL, NULL)
OFZ_UNARY_EVAL(atan, NULL, NULL)
OFZ_UNARY_EVAL(atanh, NULL, NULL)
OFZ_UNARY_EVAL(ceil, NULL, NULL)
OFZ_UNARY_EVAL(cos, NULL, NULL)
OFZ_UNARY_EVAL(cosh, NULL, NULL)
OFZ_UNARY_EVAL(erf, erf_fast, NULL)
OFZ_UNARY_EVAL(exp, exp_fast, NULL)
OFZ_UNARY_EVAL(floor, NULL, NULL)
OFZ_UNARY_EVAL(log, log_fast, NULL)
OFZ_UNARY_EVAL(reciprocal, reciprocal_fast, NULL)
OFZ_UNARY_EVAL(round, NULL, NULL)
OFZ_UNARY_EVAL(sin, NULL, NULL)
OFZ_UNARY_EVAL(sinh, NULL, NULL)
OFZ_UNARY_EVAL(sqrt, sqrt_fast, NULL)
OFZ_UNARY_EVAL(tan, NULL, NULL)

/* --- gradients: of x, or of y where that is what the forward pass must keep anyway ------------ */

OFZ_UNARY_BACK_FAST(abs, v > 0 ? g : v < 0 ? -g : g * 0.0f)
OFZ_UNARY_BACK_FAST(erf, g *(1.12837917f * ofz_exp32(-v * v)))
OFZ_UNARY_BACK_FAST(exp, g *v)
OFZ_UNARY_BACK_FAST(log, g / v)
OFZ_UNARY_BACK_FAST(reciprocal, -g *v *v)
OFZ_UNARY_BACK_FAST(sqrt, g * 0.5f / v)

OFZ_UNARY_BACK(abs, "AbsGrad", in, (x > 0) - (x < 0), abs_back_fast, NULL)
OFZ_UNARY_BACK(acos, "AcosGrad", in, -1 / sqrt(1 - x * x), NULL, NULL)
OFZ_UNARY_BACK(acosh, "AcoshGrad", in, 1 / (sqrt(x - 1) * sqrt(x + 1)), NULL, NULL)
OFZ_UNARY_BACK(asin, "AsinGrad", in, 1 / sqrt(1 - x * x), NULL, NULL)
OFZ_UNARY_BACK(asinh, "AsinhGrad", in, 1 / sqrt(x * x + 1), NULL, NULL)
OFZ_UNARY_BACK(atan, "AtanGrad", in, 1 / (x * x + 1), NULL, NULL)
OFZ_UNARY_BACK(atanh, "AtanhGrad", in, 1 / (1 - x * x), NULL, NULL)
OFZ_UNARY_BACK(cos, "CosGrad", in, -sin(x), NULL, NULL)
OFZ_UNARY_BACK(cosh, "CoshGrad", in, sinh(x), NULL, NULL)
OFZ_UNARY_BACK(erf, "ErfGrad", in, TWO_OVER_SQRT_PI *exp(-x *x), erf_back_fast, NULL)
OFZ_UNARY_BACK(exp, "ExpGrad", out, x, exp_back_fast, NULL)
OFZ_UNARY_BACK(log, "LogGrad", in, 1 / x, log_back_fast, NULL)
OFZ_UNARY_BACK(reciprocal, "ReciprocalGrad", out, -x *x, reciprocal_back_fast, NULL)
OFZ_UNARY_BACK(sin, "SinGrad", in, cos(x), NULL, NULL)
OFZ_UNARY_BACK(sinh, "SinhGrad", in, cosh(x), NULL, NULL)
OFZ_UNARY_BACK(sqrt, "SqrtGrad", out, 0.5 / x, sqrt_back_fast, NULL)
OFZ_UNARY_BACK(tan, "TanGrad", out, 1 + x * x, NULL, NULL)

/* --- functions that integers have as well ----------------------------------------------------- */

/* NAME_<type>: v is the element, W an unsigned type at least as wide, in which nothing overflows.
 */
#define INTEGER_ROW(name, type, wide, expr)                                                        \
    static void name##_##type(int64_t n, void *out, const void *const *in, const int64_t *step,    \
                              const void *arg)                                                     \
    {                                                                                              \
        typedef wide W;                                                                            \
        const type  *x = in[0];                                                                    \
        type        *y = out;                                                                      \
                                                                                                   \
        (void)step, (void)arg;                                                                     \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const type v = x[i];                                                                   \
                                                                                                   \
            y[i] = (type)(expr);                                                                   \
        }                                                                                          \
    }

#define INTEGER_ROWS(name, expr)                                                                   \
    INTEGER_ROW(name, int8_t, uint32_t, expr)                                                      \
    INTEGER_ROW(name, int16_t, uint32_t, expr)                                                     \
    INTEGER_ROW(name, int32_t, uint32_t, expr)                                                     \
    INTEGER_ROW(name, int64_t, uint64_t, expr)                                                     \
    static ofz_row_fn *name##_integer(ofz_dtype dtype)                                             \
    {                                                                                              \
        switch (dtype) {                                                                           \
        case OFZ_I8:                                                                               \
            return name##_int8_t;                                                                  \
        case OFZ_I16:                                                                              \
            return name##_int16_t;                                                                 \
        case OFZ_I32:                                                                              \
            return name##_int32_t;                                                                 \
        case OFZ_I64:                                                                              \
            return name##_int64_t;                                                                 \
        default:                                                                                   \
            return NULL;                                                                           \
        }                                                                                          \
    }

INTEGER_ROWS(abs, v < 0 ? 0 - (W)v : (W)v)
INTEGER_ROWS(neg, 0 - (W)v)
INTEGER_ROWS(sign, (W)((v > 0) - (v < 0)))

OFZ_UNARY_FN(abs, fabs(x))
OFZ_UNARY_FN(neg, -x)
OFZ_UNARY_FN(sign, isnan(x) ? x : (x > 0) - (x < 0))
OFZ_UNARY_FAST(abs, fabsf(v))
OFZ_UNARY_FAST(neg, -v)

static ofz_status abs_eval(ofz_eval_call *c)
{
    static const ofz_unary u   = { abs_f, abs_fast };
    ofz_row_fn            *row = abs_integer(c->in[0]->dtype);

    if (!row) return ofz_unary_eval(c, &u, NULL);
    ofz_elementwise(1, c->out[0], 1, c->in, OFZ_UNDEFINED, row, NULL);
    return OFZ_OK;
}

static ofz_status neg_eval(ofz_eval_call *c)
{
    static const ofz_unary u   = { neg_f, neg_fast };
    ofz_row_fn            *row = neg_integer(c->in[0]->dtype);

    if (!row) return ofz_unary_eval(c, &u, NULL);
    ofz_elementwise(1, c->out[0], 1, c->in, OFZ_UNDEFINED, row, NULL);
    return OFZ_OK;
}

static ofz_status neg_grad(ofz_grad_call *g)
{
    return ofz_emit(g, "", "Neg", NULL, 1, &g->dy[0], 1, &g->dx[0]);
}

static ofz_status sign_eval(ofz_eval_call *c)
{
    static const ofz_unary u   = { sign_f, NULL };
    ofz_row_fn            *row = sign_integer(c->in[0]->dtype);

    if (!row) return ofz_unary_eval(c, &u, NULL);
    ofz_elementwise(1, c->out[0], 1, c->in, OFZ_UNDEFINED, row, NULL);
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def consumed[] = {
    { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)

/* Rows before opset 6 carry an attribute without meaning, and are not differentiated. */
#define FLOATS(name, since, fn, grad)                                                              \
    {                                                                                              \
        name, since, ONE, ONE, PURE, NULL, 0, ofz_unary_infer_float, fn##_eval, grad               \
    }
#define NUMBERS(name, since, fn, grad)                                                             \
    {                                                                                              \
        name, since, ONE, ONE, PURE, NULL, 0, ofz_unary_infer_number, fn##_eval, grad              \
    }
#define FIRST(name, fn)                                                                            \
    {                                                                                              \
        name, 1, ONE, ONE, PURE, consumed, 0, ofz_unary_infer_float, fn##_eval, NULL               \
    }
#define BACK(name, fn)                                                                             \
    {                                                                                              \
        name, 1, TWO, ONE, PURE, NULL, 0, ofz_unary_back_infer, fn##_back_eval, NULL, NULL, "ofz"  \
    }

static const ofz_op rows[] = {
    FIRST("Abs", abs),
    NUMBERS("Abs", 6, abs, abs_grad),
    NUMBERS("Abs", 13, abs, abs_grad),
    FLOATS("Acos", 7, acos, acos_grad),
    FLOATS("Acos", 22, acos, acos_grad),
    FLOATS("Acosh", 9, acosh, acosh_grad),
    FLOATS("Acosh", 22, acosh, acosh_grad),
    FLOATS("Asin", 7, asin, asin_grad),
    FLOATS("Asin", 22, asin, asin_grad),
    FLOATS("Asinh", 9, asinh, asinh_grad),
    FLOATS("Asinh", 22, asinh, asinh_grad),
    FLOATS("Atan", 7, atan, atan_grad),
    FLOATS("Atan", 22, atan, atan_grad),
    FLOATS("Atanh", 9, atanh, atanh_grad),
    FLOATS("Atanh", 22, atanh, atanh_grad),
    FIRST("Ceil", ceil),
    FLOATS("Ceil", 6, ceil, ofz_unary_no_grad),
    FLOATS("Ceil", 13, ceil, ofz_unary_no_grad),
    FLOATS("Cos", 7, cos, cos_grad),
    FLOATS("Cos", 22, cos, cos_grad),
    FLOATS("Cosh", 9, cosh, cosh_grad),
    FLOATS("Cosh", 22, cosh, cosh_grad),
    NUMBERS("Erf", 9, erf, erf_grad),
    FLOATS("Erf", 13, erf, erf_grad),
    FIRST("Exp", exp),
    FLOATS("Exp", 6, exp, exp_grad),
    FLOATS("Exp", 13, exp, exp_grad),
    FIRST("Floor", floor),
    FLOATS("Floor", 6, floor, ofz_unary_no_grad),
    FLOATS("Floor", 13, floor, ofz_unary_no_grad),
    FIRST("Log", log),
    FLOATS("Log", 6, log, log_grad),
    FLOATS("Log", 13, log, log_grad),
    FIRST("Neg", neg),
    NUMBERS("Neg", 6, neg, neg_grad),
    NUMBERS("Neg", 13, neg, neg_grad),
    FIRST("Reciprocal", reciprocal),
    FLOATS("Reciprocal", 6, reciprocal, reciprocal_grad),
    FLOATS("Reciprocal", 13, reciprocal, reciprocal_grad),
    FLOATS("Round", 11, round, ofz_unary_no_grad),
    FLOATS("Round", 22, round, ofz_unary_no_grad),
    NUMBERS("Sign", 9, sign, ofz_unary_no_grad),
    NUMBERS("Sign", 13, sign, ofz_unary_no_grad),
    FLOATS("Sin", 7, sin, sin_grad),
    FLOATS("Sin", 22, sin, sin_grad),
    FLOATS("Sinh", 9, sinh, sinh_grad),
    FLOATS("Sinh", 22, sinh, sinh_grad),
    FIRST("Sqrt", sqrt),
    FLOATS("Sqrt", 6, sqrt, sqrt_grad),
    FLOATS("Sqrt", 13, sqrt, sqrt_grad),
    FLOATS("Tan", 7, tan, tan_grad),
    FLOATS("Tan", 22, tan, tan_grad),
    BACK("AbsGrad", abs),
    BACK("AcosGrad", acos),
    BACK("AcoshGrad", acosh),
    BACK("AsinGrad", asin),
    BACK("AsinhGrad", asinh),
    BACK("AtanGrad", atan),
    BACK("AtanhGrad", atanh),
    BACK("CosGrad", cos),
    BACK("CoshGrad", cosh),
    BACK("ErfGrad", erf),
    BACK("ExpGrad", exp),
    BACK("LogGrad", log),
    BACK("ReciprocalGrad", reciprocal),
    BACK("SinGrad", sin),
    BACK("SinhGrad", sinh),
    BACK("SqrtGrad", sqrt),
    BACK("TanGrad", tan),
    { 0 },
};
OFZ_OP_TABLE(elementwise, rows);
