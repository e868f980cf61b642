/* npy.h - numpy's array files. Formats 1.0, 2.0 and 3.0 are read, 1.0 is written.
 * Source: numpy's NEP 1, "A simple file format for NumPy arrays". */
#ifndef OFZ_DATA_NPY_H
#define OFZ_DATA_NPY_H

#include "tensor/tensor.h"

/* True when the bytes begin as an .npy file does. */
bool ofz_npy_is(const void *data, size_t size);

/* Read the .npy that these bytes are, exactly: nothing may follow.
 *
 *   owner  of data, or NULL when it outlives *out
 *   out    shares the bytes with `owner` (borrows them without one) when they can be used as they
 * lie (little endian, C order, aligned), and owns a copy when not. dtypes f2 f4 f8, i1 to i8, u1 to
 * u8, bool (any byte but 0 is true), c8, c16; U (as UTF-8) and S as strings Errors: OFZ_E_PARSE,
 * OFZ_E_UNSUPPORTED (Python objects, records, dates), OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_npy_read(ofz_ctx *ctx, const void *data, size_t size, ofz_buffer *owner,
                        ofz_tensor *out) OFZ_MUST_USE;

/* The bytes of an .npy file. What numpy has no type for becomes the nearest type that holds every
 * value: bfloat16, the 8-bit floats and float4e2m1 become float32, 4- and 2-bit integers int8 or
 * uint8. Strings become U.
 *
 *   head   to be freed with free; head_size bytes, a multiple of 64
 *   body   *body shares t, or is a converted copy; its bytes follow the head
 * Errors: OFZ_E_UNSUPPORTED (a string that is not UTF-8 or ends in NUL), OFZ_E_NOMEM,
 * OFZ_E_LIMIT. */
ofz_status ofz_npy_write(ofz_ctx *ctx, const ofz_tensor *t, char **head, size_t *head_size,
                         ofz_tensor *body) OFZ_MUST_USE;

#endif
