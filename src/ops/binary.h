/* binary.h - what rows with two broadcasting operands of one type share. */
#ifndef OFZ_OPS_BINARY_H
#define OFZ_OPS_BINARY_H

#include "kernel/elementwise.h"
#include "ops/infer.h"

/* One row function per element type, by ofz_dtype; NULL where the operator has none. Floats other
 * than F32 and F64 use the one for F32. */
typedef struct ofz_binary {
    ofz_row_fn *row[OFZ_I2 + 1];
    bool        to_bool; /* the result is bool, whatever the operands are */
} ofz_binary;

/* Before opset 7 a smaller B was aligned with the axes of A from `axis` on, if broadcast was set.
 */
typedef struct ofz_old_broadcast {
    int64_t broadcast, axis; /* axis INT64_MIN: B's last axis is A's */
} ofz_old_broadcast;

extern const ofz_attr_def ofz_old_broadcast_1[]; /* with consumed_inputs */
extern const ofz_attr_def ofz_old_broadcast_6[];

/* numpy broadcasting; OFZ_E_MODEL for element types without a row function. */
ofz_status ofz_binary_infer(ofz_infer_call *c, const ofz_binary *b);
ofz_status ofz_binary_eval(ofz_eval_call *c, const ofz_binary *b, const void *arg);
/* The same for c->attrs of ofz_old_broadcast. */
ofz_status ofz_binary_old_infer(ofz_infer_call *c, const ofz_binary *b);
ofz_status ofz_binary_old_eval(ofz_eval_call *c, const ofz_binary *b);

/* Private rows on floats: out[0] has the type of in[0] and the broadcast of all inputs. */
ofz_status ofz_float_infer(ofz_infer_call *c);
/* f32 or f64 by the type of in[0]. */
ofz_status ofz_float_eval(ofz_eval_call *c, ofz_row_fn *f32, ofz_row_fn *f64, const void *arg);

/* NAME_TYPE: y = expr of a and b, elements of TYPE. W is an unsigned type in which no sum,
 * difference or product of two of them is undefined. */
#define OFZ_BINARY_ROW(name, type, wide, result, expr)                                             \
    static inline result name##_##type##_of(type a, type b)                                        \
    {                                                                                              \
        typedef wide W;                                                                            \
                                                                                                   \
        (void)(W)0;                                                                                \
        return (result)(expr);                                                                     \
    }                                                                                              \
    static void name##_##type(int64_t n, void *out, const void *const *in, const int64_t *step,    \
                              const void *arg)                                                     \
    {                                                                                              \
        const type *p = in[0], *q = in[1];                                                         \
        result     *y  = out;                                                                      \
        const type  p0 = *p, q0 = *q;                                                              \
                                                                                                   \
        (void)arg;                                                                                 \
        if (step[0] && step[1])                                                                    \
            for (int64_t i = 0; i < n; i++) y[i] = name##_##type##_of(p[i], q[i]);                 \
        else if (step[0])                                                                          \
            for (int64_t i = 0; i < n; i++) y[i] = name##_##type##_of(p[i], q0);                   \
        else if (step[1])                                                                          \
            for (int64_t i = 0; i < n; i++) y[i] = name##_##type##_of(p0, q[i]);                   \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++) y[i] = name##_##type##_of(p0, q0);                     \
    }

/* A private row's function on floats and doubles: NAME_float, NAME_double; v[k] is operand k. */
#define OFZ_FLOAT_ROW(name, type, count, expr)                                                     \
    static void name##_##type(int64_t n, void *out, const void *const *in, const int64_t *step,    \
                              const void *arg)                                                     \
    {                                                                                              \
        typedef type T;                                                                            \
        T           *y = out;                                                                      \
                                                                                                   \
        (void)arg;                                                                                 \
        for (int64_t i = 0; i < n; i++) {                                                          \
            T v[count];                                                                            \
                                                                                                   \
            for (int k = 0; k < (count); k++) v[k] = ((const T *)in[k])[i * step[k]];              \
            y[i] = (T)(expr);                                                                      \
        }                                                                                          \
    }

#define OFZ_FLOAT_ROWS(name, count, expr)                                                          \
    OFZ_FLOAT_ROW(name, float, count, expr)                                                        \
    OFZ_FLOAT_ROW(name, double, count, expr)                                                       \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_float_eval(c, name##_float, name##_double, c->attrs);                           \
    }

#endif
