/* unary.h - what rows with one input and one function of a number share.
 *
 * A function is written once in doubles, which is exact enough for every type after one rounding;
 * where it is common in training a second, vectorised form in floats stands beside it. Parameters
 * (alpha and beta of an activation) are the row's attribute struct seen as an array of two floats.
 */
#ifndef OFZ_OPS_UNARY_H
#define OFZ_OPS_UNARY_H

#include "base/clones.h"
#include "kernel/elementwise.h"
#include "ops/infer.h"

typedef double ofz_unary_fn(double x, const float *p);

typedef struct ofz_unary {
    ofz_unary_fn *f;
    ofz_row_fn   *fast; /* floats -> floats, p as `arg`; NULL: none */
} ofz_unary;

/* out[0] is like in[0], which must be a float, or any number. */
ofz_status ofz_unary_infer_float(ofz_infer_call *c);
ofz_status ofz_unary_infer_number(ofz_infer_call *c);

/* y = f(x). p: two floats, or NULL. */
ofz_status ofz_unary_eval(ofz_eval_call *c, const ofz_unary *u, const float *p);

/* The rows that gradients emit have inputs dy and v, where v is the x or the y of the forward node:
 * dx = dy * f(v). `fast` gets x[0] = dy, x[1] = v and writes dx. */
ofz_status ofz_unary_back_infer(ofz_infer_call *c);
ofz_status ofz_unary_back_eval(ofz_eval_call *c, const ofz_unary *u, const float *p);
/* Emit ofz.<op_type>(dy, v). */
ofz_status ofz_unary_emit(ofz_grad_call *g, const char *op_type, ofz_value *v);
/* Piecewise constant: no gradient flows. */
ofz_status ofz_unary_no_grad(ofz_grad_call *g);

/* NAME_f(x), and NAME_eval for rows without parameters. */
#define OFZ_UNARY_FN(name, expr)                                                                   \
    static double name##_f(double x, const float *p)                                               \
    {                                                                                              \
        (void)p;                                                                                   \
        return expr;                                                                               \
    }

/* NAME_fast: v is the element, a and b the parameters. */
#define OFZ_UNARY_FAST(name, expr)                                                                 \
    OFZ_CLONES static void name##_fast(int64_t n, void *out, const void *const *in,                \
                                       const int64_t *step, const void *arg)                       \
    {                                                                                              \
        const float *const x = in[0], *const p = arg;                                              \
        float *const y = out;                                                                      \
        const float  a = p[0], b = p[1];                                                           \
                                                                                                   \
        (void)step, (void)a, (void)b;                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float v = x[i];                                                                  \
                                                                                                   \
            y[i] = expr;                                                                           \
        }                                                                                          \
    }

/* The same for the backward row: g is dy. */
#define OFZ_UNARY_BACK_FAST(name, expr)                                                            \
    OFZ_CLONES static void name##_back_fast(int64_t n, void *out, const void *const *in,           \
                                            const int64_t *step, const void *arg)                  \
    {                                                                                              \
        const float *const dy = in[0], *const x = in[1], *const p = arg;                           \
        float *const y = out;                                                                      \
        const float  a = p[0], b = p[1];                                                           \
                                                                                                   \
        (void)step, (void)a, (void)b;                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float g = dy[i], v = x[i];                                                       \
                                                                                                   \
            y[i] = expr;                                                                           \
        }                                                                                          \
    }

#define OFZ_UNARY_EVAL(name, fast, params)                                                         \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        static const ofz_unary u = { name##_f, fast };                                             \
                                                                                                   \
        return ofz_unary_eval(c, &u, params);                                                      \
    }

/* NAME_grad emits ofz.<row>(dy, v) and NAME_back_eval computes it with NAME_d. */
#define OFZ_UNARY_BACK(name, row, value, expr, fast, params)                                       \
    static double name##_d(double x, const float *p)                                               \
    {                                                                                              \
        (void)p;                                                                                   \
        return expr;                                                                               \
    }                                                                                              \
    static ofz_status name##_back_eval(ofz_eval_call *c)                                           \
    {                                                                                              \
        static const ofz_unary u = { name##_d, fast };                                             \
                                                                                                   \
        return ofz_unary_back_eval(c, &u, params);                                                 \
    }                                                                                              \
    static ofz_status name##_grad(ofz_grad_call *g)                                                \
    {                                                                                              \
        return ofz_unary_emit(g, row, g->node->value[0]);                                          \
    }

#endif
