/* write_training.c - trainable tensors in ONNX's own words: a TrainingInfoProto.
 *
 * `algorithm` holds one Identity per trainable tensor, and update_binding says that the tensor is
 * what a training step assigns it to. The least that is valid: which step that is, is the trainer's
 * choice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/pack.h"
#include "model/write.h"

enum { FIELD_TRAINING = 20, TRAINING_IR = 7 };

/* An old file has neither the field nor, below IR 3, an opset_import, which every later IR wants.
 */
static ofz_status raise_ir(ofz_ctx *ctx, ofz_edits *e)
{
    ofz_bytes b = { 0 }, opset = { 0 };
    size_t    at;

    if (e->model->ir_version >= TRAINING_IR) return OFZ_OK;
    OFZ_TRY(ofz_edit_remove_fields(ctx, e, 0, OFZ_FIELD_IR, 0, &at));
    ofz_bytes_varint(&b, OFZ_FIELD_IR, TRAINING_IR);
    if (e->model->ir_version < 3) {
        ofz_pack_opset(&opset, &(ofz_opset){ "", 1 });
        ofz_bytes_message(&b, OFZ_FIELD_OPSET, &opset);
    }
    return ofz_edit_add_bytes(ctx, e, 0, at, 0, &b);
}

static const char *update_name(ofz_edits *e, const ofz_value *v)
{
    const char *name = ofz_arena_printf(&e->arena, "%s.update", v->name);

    for (int k = 1; name && ofz_map_get(&v->graph->by_name, name); k++)
        name = ofz_arena_printf(&e->arena, "%s.update%d", v->name, k);
    return name;
}

static void put_node(ofz_bytes *graph, const char *from, const char *to)
{
    ofz_bytes node = { 0 };

    ofz_bytes_text(&node, 1, from);
    ofz_bytes_text(&node, 2, to);
    ofz_bytes_text(&node, 4, "Identity");
    ofz_bytes_message(graph, 1, &node);
}

static void put_output(ofz_bytes *graph, const char *name, const ofz_tensor *t)
{
    ofz_bytes info = { 0 };

    ofz_pack_tensor_value(&info, name, t);
    ofz_bytes_message(graph, 12, &info);
}

ofz_status ofz_write_training(ofz_ctx *ctx, ofz_edits *e, const ofz_write_options *options)
{
    ofz_bytes graph = { 0 }, info = { 0 }, binding = { 0 }, whole = { 0 };
    size_t    at, count = 0;

    OFZ_TRY(ofz_edit_remove_fields(ctx, e, 0, FIELD_TRAINING, e->model->size, &at));
    ofz_bytes_text(&graph, 2, "update");
    for (size_t i = 0; i < options->train_count; i++) {
        const ofz_value *v = options->train[i];
        const char      *to;

        /* bindings name initializers of the main graph */
        if (!v->initializer || v->graph != e->model->graph) continue;
        to = update_name(e, v);
        if (!to) {
            graph.failed = true;
            break;
        }
        put_node(&graph, v->name, to);
        put_output(&graph, to, v->constant);
        ofz_bytes_entry(&binding, 4, v->name, to);
        count++;
    }
    ofz_bytes_message(&info, 2, &graph);
    ofz_bytes_put(&info, binding.data, binding.size);
    ofz_bytes_message(&whole, FIELD_TRAINING, &info);
    whole.failed = whole.failed || binding.failed;
    free(binding.data);
    if (!count) {
        free(whole.data);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_edit_add_bytes(ctx, e, 0, at, 0, &whole));
    return raise_ir(ctx, e);
}
