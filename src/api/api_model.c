/* api_model.c - the public face of a model: loading, looking, saving. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "api/view.h"

/* --- loading and saving ----------------------------------------------------------------------- */

static ofz_status finish(ofz_ctx *ctx, ofz_model *m, ofz_model **out)
{
    const ofz_status st = ofz_view_make(ctx, m);

    if (st) {
        ofz_model_free(m);
        return st;
    }
    *out = m;
    return OFZ_OK;
}

ofz_status ofz_model_load(ofz_ctx *ctx, const char *path, ofz_model **out)
{
    ofz_model *m;

    OFZ_TRY(ofz_model_read_file(ctx, path, &m));
    return finish(ctx, m, out);
}

ofz_status ofz_model_load_memory(ofz_ctx *ctx, const void *data, size_t size, ofz_model **out)
{
    ofz_model *m;

    OFZ_TRY(ofz_model_read_memory(ctx, data, size, &m));
    return finish(ctx, m, out);
}

void ofz_model_free(ofz_model *model)
{
    if (!model) return;
    ofz_view_free(model);
    ofz_model_drop(model);
}

ofz_status ofz_model_save(ofz_ctx *ctx, const ofz_model *model, const char *path)
{
    return ofz_model_write_file(ctx, model, path, NULL, NULL, NULL);
}

/* --- looking ---------------------------------------------------------------------------------- */

void ofz_model_get_info(const ofz_model *model, ofz_model_info *out)
{
    *out = (ofz_model_info){
        .ir_version       = model->ir_version,
        .producer_name    = model->producer_name,
        .producer_version = model->producer_version,
        .domain           = model->domain,
        .graph_name       = model->graph->name,
        .model_version    = model->model_version,
        .opset_count      = model->opset_count,
        .node_count       = model->graph->node.count,
        .input_count      = model->graph->input.count,
        .output_count     = model->graph->output.count,
        .function_count   = model->function_count,
        .file_size        = model->size,
    };
    for (size_t i = 0; i < model->tensor.count; i++) {
        const ofz_value *v    = model->tensor.item[i];
        const size_t     size = model->view->tensor[i].size;

        if (v->initializer) {
            out->initializer_count++;
            out->parameter_count += (size_t)v->constant->count;
            out->parameter_size += size;
        }
        if (!ofz_view_trains(model, i)) continue;
        out->trainable_count += (size_t)v->constant->count;
        out->trainable_size += size;
    }
}

ofz_opset_info ofz_model_opset(const ofz_model *model, size_t index)
{
    if (index >= model->opset_count) return (ofz_opset_info){ .domain = "" };
    return (ofz_opset_info){ model->opset[index].domain, model->opset[index].version };
}

static const ofz_value_info value_none = { .name = "", .rank = -1 };

ofz_value_info ofz_model_input(const ofz_model *model, size_t index)
{
    return index < model->graph->input.count ? model->view->input[index] : value_none;
}

ofz_value_info ofz_model_output(const ofz_model *model, size_t index)
{
    return index < model->graph->output.count ? model->view->output[index] : value_none;
}

ofz_node_info ofz_model_node(const ofz_model *model, size_t index)
{
    const ofz_node_view *view;
    const ofz_node      *n;

    if (index >= model->graph->node.count)
        return (ofz_node_info){ .name = "", .op_type = "", .domain = "" };
    n    = model->graph->node.item[index];
    view = &model->view->node[index];
    return (ofz_node_info){ .name         = n->name,
                            .op_type      = n->op_type,
                            .domain       = n->domain,
                            .opset        = n->opset,
                            .input_count  = n->in_count,
                            .output_count = n->out_count,
                            .input        = view->input,
                            .output       = view->output,
                            .known        = view->known,
                            .depth        = view->depth };
}

ofz_value_info ofz_model_node_output(const ofz_model *model, size_t index, size_t output)
{
    if (index >= model->graph->node.count ||
        output >= ((const ofz_node *)model->graph->node.item[index])->out_count)
        return value_none;
    return model->view->node[index].result[output];
}

ofz_function_info ofz_model_function(const ofz_model *model, size_t index)
{
    const ofz_function *f;

    if (index >= model->function_count)
        return (ofz_function_info){ .domain = "", .name = "", .overload = "" };
    f = &model->function[index];
    return (ofz_function_info){ .domain       = f->domain,
                                .name         = f->name,
                                .overload     = f->overload,
                                .node_count   = f->node_count,
                                .input_count  = f->graph->input.count,
                                .output_count = f->graph->output.count,
                                .call_count   = model->view->calls[index] };
}

size_t ofz_model_tensor_count(const ofz_model *model)
{
    return model->tensor.count;
}

ofz_tensor_info ofz_model_tensor(const ofz_model *model, size_t index)
{
    const ofz_tensor_view *view;
    const ofz_value       *v;

    if (index >= model->tensor.count) return (ofz_tensor_info){ .name = "" };
    view = &model->view->tensor[index];
    v    = model->tensor.item[index];
    return (ofz_tensor_info){ .name          = v->name,
                              .dtype         = v->constant->dtype,
                              .rank          = v->constant->rank,
                              .shape         = v->constant->dim,
                              .count         = (size_t)v->constant->count,
                              .size          = view->size,
                              .role          = view->role,
                              .mark          = v->mark,
                              .trains        = ofz_view_trains(model, index),
                              .constant_node = !v->initializer,
                              .external      = v->external,
                              .sparse        = v->sparse,
                              .user_count    = view->user_count,
                              .used_by       = view->used_by };
}

int ofz_model_find_tensor(const ofz_model *model, const char *name)
{
    return (int)(uintptr_t)ofz_map_get(&model->view->by_name, name) - 1;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static ofz_status index_check(ofz_ctx *ctx, const ofz_model *model, size_t index)
{
    if (index < model->tensor.count) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_ARG, "tensor %zu: want below %zu", index, model->tensor.count);
}

ofz_status ofz_model_read_tensor(ofz_ctx *ctx, const ofz_model *model, size_t index,
                                 ofz_arrays *out)
{
    const ofz_value  *v;
    const ofz_tensor *t;
    ofz_array         view;

    OFZ_TRY(index_check(ctx, model, index));
    v    = model->tensor.item[index];
    t    = v->constant;
    view = (ofz_array){ v->name, t->dtype, t->rank, t->dim, t->data, t->size };
    return ofz_arrays_add(ctx, out, &view);
}

ofz_status ofz_model_hash_tensor(ofz_ctx *ctx, const ofz_model *model, size_t index, char out[33])
{
    XXH3_state_t *state;

    OFZ_TRY(index_check(ctx, model, index));
    state = XXH3_createState();
    if (!state) return ofz_fail_nomem(ctx, "hash", 1);
    XXH3_128bits_reset(state);
    ofz_tensor_digest(((const ofz_value *)model->tensor.item[index])->constant, state);
    ofz_digest_text(state, out);
    XXH3_freeState(state);
    return OFZ_OK;
}
