/* spread.h - a value as named arrays: what the public interface, which knows only arrays, shows of a
 * sequence, an optional or a map. */
#ifndef OFZ_API_SPREAD_H
#define OFZ_API_SPREAD_H

#include "data/arrays.h"

/* Add `t` to `arrays`:
 *   tensor     NAME
 *   optional   as what it holds; nothing when it is empty
 *   map        NAME.keys and NAME.values
 *   sequence   NAME.0, NAME.1, ... for its elements; one of maps that all have the same keys and values
 *              of one type is NAME.keys and NAME.values, with one row of values per map
 * and what is inside of these likewise. Errors: OFZ_E_ARG (a name is taken), OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_spread(ofz_ctx *ctx, ofz_arrays *arrays, const char *name,
                      const ofz_tensor *t) OFZ_MUST_USE;

#endif
