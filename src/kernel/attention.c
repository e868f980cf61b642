/* attention.c - see attention.h; for float and double. */
#include "kernel/attention.h"

#include <math.h>
#include <string.h>

#include "kernel/gemm.h"
#include "kernel/softmax.h"
#include "kernel/vecmath.h"

static ofz_softmax rows_of(const ofz_attention *a)
{
    return (ofz_softmax){ .outer = a->rows, .n = a->keys, .inner = 1 };
}

#define REAL    float
#define NAME(x) x##_f32
#define TANH(x) ofz_tanh32(x)
#include "kernel/attention_body.h"
#undef REAL
#undef NAME
#undef TANH

#define REAL    double
#define NAME(x) x##_f64
#define TANH(x) tanh(x)
#include "kernel/attention_body.h"
