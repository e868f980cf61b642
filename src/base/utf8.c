/* utf8.c - see utf8.h. */
#include "base/utf8.h"

bool ofz_utf8_scalar(uint32_t c)
{
    return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

size_t ofz_utf8_put(uint32_t c, char *dst)
{
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    if (!dst) return n;
    if (n == 1) {
        dst[0] = (char)c;
        return 1;
    }
    for (size_t i = n - 1; i > 0; i--, c >>= 6) dst[i] = (char)(0x80 | (c & 0x3f));
    dst[0] = (char)((0xf00 >> n & 0xff) | c);
    return n;
}

bool ofz_utf8_next(const char *s, size_t size, size_t *at, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char  *p       = (const unsigned char *)s + *at;
    const size_t          n       = p[0] < 0x80             ? 1
                                    : (p[0] & 0xe0) == 0xc0 ? 2
                                    : (p[0] & 0xf0) == 0xe0 ? 3
                                    : (p[0] & 0xf8) == 0xf0 ? 4
                                                            : 0;
    uint32_t              c;

    if (!n || n > size - *at) return false;
    c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) return false;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[n] || !ofz_utf8_scalar(c)) return false;
    *at += n;
    *out = c;
    return true;
}

size_t ofz_utf8_valid(const char *s, size_t size)
{
    size_t   at = 0;
    uint32_t c;

    while (at < size && ofz_utf8_next(s, size, &at, &c)) continue;
    return at;
}

bool ofz_utf8_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}
