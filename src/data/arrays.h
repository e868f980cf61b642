/* arrays.h - named tensors: what files of data hold, what a run is fed and gives back. */
#ifndef OFZ_DATA_ARRAYS_H
#define OFZ_DATA_ARRAYS_H

#include "base/arena.h"
#include "base/file.h"
#include "base/list.h"
#include "base/map.h"
#include "tensor/tensor.h"

typedef struct ofz_named {
    const char *name;
    ofz_tensor  t; /* owned; concrete */
} ofz_named;

/* Names are unique and unequal to "". A tensor stays where it is until the arrays are freed. */
struct ofz_arrays {
    ofz_arena arena; /* the ofz_named and their names */
    ofz_list  item;  /* ofz_named, in the order they were added */
    ofz_map   by_name;
    ofz_list  file; /* ofz_file in the arena: mapped files that tensors lie in */
};

/* Add `t` under a copy of `name`. Takes over one reference of *t on OFZ_OK, and none otherwise.
 * Errors: OFZ_E_ARG (no name, or taken), OFZ_E_NOMEM. */
ofz_status ofz_arrays_put(ofz_ctx *ctx, ofz_arrays *arrays, const char *name,
                          const ofz_tensor *t) OFZ_MUST_USE;
/* Forget the arrays from number `count` on. */
void ofz_arrays_cut(ofz_arrays *arrays, size_t count);
/* Array `index` < ofz_arrays_count. */
const ofz_named *ofz_arrays_at(const ofz_arrays *arrays, size_t index);
/* NULL when there is none of that name. */
const ofz_tensor *ofz_arrays_tensor(const ofz_arrays *arrays, const char *name);
/* "images, y" into buf, cut with "..." when there is no room; "none" when empty; returns buf. */
const char *ofz_arrays_text(char *buf, size_t size, const ofz_arrays *arrays);

#endif
