/* elementwise.c - see elementwise.h. */
#include "kernel/elementwise.h"

#include <string.h>

#include "base/half.h"
#include "base/threads.h"

#define BLOCK    512 /* elements converted at a time */
#define OPERANDS (OFZ_ELEMENTWISE_MAX + 1)

/* The loop, reduced: axes of size 1 dropped, neighbours joined where every operand allows. Operand
 * 0 is y. */
typedef struct loop {
    int               rank, count;
    int64_t           dim[OFZ_MAX_RANK];
    int64_t           stride[OPERANDS][OFZ_MAX_RANK]; /* elements */
    const ofz_tensor *t[OPERANDS];
    size_t            size[OPERANDS]; /* bytes of an element */
    bool              convert[OPERANDS];
    ofz_dtype         via;
    ofz_row_fn       *fn;
    const void       *arg;
} loop;

void ofz_widen(ofz_dtype from, const void *src, int64_t start, int64_t n, ofz_dtype to, void *dst)
{
    float  *f = dst;
    double *d = dst;

    if (to == OFZ_F32 && from == OFZ_BF16)
        for (int64_t i = 0; i < n; i++) f[i] = ofz_bf16_decode(((const uint16_t *)src)[start + i]);
    else if (to == OFZ_F32 && from == OFZ_F16)
        for (int64_t i = 0; i < n; i++) f[i] = ofz_f16_decode(((const uint16_t *)src)[start + i]);
    else if (to == OFZ_F32 && from == OFZ_F32)
        memcpy(f, (const float *)src + start, (size_t)n * sizeof *f);
    else if (to == OFZ_F64 && from == OFZ_F32)
        for (int64_t i = 0; i < n; i++) d[i] = ((const float *)src)[start + i];
    else if (to == OFZ_F64 && from == OFZ_F64)
        memcpy(d, (const double *)src + start, (size_t)n * sizeof *d);
    else if (to == OFZ_F64)
        for (int64_t i = 0; i < n; i++) d[i] = ofz_elem_f64(from, src, start + i);
    else
        for (int64_t i = 0; i < n; i++) f[i] = (float)ofz_elem_f64(from, src, start + i);
}

void ofz_narrow(ofz_dtype from, const void *src, int64_t n, ofz_dtype to, void *dst, int64_t start)
{
    const float  *f = src;
    const double *d = src;

    if (from == OFZ_F32 && to == OFZ_BF16)
        for (int64_t i = 0; i < n; i++) ((uint16_t *)dst)[start + i] = ofz_bf16_encode(f[i]);
    else if (from == OFZ_F32 && to == OFZ_F16)
        for (int64_t i = 0; i < n; i++) ((uint16_t *)dst)[start + i] = ofz_f16_encode(f[i]);
    else if (from == OFZ_F32 && to == OFZ_F32)
        memcpy((float *)dst + start, f, (size_t)n * sizeof *f);
    else if (from == OFZ_F64 && to == OFZ_F32)
        for (int64_t i = 0; i < n; i++) ((float *)dst)[start + i] = (float)d[i];
    else if (from == OFZ_F64 && to == OFZ_F64)
        memcpy((double *)dst + start, d, (size_t)n * sizeof *d);
    else
        for (int64_t i = 0; i < n; i++)
            ofz_elem_set_f64(to, dst, start + i, from == OFZ_F64 ? d[i] : f[i]);
}

/* Can axis b, right behind axis a, become one with it? */
static bool joins(const loop *l, int64_t stride[OPERANDS][OFZ_MAX_RANK], int a, int b, int64_t size)
{
    for (int k = 0; k <= l->count; k++)
        if (l->stride[k][a] != stride[k][b] * size) return false;
    return true;
}

static void loop_init(loop *l, const ofz_tensor *y)
{
    int64_t stride[OPERANDS][OFZ_MAX_RANK];

    for (int k = 0; k <= l->count; k++) {
        l->size[k]    = (size_t)ofz_dtype_get(l->t[k]->dtype)->bits / 8;
        l->convert[k] = l->via && l->t[k]->dtype != l->via && l->t[k]->dtype != OFZ_BOOL;
        ofz_broadcast_strides(l->t[k], y->rank, y->dim, stride[k]);
    }
    l->rank = 0;
    for (int i = 0; i < y->rank; i++) {
        if (y->dim[i] == 1) continue;
        if (l->rank && joins(l, stride, l->rank - 1, i, y->dim[i])) {
            l->dim[l->rank - 1] *= y->dim[i];
            l->rank--;
        } else {
            l->dim[l->rank] = y->dim[i];
        }
        for (int k = 0; k <= l->count; k++) l->stride[k][l->rank] = stride[k][i];
        l->rank++;
    }
    if (!l->rank) { /* a scalar */
        l->dim[0] = l->rank = 1;
        for (int k = 0; k <= l->count; k++) l->stride[k][0] = 1;
    }
}

/* A run of n elements; off[k] is the first of operand k. */
static void run_row(const loop *l, const int64_t *off, int64_t n)
{
    const int   last = l->rank - 1;
    const void *x[OFZ_ELEMENTWISE_MAX];
    int64_t     step[OFZ_ELEMENTWISE_MAX];
    double      buf[OPERANDS][BLOCK]; /* floats use the first half */
    bool        convert = false;

    for (int k = 0; k <= l->count; k++) convert = convert || l->convert[k];
    for (int64_t i = 0, m; i < n; i += m) {
        char *y = (char *)l->t[0]->data + (size_t)(off[0] + i) * l->size[0];

        m = convert && n - i > BLOCK ? BLOCK : n - i;
        for (int k = 0; k < l->count; k++) {
            const ofz_tensor *t  = l->t[k + 1];
            const int64_t     at = off[k + 1] + i * l->stride[k + 1][last];

            step[k] = l->stride[k + 1][last];
            x[k]    = buf[k + 1];
            if (l->convert[k + 1])
                ofz_widen(t->dtype, t->data, at, step[k] ? m : 1, l->via, buf[k + 1]);
            else
                x[k] = (const char *)t->data + (size_t)at * l->size[k + 1];
        }
        l->fn(m, l->convert[0] ? (void *)buf[0] : y, x, step, l->arg);
        if (l->convert[0]) ofz_narrow(l->via, buf[0], m, l->t[0]->dtype, l->t[0]->data, off[0] + i);
    }
}

/* Elements [from, to) of y in memory order, which may begin and end inside a row. */
static void run_span(const loop *l, int64_t from, int64_t to)
{
    const int     last = l->rank - 1;
    const int64_t row  = l->dim[last];
    int64_t       index[OFZ_MAX_RANK], off[OPERANDS], rest = from;

    for (int i = last; i >= 0; i--) {
        index[i] = rest % l->dim[i];
        rest /= l->dim[i];
    }
    while (from < to) {
        const int64_t n = row - index[last] < to - from ? row - index[last] : to - from;

        for (int k = 0; k <= l->count; k++) {
            off[k] = 0;
            for (int i = 0; i <= last; i++) off[k] += index[i] * l->stride[k][i];
        }
        run_row(l, off, n);
        from += n;
        index[last] = 0;
        for (int i = last - 1; i >= 0 && ++index[i] == l->dim[i]; i--) index[i] = 0;
    }
}

void ofz_elementwise(int threads, const ofz_tensor *y, int count, const ofz_tensor *const *x,
                     ofz_dtype via, ofz_row_fn *fn, const void *arg)
{
    loop          l     = { .count = count, .via = via, .fn = fn, .arg = arg };
    const int64_t total = y->count;

    if (total <= 0) return;
    l.t[0] = y;
    for (int k = 0; k < count; k++) l.t[k + 1] = x[k];
    loop_init(&l, y);
    if (total < OFZ_THREAD_WORK || threads < 2) {
        run_span(&l, 0, total);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int t = 0; t < threads; t++)
        run_span(&l, total / threads * t + (t < total % threads ? t : total % threads),
                 total / threads * (t + 1) + (t + 1 < total % threads ? t + 1 : total % threads));
}
