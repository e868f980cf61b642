/* recast.c - see recast.h. */
#include "kernel/recast.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/elementwise.h"

/* --- numbers ---------------------------------------------------------------------------------- */

/* Pairs that models cast between all the time. Every loop is over [from, to). */
#define LOOP(S, D, expr)                                                                           \
    do {                                                                                           \
        const S *s = x->data;                                                                      \
        D       *d = y->data;                                                                      \
                                                                                                   \
        for (int64_t i = from; i < to; i++) d[i] = (D)(expr);                                      \
        return true;                                                                               \
    } while (0)

static bool convert_fast(const ofz_tensor *x, const ofz_tensor *y, int64_t from, int64_t to)
{
    if (x->dtype == OFZ_F32) {
        if (y->dtype == OFZ_F64) LOOP(float, double, s[i]);
        if (y->dtype == OFZ_BOOL) LOOP(float, uint8_t, s[i] != 0);
    } else if (x->dtype == OFZ_F64) {
        if (y->dtype == OFZ_F32) LOOP(double, float, s[i]);
    } else if (x->dtype == OFZ_I64) {
        if (y->dtype == OFZ_F32) LOOP(int64_t, float, s[i]);
        if (y->dtype == OFZ_I32) LOOP(int64_t, uint32_t, s[i]);
        if (y->dtype == OFZ_BOOL) LOOP(int64_t, uint8_t, s[i] != 0);
    } else if (x->dtype == OFZ_I32) {
        if (y->dtype == OFZ_F32) LOOP(int32_t, float, s[i]);
        if (y->dtype == OFZ_I64) LOOP(int32_t, int64_t, s[i]);
    } else if (x->dtype == OFZ_U8) {
        if (y->dtype == OFZ_F32) LOOP(uint8_t, float, s[i]);
    } else if (x->dtype == OFZ_BOOL) {
        if (y->dtype == OFZ_F32) LOOP(uint8_t, float, s[i] != 0);
        if (y->dtype == OFZ_I64) LOOP(uint8_t, int64_t, s[i] != 0);
    }
    return false;
}

static const ofz_minifloat *small_float(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_F8E4M3FN:
        return &ofz_f8e4m3fn;
    case OFZ_F8E4M3FNUZ:
        return &ofz_f8e4m3fnuz;
    case OFZ_F8E5M2:
        return &ofz_f8e5m2;
    case OFZ_F8E5M2FNUZ:
        return &ofz_f8e5m2fnuz;
    default:
        return NULL;
    }
}

static void convert_one(const ofz_recasting *how, const ofz_tensor *x, const ofz_tensor *y,
                        int64_t i)
{
    const bool           real  = ofz_dtype_is_float(x->dtype);
    const ofz_minifloat *small = small_float(y->dtype);
    const int64_t        whole = real ? 0 : ofz_elem_i64(x->dtype, x->data, i);

    if (small)
        ofz_elem_set_bits(y->dtype, y->data, i,
                          (uint8_t)ofz_minifloat_encode(small, ofz_elem_f64(x->dtype, x->data, i),
                                                        how->saturate));
    else if (y->dtype == OFZ_F8E8M0)
        ((uint8_t *)y->data)[i] =
            ofz_e8m0_encode((float)ofz_elem_f64(x->dtype, x->data, i), how->round, how->saturate);
    else if (real)
        ofz_elem_set_f64(y->dtype, y->data, i, ofz_elem_f64(x->dtype, x->data, i));
    else if (y->dtype == OFZ_F32) /* directly, to round once */
        ((float *)y->data)[i] = x->dtype == OFZ_U64 ? (float)(uint64_t)whole : (float)whole;
    else if (y->dtype == OFZ_F64 || ofz_dtype_is_float(y->dtype))
        ofz_elem_set_f64(y->dtype, y->data, i, ofz_elem_f64(x->dtype, x->data, i));
    else
        ofz_elem_set_i64(y->dtype, y->data, i, whole);
}

static void convert_span(const ofz_recasting *how, const ofz_tensor *x, const ofz_tensor *y,
                         int64_t from, int64_t to)
{
    if (convert_fast(x, y, from, to)) return;
    if (y->dtype == OFZ_F32 && (x->dtype == OFZ_F16 || x->dtype == OFZ_BF16))
        ofz_widen(x->dtype, x->data, from, to - from, OFZ_F32, (float *)y->data + from);
    else if (x->dtype == OFZ_F32 && (y->dtype == OFZ_F16 || y->dtype == OFZ_BF16))
        ofz_narrow(OFZ_F32, (const float *)x->data + from, to - from, y->dtype, y->data, from);
    else
        for (int64_t i = from; i < to; i++) convert_one(how, x, y, i);
}

void ofz_recast(int threads, const ofz_recasting *how, const ofz_tensor *x, const ofz_tensor *y)
{
    const int64_t n = x->count, step = 4096; /* a multiple of 4: packed elements share bytes */

    if (x->dtype == y->dtype) {
        if (x->size) memcpy(y->data, x->data, x->size);
        return;
    }
#pragma omp parallel for schedule(static)                                                          \
    num_threads(threads) if (threads > 1 && n > OFZ_THREAD_WORK)
    for (int64_t i = 0; i < n; i += step) convert_span(how, x, y, i, i + step < n ? i + step : n);
    (void)threads;
}

/* --- texts ------------------------------------------------------------------------------------ */

static bool is_word(const char *s, size_t size, const char *want)
{
    if (size != strlen(want)) return false;
    for (size_t i = 0; i < size; i++)
        if ((s[i] | 0x20) != want[i]) return false;
    return true;
}

/* The decimal point of the process's locale, which strtod and printf want and give. */
static char decimal_point(void)
{
    char text[8];

    snprintf(text, sizeof text, "%.1f", 0.5);
    return text[1];
}

bool ofz_text_number(ofz_string s, double *x, int64_t *i, bool *whole)
{
    char        text[512], *end;
    size_t      n = s.size, digits = 0, k;
    const char *p    = s.text;
    bool        sign = false;

    while (n && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++, n--;
    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t' || p[n - 1] == '\n' || p[n - 1] == '\r')) n--;
    if (n == 0 || n >= sizeof text) return false;
    if (*p == '+' || *p == '-') sign = *p++ == '-', n--;
    *whole = false;
    *i     = 0;
    if (is_word(p, n, "inf") || is_word(p, n, "infinity") || is_word(p, n, "nan")) {
        *x = (*p | 0x20) == 'n' ? NAN : sign ? -INFINITY : INFINITY;
        return true;
    }
    for (k = 0; k < n; k++) { /* nothing that strtod would read and we would not: hexadecimals */
        if (p[k] >= '0' && p[k] <= '9')
            digits++;
        else if (!strchr(".eE+-", p[k]) || !p[k])
            return false;
        text[k] = p[k] == '.' ? decimal_point() : p[k];
    }
    text[n] = '\0';
    if (!digits || text[0] == '+' || text[0] == '-') return false;
    *x = strtod(text, &end);
    if (*end) return false;
    if (sign) *x = -*x;
    *whole = digits == n;
    errno  = 0;
    if (*whole) {
        const unsigned long long u = strtoull(text, NULL, 10);

        if (errno) *whole = false;
        *i = (int64_t)(sign ? 0 - (uint64_t)u : (uint64_t)u);
    }
    return true;
}

static int float_text(double v, bool single, char text[32])
{
    const int most = single ? 9 : 17;
    int       digits, n;
    char     *e;

    if (isnan(v)) return snprintf(text, 32, "nan");
    if (isinf(v)) return snprintf(text, 32, v < 0 ? "-inf" : "inf");
    if (v == 0) return snprintf(text, 32, signbit(v) ? "-0.0" : "0.0");
    for (digits = 1; digits < most; digits++) {
        snprintf(text, 32, "%.*e", digits - 1, v);
        if (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v) break;
    }
    snprintf(text, 32, "%.*e", digits - 1, v);
    n = (int)strlen(text);
    e = strchr(text, 'e');
    if (e && fabs(v) >= 1e-4 && fabs(v) < 1e16) { /* there numpy writes all digits */
        const int behind = digits - 1 - atoi(e + 1);

        n = snprintf(text, 32, "%.*f", behind > 0 ? behind : 1, v);
    }
    for (char *p = text; *p; p++)
        if (!strchr("0123456789+-e", *p)) *p = '.';
    return n;
}

int ofz_number_text(ofz_dtype dtype, const void *data, int64_t index, char text[32])
{
    if (dtype == OFZ_F64) return float_text(((const double *)data)[index], false, text);
    if (ofz_dtype_is_float(dtype)) return float_text(ofz_elem_f64(dtype, data, index), true, text);
    if (dtype == OFZ_U64) return snprintf(text, 32, "%" PRIu64, ((const uint64_t *)data)[index]);
    return snprintf(text, 32, "%" PRId64, ofz_elem_i64(dtype, data, index));
}
