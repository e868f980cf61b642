/* op_rig.h - a graph of one node, built from the notation of op_harness.h and run. */
#ifndef OFZ_TESTS_OP_RIG_H
#define OFZ_TESTS_OP_RIG_H

#include "exec/exec.h"
#include "op_harness.h"

/* How much inference is told about the inputs. */
typedef enum told { TOLD_ALL, TOLD_CONSTANT, TOLD_RANK, TOLD_DTYPE, TOLD_NOTHING, TOLD_COUNT } told;

extern const char *const told_name[];

typedef struct rig {
    ofz_ctx    *ctx;
    ofz_arena   arena;
    ofz_symbols symbol;
    ofz_graph  *graph;
    ofz_opset   opset[4];
    ofz_attr    attr[32];
    int         attr_count, in_count, out_count;
    ofz_tensor  in[OP_CASE_INPUTS];
    ofz_value  *x[OP_CASE_INPUTS];
    ofz_value  *y[OP_CASE_OUTPUTS];
    ofz_node   *node;
} rig;

/* "domain:Name" -> both; the domain is "" without one. */
const char *op_name(const char *op, char *domain, size_t size);

/* The inputs' tensors, the attributes and an empty graph. */
ofz_status rig_init(rig *r, int opset, const char *domain, const char *attrs,
                    const char *const *in);
/* Values for the inputs and the node. told_of[k] speaks for input k. */
ofz_status rig_build(rig *r, const char *op_type, const char *domain, const told *told_of,
                     const char *const *out);
/* Plan `wanted`, feed the inputs and run. The caller frees *plan and *exec in any case. */
ofz_status rig_run(rig *r, ofz_value *const *wanted, size_t count, ofz_plan **plan,
                   ofz_exec **exec);
void       rig_deinit(rig *r);

#endif
