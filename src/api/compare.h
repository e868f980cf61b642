/* compare.h - are two graphs the same, the values of their constants aside? */
#ifndef OFZ_API_COMPARE_H
#define OFZ_API_COMPARE_H

#include "model/model.h"

/* Called once for each difference; `part` is an input, an output, a node or an opset. */
typedef void ofz_structure_fn(void *user, const char *part, const char *text);

/* Opsets, inputs, outputs, nodes with their attributes, subgraphs. false: there was a difference. */
bool ofz_structure_compare(const ofz_model *a, const ofz_model *b, ofz_structure_fn *fn,
                           void *user);

#endif
