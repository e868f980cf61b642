/* test_infer.c - what inference knows of a chain of nodes when the batch is a symbol: shapes computed by
 * nodes arrive at the Reshape, Expand and Slice that they are for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"
#include "pass/infer_shapes.h"

enum { NODES = 10, TEXT = 128 };

/* Nodes are "OpType in in > out out ; attributes". The graph around them has
 *     x [N,4,6] f32, img [N,3,H,W] f32, seq [1,S,8] f32, open [3] i64 (nobody knows its elements)
 * and the constants that `constants` below lists. `want` is the inferred shape of `y`: a name for a
 * symbol of the inputs, "?" for any other. */
typedef struct chain {
    const char *node[NODES];
    const char *want;
} chain;

static const char *const constants[][2] = {
    { "i0", "I64[] 0" },        { "i1", "I64[] 1" },        { "i2", "I64[] 2" },
    { "i3", "I64[] 3" },        { "v0", "I64[1] 0" },       { "v1", "I64[1] 1" },
    { "v2", "I64[1] 2" },       { "v3", "I64[1] 3" },       { "v4", "I64[1] 4" },
    { "v8", "I64[1] 8" },       { "v24", "I64[1] 24" },     { "all", "I64[1] -1" },
    { "v01", "I64[2] 0 1" },    { "v12", "I64[2] 1 2" },    { "half", "F32[] 0.5" },
    { "two", "F32[] 2" },       { "end", "I64[1] 1000" },   { "w", "F32[24,5] rand" },
    { "twos", "I64[3] 2 2 2" }, { "ones", "I64[3] 1 1 1" }, { "zeros", "I64[3] 0 0 0" },
    { "v02", "I64[2] 0 2" },    { "s32", "I32[1] 0" },      { "four", "I64[] 4" },
};

static const chain chains[] = {
    { { "Shape x > s", "Gather s v0 > n ; axis=0", "Concat n all > t ; axis=0", "Reshape x t > y" },
      "[N,24]" },
    { { "Shape x > s", "Gather s i0 > n ; axis=0", "Unsqueeze n v0 > u",
        "Concat u v24 > t ; axis=0", "Reshape x t > y" },
      "[N,24]" },
    { { "Shape x > s", "Slice s v0 v1 > n", "Concat n v24 > t ; axis=0", "Reshape x t > r",
        "MatMul r w > y" },
      "[N,5]" },
    { { "Shape x > s", "Gather s i1 > a", "Gather s i2 > b", "Mul a b > ab", "Unsqueeze ab v0 > c",
        "Concat all c > t ; axis=0", "Reshape x t > y" },
      "[N,24]" },
    { { "Shape x > s", "Gather s i0 > n", "Gather s i1 > a", "Gather s i2 > b", "Mul a b > ab",
        "Unsqueeze n v0 > u", "Unsqueeze ab v0 > c", "Concat u c > t ; axis=0", "Reshape x t > y" },
      "[N,24]" },
    { { "Shape x > s", "Gather s i2 > b", "Div b i2 > h", "Unsqueeze h v0 > c",
        "Concat v0 v4 c all > t ; axis=0", "Reshape x t > y" },
      "[N,4,3,2]" },
    { { "Shape x > s", "Gather s v12 > u", "Cast u > f ; to=1", "Mul f half > g",
        "Cast g > t ; to=7", "ConstantOfShape t > y" },
      "[2,3]" },
    { { "Shape x > s", "Cast s > i ; to=6", "Gather i v0 > n", "Cast n > m ; to=7",
        "Concat m v24 > t ; axis=0", "Reshape x t > y" },
      "[N,24]" },
    { { "Shape x > s", "Add s zeros > t", "Expand half t > y" }, "[N,4,6]" },
    { { "Shape x > s", "Mul s ones > t", "Expand half t > y" }, "[N,4,6]" },
    { { "Shape x > s", "Sub s ones > a", "Add a ones > t", "Gather t v12 > u",
        "Expand half u > y" },
      "[4,6]" },
    { { "Shape img > s", "Slice s v2 end > hw", "Slice s v0 v2 > nc", "Concat nc hw > t ; axis=0",
        "Expand half t > y" },
      "[N,3,H,W]" },
    { { "Shape img > s", "Split s > a b c d ; axis=0", "Concat d a > t ; axis=0",
        "ConstantOfShape t > y" },
      "[W,N]" },
    { { "Shape img > s", "Gather s i2 > h", "Gather s i3 > v", "Unsqueeze h v0 > h1",
        "Unsqueeze v v0 > v1x", "Concat v0 v3 h1 v1x > t ; axis=0", "Reshape img t > y" },
      "[N,3,H,W]" },
    { { "Shape img > s", "Squeeze s > q", "Identity q > t", "Expand half t > y" }, "[N,3,H,W]" },
    { { "Size x > s", "Unsqueeze s v0 > t", "Reshape x t > y" }, "[?]" },
    { { "Shape seq > s", "Gather s v1 > n", "Slice seq v0 n v1 > y" }, "[1,S,8]" },
    { { "Shape seq > s", "Gather s i2 > n", "Range i0 n i2 > y" }, "[4]" },
    { { "Shape x > s", "ReduceProd s > p ; axes=[0] keepdims=1", "Reshape x p > y" }, "[?]" },
    { { "Shape x > s ; start=1", "ReduceProd s > p ; axes=[0] keepdims=1",
        "Concat all p > t ; axis=0", "Reshape x t > y" },
      "[N,24]" },
    { { "Shape x > s ; start=1", "Equal s v4 > e", "Where e v1 s > t", "Expand half t > y" },
      "[1,6]" },
    { { "Shape x > s", "Max s zeros > t", "Expand half t > y" },
      "[?,4,6]" }, /* might be negative */
    { { "Shape x > s", "Mul s twos > t", "Div t twos > u", "Expand half u > y" }, "[?,4,6]" },
    { { "Shape x > s", "Cast s > i ; to=6", "Cast i > t ; to=7", "Expand half t > y" }, "[N,4,6]" },
    { { "Shape x > s", "Tile s v2 > t", "Slice t v1 v3 > u", "ConstantOfShape u > y" }, "[4,6]" },
    { { "Expand x open > y" }, "[?,4,6]" },
    { { "Tile x open > y" }, "[?,?,?]" },
    { { "ConstantOfShape open > y" }, "[?,?,?]" },
    { { "Reshape x open > y" }, "[?,?,?]" },
    { { "Slice x v1 v3 v1 > y" }, "[N,2,6]" },
    { { "Flatten img > y ; axis=2" }, "[?,?]" },
    { { "Transpose img > y ; perm=[0,2,3,1]" }, "[N,H,W,3]" },
    { { "Shape x > s", "Max s twos > t", "Gather t v12 > u", "ConstantOfShape u > y" }, "[4,6]" },
    { { "Concat x x > y ; axis=1" }, "[N,8,6]" },
};

static void node_add(graph_make *k, const char *text)
{
    char copy[TEXT], *in, *out, *attrs, *blank;

    snprintf(copy, sizeof copy, "%s", text);
    attrs = strstr(copy, " ; ");
    if (attrs) {
        *attrs = '\0';
        attrs += 3;
    }
    out = strstr(copy, " > ");
    assert_non_null(out);
    *out = '\0';
    out += 3;
    blank = strchr(copy, ' ');
    assert_non_null(blank);
    *blank = '\0';
    in     = blank + 1;
    text_node(k, copy, in, out, attrs);
}

static void input(graph_make *k, const char *name, ofz_dtype dtype, const char *const *dims)
{
    ofz_value *v = graph_input(k, name, dtype, "");
    int64_t    dim[8];
    int        rank = 0;

    for (; dims[rank]; rank++)
        if (dims[rank][0] >= '0' && dims[rank][0] <= '9')
            dim[rank] = dims[rank][0] - '0';
        else
            assert_int_equal(ofz_symbol(k->ctx, k->m.graph, dims[rank], &dim[rank]), OFZ_OK);
    assert_int_equal(ofz_tensor_set(k->ctx, &v->type, dtype, rank, dim), OFZ_OK);
}

static void shape_text(const ofz_value *v, char *text, size_t size)
{
    size_t n = 0;

    if (v->type.rank < 0) n += (size_t)snprintf(text, size, "no rank");
    for (int i = 0; i < v->type.rank; i++) {
        const int64_t d    = v->type.dim[i];
        const char   *name = d < 0 ? ofz_symbol_name(v->graph, d) : NULL;

        n += (size_t)snprintf(text + n, size - n, "%s", i ? "," : "[");
        if (d >= 0)
            n += (size_t)snprintf(text + n, size - n, "%d", (int)d);
        else
            n += (size_t)snprintf(text + n, size - n, "%s", name ? name : "?");
    }
    if (v->type.rank > 0) snprintf(text + n, size - n, "]");
    if (!v->type.rank) snprintf(text, size, "[]");
}

static int chain_check(const chain *c)
{
    graph_make k;
    char       got[TEXT];
    int        bad = 0;

    graph_make_init(&k);
    input(&k, "x", OFZ_F32, (const char *[]){ "N", "4", "6", NULL });
    input(&k, "img", OFZ_F32, (const char *[]){ "N", "3", "H", "W", NULL });
    input(&k, "seq", OFZ_F32, (const char *[]){ "1", "S", "8", NULL });
    input(&k, "open", OFZ_I64, (const char *[]){ "3", NULL });
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        text_constant(&k, constants[i][0], constants[i][1]);
    for (int i = 0; i < NODES && c->node[i]; i++) node_add(&k, c->node[i]);
    if (ofz_infer_graph(k.ctx, k.m.graph, 0)) {
        snprintf(got, sizeof got, "%s", ofz_error(k.ctx));
        bad = 1;
    } else {
        shape_text(graph_value(&k, "y"), got, sizeof got);
        bad = strcmp(got, c->want) != 0;
    }
    if (bad) {
        for (int i = 0; i < NODES && c->node[i]; i++) fprintf(stderr, "    %s\n", c->node[i]);
        fprintf(stderr, "    got %s, want %s\n", got, c->want);
    }
    graph_make_free(&k);
    return bad;
}

static void test_chains(void **state)
{
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) bad += chain_check(&chains[i]);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_chains) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
