/* sha1.c - see sha1.h. Names follow the standard. */
#include "base/sha1.h"

#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void sha1_block(ofz_sha1 *s, const uint8_t *p)
{
    uint32_t w[80];
    uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];

    for (int t = 0; t < 16; t++, p += 4)
        w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    for (int t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t f, k, next;

        if (t < 20)
            f = (b & c) ^ (~b & d), k = 0x5a827999;
        else if (t < 40)
            f = b ^ c ^ d, k = 0x6ed9eba1;
        else if (t < 60)
            f = (b & c) ^ (b & d) ^ (c & d), k = 0x8f1bbcdc;
        else
            f = b ^ c ^ d, k = 0xca62c1d6;
        next = rotate(a, 5) + f + e + k + w[t];
        e    = d;
        d    = c;
        c    = rotate(b, 30);
        b    = a;
        a    = next;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
}

void ofz_sha1_init(ofz_sha1 *s)
{
    *s = (ofz_sha1){ .h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

void ofz_sha1_put(ofz_sha1 *s, const void *data, size_t size)
{
    const uint8_t *p = data;

    while (size) {
        const size_t used = s->size % 64;
        const size_t part = size < 64 - used ? size : 64 - used;

        if (part == 64) {
            sha1_block(s, p);
        } else {
            memcpy(s->block + used, p, part);
            if (used + part == 64) sha1_block(s, s->block);
        }
        s->size += part;
        p += part;
        size -= part;
    }
}

void ofz_sha1_text(ofz_sha1 *s, char out[41])
{
    const uint64_t bits = s->size * 8;
    const size_t   used = s->size % 64, pad = used < 56 ? 56 - used : 120 - used;
    uint8_t        tail[72] = { 0x80 };

    for (int i = 0; i < 8; i++) tail[pad + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
    ofz_sha1_put(s, tail, pad + 8);
    for (size_t i = 0; i < 5; i++) snprintf(out + 8 * i, 9, "%08x", (unsigned)s->h[i]);
}
