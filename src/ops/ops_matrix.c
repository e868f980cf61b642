/* ops_matrix.c - MatMul, Gemm and their gradients; MatMulInteger.
 * Sources: ONNX Operators.md (MatMul follows numpy.matmul). */
#include "ops/op.h"

#include <string.h>

#include "base/checked.h"
#include "kernel/gemm.h"
#include "ops/floats.h"
#include "ops/infer.h"

/* --- MatMul: shapes --------------------------------------------------------------------------- */

/* Dims of an operand as a stack of matrices: a vector is a row on the left, a column on the right.
 */
typedef struct stack {
    int     batch_rank;
    int64_t batch[OFZ_MAX_RANK];
    int64_t rows, columns;
    bool    vector;
} stack;

static ofz_status stack_of(ofz_ctx *ctx, const ofz_tensor *t, bool left, stack *s)
{
    if (t->rank < 1) return ofz_fail(ctx, OFZ_E_MODEL, "input: rank %d, want at least 1", t->rank);
    s->vector     = t->rank == 1;
    s->batch_rank = s->vector ? 0 : t->rank - 2;
    for (int i = 0; i < s->batch_rank; i++) s->batch[i] = t->dim[i];
    s->rows    = !s->vector ? t->dim[t->rank - 2] : left ? 1 : t->dim[0];
    s->columns = !s->vector ? t->dim[t->rank - 1] : left ? t->dim[0] : 1;
    return OFZ_OK;
}

/* rank and dim of the product of a and b, whatever their types. */
static ofz_status product_dims(ofz_infer_call *c, const ofz_tensor *ta, const ofz_tensor *tb,
                               int *rank, int64_t *dim)
{
    stack   a, b;
    int64_t inner;

    OFZ_TRY(stack_of(c->ctx, ta, true, &a));
    OFZ_TRY(stack_of(c->ctx, tb, false, &b));
    OFZ_TRY(ofz_unify(c->ctx, "inner dimension", a.columns, b.rows, &inner));
    OFZ_TRY(ofz_broadcast(c->ctx, a.batch_rank, a.batch, b.batch_rank, b.batch,
                          c->fresh + c->fresh_used, rank, dim));
    c->fresh_used += OFZ_MAX_RANK;
    if (!a.vector) dim[(*rank)++] = a.rows;
    if (!b.vector) dim[(*rank)++] = b.columns;
    return OFZ_OK;
}

static ofz_status matmul_infer_as(ofz_infer_call *c, ofz_dtype dtype)
{
    int64_t dim[OFZ_MAX_RANK + 2];
    int     rank;

    if (c->in[0]->rank < 0 || c->in[1]->rank < 0) return ofz_infer_unknown(c, 0, dtype);
    OFZ_TRY(product_dims(c, c->in[0], c->in[1], &rank, dim));
    return ofz_infer_set(c, 0, dtype, rank, dim);
}

static ofz_status matmul_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    return matmul_infer_as(c, c->in[0]->dtype);
}

static ofz_status matmul_integer_infer(ofz_infer_call *c)
{
    return matmul_infer_as(c, OFZ_I32);
}

/* --- MatMul: the walk over stacks ------------------------------------------------------------- */

/* The product of two stacks as a list of plain products. Offsets are in elements. */
typedef struct product {
    int64_t m, n, k, count; /* count products */
    int     rank;           /* of the batch */
    int64_t batch[OFZ_MAX_RANK], step_a[OFZ_MAX_RANK], step_b[OFZ_MAX_RANK];
    bool    shared_b, whole_a; /* one b for all; a is not repeated: the batch may fold into m */
} product;

/* Elements between neighbours along each batch axis; 0 where the stack repeats. An empty stack is
 * never read, and the product of its dims may not fit. */
static void stack_steps(const stack *s, bool empty, int rank, int64_t *step)
{
    int64_t at = empty ? 0 : s->rows * s->columns;

    for (int i = rank - 1; i >= 0; i--) {
        const int j = i - (rank - s->batch_rank);

        step[i] = j < 0 || s->batch[j] == 1 ? 0 : at;
        if (j >= 0 && !empty) at *= s->batch[j];
    }
}

static ofz_status product_of(ofz_ctx *ctx, const ofz_tensor *ta, const ofz_tensor *tb, product *p)
{
    stack a, b;

    OFZ_TRY(stack_of(ctx, ta, true, &a));
    OFZ_TRY(stack_of(ctx, tb, false, &b));
    OFZ_TRY(
        ofz_broadcast(ctx, a.batch_rank, a.batch, b.batch_rank, b.batch, 0, &p->rank, p->batch));
    p->m     = a.rows;
    p->k     = a.columns;
    p->n     = b.columns;
    p->count = 1;
    stack_steps(&a, ta->count == 0, p->rank, p->step_a);
    stack_steps(&b, tb->count == 0, p->rank, p->step_b);
    p->shared_b = p->whole_a = true;
    for (int i = 0; i < p->rank; i++) {
        if (!ofz_mul(p->count, p->batch[i], &p->count))
            return ofz_fail(ctx, OFZ_E_LIMIT, "batch: more than 2^63 products");
        if (p->batch[i] != 1 && p->step_b[i]) p->shared_b = false;
        if (p->batch[i] != 1 && !p->step_a[i]) p->whole_a = false;
    }
    return OFZ_OK;
}

/* Where the i-th product reads. */
static void product_at(const product *p, int64_t i, int64_t *a, int64_t *b)
{
    *a = *b = 0;
    for (int k = p->rank - 1; k >= 0; k--) {
        const int64_t at = i % p->batch[k];

        *a += at * p->step_a[k];
        *b += at * p->step_b[k];
        i /= p->batch[k];
    }
}

/* True when the products' operands lie at one constant distance each, so that a batched kernel can
 * take them all. */
static bool product_even(const product *p, int64_t *step_a, int64_t *step_b)
{
    int64_t first_a, first_b;

    if (p->count < 2) return false;
    product_at(p, 1, step_a, step_b);
    for (int64_t i = 2; i < p->count; i++) {
        product_at(p, i, &first_a, &first_b);
        if (first_a != i * *step_a || first_b != i * *step_b) return false;
    }
    return true;
}

static ofz_status gemm_any(ofz_ctx *ctx, bool wide, const ofz_gemm *g, const void *a, int64_t at_a,
                           const void *b, int64_t at_b, void *c, int64_t at_c)
{
    if (wide)
        return ofz_gemm_f64(ctx, g, (const double *)a + at_a, (const double *)b + at_b,
                            (double *)c + at_c);
    return ofz_gemm_f32(ctx, g, (const float *)a + at_a, (const float *)b + at_b,
                        (float *)c + at_c);
}

static ofz_status gemm_all(ofz_ctx *ctx, bool wide, const ofz_gemm *g, int64_t count, const void *a,
                           int64_t step_a, const void *b, int64_t step_b, void *c, int64_t step_c)
{
    if (wide) return ofz_gemm_batch_f64(ctx, g, count, a, step_a, b, step_b, c, step_c);
    return ofz_gemm_batch_f32(ctx, g, count, a, step_a, b, step_b, c, step_c);
}

static ofz_status matmul_run(ofz_eval_call *c)
{
    const void *a = c->in[0]->data, *b = c->in[1]->data;
    const bool  wide = c->in[0]->dtype == OFZ_F64;
    product     p;
    int64_t     at_a, at_b;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(product_of(c->ctx, c->in[0], c->in[1], &p));
    if (p.shared_b && p.whole_a) { /* one tall product */
        p.m *= p.count;
        p.count = 1;
        p.rank  = 0;
    }
    const ofz_gemm g = {
        .m = p.m, .n = p.n, .k = p.k, .lda = p.k, .ldb = p.n, .ldc = p.n, .alpha = 1
    };

    if (product_even(&p, &at_a, &at_b))
        return gemm_all(c->ctx, wide, &g, p.count, a, at_a, b, at_b, c->out[0]->data, p.m * p.n);
    for (int64_t i = 0; i < p.count; i++) {
        product_at(&p, i, &at_a, &at_b);
        OFZ_TRY(gemm_any(c->ctx, wide, &g, a, at_a, b, at_b, c->out[0]->data, i * p.m * p.n));
    }
    return OFZ_OK;
}

/* --- MatMul: integers ------------------------------------------------------------------------- */

/* Define <name>(p, a, b, y): products and sums wrap around, computed unsigned. */
#define INTEGER_PRODUCT(name, UNSIGNED)                                                            \
    static void name(const product *p, const UNSIGNED *a, const UNSIGNED *b, UNSIGNED *y)          \
    {                                                                                              \
        int64_t at_a, at_b;                                                                        \
                                                                                                   \
        for (int64_t q = 0; q < p->count; q++, y += p->m * p->n) {                                 \
            product_at(p, q, &at_a, &at_b);                                                        \
            memset(y, 0, (size_t)(p->m * p->n) * sizeof *y);                                       \
            for (int64_t i = 0; i < p->m; i++)                                                     \
                for (int64_t k = 0; k < p->k; k++)                                                 \
                    for (int64_t j = 0; j < p->n; j++)                                             \
                        y[i * p->n + j] += a[at_a + i * p->k + k] * b[at_b + k * p->n + j];        \
        }                                                                                          \
    }

INTEGER_PRODUCT(product_u32, uint32_t)
INTEGER_PRODUCT(product_u64, uint64_t)

static ofz_status matmul_eval(ofz_eval_call *c)
{
    const ofz_dtype t = c->in[0]->dtype;
    product         p;

    if (t != OFZ_I32 && t != OFZ_U32 && t != OFZ_I64 && t != OFZ_U64)
        return ofz_eval_floats(c, matmul_run);
    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(product_of(c->ctx, c->in[0], c->in[1], &p));
    if (t == OFZ_I32 || t == OFZ_U32)
        product_u32(&p, c->in[0]->data, c->in[1]->data, c->out[0]->data);
    else
        product_u64(&p, c->in[0]->data, c->in[1]->data, c->out[0]->data);
    return OFZ_OK;
}

/* MatMulInteger: zero points are scalars, or one per row of a, one per column of b (trailing dims
 * as those of a and b). */
static ofz_status zero_points(ofz_eval_call *c, int k, int64_t want, int64_t *count)
{
    const ofz_tensor *z = k < c->in_count ? c->in[k] : NULL;

    *count = z ? z->count : 0;
    if (!z || z->count == 1 || z->count == want) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "zero point: %" PRId64 " elements, want 1 or %" PRId64,
                    z->count, want);
}

static int32_t element_of(const ofz_tensor *t, int64_t i)
{
    return t->dtype == OFZ_I8 ? ((const int8_t *)t->data)[i] : ((const uint8_t *)t->data)[i];
}

static int32_t zero_of(const ofz_tensor *z, int64_t count, int64_t i)
{
    return !count ? 0 : element_of(z, count == 1 ? 0 : i);
}

static ofz_status matmul_integer_eval(ofz_eval_call *c)
{
    const ofz_tensor *a = c->in[0], *b = c->in[1];
    int32_t          *y = c->out[0]->data;
    int64_t           count_a, count_b, at_a, at_b;
    product           p;

    for (int i = 0; i < c->in_count; i++)
        if (c->in[i] && c->in[i]->dtype != OFZ_I8 && c->in[i]->dtype != OFZ_U8)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want int8 or uint8", i,
                            ofz_dtype_name(c->in[i]->dtype));
    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(product_of(c->ctx, a, b, &p));
    OFZ_TRY(zero_points(c, 2, p.m, &count_a));
    OFZ_TRY(zero_points(c, 3, p.n, &count_b));
    for (int64_t q = 0; q < p.count; q++, y += p.m * p.n) {
        product_at(&p, q, &at_a, &at_b);
        for (int64_t i = 0; i < p.m; i++)
            for (int64_t j = 0; j < p.n; j++) {
                const int32_t za  = zero_of(count_a ? c->in[2] : NULL, count_a, i);
                const int32_t zb  = zero_of(count_b ? c->in[3] : NULL, count_b, j);
                uint32_t      sum = 0; /* wraps around as int32 accumulators do */

                for (int64_t k = 0; k < p.k; k++)
                    sum += (uint32_t)((element_of(a, at_a + i * p.k + k) - za) *
                                      (element_of(b, at_b + k * p.n + j) - zb));
                y[i * p.n + j] = (int32_t)sum;
            }
    }
    return OFZ_OK;
}

/* --- MatMul: gradients ------------------------------------------------------------------------ */

/* MatMulGradA(a, b, dy): dy times b transposed, summed over the batch dims along which a repeats;
 * the products of one sum are added in the order of the batch. */
static ofz_status matmul_grad_a_run(ofz_eval_call *c)
{
    const ofz_tensor *a = c->in[0], *b = c->in[1], *dy = c->in[2];
    const bool        wide = a->dtype == OFZ_F64;
    product           p;
    int64_t           at_a, at_b;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(product_of(c->ctx, a, b, &p));
    if (p.shared_b && p.whole_a && dy->count) {
        p.m *= p.count;
        p.count = 1;
        p.rank  = 0;
    }
    ofz_gemm g = { .m       = p.m,
                   .n       = p.k,
                   .k       = p.n,
                   .trans_b = true,
                   .lda     = p.n,
                   .ldb     = p.n,
                   .ldc     = p.k,
                   .alpha   = 1 };

    if (p.whole_a && product_even(&p, &at_a, &at_b))
        return gemm_all(c->ctx, wide, &g, p.count, dy->data, p.m * p.n, b->data, at_b,
                        c->out[0]->data, at_a);
    memset(c->out[0]->data, 0, c->out[0]->size);
    g.beta = 1;
    for (int64_t i = 0; i < p.count; i++) {
        product_at(&p, i, &at_a, &at_b);
        OFZ_TRY(gemm_any(c->ctx, wide, &g, dy->data, i * p.m * p.n, b->data, at_b, c->out[0]->data,
                         at_a));
    }
    return OFZ_OK;
}

/* MatMulGradB(a, b, dy): a transposed times dy, likewise. */
static ofz_status matmul_grad_b_run(ofz_eval_call *c)
{
    const ofz_tensor *a = c->in[0], *b = c->in[1], *dy = c->in[2];
    const bool        wide = a->dtype == OFZ_F64;
    product           p;
    int64_t           at_a, at_b;
    bool              whole_b = true;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(product_of(c->ctx, a, b, &p));
    if (p.shared_b && p.whole_a && dy->count) { /* the sum over the batch is part of the product */
        p.m *= p.count;
        p.count = 1;
        p.rank  = 0;
    }
    for (int i = 0; i < p.rank; i++)
        if (p.batch[i] != 1 && !p.step_b[i]) whole_b = false;
    ofz_gemm g = { .m       = p.k,
                   .n       = p.n,
                   .k       = p.m,
                   .trans_a = true,
                   .lda     = p.k,
                   .ldb     = p.n,
                   .ldc     = p.n,
                   .alpha   = 1 };

    if (whole_b && product_even(&p, &at_a, &at_b))
        return gemm_all(c->ctx, wide, &g, p.count, a->data, at_a, dy->data, p.m * p.n,
                        c->out[0]->data, at_b);
    memset(c->out[0]->data, 0, c->out[0]->size);
    g.beta = 1;
    for (int64_t i = 0; i < p.count; i++) {
        product_at(&p, i, &at_a, &at_b);
        OFZ_TRY(gemm_any(c->ctx, wide, &g, a->data, at_a, dy->data, i * p.m * p.n, c->out[0]->data,
                         at_b));
    }
    return OFZ_OK;
}

static ofz_status grad_b_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[1]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status matmul_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->node->in[0], g->node->in[1], g->dy[0] };

    if (g->need[0]) OFZ_TRY(ofz_emit_grad(g, "MatMulGradA", 3, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(ofz_emit_grad(g, "MatMulGradB", 3, in, &g->dx[1]));
    return OFZ_OK;
}

/* --- Gemm: y = alpha a' b' + beta c ----------------------------------------------------------- */

typedef struct gemm_attrs {
    float   alpha, beta;
    int64_t trans_a, trans_b;
} gemm_attrs;

static ofz_status gemm_dims(ofz_infer_call *c, int64_t dim[2])
{
    const gemm_attrs *at = c->attrs;
    const ofz_tensor *a = c->in[0], *b = c->in[1];
    int64_t           inner_a = OFZ_SYMBOL(0), inner_b = OFZ_SYMBOL(0), inner;

    OFZ_TRY(ofz_want_rank(c, 0, 2));
    OFZ_TRY(ofz_want_rank(c, 1, 2));
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    dim[0] = a->rank == 2 ? a->dim[at->trans_a ? 1 : 0] : ofz_infer_fresh(c);
    dim[1] = b->rank == 2 ? b->dim[at->trans_b ? 0 : 1] : ofz_infer_fresh(c);
    if (a->rank == 2) inner_a = a->dim[at->trans_a ? 0 : 1];
    if (b->rank == 2) inner_b = b->dim[at->trans_b ? 1 : 0];
    return ofz_unify(c->ctx, "inner dimension", inner_a, inner_b, &inner);
}

static ofz_status gemm_infer(ofz_infer_call *c)
{
    const ofz_tensor *s = c->in_count > 2 ? c->in[2] : NULL;
    int64_t           dim[2];

    OFZ_TRY(gemm_dims(c, dim));
    if (s && s->rank >= 0) {
        OFZ_TRY(ofz_want_same_dtype(c, 2));
        if (s->rank > 2)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "c: rank %d, want at most 2", s->rank);
        for (int i = 0; i < s->rank; i++) {
            const int64_t have = s->dim[i], want = dim[2 - s->rank + i];

            if (have >= 0 && want >= 0 && have != 1 && have != want)
                return ofz_fail(c->ctx, OFZ_E_MODEL,
                                "c: axis %d of %" PRId64 ", want 1 or %" PRId64, i, have, want);
        }
    }
    return ofz_infer_set(c, 0, c->in[0]->dtype, 2, dim);
}

/* m, n and k from a and b. */
static ofz_gemm gemm_shape(const gemm_attrs *at, const ofz_tensor *a, const ofz_tensor *b)
{
    return (ofz_gemm){ .trans_a = at->trans_a != 0,
                       .trans_b = at->trans_b != 0,
                       .m       = a->dim[at->trans_a ? 1 : 0],
                       .k       = a->dim[at->trans_a ? 0 : 1],
                       .n       = b->dim[at->trans_b ? 0 : 1],
                       .lda     = a->dim[1],
                       .ldb     = b->dim[1],
                       .ldc     = b->dim[at->trans_b ? 0 : 1],
                       .alpha   = (double)at->alpha };
}

/* Spread c over y, so that the product can be added to it. */
#define SPREAD(name, TYPE)                                                                         \
    static void name(const ofz_tensor *s, int64_t m, int64_t n, TYPE *y)                           \
    {                                                                                              \
        const TYPE   *x       = s->data;                                                           \
        const int64_t dim[]   = { m, n };                                                          \
        int64_t       step[2] = { 0 };                                                             \
                                                                                                   \
        ofz_broadcast_strides(s, 2, dim, step);                                                    \
        for (int64_t i = 0; i < m; i++)                                                            \
            for (int64_t j = 0; j < n; j++) y[i * n + j] = x[i * step[0] + j * step[1]];           \
    }

SPREAD(spread_f32, float)
SPREAD(spread_f64, double)

static ofz_status gemm_run(ofz_eval_call *c)
{
    const gemm_attrs *at = c->attrs;
    const ofz_tensor *s  = c->in_count > 2 ? c->in[2] : NULL;
    ofz_gemm          g  = gemm_shape(at, c->in[0], c->in[1]);

    if (s && at->beta != 0) {
        g.beta = (double)at->beta;
        OFZ_BY_FLOAT(c, spread, s, g.m, g.n, c->out[0]->data);
    }
    return gemm_any(c->ctx, c->in[0]->dtype == OFZ_F64, &g, c->in[0]->data, 0, c->in[1]->data, 0,
                    c->out[0]->data, 0);
}

/* Integer Gemm multiplies by alpha and beta as floats do and truncates; with both 1, which is what
 * models have, it wraps around exactly. */
static ofz_status gemm_integer(ofz_eval_call *c)
{
    const gemm_attrs *at = c->attrs;
    const ofz_tensor *a = c->in[0], *b = c->in[1], *s = c->in_count > 2 ? c->in[2] : NULL;
    const ofz_gemm    g       = gemm_shape(at, a, b);
    const int64_t     dim[]   = { g.m, g.n };
    int64_t           step[2] = { 0 };
    const bool        plain   = at->alpha == 1 && (!s || at->beta == 1);

    if (!plain)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "alpha and beta of an integer product: %.9g and "
                        "%.9g, want 1",
                        (double)at->alpha, (double)at->beta);
    if (s) ofz_broadcast_strides(s, 2, dim, step);
    for (int64_t i = 0; i < g.m; i++)
        for (int64_t j = 0; j < g.n; j++) {
            uint64_t sum =
                s ? (uint64_t)ofz_elem_i64(s->dtype, s->data, i * step[0] + j * step[1]) : 0;

            for (int64_t k = 0; k < g.k; k++) {
                const int64_t ia = g.trans_a ? k * g.lda + i : i * g.lda + k;
                const int64_t ib = g.trans_b ? j * g.ldb + k : k * g.ldb + j;

                sum += (uint64_t)ofz_elem_i64(a->dtype, a->data, ia) *
                       (uint64_t)ofz_elem_i64(b->dtype, b->data, ib);
            }
            ofz_elem_set_i64(a->dtype, c->out[0]->data, i * g.n + j, (int64_t)sum);
        }
    return OFZ_OK;
}

static ofz_status gemm_eval(ofz_eval_call *c)
{
    const ofz_dtype t = c->in[0]->dtype;

    if (t == OFZ_I32 || t == OFZ_U32 || t == OFZ_I64 || t == OFZ_U64) return gemm_integer(c);
    return ofz_eval_floats(c, gemm_run);
}

/* GemmGradA(a, b, dy): alpha dy b'^T, transposed again where a was. */
static ofz_status gemm_grad_a_run(ofz_eval_call *c)
{
    const gemm_attrs *at   = c->attrs;
    const bool        wide = c->in[0]->dtype == OFZ_F64;
    const ofz_gemm    f    = gemm_shape(at, c->in[0], c->in[1]);
    ofz_gemm          g    = { .alpha = f.alpha, .k = f.n, .ldc = f.lda };

    if (f.trans_a) {
        g.m       = f.k;
        g.n       = f.m;
        g.trans_a = f.trans_b;
        g.trans_b = true;
        g.lda     = f.ldb;
        g.ldb     = f.n;
        return gemm_any(c->ctx, wide, &g, c->in[1]->data, 0, c->in[2]->data, 0, c->out[0]->data, 0);
    }
    g.m       = f.m;
    g.n       = f.k;
    g.trans_b = !f.trans_b;
    g.lda     = f.n;
    g.ldb     = f.ldb;
    return gemm_any(c->ctx, wide, &g, c->in[2]->data, 0, c->in[1]->data, 0, c->out[0]->data, 0);
}

/* GemmGradB(a, b, dy): alpha a'^T dy, transposed again where b was. */
static ofz_status gemm_grad_b_run(ofz_eval_call *c)
{
    const gemm_attrs *at   = c->attrs;
    const bool        wide = c->in[0]->dtype == OFZ_F64;
    const ofz_gemm    f    = gemm_shape(at, c->in[0], c->in[1]);
    ofz_gemm          g    = { .alpha = f.alpha, .k = f.m, .ldc = f.ldb };

    if (f.trans_b) {
        g.m       = f.n;
        g.n       = f.k;
        g.trans_a = true;
        g.trans_b = f.trans_a;
        g.lda     = f.n;
        g.ldb     = f.lda;
        return gemm_any(c->ctx, wide, &g, c->in[2]->data, 0, c->in[0]->data, 0, c->out[0]->data, 0);
    }
    g.m       = f.k;
    g.n       = f.n;
    g.trans_a = !f.trans_a;
    g.lda     = f.lda;
    g.ldb     = f.n;
    return gemm_any(c->ctx, wide, &g, c->in[0]->data, 0, c->in[2]->data, 0, c->out[0]->data, 0);
}

/* GemmGradC(c, dy): beta dy, summed in double over the axes along which c repeats, rows first. */
#define GATHER(name, TYPE)                                                                         \
    static void name(const ofz_tensor *s, double beta, int64_t m, int64_t n, const TYPE *dy,       \
                     double *sum, TYPE *dc)                                                        \
    {                                                                                              \
        const int64_t dim[]   = { m, n };                                                          \
        int64_t       step[2] = { 0 };                                                             \
                                                                                                   \
        ofz_broadcast_strides(s, 2, dim, step);                                                    \
        for (int64_t i = 0; i < m; i++)                                                            \
            for (int64_t j = 0; j < n; j++)                                                        \
                sum[i * step[0] + j * step[1]] += (double)dy[i * n + j];                           \
        for (int64_t i = 0; i < s->count; i++) dc[i] = (TYPE)(beta * sum[i]);                      \
    }

GATHER(gather_f32, float)
GATHER(gather_f64, double)

static ofz_status gemm_grad_c_run(ofz_eval_call *c)
{
    const gemm_attrs *at = c->attrs;
    const ofz_tensor *s = c->in[0], *dy = c->in[1];
    ofz_tensor        sum;

    OFZ_TRY(ofz_tensor_new(c->ctx, &sum, OFZ_F64, s->rank, s->dim));
    if (sum.size) memset(sum.data, 0, sum.size);
    OFZ_BY_FLOAT(c, gather, s, (double)at->beta, dy->dim[0], dy->dim[1], dy->data, sum.data,
                 c->out[0]->data);
    ofz_tensor_release(&sum);
    return OFZ_OK;
}

static ofz_status gemm_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->node->in[0], g->node->in[1], g->dy[0] };

    if (g->need[0]) OFZ_TRY(ofz_emit_grad(g, "GemmGradA", 3, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(ofz_emit_grad(g, "GemmGradB", 3, in, &g->dx[1]));
    if (g->node->in_count > 2 && g->node->in[2] && g->need[2]) {
        ofz_value *const two[] = { g->node->in[2], g->dy[0] };

        OFZ_TRY(ofz_emit_grad(g, "GemmGradC", 2, two, &g->dx[2]));
    }
    return OFZ_OK;
}

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(matmul_grad_a)
EVAL(matmul_grad_b)
EVAL(gemm_grad_a)
EVAL(gemm_grad_b)
EVAL(gemm_grad_c)

/* --- the table -------------------------------------------------------------------------------- */

#define GEMM_ATTRS                                                                                 \
    { "alpha", OFZ_ATTR_FLOAT, offsetof(gemm_attrs, alpha), .f = 1 },                              \
        { "beta", OFZ_ATTR_FLOAT, offsetof(gemm_attrs, beta), .f = 1 },                            \
        { "transA", OFZ_ATTR_INT, offsetof(gemm_attrs, trans_a) },                                 \
    {                                                                                              \
        "transB", OFZ_ATTR_INT, offsetof(gemm_attrs, trans_b)                                      \
    }

/* clang-format off */
static const ofz_attr_def gemm_def[]  = { GEMM_ATTRS, { 0 } };
/* `broadcast` of the first versions only permits what is done here by itself. */
static const ofz_attr_def gemm1_def[] = {
    GEMM_ATTRS, { "broadcast", OFZ_ATTR_INT, OFZ_ATTR_IGNORED }, { 0 },
};

#define ONE     { 1, 1 }
#define TWO     { 2, 2 }
#define THREE   { 3, 3 }
#define PURE    OFZ_OP_PURE
#define GEMM1   gemm1_def, sizeof(gemm_attrs)
#define GEMM    gemm_def, sizeof(gemm_attrs)
#define NONE    NULL, 0

static const ofz_op rows[] = {
    { "Gemm", 1, THREE, ONE, PURE, GEMM1, gemm_infer, gemm_eval, gemm_grad, "xwb" },
    { "Gemm", 6, THREE, ONE, PURE, GEMM1, gemm_infer, gemm_eval, gemm_grad, "xwb" },
    { "Gemm", 7, THREE, ONE, PURE, GEMM, gemm_infer, gemm_eval, gemm_grad, "xwb" },
    { "Gemm", 9, THREE, ONE, PURE, GEMM, gemm_infer, gemm_eval, gemm_grad, "xwb" },
    { "Gemm", 11, { 2, 3 }, ONE, PURE, GEMM, gemm_infer, gemm_eval, gemm_grad, "xwb" },
    { "Gemm", 13, { 2, 3 }, ONE, PURE, GEMM, gemm_infer, gemm_eval, gemm_grad, "xwb" },
    { "MatMul", 1, TWO, ONE, PURE, NONE, matmul_infer, matmul_eval, matmul_grad, "ww" },
    { "MatMul", 9, TWO, ONE, PURE, NONE, matmul_infer, matmul_eval, matmul_grad, "ww" },
    { "MatMul", 13, TWO, ONE, PURE, NONE, matmul_infer, matmul_eval, matmul_grad, "ww" },
    { "MatMulInteger", 10, { 2, 4 }, ONE, PURE, NONE, matmul_integer_infer, matmul_integer_eval,
      NULL, "wwqq" },
    { "GemmGradA", 1, THREE, ONE, PURE, GEMM1, ofz_infer_same, gemm_grad_a_eval, NULL, "xwx", "ofz" },
    { "GemmGradB", 1, THREE, ONE, PURE, GEMM1, grad_b_infer, gemm_grad_b_eval, NULL, "xwx", "ofz" },
    { "GemmGradC", 1, TWO, ONE, PURE, GEMM1, ofz_infer_same, gemm_grad_c_eval, NULL, "bx", "ofz" },
    { "MatMulGradA", 1, THREE, ONE, PURE, NONE, ofz_infer_same, matmul_grad_a_eval, NULL, "wwx",
      "ofz" },
    { "MatMulGradB", 1, THREE, ONE, PURE, NONE, grad_b_infer, matmul_grad_b_eval, NULL, "wwx",
      "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(matrix, rows);
