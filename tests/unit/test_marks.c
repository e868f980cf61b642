/* test_marks.c - selectors and the rules that mark: what they hit, and what they refuse with which
 * words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "graph_make.h"
#include "pass/mark_rules.h"

/* A residual network in small: a stem, a block with a shortcut, two heads, and what else a file holds.
 *
 *   x - stem.conv - stem.norm - relu -+- block.first - block.second -+- add - pool -+- fc (MatMul + Add)
 *                                     +--------- block.down ---------+              +- aux.fc (Gemm) */
static void network_make(graph_make *k)
{
    graph_make_init(k);
    graph_input(k, "x", OFZ_F32, "? 3 8 8");
    graph_constant(k, "stem.w", OFZ_F32, "4 3 3 3", 1);
    graph_constant(k, "stem.gamma", OFZ_F32, "4", 1);
    graph_constant(k, "stem.beta", OFZ_F32, "4", 1);
    graph_constant(k, "stem.mean", OFZ_F32, "4", 1);
    graph_constant(k, "stem.var", OFZ_F32, "4", 1);
    graph_constant(k, "block.first.w", OFZ_F32, "4 4 3 3", 1);
    graph_constant(k, "block.second.w", OFZ_F32, "4 4 3 3", 1);
    graph_constant(k, "block.second.b", OFZ_F32, "4", 1);
    graph_constant(k, "block.down.w", OFZ_F32, "4 4 1 1", 1);
    graph_constant(k, "onnx::MatMul_12", OFZ_F32, "4 2", 1);
    graph_constant(k, "fc.b", OFZ_F32, "2", 1);
    graph_constant(k, "aux.w", OFZ_F32, "2 4", 1);
    graph_constant(k, "aux.b", OFZ_F32, "2", 1);
    graph_constant(k, "shape", OFZ_I64, "2", 1);
    graph_constant(k, "scale[0]", OFZ_F32, "", 2);
    graph_constant_node(k, "node.w", OFZ_F32, "2 2", 1);
    graph_node(k, "/stem/Conv", "Conv", "x stem.w", "s1");
    graph_node(k, "/stem/Norm", "BatchNormalization", "s1 stem.gamma stem.beta stem.mean stem.var",
               "s2");
    graph_node(k, "/stem/Relu", "Relu", "s2", "s3");
    graph_node(k, "/block/first", "Conv", "s3 block.first.w", "b1");
    graph_node(k, "/block/second", "Conv", "b1 block.second.w block.second.b", "b2");
    graph_node(k, "/block/down", "Conv", "s3 block.down.w", "b3");
    graph_node(k, "", "Add", "b2 b3", "b4");
    graph_node(k, "", "GlobalAveragePool", "b4", "p1");
    graph_node(k, "", "Reshape", "p1 shape", "p2");
    graph_node(k, "/fc/MatMul", "MatMul", "p2 onnx::MatMul_12", "f1");
    graph_node(k, "", "Add", "f1 fc.b", "f2");
    graph_node(k, "", "Mul", "f2 scale[0]", "logits");
    graph_node(k, "/aux", "Gemm", "p2 aux.w aux.b", "a1");
    graph_node(k, "", "MatMul", "a1 node.w", "aux");
    graph_output(k, "logits");
    graph_output(k, "aux");
}

static int setup(void **state)
{
    *state = malloc(sizeof(graph_make));
    network_make(*state);
    return 0;
}

static int teardown(void **state)
{
    graph_make_free(*state);
    free(*state);
    return 0;
}

/* --- selectors -------------------------------------------------------------------------------- */

/* "a b c": the names that are hit, in order. */
static const struct {
    const char *selector, *hits;
} selections[] = {
    { "stem.w", "stem.w" },
    { "scale[0]", "scale[0]" }, /* exact before glob */
    { "stem.*", "stem.w stem.gamma stem.beta stem.mean stem.var" },
    { "*.b", "block.second.b fc.b aux.b" },
    { "b*w", "block.first.w block.second.w block.down.w" },
    { "???.b", "aux.b" },
    { "[fa]*.b", "fc.b aux.b" },
    { "[!a-e]*.b", "fc.b" },
    { "onnx::*", "onnx::MatMul_12" },
    { "re:^block\\.(first|down)", "block.first.w block.down.w" },
    { "re:[0-9]", "onnx::MatMul_12 scale[0]" },
    { "role:bias", "block.second.b fc.b aux.b" },
    { "role:Biases", "block.second.b fc.b aux.b" },
    { "role:norm scale", "stem.gamma" },
    { "role:norm-scales", "stem.gamma" },
    { "role:norm_statistics", "stem.mean stem.var" },
    { "role:shape", "shape" },
    { "op:BatchNormalization", "stem.gamma stem.beta stem.mean stem.var" },
    { "op:Gemm", "aux.w aux.b" },
    { "op:MatMul", "onnx::MatMul_12 node.w" },
    { "node:/block/*", "block.first.w block.second.w block.second.b block.down.w" },
    { "node:*MatMul", "onnx::MatMul_12" },
    { "node:f2", "fc.b" }, /* a node without a name, by its output */
    { "last:1", "onnx::MatMul_12 fc.b node.w" },
    { "last:2", "onnx::MatMul_12 fc.b aux.w aux.b node.w" },
    { "last:3",
      "block.second.w block.second.b block.down.w onnx::MatMul_12 fc.b aux.w aux.b node.w" },
    { "last:99",
      "stem.w stem.gamma stem.beta stem.mean stem.var block.first.w block.second.w block.second.b "
      "block.down.w onnx::MatMul_12 fc.b aux.w aux.b node.w" },
    { "before:s3", "stem.w stem.gamma stem.beta stem.mean stem.var" },
    { "before:block.second.w", "stem.w stem.gamma stem.beta stem.mean stem.var block.first.w" },
    { "before:b3", "stem.w stem.gamma stem.beta stem.mean stem.var block.down.w" },
    { "after:p2", "onnx::MatMul_12 fc.b aux.w aux.b scale[0] node.w" },
    { "after:aux.w", "aux.w aux.b node.w" },
    { "after:b4", "onnx::MatMul_12 fc.b aux.w aux.b shape scale[0] node.w" },
};

static void hits_text(const ofz_model *m, const bool *hit, char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < m->tensor.count; i++)
        if (hit[i])
            n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? " " : "",
                                  ((const ofz_value *)m->tensor.item[i])->name);
}

static void selects(void **state)
{
    graph_make *k   = *state;
    int         bad = 0;

    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++) {
        bool          hit[32];
        ofz_selection s = { .hit = hit };
        char          text[512];

        if (ofz_select(k->ctx, &k->m, selections[i].selector, &s))
            snprintf(text, sizeof text, "%s", ofz_error(k->ctx));
        else
            hits_text(&k->m, hit, text, sizeof text);
        if (!strcmp(text, selections[i].hits)) continue;
        print_error("%s: %s, want %s\n", selections[i].selector, text, selections[i].hits);
        bad++;
    }
    assert_int_equal(bad, 0);
}

static const struct {
    const char *selector, *text, *hint;
} refusals[] = {
    { "", "selector: empty, want a name or a pattern", "" },
    { "stem.W", "selector 'stem.W': matches nothing, want a tensor of the model",
      "nearest: 'stem.w', 'stem.var', 'stem.beta'" },
    { "re:(", "selector 're:(': Unmatched ( or \\(", "" },
    { "role:wieght", "selector 'role:wieght': no such role",
      "roles: weight, bias, norm scale, norm shift, norm statistic, embedding, shape, "
      "quantisation, "
      "mask, other" },
    { "role:mask", "selector 'role:mask': matches nothing, want a tensor of the model", NULL },
    { "op:conv", "selector 'op:conv': matches nothing, want a tensor of the model",
      "nearest: 'Conv', 'Add', 'Gemm'" },
    { "node:/stem/conv", "selector 'node:/stem/conv': matches nothing, want a tensor of the model",
      NULL },
    { "last:0", "selector 'last:0': want a number of layers from 1", "" },
    { "last:two", "selector 'last:two': want a number of layers from 1", "" },
    { "last:-1", "selector 'last:-1': want a number of layers from 1", "" },
    { "before:x", "selector 'before:x': matches nothing, want a tensor of the model", NULL },
    { "after:p3", "selector 'after:p3': matches nothing, want a tensor of the model", NULL },
};

static void refuses_selectors(void **state)
{
    graph_make *k = *state;

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        bool          hit[32];
        ofz_selection s = { .hit = hit };

        assert_int_equal(ofz_select(k->ctx, &k->m, refusals[i].selector, &s), OFZ_E_ARG);
        assert_string_equal(ofz_error(k->ctx), refusals[i].text);
        if (refusals[i].hint) assert_string_equal(ofz_error_hint(k->ctx), refusals[i].hint);
    }
}

static const struct {
    const char *pattern, *name;
    bool        match;
} globs[] = {
    { "*", "", true },          { "", "", true },           { "", "a", false },
    { "a*b*c", "axbxc", true }, { "a*b*c", "axbx", false }, { "*.w", "a/b.c.w", true },
    { "[]a]", "]", true },      { "[a-c]x", "bx", true },   { "[^a-c]x", "bx", false },
    { "[ab", "[ab", true },     { "[ab", "a", false },      { "a[b", "a[b", true },
    { "?", "", false },         { "**a", "ba", true },      { "[a-]", "-", true },
};

static void globs_match(void **state)
{
    char name[2000], pattern[400];

    (void)state;
    for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
        if (ofz_glob(globs[i].pattern, globs[i].name) != globs[i].match)
            fail_msg("%s on %s", globs[i].pattern, globs[i].name);
    memset(name, 'a', sizeof name); /* a slow matcher would take for ever */
    name[sizeof name - 1] = '\0';
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2) memcpy(pattern + i, "*a", 2);
    memcpy(pattern + sizeof pattern - 2, "b", 2);
    assert_false(ofz_glob(pattern, name));
}

/* --- rules ------------------------------------------------------------------------------------ */

#define FREEZE(text)                                                                               \
    {                                                                                              \
        OFZ_ACTION_FREEZE, text                                                                    \
    }
#define TRAIN(text)                                                                                \
    {                                                                                              \
        OFZ_ACTION_TRAIN, text                                                                     \
    }
#define PRESET(text)                                                                               \
    {                                                                                              \
        OFZ_ACTION_PRESET, text                                                                    \
    }
#define ALL_THAT_TRAIN                                                                             \
    "stem.w stem.gamma stem.beta block.first.w block.second.w block.second.b block.down.w "        \
    "onnx::MatMul_12 fc.b aux.w aux.b"

static const struct {
    ofz_mark_rule rule[3];
    size_t        count;
    const char   *trains;
} rules[] = {
    { { { 0 } }, 0, ALL_THAT_TRAIN },
    { { PRESET("all") }, 1, ALL_THAT_TRAIN },
    { { PRESET("none") }, 1, "" },
    { { PRESET("head") }, 1, "onnx::MatMul_12 fc.b" },
    { { PRESET("bias") }, 1, "stem.beta block.second.b onnx::MatMul_12 fc.b aux.b" },
    { { PRESET("norm") }, 1, "stem.gamma stem.beta" },
    { { PRESET("none"), TRAIN("aux.*") }, 2, "aux.w aux.b" },
    { { FREEZE("*"), TRAIN("last:1") }, 2, "onnx::MatMul_12 fc.b" },
    { { FREEZE("*"), TRAIN("stem.*"), FREEZE("op:Conv") }, 3, "stem.gamma stem.beta" },
    { { PRESET("none"), TRAIN("node.w") }, 2, "node.w" },
    { { PRESET("none"), TRAIN("scale[0]") }, 2, "scale[0]" },
    { { PRESET("none"), TRAIN("stem.var") }, 2, "stem.var" },
    { { FREEZE("shape"), FREEZE("before:p2") }, 2, "onnx::MatMul_12 fc.b aux.w aux.b" },
};

static void trains_text(const ofz_model *m, char *buf, size_t size)
{
    bool hit[32];

    for (size_t i = 0; i < m->tensor.count; i++) {
        const ofz_value *v = m->tensor.item[i];

        /* everything is marked but the statistics that a training norm may move */
        assert_true((v->mark == OFZ_MARK_NONE) == ofz_value_moves(v, true));
        hit[i] = v->mark == OFZ_MARK_TRAINABLE;
    }
    hits_text(m, hit, buf, size);
}

static void applies_rules(void **state)
{
    char text[512];
    int  bad = 0;

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        graph_make *k;

        teardown(state);
        setup(state);
        k = *state;
        assert_int_equal(ofz_mark_apply(k->ctx, &k->m, rules[i].rule, rules[i].count), OFZ_OK);
        trains_text(&k->m, text, sizeof text);
        if (!strcmp(text, rules[i].trains)) continue;
        print_error("rules %zu: %s, want %s\n", i, text, rules[i].trains);
        bad++;
    }
    assert_int_equal(bad, 0);
}

static const struct {
    ofz_mark_rule rule;
    const char   *text, *hint;
} bad_rules[] = {
    { TRAIN("shape"), "tensor 'shape': int64, want float32, float64, float16 or bfloat16 to train",
      "" },
    { TRAIN("nothing"), "selector 'nothing': matches nothing, want a tensor of the model", NULL },
    { TRAIN("role:norm statistic"),
      "selector 'role:norm statistic': of the 2 it matches none trains unless asked by name",
      "'stem.mean' is norm statistic: to train it, give its exact name" },
    { TRAIN("node:aux"),
      "selector 'node:aux': of the 1 it matches none trains unless asked by name",
      "'node.w' is weight in a Constant node: to train it, give its exact name" },
    { PRESET("tail"), "preset 'tail': want none, all, head, bias or norm", "" },
    { { (ofz_mark_action)9, "x" }, "rule 1: action 9, want one of ofz_mark_action", "" },
};

/* A failure leaves every mark as it was, also when rules before it were good. */
static void changes_nothing_on_failure(void **state)
{
    graph_make *k = *state;

    for (size_t i = 0; i < sizeof bad_rules / sizeof *bad_rules; i++) {
        const ofz_mark_rule both[2] = { PRESET("none"), bad_rules[i].rule };

        assert_int_equal(ofz_mark_apply(k->ctx, &k->m, both, 2), OFZ_E_ARG);
        assert_string_equal(ofz_error(k->ctx), bad_rules[i].text);
        if (bad_rules[i].hint) assert_string_equal(ofz_error_hint(k->ctx), bad_rules[i].hint);
        assert_false(ofz_model_marked(&k->m));
    }
}

static void later_calls_build_on_marks(void **state)
{
    graph_make         *k       = *state;
    const ofz_mark_rule first[] = { PRESET("head") }, second[] = { TRAIN("aux.w"), FREEZE("fc.b") };
    char                text[512];

    assert_int_equal(ofz_mark_apply(k->ctx, &k->m, first, 1), OFZ_OK);
    assert_int_equal(ofz_mark_apply(k->ctx, &k->m, second, 2), OFZ_OK);
    trains_text(&k->m, text, sizeof text);
    assert_string_equal(text, "onnx::MatMul_12 aux.w");
    ofz_mark_strip(&k->m);
    assert_false(ofz_model_marked(&k->m));
    assert_true(k->m.stripped);
}

/* Unmarked tensors of a model that has a mark are frozen, and stay so when rules are added. */
static void unmarked_among_marks_is_frozen(void **state)
{
    graph_make         *k      = *state;
    const ofz_mark_rule rule[] = { TRAIN("aux.b") };
    char                text[512];

    graph_value(k, "fc.b")->mark = OFZ_MARK_TRAINABLE;
    assert_int_equal(ofz_mark_apply(k->ctx, &k->m, rule, 1), OFZ_OK);
    trains_text(&k->m, text, sizeof text);
    assert_string_equal(text, "fc.b aux.b");
}

/* Marks travel with the file, and leave it again. */
static void marks_are_written(void **state)
{
    graph_make             *k      = *state;
    const ofz_mark_rule     rule[] = { PRESET("none"), TRAIN("block2.*"), FREEZE("role:weight") };
    const ofz_write_options plain  = { 0 };
    char                    path[] = "/tmp/ofz_marks_XXXXXX";
    const int               fd     = mkstemp(path);
    size_t                  size, external, trained = 0;
    ofz_model              *m, *back;

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ofz_model_read_file(k->ctx, OFZ_SOURCE_DIR "/testdata/cnn_bn.onnx", &m),
                     OFZ_OK);
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 0) assert_int_equal(ofz_mark_apply(k->ctx, m, rule, 3), OFZ_OK);
        if (pass == 1) ofz_mark_strip(m);
        assert_int_equal(ofz_model_write_file(k->ctx, m, path, &plain, &size, &external), OFZ_OK);
        assert_int_equal(ofz_model_read_file(k->ctx, path, &back), OFZ_OK);
        assert_int_equal(back->tensor.count, m->tensor.count);
        for (size_t i = 0; i < m->tensor.count; i++) {
            const ofz_value *a = m->tensor.item[i], *b = back->tensor.item[i];

            assert_string_equal(a->name, b->name);
            assert_int_equal(a->mark, b->mark);
            trained += b->mark == OFZ_MARK_TRAINABLE;
        }
        assert_int_equal(ofz_model_marked(back), pass == 0);
        ofz_model_drop(back);
    }
    assert_int_equal(trained, 6); /* scales and shifts of three norms */
    ofz_model_drop(m);
    unlink(path);
}

int main(void)
{
#define MARKS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        MARKS_TEST(selects),
        MARKS_TEST(refuses_selectors),
        MARKS_TEST(globs_match),
        MARKS_TEST(applies_rules),
        MARKS_TEST(changes_nothing_on_failure),
        MARKS_TEST(later_calls_build_on_marks),
        MARKS_TEST(unmarked_among_marks_is_frozen),
        MARKS_TEST(marks_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
