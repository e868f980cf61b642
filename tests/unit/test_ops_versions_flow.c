/* test_ops_versions_flow.c - as test_ops_versions.c, for branches, loops, sequences and optionals. What they
 * do in larger graphs stands in test_ops_control.c and test_ops_sequence.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define IF(a, b)   "then_branch=(-> {" a "}) else_branch=(-> {" b "})"
#define IFS        "1 11 13 16 19 21 23 24 25"
#define SCANS      "9 11 16 19 21 23 24 25"

static const version_case control[] = {
    { "If", IFS, IF("F32[2] 1 2", "F32[1] 3"), { "BOOL[] 1" }, { "F32[2] 1 2" } },
    { "If", IFS, IF("F32[2] 1 2", "F32[1] 3"), { "BOOL[1] 0" }, { "F32[1] 3" } },
    { "If", "13 16 19 21 23 24 25", IF("SEQ{F32[2] 1 2}", "SEQ{F32[1] 3}"), { "BOOL[] 0" }, { "SEQ{F32[1] 3}" } },
    { "If", "16 19 21 23 24 25", IF("OPT{F32[2] 1 2}", "OPT{F32[1] 3}"), { "BOOL[] 0" }, { "OPT{F32[1] 3}" } },
    { "If", "16 19 21 23 24 25", IF("OPT{SEQ{F32[2] 1 2}}", "OPT{SEQ{F32[1] 3}}"), { "BOOL[] 0" }, { "OPT{SEQ{F32[1] 3}}" } },
    { "If", IFS, "then_branch=(-> {F32[1] 1} {I64[1] 2}) else_branch=(-> {F32[1] 3} {I64[1] 4})", { "BOOL[] 1" }, { "F32[1] 1", "I64[1] 2" } },
    { "Loop", IFS, "body=(i c x -> c Sum(x,x) x)", { "I64[] 3", "BOOL[] 1", "F32[1] 1" }, { "F32[1] 8", "F32[3,1] 1 2 4" } },
    { "Loop", IFS, "body=(i c x -> c x x)", { "I64[] 2", "-", "F32[2] 1 2" }, { "F32[2] 1 2", "F32[2,2] 1 2 1 2" } },
    { "Loop", IFS, "body=(i c x -> {BOOL[] 0} x x)", { "-", "BOOL[] 1", "F32[1] 5" }, { "F32[1] 5", "F32[1,1] 5" } },
    { "Loop", IFS, "body=(i c x -> c x i)", { "I64[] 2", "BOOL[] 1", "F32[1] 5" }, { "F32[1] 5", "I64[2] 0 1" } },
    { "Loop", "11 13 16 19 21 23 24 25", "body=(i c -> c i)", { "I64[] 2", "BOOL[] 1" }, { "I64[2] 0 1" } },
    { "Loop", "13 16 19 21 23 24 25", "body=(i c x -> c x)", { "I64[] 2", "BOOL[] 1", "SEQ{F32[1] 1}" }, { "SEQ{F32[1] 1}" } },
    { "Loop", "16 19 21 23 24 25", "body=(i c x -> c x)", { "I64[] 2", "BOOL[] 1", "OPT{F32[1] 1}" }, { "OPT{F32[1] 1}" } },
    { "Loop", "16 19 21 23 24 25", "body=(i c x -> c x)", { "I64[] 2", "BOOL[] 1", "OPT{SEQ{F32[1] 1}}" }, { "OPT{SEQ{F32[1] 1}}" } },
    /* version 8 has a batch axis before the scanned one */
    { "Scan", "8", "num_scan_inputs=1 body=(s x -> Sum(s,x) s)", { "-", "F32[2,1] 10 20", "F32[2,2,1] 1 2 3 4" }, { "F32[2,1] 13 27", "F32[2,2,1] 10 11 20 23" } },
    { "Scan", "8", "num_scan_inputs=1 body=(s x -> s x)", { "-", "F32[1,1] 10", "F32[1,2,1] 1 2" }, { "F32[1,1] 10", "F32[1,2,1] 1 2" } },
    { "Scan", "8", "num_scan_inputs=1 body=(s x -> Sum(s,x) s)", { "I64[2] 1 2", "F32[2,1] 10 20", "F32[2,2,1] 1 2 3 4" }, { "F32[2,1] 11 27", "F32[2,2,1] 10 0 20 23" } },
    { "Scan", "8", "num_scan_inputs=1 directions=[1] body=(s x -> s x)", { "-", "F32[1,1] 10", "F32[1,2,1] 1 2" }, { "F32[1,1] 10", "F32[1,2,1] 2 1" } },
    { "Scan", SCANS, "num_scan_inputs=1 body=(s x -> Sum(s,x) s)", { "F32[1] 10", "F32[2,1] 1 2" }, { "F32[1] 13", "F32[2,1] 10 11" } },
    { "Scan", SCANS, "num_scan_inputs=1 body=(s x -> s x)", { "F32[1] 10", "F32[2,1] 1 2" }, { "F32[1] 10", "F32[2,1] 1 2" } },
    { "Scan", SCANS, "num_scan_inputs=1 scan_input_directions=[1] scan_output_directions=[1] scan_input_axes=[1] scan_output_axes=[1] body=(x -> x)", { "F32[1,2] 1 2" }, { "F32[1,2] 1 2" } },
    { "SequenceMap", "17", "body=(x -> Sum(x,x))", { "SEQ{F32[1] 1; F32[2] 2 3}" }, { "SEQ{F32[1] 2; F32[2] 4 6}" } },
    { "SequenceMap", "17", "body=(x -> x)", { "SEQ{F32[1] 1; F32[2] 2 3}" }, { "SEQ{F32[1] 1; F32[2] 2 3}" } },
    { "SequenceMap", "17", "body=(x y -> x y)", { "SEQ{F32[1] 1; F32[2] 2 3}", "F32[1] 4" }, { "SEQ{F32[1] 1; F32[2] 2 3}", "SEQ{F32[1] 4; F32[1] 4}" } },
    { "SequenceMap", "17", "body=(x y -> x y)", { "SEQ{F32[1] 1}", "SEQ{F32[1] 4}" }, { "SEQ{F32[1] 1}", "SEQ{F32[1] 4}" } },
};

static const version_case sequences[] = {
    { "SequenceAt", "11", NULL, { "SEQ{F32[1] 1; F32[2] 2 3}", "I64[] -1" }, { "F32[2] 2 3" } },
    { "SequenceConstruct", "11", NULL, { "F32[1] 1", "F32[2] 2 3" }, { "SEQ{F32[1] 1; F32[2] 2 3}" } },
    { "SequenceEmpty", "11", NULL, { 0 }, { "SEQ{}" } },
    { "SequenceErase", "11", NULL, { "SEQ{F32[1] 1; F32[2] 2 3}", "I64[] 0" }, { "SEQ{F32[2] 2 3}" } },
    { "SequenceErase", "11", NULL, { "SEQ{F32[1] 1; F32[2] 2 3}" }, { "SEQ{F32[1] 1}" } },
    { "SequenceInsert", "11", NULL, { "SEQ{F32[1] 1}", "F32[2] 2 3", "I64[] 0" }, { "SEQ{F32[2] 2 3; F32[1] 1}" } },
    { "SequenceInsert", "11", NULL, { "SEQ{F32[1] 1}", "F32[2] 2 3" }, { "SEQ{F32[1] 1; F32[2] 2 3}" } },
    { "SequenceLength", "11", NULL, { "SEQ{F32[1] 1; F32[2] 2 3}" }, { "I64[] 2" } },
    { "ConcatFromSequence", "11", "axis=0", { "SEQ{F32[1] 1; F32[2] 2 3}" }, { "F32[3] 1 2 3" } },
    { "ConcatFromSequence", "11", "axis=1 new_axis=1", { "SEQ{F32[2] 1 4; F32[2] 2 3}" }, { "F32[2,2] 1 2 4 3" } },
    { "SplitToSequence", "11 24", NULL, { "F32[3] 1 2 3", "I64[] 2" }, { "SEQ{F32[2] 1 2; F32[1] 3}" } },
    { "SplitToSequence", "11 24", "keepdims=0", { "F32[2,1] 1 2" }, { "SEQ{F32[1] 1; F32[1] 2}" } },
    { "Optional", "15", NULL, { "F32[1] 1" }, { "OPT{F32[1] 1}" } },
    { "Optional", "15", NULL, { "SEQ{F32[1] 1}" }, { "OPT{SEQ{F32[1] 1}}" } },
    { "OptionalGetElement", "15 18", NULL, { "OPT{F32[1] 1}" }, { "F32[1] 1" } },
    { "OptionalGetElement", "15 18", NULL, { "OPT{SEQ{F32[1] 1}}" }, { "SEQ{F32[1] 1}" } },
    { "OptionalGetElement", "18", NULL, { "F32[1] 1" }, { "F32[1] 1" } },
    { "OptionalGetElement", "18", NULL, { "SEQ{F32[1] 1}" }, { "SEQ{F32[1] 1}" } },
    { "OptionalHasElement", "15 18", NULL, { "OPT{F32[1] 1}" }, { "BOOL[] 1" } },
    { "OptionalHasElement", "15 18", NULL, { "OPT{SEQ{F32[1] 1}}" }, { "BOOL[] 1" } },
    { "OptionalHasElement", "15 18", NULL, { "OPT{}" }, { "BOOL[] 0" } },
    { "OptionalHasElement", "18", NULL, { "F32[1] 1" }, { "BOOL[] 1" } },
    { "OptionalHasElement", "18", NULL, { "SEQ{F32[1] 1}" }, { "BOOL[] 1" } },
    { "OptionalHasElement", "18", NULL, { 0 }, { "BOOL[] 0" } },
};

static void test_control(void **state)
{
    (void)state;
    VERSION_CASES_RUN(control);
}

static void test_sequences(void **state)
{
    (void)state;
    VERSION_CASES_RUN(sequences);
}
/* clang-format on */

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_control),
                                        cmocka_unit_test(test_sequences) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
