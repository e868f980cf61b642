/* split.c - orders of samples: a permutation for an epoch, a share kept for validation. Both depend
 * on their seed alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/dataset.h"

/* Streams of one seed must not be each other's: the two uses start from different constants. */
static const uint64_t stream_epoch = 0x9ddfea08eb382d69u, stream_split = 0xc6a4a7935bd1e995u;

void ofz_dataset_shuffle(uint64_t seed, uint64_t epoch, const int64_t *base, size_t count,
                         int64_t *order)
{
    ofz_rng  r;
    uint64_t first;

    ofz_rng_seed(&r, seed ^ stream_epoch);
    first = ofz_rng_next(&r);
    ofz_rng_seed(&r, first + epoch);
    if (count) memcpy(order, base, count * sizeof *order);
    ofz_rng_shuffle(&r, order, count);
}

typedef struct stratum {
    int64_t label;
    int64_t first, count; /* of the samples sorted by label */
    int64_t val;          /* how many go to validation */
    double  rest;         /* what rounding down cost it */
} stratum;

typedef struct keyed {
    int64_t label, sample;
} keyed;

static int keyed_compare(const void *a, const void *b)
{
    const keyed *x = a, *y = b;

    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

static int rest_compare(const void *a, const void *b)
{
    const stratum *x = a, *y = b;

    if (x->rest != y->rest) return x->rest > y->rest ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

static int64_t strata_find(const keyed *k, int64_t count, stratum *s)
{
    int64_t n = 0;

    for (int64_t i = 0; i < count; i++) {
        if (i == 0 || k[i].label != k[i - 1].label)
            s[n++] = (stratum){ .label = k[i].label, .first = i };
        s[n - 1].count++;
    }
    return n;
}

/* Give each class its share, rounded so that all shares make `want`; a class keeps one sample. Further
 * rounds hand out what small classes could not give. Returns how many were given. */
static int64_t strata_share(stratum *s, int64_t n, int64_t count, int64_t want)
{
    int64_t given = 0;

    for (int64_t i = 0; i < n; i++) {
        const double exact = (double)s[i].count * (double)want / (double)count;

        s[i].val  = (int64_t)floor(exact);
        s[i].rest = exact - floor(exact);
        if (s[i].val > s[i].count - 1) s[i].val = s[i].count - 1;
        given += s[i].val;
    }
    qsort(s, (size_t)n, sizeof *s, rest_compare);
    for (bool more = true; given < want && more;) {
        more = false;
        for (int64_t i = 0; i < n && given < want; i++)
            if (s[i].val < s[i].count - 1) {
                s[i].val++;
                given++;
                more = true;
            }
    }
    return given;
}

/* Put the chosen samples behind the others, both ascending. */
static void order_part(const bool *chosen, int64_t count, int64_t *order, int64_t *val_count)
{
    int64_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        if (pass) *val_count = count - n;
        for (int64_t i = 0; i < count; i++)
            if (chosen[i] == (pass == 1)) order[n++] = i;
    }
}

static void strata_choose(const keyed *k, const stratum *s, int64_t n, ofz_rng *r, int64_t *pool,
                          bool *chosen)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < s[i].count; j++) pool[j] = k[s[i].first + j].sample;
        ofz_rng_shuffle(r, pool, (size_t)s[i].count);
        for (int64_t j = 0; j < s[i].val; j++) chosen[pool[j]] = true;
    }
}

ofz_status ofz_dataset_split(ofz_ctx *ctx, const ofz_dataset *ds, ofz_loss loss, double share,
                             uint64_t seed, int64_t *order, int64_t *val_count)
{
    const ofz_tensor *t = ds->target.array;
    bool classes = loss == OFZ_LOSS_CE && t && ds->target.dtype == OFZ_I64 && t->count == ds->count;
    const size_t count  = (size_t)ds->count;
    keyed       *k      = NULL;
    stratum     *s      = NULL;
    bool        *chosen = NULL;
    ofz_status   st     = OFZ_OK;
    int64_t      want, n;
    ofz_rng      r;

    if (!(share > 0 && share < 1))
        return ofz_fail(ctx, OFZ_E_ARG, "validation split: %.9g, want between 0 and 1", share);
    if (ds->count < 2) return ofz_fail(ctx, OFZ_E_DATA, "data: 1 sample, want at least 2 to split");
    want = llround(share * (double)ds->count);
    want = want < 1 ? 1 : want >= ds->count ? ds->count - 1 : want;

    k      = calloc(count, sizeof *k);
    s      = calloc(count, sizeof *s);
    chosen = calloc(count, sizeof *chosen);
    if (!k || !s || !chosen) OFZ_GOTO(ofz_fail_nomem(ctx, "split", count * sizeof *k));
    do { /* a second time, as one class, when every sample has a class to itself */
        for (int64_t i = 0; i < ds->count; i++)
            k[i] = (keyed){ classes ? ofz_elem_i64(t->dtype, t->data, i) : 0, i };
        qsort(k, count, sizeof *k, keyed_compare);
        n       = strata_find(k, ds->count, s);
        classes = false;
    } while (!strata_share(s, n, ds->count, want));
    ofz_rng_seed(&r, seed ^ stream_split);
    strata_choose(k, s, n, &r, order, chosen); /* order serves as the pool */
    order_part(chosen, ds->count, order, val_count);
done:
    free(k);
    free(s);
    free(chosen);
    return st;
}
