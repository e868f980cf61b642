/* resume.c - the run as a checkpoint, and back.
 *
 * Sections: "run", what must be the same in both runs, as lines "key=value"; "state"; then of every
 * trained tensor its weights, the optimizer's state and, with validation, the best weights; then
 * the running statistics alike. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "train/checkpoint.h"
#include "train/trainer.h"

_Static_assert(sizeof(ofz_train_state) == 14 * sizeof(uint64_t),
               "the state is written as it stands");

/* --- what must be the same -------------------------------------------------------------------- */

static void hash_text(XXH3_state_t *h, const char *text)
{
    XXH3_128bits_update(h, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void hash_tensor(XXH3_state_t *h, const ofz_tensor *t, bool bytes)
{
    const int64_t head[2] = { t->dtype, t->rank };

    XXH3_128bits_update(h, head, sizeof head);
    if (t->rank > 0) XXH3_128bits_update(h, t->dim, (size_t)t->rank * sizeof *t->dim);
    if (!bytes || !t->data) return;
    if (t->dtype != OFZ_STRING) {
        XXH3_128bits_update(h, t->data, t->size);
        return;
    }
    for (int64_t i = 0; i < t->count; i++) {
        const ofz_string *s = (const ofz_string *)t->data + i;

        XXH3_128bits_update(h, &s->size, sizeof s->size);
        if (s->size) XXH3_128bits_update(h, s->text, s->size);
    }
}

static void hash_column(XXH3_state_t *h, const ofz_column *c)
{
    hash_text(h, c->input ? c->input->name : "");
    hash_text(h, c->name);
    hash_tensor(h, c->array, true);
}

static const char *hash_end(ofz_trainer *t, XXH3_state_t *h)
{
    const XXH128_hash_t x = XXH3_128bits_digest(h);

    return ofz_arena_printf(&t->arena, "%016" PRIx64 "%016" PRIx64, (uint64_t)x.high64,
                            (uint64_t)x.low64);
}

static const char *data_hash(ofz_trainer *t, const ofz_dataset *ds, XXH3_state_t *h)
{
    XXH3_128bits_reset(h);
    for (size_t i = 0; i < ds->input_count; i++) hash_column(h, &ds->input[i]);
    hash_column(h, &ds->target);
    return hash_end(t, h);
}

static void hash_attr(XXH3_state_t *h, const ofz_attr *a)
{
    hash_text(h, a->name);
    switch (a->type) {
    case OFZ_ATTR_FLOAT:
        XXH3_128bits_update(h, &a->u.f, sizeof a->u.f);
        break;
    case OFZ_ATTR_INT:
        XXH3_128bits_update(h, &a->u.i, sizeof a->u.i);
        break;
    case OFZ_ATTR_STRING:
        if (a->u.s.size) XXH3_128bits_update(h, a->u.s.text, a->u.s.size);
        break;
    case OFZ_ATTR_INTS:
        if (a->u.ints.count)
            XXH3_128bits_update(h, a->u.ints.v, a->u.ints.count * sizeof *a->u.ints.v);
        break;
    case OFZ_ATTR_FLOATS:
        if (a->u.floats.count)
            XXH3_128bits_update(h, a->u.floats.v, a->u.floats.count * sizeof *a->u.floats.v);
        break;
    default:
        break;
    }
}

/* Nodes, and the bytes of every constant that stays: what trains is in the checkpoint. */
static const char *model_hash(ofz_trainer *t, XXH3_state_t *h)
{
    const ofz_graph *g = t->model->graph;

    XXH3_128bits_reset(h);
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        hash_text(h, n->domain);
        hash_text(h, n->op_type);
        XXH3_128bits_update(h, &n->opset, sizeof n->opset);
        for (size_t k = 0; k < n->in_count; k++) hash_text(h, n->in[k] ? n->in[k]->name : "");
        for (size_t k = 0; k < n->out_count; k++) hash_text(h, n->out[k] ? n->out[k]->name : "");
        for (size_t k = 0; k < n->attr_count; k++) hash_attr(h, &n->attr[k]);
    }
    for (size_t i = 0; i < g->value.count; i++) ((ofz_value *)g->value.item[i])->scratch = 0;
    for (size_t i = 0; i < t->param_count; i++) t->param[i].source->scratch = 1;
    for (size_t i = 0; i < t->running_count; i++) t->running[i].source->scratch = 1;
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (!v->constant) continue;
        hash_text(h, v->name);
        hash_tensor(h, v->constant, !v->scratch);
    }
    return hash_end(t, h);
}

static const char *trained_hash(ofz_trainer *t, XXH3_state_t *h)
{
    XXH3_128bits_reset(h);
    for (size_t i = 0; i < t->param_count; i++) {
        hash_text(h, t->param[i].source->name);
        hash_tensor(h, &t->param[i].fed, false);
        XXH3_128bits_update(h, &t->param[i].source->lr_scale, sizeof(double));
    }
    for (size_t i = 0; i < t->running_count; i++) hash_text(h, t->running[i].source->name);
    return hash_end(t, h);
}

static const char *describe(ofz_trainer *t, XXH3_state_t *h)
{
    static const char *const losses[]     = { "ce", "mse", "l1", "huber", "bce" };
    static const char *const optimizers[] = { "sgd", "adam", "adamw" };
    static const char *const schedules[]  = { "constant", "step", "cosine" };
    static const char *const monitors[]   = { "loss", "accuracy", "f1" };
    const ofz_train_options *o            = &t->options;
    const char              *model = model_hash(t, h), *trained = trained_hash(t, h);
    const char              *data = data_hash(t, &t->stage.data, h);
    const char              *val  = o->val ? data_hash(t, &t->val.data, h) : "none";
    const char              *course, *rule, *rest;

    /* Only what matters to the numbers: a run may go on for more epochs when no rate depends on
     * their count, or with another patience. */
    course = ofz_arena_printf(
        &t->arena,
        "schedule=%s\nwarmup=%d\ntotal steps=%" PRIu64 "\nstep size=%d\nstep gamma=%.17g\n",
        schedules[o->schedule], o->warmup, o->schedule == OFZ_COSINE ? t->total_steps : 0,
        o->schedule == OFZ_STEP ? o->step_size : 0, o->schedule == OFZ_STEP ? o->step_gamma : 0);
    rule =
        ofz_arena_printf(&t->arena,
                         "optimizer=%s\nlr=%.17g\nmomentum=%.17g\nnesterov=%d\nweight decay=%.17g\n"
                         "beta1=%.17g\nbeta2=%.17g\neps=%.17g\nclip norm=%.17g\n",
                         optimizers[o->optimizer], o->lr, o->momentum, o->nesterov != 0,
                         o->weight_decay, o->beta1, o->beta2, o->eps, o->clip_norm);
    rest = ofz_arena_printf(
        &t->arena,
        "loss=%s\nbatch norm=%s\nbatch size=%d\naccumulate=%d\nseed=%" PRIu64 "\nshuffle=%d\n"
        "validation share=%.17g\nmonitor=%s\noutput=%s\n",
        losses[o->loss], o->bn == OFZ_BN_BATCH ? "batch" : "frozen", o->batch_size, o->accumulate,
        o->seed, o->shuffle != 0, o->val ? 0 : o->val_split, monitors[o->monitor],
        t->stage.head.output->name);
    if (!model || !trained || !data || !val || !course || !rule || !rest) return NULL;
    return ofz_arena_printf(&t->arena,
                            "%s%s%smodel=%s\ntrained tensors=%s\ntraining data=%s\n"
                            "validation data=%s\n",
                            rule, course, rest, model, trained, data, val);
}

ofz_status ofz_trainer_describe(ofz_trainer *t)
{
    XXH3_state_t *h = XXH3_createState();

    if (h) t->run_text = describe(t, h);
    XXH3_freeState(h);
    return t->run_text ? OFZ_OK : ofz_fail_nomem(t->ctx, "checkpoint", 4096);
}

/* --- writing ---------------------------------------------------------------------------------- */

static ofz_status put_tensor(ofz_trainer *t, ofz_checkpoint_writer *w, const char *name,
                             const ofz_tensor *x)
{
    return x->data ? ofz_checkpoint_put(t->ctx, w, name, x->data, x->size) : OFZ_OK;
}

static ofz_status put_all(ofz_trainer *t, ofz_checkpoint_writer *w)
{
    OFZ_TRY(ofz_checkpoint_put(t->ctx, w, "run", t->run_text, strlen(t->run_text)));
    OFZ_TRY(ofz_checkpoint_put(t->ctx, w, "state", &t->state, sizeof t->state));
    for (size_t i = 0; i < t->param_count; i++) {
        const ofz_param *p = &t->param[i];

        OFZ_TRY(put_tensor(t, w, "weight", &p->master));
        OFZ_TRY(put_tensor(t, w, "slot 0", &p->slot[0]));
        OFZ_TRY(put_tensor(t, w, "slot 1", &p->slot[1]));
        OFZ_TRY(put_tensor(t, w, "best", &p->best));
    }
    for (size_t i = 0; i < t->running_count; i++) {
        OFZ_TRY(put_tensor(t, w, "statistic", &t->running[i].fed));
        OFZ_TRY(put_tensor(t, w, "best", &t->running[i].best));
    }
    return OFZ_OK;
}

ofz_status ofz_trainer_save(ofz_trainer *t)
{
    ofz_checkpoint_writer *w;
    ofz_status             st;

    if (!t->options.checkpoint) return OFZ_OK;
    OFZ_TRY(ofz_checkpoint_begin(t->ctx, t->options.checkpoint, &w));
    st = put_all(t, w);
    if (!st) return ofz_checkpoint_commit(t->ctx, w);
    ofz_checkpoint_abandon(w);
    return st;
}

/* --- reading ---------------------------------------------------------------------------------- */

static ofz_status get_tensor(ofz_trainer *t, ofz_checkpoint_reader *r, const char *name,
                             ofz_tensor *x)
{
    return x->data ? ofz_checkpoint_get(t->ctx, r, name, x->data, x->size) : OFZ_OK;
}

/* Name the first line in which two descriptions differ. */
static ofz_status run_compare(ofz_trainer *t, const char *found, size_t size)
{
    const char *want = t->run_text, *end = found + size;

    while (*want) {
        const size_t n   = strcspn(want, "\n");
        const size_t key = strcspn(want, "=");
        const char  *nl  = memchr(found, '\n', (size_t)(end - found));
        const size_t m   = nl ? (size_t)(nl - found) : (size_t)(end - found);

        if (n != m || memcmp(want, found, n) != 0) {
            const size_t skip = m > key && !memcmp(want, found, key + 1) ? key + 1 : 0;

            ofz_fail(t->ctx, OFZ_E_ARG, "checkpoint %s: %.*s: %.*s, want %.*s", t->options.resume,
                     (int)key, want, (int)(m - skip < 80 ? m - skip : 80), found + skip,
                     (int)(n - key - 1 < 80 ? n - key - 1 : 80), want + key + 1);
            return ofz_fix(t->ctx, OFZ_E_ARG,
                           "resume with the model, data and options of that run");
        }
        want += n + (want[n] == '\n');
        found = nl ? nl + 1 : end;
    }
    return OFZ_OK;
}

/* The checksum says that we wrote it, not that another build agrees on every count. */
static ofz_status state_check(ofz_trainer *t, const ofz_train_state *s)
{
    if (s->batch <= (uint64_t)t->batches && s->epoch <= INT32_MAX && s->best_epoch <= s->epoch)
        return OFZ_OK;
    return ofz_fail(t->ctx, OFZ_E_PARSE,
                    "checkpoint %s: batch %" PRIu64 " of epoch %" PRIu64
                    ", want at most batch %" PRId64,
                    t->options.resume, s->batch, s->epoch, t->batches);
}

static ofz_status get_all(ofz_trainer *t, ofz_checkpoint_reader *r)
{
    const void *run;
    size_t      size;

    OFZ_TRY(ofz_checkpoint_next(t->ctx, r, "run", &run, &size));
    OFZ_TRY(run_compare(t, run, size));
    OFZ_TRY(ofz_checkpoint_get(t->ctx, r, "state", &t->state, sizeof t->state));
    OFZ_TRY(state_check(t, &t->state));
    for (size_t i = 0; i < t->param_count; i++) {
        ofz_param *p = &t->param[i];

        OFZ_TRY(get_tensor(t, r, "weight", &p->master));
        OFZ_TRY(get_tensor(t, r, "slot 0", &p->slot[0]));
        OFZ_TRY(get_tensor(t, r, "slot 1", &p->slot[1]));
        OFZ_TRY(get_tensor(t, r, "best", &p->best));
        ofz_param_round(p);
    }
    for (size_t i = 0; i < t->running_count; i++) {
        OFZ_TRY(get_tensor(t, r, "statistic", &t->running[i].fed));
        OFZ_TRY(get_tensor(t, r, "best", &t->running[i].best));
    }
    return ofz_checkpoint_end(t->ctx, r);
}

ofz_status ofz_trainer_restore(ofz_trainer *t)
{
    ofz_checkpoint_reader *r;
    ofz_status             st;

    OFZ_TRY(ofz_checkpoint_open(t->ctx, t->options.resume, &r));
    st = get_all(t, r);
    ofz_checkpoint_close(r);
    return st;
}
