/* check.h - rules of the format that the graph no longer shows: looked up in the file itself. */
#ifndef OFZ_MODEL_CHECK_H
#define OFZ_MODEL_CHECK_H

#include "model/tensor_proto.h"

typedef struct ofz_checker {
    ofz_ctx         *ctx;
    const ofz_model *model;
    ofz_model       *scratch; /* decodes tensors that no graph shows */
    ofz_finding_fn  *fn;
    void            *user;
} ofz_checker;

/* Names defined so far in a graph, and around it. */
typedef struct ofz_scope {
    ofz_map                 name;
    const struct ofz_scope *outer;
} ofz_scope;

void ofz_finding(ofz_checker *c, ofz_status kind, const char *where, const char *fmt, ...)
    OFZ_PRINTF(4, 5);

ofz_status ofz_check_graph(ofz_checker *c, const Onnx__GraphProto *g,
                           const ofz_scope *outer) OFZ_MUST_USE;
ofz_status ofz_check_node(ofz_checker *c, const Onnx__NodeProto *n, const ofz_scope *scope,
                          bool in_function) OFZ_MUST_USE;
void       ofz_check_sparse(ofz_checker *c, const Onnx__SparseTensorProto *p, const char *where);
ofz_status ofz_check_functions(ofz_checker *c, const Onnx__ModelProto *p) OFZ_MUST_USE;

/* false when out of memory. */
bool ofz_scope_define(ofz_scope *s, const char *name);
bool ofz_scope_has(const ofz_scope *s, const char *name); /* here or further out */

#endif
