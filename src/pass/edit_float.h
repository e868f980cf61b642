/* edit_float.h - another floating point type for a whole model. */
#ifndef OFZ_PASS_EDIT_FLOAT_H
#define OFZ_PASS_EDIT_FLOAT_H

#include "model/model.h"

typedef struct ofz_float_options {
    ofz_dtype to; /* OFZ_F16 or OFZ_BF16, from float32; OFZ_F32, from those two */
    const char *const
          *keep; /* nodes that keep their types: by name, by an output's, or "op:TYPE" */
    size_t keep_count;
    bool   keep_io; /* the model's inputs and outputs keep theirs */
} ofz_float_options;

/* Give every value of the one type the other, where the operator's version allows it; where a node stays as
 * it is - it is kept, its version does not take the type, it has subgraphs or stands in one, or nothing is
 * known of it - Casts stand around it. Constants are rounded to nearest even; what is too large for float16
 * becomes its largest number, which is counted and said as a warning. float64 stays. Types are settled anew.
 * Errors: OFZ_E_ARG (keep names nothing), OFZ_E_MODEL, OFZ_E_NOMEM. */
ofz_status ofz_edit_float(ofz_ctx *ctx, ofz_model *m, const ofz_float_options *how) OFZ_MUST_USE;

#endif
