/* test_ops_sequence.c - sequences and optionals: what their rows make, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph_text.h"
#include "pass/infer_shapes.h"

/* a [2], b [3], c [2] of float32, i int64, one = 1, seq = (a, b, c). */
static void make(graph_make *k)
{
    graph_make_init(k);
    text_constant(k, "a", "F32[2] 1 2");
    text_constant(k, "b", "F32[3] 3 4 5");
    text_constant(k, "c", "F32[2] 6 7");
    text_constant(k, "i", "I64[2] 8 9");
    text_constant(k, "zero", "I64[] 0");
    text_constant(k, "one", "I32[] 1");
    text_constant(k, "last", "I64[] -1");
    text_constant(k, "three", "I64[] 3");
    text_constant(k, "four", "I64[] 4");
    text_constant(k, "far", "I64[] -9223372036854775808");
    text_node(k, "SequenceConstruct", "a b c", "seq", NULL);
    text_node(k, "SequenceEmpty", "", "empty", NULL);
}

static void test_read(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_node(&k, "SequenceLength", "seq", "n", NULL);
    text_node(&k, "SequenceLength", "empty", "n0", NULL);
    text_node(&k, "SequenceAt", "seq one", "at1", NULL);
    text_node(&k, "SequenceAt", "seq last", "at_last", NULL);
    text_node(&k, "Identity", "seq", "same", NULL);
    text_node(&k, "SequenceAt", "same zero", "same0", NULL);
    text_node(&k, "SequenceAt", "seq three", "past", NULL);
    text_node(&k, "SequenceAt", "seq far", "before", NULL);
    text_node(&k, "SequenceAt", "empty zero", "nothing", NULL);
    text_node(&k, "SequenceAt", "seq i", "odd", NULL);
    text_expect_error(&k, "past", OFZ_E_MODEL, "position: 3, want within [-3, 2]");
    text_expect_error(&k, "before", OFZ_E_MODEL, "position: -9223372036854775808, want");
    text_expect_error(&k, "nothing", OFZ_E_MODEL, "sequence: empty");
    text_expect_error(&k, "odd", OFZ_E_MODEL, "position: int64, 2 elements");
    text_expect(&k, "n", "I64[] 3");
    text_expect(&k, "n0", "I64[] 0");
    text_expect(&k, "at1", "F32[3] 3 4 5");
    text_expect(&k, "at_last", "F32[2] 6 7");
    text_expect(&k, "same0", "F32[2] 1 2");
    text_expect(&k, "seq", "=sequence");
    graph_make_free(&k);
}

/* What inference refuses, one graph each. */
static void test_types(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_node(&k, "SequenceAt", "a zero", "flat", NULL);
    text_expect_error(&k, "flat", OFZ_E_MODEL,
                      "input 0 (input_sequence): float32, want a sequence");
    graph_make_free(&k);
    make(&k);
    text_node(&k, "SequenceConstruct", "a i", "mixed2", NULL);
    text_expect_error(&k, "mixed2", OFZ_E_MODEL,
                      "input 1 (inputs): int64, want float32 as input 0 (inputs)");
    graph_make_free(&k);
    make(&k);
    text_node(&k, "Relu", "seq", "relu", NULL);
    text_expect_error(&k, "relu", OFZ_E_MODEL,
                      "input 0 (X): sequence of float32, want float16, float32, float64, bfloat16, "
                      "int8, int16, int32 or int64");
    assert_int_equal(ofz_infer_graph(k.ctx, k.m.graph, 0), OFZ_E_MODEL);
    graph_make_free(&k);
}

static void test_edit(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_node(&k, "SequenceInsert", "seq a", "added", NULL);
    text_node(&k, "SequenceAt", "added three", "added3", NULL);
    text_node(&k, "SequenceInsert", "seq c zero", "front", NULL);
    text_node(&k, "SequenceAt", "front zero", "front0", NULL);
    text_node(&k, "SequenceErase", "seq", "cut", NULL);
    text_node(&k, "SequenceAt", "cut last", "cut_last", NULL);
    text_node(&k, "SequenceErase", "seq zero", "shorter", NULL);
    text_node(&k, "SequenceAt", "shorter zero", "shorter0", NULL);
    text_node(&k, "SequenceInsert", "empty i", "ints", NULL);
    text_node(&k, "SequenceAt", "ints zero", "ints0", NULL);
    text_node(&k, "SequenceInsert", "seq a four", "far4", NULL);
    text_node(&k, "SequenceInsert", "seq i", "mixed", NULL);
    text_node(&k, "SequenceErase", "empty", "less", NULL);
    text_expect(&k, "added3", "F32[2] 1 2");
    text_expect(&k, "front0", "F32[2] 6 7");
    text_expect(&k, "cut_last", "F32[3] 3 4 5");
    text_expect(&k, "shorter0", "F32[3] 3 4 5");
    text_expect(&k, "ints0", "I64[2] 8 9");
    text_expect_error(&k, "far4", OFZ_E_MODEL, "position: 4, want within [-3, 3]");
    text_expect_error(&k, "mixed", OFZ_E_MODEL, "element: int64, want float32");
    text_expect_error(&k, "less", OFZ_E_MODEL, "position: -1, want within");
    text_node(&k, "SequenceInsert", "seq seq", "nested", NULL);
    text_expect_error(&k, "nested", OFZ_E_MODEL,
                      "input 1 (tensor): sequence of float32, want floats, ints, uints, "
                      "complexes, bool or string");
    graph_make_free(&k);
}

static void test_split_join(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_constant(&k, "x", "F32[2,5] iota");
    text_constant(&k, "u", "U8[5] 1 2 3 4 5");
    text_constant(&k, "s", "STRING[3] 'a' 'bc' ''");
    text_constant(&k, "two", "I64[] 2");
    text_constant(&k, "parts", "I64[3] 0 1 4");
    text_constant(&k, "short", "I64[2] 1 2");
    text_constant(&k, "minus", "I64[2] -1 6");
    text_node(&k, "SplitToSequence", "x two", "chunks", "axis=1");
    text_node(&k, "SequenceAt", "chunks last", "chunk", NULL);
    text_node(&k, "ConcatFromSequence", "chunks", "again", "axis=-1");
    text_node(&k, "SplitToSequence", "x parts", "given", "axis=-1");
    text_node(&k, "SequenceAt", "given one", "given1", NULL);
    text_node(&k, "SplitToSequence", "x", "rows", "keepdims=0");
    text_node(&k, "SequenceAt", "rows one", "row1", NULL);
    text_node(&k, "ConcatFromSequence", "rows", "turned", "axis=1 new_axis=1");
    text_node(&k, "SplitToSequence", "u two", "bytes", NULL);
    text_node(&k, "SequenceAt", "bytes one", "byte1", NULL);
    text_node(&k, "SplitToSequence", "s", "texts", NULL);
    text_node(&k, "ConcatFromSequence", "texts", "texts2", "axis=0");
    text_node(&k, "SplitToSequence", "x short", "left", "axis=1");
    text_node(&k, "SplitToSequence", "x minus", "negative", "axis=1");
    text_node(&k, "SplitToSequence", "x zero", "forever", NULL);
    text_node(&k, "SplitToSequence", "x", "no_axis", "axis=2");
    text_node(&k, "ConcatFromSequence", "seq", "join", "axis=0");
    text_node(&k, "ConcatFromSequence", "seq", "stack", "axis=0 new_axis=1");
    text_node(&k, "ConcatFromSequence", "seq", "join1", "axis=1");
    text_node(&k, "ConcatFromSequence", "empty", "join0", "axis=0");
    text_expect(&k, "chunk", "F32[2,1] 4 9");
    text_expect(&k, "again", "F32[2,5] iota");
    text_expect(&k, "given1", "F32[2,1] 0 5");
    text_expect(&k, "row1", "F32[5] 5 6 7 8 9");
    text_expect(&k, "turned", "F32[5,2] 0 5 1 6 2 7 3 8 4 9");
    text_expect(&k, "byte1", "U8[2] 3 4");
    text_expect(&k, "texts2", "STRING[3] 'a' 'bc' ''");
    text_expect(&k, "join", "F32[7] 1 2 3 4 5 6 7");
    text_expect_error(&k, "left", OFZ_E_MODEL, "split: 2 elements are left over of 5");
    text_expect_error(&k, "negative", OFZ_E_MODEL, "split 0: -1, want parts that add up to 5");
    text_expect_error(&k, "forever", OFZ_E_MODEL, "split: 0, want at least 1");
    text_expect_error(&k, "no_axis", OFZ_E_MODEL, "axis: 2, want within [-2, 2)");
    text_expect_error(&k, "stack", OFZ_E_MODEL, "stacked output: float32 [3], want float32 [2]");
    text_expect_error(&k, "join1", OFZ_E_MODEL, "axis: 1, want within [-1, 1)");
    text_expect_error(&k, "join0", OFZ_E_MODEL, "sequence: empty");
    graph_make_free(&k);
}

static void test_optional(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    k.opset[0].version = 18;
    text_node(&k, "Optional", "a", "some", NULL);
    text_node(&k, "Optional", "seq", "some_seq", NULL);
    text_node(&k, "Optional", "", "none", NULL);
    text_node(&k, "OptionalHasElement", "some", "has", NULL);
    text_node(&k, "OptionalHasElement", "none", "has_none", NULL);
    text_node(&k, "OptionalHasElement", "-", "has_nothing", NULL);
    text_node(&k, "OptionalHasElement", "a", "has_a", NULL);
    text_node(&k, "OptionalGetElement", "some", "got", NULL);
    text_node(&k, "OptionalGetElement", "a", "got_a", NULL);
    text_node(&k, "OptionalGetElement", "some_seq", "got_seq", NULL);
    text_node(&k, "SequenceLength", "got_seq", "n", NULL);
    text_node(&k, "OptionalGetElement", "none", "got_none", NULL);
    text_expect(&k, "has", "BOOL[] 1");
    text_expect(&k, "has_none", "BOOL[] 0");
    text_expect(&k, "has_nothing", "BOOL[] 0");
    text_expect(&k, "has_a", "BOOL[] 1");
    text_expect(&k, "got", "F32[2] 1 2");
    text_expect(&k, "got_a", "F32[2] 1 2");
    text_expect(&k, "n", "I64[] 3");
    text_expect(&k, "some", "=optional");
    text_expect_error(&k, "got_none", OFZ_E_MODEL, "optional: empty");
    text_node(&k, "Optional", "some", "twice", NULL);
    text_expect_error(
        &k, "twice", OFZ_E_MODEL,
        "input 0 (input): optional of float32, want floats, ints, uints, complexes, bool, "
        "string or a sequence");
    graph_make_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read), cmocka_unit_test(test_types),
                                        cmocka_unit_test(test_edit),
                                        cmocka_unit_test(test_split_join),
                                        cmocka_unit_test(test_optional) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
