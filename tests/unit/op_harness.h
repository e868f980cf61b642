/* op_harness.h - walks tables of operator vectors and gradient checks.
 *
 * Tensors are written as text: a type (an enumerator of ofz_dtype without OFZ_), a shape, elements.
 *     "F32[2,3] 1 2 3 4 5 nan"     one number per element; inf, -inf, nan; C notation
 *     "C64[1] 1,2"                 real and imaginary part
 *     "STRING[2] 'a' 'b c'"        quoted, no escapes
 *     "I64[] 7", "F32[0]"          a scalar, nothing
 *     "F64[2,3] rand"              repeatable numbers, uniform in (-2, 2)
 *     "F64[2,3] rand(0.5,2)"       the same between two bounds
 *     "F64[2,3] mixed(0.2,2)"      the same, with random signs: for functions with a kink at 0
 *     "F32[4] iota"                0 1 2 3
 *     "SEQ{F32[] 1; F32[2] 2 3}"   a sequence of tensors, or of whatever may stand here
 *     "OPT{F32[1] 1}", "OPT{}"     an optional, with a tensor or sequence or nothing
 *     "MAP{I64[2] 1 2; F32[2] 3 4}"  a map: its keys and its values
 * and attributes as "axis=1 alpha=0.5 axes=[0,-1] scales=[1.0,2.0] mode='linear' names=['a','b']
 * value={F32[2] 1 2}": a number with a point, an exponent, inf or nan is a FLOAT, others are INT.
 * A subgraph is "body=(i c x -> c Add(x,x) {F32[1] 2})": names of its inputs, then what it gives: an
 * input, a node over such, or a constant.
 * A list takes the type of its first element; [] is INTS and [.] is FLOATS without elements. */
#ifndef OFZ_TESTS_OP_HARNESS_H
#define OFZ_TESTS_OP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tensor/tensor.h"

#define OP_CASE_INPUTS  9
#define OP_CASE_OUTPUTS 5

/* One evaluation. */
typedef struct op_case {
    const char *op;                   /* "Relu", "ai.onnx.ml:Scaler", "ofz:SumTo" */
    int         opset;                /* of the op's domain; ofz: of the default domain */
    const char *attrs;                /* NULL: none */
    const char *in[OP_CASE_INPUTS];   /* ends at NULL; "-" leaves an optional input out */
    const char *out[OP_CASE_OUTPUTS]; /* ends at NULL; "-" leaves the output out, "?" asks for it
                                         and compares nothing, "?F32[2]" compares type and shape */
    const char *error;                /* a part of the failure's text, for cases that must fail */
    double      rtol, atol;           /* 0: 1e-5 and 1e-6; for integers it does not matter */
} op_case;

/* Each case: infer the graph with the inputs declared exactly, with symbols for dims, without rank
 * and without type (inference must accept all four and contradict nothing), run it, compare. A
 * failure prints the case with got and want, all cases are walked, then the cmocka test fails. */
void op_cases_run(const op_case *c, size_t count);
#define OP_CASES_RUN(table) op_cases_run(table, sizeof(table) / sizeof *(table))

/* One vector for several versions of an operator, "1 6 13", that mean the same by it. */
typedef struct version_case {
    const char *op, *opsets, *attrs;
    const char *in[OP_CASE_INPUTS];
    const char *out[OP_CASE_OUTPUTS];
} version_case;

void version_cases_run(const version_case *v, size_t count);
#define VERSION_CASES_RUN(table) version_cases_run(table, sizeof(table) / sizeof *(table))

/* One gradient check: L = sum over outputs of sum(r * y), r fixed and random; dL/dx from the row's
 * grad against central differences. Inputs in F64. */
typedef struct grad_case {
    const char *op;
    int         opset; /* at least 7: ordinary nodes make the loss */
    const char *attrs;
    const char *in[OP_CASE_INPUTS];
    /* One letter per input: 'x' check it, '0' expect no gradient (NULL or all zero), '.' do not
     * ask. NULL: 'x' for every F64 input. */
    const char *wrt;
    int    outs; /* outputs that enter the loss; 0: 1. Only those of F64, or where there is none the
                 first of F32, which needs a larger step */
    double step; /* of the difference; 0: 1e-5 */
    double rtol, atol; /* 0: 1e-5 and 1e-7 */
} grad_case;

void grad_cases_run(const grad_case *c, size_t count);
#define GRAD_CASES_RUN(table) grad_cases_run(table, sizeof(table) / sizeof *(table))

/* The parser, for tests with needs of their own: NULL on a mistake, else what follows the tensor
 * (its end or a '}'). The tensor owns its buffer. salt: what random numbers depend on. */
const char *op_text_tensor(ofz_ctx *ctx, const char *text, int salt, ofz_tensor *out);

#endif
