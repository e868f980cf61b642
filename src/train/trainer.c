/* trainer.c - which tensors are trained, on which samples, through which graph. */
#include "train/trainer.h"

#include <string.h>

#include "pass/grad.h"
#include "pass/infer_shapes.h"
#include "pass/roles.h"

/* --- trained tensors -------------------------------------------------------------------------- */

static ofz_status params_choose(ofz_trainer *t)
{
    const ofz_list *tensor = &t->model->tensor;
    const bool      marked = ofz_model_marked(t->model);

    t->param = OFZ_NEWS(&t->arena, ofz_param, tensor->count);
    if (!t->param) return ofz_fail_nomem(t->ctx, "training", tensor->count * sizeof *t->param);
    for (size_t i = 0; i < tensor->count; i++) {
        ofz_value *v = tensor->item[i];

        if (!ofz_value_trains(v, marked) || !v->constant->count) continue;
        if (v->graph != t->model->graph) {
            ofz_log(t->ctx, OFZ_LOG_WARN, "tensor '%s': stands in a subgraph and stays as it is",
                    v->name);
            continue;
        }
        t->param[t->param_count].source  = v;
        t->param[t->param_count++].value = ofz_value_find(t->stage.graph, v->name);
    }
    if (t->param_count) return OFZ_OK;
    ofz_fail(t->ctx, OFZ_E_ARG, "model: no tensor trains, want at least one");
    return ofz_fix(t->ctx, OFZ_E_ARG, "choose some: onnxfreeze mark MODEL -o OUT --train SELECTOR");
}

/* Append gradients; what the loss does not depend on is left as it is. */
static ofz_status params_differentiate(ofz_trainer *t)
{
    ofz_value  **wrt   = OFZ_NEWS(&t->arena, ofz_value *, t->param_count);
    ofz_value  **grad  = OFZ_NEWS(&t->arena, ofz_value *, t->param_count);
    const size_t nodes = t->stage.graph->node.count;
    size_t       kept  = 0;

    if (!wrt || !grad) return ofz_fail_nomem(t->ctx, "training", t->param_count * sizeof *wrt);
    for (size_t i = 0; i < t->param_count; i++) wrt[i] = t->param[i].value;
    OFZ_TRY(ofz_grad_append(t->ctx, t->stage.graph, t->stage.head.loss, wrt, t->param_count, grad));
    OFZ_TRY(ofz_infer_graph(t->ctx, t->stage.graph, nodes));
    for (size_t i = 0; i < t->param_count; i++) {
        if (!grad[i]) {
            ofz_log(t->ctx, OFZ_LOG_WARN,
                    "tensor '%s': the loss does not depend on it; it stays as it is",
                    t->param[i].source->name);
            continue;
        }
        t->param[kept]        = t->param[i];
        t->param[kept++].grad = grad[i];
    }
    t->param_count = kept;
    if (kept) return OFZ_OK;
    ofz_fail(t->ctx, OFZ_E_ARG, "output '%s': depends on no tensor that trains, want at least one",
             t->stage.head.output->name);
    return ofz_fix(t->ctx, OFZ_E_ARG, "mark tensors before it, or name another with --output");
}

static ofz_status zeros_new(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, const ofz_tensor *like)
{
    OFZ_TRY(ofz_tensor_new(ctx, t, dtype, like->rank, like->dim));
    memset(t->data, 0, t->size);
    return OFZ_OK;
}

static ofz_status param_allocate(ofz_trainer *t, ofz_param *p)
{
    const ofz_tensor *c     = p->source->constant;
    const ofz_dtype   dtype = c->dtype == OFZ_F64 ? OFZ_F64 : OFZ_F32;

    OFZ_TRY(ofz_tensor_copy(t->ctx, c, &p->fed));
    if (c->dtype == dtype) {
        ofz_tensor_share(&p->fed, &p->master);
    } else {
        OFZ_TRY(ofz_tensor_new(t->ctx, &p->master, dtype, c->rank, c->dim));
        for (int64_t i = 0; i < c->count; i++)
            ofz_elem_set_f64(dtype, p->master.data, i, ofz_elem_f64(c->dtype, p->fed.data, i));
    }
    OFZ_TRY(zeros_new(t->ctx, &p->sum, dtype, c));
    for (int k = 0; k < ofz_rule_slots(&t->rule); k++)
        OFZ_TRY(zeros_new(t->ctx, &p->slot[k], dtype, c));
    return t->val.graph ? ofz_tensor_copy(t->ctx, c, &p->best) : OFZ_OK;
}

static ofz_status tensors_allocate(ofz_trainer *t, const ofz_training_form *form)
{
    for (size_t i = 0; i < t->param_count; i++) OFZ_TRY(param_allocate(t, &t->param[i]));
    t->running = OFZ_NEWS(&t->arena, ofz_running, form->statistic_count);
    if (!t->running) return ofz_fail_nomem(t->ctx, "training", form->statistic_count);
    for (size_t i = 0; i < form->statistic_count; i++) {
        ofz_running *r = &t->running[t->running_count++];

        r->value  = form->statistic[i].value;
        r->next   = form->statistic[i].next;
        r->source = ofz_value_find(t->model->graph, r->value->name);
        if (!r->source) {
            ofz_fail(t->ctx, OFZ_E_UNSUPPORTED,
                     "statistic '%.100s': stands in a function's body, want it passed to the call",
                     r->value->name);
            return ofz_fix(t->ctx, OFZ_E_UNSUPPORTED, "--bn frozen trains without statistics");
        }
        OFZ_TRY(ofz_tensor_copy(t->ctx, r->source->constant, &r->fed));
        if (t->val.graph) OFZ_TRY(ofz_tensor_copy(t->ctx, r->source->constant, &r->best));
    }
    return OFZ_OK;
}

/* Executors read the trainer's tensors in place of the file's. */
static ofz_status tensors_feed(ofz_trainer *t, ofz_stage *stage)
{
    for (size_t i = 0; i < t->param_count; i++)
        OFZ_TRY(ofz_exec_feed(t->ctx, stage->exec, t->param[i].value, &t->param[i].fed));
    for (size_t i = 0; i < t->running_count; i++)
        OFZ_TRY(ofz_exec_feed(t->ctx, stage->exec, t->running[i].value, &t->running[i].fed));
    return OFZ_OK;
}

/* --- graphs ----------------------------------------------------------------------------------- */

static ofz_status training_build(ofz_trainer *t, const ofz_stage_spec *spec,
                                 ofz_training_form *form)
{
    ofz_value **wanted = OFZ_NEWS(&t->arena, ofz_value *, t->param_count);

    if (!wanted) return ofz_fail_nomem(t->ctx, "training", t->param_count * sizeof *wanted);
    for (size_t i = 0; i < t->param_count; i++) wanted[i] = t->param[i].value;
    form->trained       = wanted;
    form->trained_count = t->param_count;
    form->bn            = t->options.bn;
    OFZ_TRY(ofz_stage_build(t->ctx, &t->stage, form, t->data, spec));
    OFZ_TRY(params_differentiate(t));
    wanted = OFZ_NEWS(&t->arena, ofz_value *, t->param_count + form->statistic_count);
    if (!wanted) return ofz_fail_nomem(t->ctx, "training", t->param_count * sizeof *wanted);
    for (size_t i = 0; i < t->param_count; i++) wanted[i] = t->param[i].grad;
    for (size_t i = 0; i < form->statistic_count; i++)
        wanted[t->param_count + i] = form->statistic[i].next;
    return ofz_stage_plan(t->ctx, &t->stage, wanted, t->param_count + form->statistic_count);
}

static ofz_status validation_build(ofz_trainer *t, const ofz_stage_spec *spec)
{
    int64_t batches;

    if (!t->options.val && t->options.val_split <= 0) return OFZ_OK;
    OFZ_TRY(ofz_stage_init(t->ctx, &t->val, t->model));
    OFZ_TRY(
        ofz_stage_build(t->ctx, &t->val, NULL, t->options.val ? t->options.val : t->data, spec));
    OFZ_TRY(ofz_stage_plan(t->ctx, &t->val, NULL, 0));
    if (t->options.val) t->val_count = t->val.data.count;
    return ofz_dataset_batches(t->ctx, &t->val.data, t->val_count, spec->batch_size, false,
                               &batches);
}

/* --- samples ---------------------------------------------------------------------------------- */

static ofz_status samples_divide(ofz_trainer *t)
{
    const ofz_dataset *ds = &t->stage.data;
    const size_t       n  = (size_t)ds->count;

    t->base  = OFZ_NEWS(&t->arena, int64_t, n);
    t->order = OFZ_NEWS(&t->arena, int64_t, n);
    if (!t->base || !t->order) return ofz_fail_nomem(t->ctx, "sample order", n * sizeof *t->base);
    for (size_t i = 0; i < n; i++) t->base[i] = (int64_t)i;
    if (!t->options.val && t->options.val_split > 0)
        OFZ_TRY(ofz_dataset_split(t->ctx, ds, t->options.loss, t->options.val_split,
                                  t->options.seed, t->base, &t->val_count));
    t->count = ds->count - t->val_count;
    return ofz_dataset_batches(t->ctx, ds, t->count, t->options.batch_size, true, &t->batches);
}

/* Classes outside the model's, before hours were spent: evaluation would find them as well. */
static ofz_status classes_check(ofz_ctx *ctx, const ofz_stage *stage)
{
    const ofz_head   *head  = &stage->head;
    const ofz_tensor *array = stage->data.target.array;
    const int64_t     n =
        head->scores->type.rank > head->axis ? head->scores->type.dim[head->axis] : -1;

    if (head->kind != OFZ_LOSS_CE || stage->data.target.dtype != OFZ_I64 || !OFZ_DIM_KNOWN(n))
        return OFZ_OK;
    for (int64_t i = 0; i < array->count; i++) {
        const int64_t k = ofz_elem_i64(array->dtype, array->data, i);

        if ((k >= 0 && k < n) || k == OFZ_IGNORE_INDEX) continue;
        ofz_fail(ctx, OFZ_E_DATA,
                 "array '%s': element %" PRId64 ": class %" PRId64 ", want 0 to %" PRId64,
                 stage->data.target.name, i, k, n - 1);
        return ofz_fix(ctx, OFZ_E_DATA, "output '%s' has %" PRId64 " classes", head->output->name,
                       n);
    }
    return OFZ_OK;
}

/* --- settings --------------------------------------------------------------------------------- */

static void settings_resolve(ofz_trainer *t)
{
    ofz_train_options *o = &t->options;

    if (o->lr == 0) o->lr = o->optimizer == OFZ_SGD ? 0.01 : 0.001;
    if (o->weight_decay < 0) o->weight_decay = o->optimizer == OFZ_ADAMW ? 0.01 : 0;
    if (!o->val && o->val_split <= 0)
        o->monitor = OFZ_MONITOR_LOSS; /* of training, for the report */
    if (!o->step_size) o->step_size = o->epochs > 3 ? o->epochs / 3 : 1;
    t->rule = (ofz_rule){ .kind         = o->optimizer,
                          .momentum     = o->momentum,
                          .weight_decay = o->weight_decay,
                          .beta1        = o->beta1,
                          .beta2        = o->beta2,
                          .eps          = o->eps,
                          .nesterov     = o->nesterov != 0 };
}

static void rate_resolve(ofz_trainer *t)
{
    const ofz_train_options *o = &t->options;
    const int64_t            a = o->accumulate;

    t->total_steps = (uint64_t)(t->batches / a + (t->batches % a != 0)) * (uint64_t)o->epochs;
    t->rate        = (ofz_rate){ .kind        = o->schedule,
                                 .lr          = o->lr,
                                 .gamma       = o->step_gamma,
                                 .step_size   = o->step_size,
                                 .warmup      = (uint64_t)o->warmup,
                                 .total_steps = t->total_steps };
}

ofz_status ofz_trainer_init(ofz_trainer *t, ofz_ctx *ctx, ofz_model *model, const ofz_arrays *data,
                            const ofz_train_options *options)
{
    ofz_training_form form = { 0 };
    ofz_stage_spec    spec = { .bindings      = options->bindings,
                               .binding_count = options->binding_count,
                               .target        = options->target,
                               .output        = options->output,
                               .loss          = options->loss,
                               .batch_size    = options->batch_size };

    *t = (ofz_trainer){ .ctx = ctx, .model = model, .data = data, .options = *options };
    settings_resolve(t);
    OFZ_TRY(ofz_stage_init(ctx, &t->stage, model));
    OFZ_TRY(params_choose(t));
    OFZ_TRY(training_build(t, &spec, &form));
    OFZ_TRY(samples_divide(t));
    OFZ_TRY(validation_build(t, &spec));
    OFZ_TRY(classes_check(ctx, &t->stage));
    if (t->val.graph) OFZ_TRY(classes_check(ctx, &t->val));
    rate_resolve(t);
    OFZ_TRY(tensors_allocate(t, &form));
    OFZ_TRY(tensors_feed(t, &t->stage));
    if (t->val.graph) OFZ_TRY(tensors_feed(t, &t->val));
    ofz_rng_seed(&t->state.rng, options->seed);
    ofz_exec_set_rng(t->stage.exec, &t->state.rng);
    return OFZ_OK;
}

void ofz_trainer_deinit(ofz_trainer *t)
{
    for (size_t i = 0; t->param && i < t->param_count; i++) {
        ofz_param *p = &t->param[i];

        ofz_tensor_release(&p->fed);
        ofz_tensor_release(&p->master);
        ofz_tensor_release(&p->sum);
        ofz_tensor_release(&p->slot[0]);
        ofz_tensor_release(&p->slot[1]);
        ofz_tensor_release(&p->best);
    }
    for (size_t i = 0; i < t->running_count; i++) {
        ofz_tensor_release(&t->running[i].fed);
        ofz_tensor_release(&t->running[i].best);
    }
    ofz_scores_free(t->scores);
    ofz_stage_deinit(&t->stage);
    ofz_stage_deinit(&t->val);
    ofz_arena_free(&t->arena);
}
