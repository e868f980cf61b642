/* test_ops_ms_shape.c - ONNX Runtime's cousins of ONNX's operators: vectors, errors, gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define MS "com.microsoft:"
#define BOX(v) "F32[1,1,2,2] 1 2 3 4", "F32[1,4] " v

static const op_case cases[] = {
    { MS "ExpandDims", 1, NULL, { "F32[2] 1 2", "I32[] 0" }, { "F32[1,2] 1 2" } },
    { MS "ExpandDims", 1, NULL, { "STRING[2] 'a' 'b'", "I32[1] -1" }, { "STRING[2,1] 'a' 'b'" } },
    { MS "ExpandDims", 1, NULL, { "F32[2] 1 2", "I32[] 2" }, .error = "axis: 2" },
    { MS "ExpandDims", 1, NULL, { "F32[2] 1 2", "I32[2] 0 1" }, .error = "input 1: shape [2], want one element" },
    { MS "GatherND", 1, NULL, { "F32[2,2] 1 2 3 4", "I64[1,2] 1 0" }, { "F32[1] 3" } },
    { MS "GatherND", 1, NULL, { "F32[2,2] 1 2 3 4", "I64[1,2] 2 0" }, .error = "GatherND: " },
    { MS "GridSample", 1, "align_corners=1", { "F32[1,1,2,2] 1 2 3 4", "F32[1,1,2,2] 0 0 -1 1" }, { "F32[1,1,1,2] 2.5 3" } },
    { MS "GridSample", 1, "mode='round'", { "F32[1,1,2,2] 1 2 3 4", "F32[1,1,2,2] 0 0 -1 1" }, .error = "GridSample: " },
    { MS "Pad", 1, NULL, { "F32[2] 1 2", "I64[2] 1 -1", "F32[1] 9" }, { "F32[2] 9 1" } },
    { MS "Pad", 1, "mode='edge'", { "F32[2] 1 2", "I64[1,2] 1 1" }, { "F32[4] 1 1 2 2" } },
    { MS "Pad", 1, NULL, { "F32[2] 1 2", "I64[2,1] 1 1" }, .error = "pads: dim 0 is 2, want 1" },
    { MS "Pad", 1, NULL, { "F32[2] 1 2", "I64[3] 1 1 1" }, .error = "Pad: " },
    { MS "Range", 1, NULL, { "I32[] 3", "I32[1] 6" }, { "I32[3] 3 4 5" } },
    { MS "Range", 1, NULL, { "F64[] 3", "F64[] 0", "F64[] -1.5" }, { "F64[2] 3 1.5" } },
    { MS "Trilu", 1, "upper=0", { "F32[2,2] 1 2 3 4" }, { "F32[2,2] 1 0 3 4" } },
    { MS "Trilu", 1, NULL, { "I64[2,2] 1 2 3 4", "I64[1] 1" }, { "I64[2,2] 0 2 0 0" } },
    { MS "Trilu", 1, NULL, { "F32[2] 1 2" }, .error = "Trilu: " },
    { MS "Unique", 1, NULL, { "F32[5] 3 1 3 2 1" }, { "F32[3] 3 1 2", "I64[5] 0 1 0 2 1", "I64[3] 2 2 1" } },
    { MS "Unique", 1, NULL, { "F32[1,2] 3 1" }, .error = "x: rank 2, want 1" },

    { MS "Inverse", 1, NULL, { "F32[2,2] 0 2 4 0" }, { "F32[2,2] 0 0.25 0.5 0" } },
    { MS "Inverse", 1, NULL, { "F64[2,1,1] 2 -4" }, { "F64[2,1,1] 0.5 -0.25" } },
    { MS "Inverse", 1, NULL, { "F16[2,2] 1 1 0 1" }, { "F16[2,2] 1 -1 0 1" } },
    { MS "Inverse", 1, NULL, { "F32[0,2,2]" }, { "F32[0,2,2]" } },
    { MS "Inverse", 1, NULL, { "F32[2,2] 1 2 2 4" }, .error = "singular" },
    { MS "Inverse", 1, NULL, { "F32[2,2] nan 2 2 4" }, .error = "singular" },
    { MS "Inverse", 1, NULL, { "F32[1,2] 1 2" }, .error = "columns: 2, want 1" },
    { MS "Inverse", 1, NULL, { "F32[2] 1 2" }, .error = "rank 1, want at least 2" },
    { MS "Inverse", 1, NULL, { "I32[1,1] 1" }, .error = "int32, want a float" },

    { MS "MurmurHash3", 1, NULL, { "I32[2] 3 4" }, { "U32[2] 847579505 1889779975" } },
    { MS "MurmurHash3", 1, "positive=0", { "I32[1] 4" }, { "I32[1] 1889779975" } },
    { MS "MurmurHash3", 1, NULL, { "STRING[3] '' 'test' 'abcde'" }, { "U32[3] 0 3127628307 3902511862" } },
    { MS "MurmurHash3", 1, NULL, { "U8[1] 3" }, .error = "uint8, want numbers of 32 or 64 bits, or strings" },

    { MS "CropAndResize", 1, NULL, { BOX("0 0 1 1"), "I32[1] 0", "I32[2] 3 1" }, { "F32[1,1,3,1] 1.5 2.5 3.5" } },
    { MS "CropAndResize", 1, "extrapolation_value=-1.0", { BOX("0 0 2 0"), "I32[1] 0", "I32[2] 3 1" }, { "F32[1,1,3,1] 1 3 -1" } },
    { MS "CropAndResize", 1, "extrapolation_value=-1.0", { BOX("nan 0 1 1"), "I32[1] 0", "I32[2] 1 1" }, { "F32[1,1,1,1] -1" } },
    { MS "CropAndResize", 1, "mode='nearest'", { BOX("0 0.75 1 0.75"), "I32[1] 0", "I32[2] 2 1" }, { "F32[1,1,2,1] 2 4" } },
    { MS "CropAndResize", 1, "mode='cubic'", { BOX("0 0 1 1"), "I32[1] 0", "I32[2] 3 1" }, .error = "mode: unknown" },
    { MS "CropAndResize", 1, NULL, { BOX("0 0 1 1"), "I32[1] 1", "I32[2] 3 1" }, .error = "batch_indices[0]: 1, want 0 to 0" },
    { MS "CropAndResize", 1, NULL, { BOX("0 0 1 1"), "I32[2] 0 0", "I32[2] 3 1" }, .error = "batch_indices: 1, want 2" },
    { MS "CropAndResize", 1, NULL, { BOX("0 0 1 1"), "I32[1] 0", "I32[2] 0 1" }, .error = "crop_size: want two positive numbers" },
};

static const grad_case grads[] = {
    { MS "ExpandDims", 1, NULL, { "F64[2,3] rand", "I32[] 1" }, .wrt = "x." },
    { MS "GatherND", 1, NULL, { "F64[2,3] rand", "I64[2,1] 1 1" }, .wrt = "x." },
    { MS "GridSample", 1, NULL, { "F64[1,1,3,3] rand", "F64[1,2,2,2] rand(-0.9,0.9)" } },
    { MS "Inverse", 1, NULL, { "F64[2,3,3] rand" }, .rtol = 1e-4 },
    { MS "Pad", 1, NULL, { "F64[2] rand", "I64[2] 1 -1", "F64[1] rand" } },
    { MS "Trilu", 1, NULL, { "F64[3,3] rand" } },
};
/* clang-format on */

static void test_cases(void **state)
{
    (void)state;
    OP_CASES_RUN(cases);
}

static void test_grads(void **state)
{
    (void)state;
    GRAD_CASES_RUN(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
