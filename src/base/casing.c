/* casing.c - see casing.h. */
#include "base/casing.h"

#ifdef OFZ_HAVE_UTF8PROC
#include <utf8proc.h>

#include "base/utf8.h"

static uint32_t letter(ofz_casing casing, uint32_t c)
{
    if (c == 0xdf)
        return c; /* sharp s: its capital maps back to it, but is not its simple mapping */
    return (uint32_t)(casing == OFZ_CASING_UPPER ? utf8proc_toupper((utf8proc_int32_t)c)
                                                 : utf8proc_tolower((utf8proc_int32_t)c));
}

ofz_status ofz_casing_apply(ofz_ctx *ctx, ofz_casing casing, ofz_string text, ofz_arena *arena,
                            ofz_string *out)
{
    size_t   size = 0;
    char    *to;
    uint32_t c;

    *out = text;
    if (casing == OFZ_CASING_NONE) return OFZ_OK;
    for (size_t at = 0; at < text.size; size += ofz_utf8_put(letter(casing, c), NULL))
        if (!ofz_utf8_next(text.text, text.size, &at, &c))
            return ofz_fail(ctx, OFZ_E_DATA, "text: byte %zu is not UTF-8", at);
    to = ofz_arena_alloc(arena, size + 1);
    if (!to) return ofz_fail_nomem(ctx, "text", size);
    *out = (ofz_string){ to, size };
    for (size_t at = 0; at < text.size && ofz_utf8_next(text.text, text.size, &at, &c);)
        to += ofz_utf8_put(letter(casing, c), to);
    return OFZ_OK;
}

#else

ofz_status ofz_casing_apply(ofz_ctx *ctx, ofz_casing casing, ofz_string text, ofz_arena *arena,
                            ofz_string *out)
{
    (void)arena;
    *out = text;
    if (casing == OFZ_CASING_NONE) return OFZ_OK;
    ofz_fail(ctx, OFZ_E_UNSUPPORTED, "capital and small letters: built without utf8proc");
    return ofz_fix(ctx, OFZ_E_UNSUPPORTED, "install libutf8proc-dev and build again");
}

#endif
