/* stage.c - see stage.h. */
#include "train/stage.h"

#include <stdlib.h>
#include <string.h>

#include "pass/functions.h"
#include "pass/infer_shapes.h"

ofz_status ofz_stage_init(ofz_ctx *ctx, ofz_stage *stage, const ofz_model *model)
{
    *stage = (ofz_stage){ 0 };
    return ofz_functions_clone(ctx, model, &stage->arena, &stage->graph);
}

/* Samples have sizes where the model may have symbols: with them the loss can tell its axes apart,
 * and rows that need a size to be differentiated have it. The batch stays open. */
static ofz_status inputs_describe(ofz_ctx *ctx, ofz_stage *stage)
{
    for (size_t i = 0; i < stage->data.input_count; i++) {
        const ofz_column *c = &stage->data.input[i];
        ofz_value        *v = ofz_value_find(stage->graph, c->input->name);
        int64_t           dim[OFZ_MAX_RANK];

        if (c->whole) continue;
        memcpy(dim, c->array->dim, (size_t)c->array->rank * sizeof *dim);
        if (v->type.rank > 0)
            dim[0] = v->type.dim[0];
        else if (c->array->rank)
            dim[0] = ofz_symbol_block(stage->graph, 1);
        OFZ_TRY(ofz_tensor_set(ctx, &v->type, c->dtype, c->array->rank, dim));
    }
    return OFZ_OK;
}

ofz_status ofz_stage_build(ofz_ctx *ctx, ofz_stage *stage, ofz_training_form *form,
                           const ofz_arrays *arrays, const ofz_stage_spec *spec)
{
    ofz_dataset_spec want = { .bindings      = spec->bindings,
                              .binding_count = spec->binding_count,
                              .target        = spec->target,
                              .loss          = spec->loss,
                              .batch_size    = spec->batch_size };
    ofz_value       *output;

    if (form)
        OFZ_TRY(ofz_form_training(ctx, stage->graph, form));
    else
        OFZ_TRY(ofz_form_inference(ctx, stage->graph));
    OFZ_TRY(ofz_infer_graph(ctx, stage->graph, 0));
    OFZ_TRY(ofz_loss_output(ctx, stage->graph, spec->output, &output));
    want.float_dtype = output->type.dtype;
    OFZ_TRY(ofz_dataset_init(ctx, &stage->data, stage->graph, arrays, &want));
    stage->batch_size = spec->batch_size;
    stage->input      = OFZ_NEWS(&stage->arena, ofz_tensor, stage->data.input_count);
    if (!stage->input) return ofz_fail_nomem(ctx, "batch", sizeof *stage->input);
    OFZ_TRY(inputs_describe(ctx, stage));
    OFZ_TRY(ofz_infer_graph(ctx, stage->graph, 0));
    OFZ_TRY(ofz_loss_append(ctx, stage->graph, &stage->data, spec->loss, output, &stage->head));
    return ofz_infer_graph(ctx, stage->graph, stage->graph->node.count - 1);
}

ofz_status ofz_stage_plan(ofz_ctx *ctx, ofz_stage *stage, ofz_value *const *more, size_t count)
{
    ofz_value **wanted = OFZ_NEWS(&stage->arena, ofz_value *, count + 2);

    if (!wanted) return ofz_fail_nomem(ctx, "plan", count * sizeof *wanted);
    wanted[0] = stage->head.loss;
    wanted[1] = stage->head.scores;
    if (count) memcpy(wanted + 2, more, count * sizeof *wanted);
    OFZ_TRY(ofz_plan_new(ctx, stage->graph, wanted, count + 2, &stage->plan));
    return ofz_exec_new(ctx, stage->plan, &stage->exec);
}

ofz_status ofz_stage_run(ofz_ctx *ctx, ofz_stage *stage, const int64_t *order, int64_t count)
{
    ofz_tensor view;

    OFZ_TRY(ofz_dataset_batch(ctx, &stage->data, order, count, stage->input, &stage->target));
    OFZ_TRY(ofz_head_view(ctx, &stage->head, &stage->target, &view));
    for (size_t i = 0; i < stage->data.input_count; i++)
        OFZ_TRY(ofz_exec_feed(ctx, stage->exec, stage->data.input[i].input, &stage->input[i]));
    OFZ_TRY(ofz_exec_feed(ctx, stage->exec, stage->head.target, &view));
    return ofz_exec_run(ctx, stage->exec);
}

double ofz_stage_loss(const ofz_stage *stage)
{
    const ofz_tensor *t = ofz_exec_get(stage->exec, stage->head.loss);

    return ofz_elem_f64(t->dtype, t->data, 0);
}

int64_t ofz_stage_weight(const ofz_stage *stage)
{
    const ofz_tensor *t     = &stage->target;
    int64_t           count = 0;

    if (stage->head.kind != OFZ_LOSS_CE || t->dtype != OFZ_I64) return t->dim[0];
    for (int64_t i = 0; i < t->count; i++)
        count += ((const int64_t *)t->data)[i] != OFZ_IGNORE_INDEX;
    return count;
}

void ofz_stage_deinit(ofz_stage *stage)
{
    ofz_exec_free(stage->exec);
    ofz_plan_free(stage->plan);
    for (size_t i = 0; stage->input && i < stage->data.input_count; i++)
        ofz_tensor_release(&stage->input[i]);
    ofz_tensor_release(&stage->target);
    ofz_dataset_deinit(&stage->data);
    ofz_graph_deinit(stage->graph);
    ofz_arena_free(&stage->arena);
}

/* --- evaluation ------------------------------------------------------------------------------- */

static ofz_status batch_count(ofz_ctx *ctx, ofz_stage *stage, ofz_scores **scores)
{
    const ofz_tensor *out = ofz_exec_get(stage->exec, stage->head.scores);
    int64_t           counted;

    if (!*scores) {
        ofz_head_sizes(&stage->head, out);
        OFZ_TRY(ofz_scores_new(ctx, stage->head.class_count, stage->head.column_count, scores));
    }
    ofz_scores_add_loss(*scores, ofz_stage_loss(stage), (double)ofz_stage_weight(stage),
                        stage->target.dim[0]);
    switch (stage->head.kind) {
    case OFZ_LOSS_CE:
        return ofz_scores_add_classes(ctx, *scores, out, stage->head.axis, &stage->target,
                                      &counted);
    case OFZ_LOSS_BCE:
        return ofz_scores_add_binary(ctx, *scores, out, 0, &stage->target);
    default:
        return ofz_scores_add_numbers(ctx, *scores, out, &stage->target);
    }
}

ofz_status ofz_stage_evaluate(ofz_ctx *ctx, ofz_stage *stage, const int64_t *order, int64_t count,
                              ofz_scores **scores, ofz_metrics *out)
{
    const int64_t size  = stage->batch_size < count ? stage->batch_size : count;
    int64_t      *whole = NULL;
    int64_t       batches;
    ofz_status    st = OFZ_OK;

    OFZ_TRY(ofz_dataset_batches(ctx, &stage->data, count, size, false, &batches));
    if (!order) {
        whole = malloc((size_t)size * sizeof *whole);
        if (!whole) return ofz_fail_nomem(ctx, "batch", (size_t)size * sizeof *whole);
    }
    if (*scores) ofz_scores_reset(*scores);
    for (int64_t b = 0; b < batches; b++) {
        const int64_t first = b * size, n = count - first < size ? count - first : size;

        for (int64_t i = 0; whole && i < n; i++) whole[i] = first + i;
        OFZ_GOTO(ofz_stage_run(ctx, stage, whole ? whole : order + first, n));
        OFZ_GOTO(batch_count(ctx, stage, scores));
    }
    ofz_scores_finish(*scores, out);
done:
    free(whole);
    return st;
}
