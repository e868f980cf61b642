/* roles.h - what each constant of a model is for, judged from the nodes that read it. */
#ifndef OFZ_PASS_ROLES_H
#define OFZ_PASS_ROLES_H

#include "model/model.h"

/* The role of constant `v`. Rows say what a constant is to a node (ofz_op_role); operators that
 * only move or retype elements (Identity, Transpose, Reshape, Cast, DequantizeLinear, ...) are
 * looked through to whoever reads their result. Beyond the rows:
 *   - integers are shape constants or quantisation parameters, or other
 *   - scalars are other, unless they are a quantisation parameter
 *   - an added constant is a bias; a norm shift when its other operand is a normalised value; a
 * mask when it is boolean or holds values of -1e4 and below
 *   - a multiplied constant is a norm scale
 *   - a matrix of an operator without a row is a weight
 * When uses disagree the first of this list wins: quantisation, shape, statistic, embedding,
 * weight, norm scale, norm shift, bias, mask, other. */
ofz_role ofz_value_role(const ofz_value *v);

/* May `v` be trained at all: a floating-point initializer (float64, float32, float16, bfloat16) or
 * the tensor of a Constant node of one of these types. */
bool ofz_value_trainable(const ofz_value *v);

/* Does `v` train in a model without marks: a floating-point initializer whose role is weight, bias,
 * norm scale, norm shift or embedding. */
bool ofz_value_trains_by_default(const ofz_value *v);

/* Does any tensor of the model carry a mark. */
bool ofz_model_marked(const ofz_model *m);

/* Would `train` change `v`. As soon as one tensor is marked, marks alone decide and a tensor
 * without one is frozen: nothing that the marks do not name is changed. marked   ofz_model_marked
 * of its model */
bool ofz_value_trains(const ofz_value *v, bool marked);

#endif
