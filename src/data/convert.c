/* convert.c - see convert.h. */
#include "data/convert.h"

#include <math.h>
#include <string.h>

static bool class_is_number(ofz_dtype_class c)
{
    return c == OFZ_CLASS_FLOAT || c == OFZ_CLASS_INT || c == OFZ_CLASS_UINT || c == OFZ_CLASS_BOOL;
}

/* The range of an integer type as doubles; both ends are exact, high is the first too large. */
static void range_of(ofz_dtype dtype, double *low, double *high)
{
    const ofz_dtype_row *row = ofz_dtype_get(dtype);

    *low  = row->cls == OFZ_CLASS_INT ? -ldexp(1, row->bits - 1) : 0;
    *high = row->cls == OFZ_CLASS_BOOL ? 2 : ldexp(1, row->bits - (row->cls == OFZ_CLASS_INT));
}

/* An integer type that holds all values of another needs no look at the elements. */
static bool type_holds(ofz_dtype from, ofz_dtype to)
{
    const ofz_dtype_row *f = ofz_dtype_get(from), *t = ofz_dtype_get(to);
    double               from_low, from_high, to_low, to_high;

    if (t->cls == OFZ_CLASS_FLOAT) return true;
    if (f->cls == OFZ_CLASS_FLOAT) return false;
    range_of(from, &from_low, &from_high);
    range_of(to, &to_low, &to_high);
    return from_low >= to_low && from_high <= to_high;
}

/* Compared as doubles: the bounds are powers of two, so that rounding an integer above 2^53 may put it
 * on the upper one, and refuse it, but never inside. */
static bool elem_fits(ofz_dtype from, ofz_dtype to, const void *data, int64_t i)
{
    const double x = ofz_elem_f64(from, data, i);
    double       low, high;

    range_of(to, &low, &high);
    return x >= low && x < high && (ofz_dtype_get(from)->cls != OFZ_CLASS_FLOAT || x == floor(x));
}

ofz_status ofz_convert_check(ofz_ctx *ctx, const char *name, const ofz_tensor *t, ofz_dtype dtype)
{
    const ofz_dtype_class from = ofz_dtype_get(t->dtype)->cls, to = ofz_dtype_get(dtype)->cls;

    if (t->dtype == dtype) return OFZ_OK;
    if (!class_is_number(from) || !class_is_number(to))
        return ofz_fail(ctx, OFZ_E_DATA, "array '%s': %s, want %s", name, ofz_dtype_name(t->dtype),
                        ofz_dtype_name(dtype));
    if (type_holds(t->dtype, dtype)) return OFZ_OK;
    for (int64_t i = 0; i < t->count; i++)
        if (!elem_fits(t->dtype, dtype, t->data, i))
            return ofz_fail(ctx, OFZ_E_DATA, "array '%s': element %" PRId64 " is %.9g, want %s",
                            name, i, ofz_elem_f64(t->dtype, t->data, i), ofz_dtype_name(dtype));
    return OFZ_OK;
}

/* The pairs that datasets are made of; each loop is one that the compiler vectorises. */
#define PAIR(FROM, from_type, TO, to_type)                                                         \
    if (t->dtype == FROM && dtype == TO) {                                                         \
        const from_type *src = (const from_type *)t->data + from;                                  \
        to_type         *out = (to_type *)dst + at;                                                \
                                                                                                   \
        for (int64_t i = 0; i < count; i++) out[i] = (to_type)src[i];                              \
        return true;                                                                               \
    }

static bool convert_fast(const ofz_tensor *t, int64_t from, int64_t count, ofz_dtype dtype,
                         void *dst, int64_t at)
{
    PAIR(OFZ_U8, uint8_t, OFZ_F32, float)
    PAIR(OFZ_F64, double, OFZ_F32, float)
    PAIR(OFZ_I64, int64_t, OFZ_F32, float)
    PAIR(OFZ_I32, int32_t, OFZ_I64, int64_t)
    PAIR(OFZ_U8, uint8_t, OFZ_I64, int64_t)
    return false;
}

static void convert_bits(const ofz_tensor *t, int64_t from, int64_t count, void *dst, int64_t at)
{
    for (int64_t i = 0; i < count; i++)
        ofz_elem_set_bits(t->dtype, dst, at + i, ofz_elem_bits(t->dtype, t->data, from + i));
}

void ofz_convert(const ofz_tensor *t, int64_t from, int64_t count, ofz_dtype dtype, void *dst,
                 int64_t at)
{
    const int  bits  = ofz_dtype_get(t->dtype)->bits;
    const bool whole = !ofz_dtype_is_float(dtype);

    if (t->dtype == dtype && bits < 8) {
        convert_bits(t, from, count, dst, at);
    } else if (t->dtype == dtype) {
        const size_t size = (size_t)bits / 8;

        if (count)
            memcpy((char *)dst + (size_t)at * size, (const char *)t->data + (size_t)from * size,
                   (size_t)count * size);
    } else if (!convert_fast(t, from, count, dtype, dst, at)) {
        for (int64_t i = 0; i < count; i++)
            if (whole)
                ofz_elem_set_i64(dtype, dst, at + i, ofz_elem_i64(t->dtype, t->data, from + i));
            else
                ofz_elem_set_f64(dtype, dst, at + i, ofz_elem_f64(t->dtype, t->data, from + i));
    }
}
