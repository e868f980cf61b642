/* pack.h - pieces of a graph as protobuf, for what has no bytes in the file or no longer has the same. */
#ifndef OFZ_MODEL_PACK_H
#define OFZ_MODEL_PACK_H

#include "model/edit.h"

/* The content of a ValueInfoProto. What `declared` says beyond name and type is kept; the type as well
 * unless it was edited. A container without a declaration is written without a type. */
void ofz_pack_value(ofz_bytes *b, const ofz_value *v);
/* ValueInfoProto of a tensor: the dims are numbers. */
void ofz_pack_tensor_value(ofz_bytes *b, const char *name, const ofz_tensor *t);
/* The content of a TypeProto: a tensor type. Symbols are written by name, others left open. */
void ofz_pack_type(ofz_bytes *b, const ofz_graph *g, const ofz_tensor *t);

/* The content of a TensorProto up to its bytes, which follow as raw_data's content and are t->size long
 * (*inside: none follow; strings and empty tensors are complete). `v` gives marks; NULL: none. */
void ofz_pack_tensor_head(ofz_bytes *b, const char *name, const ofz_tensor *t, const ofz_value *v,
                          bool *inside);
/* All of it. */
void ofz_pack_tensor(ofz_bytes *b, const char *name, const ofz_tensor *t, const ofz_value *v);
/* The metadata_props of a TensorProto that hold `m`. */
void ofz_pack_marks(ofz_bytes *b, const ofz_marks *m);

/* The content of an AttributeProto, a NodeProto, a GraphProto. Attributes with bytes in a file are those
 * bytes, unless they hold an edited graph. Opaque attributes without bytes do not exist. */
void ofz_pack_attr(ofz_bytes *b, const ofz_attr *a);
void ofz_pack_node(ofz_bytes *b, const ofz_node *n);
void ofz_pack_graph(ofz_bytes *b, const ofz_graph *g);
/* A Constant node that makes `v`. */
void ofz_pack_constant_node(ofz_bytes *b, const ofz_value *v);
/* An OperatorSetIdProto. */
void ofz_pack_opset(ofz_bytes *b, const ofz_opset *opset);

/* Does the graph, or one inside it, differ from the file? */
bool ofz_graph_edited(const ofz_graph *g);
#endif
