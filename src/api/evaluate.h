/* evaluate.h - one run of a model on values of any kind, for ofz_model_run and the backend tests. */
#ifndef OFZ_API_EVALUATE_H
#define OFZ_API_EVALUATE_H

#include "data/arrays.h"
#include "model/model.h"

/* Run `model`.
 *   in    named inputs, tensors or containers (tensor/container.h), matched by name
 *   seed  of the stream that random rows draw from
 *   out   model->graph->output.count values, the caller's to release
 * Errors: as ofz_model_run. */
ofz_status ofz_model_evaluate(ofz_ctx *ctx, const ofz_model *model, const ofz_named *const *in,
                              size_t in_count, uint64_t seed, ofz_tensor *out) OFZ_MUST_USE;

#endif
