/* graph_make.h - small models by hand, for tests: values are known by their names. */
#ifndef OFZ_TEST_GRAPH_MAKE_H
#define OFZ_TEST_GRAPH_MAKE_H

#include "model/model.h"

/* A model without a file. Every step asserts with cmocka. */
typedef struct graph_make {
    ofz_ctx  *ctx;
    ofz_model m;
    ofz_opset opset[2];
} graph_make;

/* Opset 17 of ai.onnx, and 1 of "other". */
void graph_make_init(graph_make *k);
void graph_make_free(graph_make *k);

/* A graph input; shape as text: "2 ? 3", "" for a scalar. */
ofz_value *graph_input(graph_make *k, const char *name, ofz_dtype dtype, const char *shape);
/* An initializer whose elements are all `fill`. */
ofz_value *graph_constant(graph_make *k, const char *name, ofz_dtype dtype, const char *shape,
                          double fill);
/* op_type "Conv", or "other.Thing". Names in `in` and `out` are parted by blanks, "-" is an omitted
 * one; unknown ones become new values. */
ofz_node *graph_node(graph_make *k, const char *name, const char *op_type, const char *in,
                     const char *out);
ofz_node *graph_node_attrs(graph_make *k, const char *name, const char *op_type, const char *in,
                           const char *out, const ofz_attr *attr, size_t attr_count);
/* A Constant node whose tensor is all `fill`. */
ofz_value *graph_constant_node(graph_make *k, const char *name, ofz_dtype dtype, const char *shape,
                               double fill);
void       graph_output(graph_make *k, const char *name);
ofz_value *graph_value(graph_make *k, const char *name);

#endif
