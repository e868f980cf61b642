/* pattern.h - regular expressions that match a whole text, in RE2's language.
 *
 * PCRE2 does the matching, by its algorithm without backtracking: time grows with the text, never
 * exponentially. What RE2 does not know (backreferences, lookaround, possessive and atomic groups,
 * recursion, verbs) is refused, and what the two read differently is rewritten. */
#ifndef OFZ_BASE_PATTERN_H
#define OFZ_BASE_PATTERN_H

#include "base/error.h"

typedef struct ofz_pattern ofz_pattern;

/* Compile. Errors: OFZ_E_MODEL (names the byte), OFZ_E_LIMIT, OFZ_E_NOMEM, OFZ_E_UNSUPPORTED in a build
 * without PCRE2. */
ofz_status ofz_pattern_new(ofz_ctx *ctx, ofz_string text, ofz_pattern **out) OFZ_MUST_USE;
void       ofz_pattern_free(ofz_pattern *p); /* NULL is fine */

/* Does the whole of `text` match? Errors: OFZ_E_DATA (not UTF-8), OFZ_E_LIMIT (too many states to keep),
 * OFZ_E_NOMEM. */
ofz_status ofz_pattern_match(ofz_ctx *ctx, ofz_pattern *p, ofz_string text, bool *out) OFZ_MUST_USE;

#endif
