/* ops_text_ngram.c - TfIdfVectorizer: how often runs of words or numbers occur, gaps allowed. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/lookup.h"
#include "ops/move.h"

typedef struct ngram_attrs {
    int64_t     shortest, longest, skips;
    ofz_ints    starts, columns, pool_ints;
    ofz_strings pool_texts;
    ofz_floats  weights;
    ofz_string  mode;
} ngram_attrs;

typedef enum ngram_mode { MODE_TF, MODE_IDF, MODE_TFIDF } ngram_mode;

/* --- attributes ------------------------------------------------------------------------------- */

static ofz_status mode_get(ofz_ctx *ctx, const ngram_attrs *a, ngram_mode *out)
{
    static const char *const name[] = { "TF", "IDF", "TFIDF" };
    int                      k;

    OFZ_TRY(ofz_text_choose(ctx, "mode", a->mode, name, 3, &k));
    *out = (ngram_mode)k;
    return OFZ_OK;
}

static int64_t pool_size(const ngram_attrs *a)
{
    return (int64_t)(a->pool_ints.count + a->pool_texts.count);
}

/* Where the n-grams of length n end in the pool. */
static int64_t pool_end(const ngram_attrs *a, int64_t n)
{
    return n < (int64_t)a->starts.count ? a->starts.v[n] : pool_size(a);
}

/* Lengths, pool and where its parts begin fit together; *grams: how many n-grams it holds. */
static ofz_status pool_check(ofz_ctx *ctx, const ngram_attrs *a, int64_t *grams)
{
    *grams = 0;
    if (a->shortest < 1 || a->longest < a->shortest || a->longest > (int64_t)a->starts.count)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "gram lengths: %" PRId64 " to %" PRId64 ", want within 1 to %zu as "
                        "ngram_counts",
                        a->shortest, a->longest, a->starts.count);
    if (!a->pool_ints.count == !a->pool_texts.count)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "pool: %zu numbers and %zu texts, want one of the two to be empty",
                        a->pool_ints.count, a->pool_texts.count);
    if (a->skips < 0)
        return ofz_fail(ctx, OFZ_E_MODEL, "max_skip_count: %" PRId64 ", want 0 or more", a->skips);
    for (int64_t n = 1; n <= (int64_t)a->starts.count; n++) {
        const int64_t from = a->starts.v[n - 1], to = pool_end(a, n);

        if (from < 0 || to < from || to > pool_size(a))
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "ngram_counts: %" PRId64 " to %" PRId64
                            ", want within a pool of %" PRId64,
                            from, to, pool_size(a));
        if ((to - from) % n)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "pool: %" PRId64 " elements, want a multiple of %" PRId64, to - from,
                            n);
        *grams += (to - from) / n;
    }
    return OFZ_OK;
}

/* *width: columns of the result. */
static ofz_status columns_check(ofz_ctx *ctx, const ngram_attrs *a, int64_t grams, int64_t *width)
{
    *width = 0;
    if ((int64_t)a->columns.count != grams)
        return ofz_fail(ctx, OFZ_E_MODEL, "ngram_indexes: %zu, want %" PRId64 " as n-grams",
                        a->columns.count, grams);
    for (int64_t i = 0; i < grams; i++) {
        if (a->columns.v[i] < 0 || a->columns.v[i] == INT64_MAX)
            return ofz_fail(ctx, OFZ_E_MODEL, "ngram_indexes: %" PRId64 ", want 0 or more",
                            a->columns.v[i]);
        if (a->columns.v[i] >= *width) *width = a->columns.v[i] + 1;
    }
    if (a->weights.count && (int64_t)a->weights.count != grams)
        return ofz_fail(ctx, OFZ_E_MODEL, "weights: %zu, want %" PRId64 " as n-grams",
                        a->weights.count, grams);
    return OFZ_OK;
}

static ofz_status ngram_infer(ofz_infer_call *c)
{
    const ngram_attrs *a      = c->attrs;
    const ofz_tensor  *x      = c->in[0];
    int64_t            dim[2] = { 0 }, grams;
    ngram_mode         mode;

    OFZ_TRY(mode_get(c->ctx, a, &mode));
    OFZ_TRY(pool_check(c->ctx, a, &grams));
    OFZ_TRY(columns_check(c->ctx, a, grams, &dim[1]));
    if (x->dtype &&
        (a->pool_texts.count ? x->dtype != OFZ_STRING : x->dtype != OFZ_I64 && x->dtype != OFZ_I32))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want %s as the pool",
                        ofz_dtype_name(x->dtype),
                        a->pool_texts.count ? "string" : "int32 or int64");
    if (x->rank < 0) return ofz_infer_unknown(c, 0, OFZ_F32);
    if (x->rank > 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want at most 2", x->rank);
    if (x->rank < 2) return ofz_infer_set(c, 0, OFZ_F32, 1, &dim[1]);
    dim[0] = x->dim[0];
    return ofz_infer_set(c, 0, OFZ_F32, 2, dim);
}

/* --- the pool, sorted ------------------------------------------------------------------------- */

/* The n-grams of one length: in ascending order, where in the pool they begin. */
typedef struct grams {
    int64_t           length, from, first; /* first: its number among all n-grams */
    int64_t           count;
    int64_t          *at;
    const ofz_tensor *pool;
} grams;

static int gram_order(const void *a, const void *b, void *memory)
{
    const grams  *g = memory;
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    int           c = 0;

    for (int64_t k = 0; k < g->length && !c; k++)
        c = ofz_elem_order(g->pool, x + k, g->pool, y + k);
    return c;
}

static ofz_status grams_sort(ofz_ctx *ctx, grams *g)
{
    OFZ_TRY(ofz_scratch(ctx, g->count, sizeof *g->at, &g->at));
    for (int64_t i = 0; i < g->count; i++) g->at[i] = g->from + i * g->length;
    qsort_r(g->at, (size_t)g->count, sizeof *g->at, gram_order, g);
    for (int64_t i = 1; i < g->count; i++)
        if (!gram_order(&g->at[i - 1], &g->at[i], g))
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "pool: the same %" PRId64 "-gram at %" PRId64 " and %" PRId64,
                            g->length, g->at[i - 1], g->at[i]);
    return OFZ_OK;
}

/* The n-gram x[from], x[from + step], ...: its number among those of its length, or -1. */
static int64_t grams_find(const grams *g, const ofz_tensor *x, int64_t from, int64_t step)
{
    int64_t low = 0, high = g->count;

    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        int           c      = 0;

        for (int64_t k = 0; k < g->length && !c; k++)
            c = ofz_elem_order(g->pool, g->at[middle] + k, x, from + k * step);
        if (!c) return (g->at[middle] - g->from) / g->length;
        if (c > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* --- counting --------------------------------------------------------------------------------- */

/* count[i] += how often n-gram g->first + i stands in x[from..from + length). */
static void row_count(const ngram_attrs *a, const grams *g, const ofz_tensor *x, int64_t from,
                      int64_t length, int64_t *count)
{
    const int64_t reach = g->length - 1;
    int64_t       most  = 1; /* steps: gaps make no difference to single elements */

    if (reach) most = (length - 1) / reach < a->skips + 1 ? (length - 1) / reach : a->skips + 1;
    for (int64_t step = 1; g->count && step <= most; step++)
        for (int64_t i = 0; i + reach * step < length; i++) {
            const int64_t found = grams_find(g, x, from + i, step);

            if (found >= 0) count[found]++;
        }
}

/* What the counts of one length come to, into their columns; the counts are 0 again. */
static void row_weigh(const ngram_attrs *a, ngram_mode mode, const grams *g, int64_t *count,
                      float *y)
{
    for (int64_t i = 0; i < g->count; i++) {
        const double n = mode == MODE_IDF ? count[i] > 0 : (double)count[i];
        const double w = mode != MODE_TF && a->weights.count ? a->weights.v[g->first + i] : 1;

        if (count[i]) y[a->columns.v[g->first + i]] += (float)(n * w);
        count[i] = 0;
    }
}

static ofz_status length_count(ofz_eval_call *c, ngram_mode mode, grams *g, const ofz_tensor *x)
{
    const ngram_attrs *a      = c->attrs;
    const int64_t      width  = c->out[0]->dim[c->out[0]->rank - 1];
    const int64_t      length = x->rank ? x->dim[x->rank - 1] : 1;
    const int64_t      rows   = x->rank == 2 ? x->dim[0] : 1;
    int64_t           *count  = NULL;
    ofz_status         st     = OFZ_OK;

    OFZ_GOTO(grams_sort(c->ctx, g));
    OFZ_GOTO(ofz_scratch(c->ctx, g->count, sizeof *count, &count));
    for (int64_t r = 0; r < rows; r++) {
        row_count(a, g, x, r * length, length, count);
        row_weigh(a, mode, g, count, (float *)c->out[0]->data + r * width);
    }
done:
    free(count);
    free(g->at);
    g->at = NULL;
    return st;
}

/* Comparisons that may be needed stay within the limit for loops. */
static ofz_status work_check(ofz_ctx *ctx, const ngram_attrs *a, const ofz_tensor *x)
{
    const int64_t length  = x->rank ? x->dim[x->rank - 1] : 1;
    const int64_t steps   = a->skips < length ? a->skips + 1 : length;
    int64_t       lookups = x->count;

    if (ofz_mul(lookups, steps, &lookups) &&
        ofz_mul(lookups, a->longest - a->shortest + 1, &lookups) &&
        lookups <= ctx->limits.loop_count)
        return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_LIMIT, "n-grams: more than %" PRId64 " to look up",
                    ctx->limits.loop_count);
}

static ofz_status ngram_eval(ofz_eval_call *c)
{
    const ngram_attrs *a = c->attrs;
    const ofz_tensor   pool =
        a->pool_texts.count ? ofz_list_strings(a->pool_texts) : ofz_list_ints(a->pool_ints);
    const ofz_tensor *x    = c->in[0];
    ofz_tensor        wide = { 0 };
    grams             g    = { .pool = &pool };
    ofz_status        st   = OFZ_OK;
    ngram_mode        mode;

    OFZ_TRY(mode_get(c->ctx, a, &mode));
    OFZ_TRY(work_check(c->ctx, a, x));
    if (c->out[0]->size) memset(c->out[0]->data, 0, c->out[0]->size);
    if (x->dtype == OFZ_I32) {
        OFZ_TRY(ofz_tensor_new(c->ctx, &wide, OFZ_I64, x->rank, x->dim));
        for (int64_t i = 0; i < x->count; i++) ((int64_t *)wide.data)[i] = ofz_int_at(x, i);
        x = &wide;
    }
    for (int64_t n = 1; n <= a->longest && !st; n++) {
        g.length = n;
        g.from   = a->starts.v[n - 1];
        g.count  = (pool_end(a, n) - g.from) / n;
        if (n >= a->shortest) st = length_count(c, mode, &g, x);
        g.first += g.count;
    }
    ofz_tensor_release(&wide);
    return st;
}

#define FIELD(f) offsetof(ngram_attrs, f)

static const ofz_attr_def ngram_def[] = {
    { "max_gram_length", OFZ_ATTR_INT, FIELD(longest), .required = true },
    { "max_skip_count", OFZ_ATTR_INT, FIELD(skips), .required = true },
    { "min_gram_length", OFZ_ATTR_INT, FIELD(shortest), .required = true },
    { "mode", OFZ_ATTR_STRING, FIELD(mode), .required = true },
    { "ngram_counts", OFZ_ATTR_INTS, FIELD(starts), .required = true },
    { "ngram_indexes", OFZ_ATTR_INTS, FIELD(columns), .required = true },
    { "pool_int64s", OFZ_ATTR_INTS, FIELD(pool_ints) },
    { "pool_strings", OFZ_ATTR_STRINGS, FIELD(pool_texts) },
    { "weights", OFZ_ATTR_FLOATS, FIELD(weights) },
    { 0 },
};

static const ofz_op rows[] = {
    { "TfIdfVectorizer",
      9,
      { 1, 1 },
      { 1, 1 },
      OFZ_OP_PURE,
      ngram_def,
      sizeof(ngram_attrs),
      ngram_infer,
      ngram_eval },
    { 0 },
};
OFZ_OP_TABLE(text_ngram, rows);
