/* convert.h - elements of one type as elements of another, on the way from arrays to inputs. */
#ifndef OFZ_DATA_CONVERT_H
#define OFZ_DATA_CONVERT_H

#include "tensor/tensor.h"

/* Can every element of `t` become a `dtype`? Any number becomes a float, rounded to nearest; an
 * integer, a bool, or a float that is a whole number becomes an integer type that holds it; 0 and 1
 * become a bool; everything becomes its own type. `name` is for the message.
 * Errors: OFZ_E_DATA naming the first element that does not. */
ofz_status ofz_convert_check(ofz_ctx *ctx, const char *name, const ofz_tensor *t,
                             ofz_dtype dtype) OFZ_MUST_USE;

/* Convert elements [from, from + count) of `t`, which passed the check, into dst[at...] of `dtype`. */
void ofz_convert(const ofz_tensor *t, int64_t from, int64_t count, ofz_dtype dtype, void *dst,
                 int64_t at);

#endif
