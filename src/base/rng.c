/* rng.c - see rng.h. */
#include "base/rng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

void ofz_rng_seed(ofz_rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) r->s[i] = splitmix64(&seed);
}

uint64_t ofz_rng_next(ofz_rng *r)
{
    uint64_t      *s      = r->s;
    const uint64_t result = rotl(s[1] * 5, 7) * 9;
    const uint64_t t      = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double ofz_rng_double(ofz_rng *r)
{
    return (double)(ofz_rng_next(r) >> 11) * 0x1p-53;
}

uint64_t ofz_rng_below(ofz_rng *r, uint64_t n)
{
    const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    uint64_t       x;

    do x = ofz_rng_next(r);
    while (x >= limit);
    return x % n;
}

double ofz_rng_normal(ofz_rng *r)
{
    const double u = 1 - ofz_rng_double(r); /* in (0, 1] */
    const double v = ofz_rng_double(r);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

void ofz_rng_shuffle(ofz_rng *r, int64_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t  j = (size_t)ofz_rng_below(r, i);
        const int64_t t = order[i - 1];

        order[i - 1] = order[j];
        order[j]     = t;
    }
}

void ofz_mt19937_seed(ofz_mt19937 *m, uint32_t seed)
{
    m->s[0] = seed;
    for (uint32_t i = 1; i < 624; i++)
        m->s[i] = 1812433253u * (m->s[i - 1] ^ m->s[i - 1] >> 30) + i;
    m->at = 624;
}

uint32_t ofz_mt19937_next(ofz_mt19937 *m)
{
    uint32_t y;

    if (m->at == 624) {
        for (int i = 0; i < 624; i++) {
            const uint32_t mixed = (m->s[i] & 0x80000000u) | (m->s[(i + 1) % 624] & 0x7fffffffu);

            m->s[i] = m->s[(i + 397) % 624] ^ mixed >> 1 ^ (mixed & 1 ? 0x9908b0dfu : 0);
        }
        m->at = 0;
    }
    y = m->s[m->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double ofz_mt19937_double(ofz_mt19937 *m)
{
    const uint32_t a = ofz_mt19937_next(m) >> 5, b = ofz_mt19937_next(m) >> 6;

    return (a * 67108864.0 + b) / 9007199254740992.0;
}
