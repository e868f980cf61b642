/* random_judge.c - see random_judge.h.
 *
 * Bounds for means. What Bernoulli draws from an input of the model has known expectations p. For the
 * sum S of all draws, with V the sum of p (1 - p), Bernstein's inequality says
 *     P(|S - E S| > t) <= 2 exp(-t^2 / (2 (V + t / 3)))
 * which is 1e-9 for t = L / 3 + sqrt(L^2 / 9 + 2 V L), L = ln(2e9). For everything else there is but the
 * record: the two means may differ by 6 standard errors, of which a short record has large ones. (ONNX's
 * expansion of Bernoulli yields 1 with probability 1 - p; its ten recorded numbers do not tell.) */
#include "api/random_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/evaluate.h"
#include "ops/op.h"

enum { RUNS = 256 };

/* --- who draws -------------------------------------------------------------------------------- */

static bool graph_draws(const ofz_graph *g);

static bool node_draws(const ofz_node *n)
{
    const ofz_op *op = ofz_op_find(n->domain, n->op_type, n->opset);

    if (op && op->flags & OFZ_OP_RANDOM) return true;
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type == OFZ_ATTR_GRAPH && n->attr[i].u.g && graph_draws(n->attr[i].u.g))
            return true;
    return false;
}

/* As deep as the reader allowed graphs to nest. */
static bool graph_draws(const ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++)
        if (node_draws(g->node.item[i])) return true;
    return false;
}

bool ofz_random_trace(const ofz_model *model)
{
    const ofz_graph *g     = model->graph;
    bool             found = false;

    for (size_t i = 0; i < g->value.count; i++) ((ofz_value *)g->value.item[i])->scratch = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n    = g->node.item[i];
        bool            draw = node_draws(n);

        for (size_t k = 0; k < n->in_count; k++) draw = draw || (n->in[k] && n->in[k]->scratch);
        for (size_t k = 0; draw && k < n->out_count; k++)
            if (n->out[k]) n->out[k]->scratch = 1;
    }
    for (size_t i = 0; i < g->output.count; i++)
        found = found || ((const ofz_value *)g->output.item[i])->scratch;
    return found;
}

/* A seed of its own makes a node draw the same in every run. */
static bool model_seeded(const ofz_model *model)
{
    for (size_t i = 0; i < model->graph->node.count; i++)
        if (ofz_node_attr(model->graph->node.item[i], "seed")) return true;
    return false;
}

/* --- sums ------------------------------------------------------------------------------------- */

typedef struct draws {
    double  sum, sum_sq;
    int64_t count;
    bool    bits; /* only 0 and 1 */
} draws;

static void draws_add(draws *d, const ofz_tensor *t)
{
    for (int64_t i = 0; i < t->count; i++) {
        const double x = ofz_elem_f64(t->dtype, t->data, i);

        d->sum += x;
        d->sum_sq += x * x;
        d->bits = d->bits && (x == 0 || x == 1);
    }
    d->count += t->count;
}

/* Of the mean, squared. */
static double error_sq(const draws *d)
{
    const double n = (double)d->count, mean = d->sum / n;

    return fmax(d->sum_sq / n - mean * mean, 0) / n;
}

/* Where `v` is drawn by Bernoulli from an input of the model: its probabilities; else NULL. */
static const ofz_tensor *probabilities(const ofz_value *v, const ofz_arrays *inputs)
{
    const ofz_node *n = v->producer;
    int             i;

    if (!n || n->domain[0] || strcmp(n->op_type, "Bernoulli") != 0) return NULL;
    i = ofz_arrays_find(inputs, n->in[0]->name);
    return i < 0 ? NULL : &((const ofz_named *)inputs->item.item[i])->t;
}

static ofz_status mean_judge(ofz_ctx *ctx, const char *name, const draws *got, const draws *record,
                             const ofz_tensor *p)
{
    const double n = (double)got->count, log_risk = log(2e9);
    double       want = record->sum / (double)record->count, within;

    if (!got->count) return OFZ_OK;
    if (p) {
        const double runs = n / (double)p->count;
        draws        d    = { 0 };
        double       v;

        draws_add(&d, p);
        v      = runs * (d.sum - d.sum_sq); /* p (1 - p) */
        want   = d.sum / (double)p->count;
        within = (log_risk / 3 + sqrt(log_risk * log_risk / 9 + 2 * v * log_risk)) / n;
    } else {
        within = 6 * sqrt(error_sq(got) + error_sq(record));
    }
    if (fabs(got->sum / n - want) <= within) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_DIFFERENT,
                    "output '%s': the mean of %" PRId64 " draws is %.9g, want %.9g within %.3g",
                    name, got->count, got->sum / n, want, within);
}

/* --- runs ------------------------------------------------------------------------------------- */

/* Take one run's outputs into got[]. */
static ofz_status run_take(ofz_ctx *ctx, const ofz_graph *g, const ofz_tensor *out,
                           const ofz_tensor *want, draws *got)
{
    for (size_t i = 0; i < g->output.count; i++) {
        const ofz_value *v = g->output.item[i];

        if (!v->scratch || !want[i].dtype) continue;
        if (!ofz_tensor_same_shape(&out[i], &want[i]) || want[i].dtype == OFZ_STRING ||
            ofz_dtype_is_container(want[i].dtype))
            return ofz_fail(ctx, OFZ_E_DIFFERENT,
                            "output '%s': numbers of another type or shape than the record",
                            v->name);
        draws_add(&got[i], &out[i]);
    }
    return OFZ_OK;
}

static ofz_status runs_take(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *inputs,
                            const ofz_tensor *want, ofz_tensor *out, draws *got)
{
    const int runs = model_seeded(model) ? 1 : RUNS;

    for (int r = 0; r < runs; r++) {
        ofz_status st;

        OFZ_TRY(ofz_model_evaluate(ctx, model, (const ofz_named *const *)inputs->item.item,
                                   ofz_arrays_count(inputs), (uint64_t)r, out));
        st = run_take(ctx, model->graph, out, want, got);
        for (size_t i = 0; i < model->graph->output.count; i++) ofz_tensor_release(&out[i]);
        if (st) return st;
    }
    return OFZ_OK;
}

static ofz_status output_judge(ofz_ctx *ctx, const ofz_value *v, const ofz_arrays *inputs,
                               const ofz_tensor *want, const draws *got)
{
    draws record = { .bits = true };

    draws_add(&record, want);
    if (record.bits && !got->bits)
        return ofz_fail(ctx, OFZ_E_DIFFERENT, "output '%s': other numbers, want 0 and 1", v->name);
    return mean_judge(ctx, v->name, got, &record, probabilities(v, inputs));
}

ofz_status ofz_random_judge(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *inputs,
                            const ofz_tensor *want)
{
    const ofz_list *output = &model->graph->output;
    draws          *got    = calloc(output->count + 1, sizeof *got);
    ofz_tensor     *out    = calloc(output->count + 1, sizeof *out);
    ofz_status      st     = OFZ_OK;

    if (!got || !out) OFZ_GOTO(ofz_fail_nomem(ctx, "outputs", output->count * sizeof *out));
    for (size_t i = 0; i < output->count; i++) got[i].bits = true;
    OFZ_GOTO(runs_take(ctx, model, inputs, want, out, got));
    for (size_t i = 0; i < output->count; i++) {
        const ofz_value *v = output->item[i];

        if (v->scratch && want[i].dtype) OFZ_GOTO(output_judge(ctx, v, inputs, &want[i], &got[i]));
    }
done:
    free(got);
    free(out);
    return st;
}
