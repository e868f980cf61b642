/* mark_rules.h - rules that freeze and train tensors, applied to a model's marks. */
#ifndef OFZ_PASS_MARK_RULES_H
#define OFZ_PASS_MARK_RULES_H

#include "pass/select.h"

/* What ofz_mark_apply does, on the marks the model has or, without any, on its defaults. Presets
 * set every tensor: none   nothing trains all    what trains by default head   last:1 of that bias
 * biases and norm shifts of that, and the head (BitFit trains a new head as well) norm   norm
 * scales and norm shifts of that A rule to train skips what is not meant to be trained (integers,
 * scalars, masks, statistics, shape constants, tensors of Constant nodes) unless its selector is
 * the tensor's own name; integers cannot be trained at all. Nothing changes unless every rule is
 * good. Errors: OFZ_E_ARG, OFZ_E_NOMEM. */
ofz_status ofz_marks_apply(ofz_ctx *ctx, ofz_model *m, const ofz_mark_rule *rules,
                           size_t count) OFZ_MUST_USE;

/* Can the file say anything about this tensor: is it an initializer, or a Constant node's tensor,
 * with a TensorProto of its own. */
bool ofz_value_markable(const ofz_value *v);

#endif
