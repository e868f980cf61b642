/* vecmath.h - single-precision functions without branches, tables or calls, so that a loop over one
 * of them is turned into vector instructions. Each is within 3 units in the last place of the exact
 * result for finite results above FLT_MIN; erfc within 12 + x^2, the normal functions likewise (tests/unit/test_vecmath.c). NaN in is NaN out.
 * The polynomials are weighted minimax fits over the intervals named beside them. */
#ifndef OFZ_KERNEL_VECMATH_H
#define OFZ_KERNEL_VECMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float ofz_bits_float(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t ofz_float_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* e^x = 2^n e^r, |r| <= ln(2) / 2; 2^n in two factors, so that results below FLT_MIN come out. */
static inline float ofz_exp32(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it leaves an integer in the low bits */
    const float low = x < -104.0f ? -104.0f : x, c = low > 89.0f ? 89.0f : low;
    const float shifted = c * 1.44269504f + magic, n = shifted - magic;
    const float r       = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    const uint32_t k    = ofz_float_bits(shifted) - 0x4b400000u; /* n, two's complement */
    const uint32_t half = (k >> 1) | (k & 0x80000000u);
    float          p;

    p = 0.00138145577f;
    p = p * r + 0.00836873577f;
    p = p * r + 0.0416683899f;
    p = p * r + 0.166665205f;
    p = p * r + 0.499999934f;
    p = (p * r) * r + r + 1.0f;
    return p * ofz_bits_float((half + 127) << 23) * ofz_bits_float((k - half + 127) << 23);
}

static inline float ofz_sigmoid32(float x)
{
    const float e = ofz_exp32(-fabsf(x)), s = 1.0f / (1.0f + e);

    return x < 0.0f ? e * s : s;
}

/* x + x^3 P(x^2) below 0.625, else 1 - 2 / (e^2x + 1). */
static inline float ofz_tanh32(float x)
{
    const float a = fabsf(x), s = x * x;
    const float large = 1.0f - 2.0f / (ofz_exp32(2.0f * a) + 1.0f);
    float       p;

    p = -0.00571477263f;
    p = p * s + 0.0206486461f;
    p = p * s + -0.053742934f;
    p = p * s + 0.133314849f;
    p = p * s + -0.333332837f;
    return a < 0.625f ? x + x * (s * p) : copysignf(large, x);
}

/* erf(x) for |x| <= 1, as x P(x^2). */
static inline float ofz_erf_small32(float x)
{
    const float s = x * x;
    float       p;

    p = 7.8538577e-05f;
    p = p * s + -0.000801019252f;
    p = p * s + 0.00518832756f;
    p = p * s + -0.0268538119f;
    p = p * s + 0.112835851f;
    p = p * s + -0.376126258f;
    p = p * s + 1.12837917f;
    return x * p;
}

/* erfc(x) for x >= 1, as e^-x^2 P(1 / (x + 2)). */
static inline float ofz_erfc_large32(float x)
{
    const float c = x > 10.5f ? 10.5f : x, t = 1.0f / (c + 2.0f);
    float       p;

    p = 20.7081256f;
    p = p * t + -23.6851706f;
    p = p * t + 1.60383195f;
    p = p * t + 3.37097619f;
    p = p * t + 2.52865898f;
    p = p * t + 2.0237394f;
    p = p * t + 1.12396305f;
    p = p * t + 0.564398815f;
    p = p * t + -4.10342535e-06f;
    return ofz_exp32(-c * c) * p;
}

static inline float ofz_erf32(float x)
{
    const float a = fabsf(x);

    return a < 1.0f ? ofz_erf_small32(x) : copysignf(1.0f - ofz_erfc_large32(a), x);
}

static inline float ofz_erfc32(float x)
{
    const float a = fabsf(x), e = ofz_erfc_large32(a);

    return a < 1.0f ? 1.0f - ofz_erf_small32(x) : x < 0.0f ? 2.0f - e : e;
}

/* The natural logarithm: x = 2^k m with m in [sqrt(1/2), sqrt(2)), log(m) = r - r^2/2 + r^3 P(r) with
 * r = m - 1. Zero gives -inf, negative numbers NaN; numbers below FLT_MIN are scaled up first. */
static inline float ofz_log32(float x)
{
    const float    tiny = x < 1.17549435e-38f ? 8388608.0f : 1.0f;
    const uint32_t bits = ofz_float_bits(x * tiny);
    const uint32_t up   = bits - 0x3f3504f3u; /* distance from sqrt(1/2) */
    const int32_t  k    = (int32_t)up >> 23;
    const float    m    = ofz_bits_float((up & 0x007fffffu) + 0x3f3504f3u);
    const float    e    = (float)k - (tiny == 1.0f ? 0.0f : 23.0f);
    const float    r = m - 1.0f, s = r * r;
    float          p = 0.0674660133f, y;

    p = p * r + -0.116756413f;
    p = p * r + 0.118881746f;
    p = p * r + -0.124055914f;
    p = p * r + 0.142195509f;
    p = p * r + -0.166679957f;
    p = p * r + 0.200021187f;
    p = p * r + -0.250000096f;
    p = p * r + 0.333333126f;
    y = ((p * s) * r + e * -2.12194440e-4f - 0.5f * s + r) + e * 0.693359375f;
    y = x == 0.0f ? -INFINITY : x < 0.0f ? NAN : y;
    return x < INFINITY ? y : x; /* infinity and NaN stay */
}

/* The normal distribution's function and density. */
static inline float ofz_normal_cdf32(float x)
{
    return 0.5f * ofz_erfc32(x * -0.707106781f);
}

static inline float ofz_normal_pdf32(float x)
{
    return 0.398942280f * ofz_exp32(-0.5f * x * x);
}

#endif
