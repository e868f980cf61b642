/* test_fold.c - what folding makes of small graphs: the operators that are left, the same results, and
 * what must stay as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/fold_trial.h"
#include "graph_text.h"
#include "op_harness.h"
#include "pass/fold_edit.h"

/* A line of a graph: an input ("<"), an output (">"), a constant ("=", frozen "=f", trained "=t") or a
 * node. */
typedef struct line {
    const char *op, *out, *in, *attrs;
} line;

typedef struct fold_case {
    const char      *name, *want; /* operators in order */
    line             line[12];
    ofz_fold_options options; /* scope and size_limit alone, unless 0 */
    int              ir;      /* 0: 8 */
} fold_case;

#define INPUT(name, shape)                                                                         \
    {                                                                                              \
        "<", name, shape                                                                           \
    }
#define OUTPUT(name)                                                                               \
    {                                                                                              \
        ">", name                                                                                  \
    }
#define CONSTANT(name, tensor)                                                                     \
    {                                                                                              \
        "=", name, tensor                                                                          \
    }
#define FROZEN(name, tensor)                                                                       \
    {                                                                                              \
        "=f", name, tensor                                                                         \
    }
#define TRAINED(name, tensor)                                                                      \
    {                                                                                              \
        "=t", name, tensor                                                                         \
    }
#define NODE(op, out, in)                                                                          \
    {                                                                                              \
        op, out, in                                                                                \
    }
#define NODE_ATTRS(op, out, in, at)                                                                \
    {                                                                                              \
        op, out, in, at                                                                            \
    }

static void build(graph_make *k, const fold_case *c)
{
    graph_make_init(k);
    k->m.ir_version = c->ir ? c->ir : 8;
    for (const line *l = c->line; l->op; l++) {
        ofz_value *v;

        if (l->op[0] == '<') {
            graph_input(k, l->out, OFZ_F32, l->in);
        } else if (l->op[0] == '>') {
            graph_output(k, l->out);
        } else if (l->op[0] == '=') {
            v              = text_constant(k, l->out, l->in);
            v->initializer = true;
            v->mark        = l->op[1] == 'f'   ? OFZ_MARK_FROZEN
                             : l->op[1] == 't' ? OFZ_MARK_TRAINABLE
                                               : OFZ_MARK_NONE;
            assert_true(ofz_list_push(&k->m.tensor, v));
        } else {
            text_node(k, l->op, l->in, l->out, l->attrs);
        }
    }
}

static const char *ops_text(const ofz_graph *g, char *buf, size_t size)
{
    size_t at = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < g->node.count && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? " " : "",
                               ((const ofz_node *)g->node.item[i])->op_type);
    return buf;
}

static void options_of(const fold_case *c, ofz_fold_options *o)
{
    ofz_fold_options_init(o);
    o->scope = c->options.scope;
    if (c->options.size_limit) o->size_limit = c->options.size_limit;
}

static void case_run(const fold_case *c)
{
    ofz_fold_check       check[4] = { { 0 } };
    ofz_fold_options     o;
    ofz_trial            trial;
    graph_make           k;
    size_t               count;
    const ofz_fold_pass *pass = ofz_fold_passes(&count);
    char                 buf[512];

    build(&k, c);
    options_of(c, &o);
    if (ofz_trial_new(k.ctx, &k.m, 1, 0, &trial) ||
        ofz_fold_model(k.ctx, &k.m, &o, pass, count, NULL, NULL, NULL) ||
        ofz_trial_compare(k.ctx, &k.m, &trial, 1e-5, check))
        fail_msg("%s: %s", c->name, ofz_error(k.ctx));
    if (strcmp(ops_text(k.m.graph, buf, sizeof buf), c->want) != 0)
        fail_msg("%s: '%s', want '%s'", c->name, buf, c->want);
    ofz_trial_free(&trial);
    graph_make_free(&k);
}

static const fold_case cases[] = {
    { "constants",
      "Add",
      { INPUT("x", "2"), CONSTANT("a", "F32[2] 1 2"), CONSTANT("b", "F32[2] 3 4"),
        NODE("Mul", "c", "a b"), NODE("Neg", "d", "c"), NODE("Add", "y", "x d"), OUTPUT("y") } },
    { "an output that is constant",
      "Neg",
      { INPUT("x", "2"), CONSTANT("a", "F32[2] 1 2"), NODE("Neg", "y", "a"), NODE("Neg", "z", "x"),
        OUTPUT("y"), OUTPUT("z") } },
    { "what trains is no constant",
      "Neg Add",
      { INPUT("x", "2"), TRAINED("a", "F32[2] 1 2"), NODE("Neg", "b", "a"), NODE("Add", "y", "x b"),
        OUTPUT("y") } },
    { "random stays",
      "RandomNormal Add",
      { INPUT("x", "2"), NODE_ATTRS("RandomNormal", "r", "", "shape=[2]"), NODE("Add", "y", "x r"),
        OUTPUT("y") } },
    { "a large result stays",
      "Expand Add",
      { INPUT("x", "4 1000"), CONSTANT("one", "F32[] 1"), CONSTANT("s", "I64[2] 4 1000"),
        NODE("Expand", "e", "one s"), NODE("Add", "y", "x e"), OUTPUT("y") },
      { .size_limit = 1000 } },
    { "a small one does not",
      "Add",
      { INPUT("x", "4 1000"), CONSTANT("two", "F32[] 2"), CONSTANT("s", "I64[2] 4 1000"),
        NODE("Expand", "e", "two s"), NODE("Add", "y", "x e"), OUTPUT("y") } },
    { "a static shape",
      "Reshape",
      { INPUT("x", "2 3"), NODE("Shape", "s", "x"), CONSTANT("k", "I64[1] 1"),
        CONSTANT("i", "I64[1] -1"), NODE("Gather", "d", "s k"),
        NODE_ATTRS("Concat", "t", "d i", "axis=0"), NODE("Reshape", "y", "x t"), OUTPUT("y") } },
    { "a symbolic batch",
      "Reshape",
      { INPUT("x", "? 3 4"), NODE("Shape", "s", "x"), CONSTANT("k", "I64[1] 0"),
        CONSTANT("d", "I64[1] 12"), NODE("Gather", "b", "s k"),
        NODE_ATTRS("Concat", "t", "b d", "axis=0"), NODE("Reshape", "y", "x t"), OUTPUT("y") } },
    { "two symbols",
      "Reshape",
      { INPUT("x", "? ? 12"), NODE("Shape", "s", "x"), CONSTANT("k", "I64[2] 0 1"),
        CONSTANT("d", "I64[2] 3 4"), NODE("Gather", "b", "s k"),
        NODE_ATTRS("Concat", "t", "b d", "axis=0"), NODE("Reshape", "y", "x t"), OUTPUT("y") } },
    { "symbols through int32",
      "Reshape",
      { INPUT("x", "? 4"), NODE("Shape", "s", "x"), NODE_ATTRS("Cast", "c", "s", "to=6"),
        CONSTANT("k", "I64[1] 0"), NODE("Gather", "b", "c k"), CONSTANT("d", "I32[2] 2 2"),
        NODE_ATTRS("Concat", "t", "b d", "axis=0"), NODE_ATTRS("Cast", "u", "t", "to=7"),
        NODE("Reshape", "y", "x u"), OUTPUT("y") } },
    { "two free symbols stay computed",
      "Shape Gather Reshape",
      { INPUT("x", "? ? 12"), NODE("Shape", "s", "x"), CONSTANT("k", "I64[3] 1 0 2"),
        NODE("Gather", "t", "s k"), NODE("Reshape", "y", "x t"), OUTPUT("y") } },
    { "identities",
      "Neg",
      { INPUT("x", "2 3"), NODE("Identity", "a", "x"), NODE("Neg", "b", "a"),
        NODE("Dropout", "c", "b"), NODE_ATTRS("Cast", "d", "c", "to=1"),
        NODE_ATTRS("Flatten", "e", "d", "axis=1"), NODE_ATTRS("Transpose", "f", "e", "perm=[0,1]"),
        NODE_ATTRS("Concat", "g", "f", "axis=0"), NODE("Sum", "y", "g"), OUTPUT("y") } },
    { "a graph input that is an output",
      "Identity",
      { INPUT("x", "2"), NODE("Identity", "y", "x"), OUTPUT("y") } },
    { "neutral numbers",
      "Neg",
      { INPUT("x", "2 3"), CONSTANT("zero", "F32[] 0"), CONSTANT("one", "F32[1] 1"),
        NODE("Neg", "n", "x"), NODE("Add", "a", "n zero"), NODE("Mul", "b", "one a"),
        NODE("Div", "c", "b one"), NODE("Pow", "d", "c one"), NODE("Sub", "y", "d zero"),
        OUTPUT("y") } },
    { "a zero that broadcasts",
      "Add",
      { INPUT("x", "3"), CONSTANT("zero", "F32[2,1] 0 0"), NODE("Add", "y", "x zero"),
        OUTPUT("y") } },
    { "slices, pads, tiles",
      "Neg",
      { INPUT("x", "2 3"), CONSTANT("o", "I64[2] 0 0"), CONSTANT("e", "I64[2] 2 3"),
        CONSTANT("p", "I64[4] 0 0 0 0"), CONSTANT("t", "I64[2] 1 1"), NODE("Slice", "a", "x o e"),
        NODE("Pad", "b", "a p"), NODE("Tile", "c", "b t"), NODE("Expand", "d", "c e"),
        NODE("Neg", "y", "d"), OUTPUT("y") } },
    { "a slice backwards stays",
      "Slice",
      { INPUT("x", "3"), CONSTANT("s", "I64[1] 2"), CONSTANT("e", "I64[1] -4"),
        CONSTANT("a", "I64[1] 0"), CONSTANT("k", "I64[1] -1"), NODE("Slice", "y", "x s e a k"),
        OUTPUT("y") } },
    { "what nobody reads",
      "Neg",
      { INPUT("x", "2"), NODE("Neg", "y", "x"), NODE("Exp", "a", "x"), NODE("Log", "b", "a"),
        OUTPUT("y") } },
    { "an unknown operator stays",
      "Neg Thing",
      { INPUT("x", "2"), NODE("Neg", "y", "x"), NODE("other.Thing", "a", "x"), OUTPUT("y") } },
    { "equal nodes",
      "Exp Add",
      { INPUT("x", "2"), NODE("Exp", "a", "x"), NODE("Exp", "b", "x"), NODE("Add", "y", "a b"),
        OUTPUT("y") } },
    { "equal but for an attribute",
      "Softmax Softmax Add",
      { INPUT("x", "2 2"), NODE_ATTRS("Softmax", "a", "x", "axis=0"),
        NODE_ATTRS("Softmax", "b", "x", "axis=1"), NODE("Add", "y", "a b"), OUTPUT("y") } },
    { "equal constants make equal nodes",
      "Add Exp Add",
      { INPUT("x", "2"), CONSTANT("p", "F32[2] 1 2"), CONSTANT("q", "F32[2] 1 2"),
        NODE("Add", "a", "x p"), NODE("Add", "b", "x q"), NODE("Exp", "c", "b"),
        NODE("Add", "y", "a c"), OUTPUT("y") } },
    { "trained twins stay two",
      "Add Add Mul",
      { INPUT("x", "2"), TRAINED("p", "F32[2] 1 2"), TRAINED("q", "F32[2] 1 2"),
        NODE("Add", "a", "x p"), NODE("Add", "b", "x q"), NODE("Mul", "y", "a b"), OUTPUT("y") } },
    { "transposes",
      "Transpose",
      { INPUT("x", "2 3 4"), NODE_ATTRS("Transpose", "a", "x", "perm=[1,0,2]"),
        NODE_ATTRS("Transpose", "y", "a", "perm=[0,2,1]"), OUTPUT("y") } },
    { "a transpose and back",
      "Neg",
      { INPUT("x", "2 3"), NODE("Transpose", "a", "x"), NODE("Transpose", "b", "a"),
        NODE("Neg", "y", "b"), OUTPUT("y") } },
    { "reshapes",
      "Reshape",
      { INPUT("x", "2 3 4"), CONSTANT("s", "I64[2] 4 6"), CONSTANT("k", "I64[1] 0"),
        NODE("Reshape", "a", "x s"), NODE("Unsqueeze", "b", "a k"),
        NODE_ATTRS("Flatten", "y", "b", "axis=2"), OUTPUT("y") } },
    { "a cast that loses nothing",
      "Cast",
      { INPUT("x", "3"), NODE_ATTRS("Cast", "a", "x", "to=11"),
        NODE_ATTRS("Cast", "y", "a", "to=7"), OUTPUT("y") } },
    { "a cast that does",
      "Cast Cast",
      { INPUT("x", "3"), NODE_ATTRS("Cast", "a", "x", "to=7"), NODE_ATTRS("Cast", "y", "a", "to=1"),
        OUTPUT("y") } },
    { "slices of two axes",
      "Slice",
      { INPUT("x", "4 5"), CONSTANT("s", "I64[1] 1"), CONSTANT("e", "I64[1] 3"),
        CONSTANT("a", "I64[1] 0"), CONSTANT("b", "I64[1] -1"), NODE("Slice", "c", "x s e a"),
        NODE("Slice", "y", "c s e b"), OUTPUT("y") } },
    { "relu before clip",
      "Clip",
      { INPUT("x", "3"), CONSTANT("lo", "F32[] 0"), CONSTANT("hi", "F32[] 0.5"),
        NODE("Relu", "a", "x"), NODE("Clip", "y", "a lo hi"), OUTPUT("y") } },
    { "a Gemm that transposes",
      "Gemm",
      { INPUT("x", "3 2"), CONSTANT("w", "F32[3,4] rand"), NODE("Transpose", "a", "x"),
        NODE("Gemm", "y", "a w"), OUTPUT("y") } },
};

static const fold_case fusions[] = {
    { "batch norm after Conv",
      "Conv",
      { INPUT("x", "1 2 4 4"), CONSTANT("w", "F32[3,2,3,3] rand"), CONSTANT("g", "F32[3] 1 2 3"),
        CONSTANT("b", "F32[3] 4 5 6"), CONSTANT("m", "F32[3] 0.1 0.2 0.3"),
        CONSTANT("v", "F32[3] 1 4 9"), NODE("Conv", "c", "x w"),
        NODE("BatchNormalization", "y", "c g b m v"), OUTPUT("y") } },
    { "batch norm after a grouped ConvTranspose",
      "ConvTranspose",
      { INPUT("x", "1 4 3 3"), CONSTANT("w", "F32[4,3,2,2] rand"), CONSTANT("d", "F32[6] rand"),
        CONSTANT("g", "F32[6] rand"), CONSTANT("b", "F32[6] rand"), CONSTANT("m", "F32[6] rand"),
        CONSTANT("v", "F32[6] 1 2 3 4 5 6"), NODE_ATTRS("ConvTranspose", "c", "x w d", "group=2"),
        NODE("BatchNormalization", "y", "c g b m v"), OUTPUT("y") } },
    { "batch norm after Gemm",
      "Gemm",
      { INPUT("x", "2 3"), CONSTANT("w", "F32[2,3] rand"), CONSTANT("d", "F32[2] 1 2"),
        CONSTANT("v", "F32[2] 1 2"), NODE_ATTRS("Gemm", "c", "x w d", "transB=1 alpha=0.5"),
        NODE("BatchNormalization", "y", "c d v d v"), OUTPUT("y") } },
    { "a conv that trains keeps its norm",
      "Conv BatchNormalization",
      { INPUT("x", "1 2 4 4"), TRAINED("w", "F32[3,2,3,3] rand"), FROZEN("g", "F32[3] 1 2 3"),
        FROZEN("b", "F32[3] 4 5 6"), FROZEN("m", "F32[3] 0.1 0.2 0.3"), FROZEN("v", "F32[3] 1 4 9"),
        NODE("Conv", "c", "x w"), NODE("BatchNormalization", "y", "c g b m v"), OUTPUT("y") } },
    { "a norm that trains stays",
      "Conv BatchNormalization",
      { INPUT("x", "1 2 4 4"), FROZEN("w", "F32[3,2,3,3] rand"), TRAINED("g", "F32[3] 1 2 3"),
        FROZEN("b", "F32[3] 4 5 6"), FROZEN("m", "F32[3] 0.1 0.2 0.3"), FROZEN("v", "F32[3] 1 4 9"),
        NODE("Conv", "c", "x w"), NODE("BatchNormalization", "y", "c g b m v"), OUTPUT("y") } },
    { "a second reader keeps the norm",
      "Conv BatchNormalization Add",
      { INPUT("x", "1 2 4 4"), CONSTANT("w", "F32[3,2,3,3] rand"), CONSTANT("g", "F32[3] 1 2 3"),
        CONSTANT("v", "F32[3] 1 4 9"), NODE("Conv", "c", "x w"),
        NODE("BatchNormalization", "n", "c g g g v"), NODE("Add", "y", "n c"), OUTPUT("y") } },
    { "an output in between keeps it",
      "Conv BatchNormalization",
      { INPUT("x", "1 2 4 4"), CONSTANT("w", "F32[3,2,3,3] rand"), CONSTANT("g", "F32[3] 1 2 3"),
        CONSTANT("v", "F32[3] 1 4 9"), NODE("Conv", "c", "x w"),
        NODE("BatchNormalization", "y", "c g g g v"), OUTPUT("y"), OUTPUT("c") } },
    { "a norm that trains on batches stays",
      "Conv BatchNormalization",
      { INPUT("x", "1 2 4 4"), CONSTANT("w", "F32[3,2,3,3] rand"), CONSTANT("g", "F32[3] 1 2 3"),
        CONSTANT("v", "F32[3] 1 4 9"), NODE("Conv", "c", "x w"),
        NODE_ATTRS("BatchNormalization", "y m s", "c g g g v", "training_mode=1"), OUTPUT("y") } },
    { "arithmetic after Conv",
      "Conv",
      { INPUT("x", "1 2 4 4"), CONSTANT("w", "F32[3,2,1,1] rand"),
        CONSTANT("p", "F32[3,1,1] 1 2 3"), CONSTANT("q", "F32[] 4"), NODE("Conv", "a", "x w"),
        NODE("Mul", "b", "p a"), NODE("Sub", "c", "q b"), NODE("Div", "d", "c q"),
        NODE("Add", "y", "d p"), OUTPUT("y") } },
    { "a row is no channel",
      "Conv Add",
      { INPUT("x", "1 2 4 3"), CONSTANT("w", "F32[3,2,1,1] rand"), CONSTANT("p", "F32[3] 1 2 3"),
        NODE("Conv", "a", "x w"), NODE("Add", "y", "a p"), OUTPUT("y") } },
    { "a product and a sum",
      "Gemm",
      { INPUT("x", "? 3"), CONSTANT("w", "F32[3,2] rand"), CONSTANT("b", "F32[2] 1 2"),
        NODE("MatMul", "a", "x w"), NODE("Add", "y", "b a"), OUTPUT("y") } },
    { "a product and a sum that train",
      "Gemm",
      { INPUT("x", "? 3"), TRAINED("w", "F32[3,2] rand"), TRAINED("b", "F32[2] 1 2"),
        NODE("MatMul", "a", "x w"), NODE("Add", "y", "a b"), OUTPUT("y") } },
    { "a product of three axes",
      "MatMul Add",
      { INPUT("x", "2 2 3"), CONSTANT("w", "F32[3,2] rand"), CONSTANT("b", "F32[2] 1 2"),
        NODE("MatMul", "a", "x w"), NODE("Add", "y", "a b"), OUTPUT("y") } },
    { "its scale",
      "MatMul",
      { INPUT("x", "2 2 3"), CONSTANT("w", "F32[3,2] rand"), CONSTANT("s", "F32[2] 3 2"),
        NODE("MatMul", "a", "x w"), NODE("Mul", "y", "a s"), OUTPUT("y") } },
    { "padding before a convolution that has none by name",
      "Conv",
      { INPUT("x", "1 1 4 4"), CONSTANT("p", "I64[8] 0 0 0 0 0 0 1 1"),
        CONSTANT("w", "F32[1,1,3,3] 1 2 3 4 5 6 7 8 9"), NODE("Pad", "a", "x p"),
        NODE_ATTRS("Conv", "y", "a w", "auto_pad='VALID' strides=[2,2]"), OUTPUT("y") } },
    { "and not before one that pads by its size",
      "Pad Conv",
      { INPUT("x", "1 1 4 4"), CONSTANT("p", "I64[8] 0 0 0 0 0 0 1 1"),
        CONSTANT("w", "F32[1,1,3,3] 1 2 3 4 5 6 7 8 9"), NODE("Pad", "a", "x p"),
        NODE_ATTRS("Conv", "y", "a w", "auto_pad='SAME_UPPER' strides=[2,2]"), OUTPUT("y") } },
    { "a pad before Conv",
      "Conv",
      { INPUT("x", "1 1 4 4"), CONSTANT("w", "F32[1,1,3,3] rand"),
        CONSTANT("p", "I64[8] 0 0 1 2 0 0 0 1"), NODE("Pad", "a", "x p"),
        NODE_ATTRS("Conv", "y", "a w", "pads=[0,1,0,0]"), OUTPUT("y") } },
    { "a pad with ones stays",
      "Pad Conv",
      { INPUT("x", "1 1 4 4"), CONSTANT("w", "F32[1,1,3,3] rand"),
        CONSTANT("p", "I64[8] 0 0 1 1 0 0 1 1"), CONSTANT("one", "F32[] 1"),
        NODE("Pad", "a", "x p one"), NODE("Conv", "y", "a w"), OUTPUT("y") } },
    { "a pad before AveragePool",
      "AveragePool",
      { INPUT("x", "1 1 4 4"), CONSTANT("p", "I64[8] 0 0 1 1 0 0 1 1"), NODE("Pad", "a", "x p"),
        NODE_ATTRS("AveragePool", "y", "a", "kernel_shape=[3,3]"), OUTPUT("y") } },
    { "zeros before MaxPool are no padding",
      "Pad MaxPool",
      { INPUT("x", "1 1 4 4"), CONSTANT("p", "I64[8] 0 0 1 1 0 0 1 1"), NODE("Pad", "a", "x p"),
        NODE_ATTRS("MaxPool", "y", "a", "kernel_shape=[3,3]"), OUTPUT("y") } },
    { "below IR 4 constants are nodes",
      "Constant Add",
      { INPUT("x", "2"), CONSTANT("a", "F32[2] 1 2"), NODE("Neg", "b", "a"),
        NODE("Add", "y", "x b"), OUTPUT("y") },
      { 0 },
      3 },
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) case_run(&cases[i]);
}

static void test_fusions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fusions / sizeof *fusions; i++) case_run(&fusions[i]);
}

/* --- what the tables cannot say --------------------------------------------------------------- */

static void fold_all(graph_make *k, ofz_fold_scope scope)
{
    ofz_fold_options     o;
    size_t               count;
    const ofz_fold_pass *pass = ofz_fold_passes(&count);

    ofz_fold_options_init(&o);
    o.scope = scope;
    if (ofz_fold_model(k->ctx, &k->m, &o, pass, count, NULL, NULL, NULL))
        fail_msg("%s", ofz_error(k->ctx));
}

/* y = If(true, x + 1, x - 1). */
static void test_branch(void **state)
{
    graph_make k;
    ofz_graph *yes, *no;
    char       buf[128];

    (void)state;
    graph_make_init(&k);
    k.m.ir_version = 8;
    graph_input(&k, "x", OFZ_F32, "2");
    text_constant(&k, "on", "BOOL[] 1");
    text_constant(&k, "one", "F32[] 1");
    yes = text_body(&k, "");
    text_node(&k, "Add", "x one", "sum", NULL);
    text_body_end(&k, "sum");
    no = text_body(&k, "");
    text_node(&k, "Sub", "x one", "less", NULL);
    text_body_end(&k, "less");
    text_node_bodies(&k, "If", "on", "y", NULL, "then_branch", yes, "else_branch", no);
    graph_output(&k, "y");
    fold_all(&k, OFZ_FOLD_UNMARKED);
    assert_string_equal(ops_text(k.m.graph, buf, sizeof buf), "Add");
    assert_string_equal(graph_value(&k, "y")->producer->op_type, "Add");
    graph_make_free(&k);
}

/* A branch that gives out one value twice, one of them under the name of a graph output. */
static void test_branch_twice(void **state)
{
    graph_make k;
    ofz_graph *yes, *no;
    char       buf[128];

    (void)state;
    graph_make_init(&k);
    k.m.ir_version = 8;
    text_constant(&k, "x", "F32[2] 1 2");
    text_constant(&k, "on", "BOOL[] 1");
    yes = text_body(&k, "");
    text_node(&k, "RandomNormalLike", "x", "r", NULL);
    text_body_end(&k, "r r");
    no = text_body(&k, "");
    text_node(&k, "Neg", "x", "a", NULL);
    text_body_end(&k, "a a");
    text_node_bodies(&k, "If", "on", "y z", NULL, "then_branch", yes, "else_branch", no);
    text_node(&k, "Exp", "z", "e", NULL);
    graph_output(&k, "y");
    graph_output(&k, "e");
    fold_all(&k, OFZ_FOLD_UNMARKED);
    assert_string_equal(ops_text(k.m.graph, buf, sizeof buf), "RandomNormalLike Exp");
    assert_ptr_equal(graph_value(&k, "e")->producer->in[0], graph_value(&k, "y"));
    graph_make_free(&k);
}

/* Constants inside a branch that is chosen in the run. */
static void test_inside(void **state)
{
    graph_make k;
    ofz_graph *yes, *no;
    char       buf[128];

    (void)state;
    graph_make_init(&k);
    k.m.ir_version = 8;
    graph_input(&k, "on", OFZ_BOOL, "");
    graph_input(&k, "x", OFZ_F32, "2");
    text_constant(&k, "one", "F32[] 1");
    yes = text_body(&k, "");
    text_node(&k, "Neg", "one", "minus", NULL);
    text_node(&k, "Identity", "x", "same", NULL);
    text_node(&k, "Add", "same minus", "sum", NULL);
    text_body_end(&k, "sum");
    no = text_body(&k, "");
    text_node(&k, "Sub", "x one", "less", NULL);
    text_body_end(&k, "less");
    text_node_bodies(&k, "If", "on", "y", NULL, "then_branch", yes, "else_branch", no);
    graph_output(&k, "y");
    fold_all(&k, OFZ_FOLD_UNMARKED);
    assert_string_equal(ops_text(k.m.graph, buf, sizeof buf), "If");
    assert_string_equal(ops_text(yes, buf, sizeof buf), "Add");
    graph_make_free(&k);
}

static const fold_case head = {
    "a marked model",
    "",
    { INPUT("x", "? 3"), FROZEN("a", "F32[3,4] rand"), FROZEN("b", "F32[4] rand"),
      TRAINED("w", "F32[4,2] rand"), TRAINED("c", "F32[2] 1 2"), NODE("MatMul", "p", "x a"),
      NODE("Add", "q", "p b"), NODE("Relu", "r", "q"), NODE("MatMul", "s", "r w"),
      NODE("Add", "y", "s c"), OUTPUT("y") }
};

/* Trainable tensors keep their bytes and marks; what was made of frozen ones is frozen. */
static void test_marks(void **state)
{
    graph_make   k;
    const float *bytes;
    size_t       trained = 0;

    (void)state;
    build(&k, &head);
    bytes = graph_value(&k, "w")->constant->data;
    fold_all(&k, OFZ_FOLD_UNMARKED);
    for (size_t i = 0; i < k.m.tensor.count; i++) {
        const ofz_value *v = k.m.tensor.item[i];

        trained += v->mark == OFZ_MARK_TRAINABLE;
        assert_int_not_equal(v->mark, OFZ_MARK_NONE);
    }
    assert_int_equal(trained, 2);
    assert_ptr_equal(graph_value(&k, "w")->constant->data, bytes);
    graph_make_free(&k);
}

/* Without marks: everything, or what does not train by default. */
static void test_scopes(void **state)
{
    static const fold_case c = { "",
                                 "",
                                 { INPUT("x", "1 3"), CONSTANT("w", "F32[3,2] rand"),
                                   CONSTANT("s", "F32[2] 3 4"), NODE("MatMul", "a", "x w"),
                                   NODE("Mul", "y", "a s"), OUTPUT("y") } };
    graph_make             k;
    char                   buf[128];

    (void)state;
    build(&k, &c);
    fold_all(&k, OFZ_FOLD_UNMARKED);
    assert_string_equal(ops_text(k.m.graph, buf, sizeof buf), "MatMul");
    graph_make_free(&k);
    build(&k, &c);
    fold_all(&k, OFZ_FOLD_KEEP_DEFAULTS);
    assert_string_equal(ops_text(k.m.graph, buf, sizeof buf), "MatMul Mul");
    graph_make_free(&k);
    build(&k, &c);
    graph_value(&k, "s")->mark = graph_value(&k, "w")->mark = OFZ_MARK_FROZEN;
    fold_all(&k, OFZ_FOLD_MARKED);
    assert_string_equal(ops_text(k.m.graph, buf, sizeof buf), "MatMul");
    graph_make_free(&k);
}

/* From IR 4 on a caller may override an initializer that is an input; below it may not. */
static void test_overridable(void **state)
{
    static const fold_case c = { "",
                                 "",
                                 { INPUT("x", "2"), CONSTANT("a", "F32[2] 1 2"),
                                   NODE("Neg", "b", "a"), NODE("Add", "y", "x b"), OUTPUT("y") } };
    graph_make             k;
    char                   buf[128];

    (void)state;
    for (int ir = 3; ir <= 8; ir += 5) {
        build(&k, &c);
        k.m.ir_version                 = ir;
        graph_value(&k, "a")->is_input = true;
        assert_true(ofz_list_push(&k.m.graph->input, graph_value(&k, "a")));
        fold_all(&k, OFZ_FOLD_UNMARKED);
        assert_string_equal(ops_text(k.m.graph, buf, sizeof buf),
                            ir == 3 ? "Constant Add" : "Neg Add");
        assert_int_equal(k.m.graph->input.count, ir == 3 ? 1 : 2);
        graph_make_free(&k);
    }
}

/* --- explaining, refusing --------------------------------------------------------------------- */

typedef struct reasons {
    char   text[512];
    size_t size;
} reasons;

static void reason_add(void *user, const ofz_node *n, const char *reason)
{
    reasons *r = user;

    r->size += (size_t)snprintf(r->text + r->size, sizeof r->text - r->size, "%s: %s; ", n->op_type,
                                reason);
}

static void test_reasons(void **state)
{
    static const fold_case c = { "",
                                 "",
                                 { INPUT("x", "2"), TRAINED("a", "F32[2] 1 2"),
                                   FROZEN("b", "F32[1] 1"), CONSTANT("s", "I64[1] 400000"),
                                   NODE("Neg", "n", "a"), NODE("Exp", "e", "x"),
                                   NODE("Expand", "l", "b s"), NODE("other.Thing", "t", "x"),
                                   OUTPUT("n"), OUTPUT("e"), OUTPUT("l") } };
    ofz_fold_options       o;
    size_t                 count;
    const ofz_fold_pass   *pass = ofz_fold_passes(&count);
    reasons                r    = { "", 0 };
    graph_make             k;

    (void)state;
    build(&k, &c);
    ofz_fold_options_init(&o);
    assert_int_equal(ofz_fold_model(k.ctx, &k.m, &o, pass, count, reason_add, &r, NULL), OFZ_OK);
    assert_string_equal(r.text, "Neg: trains: a; Exp: reads input x; Expand: size: 1600000 bytes; "
                                "Thing: unknown operator; ");
    graph_make_free(&k);
}

/* A pass that takes a Relu for nothing. */
static ofz_status drop_relu(ofz_fold *f, ofz_graph *g)
{
    bool done;

    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (ofz_fold_is(f, n, "Relu")) OFZ_TRY(ofz_fold_bypass(f, n, n->in[0], &done));
    }
    return OFZ_OK;
}

static void test_refuses(void **state)
{
    static const ofz_fold_pass broken[] = { { "constants", ofz_fold_constants, false },
                                            { "careless", drop_relu, false },
                                            { "clean", ofz_fold_clean, false } };
    ofz_fold_options           o;
    ofz_ctx                   *ctx = ofz_ctx_new();
    ofz_model                 *m;

    (void)state;
    ofz_fold_options_init(&o);
    assert_int_equal(ofz_model_load(ctx, OFZ_SOURCE_DIR "/testdata/mlp.onnx", &m), OFZ_OK);
    assert_int_equal(ofz_model_fold_by(ctx, m, &o, broken, 3, NULL), OFZ_E_DIFFERENT);
    assert_non_null(strstr(ofz_error(ctx), "folding, pass 'careless': output 'logits': "));
    assert_non_null(strstr(ofz_error(ctx), "elements differ, by up to "));
    ofz_model_free(m);
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),       cmocka_unit_test(test_fusions),
        cmocka_unit_test(test_branch),      cmocka_unit_test(test_branch_twice),
        cmocka_unit_test(test_inside),      cmocka_unit_test(test_marks),
        cmocka_unit_test(test_scopes),      cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_overridable), cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
