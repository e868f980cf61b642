/* params.c - gradients added up over a step, and the step. Every element is worked on alone, so that
 * the number of threads does not show in the result. */
#include <math.h>
#include <string.h>

#include "base/threads.h"
#include "train/trainer.h"

enum { CHUNK = 1 << 16 }; /* elements that one thread takes at a time */

static int64_t chunk_count(int64_t count)
{
    return (count + CHUNK - 1) / CHUNK;
}

static int64_t chunk_size(int64_t count, int64_t k)
{
    return count - k * CHUNK < CHUNK ? count - k * CHUNK : CHUNK;
}

void ofz_grads_clear(ofz_trainer *t)
{
    t->summed = false;
}

/* sum = g * scale, or sum += it. */
static void add_f32(const float *g, int64_t count, float scale, bool more, float *sum)
{
    if (more)
        for (int64_t i = 0; i < count; i++) sum[i] += g[i] * scale;
    else
        for (int64_t i = 0; i < count; i++) sum[i] = g[i] * scale;
}

static void add_any(const ofz_tensor *g, double scale, bool more, ofz_tensor *sum)
{
    for (int64_t i = 0; i < g->count; i++) {
        const double before = more ? ofz_elem_f64(sum->dtype, sum->data, i) : 0;

        ofz_elem_set_f64(sum->dtype, sum->data, i,
                         before + ofz_elem_f64(g->dtype, g->data, i) * scale);
    }
}

static void grad_add(ofz_trainer *t, const ofz_tensor *g, double scale, ofz_tensor *sum)
{
    const int64_t chunks = chunk_count(g->count);

    if (g->dtype != OFZ_F32 || sum->dtype != OFZ_F32) {
        add_any(g, scale, t->summed, sum);
        return;
    }
    OFZ_PARALLEL_FOR(t->ctx, g->count)
    for (int64_t k = 0; k < chunks; k++)
        add_f32((const float *)g->data + k * CHUNK, chunk_size(g->count, k), (float)scale,
                t->summed, (float *)sum->data + k * CHUNK);
}

ofz_status ofz_grads_add(ofz_trainer *t, int64_t parts)
{
    for (size_t i = 0; i < t->param_count; i++) {
        ofz_param        *p = &t->param[i];
        const ofz_tensor *g = ofz_exec_get(t->stage.exec, p->grad);

        if (!g || g->count != p->sum.count)
            return ofz_fail(t->ctx, OFZ_E_MODEL,
                            "tensor '%s': gradient of another shape than its own", p->source->name);
        grad_add(t, g, 1 / (double)parts, &p->sum);
    }
    t->summed = true;
    return OFZ_OK;
}

static double square_sum(const ofz_tensor *t)
{
    const bool narrow  = t->dtype == OFZ_F32;
    double     lane[8] = { 0 }, sum = 0;
    int64_t    i = 0;

    for (; narrow && i + 8 <= t->count; i += 8)
        for (int k = 0; k < 8; k++) {
            const double x = (double)((const float *)t->data)[i + k];

            lane[k] += x * x;
        }
    for (; i < t->count; i++) {
        const double x = ofz_elem_f64(t->dtype, t->data, i);

        sum += x * x;
    }
    for (int k = 0; k < 8; k++) sum += lane[k];
    return sum;
}

double ofz_grads_norm(const ofz_trainer *t)
{
    double sum = 0;

    for (size_t i = 0; t->summed && i < t->param_count; i++) sum += square_sum(&t->param[i].sum);
    return sqrt(sum);
}

/* Elements [from, from + count) of one tensor. */
static void param_move(const ofz_trainer *t, ofz_param *p, double rate, double factor, int64_t from,
                       int64_t count)
{
    const uint64_t step = t->state.step + 1;

    if (p->master.dtype == OFZ_F32) {
        float *g       = (float *)p->sum.data + from;
        float *slot[2] = { NULL, NULL };

        for (int k = 0; k < ofz_rule_slots(&t->rule); k++)
            slot[k] = (float *)p->slot[k].data + from;
        for (int64_t i = 0; factor != 1 && i < count; i++) g[i] *= (float)factor;
        ofz_rule_step_f32(&t->rule, rate, step, count, (float *)p->master.data + from, g, slot);
    } else {
        double *g       = (double *)p->sum.data + from;
        double *slot[2] = { NULL, NULL };

        for (int k = 0; k < ofz_rule_slots(&t->rule); k++)
            slot[k] = (double *)p->slot[k].data + from;
        for (int64_t i = 0; factor != 1 && i < count; i++) g[i] *= factor;
        ofz_rule_step_f64(&t->rule, rate, step, count, (double *)p->master.data + from, g, slot);
    }
}

void ofz_params_update(ofz_trainer *t, double lr, double factor)
{
    for (size_t i = 0; i < t->param_count; i++) {
        ofz_param    *p      = &t->param[i];
        const int64_t chunks = chunk_count(p->master.count);
        const double  rate   = lr * p->source->lr_scale;

        /* A step whose targets were all ignored moves by momentum and decay alone. */
        if (!t->summed) memset(p->sum.data, 0, p->sum.size);
        OFZ_PARALLEL_FOR(t->ctx, 4 * p->master.count)
        for (int64_t k = 0; k < chunks; k++)
            param_move(t, p, rate, factor, k * CHUNK, chunk_size(p->master.count, k));
        ofz_param_round(p);
    }
}

void ofz_param_round(ofz_param *p)
{
    if (p->fed.data == p->master.data) return;
    for (int64_t i = 0; i < p->fed.count; i++)
        ofz_elem_set_f64(p->fed.dtype, p->fed.data, i,
                         ofz_elem_f64(p->master.dtype, p->master.data, i));
}
