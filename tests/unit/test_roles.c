/* test_roles.c - what constants are judged to be for, in small graphs that show one thing each and in
 * whole models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph_make.h"
#include "pass/layers.h"

static int setup(void **state)
{
    graph_make *k = malloc(sizeof *k);

    graph_make_init(k);
    *state = k;
    return 0;
}

static int teardown(void **state)
{
    graph_make_free(*state);
    free(*state);
    return 0;
}

/* The constant c of this type, shape and filling, read by one node "OP" as "IN" (x is an input of
 * float32 [?, 4], w a constant [4, 4], v one of [4], s one of []; "-" leaves out). `then` is a second
 * node that reads the first one's result y beside IN2. */
static const struct {
    ofz_dtype   dtype;
    const char *shape;
    double      fill;
    const char *op, *in, *then, *in2;
    ofz_role    role;
    bool        trains;
} uses[] = {
    { OFZ_F32, "4 4", 1, "MatMul", "x c", "", "", OFZ_ROLE_WEIGHT, true },
    { OFZ_F64, "4 4", 1, "MatMul", "c x", "", "", OFZ_ROLE_WEIGHT, true },
    { OFZ_BF16, "4 4", 1, "MatMul", "x c", "", "", OFZ_ROLE_WEIGHT, true },
    { OFZ_F8E4M3FN, "4 4", 1, "MatMul", "x c", "", "", OFZ_ROLE_WEIGHT, false },
    { OFZ_F32, "4 4", 1, "Gemm", "x c v", "", "", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "4", 1, "Gemm", "x w c", "", "", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "4 4 3 3", 1, "Conv", "x c v", "", "", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "4", 1, "Conv", "x w c", "", "", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "1", 1, "Conv", "x w c", "", "", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "4", 1, "BatchNormalization", "x c v v v", "", "", OFZ_ROLE_NORM_SCALE, true },
    { OFZ_F32, "4", 1, "BatchNormalization", "x v c v v", "", "", OFZ_ROLE_NORM_SHIFT, true },
    { OFZ_F32, "4", 1, "BatchNormalization", "x v v c v", "", "", OFZ_ROLE_NORM_STATISTIC, false },
    { OFZ_F32, "4", 1, "BatchNormalization", "x v v v c", "", "", OFZ_ROLE_NORM_STATISTIC, false },
    { OFZ_F32, "4", 1, "LayerNormalization", "x c v", "", "", OFZ_ROLE_NORM_SCALE, true },
    { OFZ_F32, "4", 1, "PRelu", "x c", "", "", OFZ_ROLE_WEIGHT, true },
    /* sums and products */
    { OFZ_F32, "4", 1, "Add", "x c", "", "", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "4", 1, "Add", "c x", "", "", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "1 9 4", 1, "Add", "x c", "", "", OFZ_ROLE_BIAS, true }, /* a positional table */
    { OFZ_F32, "4", 1, "Mul", "x c", "", "", OFZ_ROLE_NORM_SCALE, true },
    { OFZ_F32, "", 1, "Add", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "", 1, "Mul", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "1", 1, "Mul", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "1", 3, "Add", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "4", 1, "Sub", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "4", 1, "Div", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "", 2, "Pow", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "4", 1, "Mul", "x v", "Add", "y c", OFZ_ROLE_NORM_SHIFT, true },
    { OFZ_F32, "4", 1, "Mul", "x s", "Add", "y c", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "4", 1, "LayerNormalization", "x v", "Add", "c y", OFZ_ROLE_NORM_SHIFT, true },
    { OFZ_F32, "4", 1, "MatMul", "x w", "Add", "y c", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "1", 1, "MatMul", "x n", "Add", "y c", OFZ_ROLE_BIAS, true }, /* one column */
    { OFZ_F32, "1", 1, "MatMul", "x w", "Add", "y c", OFZ_ROLE_OTHER, false },
    /* masks */
    { OFZ_F32, "4 4", -1e4, "Add", "x c", "", "", OFZ_ROLE_MASK, false },
    { OFZ_F32, "1 1 4 4", -3e38, "Add", "c x", "", "", OFZ_ROLE_MASK, false },
    { OFZ_F16, "4 4", -1e9, "Add", "x c", "", "", OFZ_ROLE_MASK, false }, /* minus infinity */
    { OFZ_BOOL, "4 4", 1, "Where", "c x s", "", "", OFZ_ROLE_MASK, false },
    { OFZ_F32, "4 4", -1e9, "Where", "b x c", "", "", OFZ_ROLE_MASK, false },
    { OFZ_F32, "4 4", 1, "Where", "b x c", "", "", OFZ_ROLE_OTHER, false },
    /* tables */
    { OFZ_F32, "9 4", 1, "Gather", "c i", "", "", OFZ_ROLE_EMBEDDING, true },
    { OFZ_F32, "9", 1, "Gather", "c i", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_I64, "9 4", 1, "Gather", "c i", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "9 4", 1, "Gather", "c j", "Add", "x y", OFZ_ROLE_BIAS, true },
    { OFZ_I64, "2", 1, "Gather", "x c", "", "", OFZ_ROLE_SHAPE, false },
    { OFZ_I64, "2", 1, "Reshape", "x c", "", "", OFZ_ROLE_SHAPE, false },
    { OFZ_I64, "2", 1, "Add", "i c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_I64, "", 1, "Unsqueeze", "c j", "Concat", "y j", OFZ_ROLE_OTHER, false },
    /* looked through */
    { OFZ_F32, "4 4", 1, "Transpose", "c", "MatMul", "x y", OFZ_ROLE_WEIGHT, true },
    { OFZ_F16, "4 4", 1, "Cast", "c", "MatMul", "x y", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "16", 1, "Reshape", "c j", "MatMul", "x y", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "4", 1, "Unsqueeze", "c j", "Add", "x y", OFZ_ROLE_BIAS, true },
    { OFZ_F32, "4 4", 1, "Identity", "c", "MatMul", "x y", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "4 4", 1, "Mul", "c s", "MatMul", "x y", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "", 1, "Mul", "w c", "MatMul", "x y", OFZ_ROLE_OTHER, false },
    { OFZ_F32, "1 1 4", 1, "Concat", "c x", "MatMul", "y w", OFZ_ROLE_EMBEDDING, true },
    { OFZ_F32, "1 1 4", 0, "Concat", "c x", "MatMul", "y w", OFZ_ROLE_OTHER, false },
    /* quantised */
    { OFZ_I8, "4 4", 1, "DequantizeLinear", "c s", "MatMul", "x y", OFZ_ROLE_WEIGHT, false },
    { OFZ_I32, "4", 1, "DequantizeLinear", "c s", "Add", "x y", OFZ_ROLE_BIAS, false },
    { OFZ_F32, "", 1, "DequantizeLinear", "k c", "MatMul", "x y", OFZ_ROLE_QUANTISATION, false },
    /* arithmetic that is no layer */
    { OFZ_F32, "4 4", 1, "MatMul", "x c", "Sin", "y", OFZ_ROLE_OTHER, false },
    /* rows that we do not have */
    { OFZ_F32, "4 4", 1, "other.Attention", "x c", "", "", OFZ_ROLE_WEIGHT, true },
    { OFZ_F32, "4", 1, "other.Attention", "x c", "", "", OFZ_ROLE_OTHER, false },
    { OFZ_I64, "4 4", 1, "other.Attention", "x c", "", "", OFZ_ROLE_OTHER, false },
};

static void judges_one_use(void **state)
{
    int bad = 0;

    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        graph_make *k;
        ofz_value  *c;

        teardown(state);
        setup(state);
        k = *state;
        graph_input(k, "x", OFZ_F32, "? 4");
        graph_input(k, "i", OFZ_I64, "?");
        graph_input(k, "b", OFZ_BOOL, "? 4");
        graph_constant(k, "w", OFZ_F32, "4 4", 1);
        graph_constant(k, "n", OFZ_F32, "4 1", 1);
        graph_constant(k, "v", OFZ_F32, "4", 1);
        graph_constant(k, "s", OFZ_F32, "", 1);
        graph_constant(k, "k", OFZ_I8, "4 4", 1);
        graph_constant(k, "j", OFZ_I64, "1", 0);
        c = graph_constant(k, "c", uses[i].dtype, uses[i].shape, uses[i].fill);
        graph_node(k, "", uses[i].op, uses[i].in, "y");
        if (*uses[i].then) graph_node(k, "", uses[i].then, uses[i].in2, "z");
        if (ofz_value_role(c) == uses[i].role && ofz_value_trains(c, false) == uses[i].trains)
            continue;
        print_error("%s(%s) %s(%s), c %s [%s]: %s, %s, want %s, %s\n", uses[i].op, uses[i].in,
                    uses[i].then, uses[i].in2, ofz_dtype_name(uses[i].dtype), uses[i].shape,
                    ofz_role_name(ofz_value_role(c)),
                    ofz_value_trains(c, false) ? "trains" : "does not train",
                    ofz_role_name(uses[i].role), uses[i].trains ? "trains" : "does not train");
        bad++;
    }
    assert_int_equal(bad, 0);
}

static void most_specific_use_wins(void **state)
{
    graph_make *k = *state;
    ofz_value  *tied, *shift, *none;

    graph_input(k, "x", OFZ_F32, "? 4");
    graph_input(k, "i", OFZ_I64, "?");
    tied  = graph_constant(k, "tied", OFZ_F32, "9 4", 1);
    shift = graph_constant(k, "shift", OFZ_F32, "4", 1);
    none  = graph_constant(k, "none", OFZ_F32, "4", 1);
    graph_node(k, "", "Gather", "tied i", "e");
    graph_node(k, "", "Transpose", "tied", "t");
    graph_node(k, "", "MatMul", "e t", "y");
    graph_node(k, "", "Add", "e shift", "a");
    graph_node(k, "", "BatchNormalization", "a shift shift none none", "n");
    assert_int_equal(ofz_value_role(tied), OFZ_ROLE_EMBEDDING);
    assert_int_equal(ofz_value_role(shift), OFZ_ROLE_NORM_SCALE);
    assert_int_equal(ofz_value_role(none), OFZ_ROLE_NORM_STATISTIC);
}

static void constant_nodes_do_not_train(void **state)
{
    graph_make *k = *state;
    ofz_value  *c;

    graph_input(k, "x", OFZ_F32, "? 4");
    c = graph_constant_node(k, "c", OFZ_F32, "4 4", 1);
    graph_node(k, "", "MatMul", "x c", "y");
    assert_int_equal(ofz_value_role(c), OFZ_ROLE_WEIGHT);
    assert_true(ofz_value_trainable(c));
    assert_false(ofz_value_trains(c, false));
}

static void marks_alone_decide(void **state)
{
    graph_make *k = *state;
    ofz_value  *a, *b, *c;

    graph_input(k, "x", OFZ_F32, "? 4");
    a = graph_constant(k, "a", OFZ_F32, "4 4", 1);
    b = graph_constant(k, "b", OFZ_F32, "4", 1);
    c = graph_constant(k, "c", OFZ_F32, "", 1);
    graph_node(k, "", "Gemm", "x a b", "y");
    graph_node(k, "", "Mul", "y c", "z");
    assert_false(ofz_model_marked(&k->m));
    c->mark = OFZ_MARK_TRAINABLE;
    assert_true(ofz_model_marked(&k->m));
    assert_true(ofz_value_trains(c, true));
    assert_false(ofz_value_trains(a, true)); /* no mark among marks: frozen */
    b->mark = OFZ_MARK_FROZEN;
    assert_false(ofz_value_trains(b, true));
}

/* Scale and shift that are reshaped on their way, as caffe2's exporter writes them. */
static void norm_of_moved_constants(void **state)
{
    graph_make *k = *state;
    ofz_value  *scale, *shift;

    graph_input(k, "x", OFZ_F32, "? 4 8 8");
    graph_constant(k, "axes", OFZ_I64, "2", 1);
    scale = graph_constant(k, "scale", OFZ_F32, "4", 1);
    shift = graph_constant(k, "shift", OFZ_F32, "4", 1);
    graph_node(k, "", "Unsqueeze", "scale axes", "s");
    graph_node(k, "", "Unsqueeze", "shift axes", "t");
    graph_node(k, "", "Mul", "x s", "y");
    graph_node(k, "", "Add", "y t", "z");
    assert_int_equal(ofz_value_role(scale), OFZ_ROLE_NORM_SCALE);
    assert_int_equal(ofz_value_role(shift), OFZ_ROLE_NORM_SHIFT);
}

/* A read inside a subgraph counts like any other. */
static void reads_inside_subgraphs(void **state)
{
    graph_make *k = *state;
    ofz_graph  *inner, *outer = k->m.graph;
    ofz_value  *w;
    ofz_attr    attr = { .name = "body", .type = OFZ_ATTR_GRAPH };

    graph_input(k, "x", OFZ_F32, "? 4");
    w = graph_constant(k, "w", OFZ_F32, "4 4", 1);
    assert_int_equal(ofz_graph_new(k->ctx, &k->m.arena, outer, &k->m.symbol, &inner), OFZ_OK);
    k->m.graph = inner;
    graph_node(k, "", "MatMul", "x w", "y");
    k->m.graph         = outer;
    attr.u.g           = inner;
    inner->parent_node = graph_node_attrs(k, "", "Loop", "- -", "z", &attr, 1);
    assert_int_equal(ofz_value_use(k->ctx, w, inner->parent_node, -1), OFZ_OK);
    assert_int_equal(ofz_value_role(w), OFZ_ROLE_WEIGHT);
}

/* A lattice of 40 stages in which every value is read twice has 2^40 ways through; it must take no time
 * to give up on them. */
static void walks_are_bounded(void **state)
{
    graph_make *k = *state;
    ofz_value  *c;

    c = graph_constant(k, "v0", OFZ_F32, "4 4", 1);
    for (int i = 0; i < 40; i++) {
        char in[32], out[32];

        snprintf(in, sizeof in, "v%d v%d", i, i);
        snprintf(out, sizeof out, "v%d", i + 1);
        graph_node(k, "", "Add", in, out);
    }
    assert_true(ofz_value_role(c) <= OFZ_ROLE_MASK);
}

/* --- whole models ----------------------------------------------------------------------------- */

/* Files of testdata/, and of models/ in the folder that OFZ_SHARED names, where there is one. `below` counts the
 * layers between the tensor and the outputs. */
static const struct {
    bool        shared;
    const char *file, *tensor;
    ofz_role    role;
    bool        trains;
    int         below;
} models[] = {
    { false, "cnn_bn.onnx", "fc.weight", OFZ_ROLE_WEIGHT, true, 0 },
    { false, "cnn_bn.onnx", "fc.bias", OFZ_ROLE_BIAS, true, 0 },
    { false, "cnn_bn.onnx", "block2.down.conv.weight", OFZ_ROLE_WEIGHT, true, 1 },
    { false, "cnn_bn.onnx", "block2.second.bn.bias", OFZ_ROLE_NORM_SHIFT, true, 1 },
    { false, "cnn_bn.onnx", "stem.bn.weight", OFZ_ROLE_NORM_SCALE, true, 5 },
    { false, "cnn_bn.onnx", "stem.bn.running_var", OFZ_ROLE_NORM_STATISTIC, false, 5 },
    { true, "mobilenetv2_ham10000.onnx", "Conv1_pad/pads", OFZ_ROLE_SHAPE, false, -1 },
    { true, "mobilenetv2_ham10000.onnx", "relu_max_6", OFZ_ROLE_OTHER, false, -1 },
    { true, "mobilenetv2_ham10000.onnx", "bn_Conv1/gamma:0", OFZ_ROLE_NORM_SCALE, true, 52 },
    { true, "mnist_cntk.onnx", "Parameter193", OFZ_ROLE_WEIGHT, true, 0 },
    { true, "mnist_cntk.onnx", "Parameter194", OFZ_ROLE_BIAS, true, 0 },
    { true, "mnist_cntk.onnx", "Parameter6", OFZ_ROLE_BIAS, true, 2 },
    { true, "bigru_sentiment.onnx", "embedding_1/embeddings:0", OFZ_ROLE_EMBEDDING, true, 2 },
    { true, "bigru_sentiment.onnx", "bidirectional_1/R:0", OFZ_ROLE_WEIGHT, true, 1 },
    { true, "bigru_sentiment.onnx", "bidirectional_1/B:0", OFZ_ROLE_BIAS, true, 1 },
    { true, "bigru_sentiment_loop.onnx", "fwd_Rz", OFZ_ROLE_WEIGHT, true, 1 },
    { true, "bigru_sentiment_loop.onnx", "one", OFZ_ROLE_OTHER, false, -1 },
    { true, "sklearn_digits_mlp.onnx", "intercepts2", OFZ_ROLE_BIAS, true, 0 },
    { true, "sklearn_digits_mlp.onnx", "classes", OFZ_ROLE_OTHER, false, -1 },
    { true, "ch_ppocr_mobile_v2.0_cls_infer.onnx", "batch_norm_0.w_0", OFZ_ROLE_NORM_SCALE, false,
      53 },
    { true, "silero_vad_16k_op15.onnx", "model.decoder.rnn.bias_hh", OFZ_ROLE_BIAS, true, 1 },
    { true, "silero_vad_op18_ifless.onnx", "model.decoder.rnn.weight_hh", OFZ_ROLE_WEIGHT, true,
      1 },
    { true, "silero_vad_op18_ifless.onnx", "model.encoder.0.reparam_conv.bias", OFZ_ROLE_BIAS, true,
      5 },
};

static void judges_whole_models(void **state)
{
    const char *shared = getenv("OFZ_SHARED");
    graph_make *k      = *state;
    int         bad    = 0;

    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        ofz_model *m;
        char       path[512];
        int       *below, at;

        if (models[i].shared && (!shared || !*shared)) {
            print_message("%s: skipped, OFZ_SHARED is not set\n", models[i].file);
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/%s", models[i].shared ? shared : OFZ_SOURCE_DIR,
                 models[i].shared ? "models" : "testdata", models[i].file);
        if (ofz_model_read_file(k->ctx, path, &m)) fail_msg("%s", ofz_error(k->ctx));
        below = calloc(m->tensor.count, sizeof *below);
        assert_int_equal(ofz_layers_below(k->ctx, m, below), OFZ_OK);
        for (at = 0; (size_t)at < m->tensor.count; at++)
            if (!strcmp(((ofz_value *)m->tensor.item[at])->name, models[i].tensor)) break;
        if ((size_t)at == m->tensor.count)
            fail_msg("%s: no '%s'", models[i].file, models[i].tensor);
        if (ofz_value_role(m->tensor.item[at]) != models[i].role || below[at] != models[i].below ||
            ofz_value_trains(m->tensor.item[at], false) != models[i].trains) {
            print_error("%s: '%s': %s, %s, below %d\n", models[i].file, models[i].tensor,
                        ofz_role_name(ofz_value_role(m->tensor.item[at])),
                        ofz_value_trains(m->tensor.item[at], false) ? "trains" : "does not train",
                        below[at]);
            bad++;
        }
        free(below);
        ofz_model_drop(m);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
#define ROLES_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROLES_TEST(judges_one_use),          ROLES_TEST(most_specific_use_wins),
        ROLES_TEST(marks_alone_decide),      ROLES_TEST(constant_nodes_do_not_train),
        ROLES_TEST(walks_are_bounded),       ROLES_TEST(reads_inside_subgraphs),
        ROLES_TEST(norm_of_moved_constants), ROLES_TEST(judges_whole_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
