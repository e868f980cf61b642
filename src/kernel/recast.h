/* recast.h - from one element type to another. */
#ifndef OFZ_KERNEL_RECAST_H
#define OFZ_KERNEL_RECAST_H

#include "base/half.h"
#include "tensor/tensor.h"

typedef struct ofz_recasting {
    bool           saturate; /* overflow of an 8-bit float gives its largest number */
    ofz_e8m0_round round;    /* of OFZ_F8E8M0 */
} ofz_recasting;

/* y[i] = x[i] for tensors of one shape, neither of them of strings or complex numbers. Floats round
 * once, to nearest even; floats to integers truncate, what is out of range is some number; integers
 * keep their low bits; bool is "not zero". */
void ofz_recast(int threads, const ofz_recasting *how, const ofz_tensor *x, const ofz_tensor *y);

/* The number that `s` spells, blanks around it allowed: decimal or scientific notation, and INF,
 * INFINITY and NAN in any case with an optional sign, whatever the locale. Integers without point or
 * exponent are exact: *whole is true and *i holds them (uint64 as its bits). false: not a number. */
bool ofz_text_number(ofz_string s, double *x, int64_t *i, bool *whole);

/* The shortest text that reads back as the same number, written as numpy does ("1.0", "1e-05", "nan",
 * "inf"). At most 32 characters with the final NUL; returns the length. */
int ofz_number_text(ofz_dtype dtype, const void *data, int64_t index, char text[32]);

#endif
