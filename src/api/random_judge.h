/* random_judge.h - what can be said for and against outputs that are drawn at random. */
#ifndef OFZ_API_RANDOM_JUDGE_H
#define OFZ_API_RANDOM_JUDGE_H

#include "data/arrays.h"
#include "model/model.h"

/* Mark (in ofz_value.scratch: 1, else 0) every value of the main graph that a row which draws has a
 * part in. Returns whether an output is among them. */
bool ofz_random_trace(const ofz_model *model);

/* Run the model again and again, each time with another seed, and judge its marked outputs by property
 * against `want` [outputs], recorded draws (OFZ_UNDEFINED: none):
 *   - type and shape are those of the record;
 *   - where the record holds only 0 and 1, so does every draw;
 *   - the mean of all draws lies where it must: see random_judge.c.
 * Errors: OFZ_E_DIFFERENT; those of a run. */
ofz_status ofz_random_judge(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *inputs,
                            const ofz_tensor *want) OFZ_MUST_USE;

#endif
