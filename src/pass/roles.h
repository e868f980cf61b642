/* roles.h - what each constant of a model is for, judged from the nodes that read it. */
#ifndef OFZ_PASS_ROLES_H
#define OFZ_PASS_ROLES_H

#include "model/model.h"

/* The role of constant `v`. Rows say what a constant is to a node (ofz_op_role); nodes that only move
 * or retype its elements (Identity, Transpose, Reshape, Cast, DequantizeLinear, ...) and arithmetic
 * among constants are looked through to whoever reads the result. Beyond the rows:
 *   - integers are shape constants, quantisation parameters or quantised weights, else other
 *   - what broadcasts like a scalar is other, unless it is a quantisation parameter or the bias of a
 *     layer with one output
 *   - an added constant is a bias; a norm shift when a normalised value is what it is added to; a mask
 *     when it holds values of -1e4 and below, as the branch of a Where too
 *   - a multiplied constant is a norm scale; a mask when it is a matrix of zeros and ones
 *   - a table is an embedding where computed indices pick from it; so is a learned token that is
 *     joined to activations
 *   - a matrix of an operator without a row is a weight
 * When uses disagree the first of this list wins: quantisation, shape, statistic, embedding,
 * weight, norm scale, norm shift, bias, mask, other. */
ofz_role ofz_value_role(const ofz_value *v);

/* Every node input that constant `v` reaches: direct reads, and through nodes that only move or
 * retype its elements also the reads of their results. `through` is true for such a mover itself. Of a
 * model with a flat graph the readers are that graph's: nodes in the bodies of functions, not calls.
 * At most a few thousand calls; `fn` returns false to stop. */
typedef bool ofz_reader_fn(void *user, const ofz_node *n, int index, bool through);
void         ofz_value_readers(const ofz_value *v, ofz_reader_fn *fn, void *user);

/* May `v` be trained at all: a constant of float64, float32, float16 or bfloat16. */
bool ofz_value_trainable(const ofz_value *v);

/* Does `v` train in a model without marks: a trainable initializer whose role is weight, bias, norm
 * scale, norm shift or embedding. */
bool ofz_value_trains_by_default(const ofz_value *v);

/* Does any tensor of the model carry a mark. */
bool ofz_model_marked(const ofz_model *m);

/* Would `train` change `v`. As soon as one tensor is marked, marks alone decide and a tensor without
 * one is frozen: nothing that the marks do not name is changed.
 *   marked   ofz_model_marked of its model */
bool ofz_value_trains(const ofz_value *v, bool marked);

/* Is `v` a running statistic of a normalisation whose scale or shift trains? Training moves it when
 * batch norms use the statistics of the batch, so that no mark may call it frozen. One that carries a
 * mark of its own does not move in this sense. */
bool ofz_value_moves(const ofz_value *v, bool marked);

#endif
