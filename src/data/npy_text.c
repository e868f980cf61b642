/* npy_text.c - see npy_text.h. Two walks each: the first measures, the second writes. */
#include "data/npy_text.h"

#include <string.h>

#include "base/checked.h"
#include "base/utf8.h"

static uint32_t unit_get(const ofz_npy_text *text, const unsigned char *p)
{
    return text->swapped ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                         : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* One text into dst (NULL: only measured); its bytes, or SIZE_MAX when it is not Unicode. */
static size_t text_decode(const ofz_npy_text *text, const unsigned char *p, char *dst)
{
    const int step = text->wide ? 4 : 1;
    int       end  = text->width;
    size_t    n    = 0;

    while (end > 0 && (text->wide ? unit_get(text, p + end - 4) : p[end - 1]) == 0) end -= step;
    if (!text->wide) {
        if (dst && end) memcpy(dst, p, (size_t)end);
        return (size_t)end;
    }
    for (int k = 0; k < end; k += 4) {
        const uint32_t c = unit_get(text, p + k);

        if (!ofz_utf8_scalar(c)) return SIZE_MAX;
        n += ofz_utf8_put(c, dst ? dst + n : NULL);
    }
    return n;
}

ofz_status ofz_npy_text_read(ofz_ctx *ctx, const ofz_npy_text *text, const ofz_tensor *plan,
                             ofz_tensor *out)
{
    size_t      total = plan->size;
    ofz_tensor  t;
    ofz_string *s;
    char       *end;

    for (int64_t i = 0; i < text->count; i++) {
        const size_t n = text_decode(text, text->data + i * text->width, NULL);

        if (n == SIZE_MAX) return ofz_fail(ctx, OFZ_E_PARSE, "text %" PRId64 ": not Unicode", i);
        if (!ofz_add_size(total, n, &total))
            return ofz_fail(ctx, OFZ_E_LIMIT, "texts: too many bytes");
    }
    OFZ_TRY(ofz_tensor_set(ctx, &t, OFZ_STRING, plan->rank, plan->dim));
    OFZ_TRY(ofz_buffer_new(ctx, total, &t.buffer));
    t.data = s = ofz_buffer_data(t.buffer);
    end        = (char *)t.data + t.size;
    for (int64_t i = 0; i < text->count; i++) {
        s[i].text = end;
        s[i].size = text_decode(text, text->data + i * text->width, end);
        end += s[i].size;
    }
    *out = t;
    return OFZ_OK;
}

ofz_status ofz_npy_text_write(ofz_ctx *ctx, const ofz_tensor *t, int64_t *width, ofz_tensor *out)
{
    const ofz_string *s      = t->data;
    int64_t           widest = 1, total;
    ofz_tensor        b;
    uint32_t         *dst, c;

    for (int64_t i = 0; i < t->count; i++) {
        int64_t n = 0;

        if (s[i].size && s[i].text[s[i].size - 1] == '\0')
            return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                            "text %" PRId64 ": ends in NUL, which .npy does not keep", i);
        for (size_t at = 0; at < s[i].size; n++)
            if (!ofz_utf8_next(s[i].text, s[i].size, &at, &c))
                return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                                "text %" PRId64 ": byte %zu is not UTF-8, want text for .npy", i,
                                at);
        if (n > widest) widest = n;
    }
    if (!ofz_mul(widest, t->count, &total))
        return ofz_fail(ctx, OFZ_E_LIMIT, "texts: too many bytes");
    OFZ_TRY(ofz_tensor_new(ctx, &b, OFZ_U32, 1, &total));
    dst = b.data;
    if (b.size) memset(dst, 0, b.size);
    for (int64_t i = 0; i < t->count; i++)
        for (size_t at = 0, n = 0; at < s[i].size; n++)
            if (ofz_utf8_next(s[i].text, s[i].size, &at, &c)) dst[(size_t)(i * widest) + n] = c;
    *width = widest;
    *out   = b;
    return OFZ_OK;
}
