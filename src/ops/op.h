/* op.h - what one operator is: one row, every fact about it.
 *
 * To add an operator: write its functions in the ops_<family>.c it belongs to and put one row per
 * version in that file's table. Nothing else in the tree changes. Rows are sorted by domain, name,
 * since; a version's row is true until the next one. The nodes that a gradient emits are rows too,
 * in the private domain "ofz". */
#ifndef OFZ_OPS_OP_H
#define OFZ_OPS_OP_H

#include "ir/graph.h"
#include "ops/schema.h"

enum {
    OFZ_OP_PURE    = 1 << 0, /* same inputs, same outputs: may be folded */
    OFZ_OP_ELEM    = 1 << 1, /* y[i] depends on element i of its inputs only (after broadcast) */
    OFZ_OP_MOVE    = 1 << 2, /* copies elements of input 0 (Concat: of all) and never looks at them:
                                may run on shape values that hold symbols */
    OFZ_OP_VIEW    = 1 << 3, /* output 0 has the bytes of input 0: the executor shares them and
                                eval is not called when the types agree */
    OFZ_OP_DYNAMIC = 1 << 4, /* shapes depend on input values: eval sets them with
                                ofz_eval_output */
    OFZ_OP_RANDOM  = 1 << 5, /* draws from the run's random stream */
    OFZ_OP_SHAPE   = 1 << 6, /* reads shapes and never elements: inputs may have no data. With
                                OFZ_OP_MOVE as well the dims may be symbols (Shape) */
    OFZ_OP_STRAIGHT  = 1 << 7, /* its integer output carries a gradient all the same, that of the
                                 numbers before they were rounded (straight-through) */
    OFZ_OP_CONTAINER = 1 << 8, /* takes sequences and optionals (tensor/container.h); all other rows
                                  are given nothing but tensors */
};

#define OFZ_VARIADIC 0xffff

/* Integer tensors up to this size are treated as shape values: followed through inference. */
#define OFZ_SHAPE_VALUES 1024

/* Room that every row's attribute struct fits in. */
#define OFZ_ATTR_ROOM 1024

typedef struct ofz_arity {
    uint16_t min, max;
} ofz_arity;

/* One attribute: where its value lands in the row's attribute struct, and its default. */
typedef struct ofz_attr_def {
    const char   *name;
    ofz_attr_type type;   /* FLOAT float, INT int64_t, STRING ofz_string, TENSOR const ofz_tensor *,
                           GRAPH ofz_graph *, FLOATS ofz_floats, INTS ofz_ints,
                           STRINGS ofz_strings: the C types of the fields */
    size_t        offset; /* SIZE_MAX: accepted and ignored */
    bool          required;
    float         f; /* defaults */
    int64_t       i;
    const char   *s; /* NULL: {NULL, 0} */
} ofz_attr_def;

#define OFZ_ATTR_IGNORED SIZE_MAX

/* What each role may see and touch. `attrs` is the row's parsed struct, defaults filled in. Inputs
 * and outputs that are absent are NULL; arrays have in_count and out_count entries. */
typedef struct ofz_infer_call {
    ofz_ctx                 *ctx;
    const ofz_node          *node;
    int64_t                  opset;
    const void              *attrs;
    int                      in_count, out_count;
    const ofz_tensor *const *in;    /* data is NULL unless a known constant, aligned */
    const int64_t *const    *hint;  /* hint[k]: elements of integer input k with symbols among them,
                                      or NULL; present whenever in[k]->data is and its type is int64,
                                      or    int32 with at most OFZ_SHAPE_VALUES elements */
    ofz_tensor *const       *out;   /* to set with ofz_tensor_set: dtype, shape */
    int64_t                  fresh; /* first of 4096 reserved symbols; see ofz_infer_fresh */
    int                      fresh_used;
    struct ofz_scope        *scope; /* for ofz_infer_body; NULL in a run */
} ofz_infer_call;

/* A symbol that means "some number, unlike any other". */
static inline int64_t ofz_infer_fresh(ofz_infer_call *c)
{
    return c->fresh + (c->fresh_used < 4096 ? c->fresh_used++ : 4095);
}

typedef struct ofz_eval_call {
    ofz_ctx                 *ctx;
    const ofz_node          *node;
    int64_t                  opset;
    const void              *attrs;
    int                      in_count, out_count;
    const ofz_tensor *const *in;
    ofz_tensor *const       *out;  /* inferred and allocated; to set: data[0..count) */
    struct ofz_rng          *rng;  /* of this run; OFZ_OP_RANDOM only */
    struct ofz_exec         *exec; /* for rows with subgraphs */
} ofz_eval_call;

/* For OFZ_OP_DYNAMIC rows, and string tensors that need room for text: (re)allocate output k. */
ofz_status ofz_eval_output(ofz_eval_call *c, int k, ofz_dtype dtype, int rank,
                           const int64_t *dim) OFZ_MUST_USE;

/* For rows with subgraphs. What the outputs of `body` are when its inputs are in[] (data and hints
 * are not looked at; a NULL stands for something unknown). Unknown, or as far as the body declares
 * it, when the body has another number of inputs, cannot be inferred, or in a run; so the call only
 * fails for want of memory.
 *   out   body->output.count tensors, set here; a container's type is its dtype */
ofz_status ofz_infer_body(ofz_infer_call *c, const ofz_graph *body, const ofz_tensor *const *in,
                          size_t in_count, ofz_tensor *out) OFZ_MUST_USE;
/* Run `body`, a graph among the node's attributes, on in[0..in_count), which must be as many as it
 * has inputs. Outer values that it reads are there.
 *   in    borrowed
 *   out   body->output.count tensors, the caller's to release
 * Errors: what its rows report, OFZ_E_MODEL for a wrong number of inputs. */
ofz_status ofz_eval_body(ofz_eval_call *c, const ofz_graph *body, const ofz_tensor *const *in,
                         size_t in_count, ofz_tensor *out) OFZ_MUST_USE;

/* Computes nothing: appends to `graph` the nodes that will. dy[k] is the gradient that reached
 * output k, NULL where none did (at least one is not NULL). For each input with need[i] set it
 * stores one value in dx[i]; NULL means that no gradient flows there. */
typedef struct ofz_grad_call {
    ofz_ctx          *ctx;
    ofz_graph        *graph;
    const ofz_node   *node;
    const void       *attrs;
    ofz_value *const *dy;
    const bool       *need;
    ofz_value       **dx;
    /* values of scopes around that the node's subgraphs read and that a gradient is wanted for; the
     * row sets outer_dx[] as it does dx[] */
    size_t            outer_count;
    ofz_value *const *outer;
    ofz_value       **outer_dx;
} ofz_grad_call;

/* For rows with subgraphs. `body` stands in g->graph (its parent) and computes y[] from x[], which are
 * values of it or of scopes around it. Types are inferred and the nodes of the gradient appended: dy[k]
 * (NULL: none) reached y[k]; dx[i] is set, NULL where none of the y depends on x[i].
 * Errors: as ofz_grad_append. */
ofz_status ofz_grad_body(ofz_grad_call *g, ofz_graph *body, size_t y_count, ofz_value *const *y,
                         ofz_value *const *dy, size_t x_count, ofz_value *const *x,
                         ofz_value **dx) OFZ_MUST_USE;

/* Append op_type(in...) with the attributes of `like` (NULL: none) and out_count outputs. domain
 * "ofz" or "". The shape of an emitted gradient is inferred later, by the same pass as all others.
 */
ofz_status ofz_emit(ofz_grad_call *g, const char *domain, const char *op_type, const ofz_node *like,
                    int in_count, ofz_value *const *in, int out_count,
                    ofz_value **out) OFZ_MUST_USE;
/* The usual case: ofz.<op_type>(in...) -> *out, attributes of the node being differentiated. */
ofz_status ofz_emit_grad(ofz_grad_call *g, const char *op_type, int in_count, ofz_value *const *in,
                         ofz_value **out) OFZ_MUST_USE;
/* For every input i that needs one: dx[i] = ofz.<op_type>(dy[0], in[0], ..., in[i]); where a part of the
 * output begins follows from the inputs before it. */
ofz_status ofz_emit_each(ofz_grad_call *g, const char *op_type) OFZ_MUST_USE;
/* Same with attributes of its own: count attrs, copied into the arena. */
ofz_status ofz_emit_attrs(ofz_grad_call *g, const char *domain, const char *op_type, int attr_count,
                          const ofz_attr *attr, int in_count, ofz_value *const *in, int out_count,
                          ofz_value **out) OFZ_MUST_USE;
/* As ofz_emit_attrs for attributes with graphs, which the node owns from here on: their parent is
 * g->graph. */
ofz_status ofz_emit_bodies(ofz_grad_call *g, const char *domain, const char *op_type,
                           int attr_count, const ofz_attr *attr, int in_count, ofz_value *const *in,
                           int out_count, ofz_value **out) OFZ_MUST_USE;
/* dy summed over the axes along which `x` was broadcast, so that it has x's shape:
 * ofz.SumTo(dy, x). */
ofz_status ofz_emit_sum_to(ofz_grad_call *g, ofz_value *dy, ofz_value *x,
                           ofz_value **out) OFZ_MUST_USE;

typedef ofz_status ofz_infer_fn(ofz_infer_call *c);
typedef ofz_status ofz_eval_fn(ofz_eval_call *c);
typedef ofz_status ofz_grad_fn(ofz_grad_call *g);

typedef struct ofz_op {
    const char         *name;  /* ONNX op_type */
    int                 since; /* first opset version this row is true for */
    ofz_arity           in, out;
    uint32_t            flags;
    const ofz_attr_def *attr; /* ends with a NULL name; NULL: no attributes */
    size_t              attr_size;
    ofz_infer_fn       *infer; /* shapes and dtypes of out[] from in[] */
    ofz_eval_fn        *eval;  /* fill out[].data; infer has run */
    ofz_grad_fn        *grad;  /* NULL: not differentiable */
    const char *roles;  /* one letter per input, for what a constant there is: x data, w weight,
                           b bias, g norm scale, h norm shift, s norm statistic, e embedding,
                           i shape, q quantisation, m mask. The last letter repeats. NULL: x */
    const char *domain; /* NULL: ai.onnx */
    const char
        *instead; /* of a version that withdraws the operator, and has no functions: what takes
                            its place; else NULL */
} ofz_op;

typedef struct ofz_op_table {
    const ofz_op *row; /* ends with a NULL name */
} ofz_op_table;

#define OFZ_OP_TABLE(family, rows)                                                                 \
    extern const ofz_op_table ofz_ops_##family;                                                    \
    const ofz_op_table        ofz_ops_##family = { rows }

/* The row for `op_type` of `domain` ("" is ai.onnx) at `opset`: the largest `since` not above it.
 * NULL when there is none, or when that version withdraws the operator. */
const ofz_op *ofz_op_find(const char *domain, const char *op_type, int64_t opset);
/* The row that withdraws `op_type` at `opset`, or NULL. */
const ofz_op *ofz_op_withdrawn(const char *domain, const char *op_type, int64_t opset);

/* Fill `dst` (op->attr_size bytes, zeroed here) from the node. Arity is checked as well.
 * OFZ_E_MODEL names an attribute that is unknown to this version, missing or of the wrong type, or
 * a count of inputs that the row does not allow. */
ofz_status ofz_op_parse(ofz_ctx *ctx, const ofz_op *op, const ofz_node *node,
                        void *dst) OFZ_MUST_USE;

/* What the specification says of this row's version, for a node of it. false, and a signature
 * without a schema, for private rows and derived nodes: nothing binds their types. */
bool ofz_op_signature(const ofz_op *op, const ofz_node *node, ofz_signature *out);

/* What is known to be missing of the row although it is there (limits.def), or NULL. */
const char *ofz_op_limit(const ofz_op *op);

/* The role that a constant has as input `index` of a node with this row. */
ofz_role ofz_op_role(const ofz_op *op, size_t index);

/* The table's own invariants; a unit test calls it. */
ofz_status ofz_ops_lint(ofz_ctx *ctx) OFZ_MUST_USE;

/* Rows by number, in families' order; NULL past the end. */
const ofz_op *ofz_op_at(size_t index);
/* The row behind `op`, a row of the tables; NULL behind the last. */
const ofz_op *ofz_op_next(const ofz_op *op);

#endif
