/* ops_activation.c - rows with one input that networks bend their numbers with.
 *
 * Gradients at kinks are PyTorch's: 0 at 0 for Relu; the left slope at 0 for LeakyRelu, Elu, Selu
 * and Celu; 0 at both corners of HardSigmoid; x/3 + 1/2 inside [-3, 3] for HardSwish; 1 inside the
 * closed interval for Clip (see ops_clip.c); 0 at the threshold of ThresholdedRelu and Shrink. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/vecmath.h"
#include "ops/unary.h"

/* The attributes of every row here: two floats, and the kind of a Gelu. */
typedef struct params {
    float      f[2];
    ofz_string approximate;
} params;

#define PARAMS (((const params *)c->attrs)->f)

static double sigmoid(double x)
{
    const double e = exp(-fabs(x));

    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double normal_cdf(double x)
{
    return 0.5 * erfc(x * -0.70710678118654752440);
}

static double normal_pdf(double x)
{
    return 0.39894228040143267794 * exp(-0.5 * x * x);
}

/* Mish and Softplus must not lose a NaN in fmax. */
static double softplus_or_nan(double x)
{
    return isnan(x) ? x : softplus(x);
}

/* Gelu by tanh: x sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3). */
#define GELU_A 0.79788456080286535588
#define GELU_B 0.044715

static double gelu_tanh(double x)
{
    return x * sigmoid(2 * GELU_A * (x + GELU_B * x * x * x));
}

static double gelu_tanh_slope(double x)
{
    const double s = sigmoid(2 * GELU_A * (x + GELU_B * x * x * x));

    return s + x * s * (1 - s) * 2 * GELU_A * (1 + 3 * GELU_B * x * x);
}

static double mish_slope(double x)
{
    const double t = tanh(softplus_or_nan(x));

    return t + x * (1 - t * t) * sigmoid(x);
}

static double swish_slope(double x, double a)
{
    const double s = sigmoid(a * x);

    return s + a * x * s * (1 - s);
}

static inline float swish_slope32(float x, float a)
{
    const float s = ofz_sigmoid32(a * x);

    return s + a * x * s * (1.0f - s);
}

/* --- forward: p[0] is alpha (lambd, Selu's gamma), p[1] is beta (bias, Selu's alpha) ---------- */

OFZ_UNARY_FN(celu, x > 0 ? x : (double)p[0] * expm1(x / (double)p[0]))
OFZ_UNARY_FN(elu, x > 0 ? x : (double)p[0] * expm1(x))
OFZ_UNARY_FN(gelu, x *normal_cdf(x))
OFZ_UNARY_FN(gelu_tanh, gelu_tanh(x))
OFZ_UNARY_FN(hardsigmoid, isnan(x) ? x : fmax(0, fmin(1, (double)p[0] * x + (double)p[1])))
OFZ_UNARY_FN(hardswish, isnan(x) ? x : x *fmax(0, fmin(1, x / 6 + 0.5)))
OFZ_UNARY_FN(leakyrelu, x > 0 ? x : x * (double)p[0])
OFZ_UNARY_FN(mish, x *tanh(softplus_or_nan(x)))
OFZ_UNARY_FN(relu, x > 0 || isnan(x) ? x : 0)
OFZ_UNARY_FN(selu, (double)p[0] * (x > 0 ? x : (double)p[1] * expm1(x)))
OFZ_UNARY_FN(shrink, x<-(double)p[0] ? x + (double)p[1] : x>(double) p[0] ? x - (double)p[1] : 0)
OFZ_UNARY_FN(sigmoid, sigmoid(x))
OFZ_UNARY_FN(softplus, softplus_or_nan(x))
OFZ_UNARY_FN(softsign, x / (1 + fabs(x)))
OFZ_UNARY_FN(swish, x *sigmoid((double)p[0] * x))
OFZ_UNARY_FN(tanh, tanh(x))
OFZ_UNARY_FN(thresholdedrelu, x > (double)p[0] || isnan(x) ? x : 0)

OFZ_UNARY_FAST(gelu, v *ofz_normal_cdf32(v))
OFZ_UNARY_FAST(gelu_tanh, v *ofz_sigmoid32(1.59576912f * (v + 0.044715f * v * v * v)))
OFZ_UNARY_FAST(leakyrelu, v > 0.0f ? v : v * a)
OFZ_UNARY_FAST(relu, v <= 0.0f ? 0.0f : v)
OFZ_UNARY_FAST(sigmoid, ofz_sigmoid32(v))
OFZ_UNARY_FAST(swish, v *ofz_sigmoid32(a *v))
OFZ_UNARY_FAST(tanh, ofz_tanh32(v))

static inline float hardsigmoid32(float x, float a, float b)
{
    const float s = a * x + b, t = s < 0.0f ? 0.0f : s;

    return t > 1.0f ? 1.0f : t;
}

OFZ_UNARY_FAST(hardsigmoid, hardsigmoid32(v, a, b))
OFZ_UNARY_FAST(hardswish, v *hardsigmoid32(v, 0.166666667f, 0.5f))

OFZ_UNARY_EVAL(celu, NULL, PARAMS)
OFZ_UNARY_EVAL(elu, NULL, PARAMS)
OFZ_UNARY_EVAL(hardsigmoid, hardsigmoid_fast, PARAMS)
OFZ_UNARY_EVAL(hardswish, hardswish_fast, PARAMS)
OFZ_UNARY_EVAL(leakyrelu, leakyrelu_fast, PARAMS)
OFZ_UNARY_EVAL(mish, NULL, NULL)
OFZ_UNARY_EVAL(selu, NULL, PARAMS)
OFZ_UNARY_EVAL(shrink, NULL, PARAMS)
OFZ_UNARY_EVAL(sigmoid, sigmoid_fast, NULL)
OFZ_UNARY_EVAL(softplus, NULL, NULL)
OFZ_UNARY_EVAL(softsign, NULL, NULL)
OFZ_UNARY_EVAL(swish, swish_fast, PARAMS)
OFZ_UNARY_EVAL(tanh, tanh_fast, NULL)
OFZ_UNARY_EVAL(thresholdedrelu, NULL, PARAMS)

/* --- backward --------------------------------------------------------------------------------- */

OFZ_UNARY_BACK_FAST(gelu, g *(ofz_normal_cdf32(v) + v * ofz_normal_pdf32(v)))
OFZ_UNARY_BACK_FAST(hardswish, v < -3.0f ? 0.0f : v <= 3.0f ? g * (v / 3.0f + 0.5f) : g)
OFZ_UNARY_BACK_FAST(leakyrelu, v > 0.0f ? g : g * a)
OFZ_UNARY_BACK_FAST(relu, v > 0.0f ? g : 0.0f)
OFZ_UNARY_BACK_FAST(sigmoid, g *v *(1.0f - v))
OFZ_UNARY_BACK_FAST(swish, g *swish_slope32(v, a))
OFZ_UNARY_BACK_FAST(tanh, g *(1.0f - v * v))

OFZ_UNARY_BACK(celu, "CeluGrad", in, x > 0 ? 1 : exp(x / (double)p[0]), NULL, PARAMS)
OFZ_UNARY_BACK(elu, "EluGrad", in, x > 0 ? 1 : (double)p[0] * exp(x), NULL, PARAMS)
OFZ_UNARY_BACK(hardsigmoid, "HardSigmoidGrad", out, x > 0 && x < 1 ? (double)p[0] : 0, NULL, PARAMS)
OFZ_UNARY_BACK(hardswish, "HardSwishGrad", in,
               x < -3   ? 0
               : x <= 3 ? x / 3 + 0.5
                        : 1,
               hardswish_back_fast, NULL)
OFZ_UNARY_BACK(leakyrelu, "LeakyReluGrad", in, x > 0 ? 1 : (double)p[0], leakyrelu_back_fast,
               PARAMS)
OFZ_UNARY_BACK(mish, "MishGrad", in, mish_slope(x), NULL, NULL)
OFZ_UNARY_BACK(relu, "ReluGrad", out, x > 0, relu_back_fast, NULL)
OFZ_UNARY_BACK(selu, "SeluGrad", in, (double)p[0] * (x > 0 ? 1 : (double)p[1] * exp(x)), NULL,
               PARAMS)
OFZ_UNARY_BACK(shrink, "ShrinkGrad", in, fabs(x) > (double)p[0], NULL, PARAMS)
OFZ_UNARY_BACK(sigmoid, "SigmoidGrad", out, x *(1 - x), sigmoid_back_fast, NULL)
OFZ_UNARY_BACK(softplus, "SoftplusGrad", in, sigmoid(x), NULL, NULL)
OFZ_UNARY_BACK(softsign, "SoftsignGrad", in, 1 / ((1 + fabs(x)) * (1 + fabs(x))), NULL, NULL)
OFZ_UNARY_BACK(swish, "SwishGrad", in, swish_slope(x, (double)p[0]), swish_back_fast, PARAMS)
OFZ_UNARY_BACK(tanh, "TanhGrad", out, 1 - x * x, tanh_back_fast, NULL)
OFZ_UNARY_BACK(thresholdedrelu, "ThresholdedReluGrad", in, x > (double)p[0], NULL, PARAMS)

/* --- Relu on integers, and the two kinds of Gelu ---------------------------------------------- */

#define RELU_ROW(type)                                                                             \
    static void relu_##type(int64_t n, void *out, const void *const *in, const int64_t *step,      \
                            const void *arg)                                                       \
    {                                                                                              \
        const type *x = in[0];                                                                     \
        type       *y = out;                                                                       \
                                                                                                   \
        (void)step, (void)arg;                                                                     \
        for (int64_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : 0;                                \
    }

RELU_ROW(int8_t)
RELU_ROW(int16_t)
RELU_ROW(int32_t)
RELU_ROW(int64_t)

static ofz_status relu_eval(ofz_eval_call *c)
{
    static const ofz_unary u   = { relu_f, relu_fast };
    ofz_row_fn            *row = NULL;

    switch (c->in[0]->dtype) {
    case OFZ_I8:
        row = relu_int8_t;
        break;
    case OFZ_I16:
        row = relu_int16_t;
        break;
    case OFZ_I32:
        row = relu_int32_t;
        break;
    case OFZ_I64:
        row = relu_int64_t;
        break;
    default:
        return ofz_unary_eval(c, &u, NULL);
    }
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 1, c->in, OFZ_UNDEFINED, row, NULL);
    return OFZ_OK;
}

static bool is_text(ofz_string s, const char *want)
{
    return s.size == strlen(want) && !memcmp(s.text, want, s.size);
}

static ofz_status gelu_infer(ofz_infer_call *c)
{
    const ofz_string kind = ((const params *)c->attrs)->approximate;

    if (!is_text(kind, "none") && !is_text(kind, "tanh"))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute approximate: '%.*s', want none or tanh",
                        (int)(kind.size < 64 ? kind.size : 64), kind.text);
    return ofz_unary_infer_float(c);
}

static ofz_status gelu_eval(ofz_eval_call *c)
{
    static const ofz_unary none = { gelu_f, gelu_fast }, by_tanh = { gelu_tanh_f, gelu_tanh_fast };
    const params          *a = c->attrs;

    return ofz_unary_eval(c, is_text(a->approximate, "tanh") ? &by_tanh : &none, NULL);
}

OFZ_UNARY_FN(gelu_none_slope, normal_cdf(x) + x * normal_pdf(x))
OFZ_UNARY_FN(gelu_tanh_slope, gelu_tanh_slope(x))

static ofz_status gelu_back_eval(ofz_eval_call *c)
{
    static const ofz_unary none    = { gelu_none_slope_f, gelu_back_fast };
    static const ofz_unary by_tanh = { gelu_tanh_slope_f, NULL };
    const params          *a       = c->attrs;

    return ofz_unary_back_eval(c, is_text(a->approximate, "tanh") ? &by_tanh : &none, NULL);
}

static ofz_status gelu_grad(ofz_grad_call *g)
{
    return ofz_unary_emit(g, "GeluGrad", g->node->in[0]);
}

/* --- rows ------------------------------------------------------------------------------------- */

#define ALPHA(value)                                                                               \
    {                                                                                              \
        "alpha", OFZ_ATTR_FLOAT, offsetof(params, f[0]), false, value                              \
    }
#define SECOND(name, value)                                                                        \
    {                                                                                              \
        name, OFZ_ATTR_FLOAT, offsetof(params, f[1]), false, value                                 \
    }
#define CONSUMED                                                                                   \
    {                                                                                              \
        "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED                                         \
    }

static const ofz_attr_def alpha_1[]       = { ALPHA(1.0f), { 0 } };
static const ofz_attr_def alpha_1_old[]   = { ALPHA(1.0f), CONSUMED, { 0 } };
static const ofz_attr_def leaky[]         = { ALPHA(0.01f), { 0 } };
static const ofz_attr_def leaky_old[]     = { ALPHA(0.01f), CONSUMED, { 0 } };
static const ofz_attr_def hard[]          = { ALPHA(0.2f), SECOND("beta", 0.5f), { 0 } };
static const ofz_attr_def hard_old[]      = { ALPHA(0.2f), SECOND("beta", 0.5f), CONSUMED, { 0 } };
static const ofz_attr_def consumed_only[] = { CONSUMED, { 0 } };
/* Selu's gamma comes first: it multiplies both branches. */
static const ofz_attr_def selu_attrs[]    = {
       { "gamma", OFZ_ATTR_FLOAT, offsetof(params, f[0]), false, 1.05070102214813232422f },
       SECOND("alpha", 1.67326319217681884766f),
       { 0 },
};
static const ofz_attr_def selu_old[] = {
    { "gamma", OFZ_ATTR_FLOAT, offsetof(params, f[0]), false, 1.0507f },
    SECOND("alpha", 1.6732f),
    CONSUMED,
    { 0 },
};
static const ofz_attr_def shrink_attrs[] = {
    { "lambd", OFZ_ATTR_FLOAT, offsetof(params, f[0]), false, 0.5f },
    SECOND("bias", 0.0f),
    { 0 },
};
static const ofz_attr_def gelu_attrs[] = {
    { "approximate", OFZ_ATTR_STRING, offsetof(params, approximate), .s = "none" },
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

#define ROW(name, since, attrs, fn)                                                                \
    {                                                                                              \
        name, since, ONE, ONE, PURE, attrs, sizeof(params), ofz_unary_infer_float, fn##_eval,      \
            fn##_grad                                                                              \
    }
/* Rows before opset 6 carry an attribute without meaning, and are not differentiated. */
#define FIRST(name, attrs, fn)                                                                     \
    {                                                                                              \
        name, 1, ONE, ONE, PURE, attrs, sizeof(params), ofz_unary_infer_float, fn##_eval, NULL     \
    }
#define NUMBERS(name, since, attrs, fn)                                                            \
    {                                                                                              \
        name, since, ONE, ONE, PURE, attrs, sizeof(params), ofz_unary_infer_number, fn##_eval,     \
            fn##_grad                                                                              \
    }
#define BACK(name, attrs, fn)                                                                      \
    {                                                                                              \
        name, 1, TWO, ONE, PURE, attrs, sizeof(params), ofz_unary_back_infer, fn##_back_eval,      \
            NULL, NULL, "ofz"                                                                      \
    }

static const ofz_op rows[] = {
    ROW("Celu", 12, alpha_1, celu),
    ROW("Celu", 28, alpha_1, celu),
    FIRST("Elu", alpha_1_old, elu),
    ROW("Elu", 6, alpha_1, elu),
    ROW("Elu", 22, alpha_1, elu),
    { "Gelu", 20, ONE, ONE, PURE, gelu_attrs, sizeof(params), gelu_infer, gelu_eval, gelu_grad },
    FIRST("HardSigmoid", hard_old, hardsigmoid),
    ROW("HardSigmoid", 6, hard, hardsigmoid),
    ROW("HardSigmoid", 22, hard, hardsigmoid),
    ROW("HardSwish", 14, NULL, hardswish),
    ROW("HardSwish", 22, NULL, hardswish),
    FIRST("LeakyRelu", leaky_old, leakyrelu),
    ROW("LeakyRelu", 6, leaky, leakyrelu),
    ROW("LeakyRelu", 16, leaky, leakyrelu),
    ROW("Mish", 18, NULL, mish),
    ROW("Mish", 22, NULL, mish),
    FIRST("Relu", consumed_only, relu),
    ROW("Relu", 6, NULL, relu),
    ROW("Relu", 13, NULL, relu),
    NUMBERS("Relu", 14, NULL, relu),
    FIRST("Selu", selu_old, selu),
    ROW("Selu", 6, selu_attrs, selu),
    ROW("Selu", 22, selu_attrs, selu),
    NUMBERS("Shrink", 9, shrink_attrs, shrink),
    FIRST("Sigmoid", consumed_only, sigmoid),
    ROW("Sigmoid", 6, NULL, sigmoid),
    ROW("Sigmoid", 13, NULL, sigmoid),
    ROW("Softplus", 1, NULL, softplus),
    ROW("Softplus", 22, NULL, softplus),
    ROW("Softsign", 1, NULL, softsign),
    ROW("Softsign", 22, NULL, softsign),
    ROW("Swish", 24, alpha_1, swish),
    FIRST("Tanh", consumed_only, tanh),
    ROW("Tanh", 6, NULL, tanh),
    ROW("Tanh", 13, NULL, tanh),
    ROW("ThresholdedRelu", 10, alpha_1, thresholdedrelu),
    ROW("ThresholdedRelu", 22, alpha_1, thresholdedrelu),
    BACK("CeluGrad", alpha_1, celu),
    BACK("EluGrad", alpha_1, elu),
    BACK("GeluGrad", gelu_attrs, gelu),
    BACK("HardSigmoidGrad", hard, hardsigmoid),
    BACK("HardSwishGrad", NULL, hardswish),
    BACK("LeakyReluGrad", leaky, leakyrelu),
    BACK("MishGrad", NULL, mish),
    BACK("ReluGrad", NULL, relu),
    BACK("SeluGrad", selu_attrs, selu),
    BACK("ShrinkGrad", shrink_attrs, shrink),
    BACK("SigmoidGrad", NULL, sigmoid),
    BACK("SoftplusGrad", NULL, softplus),
    BACK("SoftsignGrad", NULL, softsign),
    BACK("SwishGrad", alpha_1, swish),
    BACK("TanhGrad", NULL, tanh),
    BACK("ThresholdedReluGrad", alpha_1, thresholdedrelu),
    { 0 },
};
OFZ_OP_TABLE(activation, rows);
