/* test_ops_sample.c - grids, regions, moved taps, boxes, columns: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define ROW "F32[1,1,1,4] 1 2 4 8"
#define AT(x) "F32[1,1,1,2] " x " 0"
#define BOXES "F32[1,4,4] 0 0 1 1 0 0.1 1 1.1 0 10 1 11 0 -0.1 1 0.9"
#define SCORES "F32[1,1,4] 0.9 0.75 0.6 0.95"

static const op_case cases[] = {
    { "GridSample", 16, "mode='bilinear' align_corners=1", { ROW, AT("0") }, { "F32[1,1,1,1] 3" } },
    { "GridSample", 16, NULL, { ROW, AT("0") }, { "F32[1,1,1,1] 3" } },
    { "GridSample", 20, NULL, { "I64[1,1,1,4] 1 2 5 8", AT("0") }, { "I64[1,1,1,1] 3" } }, /* 3.5, cut */
    { "GridSample", 20, NULL, { "C64[1,1,1,4] 0,0 2,4 4,2 0,0", AT("0") }, { "C64[1,1,1,1] 3,3" } },
    { "GridSample", 20, "mode='nearest'", { "I64[1,1,1,4] 1 2 3 9223372036854775807", AT("0.9") }, { "I64[1,1,1,1] 9223372036854775807" } },
    { "GridSample", 20, "mode='nearest'", { "STRING[1,2,1,2] 'a' 'b' 'c' 'd'", AT("0.5") }, { "STRING[1,2,1,1] 'b' 'd'" } },
    { "GridSample", 16, "mode='nearest'", { "STRING[1,2,1,2] 'a' 'b' 'c' 'd'", AT("5") }, { "STRING[1,2,1,1] '' ''" } },
    { "GridSample", 22, "mode='nearest'", { "STRING[1,2,1,2] 'a' 'b' 'c' 'd'", AT("0.5") }, { "STRING[1,2,1,1] 'b' 'd'" } },
    { "GridSample", 22, NULL, { "STRING[1,1,1,1] 'a'", AT("0") }, .error = "mode: string can only be nearest" },
    { "GridSample", 20, "align_corners=1", { ROW, AT("2") }, { "F32[1,1,1,1] 0" } },
    { "GridSample", 20, "align_corners=1 padding_mode='border'", { ROW, AT("2") }, { "F32[1,1,1,1] 8" } },
    { "GridSample", 22, "align_corners=1 padding_mode='reflection'", { ROW, AT("1.6666667") }, { "F32[1,1,1,1] 4" } },
    { "GridSample", 22, "mode='nearest' padding_mode='reflection'", { ROW, AT("-1.45") }, { "F32[1,1,1,1] 1" } },
    { "GridSample", 22, "mode='cubic' align_corners=1 padding_mode='border'", { ROW, AT("0.33333334") }, { "F32[1,1,1,1] 4" } },
    { "GridSample", 22, NULL, { ROW, "F32[1,1,2,2] nan 0 inf 0" }, { "F32[1,1,1,2] 0 0" } },
    { "GridSample", 22, "padding_mode='border'", { ROW, "F32[1,1,2,2] -inf 0 1e30 0" }, { "F32[1,1,1,2] 1 8" } },
    { "GridSample", 20, "mode='nearest'", { "F16[1,1,2,1,1] 1 2", "F16[1,1,1,1,3] 0 0 0.9" }, { "F16[1,1,1,1,1] 2" } },
    { "GridSample", 22, NULL, { "F32[1,1,1,0]", AT("0") }, { "F32[1,1,1,1] 0" } },
    { "GridSample", 20, "mode='best'", { ROW, AT("0") }, .error = "mode: 'best'" },
    { "GridSample", 20, "padding_mode='best'", { ROW, AT("0") }, .error = "padding_mode: 'best'" },
    { "GridSample", 20, NULL, { ROW, "F32[1,1,1,3] 0 0 0" }, .error = "grid: coordinates" },
    { "GridSample", 20, NULL, { ROW, "F32[2,1,1,2] 0 0 0 0" }, .error = "grid: batch" },
    { "GridSample", 20, NULL, { ROW, "F32[1,1,2] 0 0" }, .error = "grid: rank 3" },
    { "GridSample", 22, NULL, { ROW, "I32[1,1,1,2] 0 0" }, .error = "input 1 (grid): int32, want float16, float32, float64 or bfloat16" },

    { "AffineGrid", 20, "align_corners=1", { "F32[1,2,3] 1 0 0 0 2 1", "I64[4] 1 1 2 2" }, { "F32[1,2,2,2] -1 -1 1 -1 -1 3 1 3" } },
    { "AffineGrid", 20, NULL, { "F32[1,2,3] 1 0 0 0 1 0", "I64[4] 1 1 1 2" }, { "F32[1,1,2,2] -0.5 0 0.5 0" } },
    { "AffineGrid", 20, NULL, { "F64[1,3,4] 1 0 0 5 0 1 0 6 0 0 1 7", "I64[5] 1 1 1 1 1" }, { "F64[1,1,1,1,3] 5 6 7" } },
    { "AffineGrid", 20, NULL, { "F32[1,2,3] 1 0 0 0 1 0", "I64[3] 1 1 2" }, .error = "size: 3 numbers" },
    { "AffineGrid", 20, NULL, { "F32[1,2,3] 1 0 0 0 1 0", "I64[5] 1 1 2 2 2" }, .error = "theta: rows" },
    { "AffineGrid", 20, NULL, { "F32[1,2,3] 1 0 0 0 1 0", "I64[4] 1 1 -2 2" }, .error = "size: -2" },

    { "RoiAlign", 16, "output_height=1 output_width=2 sampling_ratio=1", { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 2 2", "I64[1] 0" }, { "F32[1,1,1,2] 2 3" } },
    { "RoiAlign", 10, "sampling_ratio=1", { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 0 0", "I64[1] 0" }, { "F32[1,1,1,1] 2.5" } },
    { "RoiAlign", 16, "mode='max' sampling_ratio=1", { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 2 2", "I64[1] 0" }, { "F32[1,1,1,1] 1" } },
    { "RoiAlign", 16, NULL, { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] nan nan nan nan", "I64[1] 0" }, { "F32[1,1,1,1] 0" } },
    { "RoiAlign", 16, NULL, { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 2 2", "I64[1] 1" }, .error = "batch_indices[0]: 1" },
    { "RoiAlign", 16, NULL, { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 2 2", "I64[1] -1" }, .error = "batch_indices[0]: -1" },
    { "RoiAlign", 16, NULL, { "F32[1,1,0,2]", "F32[1,4] 0 0 2 2", "I64[1] 0" }, .error = "an empty picture" },
    { "RoiAlign", 16, NULL, { "F32[1,1,2,2] 1 2 3 4", "F32[1,5] 0 0 2 2 2", "I64[1] 0" }, .error = "rois: width" },
    { "RoiAlign", 16, "output_height=0", { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 2 2", "I64[1] 0" }, .error = "output: 0 x 1" },
    { "RoiAlign", 16, "mode='sum'", { "F32[1,1,2,2] 1 2 3 4", "F32[1,4] 0 0 2 2", "I64[1] 0" }, .error = "mode: 'sum'" },

    { "MaxRoiPool", 1, "pooled_shape=[1,2]", { "F32[1,1,2,2] 1 2 3 4", "F32[1,5] 0 0 0 1 1" }, { "F32[1,1,1,2] 3 4" } },
    { "MaxRoiPool", 22, "pooled_shape=[1,1] spatial_scale=0.5", { "F32[2,1,2,2] 1 2 3 4 5 6 7 8", "F32[2,5] 1 0 0 1 1 0 8 8 9 9" }, { "F32[2,1,1,1] 8 0" } },
    { "MaxRoiPool", 1, "pooled_shape=[1,1]", { "F32[1,1,2,2] 1 2 3 4", "F32[1,5] 1 0 0 1 1" }, .error = "rois[0]: picture 1" },
    { "MaxRoiPool", 1, "pooled_shape=[1]", { "F32[1,1,2,2] 1 2 3 4", "F32[1,5] 0 0 0 1 1" }, .error = "pooled_shape" },

    { "DeformConv", 19, NULL, { "F32[1,1,2,2] 1 2 3 4", "F32[1,1,1,1] 10", "F32[1,2,2,2] 0 0 0 0 0.5 0 0 1", "F32[1] 1" },
      { "F32[1,1,2,2] 16 21 31 1" } },
    { "DeformConv", 22, "kernel_shape=[2,2]", { "F32[1,1,2,2] 1 2 3 4", "F32[1,1,2,2] 1 1 1 1", "F32[1,8,1,1] 0 0 0 0 0 0 0 0", "-", "F32[1,4,1,1] 1 1 1 0.5" },
      { "F32[1,1,1,1] 8" } },
    { "DeformConv", 19, "offset_group=2", { "F32[1,1,1,1] 1", "F32[1,1,1,1] 1", "F32[1,4,1,1] 0 0 0 0" }, .error = "offset groups" },
    { "DeformConv", 19, NULL, { "F32[1,1,1,1] 1", "F32[1,1,1,1] 1", "F32[1,4,1,1] 0 0 0 0" }, .error = "4, want 2" },
    { "DeformConv", 19, "group=0", { "F32[1,1,1,1] 1", "F32[1,1,1,1] 1", "F32[1,2,1,1] 0 0" }, .error = "group" },

    { "Col2Im", 18, "pads=[0,1,0,0]", { "F32[1,2,2] 1 2 3 4", "I64[2] 1 2", "I64[2] 1 2" }, { "F32[1,1,1,2] 5 4" } },
    { "Col2Im", 18, "pads=[0,1,0,0]", { "I8[1,2,2] 1 2 3 4", "I64[2] 1 2", "I64[2] 1 2" }, { "I8[1,1,1,2] 5 4" } },
    { "Col2Im", 18, "pads=[0,1,0,0]", { "BOOL[1,2,2] 0 1 1 0", "I64[2] 1 2", "I64[2] 1 2" }, { "BOOL[1,1,1,2] 1 0" } },
    { "Col2Im", 18, "pads=[0,1,0,0]", { "C128[1,2,2] 1,1 2,2 3,3 4,4", "I64[2] 1 2", "I64[2] 1 2" }, { "C128[1,1,1,2] 5,5 4,4" } },
    { "Col2Im", 18, NULL, { "STRING[1,2,1] 'a' 'b'", "I64[1] 2", "I64[1] 2" }, { "STRING[1,1,2] 'a' 'b'" } },
    { "Col2Im", 18, NULL, { "STRING[1,1,2] 'a' 'b'", "I64[1] 2", "I64[1] 1" }, { "STRING[1,1,2] 'a' 'b'" } },
    { "Col2Im", 18, NULL, { "STRING[1,2,2] 'a' 'b' 'c' 'd'", "I64[1] 3", "I64[1] 2" }, .error = "blocks of strings that overlap" },
    { "Col2Im", 18, NULL, { "F64[1,4,1] 1 2 3 4", "I64[1] 2", "I64[1] 2" }, { "F64[1,2,2] 1 2 3 4" } },
    { "Col2Im", 18, NULL, { "F32[1,3,1] 1 2 3", "I64[1] 2", "I64[1] 2" }, .error = "3 rows, want a multiple of 2" },
    { "Col2Im", 18, NULL, { "F32[1,2,2] 1 2 3 4", "I64[1] 2", "I64[1] 2" }, .error = "input: blocks" },
    { "Col2Im", 18, NULL, { "F32[1,2,1] 1 2", "I64[1] -2", "I64[1] 2" }, .error = "-2, 2, want positive" },
    { "Col2Im", 18, NULL, { "F32[1,2,1] 1 2", "I64[2] 2 2", "I64[1] 2" }, .error = "block_shape: 1 numbers" },

    { "Det", 11, NULL, { "F32[2,2] 1 2 3 4" }, { "F32[] -2" } },
    { "Det", 22, NULL, { "F64[2,3,3] 0 1 0 1 0 0 0 0 2 1 2 3 2 4 6 1 0 0" }, { "F64[2] -2 0" } },
    { "Det", 22, NULL, { "F16[1,0,0]" }, { "F16[1] 1" } },
    { "Det", 22, NULL, { "F32[2,3] 1 2 3 4 5 6" }, .error = "columns: 3, want 2" },

    { "NonMaxSuppression", 10, NULL, { BOXES, SCORES, "I64[1] 3", "F32[1] 0.5", "F32[1] 0" }, { "I64[2,3] 0 0 3 0 0 2" } },
    { "NonMaxSuppression", 11, NULL, { BOXES, SCORES, "I64[] 3", "F32[] 0.9" }, { "I64[3,3] 0 0 3 0 0 0 0 0 1" } },
    { "NonMaxSuppression", 11, NULL, { BOXES, SCORES, "I64[] 3", "F32[] 1", "F32[] 0.75" }, { "I64[2,3] 0 0 3 0 0 0" } },
    { "NonMaxSuppression", 11, NULL, { BOXES, SCORES }, { "I64[0,3]" } },
    { "NonMaxSuppression", 11, "center_point_box=1", { "F32[1,2,4] 0.5 0.5 1 1 0.5 0.6 1 1", "F32[1,1,2] 1 1", "I64[1] 9", "F32[1] 0.5" }, { "I64[1,3] 0 0 0" } },
    { "NonMaxSuppression", 11, NULL, { BOXES, SCORES, "I64[1] 3", "F32[1] 2" }, .error = "iou_threshold: 2" },
    { "NonMaxSuppression", 11, NULL, { BOXES, "F32[1,1,3] 1 1 1" }, .error = "scores: boxes" },
    { "NonMaxSuppression", 11, NULL, { "F32[1,1,3] 1 2 3", "F32[1,1,1] 1" }, .error = "boxes: numbers" },
};

static const grad_case grads[] = {
    { "Det", 11, NULL, { "F64[3,3] rand" } },
    { "Det", 22, NULL, { "F64[2,1,4,4] rand" } },
    { "Det", 22, NULL, { "F64[2,1,1] rand" } },
    { "Det", 22, NULL, { "F64[3,3] 1 2 3 2 4 6 0 1 5" } }, /* singular */
    { "GridSample", 16, NULL, { "F64[2,2,3,4] rand", "F64[2,2,3,2] rand(-0.95,0.95)" } },
    { "GridSample", 20, "align_corners=1 padding_mode='border'", { "F64[1,2,3,4] rand", "F64[1,2,3,2] rand(-1.5,1.5)" } },
    { "GridSample", 22, "padding_mode='reflection'", { "F64[1,2,3,4] rand", "F64[1,2,3,2] rand" } },
    { "GridSample", 22, "mode='cubic' padding_mode='reflection' align_corners=1", { "F64[1,2,3,4] rand", "F64[1,2,3,2] rand" } },
    { "GridSample", 22, "mode='cubic'", { "F64[1,1,3,4] rand", "F64[1,2,3,2] rand" } },
    { "GridSample", 22, "mode='nearest'", { "F64[1,1,3,4] rand", "F64[1,2,3,2] rand" }, .wrt = "x0" },
    { "GridSample", 22, NULL, { "F64[1,2,2,3,2] rand", "F64[1,1,2,2,3] rand(-0.9,0.9)" } },
    { "AffineGrid", 20, NULL, { "F64[2,2,3] rand", "I64[4] 2 1 2 3" }, .wrt = "x." },
    { "AffineGrid", 20, "align_corners=1", { "F64[1,3,4] rand", "I64[5] 1 1 2 3 2" }, .wrt = "x." },
    { "RoiAlign", 10, "output_height=2 output_width=2", { "F64[2,2,4,4] rand", "F64[3,4] 0 0 2 2 1 1 9 9 0.5 0.2 0.6 3", "I64[3] 0 1 1" }, .wrt = "x.." },
    { "RoiAlign", 16, "output_height=2 spatial_scale=0.5 sampling_ratio=2", { "F64[2,2,4,4] rand", "F64[2,4] 0 0 2 7 1 1 9 9", "I64[2] 0 1" }, .wrt = "x.." },
    { "Col2Im", 18, "pads=[0,1,1,0] strides=[2,1]", { "F64[2,8,6] rand", "I64[2] 4 3", "I64[2] 2 2" }, .wrt = "x.." },
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
