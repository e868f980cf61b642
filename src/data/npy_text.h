/* npy_text.h - numpy's fixed-width texts, to strings and back. */
#ifndef OFZ_DATA_NPY_TEXT_H
#define OFZ_DATA_NPY_TEXT_H

#include "tensor/tensor.h"

/* The body of an array of dtype U or S. */
typedef struct ofz_npy_text {
    const unsigned char *data;
    int64_t              count;
    int                  width;   /* bytes of one text, padded with zeros */
    bool                 wide;    /* U: UTF-32; else S: bytes */
    bool                 swapped; /* UTF-32 in big endian */
} ofz_npy_text;

/* Strings in file order, U as UTF-8, without the padding; `plan` gives the shape.
 * Errors: OFZ_E_PARSE (not a Unicode scalar value), OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_npy_text_read(ofz_ctx *ctx, const ofz_npy_text *text, const ofz_tensor *plan,
                             ofz_tensor *out) OFZ_MUST_USE;

/* The body for dtype <U*width, as a uint32 tensor [count * width]; width is at least 1.
 * Errors: OFZ_E_UNSUPPORTED (not UTF-8, or a NUL at the end, which padding would swallow),
 * OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_npy_text_write(ofz_ctx *ctx, const ofz_tensor *t, int64_t *width,
                              ofz_tensor *out) OFZ_MUST_USE;

#endif
