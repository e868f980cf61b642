/* half.h - floats narrower than 32 bits, as bit patterns.
 * Sources: IEEE 754-2019 binary16; bfloat16 (upper half of binary32); OCP 8-bit floating point
 * specification 1.0 (E4M3, E5M2) and its FNUZ variants; OCP microscaling formats 1.0 (E2M1, E8M0).
 */
#ifndef OFZ_BASE_HALF_H
#define OFZ_BASE_HALF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* One format: value = (-1)^s * 2^(e - bias) * (1 + m / 2^man), subnormals at e = 0. */
typedef struct ofz_minifloat {
    int  exp, man, bias;
    bool has_inf; /* the largest exponent is infinity and NaN; else it holds numbers */
    bool fnuz;    /* the only NaN is the bit pattern of negative zero */
    bool has_nan; /* false: overflow saturates (E2M1) */
} ofz_minifloat;

extern const ofz_minifloat ofz_f16, ofz_bf16, ofz_f8e4m3fn, ofz_f8e4m3fnuz, ofz_f8e5m2,
    ofz_f8e5m2fnuz, ofz_f4e2m1;

/* Exact. */
float ofz_minifloat_decode(const ofz_minifloat *f, unsigned bits);
/* Round to nearest, ties to even. saturate: overflow and infinity become the largest finite number
 * (ONNX Cast with saturate=1, 8-bit types); else infinity, or NaN where there is none. NaN where the format has none
 * (E2M1) becomes negative zero. Takes a
 * double so that a float64 source is rounded once. */
unsigned ofz_minifloat_encode(const ofz_minifloat *f, double x, bool saturate);

/* Fast paths of the two common ones. */
static inline float ofz_bf16_decode(uint16_t bits)
{
    uint32_t u = (uint32_t)bits << 16;
    float    x;

    memcpy(&x, &u, sizeof x);
    return x;
}

static inline uint16_t ofz_bf16_encode(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40); /* keep NaN quiet */
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

float    ofz_f16_decode(uint16_t bits);
uint16_t ofz_f16_encode(float x);

/* E8M0: 2^(bits - 127), 255 is NaN. Encoding rounds up to a power of two (ONNX Cast's default
 * round_mode "up"), `down` truncates, `nearest` takes the closer, ties upward. */
typedef enum ofz_e8m0_round { OFZ_E8M0_UP, OFZ_E8M0_DOWN, OFZ_E8M0_NEAREST } ofz_e8m0_round;
float   ofz_e8m0_decode(uint8_t bits);
uint8_t ofz_e8m0_encode(float x, ofz_e8m0_round round, bool saturate);

#endif
