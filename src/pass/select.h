/* select.h - which tensors a selector means.
 *
 *   NAME            the tensor of exactly this name; always tried first, whatever the text looks
 * like glob            *, ? and [...] over the whole name; * crosses '.' and '/' re:REGEX POSIX
 * extended regular expression, found anywhere in the name; ^ and $ anchor role:ROLE       weight,
 * bias, "norm scale" (also norm-scale, norm_scale, norm-scales), ... op:TYPE         read by a node
 * of this type, directly or through one that moves elements node:GLOB       read by a node whose
 * name, or the name of one of its outputs, matches last:N          the last N layers. A layer is a
 * node with a weight of its own, and what follows it up to the next one: biases, norms
 *   before:TENSOR   read only by nodes that TENSOR depends on
 *   after:TENSOR    read only by nodes that depend on TENSOR
 * before: and after: take any value. For a tensor of the model the nodes that read it stand for it:
 * they are excluded from before: and included in after:. */
#ifndef OFZ_PASS_SELECT_H
#define OFZ_PASS_SELECT_H

#include "pass/roles.h"

/* What one selector means in one model. */
typedef struct ofz_selection {
    bool *hit;   /* [m->tensor.count] */
    bool  exact; /* the text is a tensor's own name */
} ofz_selection;

/* Set hit[i] for tensor i of m->tensor, clear it for the others.
 *
 *   hit   m->tensor.count entries, the caller's
 * Errors: OFZ_E_ARG for a malformed selector or one that matches nothing, with the nearest names as
 * fix; OFZ_E_NOMEM. */
ofz_status ofz_select(ofz_ctx *ctx, const ofz_model *m, const char *text,
                      ofz_selection *out) OFZ_MUST_USE;

/* Does the whole of `name` match a glob? A '[' without its ']' stands for itself. */
bool ofz_glob(const char *pattern, const char *name);

#endif
