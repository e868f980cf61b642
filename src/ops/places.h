/* places.h - where the index inputs of gathering and scattering rows point. */
#ifndef OFZ_OPS_PLACES_H
#define OFZ_OPS_PLACES_H

#include "ops/move.h"

/* Runs of `inner` elements of a tensor, by their first position. `at` is owned. */
typedef struct ofz_places {
    int64_t  n, inner;
    int64_t *at;
} ofz_places;

void ofz_places_free(ofz_places *p);

/* All take the indexed tensor and the index tensor, wrap negative indices and check both bounds.
 * Errors: OFZ_E_DATA names the first index outside, OFZ_E_MODEL for shapes that disagree,
 * OFZ_E_NOMEM. */

/* Gather: for each position before `axis` and each index, everything behind `axis`. */
ofz_status ofz_places_axis(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index, int axis,
                           ofz_places *p) OFZ_MUST_USE;
/* GatherElements: element i of the index tensor stands for data's element at i's own coordinates,
 * with the one along `axis` replaced. */
ofz_status ofz_places_elements(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index,
                               int axis, ofz_places *p) OFZ_MUST_USE;
/* GatherND: the last axis of the index tensor holds coordinates behind `batch` common axes. */
ofz_status ofz_places_nd(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index, int batch,
                         ofz_places *p) OFZ_MUST_USE;

/* Shape checks of GatherElements and ScatterElements: equal ranks; no axis of the index tensor but
 * `axis` longer than the data's. */
ofz_status ofz_want_elements(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index,
                             int axis) OFZ_MUST_USE;
/* Of GatherND and ScatterND: *depth is the length of the coordinates, -1 while it is unknown. */
ofz_status ofz_want_nd(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index, int64_t batch,
                       int *depth) OFZ_MUST_USE;

#endif
