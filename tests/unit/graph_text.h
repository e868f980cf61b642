/* graph_text.h - graphs of constants and nodes, subgraphs included, run and compared as text. Tensors
 * and attributes are written as op_harness.h says; values are known by their names. */
#ifndef OFZ_TEST_GRAPH_TEXT_H
#define OFZ_TEST_GRAPH_TEXT_H

#include "graph_make.h"

/* A constant of the graph being built. */
ofz_value *text_constant(graph_make *k, const char *name, const char *tensor);

/* From here on k->m.graph is a new subgraph, whose inputs are named. */
ofz_graph *text_body(graph_make *k, const char *inputs);
/* Its outputs are named; k->m.graph is the graph around again. */
void text_body_end(graph_make *k, const char *outputs);

/* A node; attrs may be NULL. */
ofz_node *text_node(graph_make *k, const char *op_type, const char *in, const char *out,
                    const char *attrs);
/* A node with one or two subgraphs more. Their captures become uses of the node. */
ofz_node *text_node_bodies(graph_make *k, const char *op_type, const char *in, const char *out,
                           const char *attrs, const char *name0, ofz_graph *body0,
                           const char *name1, ofz_graph *body1);

/* Infer, run, and compare value `name` with what `want` says, exactly; "=sequence" and the like
 * compare the kind alone. With `error`: the run fails, and so says its text. */
void text_expect(graph_make *k, const char *name, const char *want);
void text_expect_error(graph_make *k, const char *name, ofz_status status, const char *error);

#endif
