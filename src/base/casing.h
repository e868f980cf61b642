/* casing.h - capital and small letters, by Unicode's simple mapping: one code point for one, the same in
 * every locale. utf8proc knows the letters. */
#ifndef OFZ_BASE_CASING_H
#define OFZ_BASE_CASING_H

#include "base/arena.h"
#include "base/error.h"

typedef enum ofz_casing { OFZ_CASING_NONE, OFZ_CASING_LOWER, OFZ_CASING_UPPER } ofz_casing;

/* `text` with its letters in that case, in `arena`; as it is for OFZ_CASING_NONE.
 * Errors: OFZ_E_DATA (not UTF-8), OFZ_E_NOMEM, OFZ_E_UNSUPPORTED in a build without utf8proc. */
ofz_status ofz_casing_apply(ofz_ctx *ctx, ofz_casing casing, ofz_string text, ofz_arena *arena,
                            ofz_string *out) OFZ_MUST_USE;

#endif
