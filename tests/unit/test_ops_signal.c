/* test_ops_signal.c - DFT, STFT, windows, MelWeightMatrix: numpy's numbers and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define X "F32[1,5,1] 1 2 -1 3 0.5"
#define Y5 "F32[1,5,2] 5.5 0 0.1545085 0.9245562 -0.4045085 -4.685904 -0.4045085 4.685904 0.1545085 -0.9245562"

static const op_case cases[] = {
    { "DFT", 20, NULL, { X }, { Y5 } },
    { "DFT", 17, NULL, { X }, { Y5 } },
    { "DFT", 20, NULL, { X, "I64[] 6" }, { "F32[1,6,2] 5.5 0 -0.75 -0.4330127 3.25 -3.031089 -4.5 0 3.25 3.031089 -0.75 0.4330127" } },
    { "DFT", 20, NULL, { X, "I32[] 8", "I64[] 1" },
      { "F32[1,8,2] 5.5 0 -0.2071068 -2.535534 2.5 1 1.207107 -4.535534 -4.5 0 1.207107 4.535534 2.5 -1 -0.2071068 2.535534" } },
    { "DFT", 20, "onesided=1", { X }, { "F32[1,3,2] 5.5 0 0.1545085 0.9245562 -0.4045085 -4.685904" } },
    { "DFT", 20, NULL, { X, "I64[] 2" }, { "F32[1,2,2] 3 0 -1 0" } },
    { "DFT", 20, "inverse=1", { Y5 }, { "F32[1,5,2] 1 0 2 0 -1 0 3 0 0.5 0" } },
    { "DFT", 20, "inverse=1 onesided=1", { "F64[1,3,2] 11 0 -2 3 -3 0" }, { "F64[1,4,1] 1 2 3 5" } },
    { "DFT", 17, "inverse=1 onesided=1", { "F32[1,3,2] 5.5 0 0.1545085 0.9245562 -0.4045085 -4.685904", "I64[] 5" }, { "F32[1,5,1] 1 2 -1 3 0.5" } },
    { "DFT", 17, "axis=0", { "F16[2,2,1] 1 2 3 4" }, { "F16[2,2,2] 4 0 6 0 -2 0 -2 0" } },
    { "DFT", 20, NULL, { "F32[0,4,1]" }, { "F32[0,4,2]" } },
    { "DFT", 20, NULL, { X, "I64[] 0" }, .error = "dft_length: 0" },
    { "DFT", 20, NULL, { X, "I64[] -3" }, .error = "dft_length: -3" },
    { "DFT", 20, NULL, { X, "-", "I64[] 2" }, .error = "axis: 2, want one before the last" },
    { "DFT", 20, NULL, { X, "-", "I64[] 7" }, .error = "7" },
    { "DFT", 20, NULL, { "F32[1,2,3] iota" }, .error = "last dim 3" },

    /* complex float32 is transformed in its own precision, rounding included: numpy's */
    { "DFT", 20, "inverse=1", { "F32[1,10,2] 0 0 10 0 20 0 30 0 40 0 50 0 60 0 70 0 80 0 90 0" },
      { "F32[1,10,2] 45 0 -5 -15.3884192 -5 -6.88190985 -5 -3.63271332 -5.00000048 -1.62459815 -5 1.90734866e-07 -5.00000048 1.62459815 -5 3.6327126 -5 6.88190985 -5 15.3884192" }, .rtol = 1e-6, .atol = 1e-8 },
    { "STFT", 17, NULL, { "F32[1,4,1] 1 2 3 4", "I64[] 1", "-", "I64[] 2" }, { "F32[1,3,2,2] 3 0 -1 0 5 0 -1 0 7 0 -1 0" } },
    { "STFT", 17, "onesided=0", { "F32[1,5,1] 1 2 3 4 5", "I64[] 2", "F32[2] 1 0.5" }, { "F32[1,2,2,2] 2 0 0 0 5 0 1 0" } },
    { "STFT", 17, "onesided=0", { "F32[1,2,2] 0 1 0 2", "I64[] 1", "-", "I64[] 2" }, { "F32[1,1,2,2] 0 3 0 -1" } },
    { "STFT", 17, NULL, { "F32[1,4,1] 1 2 3 4", "I64[] 1" }, .error = "frame_length, window: none" },
    { "STFT", 17, NULL, { "F32[1,4,1] 1 2 3 4", "I64[] 0", "-", "I64[] 2" }, .error = "frame_step: 0" },
    { "STFT", 17, NULL, { "F32[1,4,1] 1 2 3 4", "I64[] 1", "-", "I64[] -2" }, .error = "frame_length: -2" },
    { "STFT", 17, NULL, { "F32[1,4,1] 1 2 3 4", "I64[] 1", "-", "I64[] 5" }, .error = "4 elements, want a frame of 5" },
    { "STFT", 17, NULL, { "F32[1,4,1] 1 2 3 4", "I64[] 1", "F32[3] 1 1 1", "I64[] 2" }, .error = "window: 3 elements, want 2" },
    { "STFT", 17, NULL, { "F32[1,2,2] 0 1 0 2", "I64[] 1", "-", "I64[] 2" }, .error = "last dim 2" },

    { "HannWindow", 17, NULL, { "I32[] 4" }, { "F32[4] 0 0.5 1 0.5" } },
    { "HannWindow", 17, "periodic=0", { "I64[] 3" }, { "F32[3] 0 1 0" } },
    { "HannWindow", 17, "periodic=0", { "I64[] 1" }, { "F32[1] 1" } },
    { "HannWindow", 17, "output_datatype=11", { "I64[] 0" }, { "F64[0]" } },
    { "HammingWindow", 17, NULL, { "I32[] 2" }, { "F32[2] 0.08695652 1" } },
    { "BlackmanWindow", 17, "output_datatype=10", { "I32[] 4" }, { "F16[4] 0 0.34 1 0.34" }, .rtol = 1e-3 },
    { "HannWindow", 17, NULL, { "I64[] -1" }, .error = "size: -1" },
    { "HannWindow", 17, "output_datatype=8", { "I64[] 4" }, .error = "output_datatype: 8" },
    { "HannWindow", 17, "output_datatype=99", { "I64[] 4" }, .error = "output_datatype: 99" },

    { "MelWeightMatrix", 17, NULL, { "I32[] 1", "I32[] 8", "I32[] 8", "F32[] 0", "F32[] 4" }, { "F32[5,1] 0 1 0 0 0" } },
    { "MelWeightMatrix", 17, NULL, { "I32[] 1", "I32[] 8", "I32[] 0", "F32[] 0", "F32[] 4" }, .error = "sample_rate: 0" },
    { "MelWeightMatrix", 17, NULL, { "I32[] -1", "I32[] 8", "I32[] 8", "F32[] 0", "F32[] 4" }, .error = "num_mel_bins, dft_length: -1" },
    { "MelWeightMatrix", 17, NULL, { "I32[] 1", "I32[] 8", "I32[] 8", "F32[] nan", "F32[] inf" }, { "?F32[5,1]" } },
};

static const grad_case grads[] = {
    { "DFT", 17, "axis=1", { "F64[2,5,1] rand" } },
    { "DFT", 17, "axis=0", { "F64[4,3,2] rand" } },
    { "DFT", 17, "axis=1 onesided=1", { "F64[1,6,1] rand" } },
    { "DFT", 17, "axis=1 inverse=1", { "F64[1,6,2] rand" } },
    { "DFT", 20, NULL, { "F64[2,5,3,2] rand", "-", "I64[] 1" } },
    { "DFT", 20, NULL, { "F64[2,5,1] rand", "I64[] 8" } },            /* padded */
    { "DFT", 20, NULL, { "F64[2,5,2] rand", "I64[] 3" } },            /* cut */
    { "DFT", 20, "onesided=1", { "F64[2,5,1] rand", "I64[] 8" } },
    { "DFT", 20, "inverse=1 onesided=1", { "F64[2,5,2] rand" } },     /* to 8 real numbers */
    { "DFT", 20, "inverse=1 onesided=1", { "F64[2,4,2] rand", "I64[] 7" } },
    { "DFT", 20, "inverse=1 onesided=1", { "F64[2,6,1] rand", "I64[] 6" } }, /* more bins than are read */
    { "STFT", 17, NULL, { "F64[2,11,1] rand", "I64[] 3", "F64[4] rand" } },
    { "STFT", 17, "onesided=0", { "F64[1,9,2] rand", "I64[] 2", "F64[5] rand", "I64[] 5" } },
    { "STFT", 17, "onesided=0", { "F64[2,7,1] rand", "I64[] 2", "-", "I64[] 4" } },
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases),
                                        cmocka_unit_test(test_grads) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
