/* edit_compose.h - two models in a row. */
#ifndef OFZ_PASS_EDIT_COMPOSE_H
#define OFZ_PASS_EDIT_COMPOSE_H

#include "model/model.h"

typedef struct ofz_composition {
    bool        before; /* `other` runs first and feeds the model; else the model feeds it */
    const char *prefix; /* before every name that comes from `other`; "": none */
    const char *map;    /* "OUT=IN[,OUT=IN..]": which outputs of the first feed which inputs of the
                           second. NULL: outputs and inputs of one name, and without any the k-th
                           the k-th */
} ofz_composition;

/* Put `other` before or behind the model: one graph, in which connected outputs and inputs are inner
 * values. Inputs are those of the first and the second's that nothing feeds (an input of one name, type
 * and shape in both is one); outputs are those of the second and the first's that feed nothing. Names
 * of `other` that are taken get a number. Metadata is the model's. Opsets of ai.onnx that differ: the
 * older model is converted up; other domains must agree. Types are settled anew.
 * `other` must outlive the model, and may have been converted.
 * Errors: OFZ_E_ARG (map names nothing, counts differ), OFZ_E_MODEL (types or shapes of what is connected
 * disagree), OFZ_E_UNSUPPORTED (functions, opsets), OFZ_E_NOMEM. */
ofz_status ofz_edit_compose(ofz_ctx *ctx, ofz_model *m, ofz_model *other,
                            const ofz_composition *how) OFZ_MUST_USE;

#endif
