/* picture_pnm.c - portable bitmaps, greymaps and pixmaps, as text or as bytes.
 * Source: the Netpbm manual pages pbm(5), pgm(5), ppm(5). */
#include <stdlib.h>

#include "kernel/picture_codec.h"

typedef struct pnm {
    const uint8_t *p, *end;
    int            kind; /* 1 to 6 */
    int64_t        most; /* the largest sample */
} pnm;

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void spaces_skip(pnm *s)
{
    for (; s->p < s->end && (is_space(*s->p) || *s->p == '#'); s->p++)
        if (*s->p == '#')
            while (s->p + 1 < s->end && s->p[1] != '\n' && s->p[1] != '\r') s->p++;
}

/* A decimal number up to 2^31; -1 when there is none. */
static int64_t number_read(pnm *s)
{
    int64_t x = -1;

    spaces_skip(s);
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        x = (x < 0 ? 0 : x) * 10 + (*s->p - '0');
        if (x > INT32_MAX) return -1;
    }
    return x;
}

/* One sample of text; a bitmap's digits need no space between them. */
static int64_t digit_read(pnm *s)
{
    if (s->kind != 1) return number_read(s);
    spaces_skip(s);
    return s->p < s->end && (*s->p == '0' || *s->p == '1') ? *s->p++ - '0' : -1;
}

/* One sample of bytes, in a row's `x`-th pixel. */
static int64_t byte_read(pnm *s, int64_t x, int64_t width)
{
    int64_t v = -1;

    if (s->p >= s->end) return -1;
    if (s->kind == 4) {
        v = *s->p >> (7 - x % 8) & 1;
        if (x % 8 == 7 || x == width - 1) s->p++;
    } else if (s->most < 256) {
        v = *s->p++;
    } else if (s->end - s->p >= 2) {
        v = s->p[0] << 8 | s->p[1];
        s->p += 2;
    }
    return v;
}

static ofz_status pixels_read(ofz_ctx *ctx, pnm *s, ofz_picture *out)
{
    const int samples = s->kind % 3 ? 1 : 3;
    uint8_t  *to      = out->data;

    for (int64_t i = 0; i < out->width * out->height; i++, to += 3)
        for (int k = 0; k < samples; k++) {
            const int64_t v =
                s->kind < 4 ? digit_read(s) : byte_read(s, i % out->width, out->width);

            if (v < 0 || v > s->most)
                return ofz_picture_damaged(ctx, "PNM", "ends early, or a sample is too large");
            to[k] = (uint8_t)((v * 255 + s->most / 2) / s->most);
            if (s->kind % 3 == 1) to[k] = (uint8_t)(255 - to[k]); /* 1 is black */
            if (samples == 1) to[1] = to[2] = to[0];
        }
    return OFZ_OK;
}

ofz_status ofz_picture_pnm(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    pnm     s = { in->data + 2, in->data + in->size, in->data[1] - '0', 1 };
    int64_t width, height;

    width  = number_read(&s);
    height = number_read(&s);
    if (s.kind % 3 != 1) s.most = number_read(&s);
    if (width < 0 || height < 0 || s.most < 1 || s.most > 65535)
        return ofz_picture_damaged(ctx, "PNM", "a header without width, height and largest sample");
    if (s.kind > 3) { /* one space, and the bytes begin */
        if (s.p >= s.end || !is_space(*s.p)) return ofz_picture_damaged(ctx, "PNM", "ends early");
        s.p++;
    }
    OFZ_TRY(ofz_picture_room(ctx, width, height, out));
    return pixels_read(ctx, &s, out);
}
