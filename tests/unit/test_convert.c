/* test_convert.c - one node in the operators of another opset: which nodes it becomes, that these compute
 * the same, and with which words it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "graph_make.h"
#include "op_harness.h"
#include "op_text.h"
#include "pass/convert_opset.h"
#include "pass/convert_rule.h"
#include "pass/infer_shapes.h"

enum { IN = 6 };

typedef struct convert_case {
    const char *op;
    int         from, to;
    const char *attrs;
    const char *in[IN]; /* as in op_harness.h; "=" before it: a constant, "-": omitted */
    const char *want;   /* the nodes afterwards, in order; attributes behind those that have any */
    const char *error;
    int         outs; /* 0: 1 */
} convert_case;

static const convert_case cases[] = {
    { "Clip", 10, 13, "min=-0.5 max=0.5", { "F32[4] -1 -0.25 0.25 1" }, "Clip", NULL, 0 },
    { "Clip", 10, 13, "max=0.5", { "F64[4] -1 -0.25 0.25 1" }, "Clip", NULL, 0 },
    { "Clip", 13, 10, NULL, { "F32[4] -1 0 0.5 1", "=F32[] 0", "-" }, "Clip(min)", NULL, 0 },
    { "Clip",
      13,
      10,
      NULL,
      { "F32[4] -1 0 0.5 1", "F32[] 0" },
      NULL,
      "input 1 (min): computed",
      0 },
    { "Squeeze", 11, 13, "axes=[0]", { "F32[1,2] 1 2" }, "Squeeze", NULL, 0 },
    { "Squeeze", 13, 9, NULL, { "F32[2,1] 1 2", "=I64[1] -1" }, "Squeeze(axes)", NULL, 0 },
    { "Squeeze", 13, 9, NULL, { "F32[1,2,1] 1 2" }, "Squeeze", NULL, 0 },
    { "Unsqueeze", 11, 13, "axes=[0,2]", { "F32[2] 1 2" }, "Unsqueeze", NULL, 0 },
    { "Unsqueeze", 13, 7, NULL, { "F32[2] 1 2", "=I64[2] 0 -1" }, "Unsqueeze(axes)", NULL, 0 },
    { "ReduceSum",
      11,
      18,
      "axes=[1] keepdims=0",
      { "F32[2,2] 1 2 3 4" },
      "ReduceSum(keepdims)",
      NULL,
      0 },
    { "ReduceSum",
      13,
      9,
      "noop_with_empty_axes=1",
      { "F32[2] 1 2", "=I64[1] -1" },
      "ReduceSum(axes)",
      NULL,
      0 },
    { "ReduceSum",
      13,
      9,
      "noop_with_empty_axes=1",
      { "F32[2] 1 2" },
      NULL,
      "noop_with_empty_axes: 1 without axes",
      0 },
    { "ReduceMax", 13, 18, "axes=[0]", { "F32[2,2] 1 2 3 4" }, "ReduceMax", NULL, 0 },
    { "ReduceMean",
      18,
      13,
      NULL,
      { "F32[2,2] 1 2 3 4", "=I64[1] 1" },
      "ReduceMean(axes)",
      NULL,
      0 },
    { "ReduceMax", 20, 18, NULL, { "BOOL[2] 0 1" }, NULL, "ReduceMax", 0 },
    { "Split", 11, 18, "split=[1,2]", { "F32[3] 1 2 3" }, "Split", NULL, 2 },
    { "Split", 11, 18, NULL, { "F32[4] 1 2 3 4" }, "Split(num_outputs)", NULL, 2 },
    { "Split", 18, 11, "num_outputs=2", { "F32[4] 1 2 3 4" }, "Split", NULL, 2 },
    { "Split", 18, 11, NULL, { "F32[3] 1 2 3", "=I64[2] 1 2" }, "Split(split)", NULL, 2 },
    { "Split",
      18,
      11,
      "num_outputs=2",
      { "F32[3] 1 2 3" },
      NULL,
      "length 3, want a multiple of 2",
      2 },
    { "Slice", 9, 13, "starts=[1] ends=[3] axes=[0]", { "F32[4] 1 2 3 4" }, "Slice", NULL, 0 },
    { "Slice",
      13,
      9,
      NULL,
      { "F32[4] 1 2 3 4", "=I64[1] 1", "=I64[1] 3" },
      "Slice(starts ends)",
      NULL,
      0 },
    { "Slice",
      13,
      9,
      NULL,
      { "F32[4] 1 2 3 4", "=I64[1] 3", "=I64[1] 0", "=I64[1] 0", "=I64[1] -1" },
      NULL,
      "input 4 (steps): -1, want 1",
      0 },
    { "TopK", 9, 11, "k=2 axis=0", { "F32[4] 1 4 2 3" }, "TopK(axis)", NULL, 2 },
    { "TopK", 11, 9, "largest=1", { "F32[4] 1 4 2 3", "=I64[1] 2" }, "TopK(k)", NULL, 2 },
    { "TopK", 11, 9, "largest=0", { "F32[4] 1 4 2 3", "=I64[1] 2" }, NULL, "attribute largest", 2 },
    { "Pad", 10, 13, "pads=[1,0] value=2.5", { "F32[2] 1 2" }, "Pad", NULL, 0 },
    { "Pad", 10, 21, "pads=[1,1] mode='reflect'", { "F32[2] 1 2" }, "Pad(mode)", NULL, 0 },
    { "Pad",
      18,
      9,
      NULL,
      { "F32[2,2] 1 2 3 4", "=I64[2] 1 0", "-", "=I64[1] -1" },
      "Pad(pads)",
      NULL,
      0 },
    { "Pad", 19, 18, "mode='wrap'", { "F32[2] 1 2", "=I64[2] 1 1" }, NULL, "mode: wrap", 0 },
    { "Softmax", 11, 13, "axis=1", { "F32[2,3] rand" }, "Softmax(axis)", NULL, 0 },
    { "Softmax",
      11,
      13,
      NULL,
      { "F32[2,3,2] rand" },
      "Shape Flatten(axis) Softmax(axis) Reshape",
      NULL,
      0 },
    { "LogSoftmax",
      9,
      21,
      "axis=0",
      { "F32[2,3] rand" },
      "Shape Flatten(axis) LogSoftmax(axis) Reshape",
      NULL,
      0 },
    { "Softmax",
      13,
      9,
      "axis=0",
      { "F32[2,3] rand" },
      "Transpose(perm) Softmax(axis) Transpose(perm)",
      NULL,
      0 },
    { "Hardmax", 13, 9, "axis=-1", { "F32[2,3] rand" }, "Hardmax(axis)", NULL, 0 },
    { "Upsample",
      8,
      11,
      "scales=[1.0,1.0,2.0,2.0]",
      { "F32[1,1,2,2] 1 2 3 4" },
      "Resize(coordinate_transformation_mode nearest_mode)",
      NULL,
      0 },
    { "Upsample",
      9,
      13,
      "mode='linear'",
      { "F32[1,1,2,2] 1 2 3 4", "=F32[4] 1 1 2 2" },
      "Resize(mode coordinate_transformation_mode nearest_mode)",
      NULL,
      0 },
    { "Resize",
      13,
      8,
      "coordinate_transformation_mode='asymmetric' nearest_mode='floor'",
      { "F32[1,1,2,2] 1 2 3 4", "-", "=F32[4] 1 1 2 2" },
      "Upsample(scales)",
      NULL,
      0 },
    { "Resize",
      13,
      10,
      NULL,
      { "F32[1,1,2,2] 1 2 3 4", "-", "=F32[4] 1 1 2 2" },
      NULL,
      "coordinate_transformation_mode: want asymmetric",
      0 },
    { "Resize",
      13,
      11,
      "mode='linear'",
      { "F32[1,1,2,2] 1 2 3 4", "-", "-", "=I64[4] 1 1 3 3" },
      "Resize(mode)",
      NULL,
      0 },
    { "Gemm", 13, 9, NULL, { "F32[2,2] rand", "F32[2,2] rand" }, "Gemm", NULL, 0 },
    { "Dropout", 10, 13, "ratio=0.25", { "F32[2] 1 2" }, "Dropout", NULL, 0 },
    { "Dropout",
      13,
      7,
      "seed=3",
      { "F32[2] 1 2", "=F32[] 0.25", "=BOOL[] 0" },
      "Dropout(ratio)",
      NULL,
      0 },
    { "Dropout",
      13,
      10,
      NULL,
      { "F32[2] 1 2", "-", "=BOOL[] 1" },
      NULL,
      "training_mode): true",
      0 },
    { "BatchNormalization",
      7,
      15,
      "spatial=1",
      { "F32[1,2,2] rand", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 0 0.5", "F32[2] 1 2" },
      "BatchNormalization",
      NULL,
      0 },
    { "BatchNormalization",
      15,
      7,
      "training_mode=0",
      { "F32[1,2,2] rand", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 0 0.5", "F32[2] 1 2" },
      "BatchNormalization",
      NULL,
      0 },
    { "BatchNormalization",
      15,
      9,
      "training_mode=1",
      { "F32[2,2,2] rand", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 0 0.5", "F32[2] 1 2" },
      NULL,
      "training_mode: 1, want 0",
      0 },
    { "ArgMax", 13, 11, "select_last_index=0 axis=0", { "F32[2] 1 2" }, "ArgMax(axis)", NULL, 0 },
    { "ArgMax", 13, 11, "select_last_index=1", { "F32[2] 1 2" }, NULL, "select_last_index", 0 },
    { "ArgMax", 13, 9, "axis=-1", { "F32[1,2] 1 2" }, "ArgMax(axis)", NULL, 0 },
    { "MaxPool",
      12,
      8,
      "kernel_shape=[2] dilations=[1] ceil_mode=0",
      { "F32[1,1,4] 1 2 3 4" },
      "MaxPool(kernel_shape)",
      NULL,
      0 },
    { "MaxPool",
      12,
      8,
      "kernel_shape=[2] dilations=[2]",
      { "F32[1,1,4] 1 2 3 4" },
      NULL,
      "attribute dilations",
      0 },
    { "GroupNormalization",
      18,
      21,
      "num_groups=2",
      { "F32[1,4,2] rand", "F32[2] 1 2", "F32[2] 0 1" },
      "Reshape Expand Reshape Reshape Expand Reshape GroupNormalization(num_groups)",
      NULL,
      0 },
    { "GroupNormalization",
      21,
      18,
      "num_groups=2",
      { "F32[1,4,2] rand", "=F32[4] 1 1 2 2", "=F32[4] 0 0 1 1" },
      "GroupNormalization(num_groups)",
      NULL,
      0 },
    { "GroupNormalization",
      21,
      18,
      "num_groups=2",
      { "F32[1,4,2] rand", "=F32[4] 1 3 2 2", "=F32[4] 0 0 1 1" },
      NULL,
      "differs within a group",
      0 },
    { "Scatter",
      9,
      13,
      "axis=0",
      { "F32[3] 1 2 3", "I64[1] 1", "F32[1] 9" },
      "ScatterElements(axis)",
      NULL,
      0 },
    { "ScatterElements",
      18,
      9,
      "reduction='none' axis=-1",
      { "F32[3] 1 2 3", "I64[1] 1", "F32[1] 9" },
      "Scatter(axis)",
      NULL,
      0 },
    { "ScatterElements",
      18,
      16,
      "reduction='max'",
      { "F32[3] 1 2 3", "I64[1] 1", "F32[1] 9" },
      NULL,
      "max or min",
      0 },
    { "Shape", 15, 11, "start=1", { "F32[2,3] rand" }, "Shape Slice", NULL, 0 },
    { "Shape", 15, 11, NULL, { "F32[2,3] rand" }, "Shape", NULL, 0 },
    { "Reshape", 14, 13, "allowzero=0", { "F32[2] 1 2", "I64[2] 1 2" }, "Reshape", NULL, 0 },
    { "Reshape",
      14,
      13,
      "allowzero=1",
      { "F32[2] 1 2", "I64[2] 1 2" },
      NULL,
      "attribute allowzero",
      0 },
    { "Gelu", 20, 19, NULL, { "F32[4] rand" }, "Mul Erf Add Mul Mul", NULL, 0 },
    { "Gelu",
      20,
      9,
      "approximate='tanh'",
      { "F64[4] rand" },
      "Mul Mul Mul Add Mul Tanh Add Mul Mul",
      NULL,
      0 },
    { "HardSwish", 14, 13, NULL, { "F32[4] rand" }, "HardSigmoid(alpha beta) Mul", NULL, 0 },
    { "Mish", 18, 13, NULL, { "F32[4] rand" }, "Softplus Tanh Mul", NULL, 0 },
    { "Swish", 24, 23, "alpha=2.0", { "F32[4] rand" }, "Mul Sigmoid Mul", NULL, 0 },
    { "Celu", 12, 11, "alpha=2.0", { "F32[4] rand" }, "Div Elu Mul", NULL, 0 },
    { "ThresholdedRelu", 10, 9, "alpha=0.5", { "F32[4] rand" }, "Greater Where", NULL, 0 },
    { "GreaterOrEqual",
      12,
      11,
      NULL,
      { "F32[3] 1 2 nan", "F32[3] 2 2 2" },
      "Greater Equal Or",
      NULL,
      0 },
    { "LayerNormalization",
      17,
      13,
      "axis=1",
      { "F32[2,3] rand", "F32[3] 1 2 3", "F32[3] 0 1 2" },
      "ReduceMean(axes) Sub Mul ReduceMean(axes) Add Sqrt Reciprocal Mul Mul Add",
      NULL,
      0 },
    { "LayerNormalization",
      17,
      16,
      NULL,
      { "F16[2,3] rand", "F16[3] 1 2 3" },
      "Cast(to) ReduceMean(axes) Sub Mul ReduceMean(axes) Add Sqrt Reciprocal Mul Cast(to) Mul",
      NULL,
      0 },
    { "RMSNormalization",
      23,
      18,
      NULL,
      { "F32[2,3] rand", "F32[3] 1 2 3" },
      "Mul ReduceMean Add Sqrt Reciprocal Mul Mul",
      NULL,
      0 },
    { "Einsum",
      12,
      11,
      "equation='i,i->'",
      { "F32[2] 1 2", "F32[2] 1 2" },
      NULL,
      "operator: began in version 12, want 11 or before",
      0 },
    { "Constant", 12, 11, "value_float=1.5", { NULL }, "Constant(value)", NULL, 0 },
    { "Max", 8, 7, NULL, { "F32[2] 1 2", "F32[2] 2 1" }, "Max", NULL, 0 },
    { "Max", 8, 7, NULL, { "F32[2] 1 2", "F32[1] 2" }, NULL, "want no broadcasting", 0 },
    { "Pow",
      12,
      11,
      NULL,
      { "F32[2] 1 2", "I64[1] 2" },
      NULL,
      "int64, want the type of input 0",
      0 },
    { "GRU",
      14,
      13,
      "layout=1 hidden_size=1",
      { "F32[1,1,1] 1", "F32[1,3,1] 1 1 1", "F32[1,3,1] 1 1 1" },
      NULL,
      "attribute layout",
      0 },
    { "DFT", 17, 20, "axis=1", { "F32[1,4,1] 1 2 3 4" }, "DFT", NULL, 0 },
    { "DFT", 20, 17, NULL, { "F32[1,4,1] 1 2 3 4", "-", "=I64[] 1" }, "DFT(axis)", NULL, 0 },
    { "GridSample",
      16,
      20,
      "mode='bilinear'",
      { "F32[1,1,2,2] 1 2 3 4", "F32[1,1,1,2] 0 0" },
      "GridSample(mode)",
      NULL,
      0 },
    { "RoiAlign",
      10,
      16,
      "output_height=1 output_width=1",
      { "F32[1,1,4,4] iota", "F32[1,4] 0 0 2 2", "I64[1] 0" },
      "RoiAlign(output_height output_width coordinate_transformation_mode)",
      NULL,
      0 },
    { "QuantizeLinear",
      21,
      10,
      "axis=1 saturate=1",
      { "F32[2] 1 2", "F32[] 0.5", "U8[] 0" },
      "QuantizeLinear",
      NULL,
      0 },
    { "QuantizeLinear",
      13,
      10,
      "axis=0",
      { "F32[2] 1 2", "F32[2] 0.5 1" },
      NULL,
      "one per channel",
      0 },
    { "Add",
      6,
      7,
      "broadcast=1 axis=0",
      { "F32[2,2] 1 2 3 4", "F32[2] 10 20" },
      "Reshape Add",
      NULL,
      0 },
    { "Relu", 5, 6, "consumed_inputs=[0]", { "F32[2] -1 2" }, "Relu", NULL, 0 },
};

/* --- building --------------------------------------------------------------------------------- */

static ofz_value *input_make(graph_make *k, const char *name, const ofz_tensor *t, bool constant)
{
    ofz_value *v;

    if (constant) {
        assert_int_equal(ofz_constant_new(k->ctx, k->m.graph, name, t, &v), OFZ_OK);
        v->initializer = true;
        return v;
    }
    assert_int_equal(ofz_value_new(k->ctx, k->m.graph, name, &v), OFZ_OK);
    assert_int_equal(ofz_tensor_set(k->ctx, &v->type, t->dtype, t->rank, t->dim), OFZ_OK);
    v->is_input = true;
    assert_true(ofz_list_push(&k->m.graph->input, v));
    return v;
}

static void model_make(graph_make *k, const convert_case *c, ofz_tensor *t)
{
    ofz_attr attr[8];
    char     in[64] = "", out[64] = "";
    int      count = 0;

    graph_make_init(k);
    k->opset[0].version = c->from;
    k->m.opset          = k->opset;
    k->m.opset_count    = 2;
    k->m.ir_version     = 8;
    if (c->attrs) count = op_text_attrs(k->ctx, k->m.graph, c->attrs, attr, 8);
    assert_true(count >= 0);
    for (int i = 0; i < IN && c->in[i]; i++) {
        const bool constant = c->in[i][0] == '=';
        char       name[16] = "-";

        if (strcmp(c->in[i], "-") != 0) {
            snprintf(name, sizeof name, "x%d", i);
            assert_non_null(op_text_tensor(k->ctx, c->in[i] + constant, i, &t[i]));
            input_make(k, name, &t[i], constant);
            if (constant) t[i] = (ofz_tensor){ 0 };
        }
        snprintf(in + strlen(in), sizeof in - strlen(in), "%s ", name);
    }
    for (int i = 0; i < (c->outs ? c->outs : 1); i++)
        snprintf(out + strlen(out), sizeof out - strlen(out), "y%d ", i);
    graph_node_attrs(k, "n", c->op, in, out, attr, (size_t)count);
    for (int i = 0; i < (c->outs ? c->outs : 1); i++) {
        char name[16];

        snprintf(name, sizeof name, "y%d", i);
        graph_output(k, name);
    }
    if (!strcmp(c->op, "Constant")) { /* as the reader does */
        ofz_tensor one;

        assert_non_null(op_text_tensor(k->ctx, "F32[] 1.5", 0, &one));
        graph_value(k, "y0")->constant  = OFZ_NEW(&k->m.arena, ofz_tensor);
        *graph_value(k, "y0")->constant = one;
    }
}

static void run(graph_make *k, ofz_tensor *fed, ofz_tensor *out)
{
    ofz_graph *g = k->m.graph;
    ofz_plan  *plan;
    ofz_exec  *exec;

    assert_int_equal(ofz_infer_graph(k->ctx, g, 0), OFZ_OK);
    assert_int_equal(
        ofz_plan_new(k->ctx, g, (ofz_value *const *)g->output.item, g->output.count, &plan),
        OFZ_OK);
    assert_int_equal(ofz_exec_new(k->ctx, plan, &exec), OFZ_OK);
    for (int i = 0; i < IN; i++) {
        char name[16];

        snprintf(name, sizeof name, "x%d", i);
        if (fed[i].dtype)
            assert_int_equal(ofz_exec_feed(k->ctx, exec, graph_value(k, name), &fed[i]), OFZ_OK);
    }
    if (ofz_exec_run(k->ctx, exec)) fail_msg("%s", ofz_error(k->ctx));
    for (size_t i = 0; i < g->output.count; i++)
        assert_int_equal(ofz_tensor_copy(k->ctx, ofz_exec_get(exec, g->output.item[i]), &out[i]),
                         OFZ_OK);
    ofz_exec_free(exec);
    ofz_plan_free(plan);
}

/* "Shape Flatten(axis) ..." */
static void describe(const ofz_graph *g, char *buf, size_t size)
{
    buf[0] = '\0';
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", i ? " " : "", n->op_type);
        for (size_t k = 0; k < n->attr_count; k++)
            snprintf(buf + strlen(buf), size - strlen(buf), "%s%s%s", k ? " " : "(",
                     n->attr[k].name, k + 1 < n->attr_count ? "" : ")");
    }
}

static bool case_run(const convert_case *c)
{
    graph_make     k;
    ofz_tensor     fed[IN] = { 0 }, before[4], after[4];
    ofz_comparison d;
    ofz_status     st;
    bool           good = true;
    char           got[512];
    const size_t   outs = c->outs ? (size_t)c->outs : 1;

    model_make(&k, c, fed);
    run(&k, fed, before);
    st = ofz_convert_opset(k.ctx, &k.m, c->to);
    if (c->error) {
        good = st == OFZ_E_UNSUPPORTED && strstr(ofz_error(k.ctx), c->error);
        if (!good) print_error("%s: '%s'\n", ofz_status_name(st), ofz_error(k.ctx));
    } else if (st) {
        good = false;
        print_error("%s\n", ofz_error(k.ctx));
    } else {
        describe(k.m.graph, got, sizeof got);
        good = !strcmp(got, c->want);
        if (!good) print_error("got  %s\nwant %s\n", got, c->want);
        if (ofz_graph_verify(k.ctx, k.m.graph)) fail_msg("%s", ofz_error(k.ctx));
        run(&k, fed, after);
        for (size_t i = 0; i < outs; i++) {
            const double rtol = before[i].dtype == OFZ_F16 ? 2e-3 : 1e-5;

            if (!ofz_tensor_compare(&after[i], &before[i], rtol, 1e-6, &d) || d.bad_count) {
                print_error("output %zu differs\n", i);
                good = false;
            }
            ofz_tensor_release(&after[i]);
        }
    }
    if (!good)
        print_error("  in %s %d -> %d %s\n", c->op, c->from, c->to, c->attrs ? c->attrs : "");
    for (size_t i = 0; i < outs; i++) ofz_tensor_release(&before[i]);
    for (int i = 0; i < IN; i++) ofz_tensor_release(&fed[i]);
    graph_make_free(&k);
    return good;
}

static void test_cases(void **state)
{
    size_t bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) bad += !case_run(&cases[i]);
    assert_int_equal(bad, 0);
}

/* Sorted, or nothing would be found; and a version follows another. */
static void test_table(void **state)
{
    const ofz_convert_rule *last = ofz_convert_at(0), *r;

    (void)state;
    for (size_t i = 1; (r = ofz_convert_at(i)); last = r, i++) {
        const int side = strcmp(last->op, r->op);

        if (side > 0 || (!side && last->version >= r->version))
            fail_msg("%s %d stands behind %s %d", r->op, r->version, last->op, last->version);
        assert_ptr_equal(ofz_convert_find(r->op, r->version), r);
    }
    assert_null(ofz_convert_find("Relu", 12));
    assert_null(ofz_convert_find("Zzz", 12));
}

static void test_ir_versions(void **state)
{
    (void)state;
    assert_int_equal(ofz_convert_ir(8), 3);
    assert_int_equal(ofz_convert_ir(9), 4);
    assert_int_equal(ofz_convert_ir(17), 8);
    assert_int_equal(ofz_convert_ir(21), 10);
    assert_int_equal(ofz_convert_ir(28), 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_ir_versions),
        cmocka_unit_test(test_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
