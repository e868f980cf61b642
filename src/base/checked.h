/* checked.h - arithmetic on numbers that came from a file. */
#ifndef OFZ_BASE_CHECKED_H
#define OFZ_BASE_CHECKED_H

#include "base/error.h"

/* *out = a * b or a + b; false, and *out untouched, when the result does not fit. */
static inline bool ofz_mul(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;

    if (__builtin_mul_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

static inline bool ofz_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;

    if (__builtin_add_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

static inline bool ofz_mul_size(size_t a, size_t b, size_t *out)
{
    size_t r;

    if (__builtin_mul_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

static inline bool ofz_add_size(size_t a, size_t b, size_t *out)
{
    size_t r;

    if (__builtin_add_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

#endif
