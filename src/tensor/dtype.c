/* dtype.c - see dtype.h. */
#include "tensor/dtype.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/half.h"

static const ofz_dtype_row dtype_none     = { "undefined", 0, 1, OFZ_CLASS_NONE };
static const ofz_dtype_row dtype_sequence = { "sequence", 0, 16, OFZ_CLASS_NONE };
static const ofz_dtype_row dtype_optional = { "optional", 0, 16, OFZ_CLASS_NONE };
static const ofz_dtype_row dtype_map      = { "map", 0, 16, OFZ_CLASS_NONE };

static const ofz_dtype_row dtype_rows[] = {
#define DTYPE(id, name, ctype, bits, cls)                                                          \
    [OFZ_##id] = { name, bits, _Alignof(ctype), OFZ_CLASS_##cls },
#include "tensor/dtype.def"
#undef DTYPE
};

const ofz_dtype_row *ofz_dtype_get(ofz_dtype dtype)
{
    const size_t i = (size_t)dtype;

    if (dtype == OFZ_SEQUENCE) return &dtype_sequence;
    if (dtype == OFZ_OPTIONAL) return &dtype_optional;
    if (dtype == OFZ_MAP) return &dtype_map;
    if (i >= sizeof dtype_rows / sizeof dtype_rows[0] || !dtype_rows[i].name) return &dtype_none;
    return &dtype_rows[i];
}

const char *ofz_dtype_name(ofz_dtype dtype)
{
    return ofz_dtype_get(dtype)->name;
}

bool ofz_dtype_size(ofz_dtype dtype, int64_t count, size_t *out)
{
    const ofz_dtype_row *row = ofz_dtype_get(dtype);
    int64_t              bits;

    if (row->cls == OFZ_CLASS_NONE || count < 0 || !ofz_mul(count, row->bits, &bits)) return false;
    *out = (size_t)(bits / 8 + (bits % 8 != 0));
    return true;
}

uint8_t ofz_elem_bits(ofz_dtype dtype, const void *data, int64_t index)
{
    const uint8_t *p    = data;
    const int      bits = ofz_dtype_get(dtype)->bits;
    const int64_t  per  = 8 / bits;

    return (uint8_t)(p[index / per] >> (index % per * bits) & ((1 << bits) - 1));
}

void ofz_elem_set_bits(ofz_dtype dtype, void *data, int64_t index, uint8_t value)
{
    uint8_t      *p     = data;
    const int     bits  = ofz_dtype_get(dtype)->bits;
    const int64_t per   = 8 / bits;
    const int     shift = (int)(index % per) * bits;
    const int     mask  = ((1 << bits) - 1) << shift;

    p[index / per] = (uint8_t)((p[index / per] & ~mask) | (value << shift & mask));
}

static int64_t sign_extend(uint8_t bits, int width)
{
    return bits >> (width - 1) ? (int64_t)bits - (1 << width) : bits;
}

static const ofz_minifloat *minifloat_of(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_F16:
        return &ofz_f16;
    case OFZ_BF16:
        return &ofz_bf16;
    case OFZ_F8E4M3FN:
        return &ofz_f8e4m3fn;
    case OFZ_F8E4M3FNUZ:
        return &ofz_f8e4m3fnuz;
    case OFZ_F8E5M2:
        return &ofz_f8e5m2;
    case OFZ_F8E5M2FNUZ:
        return &ofz_f8e5m2fnuz;
    case OFZ_F4E2M1:
        return &ofz_f4e2m1;
    default:
        return NULL;
    }
}

double ofz_elem_f64(ofz_dtype dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case OFZ_F32:
        return ((const float *)data)[i];
    case OFZ_F64:
        return ((const double *)data)[i];
    case OFZ_C64:
        return ((const ofz_c64 *)data)[i].re;
    case OFZ_C128:
        return ((const ofz_c128 *)data)[i].re;
    case OFZ_F16:
        return ofz_f16_decode(((const uint16_t *)data)[i]);
    case OFZ_BF16:
        return ofz_bf16_decode(((const uint16_t *)data)[i]);
    case OFZ_F8E4M3FN:
    case OFZ_F8E4M3FNUZ:
    case OFZ_F8E5M2:
    case OFZ_F8E5M2FNUZ:
    case OFZ_F4E2M1:
        return ofz_minifloat_decode(minifloat_of(dtype), ofz_elem_bits(dtype, data, i));
    case OFZ_F8E8M0:
        return ofz_e8m0_decode(((const uint8_t *)data)[i]);
    case OFZ_U64:
        return (double)((const uint64_t *)data)[i];
    default:
        return (double)ofz_elem_i64(dtype, data, i);
    }
}

void ofz_elem_set_f64(ofz_dtype dtype, void *data, int64_t i, double x)
{
    switch (dtype) {
    case OFZ_F32:
        ((float *)data)[i] = (float)x;
        return;
    case OFZ_F64:
        ((double *)data)[i] = x;
        return;
    case OFZ_C64:
        ((ofz_c64 *)data)[i] = (ofz_c64){ (float)x, 0 };
        return;
    case OFZ_C128:
        ((ofz_c128 *)data)[i] = (ofz_c128){ x, 0 };
        return;
    case OFZ_F16:
        ((uint16_t *)data)[i] = (uint16_t)ofz_minifloat_encode(&ofz_f16, x, false);
        return;
    case OFZ_BF16:
        ((uint16_t *)data)[i] = (uint16_t)ofz_minifloat_encode(&ofz_bf16, x, false);
        return;
    case OFZ_F8E4M3FN:
    case OFZ_F8E4M3FNUZ:
    case OFZ_F8E5M2:
    case OFZ_F8E5M2FNUZ:
    case OFZ_F4E2M1:
        ofz_elem_set_bits(dtype, data, i,
                          (uint8_t)ofz_minifloat_encode(minifloat_of(dtype), x, false));
        return;
    case OFZ_F8E8M0:
        ((uint8_t *)data)[i] = ofz_e8m0_encode((float)x, OFZ_E8M0_UP, false);
        return;
    case OFZ_BOOL:
        ((uint8_t *)data)[i] = x != 0;
        return;
    case OFZ_U64:
        ((uint64_t *)data)[i] = x >= 0x1p64 ? UINT64_MAX : x >= 0 ? (uint64_t)x : 0;
        return;
    default:
        ofz_elem_set_i64(dtype, data, i,
                         x >= 0x1p63    ? INT64_MAX
                         : x >= -0x1p63 ? (int64_t)x
                         : isnan(x)     ? 0
                                        : INT64_MIN);
        return;
    }
}

int64_t ofz_elem_i64(ofz_dtype dtype, const void *data, int64_t i)
{
    double x;

    switch (dtype) {
    case OFZ_U8:
    case OFZ_BOOL:
        return ((const uint8_t *)data)[i];
    case OFZ_I8:
        return ((const int8_t *)data)[i];
    case OFZ_U16:
        return ((const uint16_t *)data)[i];
    case OFZ_I16:
        return ((const int16_t *)data)[i];
    case OFZ_U32:
        return ((const uint32_t *)data)[i];
    case OFZ_I32:
        return ((const int32_t *)data)[i];
    case OFZ_U64:
        return (int64_t)((const uint64_t *)data)[i];
    case OFZ_I64:
        return ((const int64_t *)data)[i];
    case OFZ_U4:
    case OFZ_U2:
        return ofz_elem_bits(dtype, data, i);
    case OFZ_I4:
        return sign_extend(ofz_elem_bits(dtype, data, i), 4);
    case OFZ_I2:
        return sign_extend(ofz_elem_bits(dtype, data, i), 2);
    case OFZ_UNDEFINED:
    case OFZ_STRING:
        return 0;
    default:
        x = ofz_elem_f64(dtype, data, i);
        return x >= 0x1p63 ? INT64_MAX : x >= -0x1p63 ? (int64_t)x : isnan(x) ? 0 : INT64_MIN;
    }
}

void ofz_elem_set_i64(ofz_dtype dtype, void *data, int64_t i, int64_t x)
{
    switch (dtype) {
    case OFZ_BOOL:
        ((uint8_t *)data)[i] = x != 0;
        return;
    case OFZ_U8:
    case OFZ_I8:
        ((uint8_t *)data)[i] = (uint8_t)x;
        return;
    case OFZ_U16:
    case OFZ_I16:
        ((uint16_t *)data)[i] = (uint16_t)x;
        return;
    case OFZ_U32:
    case OFZ_I32:
        ((uint32_t *)data)[i] = (uint32_t)x;
        return;
    case OFZ_U64:
    case OFZ_I64:
        ((uint64_t *)data)[i] = (uint64_t)x;
        return;
    case OFZ_U4:
    case OFZ_I4:
    case OFZ_U2:
    case OFZ_I2:
        ofz_elem_set_bits(dtype, data, i, (uint8_t)x);
        return;
    case OFZ_UNDEFINED:
    case OFZ_STRING:
        return;
    default:
        ofz_elem_set_f64(dtype, data, i, (double)x);
        return;
    }
}
