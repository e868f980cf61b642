/* op_coverage.h - which versions of operators the vectors of a test program reach, and in which types.
 *
 * With OFZ_OP_COVERAGE naming a folder, the program leaves a file there, of its own name, when it ends;
 * test_rows_covered unites the files and names what no vector reaches. */
#ifndef OFZ_TESTS_OP_COVERAGE_H
#define OFZ_TESTS_OP_COVERAGE_H

#include "ops/op.h"

/* Which of the four sets of an ofz_types a value's type belongs to. */
typedef enum op_shell {
    SHELL_TENSOR,
    SHELL_SEQ,
    SHELL_OPTIONAL,
    SHELL_OPTIONAL_SEQ,
    SHELL_COUNT
} op_shell;

/* "", "seq", ...: for messages. */
extern const char *const op_shell_name[];

uint32_t *op_types_set(ofz_types *types, op_shell shell);
/* The shell of a value and the element types in it, one bit each; none in an empty container. */
op_shell op_shell_of(const ofz_tensor *t, uint32_t *types);

/* A vector of this version ran, whatever its outcome. */
void op_coverage_row(const ofz_op *op);
/* It ran well, with these inputs and outputs; NULL: absent. */
void op_coverage_run(const ofz_op *op, const ofz_tensor *const *in, size_t in_count,
                     const ofz_tensor *const *out, size_t out_count);
/* The same for one type of one variable. */
void op_coverage_type(const ofz_op *op, int variable, op_shell shell, ofz_dtype dtype);
/* The types in which variable `variable` ran well so far; zero for private rows. */
ofz_types op_coverage_seen(const ofz_op *op, int variable);

#endif
