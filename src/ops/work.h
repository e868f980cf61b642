/* work.h - how much work a node is, counted from its shapes. */
#ifndef OFZ_OPS_WORK_H
#define OFZ_OPS_WORK_H

#include "ops/op.h"

/* -1 stands for a number that depends on an unknown size. */
typedef struct ofz_op_work {
    int64_t
        macs; /* multiply-accumulates of products: Conv, Gemm, MatMul, Einsum, Attention, RNNs */
    int64_t
        elements; /* elements computed or compared by everything else: y[i] of an element-wise row,
                         x[i] of a reduction, each tap of a pooling window; 0 for what only moves */
    int64_t     repeats; /* how often the node's subgraphs run, at most */
    bool        either;  /* of its subgraphs one runs: */
    const char *only;    /* the attribute of that one, where it is known */
} ofz_op_work;

/* `in` and `out` as inference left them: shapes may hold symbols, data is NULL where unknown. */
ofz_op_work ofz_op_work_of(const ofz_op *op, const ofz_node *n, const ofz_tensor *const *in,
                           ofz_tensor *const *out);

/* Does ofz_op_work_of say more of this row than the counts of inputs and outputs? */
bool ofz_op_has_work(const ofz_op *op);

/* a * b and a + b of numbers that may be unknown; unknown on overflow as well. */
int64_t ofz_work_times(int64_t a, int64_t b);
int64_t ofz_work_plus(int64_t a, int64_t b);

#endif
