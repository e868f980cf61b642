/* test_ops_versions.c - one vector at every version of an operator that means the same by it. What a version
 * means otherwise stands with the operator's family; here is what only the list of types or the writing
 * of an attribute sets apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
/* consumed_inputs was advice to reuse memory; it never changed a result. */
static const version_case elementwise[] = {
    { "Abs", "6 13", NULL, { "F32[3] -1 0 2" }, { "F32[3] 1 0 2" } },
    { "Abs", "1", "consumed_inputs=[0]", { "F32[3] -1 0 2" }, { "F32[3] 1 0 2" } },
    { "Acos", "7 22", NULL, { "F32[2] 0.5 1" }, { "F32[2] 1.04719755 0" } },
    { "Acosh", "9 22", NULL, { "F32[2] 2 1" }, { "F32[2] 1.3169579 0" } },
    { "Asin", "7 22", NULL, { "F32[2] 0.5 0" }, { "F32[2] 0.52359878 0" } },
    { "Asinh", "9 22", NULL, { "F32[2] 1 0" }, { "F32[2] 0.88137359 0" } },
    { "Atan", "7 22", NULL, { "F32[2] 1 0" }, { "F32[2] 0.78539816 0" } },
    { "Atanh", "9 22", NULL, { "F32[2] 0.5 0" }, { "F32[2] 0.54930614 0" } },
    { "Ceil", "1", "consumed_inputs=[0]", { "F32[3] -1.5 0.25 2" }, { "F32[3] -1 1 2" } },
    { "Ceil", "6 13", NULL, { "F32[3] -1.5 0.25 2" }, { "F32[3] -1 1 2" } },
    { "Celu", "12 28", "alpha=2.0", { "F32[2] -2 1" }, { "F32[2] -1.26424112 1" } },
    { "Clip", "1", "consumed_inputs=[0] min=-1.0 max=2.0", { "F32[3] -3 0.5 7" }, { "F32[3] -1 0.5 2" } },
    { "Clip", "1 6", "max=2.0", { "F32[3] -3 0.5 7" }, { "F32[3] -3 0.5 2" } },
    { "Clip", "11 12 13", NULL, { "F32[3] -3 0.5 7", "F32[] -1", "F32[] 2" }, { "F32[3] -1 0.5 2" } },
    { "Cos", "7 22", NULL, { "F32[2] 1 0" }, { "F32[2] 0.54030231 1" } },
    { "Cosh", "9 22", NULL, { "F32[2] 1 0" }, { "F32[2] 1.54308063 1" } },
    { "Elu", "1", "alpha=2.0 consumed_inputs=[0]", { "F32[2] -1 1" }, { "F32[2] -1.26424112 1" } },
    { "Elu", "1 6 22", NULL, { "F32[2] -1 1" }, { "F32[2] -0.63212056 1" } },
    { "Erf", "9 13", NULL, { "F32[2] 0.5 0" }, { "F32[2] 0.52049988 0" } },
    { "Exp", "1", "consumed_inputs=[0]", { "F32[2] 0 1" }, { "F32[2] 1 2.71828183" } },
    { "Exp", "6 13", NULL, { "F32[2] 0 1" }, { "F32[2] 1 2.71828183" } },
    { "Floor", "1", "consumed_inputs=[0]", { "F32[3] -1.5 0.25 2" }, { "F32[3] -2 0 2" } },
    { "Floor", "6 13", NULL, { "F32[3] -1.5 0.25 2" }, { "F32[3] -2 0 2" } },
    { "HardSigmoid", "1", "alpha=0.25 beta=0.5 consumed_inputs=[0]", { "F32[3] -1 0 4" }, { "F32[3] 0.25 0.5 1" } },
    { "HardSigmoid", "1 6 22", NULL, { "F32[3] -1 0 4" }, { "F32[3] 0.3 0.5 1" } },
    { "HardSwish", "14 22", NULL, { "F32[3] -4 -1 4" }, { "F32[3] 0 -0.33333333 4" } },
    { "IsNaN", "9 13 20", NULL, { "F32[3] nan 1 inf" }, { "BOOL[3] 1 0 0" } },
    { "LeakyRelu", "1", "alpha=0.5 consumed_inputs=[0]", { "F32[2] -2 3" }, { "F32[2] -1 3" } },
    { "LeakyRelu", "1 6 16", NULL, { "F32[2] -2 3" }, { "F32[2] -0.02 3" } },
    { "Log", "1", "consumed_inputs=[0]", { "F32[2] 1 2" }, { "F32[2] 0 0.69314718" } },
    { "Log", "6 13", NULL, { "F32[2] 1 2" }, { "F32[2] 0 0.69314718" } },
    { "Mish", "18 22", NULL, { "F32[2] 1 0" }, { "F32[2] 0.86509839 0" } },
    { "Neg", "1", "consumed_inputs=[0]", { "F32[2] 1 -2" }, { "F32[2] -1 2" } },
    { "Neg", "6 13", NULL, { "I32[2] 1 -2" }, { "I32[2] -1 2" } },
    { "Reciprocal", "1", "consumed_inputs=[0]", { "F32[2] 4 -2" }, { "F32[2] 0.25 -0.5" } },
    { "Reciprocal", "6 13", NULL, { "F32[2] 4 -2" }, { "F32[2] 0.25 -0.5" } },
    { "Relu", "1", "consumed_inputs=[0]", { "F32[2] 4 -2" }, { "F32[2] 4 0" } },
    { "Relu", "6 13 14", NULL, { "F32[2] 4 -2" }, { "F32[2] 4 0" } },
    { "Round", "11 22", NULL, { "F32[3] 0.5 1.5 -2.5" }, { "F32[3] 0 2 -2" } },
    { "Selu", "1", "consumed_inputs=[0]", { "F32[2] -1 1" }, { "F32[2] -1.1112946 1.0507" } },
    { "Selu", "6 22", NULL, { "F32[2] -1 1" }, { "F32[2] -1.11133074 1.05070102" } },
    { "Sigmoid", "1", "consumed_inputs=[0]", { "F32[2] 0 1" }, { "F32[2] 0.5 0.73105858" } },
    { "Sigmoid", "6 13", NULL, { "F32[2] 0 1" }, { "F32[2] 0.5 0.73105858" } },
    { "Sign", "9 13", NULL, { "F32[3] -7 0 2" }, { "F32[3] -1 0 1" } },
    { "Sin", "7 22", NULL, { "F32[2] 1 0" }, { "F32[2] 0.84147098 0" } },
    { "Sinh", "9 22", NULL, { "F32[2] 1 0" }, { "F32[2] 1.17520119 0" } },
    { "Softplus", "1 22", NULL, { "F32[2] 0 1" }, { "F32[2] 0.69314718 1.31326169" } },
    { "Softsign", "1 22", NULL, { "F32[2] 1 -3" }, { "F32[2] 0.5 -0.75" } },
    { "Sqrt", "1", "consumed_inputs=[0]", { "F32[2] 4 2" }, { "F32[2] 2 1.41421356" } },
    { "Sqrt", "6 13", NULL, { "F32[2] 4 2" }, { "F32[2] 2 1.41421356" } },
    { "Tan", "7 22", NULL, { "F32[2] 1 0" }, { "F32[2] 1.55740772 0" } },
    { "Tanh", "1", "consumed_inputs=[0]", { "F32[2] 1 0" }, { "F32[2] 0.76159416 0" } },
    { "Tanh", "6 13", NULL, { "F32[2] 1 0" }, { "F32[2] 0.76159416 0" } },
    { "ThresholdedRelu", "10 22", NULL, { "F32[3] 1 2 -3" }, { "F32[3] 0 2 0" } },
};

/* Up to version 6 the second operand only spreads when it is told to, and from the axis that it is told. */
static const version_case binary[] = {
    { "Add", "1", "consumed_inputs=[0,0]", { "F32[2] 1 2", "F32[2] 3 5" }, { "F32[2] 4 7" } },
    { "Add", "1 6", "broadcast=1 axis=0", { "F32[2,2] 1 2 3 4", "F32[2] 10 20" }, { "F32[2,2] 11 12 23 24" } },
    { "Add", "7 13 14", NULL, { "F32[2,2] 1 2 3 4", "F32[2] 10 20" }, { "F32[2,2] 11 22 13 24" } },
    { "And", "1", NULL, { "BOOL[2] 0 1", "BOOL[2] 1 1" }, { "BOOL[2] 0 1" } },
    { "And", "1", "broadcast=1 axis=0", { "BOOL[2,2] 0 1 1 1", "BOOL[2] 1 0" }, { "BOOL[2,2] 0 1 0 0" } },
    { "Div", "1 6", "broadcast=1", { "F32[2,2] 2 4 6 8", "F32[2] 2 4" }, { "F32[2,2] 1 1 3 2" } },
    { "Div", "1", "broadcast=1 axis=0 consumed_inputs=[0,0]", { "F32[2,2] 2 4 6 8", "F32[2] 2 4" }, { "F32[2,2] 1 2 1.5 2" } },
    { "Div", "7 13 14", NULL, { "F32[2] 3 -8", "F32[] 2" }, { "F32[2] 1.5 -4" } },
    { "Div", "6 7 13 14", NULL, { "I32[2] 7 -7", "I32[2] 2 2" }, { "I32[2] 3 -3" } },
    { "Equal", "1", "broadcast=1 axis=0", { "I32[2,2] 1 2 2 1", "I32[2] 1 2" }, { "BOOL[2,2] 1 0 1 0" } },
    { "Equal", "7", NULL, { "I32[2] 1 2", "I32[] 2" }, { "BOOL[2] 0 1" } },
    { "Equal", "11 13 19", NULL, { "F32[2] 1 nan", "F32[2] 1 nan" }, { "BOOL[2] 1 0" } },
    { "Greater", "1", "broadcast=1 axis=0", { "F32[2,2] 1 2 3 4", "F32[2] 1 3" }, { "BOOL[2,2] 0 1 0 1" } },
    { "Greater", "7 9 13", NULL, { "F32[3] 1 2 3", "F32[1] 2" }, { "BOOL[3] 0 0 1" } },
    { "GreaterOrEqual", "12 16", NULL, { "F32[3] 1 2 3", "F32[1] 2" }, { "BOOL[3] 0 1 1" } },
    { "Less", "1", "broadcast=1", { "F32[2,2] 1 2 3 4", "F32[2] 2 3" }, { "BOOL[2,2] 1 1 0 0" } },
    { "Less", "7 9 13", NULL, { "F32[3] 1 2 3", "F32[1] 2" }, { "BOOL[3] 1 0 0" } },
    { "LessOrEqual", "12 16", NULL, { "F32[3] 1 2 3", "F32[1] 2" }, { "BOOL[3] 1 1 0" } },
    { "Max", "1", "consumed_inputs=[0,0]", { "F32[2] 1 5", "F32[2] 3 2" }, { "F32[2] 3 5" } },
    { "Max", "6", NULL, { "F32[2] 1 5", "F32[2] 3 2", "F32[2] 2 9" }, { "F32[2] 3 9" } },
    { "Max", "8 12 13", NULL, { "F32[2] 1 5", "F32[] 3" }, { "F32[2] 3 5" } },
    { "Mean", "1", "consumed_inputs=[0,0]", { "F32[2] 1 5", "F32[2] 3 2" }, { "F32[2] 2 3.5" } },
    { "Mean", "6", NULL, { "F32[2] 1 5", "F32[2] 3 2" }, { "F32[2] 2 3.5" } },
    { "Mean", "8 13", NULL, { "F32[2] 1 5", "F32[] 3" }, { "F32[2] 2 4" } },
    { "Min", "1", "consumed_inputs=[0,0]", { "F32[2] 1 5", "F32[2] 3 2" }, { "F32[2] 1 2" } },
    { "Min", "6", NULL, { "F32[2] 1 5", "F32[2] 3 2", "F32[2] 0 9" }, { "F32[2] 0 2" } },
    { "Min", "8 12 13", NULL, { "F32[2] 1 5", "F32[] 3" }, { "F32[2] 1 3" } },
    { "Mod", "10 13", NULL, { "I32[2] 7 -7", "I32[2] 3 3" }, { "I32[2] 1 2" } },
    { "Mod", "10 13", "fmod=1", { "F32[2] 7.5 -7", "F32[2] 2 3" }, { "F32[2] 1.5 -1" } },
    { "Mul", "1", "broadcast=1 axis=0 consumed_inputs=[0,0]", { "F32[2,2] 1 2 3 4", "F32[2] 10 20" }, { "F32[2,2] 10 20 60 80" } },
    { "Mul", "1 6", "broadcast=1", { "F32[2,2] 1 2 3 4", "F32[2] 10 20" }, { "F32[2,2] 10 40 30 80" } },
    { "Mul", "7 13 14", NULL, { "F32[2] 1 2", "F32[] 4" }, { "F32[2] 4 8" } },
    { "Or", "1", NULL, { "BOOL[2] 0 1", "BOOL[2] 0 1" }, { "BOOL[2] 0 1" } },
    { "Or", "1", "broadcast=1", { "BOOL[2,2] 0 0 1 0", "BOOL[2] 1 0" }, { "BOOL[2,2] 1 0 1 0" } },
    { "PRelu", "1", "consumed_inputs=[0,0]", { "F32[1,2,2] -1 2 -3 4", "F32[2] 0.5 0.25" }, { "F32[1,2,2] -0.5 2 -0.75 4" } },
    { "PRelu", "1 6", NULL, { "F32[1,2,2] -1 2 -3 4", "F32[1] 0.5" }, { "F32[1,2,2] -0.5 2 -1.5 4" } },
    { "PRelu", "7 9 16", NULL, { "F32[1,2,2] -1 2 -3 4", "F32[2,1] 0.5 0.25" }, { "F32[1,2,2] -0.5 2 -0.75 4" } },
    { "Pow", "7 12 13 15", NULL, { "F32[2] 2 3", "F32[] 2" }, { "F32[2] 4 9" } },
    { "Pow", "1", "broadcast=1 axis=0", { "F32[2,2] 1 2 3 4", "F32[2] 2 1" }, { "F32[2,2] 1 4 3 4" } },
    { "Sub", "1", "broadcast=1 axis=0 consumed_inputs=[0,0]", { "F32[2,2] 1 2 3 4", "F32[2] 10 20" }, { "F32[2,2] -9 -8 -17 -16" } },
    { "Sub", "1 6", "broadcast=1", { "F32[2,2] 1 2 3 4", "F32[2] 10 20" }, { "F32[2,2] -9 -18 -7 -16" } },
    { "Sub", "7 13 14", NULL, { "F32[2] 1 2", "F32[] 4" }, { "F32[2] -3 -2" } },
    { "Sum", "1", "consumed_inputs=[0,0]", { "F32[2] 1 5", "F32[2] 3 2" }, { "F32[2] 4 7" } },
    { "Sum", "6", NULL, { "F32[2] 1 5", "F32[2] 3 2", "F32[2] 1 1" }, { "F32[2] 5 8" } },
    { "Sum", "8 13", NULL, { "F32[2] 1 5", "F32[] 3" }, { "F32[2] 4 8" } },
    { "Xor", "1", NULL, { "BOOL[2] 0 1", "BOOL[2] 1 1" }, { "BOOL[2] 1 0" } },
    { "Xor", "1", "broadcast=1 axis=0", { "BOOL[2,2] 0 1 1 1", "BOOL[2] 1 0" }, { "BOOL[2,2] 1 0 1 1" } },
};

static const version_case shapes[] = {
    { "Concat", "1", NULL, { "F32[1,2] 1 2", "F32[1,1] 3" }, { "F32[1,3] 1 2 3" } }, /* along axis 1 */
    { "Concat", "1 4 11 13", "axis=0", { "F32[1,2] 1 2", "F32[1,2] 3 4" }, { "F32[2,2] 1 2 3 4" } },
    { "Concat", "11 13", "axis=-1", { "F32[1,2] 1 2", "F32[1,1] 3" }, { "F32[1,3] 1 2 3" } },
    { "ConstantOfShape", "9 20 21 23 24 25", "value={F32[1] 7}", { "I64[2] 1 2" }, { "F32[1,2] 7 7" } },
    { "ConstantOfShape", "9 20 21 23 24 25", NULL, { "I64[1] 2" }, { "F32[2] 0 0" } },
    { "DepthToSpace", "1 11 13", "blocksize=2", { "F32[1,4,1,1] 1 2 3 4" }, { "F32[1,1,2,2] 1 2 3 4" } },
    { "DepthToSpace", "11 13", "blocksize=2 mode='CRD'", { "F32[1,8,1,1] iota" }, { "F32[1,2,2,2] iota" } },
    { "Expand", "8 13", NULL, { "F32[2,1] 1 2", "I64[3] 1 1 2" }, { "F32[1,2,2] 1 1 2 2" } },
    { "EyeLike", "9 22", "k=1", { "F32[2,3] rand" }, { "F32[2,3] 0 1 0 0 0 1" } },
    { "EyeLike", "9 22", "dtype=7", { "F32[2,2] rand" }, { "I64[2,2] 1 0 0 1" } },
    { "Flatten", "1 9 11 13 21 23 24 25", "axis=2", { "F32[1,2,3] iota" }, { "F32[2,3] iota" } },
    { "Flatten", "1 9 11 13 21 23 24 25", NULL, { "F32[2,1,3] iota" }, { "F32[2,3] iota" } },
    { "Flatten", "11 13 21 23 24 25", "axis=-1", { "F32[1,2,3] iota" }, { "F32[2,3] iota" } },
    { "Identity", "1 13 14 16 19 21 23 24 25", NULL, { "F32[2] 1 2" }, { "F32[2] 1 2" } },
    { "Identity", "14 16 19 21 23 24 25", NULL, { "SEQ{F32[2] 1 2; F32[1] 3}" }, { "SEQ{F32[2] 1 2; F32[1] 3}" } },
    { "Identity", "16 19 21 23 24 25", NULL, { "OPT{F32[1] 3}" }, { "OPT{F32[1] 3}" } },
    { "Identity", "16 19 21 23 24 25", NULL, { "OPT{SEQ{F32[1] 3}}" }, { "OPT{SEQ{F32[1] 3}}" } },
    { "Pad", "1", "paddings=[0,1,0,1]", { "F32[1,2] 1 2" }, { "F32[1,4] 0 1 2 0" } },
    { "Pad", "1", "paddings=[0,1,1,0] value=9.0", { "F32[1,2] 1 2" }, { "F32[2,3] 9 1 2 9 9 9" } },
    { "Pad", "1", "paddings=[0,1,0,1] mode='edge'", { "F32[1,2] 1 2" }, { "F32[1,4] 1 1 2 2" } },
    { "Pad", "1", "paddings=[2,1] mode='reflect'", { "F32[3] 1 2 3" }, { "F32[6] 3 2 1 2 3 2" } },
    { "Pad", "1", "paddings=[-1,0]", { "F32[3] 1 2 3" }, { "F32[2] 2 3" } },
    { "Pad", "2", "pads=[2,1] mode='reflect'", { "F32[3] 1 2 3" }, { "F32[6] 3 2 1 2 3 2" } },
    { "Pad", "11 13 18 19 21 23 24 25", NULL, { "F32[2] 1 2", "I64[2] 1 1", "F32[] 5" }, { "F32[4] 5 1 2 5" } },
    { "Pad", "18 19 21 23 24 25", NULL, { "F32[1,2] 1 2", "I64[2] 1 0", "-", "I64[1] -1" }, { "F32[1,3] 0 1 2" } },
    { "Reshape", "1", "shape=[0,-1] consumed_inputs=[0]", { "F32[2,1,3] iota" }, { "F32[2,3] iota" } },
    { "Reshape", "5 13 14 19 21 23 24 25", NULL, { "F32[2,1,3] iota", "I64[2] 0 -1" }, { "F32[2,3] iota" } },
    { "Reshape", "14 19 21 23 24 25", "allowzero=1", { "F32[0,3]", "I64[2] 3 0" }, { "F32[3,0]" } },
    { "Shape", "1 13 15 19 21 23 24 25", NULL, { "F32[2,3] rand" }, { "I64[2] 2 3" } },
    { "Shape", "15 19 21 23 24 25", "start=-1", { "F32[2,3] rand" }, { "I64[1] 3" } },
    { "Size", "1 13 19 21 23 24 25", NULL, { "F32[2,3] rand" }, { "I64[] 6" } },
    { "Slice", "1", "starts=[1] ends=[-1] axes=[1]", { "F32[1,4] iota" }, { "F32[1,2] 1 2" } },
    { "Slice", "10 11 13", NULL, { "F32[2,4] iota", "I64[1] 3", "I64[1] -9", "I64[1] 1", "I64[1] -2" }, { "F32[2,2] 3 1 7 5" } },
    { "Slice", "10 11 13", NULL, { "F32[2,4] iota", "I64[2] 1 0", "I64[2] 9 -2" }, { "F32[1,2] 4 5" } },
    { "SpaceToDepth", "1 13", "blocksize=2", { "F32[1,1,2,2] 1 2 3 4" }, { "F32[1,4,1,1] 1 2 3 4" } },
    { "Split", "1", NULL, { "F32[4] iota" }, { "F32[2] 0 1", "F32[2] 2 3" } },
    { "Split", "1", "axis=1", { "F32[1,4] iota", "F32[2] 1 3" }, { "F32[1,1] 0", "F32[1,3] 1 2 3" } },
    { "Split", "1 2 11", "axis=1 split=[1,3]", { "F32[1,4] iota" }, { "F32[1,1] 0", "F32[1,3] 1 2 3" } },
    { "Split", "2 11", NULL, { "F32[4] iota" }, { "F32[2] 0 1", "F32[2] 2 3" } },
    { "Split", "13 18", NULL, { "F32[4] iota", "I64[2] 1 3" }, { "F32[1] 0", "F32[3] 1 2 3" } },
    { "Squeeze", "1 11", "axes=[1]", { "F32[1,1,2] 1 2" }, { "F32[1,2] 1 2" } },
    { "Squeeze", "1 11 13 21 23 24 25", NULL, { "F32[1,1,2] 1 2" }, { "F32[2] 1 2" } },
    { "Squeeze", "13 21 23 24 25", NULL, { "F32[1,1,2] 1 2", "I64[1] -2" }, { "F32[1,2] 1 2" } },
    { "Tile", "6 13", NULL, { "F32[1,2] 1 2", "I64[2] 2 2" }, { "F32[2,4] 1 2 1 2 1 2 1 2" } },
    { "Transpose", "1 13 21 23 24 25", NULL, { "F32[2,3] iota" }, { "F32[3,2] 0 3 1 4 2 5" } },
    { "Transpose", "1 13 21 23 24 25", "perm=[1,0,2]", { "F32[2,2,1] iota" }, { "F32[2,2,1] 0 2 1 3" } },
    { "Unsqueeze", "1 11", "axes=[0,2]", { "F32[2] 1 2" }, { "F32[1,2,1] 1 2" } },
    { "Unsqueeze", "13 21 23 24 25", NULL, { "F32[2] 1 2", "I64[2] 0 -1" }, { "F32[1,2,1] 1 2" } },
};

static const version_case indices[] = {
    { "ArgMax", "1 11 12 13", NULL, { "F32[2,2] 1 5 5 2" }, { "I64[1,2] 1 0" } },
    { "ArgMax", "1 11 12 13", "axis=1 keepdims=0", { "F32[2,2] 4 4 5 2" }, { "I64[2] 0 0" } },
    { "ArgMax", "12 13", "axis=1 keepdims=0 select_last_index=1", { "F32[2,2] 4 4 5 2" }, { "I64[2] 1 0" } },
    { "ArgMin", "1 11 12 13", NULL, { "F32[2,2] 1 5 5 2" }, { "I64[1,2] 0 1" } },
    { "ArgMin", "11 12 13", "axis=-1 keepdims=0", { "F32[2,2] 4 4 5 2" }, { "I64[2] 0 1" } },
    { "Compress", "9 11", "axis=1", { "F32[2,3] iota", "BOOL[3] 0 1 1" }, { "F32[2,2] 1 2 4 5" } },
    { "Compress", "9 11", NULL, { "F32[2,3] iota", "BOOL[4] 0 1 0 1" }, { "F32[2] 1 3" } },
    { "Gather", "1 11 13", "axis=1", { "F32[2,3] iota", "I64[2] 2 0" }, { "F32[2,2] 2 0 5 3" } },
    { "Gather", "11 13", NULL, { "F32[3] iota", "I64[] -1" }, { "F32[] 2" } },
    { "GatherElements", "11 13", "axis=1", { "F32[2,2] iota", "I64[2,1] 1 -2" }, { "F32[2,1] 1 2" } },
    { "GatherND", "11 12 13", NULL, { "F32[2,2] iota", "I64[2,2] 0 1 1 0" }, { "F32[2] 1 2" } },
    { "GatherND", "12 13", "batch_dims=1", { "F32[2,2] iota", "I64[2,1] 1 0" }, { "F32[2] 1 2" } },
    { "NonZero", "9 13", NULL, { "F32[2,2] 0 3 4 0" }, { "I64[2,2] 0 1 1 0" } },
    { "OneHot", "9 11", NULL, { "I64[2] 1 0", "I64[] 2", "F32[2] 0 1" }, { "F32[2,2] 0 1 1 0" } },
    { "OneHot", "9 11", "axis=0", { "F32[2] 1 0", "F32[1] 3", "I32[2] 5 6" }, { "I32[3,2] 5 6 6 5 5 5" } },
    { "Scatter", "9", "axis=1", { "F32[1,3] 1 2 3", "I64[1,1] 1", "F32[1,1] 9" }, { "F32[1,3] 1 9 3" } },
    { "ScatterElements", "11 13 16 18", "axis=1", { "F32[1,3] 1 2 3", "I64[1,1] -2", "F32[1,1] 9" }, { "F32[1,3] 1 9 3" } },
    { "ScatterElements", "16 18", "reduction='add'", { "F32[3] 1 2 3", "I64[2] 1 1", "F32[2] 9 5" }, { "F32[3] 1 16 3" } },
    { "ScatterND", "11 13 16 18", NULL, { "F32[3] 1 2 3", "I64[2,1] 2 0", "F32[2] 7 8" }, { "F32[3] 8 2 7" } },
    { "ScatterND", "16 18", "reduction='mul'", { "F32[3] 1 2 3", "I64[2,1] 2 2", "F32[2] 7 2" }, { "F32[3] 1 2 42" } },
    { "TopK", "1", "k=2 axis=0", { "F32[3] 1 3 2" }, { "F32[2] 3 2", "I64[2] 1 2" } },
    { "TopK", "10 11 24", "axis=0", { "F32[3] 1 3 2", "I64[1] 2" }, { "F32[2] 3 2", "I64[2] 1 2" } },
};

static const version_case reductions[] = {
    { "ReduceL1", "1 11 13", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] 7 3" } },
    { "ReduceL1", "18", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] 7 3" } },
    { "ReduceL2", "1 11 13", "axes=[1]", { "F32[2,2] 3 -4 6 8" }, { "F32[2,1] 5 10" } },
    { "ReduceL2", "18", NULL, { "F32[2,2] 3 -4 6 8", "I64[1] 1" }, { "F32[2,1] 5 10" } },
    { "ReduceLogSum", "1 11 13", "axes=[0] keepdims=0", { "F32[2,2] 1 2 0 2" }, { "F32[2] 0 1.38629436" } },
    { "ReduceLogSum", "18", "keepdims=0", { "F32[2,2] 1 2 0 2", "I64[1] 0" }, { "F32[2] 0 1.38629436" } },
    { "ReduceLogSumExp", "1 11 13", "axes=[1] keepdims=0", { "F32[2,2] 0 0 1000 1000" }, { "F32[2] 0.69314718 1000.69314" } },
    { "ReduceLogSumExp", "18", "keepdims=0", { "F32[2,2] 0 0 1000 1000", "I64[1] 1" }, { "F32[2] 0.69314718 1000.69314" } },
    { "ReduceMax", "1 11 12 13", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] 3 2" } },
    { "ReduceMax", "18 20", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] 3 2" } },
    { "ReduceMean", "1 11 13", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] -0.5 1.5" } },
    { "ReduceMean", "18", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] -0.5 1.5" } },
    { "ReduceMin", "1 11 12 13", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] -4 1" } },
    { "ReduceMin", "18 20", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] -4 1" } },
    { "ReduceProd", "1 11 13", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] -12 2" } },
    { "ReduceProd", "18", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] -12 2" } },
    { "ReduceSum", "1 11", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] -1 3" } },
    { "ReduceSum", "13", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] -1 3" } },
    { "ReduceSumSquare", "1 11 13", "axes=[1] keepdims=0", { "F32[2,2] 3 -4 1 2" }, { "F32[2] 25 5" } },
    { "ReduceSumSquare", "18", "keepdims=0", { "F32[2,2] 3 -4 1 2", "I64[1] 1" }, { "F32[2] 25 5" } },
    { "ReduceMax", "11 12 13", "axes=[-1]", { "F32[1,2] 3 -4" }, { "F32[1,1] 3" } },
    /* without axes: all of them */
    { "ReduceSum", "1 11 13", NULL, { "F32[1,2] 3 -4" }, { "F32[1,1] -1" } },
    /* old versions flatten: everything from `axis` on is one axis */
    { "Hardmax", "1 11", NULL, { "F32[1,2,2] 1 4 3 2" }, { "F32[1,2,2] 0 1 0 0" } },
    { "Hardmax", "13", NULL, { "F32[1,2,2] 1 4 3 2" }, { "F32[1,2,2] 0 1 1 0" } },
    { "LogSoftmax", "1 11", NULL, { "F32[1,2,2] 0 0 0 0" }, { "F32[1,2,2] -1.38629436 -1.38629436 -1.38629436 -1.38629436" } },
    { "LogSoftmax", "13", NULL, { "F32[1,2,2] 0 0 0 0" }, { "F32[1,2,2] -0.69314718 -0.69314718 -0.69314718 -0.69314718" } },
    { "Softmax", "1 11", NULL, { "F32[1,2,2] 0 0 0 0" }, { "F32[1,2,2] 0.25 0.25 0.25 0.25" } },
    { "Softmax", "13", NULL, { "F32[1,2,2] 0 0 0 0" }, { "F32[1,2,2] 0.5 0.5 0.5 0.5" } },
};

static void test_elementwise(void **state)
{
    (void)state;
    VERSION_CASES_RUN(elementwise);
}

static void test_binary(void **state)
{
    (void)state;
    VERSION_CASES_RUN(binary);
}

static void test_shapes(void **state)
{
    (void)state;
    VERSION_CASES_RUN(shapes);
}

static void test_indices(void **state)
{
    (void)state;
    VERSION_CASES_RUN(indices);
}

static void test_reductions(void **state)
{
    (void)state;
    VERSION_CASES_RUN(reductions);
}
/* clang-format on */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise), cmocka_unit_test(test_binary),
        cmocka_unit_test(test_shapes),      cmocka_unit_test(test_indices),
        cmocka_unit_test(test_reductions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
