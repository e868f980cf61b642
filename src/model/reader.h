/* reader.h - what the files that read a model share. */
#ifndef OFZ_MODEL_READER_H
#define OFZ_MODEL_READER_H

#include "model/tensor_proto.h"

typedef struct ofz_reader {
    ofz_ctx   *ctx;
    ofz_model *model;
    ofz_list   graph;       /* every ofz_graph made, parents before children */
    bool       in_function; /* attributes may refer to the call's */
} ofz_reader;

/* A copy in the model's arena; "" for NULL. */
ofz_status ofz_read_text(ofz_reader *r, const char *text, const char **out) OFZ_MUST_USE;

/* The content of a message that has an origin, in the file's bytes; .data NULL for one that has none. */
ofz_bytes_view ofz_read_span(const ofz_reader *r, const ProtobufCMessage *m);

/* Build a graph and its subgraphs.
 *   captured   gets every ofz_value of an outer graph that is read inside (repeats possible)
 * A graph that failed half way stays in r->graph, for the model to release. */
ofz_status ofz_read_graph(ofz_reader *r, const Onnx__GraphProto *p, ofz_graph *parent,
                          ofz_list *captured, ofz_graph **out) OFZ_MUST_USE;

/* The versions that a model or a function imports; room for one more. */
ofz_status ofz_read_opsets(ofz_reader *r, Onnx__OperatorSetIdProto *const *p, size_t count,
                           ofz_opset **out, size_t *out_count) OFZ_MUST_USE;

/* Read the model's function `p`. What was made before a failure is the model's to release. */
ofz_status ofz_read_function(ofz_reader *r, const Onnx__FunctionProto *p,
                             ofz_function *out) OFZ_MUST_USE;

/* Fill kind and type of `v` from `t`. */
ofz_status ofz_read_type(ofz_reader *r, const Onnx__TypeProto *t, ofz_value *v) OFZ_MUST_USE;

/* One attribute; a subgraph is read in `g` and its captures are added. */
ofz_status ofz_read_attribute(ofz_reader *r, const Onnx__AttributeProto *p, ofz_graph *g,
                              ofz_list *captured, ofz_attr *out) OFZ_MUST_USE;
/* The type that an attribute of IR 1, which does not say, must have. */
ofz_attr_type ofz_attribute_type(const Onnx__AttributeProto *p);

/* If `n` is a Constant node, give its output the constant. `p` is where n was read from. */
ofz_status ofz_read_constant(ofz_reader *r, const Onnx__NodeProto *p, ofz_node *n) OFZ_MUST_USE;

/* The marks in a tensor's metadata_props; odd values are ignored here and reported by the check. */
ofz_status ofz_read_marks(ofz_reader *r, const Onnx__TensorProto *p, ofz_value *v) OFZ_MUST_USE;

#endif
