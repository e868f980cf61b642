/* einsum.c - see einsum.h. */
#include "kernel/einsum.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/gemm.h"

/* Labels in the order they are walked: kept ones, then summed ones. */
typedef struct walk {
    int     count, kept;
    int     label[OFZ_EINSUM_LABELS];
    int64_t dim[OFZ_EINSUM_LABELS];
} walk;

static void walk_of(const ofz_einsum *e, walk *w)
{
    w->count = 0;
    for (int kept = 1; kept >= 0; kept--) {
        for (int l = 0; l < e->labels; l++)
            if (e->dim[l] != 1 && (e->target.step[l] != 0) == kept) {
                w->label[w->count] = l;
                w->dim[w->count++] = e->dim[l];
            }
        if (kept) w->kept = w->count;
    }
}

/* Add one to the odometer at[from..to); false when it wraps to all zeros. */
static bool advance(const walk *w, int64_t *at, int from, int to)
{
    for (int k = to - 1; k >= from; k--) {
        if (++at[k] < w->dim[k]) return true;
        at[k] = 0;
    }
    return false;
}

static int64_t place(const walk *w, const ofz_einsum_operand *o, const int64_t *at)
{
    int64_t i = 0;

    for (int k = 0; k < w->count; k++) i += at[k] * o->step[w->label[k]];
    return i;
}

static double product_f64(const ofz_einsum *e, const walk *w, const int64_t *at)
{
    double p = 1;

    for (int s = 0; s < e->sources; s++) {
        const ofz_tensor *t = e->source[s].t;
        const int64_t     i = place(w, &e->source[s], at);

        p *= t->dtype == OFZ_F32   ? (double)((const float *)t->data)[i]
             : t->dtype == OFZ_F64 ? ((const double *)t->data)[i]
                                   : ofz_elem_f64(t->dtype, t->data, i);
    }
    return p;
}

static uint64_t product_u64(const ofz_einsum *e, const walk *w, const int64_t *at)
{
    uint64_t p = 1;

    for (int s = 0; s < e->sources; s++)
        p *= (uint64_t)ofz_elem_i64(e->source[s].t->dtype, e->source[s].t->data,
                                    place(w, &e->source[s], at));
    return p;
}

/* Point by point. The target is zeroed and no dim is 0. */
static void einsum_points(const ofz_einsum *e, const walk *w)
{
    ofz_tensor *y                     = e->target.t;
    const bool  floats                = ofz_dtype_is_float(y->dtype);
    int64_t     at[OFZ_EINSUM_LABELS] = { 0 };

    do {
        const int64_t to      = place(w, &e->target, at);
        double        sum     = 0;
        uint64_t      integer = 0;

        do {
            if (floats)
                sum += product_f64(e, w, at);
            else
                integer += product_u64(e, w, at);
        } while (advance(w, at, w->kept, w->count));
        if (floats)
            ofz_elem_set_f64(y->dtype, y->data, to, sum);
        else
            ofz_elem_set_i64(y->dtype, y->data, to, (int64_t)integer);
    } while (advance(w, at, 0, w->kept));
}

/* --- as matrix products ----------------------------------------------------------------------- */

/* The labels of a pair of sources by where they occur: in both and kept, in the first and kept, in
 * the second and kept, in both and summed. */
typedef enum label_class { BATCH, ROWS, COLUMNS, INNER, CLASSES } label_class;

typedef struct matrices {
    walk    by[CLASSES];
    int64_t size[CLASSES];
} matrices;

/* false when some label is of no class, or a size does not fit. */
static bool matrices_of(const ofz_einsum *e, matrices *m)
{
    for (int c = 0; c < CLASSES; c++) {
        m->by[c].count = 0;
        m->size[c]     = 1;
    }
    for (int l = 0; l < e->labels; l++) {
        const bool  t = e->target.step[l] != 0;
        const bool  a = e->source[0].step[l] != 0, b = e->source[1].step[l] != 0;
        label_class c;

        if (e->dim[l] == 1) continue;
        if (a && b)
            c = t ? BATCH : INNER;
        else if (t && (a || b))
            c = a ? ROWS : COLUMNS;
        else
            return false;
        m->by[c].label[m->by[c].count] = l;
        m->by[c].dim[m->by[c].count++] = e->dim[l];
        if (!ofz_mul(m->size[c], e->dim[l], &m->size[c])) return false;
    }
    return true;
}

/* Copy between an operand and its packed form, in which the labels of x, y, z (each a class) run from
 * outermost to innermost. `pack`: towards `packed`. */
static void repack(const ofz_einsum_operand *o, const walk *x, const walk *y, const walk *z,
                   bool pack, char *packed)
{
    const size_t size                  = o->t->dtype == OFZ_F64 ? sizeof(double) : sizeof(float);
    walk         all                   = { 0 };
    const walk  *part[]                = { x, y, z };
    int64_t      at[OFZ_EINSUM_LABELS] = { 0 };

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < part[i]->count; k++) {
            all.label[all.count] = part[i]->label[k];
            all.dim[all.count++] = part[i]->dim[k];
        }
    do {
        char *mine = (char *)o->t->data + (size_t)place(&all, o, at) * size;

        if (pack)
            memcpy(packed, mine, size);
        else
            memcpy(mine, packed, size);
        packed += size;
    } while (advance(&all, at, 0, all.count));
}

static ofz_status packed_new(ofz_ctx *ctx, int64_t x, int64_t y, int64_t z, ofz_dtype dtype,
                             ofz_tensor *out)
{
    return ofz_tensor_new(ctx, out, dtype, 3, (const int64_t[]){ x, y, z });
}

static ofz_status einsum_matrices(ofz_ctx *ctx, const ofz_einsum *e, const matrices *m)
{
    const ofz_dtype dtype = e->target.t->dtype;
    const int64_t   n = m->size[BATCH], r = m->size[ROWS], k = m->size[INNER], c = m->size[COLUMNS];
    const ofz_gemm  g = { .m = r, .n = c, .k = k, .lda = k, .ldb = c, .ldc = c, .alpha = 1 };
    ofz_tensor      a = { 0 }, b = { 0 }, y = { 0 };
    ofz_status      st = OFZ_OK;

    OFZ_GOTO(packed_new(ctx, n, r, k, dtype, &a));
    OFZ_GOTO(packed_new(ctx, n, k, c, dtype, &b));
    OFZ_GOTO(packed_new(ctx, n, r, c, dtype, &y));
    repack(&e->source[0], &m->by[BATCH], &m->by[ROWS], &m->by[INNER], true, a.data);
    repack(&e->source[1], &m->by[BATCH], &m->by[INNER], &m->by[COLUMNS], true, b.data);
    if (dtype == OFZ_F64)
        OFZ_GOTO(ofz_gemm_batch_f64(ctx, &g, n, a.data, r * k, b.data, k * c, y.data, r * c));
    else
        OFZ_GOTO(ofz_gemm_batch_f32(ctx, &g, n, a.data, r * k, b.data, k * c, y.data, r * c));
    repack(&e->target, &m->by[BATCH], &m->by[ROWS], &m->by[COLUMNS], false, y.data);
done:
    ofz_tensor_release(&a);
    ofz_tensor_release(&b);
    ofz_tensor_release(&y);
    return st;
}

ofz_status ofz_einsum_run(ofz_ctx *ctx, const ofz_einsum *e)
{
    matrices m;
    walk     w;

    if (e->target.t->size) memset(e->target.t->data, 0, e->target.t->size);
    for (int l = 0; l < e->labels; l++)
        if (e->dim[l] == 0) return OFZ_OK;
    if (e->sources == 2 && ofz_dtype_is_float(e->target.t->dtype) && matrices_of(e, &m))
        return einsum_matrices(ctx, e, &m);
    walk_of(e, &w);
    einsum_points(e, &w);
    return OFZ_OK;
}
