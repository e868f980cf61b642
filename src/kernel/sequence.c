/* sequence.c - see sequence.h; for float and double. */
#include "kernel/sequence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/vecmath.h"

#define REAL       float
#define NAME(x)    x##_f32
#define EXP(x)     ofz_exp32(x)
#define SIGMOID(x) ofz_sigmoid32(x)
#include "kernel/sequence_body.h"
#undef REAL
#undef NAME
#undef EXP
#undef SIGMOID

static double sigmoid64(double x)
{
    const double e = exp(-fabs(x)), y = 1 / (1 + e);

    return x < 0 ? e * y : y;
}

#define REAL       double
#define NAME(x)    x##_f64
#define EXP(x)     exp(x)
#define SIGMOID(x) sigmoid64(x)
#include "kernel/sequence_body.h"
