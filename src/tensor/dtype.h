/* dtype.h - what an element is: its size, its class, its value as a number. */
#ifndef OFZ_TENSOR_DTYPE_H
#define OFZ_TENSOR_DTYPE_H

#include "base/error.h"

typedef struct ofz_c64 {
    float re, im;
} ofz_c64;

typedef struct ofz_c128 {
    double re, im;
} ofz_c128;

/* Private numbers beyond ONNX's: the elements of a sequence, an optional or a map are tensors
 * (container.h). They have a name and no class: to a file they are no element types. */
#define OFZ_SEQUENCE ((ofz_dtype)64)
#define OFZ_OPTIONAL ((ofz_dtype)65)
#define OFZ_MAP      ((ofz_dtype)66)

static inline bool ofz_dtype_is_container(ofz_dtype dtype)
{
    return dtype == OFZ_SEQUENCE || dtype == OFZ_OPTIONAL || dtype == OFZ_MAP;
}

typedef enum ofz_dtype_class {
    OFZ_CLASS_NONE,
    OFZ_CLASS_FLOAT,
    OFZ_CLASS_INT,
    OFZ_CLASS_UINT,
    OFZ_CLASS_BOOL,
    OFZ_CLASS_COMPLEX,
    OFZ_CLASS_STRING
} ofz_dtype_class;

typedef struct ofz_dtype_row {
    const char     *name;
    int             bits;  /* of one element as stored; a string's descriptor in memory */
    size_t          align; /* of the C type */
    ofz_dtype_class cls;
} ofz_dtype_row;

/* The row of `dtype`; .cls is OFZ_CLASS_NONE for a number that ONNX does not define. */
const ofz_dtype_row *ofz_dtype_get(ofz_dtype dtype);

static inline bool ofz_dtype_is_float(ofz_dtype dtype)
{
    return ofz_dtype_get(dtype)->cls == OFZ_CLASS_FLOAT;
}

/* Bytes of `count` elements, packed types rounded up to whole bytes. false on overflow or for a
 * dtype that has no size. */
bool ofz_dtype_size(ofz_dtype dtype, int64_t count, size_t *out);

/* Element `index` of `data` as a number, and back. Floats narrower than 32 bits are converted
 * exactly on reading and rounded to nearest even on writing (overflow to infinity where the type
 * has one, else to NaN; NaN stays NaN). Integers beyond 2^53 lose their low bits: use the _i64
 * pair for them, which saturates floats and clips nothing (integers wrap to the type's width).
 * Not for strings; of complex numbers only the real part. */
double  ofz_elem_f64(ofz_dtype dtype, const void *data, int64_t index);
void    ofz_elem_set_f64(ofz_dtype dtype, void *data, int64_t index, double x);
int64_t ofz_elem_i64(ofz_dtype dtype, const void *data, int64_t index);
void    ofz_elem_set_i64(ofz_dtype dtype, void *data, int64_t index, int64_t x);
/* The bits of one element, and back: for moving 4- and 2-bit elements, which share bytes. */
uint8_t ofz_elem_bits(ofz_dtype dtype, const void *data, int64_t index);
void    ofz_elem_set_bits(ofz_dtype dtype, void *data, int64_t index, uint8_t bits);

#endif
