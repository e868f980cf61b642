/* test_ops_shape_resize.c - Resize and Upsample: vectors, errors and gradients. Expected numbers of
 * linear and cubic cases are PyTorch's (torch.nn.functional.interpolate) where it has the mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

static const op_case vectors[] = {
    { "Upsample",
      1,
      "height_scale=2.0 width_scale=1.5",
      { "F32[1,1,1,2] 1 2" },
      { "F32[1,1,2,3] 1 1 2 1 1 2" } },
    { "Upsample",
      1,
      "height_scale=1.0 width_scale=2.0 mode='bilinear'",
      { "F64[1,1,1,2] 1 3" },
      { "F64[1,1,1,4] 1 2 3 3" } },
    { "Upsample",
      6,
      "height_scale=1.0 width_scale=2.0",
      { "BOOL[1,1,1,2] 1 0" },
      { "BOOL[1,1,1,4] 1 1 0 0" } },
    { "Upsample",
      1,
      "height_scale=0.0 width_scale=2.0",
      { "F32[1,1,1,2] 1 3" },
      .error = "height_scale, width_scale: 0, 2, want more than 0" },
    { "Upsample",
      1,
      "height_scale=1.0 width_scale=2.0",
      { "F32[1,2] 1 3" },
      .error = "rank 2, want 4" },
    { "Upsample",
      1,
      "width_scale=2.0",
      { "F32[1,1,1,2] 1 3" },
      .error = "attribute height_scale: missing" },
    { "Upsample",
      10,
      NULL,
      { "F32[2,1] 1 2", "F32[2] 2 1" },
      .error = "Upsample-10): withdrawn in version 10, want Resize" },
    { "Upsample", 7, "scales=[1.0,2.0]", { "F32[1,2] 1 2" }, { "F32[1,4] 1 1 2 2" } },
    { "Upsample", 9, NULL, { "F32[2,1] 1 2", "F32[2] 2 1" }, { "F32[4,1] 1 1 2 2" } },
    { "Upsample", 9, "mode='linear'", { "F32[2] 1 3", "F32[1] 2" }, { "F32[4] 1 2 3 3" } },
    { "Upsample", 9, NULL, { "STRING[2] 'a' 'b'", "F32[1] 2" }, { "STRING[4] 'a' 'a' 'b' 'b'" } },
    { "Upsample", 9, NULL, { "U8[3] 1 2 3", "F32[1] 2" }, { "U8[6] 1 1 2 2 3 3" } },
    { "Resize", 10, NULL, { "F32[2,4] 1 2 3 4 5 6 7 8", "F32[2] 0.6 0.6" }, { "F32[1,2] 1 3" } },
    { "Resize", 13, NULL, { "F32[4] 1 2 3 4", "-", "-", "I64[1] 2" }, { "F32[2] 1 3" } },
    { "Resize", /* one pixel is the first one, not what a cubic makes of its neighbours */
      13,
      "mode='cubic' coordinate_transformation_mode='pytorch_half_pixel'",
      { "F32[4] 1 2 3 4", "-", "-", "I64[1] 1" },
      { "F32[1] 1" } },
    { "Resize", /* an axis that keeps its length is not blended with itself */
      11,
      "mode='linear' coordinate_transformation_mode='tf_half_pixel_for_nn'",
      { "F32[2,2] 0 4 100 104", "F32[0]", "F32[2] 1 2" },
      { "F32[2,4] 1 3 4 4 101 103 104 104" } },
    { "Resize",
      13,
      "nearest_mode='ceil'",
      { "F32[4] 1 2 3 4", "-", "-", "I64[1] 2" },
      { "F32[2] 2 4" } },
    { "Resize",
      13,
      "nearest_mode='round_prefer_ceil' coordinate_transformation_mode='asymmetric'",
      { "F32[2] 1 2", "-", "F32[1] 2" },
      { "F32[4] 1 2 2 2" } },
    { "Resize",
      11,
      "mode='linear'",
      { "F32[4] 1 2 3 4", "-", "-", "I64[1] 8" },
      { "F32[8] 1 1.25 1.75 2.25 2.75 3.25 3.75 4" } },
    { "Resize",
      11,
      "mode='linear' coordinate_transformation_mode='align_corners'",
      { "F32[2,2] 1 2 3 4", "F32[0]", "F32[0]", "I64[2] 3 3" },
      { "F32[3,3] 1 1.5 2 2 2.5 3 3 3.5 4" } },
    { "Resize",
      13,
      "mode='cubic'",
      { "F32[4] 1 2 4 8", "-", "-", "I64[1] 6" },
      { "F32[6] 0.913194656 1.3125 2.304397821 3.38310194 6.187500477 8.347221375" } },
    { "Resize",
      18,
      "mode='linear' antialias=1 exclude_outside=1",
      { "F32[6] 1 2 3 4 5 9", "-", "-", "I64[1] 3" },
      { "F32[3] 1.714285731 3.5 6.571428776" } },
    { "Resize",
      18,
      "mode='linear' axes=[1]",
      { "F32[1,2] 0 4", "-", "F32[1] 2" },
      { "F32[1,4] 0 1 3 4" } },
    { "Resize",
      18,
      "axes=[0] keep_aspect_ratio_policy='not_larger'",
      { "F32[2,1] 1 2", "-", "-", "I64[1] 4" },
      { "F32[4,1] 1 1 2 2" } },
    { "Resize",
      18,
      "keep_aspect_ratio_policy='not_larger'",
      { "F32[1,2] 1 2", "-", "-", "I64[2] 9 4" },
      { "F32[2,4] 1 1 2 2 1 1 2 2" } },
    { "Resize",
      13,
      "mode='linear' coordinate_transformation_mode='tf_crop_and_resize' extrapolation_value=9.0",
      { "F32[3] 1 2 3", "F32[2] 0.5 1.5", "-", "I64[1] 3" },
      { "F32[3] 2 3 9" } },
    { "Resize",
      13,
      "coordinate_transformation_mode='tf_crop_and_resize' extrapolation_value=9.0",
      { "I32[3] 1 2 3", "F32[2] 0.5 1.5", "-", "I64[1] 3" },
      { "I32[3] 2 3 9" } },
    { "Resize",
      13,
      "mode='linear'",
      { "U8[2] 0 255", "-", "-", "I64[1] 4" },
      { "U8[4] 0 63 191 255" } },
    { "Resize",
      13,
      "mode='cubic'",
      { "U8[4] 0 0 255 255", "-", "-", "I64[1] 8" },
      { "U8[8] 0 0 0 57 197 255 255 255" } },
    { "Resize",
      13,
      "mode='linear'",
      { "F16[2] 1 3", "-", "-", "I64[1] 4" },
      { "F16[4] 1 1.5 2.5 3" } },
    { "Resize", 13, NULL, { "F32[2] 1 2", "-", "F32[1] 0.1" }, { "F32[0]" } },
};

static const op_case errors[] = {
    { "Resize", 13, NULL, { "F32[2] 1 2" }, .error = "scales and sizes: want one of them" },
    { "Resize",
      13,
      NULL,
      { "F32[2] 1 2", "-", "F32[1] 2", "I64[1] 2" },
      .error = "want one of them" },
    { "Resize",
      13,
      NULL,
      { "F32[2] 1 2", "-", "F32[2] 2 2" },
      .error = "scales: 2 numbers, want 1" },
    { "Resize", 13, NULL, { "F32[2] 1 2", "-", "F32[1] -1" }, .error = "scales: -1" },
    { "Resize", 13, NULL, { "F32[2] 1 2", "-", "F32[1] nan" }, .error = "scales: nan" },
    { "Resize", 13, NULL, { "F32[2] 1 2", "-", "F32[1] 1e30" }, .error = "scales: 1.00000002e+30" },
    { "Resize", 13, NULL, { "F32[2] 1 2", "-", "-", "I64[1] -4" }, .error = "sizes: -4" },
    { "Resize", 13, NULL, { "F32[0]", "-", "-", "I64[1] 4" }, .error = "no elements to resize" },
    { "Resize",
      13,
      "mode='area'",
      { "F32[2] 1 2", "-", "-", "I64[1] 4" },
      .error = "mode: 'area'" },
    { "Resize",
      13,
      "nearest_mode='x'",
      { "F32[2] 1 2", "-", "-", "I64[1] 4" },
      .error = "nearest_mode: 'x'" },
    { "Resize", 18, "antialias=1", { "F32[2] 1 2", "-", "-", "I64[1] 4" }, .error = "antialias" },
    { "Resize", 18, "axes=[0,0]", { "F32[2] 1 2", "-", "-", "I64[2] 4 4" }, .error = "twice" },
    { "Resize",
      13,
      "coordinate_transformation_mode='tf_crop_and_resize'",
      { "F32[2] 1 2", "-", "-", "I64[1] 4" },
      .error = "roi: missing" },
    { "Resize",
      13,
      "mode='linear'",
      { "STRING[2] 'a' 'b'", "-", "-", "I64[1] 4" },
      .error = "can only be nearest" },
};

static const grad_case grads[] = {
    { "Upsample", 9, NULL, { "F64[1,2,2,3] rand", "F32[4] 1 1 2 3" }, "x." },
    { "Upsample", 9, "mode='linear'", { "F64[1,2,2,3] rand", "F32[4] 1 1 2 2" }, "x." },
    { "Upsample", 7, "scales=[1.0,2.0]", { "F64[2,3] rand" } },
    { "Resize", 10, NULL, { "F64[4,5] rand", "F32[2] 0.6 0.5" }, "x." },
    { "Resize", 13, NULL, { "F64[1,2,4,5] rand", "-", "-", "I64[4] 1 2 7 3" } },
    { "Resize", 13, "mode='linear'", { "F64[1,2,4,5] rand", "-", "-", "I64[4] 1 2 7 3" } },
    { "Resize",
      13,
      "mode='linear' coordinate_transformation_mode='align_corners'",
      { "F64[3,4] rand", "-", "-", "I64[2] 5 7" } },
    { "Resize", 13, "mode='cubic' exclude_outside=1", { "F64[4,5] rand", "-", "-", "I64[2] 7 3" } },
    { "Resize", 18, "mode='linear' antialias=1", { "F64[6,7] rand", "-", "-", "I64[2] 3 2" } },
    { "Resize",
      18,
      "mode='cubic' antialias=1 axes=[1]",
      { "F64[2,7] rand", "-", "-", "I64[1] 3" } },
    { "Resize",
      13,
      "mode='linear' coordinate_transformation_mode='tf_crop_and_resize'",
      { "F64[4] rand", "F32[2] 0.3 1.4", "-", "I64[1] 5" },
      "x..." },
};

static void test_vectors(void **state)
{
    (void)state;
    OP_CASES_RUN(vectors);
}

static void test_errors(void **state)
{
    (void)state;
    OP_CASES_RUN(errors);
}

static void test_grads(void **state)
{
    (void)state;
    GRAD_CASES_RUN(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
