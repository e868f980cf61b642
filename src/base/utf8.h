/* utf8.h - Unicode as UTF-8, strictly: no overlong forms, no surrogates, nothing above 10FFFF. */
#ifndef OFZ_BASE_UTF8_H
#define OFZ_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at s[*at], *at < size, and the place behind it; false when there is none. */
bool ofz_utf8_next(const char *s, size_t size, size_t *at, uint32_t *out);
/* Bytes of `c` in UTF-8, at most 4; written when `dst` is not NULL. */
size_t ofz_utf8_put(uint32_t c, char *dst);
/* A code point that text may hold: no surrogate, none above 10FFFF. */
bool ofz_utf8_scalar(uint32_t c);
/* Bytes before the first that is no UTF-8; `size` when all are. */
size_t ofz_utf8_valid(const char *s, size_t size);
/* White space as Unicode has it, and the four separators of ASCII. */
bool ofz_utf8_space(uint32_t c);

#endif
