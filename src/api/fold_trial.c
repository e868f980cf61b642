/* fold_trial.c - see fold_trial.h. */
#include "api/fold_trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* --- inputs ----------------------------------------------------------------------------------- */

/* One way of choosing: sizes for unknown dims, of even and of odd runs, and a bound for integers. */
static const struct attempt {
    int64_t  size[2];
    uint64_t below;
} attempts[] = {
    { { 2, 3 }, 4 },   { { 1, 2 }, 2 },     { { 2, 3 }, 1 },       { { 8, 9 }, 2 },
    { { 16, 17 }, 2 }, { { 32, 40 }, 2 },   { { 64, 96 }, 2 },     { { 1, 1 }, 2 },
    { { 1, 1 }, 1 },   { { 224, 256 }, 2 }, { { 1000, 1600 }, 2 },
};

static void fill(ofz_tensor *t, ofz_rng *rng, uint64_t below)
{
    const ofz_dtype_class cls = ofz_dtype_get(t->dtype)->cls;

    memset(t->data, 0, t->size);
    for (int64_t i = 0; i < t->count; i++) switch (cls) {
        case OFZ_CLASS_FLOAT:
            ofz_elem_set_f64(t->dtype, t->data, i, 2 * ofz_rng_double(rng) - 1);
            break;
        case OFZ_CLASS_INT:
        case OFZ_CLASS_UINT:
            ofz_elem_set_i64(t->dtype, t->data, i, (int64_t)ofz_rng_below(rng, below));
            break;
        case OFZ_CLASS_BOOL:
            ((uint8_t *)t->data)[i] = (uint8_t)ofz_rng_below(rng, 2);
            break;
        case OFZ_CLASS_COMPLEX:
            if (t->dtype == OFZ_C64)
                ((float *)t->data)[2 * i] = (float)ofz_rng_double(rng);
            else
                ((double *)t->data)[2 * i] = ofz_rng_double(rng);
            break;
        default:
            break; /* empty strings */
        }
}

static ofz_status input_make(ofz_ctx *ctx, const ofz_value *v, int64_t size, uint64_t below,
                             ofz_rng *rng, ofz_arrays *to)
{
    int64_t    dim[OFZ_MAX_RANK];
    ofz_tensor t;
    ofz_status st;

    if (v->kind != OFZ_KIND_TENSOR || !v->type.dtype)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "input '%.100s': not a tensor of a known type",
                        v->name);
    for (int i = 0; i < v->type.rank; i++) dim[i] = v->type.dim[i] < 0 ? size : v->type.dim[i];
    OFZ_TRY(ofz_tensor_new(ctx, &t, v->type.dtype, v->type.rank < 0 ? 0 : v->type.rank, dim));
    fill(&t, rng, below);
    st = ofz_arrays_put(ctx, to, v->name, &t);
    if (st) ofz_tensor_release(&t);
    return st;
}

static ofz_status inputs_make(ofz_ctx *ctx, const ofz_model *model, const struct attempt *how,
                              uint64_t seed, int run, ofz_arrays *to)
{
    ofz_rng rng;

    ofz_rng_seed(&rng, seed + (uint64_t)run);
    for (size_t i = 0; i < model->graph->input.count; i++) {
        const ofz_value *v = model->graph->input.item[i];

        if (!v->constant)
            OFZ_TRY(input_make(ctx, v, how->size[run % 2] + run / 2, how->below, &rng, to));
    }
    return OFZ_OK;
}

/* --- recording -------------------------------------------------------------------------------- */

void ofz_trial_free(ofz_trial *trial)
{
    for (size_t i = 0; trial->out && i < trial->out_count; i++) ofz_tensor_release(&trial->out[i]);
    free(trial->out);
    ofz_arrays_free(trial->in);
    *trial = (ofz_trial){ 0 };
}

/* Nobody who asks for a fold waits for a loop without end: a run that is only there to compare may do so
 * much, some minutes, unless the limits allow less. */
static ofz_status trial_run(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *in,
                            ofz_tensor *out)
{
    static const int64_t most_work = (int64_t)1 << 36, most_loops = 1 << 16;
    const ofz_limits     limits = ctx->limits;
    ofz_status           st;

    if (ctx->limits.work_count > most_work) ctx->limits.work_count = most_work;
    if (ctx->limits.loop_count > most_loops) ctx->limits.loop_count = most_loops;
    st          = ofz_model_evaluate(ctx, model, (const ofz_named *const *)in->item.item,
                                     ofz_arrays_count(in), 0, out);
    ctx->limits = limits;
    return st;
}

ofz_status ofz_trial_new(ofz_ctx *ctx, const ofz_model *model, uint64_t seed, int run,
                         ofz_trial *out)
{
    const size_t count = model->graph->output.count;
    char         first[sizeof ctx->text];
    ofz_trial    t  = { 0 };
    ofz_status   st = OFZ_OK;

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        t.out       = calloc(count + 1, sizeof *t.out);
        t.out_count = t.out ? count : 0;
        st          = t.out ? OFZ_OK : ofz_fail_nomem(ctx, "outputs", count * sizeof *t.out);
        if (!st) st = ofz_arrays_new(ctx, &t.in);
        if (!st) st = inputs_make(ctx, model, &attempts[i], seed, run, t.in);
        if (!st) st = trial_run(ctx, model, t.in, t.out);
        if (!st) break;
        ofz_trial_free(&t);
        if (!i) memcpy(first, ctx->text, sizeof first);
        if (st == OFZ_E_NOMEM || st == OFZ_E_LIMIT || ctx->status == OFZ_E_UNSUPPORTED) break;
    }
    if (!st) {
        *out         = t;
        ctx->status  = OFZ_OK;
        ctx->text[0] = '\0';
        ctx->hint[0] = '\0';
        return OFZ_OK;
    }
    if (st == OFZ_E_NOMEM) return st;
    ofz_fail(ctx, OFZ_E_UNSUPPORTED, "cannot be verified on random inputs: %.500s", first);
    return ofz_fix(ctx, OFZ_E_UNSUPPORTED, "--verify 0 goes without");
}

/* --- comparing -------------------------------------------------------------------------------- */

static double largest_of(const ofz_tensor *t)
{
    double most = 0;

    if (!ofz_dtype_is_float(t->dtype)) return 0;
    for (int64_t i = 0; i < t->count; i++) {
        const double x = fabs(ofz_elem_f64(t->dtype, t->data, i));

        if (isfinite(x) && x > most) most = x;
    }
    return most;
}

/* Half precision has no more digits than these. */
static double tolerance_of(ofz_dtype dtype, double tolerance)
{
    const double least = dtype == OFZ_F16 ? 5e-3 : dtype == OFZ_BF16 ? 4e-2 : 0;

    return tolerance > least ? tolerance : least;
}

static ofz_status output_compare(ofz_ctx *ctx, const char *name, const ofz_tensor *got,
                                 const ofz_tensor *want, double tolerance, ofz_fold_check *check)
{
    const double   tol     = tolerance_of(want->dtype, tolerance);
    const double   largest = largest_of(want);
    ofz_comparison c;
    char           a[128], b[128];

    if (!ofz_tensor_compare(got, want, tol, tol * largest, &c))
        return ofz_fail(
            ctx, OFZ_E_DIFFERENT, "output '%.100s': %s %s, want %s %s", name,
            ofz_dtype_name(got->dtype), ofz_shape_text(a, sizeof a, got->rank, got->dim),
            ofz_dtype_name(want->dtype), ofz_shape_text(b, sizeof b, want->rank, want->dim));
    check->output = name;
    check->runs++;
    check->count += (size_t)want->count;
    if (c.max_abs > check->max_abs) check->max_abs = c.max_abs;
    if (largest > check->largest) check->largest = largest;
    if (!c.bad_count) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_DIFFERENT,
                    "output '%.100s': %" PRId64 " of %" PRId64
                    " elements differ, by up to %.3g, want at most %.3g",
                    name, c.bad_count, want->count, c.max_abs, tol * largest);
}

ofz_status ofz_trial_compare(ofz_ctx *ctx, const ofz_model *model, const ofz_trial *trial,
                             double tolerance, ofz_fold_check *check)
{
    const ofz_graph *g   = model->graph;
    ofz_tensor      *out = calloc(trial->out_count + 1, sizeof *out);
    ofz_status       st  = OFZ_OK;

    if (!out) OFZ_GOTO(ofz_fail_nomem(ctx, "outputs", trial->out_count * sizeof *out));
    OFZ_GOTO(trial_run(ctx, model, trial->in, out));
    for (size_t i = 0; i < trial->out_count; i++)
        OFZ_GOTO(output_compare(ctx, ((const ofz_value *)g->output.item[i])->name, &out[i],
                                &trial->out[i], tolerance, &check[i]));
done:
    for (size_t i = 0; out && i < trial->out_count; i++) ofz_tensor_release(&out[i]);
    free(out);
    return st;
}
