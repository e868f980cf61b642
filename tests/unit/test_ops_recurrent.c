/* test_ops_recurrent.c - RNN, GRU, LSTM: PyTorch's numbers, lengths, layouts, errors, gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */

/* torch.nn.RNN, GRU and LSTM with these weights, in double; gates put into ONNX's order. */
#define RNN_IN "F64[2,2,2] -0.9 -1.5 0.4 1.5 0.9 0.8 0.2 1.3", "F64[1,2,2] 0.4 0.8 -0.7 -0.4", \
    "F64[1,2,2] -0.6 0.2 -0.9 1.1", "F64[1,4] -1.1 0.1 -0.6 0.4", "-", \
    "F64[1,2,2] -1.3 -0.8 0 -0.7"
#define RNN_Y "-0.9898667 0.9654137 -0.4462436 -0.8177541 0.08678392 0.9056593 -0.4428775 -0.576971"
#define GRU_IN "F64[2,2,2] -0.6 -0.2 -1.8 0.8 0.2 -0.1 -0.2 -0.6", \
    "F64[1,6,2] -1.5 -0.7 1.3 0 1.1 2.8 0.2 -0.9 -0.3 -0.1 1.9 3.1", \
    "F64[1,6,2] 1.4 1.2 0.4 -1.7 -0.5 -0.3 -1.6 1.2 -1.3 0.9 0.8 0.1", \
    "F64[1,12] -0.6 0 0.2 0.6 0.1 1 -1 0.7 -0.4 0.5 -0.8 -0.6", "-", \
    "F64[1,2,2] 0.3 0.6 -0.7 -1.2"
#define LSTM_IN "F64[2,2,2] -1 1.7 0.1 -0.9 1 -1.1 0.7 0", \
    "F64[1,8,2] 0 -0.8 -0.5 -0.4 -0.4 -1.3 1.7 2.1 0.6 -1.2 -0.1 -0.2 -0.1 1.4 0.6 -0.5", \
    "F64[1,8,2] -0.2 0.7 0.6 0.3 -1.2 -0.3 0.9 -1.1 -2.1 0.5 -0.5 -0.9 0 1.2 0.4 -0.2", \
    "F64[1,16] 1.1 0.7 2 1 0 0.5 0.1 -1.4 0.3 -1.4 1.2 -0.8 -1.4 -0.8 -0.9 0.8", "-", \
    "F64[1,2,2] 1.2 0.2 0.7 0.4", "F64[1,2,2] -1.9 -1.3 -1.3 0.1"
#define LSTM_Y "F64[2,1,2,2] 0.2038524 -0.5812572 -0.7612378 0.01857314 -0.5634436 -0.121192 -0.834213 -0.02534139"

/* One step of one unit: x = 2, w = 1, r = 1, no bias. */
#define ONE(x) x, "F32[1,1,1] 1", "F32[1,1,1] 1"
/* Affine gates make every number whole. */
#define SUM "activations=['Affine'] activation_alpha=[1.0]"

static const op_case cases[] = {
    { "RNN", 7, "hidden_size=2", { RNN_IN }, { "F64[2,1,2,2] " RNN_Y, "F64[1,2,2] 0.08678392 0.9056593 -0.4428775 -0.576971" } },
    { "RNN", 7, NULL, { RNN_IN }, { "-", "F64[1,2,2] 0.08678392 0.9056593 -0.4428775 -0.576971" } },
    { "RNN", 1, "hidden_size=2 output_sequence=1 activations=['tanh','tanh']", { RNN_IN }, { "F64[2,1,2,2] " RNN_Y } },
    { "GRU", 14, "linear_before_reset=1", { GRU_IN },
      { "F64[2,1,2,2] 0.2644639 -0.3902263 -0.1817346 -0.8474781 -0.4323573 -0.2296573 0.002948319 -0.861837",
        "F64[1,2,2] -0.4323573 -0.2296573 0.002948319 -0.861837" } },
    { "LSTM", 22, "hidden_size=2", { LSTM_IN },
      { LSTM_Y, "F64[1,2,2] -0.5634436 -0.121192 -0.834213 -0.02534139",
        "F64[1,2,2] -0.6508468 -0.2041833 -1.264724 -0.03814118" } },
    { "LSTM", 1, "output_sequence=1", { LSTM_IN }, { LSTM_Y } },
    { "RNN", 7, SUM, { ONE("F32[3,1,1] 1 2 3") }, { "F32[3,1,1,1] 1 3 6", "F32[1,1,1] 6" } },
    { "RNN", 7, SUM " direction='reverse'", { ONE("F32[3,1,1] 1 2 3") }, { "F32[3,1,1,1] 6 5 3", "F32[1,1,1] 6" } },
    { "RNN", 7, SUM, { ONE("F32[3,2,1] 1 10 2 20 3 30"), "-", "I32[2] 3 1" },
      { "F32[3,1,2,1] 1 10 3 0 6 0", "F32[1,2,1] 6 10" } },
    { "RNN", 7, SUM " direction='reverse'", { ONE("F32[3,2,1] 1 10 2 20 3 30"), "-", "I32[2] 3 2" },
      { "F32[3,1,2,1] 6 30 5 20 3 0", "F32[1,2,1] 6 30" } },
    { "RNN", 7, SUM, { ONE("F32[3,2,1] 1 10 2 20 3 30"), "-", "I32[2] 3 0", "F32[1,2,1] 0 7" },
      { "F32[3,1,2,1] 1 0 3 0 6 0", "F32[1,2,1] 6 7" } },
    { "RNN", 14, SUM " layout=1", { ONE("F32[2,3,1] 1 2 3 10 20 30"), "-", "-", "F32[2,1,1] 0 100" },
      { "F32[2,3,1,1] 1 3 6 110 130 160", "F32[2,1,1] 6 160" } },
    { "RNN", 14, SUM " layout=1 direction='bidirectional'", { "F32[1,2,1] 1 2", "F32[2,1,1] 1 10", "F32[2,1,1] 1 1" },
      { "F32[1,2,2,1] 1 30 3 20", "F32[1,2,1] 3 30" } },
    { "RNN", 7, SUM " clip=2.5", { ONE("F32[3,1,1] 1 2 3") }, { "F32[3,1,1,1] 1 2.5 2.5" } },
    { "RNN", 22, SUM, { "BF16[2,1,1] 1 2", "BF16[1,1,1] 1", "BF16[1,1,1] 1" }, { "BF16[2,1,1,1] 1 3" } },
    { "RNN", 7, "activations=['Softsign']", { "F16[2,1,1] 1 -3", "F16[1,1,1] 1", "F16[1,1,1] 0" }, { "F16[2,1,1,1] 0.5 -0.75" } },
    { "RNN", 7, "activations=['ThresholdedRelu']", { ONE("F32[2,1,1] 1 3") }, { "F32[2,1,1,1] 0 3" } },
    { "RNN", 7, "activations=['LeakyRelu','HardSigmoid'] direction='bidirectional' activation_alpha=[0.5,0.25] activation_beta=[0.125]",
      { "F32[1,1,1] -2", "F32[2,1,1] 1 -1", "F32[2,1,1] 0 0" }, { "F32[1,2,1,1] -1 0.625" } },
    { "GRU", 7, "activations=['Affine','Affine'] activation_alpha=[0.5,1.0]",
      { "F32[1,1,1] 1", "F32[1,3,1] 1 2 3", "F32[1,3,1] 0 0 1", "-", "-", "F32[1,1,1] 4" }, { "F32[1,1,1,1] 5.5" } },
    { "LSTM", 7, "activations=['Affine','Affine','Affine']", /* c = f c + i g, h = (o + p c) c */
      { "F32[1,1,1] 1", "F32[1,4,1] 1 2 3 4", "F32[1,4,1] 0 0 0 0", "-", "-", "-", "F32[1,1,1] 1", "F32[1,3] 1 1 1" },
      { "F32[1,1,1,1] 168", "F32[1,1,1] 168", "F32[1,1,1] 12" }, },
    { "LSTM", 7, "activations=['Affine','Affine','Affine'] input_forget=1",
      { "F32[1,1,1] 1", "F32[1,4,1] 0.25 2 3 4", "F32[1,4,1] 0 0 0 0", "-", "-", "-", "F32[1,1,1] 8" },
      { "?", "F32[1,1,1] 14", "F32[1,1,1] 7" } },
    { "RNN", 7, NULL, { "F32[0,2,3]", "F32[1,4,3] rand", "F32[1,4,4] rand" }, { "F32[0,1,2,4]", "F32[1,2,4] 0 0 0 0 0 0 0 0" } },
    { "LSTM", 7, NULL, { "F32[2,0,3]", "F32[1,4,3] rand", "F32[1,4,1] rand" }, { "F32[2,1,0,1]", "F32[1,0,1]", "F32[1,0,1]" } },

    { "RNN", 7, NULL, { "F32[3,1] 1 2 3", "F32[1,1,1] 1", "F32[1,1,1] 1" }, .error = "rank 2, want 3" },
    { "RNN", 7, NULL, { ONE("F32[3,1,2] rand") }, .error = "input 1: dim 2: 1, want 2" },
    { "RNN", 7, "hidden_size=2", { ONE("F32[3,1,1] 1 2 3") }, .error = "1, want 2" },
    { "RNN", 7, "hidden_size=-2", { ONE("F32[3,1,1] 1 2 3") }, .error = "hidden_size: -2" },
    { "RNN", 7, "hidden_size=9223372036854775807", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 1" }, .error = "want" },
    { "LSTM", 7, "hidden_size=9223372036854775807", { ONE("F32[1,1,1] 1") }, .error = "want" },
    { "LSTM", 7, NULL, { ONE("F32[1,1,1] 1") }, .error = "gates times hidden size" },
    { "RNN", 7, "direction='bidirectional'", { ONE("F32[3,1,1] 1 2 3") }, .error = "dim 0: 1, want 2" },
    { "RNN", 7, "direction='sideways'", { ONE("F32[3,1,1] 1 2 3") }, .error = "'sideways'" },
    { "RNN", 7, "activations=['Swish']", { ONE("F32[3,1,1] 1 2 3") }, .error = "'Swish'" },
    { "LSTM", 7, "activations=['Tanh']", { ONE("F32[3,1,1] 1 2 3") }, .error = "1, want 3 a direction" },
    { "RNN", 14, "layout=2", { ONE("F32[3,1,1] 1 2 3") }, .error = "layout: 2" },
    { "RNN", 7, "layout=1", { ONE("F32[3,1,1] 1 2 3") }, .error = "layout" },
    { "RNN", 7, "clip=-1.0", { ONE("F32[3,1,1] 1 2 3") }, .error = "clip: -1" },
    { "RNN", 7, NULL, { ONE("F32[3,1,1] 1 2 3"), "F32[1,3] 1 2 3" }, .error = "want 2" },
    { "RNN", 7, NULL, { ONE("F32[3,1,1] 1 2 3"), "-", "I32[1] 4" }, .error = "sequence_lens[0]: 4, want 0 to 3" },
    { "RNN", 7, NULL, { ONE("F32[3,1,1] 1 2 3"), "-", "I32[1] -1" }, .error = "sequence_lens[0]: -1" },
    { "RNN", 7, NULL, { ONE("F32[3,1,1] 1 2 3"), "-", "I32[2] 1 1" }, .error = "2, want 1" },
    { "RNN", 7, NULL, { ONE("F32[3,1,1] 1 2 3"), "-", "I64[1] 1" }, .error = "int64, want int32" },
    { "RNN", 7, NULL, { ONE("F32[3,1,1] 1 2 3"), "-", "-", "F32[1,2,1] 1 1" }, .error = "2, want 1" },
    { "LSTM", 7, NULL, { "F32[1,1,1] 1", "F32[1,4,1] 1 2 3 4", "F32[1,4,1] 0 0 0 0", "-", "-", "-", "-", "F32[1,4] 1 1 1 1" }, .error = "want" },
};

/* Sizes: 3 steps, batch 2, 2 inputs, 3 hidden. */
#define R_IN(d, g) "F64[3,2,2] rand", "F64[" d "," g ",2] rand(-1,1)", "F64[" d "," g ",3] rand(-1,1)"
#define BATCHED(d, g) "F64[2,3,2] rand", "F64[" d "," g ",2] rand(-1,1)", "F64[" d "," g ",3] rand(-1,1)"

static const grad_case grads[] = {
    { "RNN", 7, NULL, { R_IN("1", "3") }, .outs = 2 },
    { "RNN", 7, "direction='reverse'", { R_IN("1", "3"), "F64[1,6] rand", "I32[2] 3 2", "F64[1,2,3] rand" }, .outs = 2 },
    { "RNN", 14, "direction='bidirectional' layout=1", { BATCHED("2", "3"), "F64[2,6] rand", "I32[2] 1 3", "F64[2,2,3] rand" }, .outs = 2 },
    { "RNN", 7, "clip=0.8", { R_IN("1", "3"), "F64[1,6] rand" }, .outs = 2 },
    { "RNN", 7, NULL, { R_IN("1", "3") }, .wrt = "x..", .outs = 1 },
    { "RNN", 7, NULL, { R_IN("1", "3") }, .wrt = ".xx", .outs = 1 },
    { "RNN", 7, "activations=['Affine'] activation_alpha=[0.5] activation_beta=[0.25]", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['Elu'] activation_alpha=[0.7]", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['HardSigmoid']", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['LeakyRelu']", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['Relu']", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['ScaledTanh'] activation_alpha=[0.7] activation_beta=[1.3]", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['Sigmoid']", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['Softplus']", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['Softsign']", { R_IN("1", "3") } },
    { "RNN", 7, "activations=['ThresholdedRelu'] activation_alpha=[0.4]", { R_IN("1", "3") } },
    { "GRU", 7, NULL, { R_IN("1", "9") }, .outs = 2 },
    { "GRU", 7, "direction='bidirectional'", { R_IN("2", "9"), "F64[2,18] rand", "I32[2] 3 1", "F64[2,2,3] rand" }, .outs = 2 },
    { "GRU", 14, "linear_before_reset=1 layout=1", { BATCHED("1", "9"), "F64[1,18] rand", "I32[2] 2 3", "F64[2,1,3] rand" }, .outs = 2 },
    { "GRU", 7, "linear_before_reset=1 direction='reverse' clip=0.9", { R_IN("1", "9"), "F64[1,18] rand" }, .outs = 2 },
    { "GRU", 7, "linear_before_reset=0", { R_IN("1", "9") }, .wrt = ".x." },
    { "LSTM", 7, NULL, { R_IN("1", "12") }, .outs = 3 },
    { "LSTM", 7, "direction='bidirectional'",
      { R_IN("2", "12"), "F64[2,24] rand", "I32[2] 3 2", "F64[2,2,3] rand", "F64[2,2,3] rand", "F64[2,9] rand" }, .outs = 3 },
    { "LSTM", 14, "layout=1 direction='reverse' clip=0.9",
      { BATCHED("1", "12"), "F64[1,24] rand", "-", "F64[2,1,3] rand", "F64[2,1,3] rand", "F64[1,9] rand" }, .outs = 3 },
    { "LSTM", 7, "input_forget=1", { R_IN("1", "12"), "-", "-", "-", "F64[1,2,3] rand", "F64[1,9] rand" }, .outs = 3 },
    { "LSTM", 7, "activations=['HardSigmoid','Softsign','Elu']", { R_IN("1", "12") }, .outs = 1 },
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
