/* half.c - see half.h. */
#include "base/half.h"

#include <math.h>

const ofz_minifloat ofz_f16        = { 5, 10, 15, true, false, true };
const ofz_minifloat ofz_bf16       = { 8, 7, 127, true, false, true };
const ofz_minifloat ofz_f8e4m3fn   = { 4, 3, 7, false, false, true };
const ofz_minifloat ofz_f8e4m3fnuz = { 4, 3, 8, false, true, true };
const ofz_minifloat ofz_f8e5m2     = { 5, 2, 15, true, false, true };
const ofz_minifloat ofz_f8e5m2fnuz = { 5, 2, 16, false, true, true };
const ofz_minifloat ofz_f4e2m1     = { 2, 1, 1, false, false, false };

static unsigned nan_bits(const ofz_minifloat *f, unsigned sign)
{
    if (f->fnuz) return 1u << (f->exp + f->man);
    if (f->has_inf) return sign | ((1u << f->exp) - 1) << f->man | 1u << (f->man - 1);
    return sign | ((1u << (f->exp + f->man)) - 1);
}

static unsigned largest_bits(const ofz_minifloat *f)
{
    unsigned all = (1u << (f->exp + f->man)) - 1;

    if (f->has_inf) return (((1u << f->exp) - 1) << f->man) - 1;
    return f->fnuz || !f->has_nan ? all : all - 1;
}

float ofz_minifloat_decode(const ofz_minifloat *f, unsigned bits)
{
    const unsigned sign = bits >> (f->exp + f->man) & 1;
    const unsigned e    = bits >> f->man & ((1u << f->exp) - 1);
    const unsigned m    = bits & ((1u << f->man) - 1);
    float          x;

    if (f->fnuz && bits == 1u << (f->exp + f->man)) return NAN;
    if (f->has_inf && e == (1u << f->exp) - 1)
        x = m ? NAN : INFINITY;
    else if (!f->has_inf && !f->fnuz && f->has_nan &&
             (bits & ((1u << (f->exp + f->man)) - 1)) == (1u << (f->exp + f->man)) - 1)
        x = NAN;
    else if (e == 0)
        x = ldexpf((float)m, 1 - f->bias - f->man);
    else
        x = ldexpf((float)(m | 1u << f->man), (int)e - f->bias - f->man);
    return sign ? -x : x;
}

unsigned ofz_minifloat_encode(const ofz_minifloat *f, double x, bool saturate)
{
    const unsigned sign = signbit(x) ? 1u << (f->exp + f->man) : 0;
    const unsigned top  = largest_bits(f);
    double         a    = fabs(x), q;
    int            e;
    unsigned       mag;

    if (isnan(x)) return f->has_nan ? nan_bits(f, sign) : 1u << (f->exp + f->man);
    if (isinf(a)) {
        if (saturate || !f->has_nan) return sign | top;
        return f->has_inf ? sign | ((1u << f->exp) - 1) << f->man : nan_bits(f, sign);
    }
    if (a == 0) return f->fnuz ? 0 : sign;
    frexp(a, &e);
    e -= 1; /* a = 1.xxx * 2^e */
    if (e < 1 - f->bias) e = 1 - f->bias;
    /* The mantissa with its hidden bit, rounded; a carry moves into the exponent by itself. */
    q = rint(ldexp(a, f->man - e));
    if (q >= ldexp(1, f->man + 2)) q = ldexp(1, f->man + 2);
    mag = (unsigned)q + ((unsigned)(e + f->bias - 1) << f->man);
    if (e + f->bias - 1 > 1 << f->exp || mag > top) {
        if (saturate || !f->has_nan) return sign | top;
        return f->has_inf ? sign | ((1u << f->exp) - 1) << f->man : nan_bits(f, sign);
    }
    return f->fnuz && mag == 0 ? 0 : sign | mag;
}

/* The two that models are made of, without the library's frexp and ldexp. */
float ofz_f16_decode(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, rest = bits & 0x7fffu;
    uint32_t       u;
    float          x;

    if (rest < 0x400u) { /* subnormal: a multiple of 2^-24 */
        x = (float)rest * 0x1p-24f;
        return sign ? -x : x;
    }
    u = sign | (rest >= 0x7c00u ? 0x7f800000u | (rest & 0x3ffu) << 13 : (rest << 13) + 0x38000000u);
    memcpy(&x, &u, sizeof x);
    return x;
}

uint16_t ofz_f16_encode(float x)
{
    uint32_t u, sign;
    float    shifted;

    memcpy(&u, &x, sizeof u);
    sign = u >> 16 & 0x8000u;
    u &= 0x7fffffffu;
    if (u > 0x7f800000u) return (uint16_t)ofz_minifloat_encode(&ofz_f16, (double)x, false);
    if (u >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and above */
    if (u < 0x38800000u) { /* below 2^-14: adding 1/2 rounds at 2^-24 */
        shifted = fabsf(x) + 0.5f;
        memcpy(&u, &shifted, sizeof u);
        return (uint16_t)(sign | (u - 0x3f000000u));
    }
    u += 0xfffu + (u >> 13 & 1);
    return (uint16_t)(sign | (u - 0x38000000u) >> 13);
}

float ofz_e8m0_decode(uint8_t bits)
{
    return bits == 255 ? NAN : ldexpf(1.0f, (int)bits - 127);
}

uint8_t ofz_e8m0_encode(float x, ofz_e8m0_round round, bool saturate)
{
    int   e;
    float m, a = fabsf(x);

    if (isnan(x)) return 255;
    if (isinf(a)) return saturate ? 254 : 255;
    if (a == 0) return 0;
    m = 2 * frexpf(a, &e); /* a = m * 2^(e - 1), 1 <= m < 2 */
    e -= 1;
    if ((round == OFZ_E8M0_UP && m > 1) || (round == OFZ_E8M0_NEAREST && m >= 1.5f)) e++;
    if (e < -127) return 0;
    if (e > 127) return saturate ? 254 : 255;
    return (uint8_t)(e + 127);
}
