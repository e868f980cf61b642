/* floats.h - how rows written for float32 and float64 serve every float type. */
#ifndef OFZ_OPS_FLOATS_H
#define OFZ_OPS_FLOATS_H

#include "ops/op.h"

/* Run `fn` with all float tensors of the call in one type: float64 when one of them is, else
 * float32. Narrower ones are widened into copies (exactly), and such outputs rounded once, to
 * nearest even. Integer and other tensors are passed as they are. With `ints`, 8-bit integer inputs
 * and outputs are widened as well (to float32, exact). OFZ_E_UNSUPPORTED when in[0] is neither. fn
 * finds the type in c->in[0]->dtype. */
ofz_status ofz_eval_floats(ofz_eval_call *c, ofz_eval_fn *fn) OFZ_MUST_USE;
ofz_status ofz_eval_floats_or_i8(ofz_eval_call *c, ofz_eval_fn *fn) OFZ_MUST_USE;

/* A result for an integer type or bool: cut towards zero as ONNX's reference does, after lifting
 * sums of weights that missed a whole number by rounding, and kept within the type. */
double ofz_integer_of(ofz_dtype dtype, double x);

/* fn_f32(...) or fn_f64(...) by the type of in[0]. */
#define OFZ_BY_FLOAT(c, fn, ...)                                                                   \
    ((c)->in[0]->dtype == OFZ_F64 ? fn##_f64(__VA_ARGS__) : fn##_f32(__VA_ARGS__))

#endif
