/* graph.h - the graph: values (edges), nodes, attributes.
 *
 * Invariants, checked by ofz_graph_verify
 *   - a value has at most one producer; a value without one is a graph input, a constant, or
 *     dangling (a name that an outer scope or nobody defines)
 *   - nodes stand in topological order in graph->node
 *   - uses of a value and inputs of nodes mirror each other, subgraph uses included
 *   - names of values are unique within a graph and unequal to "" */
#ifndef OFZ_IR_GRAPH_H
#define OFZ_IR_GRAPH_H

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "tensor/tensor.h"

typedef struct ofz_value ofz_value;
typedef struct ofz_node  ofz_node;
typedef struct ofz_graph ofz_graph;

/* --- attributes ------------------------------------------------------------------------------- */

/* The numbers are ONNX's own (AttributeProto.AttributeType). */
typedef enum ofz_attr_type {
    OFZ_ATTR_NONE           = 0,
    OFZ_ATTR_FLOAT          = 1,
    OFZ_ATTR_INT            = 2,
    OFZ_ATTR_STRING         = 3,
    OFZ_ATTR_TENSOR         = 4,
    OFZ_ATTR_GRAPH          = 5,
    OFZ_ATTR_FLOATS         = 6,
    OFZ_ATTR_INTS           = 7,
    OFZ_ATTR_STRINGS        = 8,
    OFZ_ATTR_TENSORS        = 9,
    OFZ_ATTR_GRAPHS         = 10,
    OFZ_ATTR_SPARSE_TENSOR  = 11,
    OFZ_ATTR_SPARSE_TENSORS = 12,
    OFZ_ATTR_TYPE_PROTO     = 13,
    OFZ_ATTR_TYPE_PROTOS    = 14
} ofz_attr_type;

/* Borrowed bytes. */
typedef struct ofz_bytes_view {
    const uint8_t *data;
    size_t         size;
} ofz_bytes_view;

typedef struct ofz_ints {
    const int64_t *v;
    size_t         count;
} ofz_ints;

typedef struct ofz_floats {
    const float *v;
    size_t       count;
} ofz_floats;

typedef struct ofz_strings {
    const ofz_string *v;
    size_t            count;
} ofz_strings;

typedef struct ofz_attr {
    const char   *name;
    ofz_attr_type type;
    const char   *ref; /* name of the function's attribute that stands for it, or NULL */
    union {
        float      f;
        int64_t    i;
        ofz_string s;
        const ofz_tensor
                   *t; /* of a sparse tensor: the dense one it stands for, NULL while unknown */
        ofz_graph  *g;
        ofz_floats  floats;
        ofz_ints    ints;
        ofz_strings strings;
    } u;                 /* type protos and lists of tensors and graphs are carried opaque */
    ofz_bytes_view file; /* its message in the file that it was read from, borrowed; .data NULL for
                            one that was made here */
} ofz_attr;

/* --- values ----------------------------------------------------------------------------------- */

typedef struct ofz_use {
    ofz_node *node;
    int       index; /* which input of the node; -1: read inside one of its subgraphs */
} ofz_use;

/* What kind of thing flows along an edge. Only tensors have a dtype and a shape here. */
typedef enum ofz_kind {
    OFZ_KIND_TENSOR,
    OFZ_KIND_SEQUENCE,
    OFZ_KIND_OPTIONAL,
    OFZ_KIND_MAP,
    OFZ_KIND_SPARSE,
    OFZ_KIND_OPAQUE
} ofz_kind;

/* The element type of a container of that kind, and back; OFZ_UNDEFINED and OFZ_KIND_TENSOR for what is
 * none. */
static inline ofz_dtype ofz_kind_dtype(ofz_kind kind)
{
    return kind == OFZ_KIND_SEQUENCE   ? OFZ_SEQUENCE
           : kind == OFZ_KIND_OPTIONAL ? OFZ_OPTIONAL
           : kind == OFZ_KIND_MAP      ? OFZ_MAP
                                       : OFZ_UNDEFINED;
}

static inline ofz_kind ofz_dtype_kind(ofz_dtype dtype)
{
    return dtype == OFZ_SEQUENCE   ? OFZ_KIND_SEQUENCE
           : dtype == OFZ_OPTIONAL ? OFZ_KIND_OPTIONAL
           : dtype == OFZ_MAP      ? OFZ_KIND_MAP
                                   : OFZ_KIND_TENSOR;
}

struct ofz_value {
    const char    *name;
    ofz_graph     *graph;
    ofz_kind       kind;
    ofz_tensor     type; /* declared, then inferred dtype and shape; its data is always NULL */
    ofz_node      *producer;
    int            output; /* which output of the producer */
    bool           is_input, is_output;
    bool           retyped;   /* `type` was edited: what the file declares no longer holds */
    ofz_bytes_view declared;  /* its ValueInfoProto in the file, or .data NULL: what `type` cannot
                                   say of containers stands there */
    const char    *file_name; /* its name in the file, once it was renamed; else NULL */

    /* A constant: an initializer, or the tensor of a Constant node. `constant->data` may lie in a
     * mapped file: unaligned, read-only. */
    ofz_tensor *constant;
    bool        initializer; /* listed by the model; false for Constant nodes and folded values */
    bool        external;    /* its bytes come from another file */
    bool        sparse;      /* the file has it as a sparse tensor; the constant is dense */
    bool        changed;     /* constant no longer holds the file's bytes: the writer must */
    int         origin;      /* the model's record of where it stands in the file; -1: nowhere */
    ofz_mark    mark;
    const char *group;    /* onnxfreeze.group, or NULL */
    double      lr_scale; /* onnxfreeze.lr_scale; 1 */

    ofz_use *use;
    size_t   use_count, use_room;

    ofz_value *source; /* what it is a copy of (ofz_graph_copy_into), or NULL */
    ofz_value *flat;   /* of a model's graph: its copy in ofz_model.flat; NULL without one */

    int scratch; /* for whoever walks the graph; means nothing between two passes */
};

/* --- nodes ------------------------------------------------------------------------------------ */

struct ofz_node {
    const char     *name;                        /* "" when absent */
    const char     *op_type, *domain, *overload; /* domain "" is ai.onnx; "ai.onnx" is read as "" */
    int64_t         opset; /* the version imported for the domain; 0: not imported */
    ofz_graph      *graph;
    const ofz_node *call; /* the call that it was copied for (ofz_graph_copy_into), or NULL */
    size_t          in_count, out_count, attr_count;
    ofz_value     **in;  /* NULL for an omitted optional input */
    ofz_value     **out; /* NULL for an unwanted optional output */
    ofz_attr       *attr;
    bool            changed; /* made or edited here: the file's bytes do not say what it is */
    bool            removed; /* taken out; gone with the next ofz_graph_sweep */
    int             origin;  /* as in ofz_value */
    int             scratch; /* likewise */
    bool derived; /* made from other nodes: may have element types that a row computes and the
                            version at hand does not list */
};

/* --- graphs ----------------------------------------------------------------------------------- */

typedef struct ofz_opset {
    const char *domain;
    int64_t     version;
} ofz_opset;

/* Names of dimension symbols, shared by all graphs of a model. Zero-initialise. */
typedef struct ofz_symbols {
    ofz_list name;  /* text, borrowed from an arena */
    ofz_map  index; /* name -> its number + 1 */
} ofz_symbols;

void ofz_symbols_free(ofz_symbols *s);

struct ofz_graph {
    const char  *name;
    ofz_graph   *parent; /* graph of the node whose attribute this is, or NULL */
    ofz_node    *parent_node;
    ofz_arena   *arena; /* the model's; every node, name and attribute lives there */
    ofz_list     node;  /* ofz_node, topological order */
    ofz_list     value; /* ofz_value, all of them */
    ofz_list     input, output;
    ofz_map      by_name; /* name -> ofz_value, this scope only */
    ofz_symbols *symbol;
    ofz_opset   *opset;
    size_t       opset_count;
    uint64_t     next_name;   /* makes fresh names */
    int64_t      next_symbol; /* makes nameless symbols; the outermost graph's counts */
    int          origin;      /* as in ofz_value */
    bool         changed;     /* nodes, values or their order are not those of the file */
};

/* An empty graph that lives in `arena`; `parent` may be NULL. Its lists are freed by
 * ofz_graph_deinit, the rest goes with the arena. Errors: OFZ_E_NOMEM. */
ofz_status ofz_graph_new(ofz_ctx *ctx, ofz_arena *arena, ofz_graph *parent, ofz_symbols *symbol,
                         ofz_graph **out) OFZ_MUST_USE;
/* Release lists, uses and constants' buffers, subgraphs included. */
void ofz_graph_deinit(ofz_graph *g);

/* The version of `domain` that the graph (or an outer one) imports; 0 when none does. */
int64_t ofz_graph_opset(const ofz_graph *g, const char *domain);

/* Values. `name` is copied; NULL makes a fresh one. Errors: OFZ_E_MODEL (name taken), OFZ_E_NOMEM.
 */
ofz_status ofz_value_new(ofz_ctx *ctx, ofz_graph *g, const char *name,
                         ofz_value **out) OFZ_MUST_USE;
/* A value's type, with its kind as the dtype when it is a sequence, an optional or a map. */
ofz_tensor ofz_value_type(const ofz_value *v);
/* Find `name` in this scope, then in the outer ones; NULL. */
ofz_value *ofz_value_find(const ofz_graph *g, const char *name);
/* A new constant: takes over one reference of `t`. */
ofz_status ofz_constant_new(ofz_ctx *ctx, ofz_graph *g, const char *name, const ofz_tensor *t,
                            ofz_value **out) OFZ_MUST_USE;

/* Append a node; outputs are created by the caller and get their producer here; in[] and out[] are
 * copied; attr is copied shallow (its contents must live in the arena or be constants). */
typedef struct ofz_node_spec {
    const char       *name, *op_type, *domain;
    int64_t           opset; /* 0: what the graph imports for the domain */
    size_t            in_count, out_count, attr_count;
    ofz_value *const *in;
    ofz_value *const *out;
    const ofz_attr   *attr;
    bool              derived;
} ofz_node_spec;

ofz_status ofz_node_add(ofz_ctx *ctx, ofz_graph *g, const ofz_node_spec *spec,
                        ofz_node **out) OFZ_MUST_USE;
/* Replace input `index`; uses are kept true. `v` belongs to the node's graph or to one around it. */
ofz_status ofz_node_set_input(ofz_ctx *ctx, ofz_node *n, size_t index, ofz_value *v) OFZ_MUST_USE;
/* Every reader of `from` reads `to` instead, those inside subgraphs as well (graph outputs keep
 * their value). Errors: OFZ_E_UNSUPPORTED, before anything has changed, when a subgraph means
 * something else by to's name, or reads `from` by its name alone. */
ofz_status ofz_value_replace(ofz_ctx *ctx, ofz_value *from, ofz_value *to) OFZ_MUST_USE;
/* Record that something inside a subgraph of `n` reads `v`. */
ofz_status ofz_value_use(ofz_ctx *ctx, ofz_value *v, ofz_node *n, int index) OFZ_MUST_USE;
/* Record that input `index` of `n` reads `v`; where n stands in a subgraph of v's graph, the node that
 * owns the subgraph reads it too. And the reverse. */
ofz_status ofz_value_read(ofz_ctx *ctx, ofz_value *v, ofz_node *n, int index) OFZ_MUST_USE;
void       ofz_value_unread(ofz_value *v, ofz_node *n, int index);
/* The node of `g` that `n` stands in, however deep; n itself when it is one of g's; NULL: neither. */
ofz_node *ofz_node_within(const ofz_graph *g, ofz_node *n);
/* Is `v` read inside a subgraph by its name alone, where no edit can follow: as an output that nothing
 * there makes, or in a clone, which shares its subgraphs? */
bool ofz_value_out_of_reach(const ofz_value *v);
bool ofz_value_has_use(const ofz_value *v, const ofz_node *n, int index);

/* --- surgery (graph_edit.c): for graphs that own their subgraphs, not for clones ---------------- */

/* Take `n` out: it reads nothing any more and its outputs have no producer (another node may be given
 * them). It stays in the list, marked, until the graph is swept. */
void ofz_node_remove(ofz_node *n);
/* Make `v`, which nobody produces, output `index`; the value that was there loses its producer.
 * NULL: no output. */
void ofz_node_set_output(ofz_node *n, size_t index, ofz_value *v);
/* Set the attribute of that name, or add it. Copied shallow. Errors: OFZ_E_NOMEM. */
ofz_status ofz_node_set_attr(ofz_ctx *ctx, ofz_node *n, const ofz_attr *attr) OFZ_MUST_USE;
/* `g` is a subgraph of `n`: what its nodes read of n's scope, or of those around it as far as they are
 * there, is recorded as read by the nodes that own the subgraphs. Errors: OFZ_E_NOMEM. */
ofz_status ofz_node_capture(ofz_ctx *ctx, ofz_node *n, const ofz_graph *g) OFZ_MUST_USE;
/* Drop an attribute; nothing happens when there is none of that name. */
void ofz_node_drop_attr(ofz_node *n, const char *name);
/* The value is a constant from here on: its producer, if any, loses it (and is removed when that was
 * its only output). Takes over one reference of `t`. Errors: OFZ_E_NOMEM; OFZ_E_UNSUPPORTED for a
 * sparse initializer, whose bytes in the file stay as they are. */
ofz_status ofz_value_set_constant(ofz_ctx *ctx, ofz_value *v, const ofz_tensor *t) OFZ_MUST_USE;
/* Give `v` another name. Errors: OFZ_E_MODEL when the name is taken in its scope, in one around it or
 * in a subgraph that reads v; OFZ_E_UNSUPPORTED for a sparse initializer; OFZ_E_NOMEM. */
ofz_status ofz_value_rename(ofz_ctx *ctx, ofz_value *v, const char *name) OFZ_MUST_USE;
/* If `n` is a Constant node with one attribute that holds a dense tensor, its output becomes that
 * constant; the node stays. Errors: OFZ_E_NOMEM. */
ofz_status ofz_node_take_constant(ofz_ctx *ctx, ofz_node *n) OFZ_MUST_USE;
/* Forget removed nodes, and values that nobody makes, reads or lists; with `constants` also unread
 * initializers that are no graph inputs. Subgraphs are swept as well. Pointers to what was forgotten
 * stay readable: it lives in the arena. */
void ofz_graph_sweep(ofz_graph *g, bool constants);

/* What copying may cost. */
typedef struct ofz_copy_budget {
    size_t nodes;      /* counted down */
    size_t arena_size; /* what the arena of `to` may hold in the end */
} ofz_copy_budget;

/* Append a copy of the nodes and constants of `from` to `to`: for inlining and composition.
 *   prefix   before every name of a value or node that is copied; a name that is taken gets a number
 *   bind     from->input.count values of `to` (or of a graph around it) that stand for the inputs;
 *            NULL for an omitted one
 *   call     whose attributes stand for those that `from` refers to (ofz_attr.ref), or NULL; one that
 *            it lacks comes from `defaults`, or is left out of the copy. With a call the symbols of
 *            `from` are its own: dimensions that they name are unknown in the copy
 *   budget   what the copy may still cost, or NULL
 *   out      from->output.count values: what stands for the outputs, set here (one may be bind[i])
 * Values that `from` reads from scopes around it are read as they are, so these must be around `to` as
 * well. Subgraphs are copied whole. Constants share their bytes, opaque attributes theirs in the file:
 * from's model must outlive `to` when it is another.
 * An input without a binding that has a constant (its default) is that constant.
 * Errors: OFZ_E_NOMEM, OFZ_E_MODEL (an output of a subgraph is an omitted input), OFZ_E_LIMIT (graphs
 * nested deeper than limits.depth, more than the budget). */
typedef struct ofz_copy_spec {
    const char       *prefix;
    ofz_value *const *bind;
    const ofz_node   *call;
    const ofz_attr   *defaults;
    size_t            default_count;
    ofz_copy_budget  *budget;
} ofz_copy_spec;

ofz_status ofz_graph_copy_into(ofz_ctx *ctx, const ofz_graph *from, ofz_graph *to,
                               const ofz_copy_spec *spec, ofz_value **out) OFZ_MUST_USE;

/* A copy of `g`, which has no parent, in `arena` with nodes, values and subgraphs of its own; values of
 * g itself are named alike, each with its source. Constants share their bytes, and names of symbols are
 * shared, so g's model must outlive it. Errors: as above. */
ofz_status ofz_graph_deep_copy(ofz_ctx *ctx, const ofz_graph *g, ofz_arena *arena,
                               ofz_graph **out) OFZ_MUST_USE;

/* A copy of `g` with nodes and values of its own, named alike, in `arena` (which may be another
 * than g's; names and attributes are still shared with g, so g must outlive the copy). Constants
 * share their bytes. Subgraphs are shared, not copied: what they read of g they still read of g by
 * pointer, and of the copy by name (exec and infer_shapes look it up so). Errors: OFZ_E_NOMEM. */
ofz_status ofz_graph_clone(ofz_ctx *ctx, const ofz_graph *g, ofz_arena *arena,
                           ofz_graph **out) OFZ_MUST_USE;

/* NULL when the node has no such attribute. */
const ofz_attr *ofz_node_attr(const ofz_node *n, const char *name);

/* Same name, type and content. Graphs are the same only as one object; what is carried opaque is not
 * looked at and counts as the same. */
bool ofz_attr_same(const ofz_attr *a, const ofz_attr *b);

/* The symbol called `name`, interned. Errors: OFZ_E_NOMEM. */
ofz_status ofz_symbol(ofz_ctx *ctx, ofz_graph *g, const char *name, int64_t *out) OFZ_MUST_USE;
/* `count` nameless symbols in a row, unlike any other; the first of them. */
int64_t     ofz_symbol_block(ofz_graph *g, int count);
const char *ofz_symbol_name(const ofz_graph *g, int64_t dim); /* NULL when it has none */

/* Sort nodes topologically, stable. OFZ_E_MODEL names a node on a cycle. */
ofz_status ofz_graph_sort(ofz_ctx *ctx, ofz_graph *g) OFZ_MUST_USE;
/* The invariants above. OFZ_E_MODEL. */
ofz_status ofz_graph_verify(ofz_ctx *ctx, const ofz_graph *g) OFZ_MUST_USE;

/* "node 'name' (Conv-11)", or "node making 'value' (Conv-11)" when it has no name; for errors. */
const char *ofz_node_text(char *buf, size_t size, const ofz_node *n);

#endif
