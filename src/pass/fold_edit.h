/* fold_edit.h - what the passes of folding share: questions about values and nodes, and edits that keep
 * the names of outputs. Every edit counts itself. */
#ifndef OFZ_PASS_FOLD_EDIT_H
#define OFZ_PASS_FOLD_EDIT_H

#include "pass/fold.h"

struct ofz_fold {
    ofz_ctx                *ctx;
    ofz_model              *model;
    const ofz_fold_options *options;
    bool                    marked, trains; /* some tensor carries a mark; some tensor trains */
    bool                    dry;            /* nodes are looked at and not folded */
    size_t                  edits;
    int64_t                 growth; /* bytes that constants have grown by */
    int64_t                 work; /* multiply-accumulates and elements that may still be computed */
    ofz_map                 varies; /* names of constants that training changes */
    ofz_arena               arena;  /* of names and the structs below */
    ofz_map                 known;  /* main graph: value name -> ofz_fold_known */
    ofz_list                all;    /* the same, to be released */
};

/* What inference knows of a value of the main graph that is no constant. */
typedef struct ofz_fold_known {
    ofz_tensor t; /* int64 when symbolic */
    bool       symbolic;
} ofz_fold_known;

/* --- questions -------------------------------------------------------------------------------- */

/* Its constant when `v` holds one that neither trains nor can be overridden, else NULL; NULL for NULL. */
const ofz_tensor *ofz_fold_constant(const ofz_fold *f, const ofz_value *v);
/* A constant that training changes, or would by default where the options ask to keep that. */
bool ofz_fold_varies(const ofz_fold *f, const ofz_value *v);
/* Is it an ai.onnx node of that type that this program knows? */
bool ofz_fold_is(const ofz_fold *f, const ofz_node *n, const char *op_type);
/* The node that makes `v`, of that type and with one output, whose only reader is one input; NULL. */
ofz_node *ofz_fold_only(const ofz_fold *f, const ofz_value *v, const char *op_type);
/* One reader, and no graph output. */
bool ofz_fold_single(const ofz_value *v);
/* The row, unless a function of the model goes by the same name. */
const ofz_op *ofz_fold_row(const ofz_fold *f, const ofz_node *n);
int64_t       ofz_fold_int(const ofz_node *n, const char *name, int64_t other);
float         ofz_fold_float(const ofz_node *n, const char *name, float other);
/* The integers of constant input `index`, or where there is no such input of attribute `name`; known
 * values of the main graph count as well. *count -1: neither is there. false: there and not known. */
bool ofz_fold_ints(const ofz_fold *f, const ofz_node *n, size_t index, const char *name,
                   int64_t out[OFZ_MAX_RANK], int *count);
/* Types of both known, the same dtype, and the same shape whatever the symbols stand for. */
bool ofz_fold_same_type(const ofz_value *a, const ofz_value *b);
/* Every element of the constant, of a number type, is `x`. */
bool ofz_fold_all(const ofz_tensor *t, double x);

/* --- edits ------------------------------------------------------------------------------------ */

/* The one output of `n` is `x`: whoever reads it reads x, and n goes. A graph output keeps its name: x's
 * producer makes it. *done false: nothing could be done. */
ofz_status ofz_fold_bypass(ofz_fold *f, ofz_node *n, ofz_value *x, bool *done) OFZ_MUST_USE;
/* `from` means the same as `to`: its readers read that. Not possible (*done false) where a subgraph would
 * understand something else. */
ofz_status ofz_fold_replace(ofz_fold *f, ofz_value *from, ofz_value *to, bool *done) OFZ_MUST_USE;
/* The node becomes another one on the same outputs, without attributes. */
ofz_status ofz_fold_become(ofz_fold *f, ofz_node *n, const char *op_type, ofz_value *const *in,
                           size_t in_count) OFZ_MUST_USE;
ofz_status ofz_fold_set_int(ofz_fold *f, ofz_node *n, const char *name, int64_t x) OFZ_MUST_USE;
ofz_status ofz_fold_set_ints(ofz_fold *f, ofz_node *n, const char *name, const int64_t *x,
                             size_t count) OFZ_MUST_USE;
/* A new constant in g, called after `like`; frozen in a model with marks. Takes over one reference of
 * `t`, also on failure. */
ofz_status ofz_fold_new_constant(ofz_fold *f, ofz_graph *g, const char *like, const ofz_tensor *t,
                                 ofz_value **out) OFZ_MUST_USE;
/* The same, of integers. */
ofz_status ofz_fold_new_ints(ofz_fold *f, ofz_graph *g, const char *like, const int64_t *x,
                             size_t count, ofz_value **out) OFZ_MUST_USE;
/* `v` is a constant from here on. Takes over one reference of `t`, also on failure. */
ofz_status ofz_fold_set_constant(ofz_fold *f, ofz_value *v, const ofz_tensor *t) OFZ_MUST_USE;

/* --- passes ----------------------------------------------------------------------------------- */

/* What stands in the way of working a node out; OFZ_FOLD_FREE: nothing. */
typedef enum ofz_fold_bar {
    OFZ_FOLD_FREE,
    OFZ_FOLD_UNKNOWN, /* no row */
    OFZ_FOLD_RANDOM,
    OFZ_FOLD_BODY,   /* has subgraphs */
    OFZ_FOLD_IMPURE, /* cannot be evaluated here */
    OFZ_FOLD_KIND,   /* makes something else than tensors of numbers */
    OFZ_FOLD_INPUT,  /* reads something that is no constant */
    OFZ_FOLD_SIZE,   /* the result is too large */
    OFZ_FOLD_WORK,   /* computing it takes too long */
    OFZ_FOLD_FAILS   /* evaluating it fails */
} ofz_fold_bar;

/* Fold `n` when nothing bars it. */
ofz_status ofz_fold_node(ofz_fold *f, ofz_node *n, ofz_fold_bar *bar, int64_t *size) OFZ_MUST_USE;

ofz_fold_fn ofz_fold_control, ofz_fold_constants, ofz_fold_shapes, ofz_fold_clean, ofz_fold_merge,
    ofz_fold_norm, ofz_fold_linear, ofz_fold_pads, ofz_fold_chains;

/* y = L(x) * scale[c] + shift[c] for the channels of what the node makes.
 *   n       Conv, ConvTranspose, Gemm or MatMul whose weight (and bias) are constants
 *   scale, shift   `channels` numbers each, as ofz_fold_channels says
 * *done false: it cannot take them. */
ofz_status ofz_fold_affine(ofz_fold *f, ofz_node *n, const double *scale, const double *shift,
                           bool *done) OFZ_MUST_USE;
/* Channels of what `n` makes, and which axis they are of how many (rank -1: the last, of any); 0 when it
 * is no layer that ofz_fold_affine takes. */
int64_t ofz_fold_channels(const ofz_fold *f, const ofz_node *n, int *axis, int *rank);

#endif
