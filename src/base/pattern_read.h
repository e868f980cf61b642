/* pattern_read.h - from RE2's language to PCRE2's. */
#ifndef OFZ_BASE_PATTERN_READ_H
#define OFZ_BASE_PATTERN_READ_H

#include "base/error.h"

/* *out: the same expression for PCRE2, to be released with free. Errors: OFZ_E_MODEL names the byte and
 * what RE2 does not take; OFZ_E_LIMIT; OFZ_E_NOMEM. Whether brackets pair up is left to PCRE2.
 * Source: RE2, https://github.com/google/re2/wiki/Syntax. */
ofz_status ofz_pattern_read(ofz_ctx *ctx, ofz_string text, char **out, size_t *size) OFZ_MUST_USE;

#endif
