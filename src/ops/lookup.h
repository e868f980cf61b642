/* lookup.h - finding elements in lists: what the rows that map labels share. */
#ifndef OFZ_OPS_LOOKUP_H
#define OFZ_OPS_LOOKUP_H

#include "ops/op.h"

/* Attribute lists as tensors of rank 1 that borrow the list: int64, float32, string. */
ofz_tensor ofz_list_ints(ofz_ints list);
ofz_tensor ofz_list_floats(ofz_floats list);
ofz_tensor ofz_list_strings(ofz_strings list);

/* The places of a list's elements in ascending order. `list` is borrowed. */
typedef struct ofz_lookup {
    const ofz_tensor *list;
    int64_t          *at;
} ofz_lookup;

/* Errors: OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_lookup_init(ofz_ctx *ctx, ofz_lookup *l, const ofz_tensor *list) OFZ_MUST_USE;
void       ofz_lookup_free(ofz_lookup *l);
/* Where the list has element `i` of `x`, a tensor of its type: the last of equal places, -1 for nowhere.
 * NaN is found where the list has a NaN. */
int64_t ofz_lookup_find(const ofz_lookup *l, const ofz_tensor *x, int64_t i);

bool ofz_text_equal(ofz_string a, ofz_string b);
/* Which of `count` names `s` is. OFZ_E_MODEL "WHAT: 'S', want A, B or C". */
ofz_status ofz_text_choose(ofz_ctx *ctx, const char *what, ofz_string s, const char *const *name,
                           int count, int *out) OFZ_MUST_USE;

#endif
