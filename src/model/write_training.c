/* write_training.c - trainable tensors in ONNX's own words: a TrainingInfoProto.
 *
 * `algorithm` holds one Identity per trainable tensor, and update_binding says that the tensor is
 * what a training step assigns it to. The least that is valid: which step that is, is the trainer's
 * choice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/wire.h"
#include "model/write.h"

enum { FIELD_IR = 1, FIELD_OPSET = 8, FIELD_TRAINING = 20, TRAINING_IR = 7 };

/* Leave every field `number` of the model out; *at: where the first stood, else `otherwise`. */
static ofz_status remove_fields(ofz_ctx *ctx, ofz_edits *e, uint32_t number, size_t otherwise,
                                size_t *at)
{
    ofz_wire       w     = { e->model->bytes, e->model->bytes + e->model->size, NULL };
    bool           first = true;
    ofz_wire_field f;

    *at = otherwise;
    while (ofz_wire_next(&w, &f) > 0) {
        const size_t tag = (size_t)(f.tag - e->model->bytes);

        if (f.number != number) continue;
        if (first) *at = tag;
        first = false;
        OFZ_TRY(ofz_edit_add(ctx, e, 0, tag, (size_t)(w.p - f.tag), NULL, 0));
    }
    return OFZ_OK;
}

/* An old file has neither the field nor, below IR 3, an opset_import, which every later IR wants.
 */
static ofz_status raise_ir(ofz_ctx *ctx, ofz_edits *e)
{
    ofz_bytes b = { 0 }, opset = { 0 };
    size_t    at;

    if (e->model->ir_version >= TRAINING_IR) return OFZ_OK;
    OFZ_TRY(remove_fields(ctx, e, FIELD_IR, 0, &at));
    ofz_bytes_varint(&b, FIELD_IR, TRAINING_IR);
    if (e->model->ir_version < 3) {
        ofz_bytes_text(&opset, 1, "");
        ofz_bytes_varint(&opset, 2, 1);
        ofz_bytes_field(&b, FIELD_OPSET, opset.data, opset.size);
        b.failed = b.failed || opset.failed;
        free(opset.data);
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
    ofz_bytes_field(graph, 1, node.data, node.size);
    graph->failed = graph->failed || node.failed;
    free(node.data);
}

/* ValueInfoProto { name, type { tensor_type { elem_type, shape { dim { dim_value } } } } } */
static void put_output(ofz_bytes *graph, const char *name, const ofz_tensor *t)
{
    ofz_bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, info = { 0 };

    for (int i = 0; i < t->rank; i++) {
        ofz_bytes dim = { 0 };

        ofz_bytes_varint(&dim, 1, (uint64_t)t->dim[i]);
        ofz_bytes_field(&shape, 1, dim.data, dim.size);
        shape.failed = shape.failed || dim.failed;
        free(dim.data);
    }
    ofz_bytes_varint(&tensor, 1, (uint64_t)t->dtype);
    ofz_bytes_field(&tensor, 2, shape.data, shape.size);
    ofz_bytes_field(&type, 1, tensor.data, tensor.size);
    ofz_bytes_text(&info, 1, name);
    ofz_bytes_field(&info, 2, type.data, type.size);
    ofz_bytes_field(graph, 12, info.data, info.size);
    graph->failed = graph->failed || shape.failed || tensor.failed || type.failed || info.failed;
    free(shape.data);
    free(tensor.data);
    free(type.data);
    free(info.data);
}

ofz_status ofz_write_training(ofz_ctx *ctx, ofz_edits *e, const ofz_write_options *options)
{
    ofz_bytes graph = { 0 }, info = { 0 }, binding = { 0 }, whole = { 0 };
    size_t    at, count = 0;

    OFZ_TRY(remove_fields(ctx, e, FIELD_TRAINING, e->model->size, &at));
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
    ofz_bytes_field(&info, 2, graph.data, graph.size);
    ofz_bytes_put(&info, binding.data, binding.size);
    ofz_bytes_field(&whole, FIELD_TRAINING, info.data, info.size);
    whole.failed = whole.failed || graph.failed || binding.failed || info.failed;
    free(graph.data);
    free(binding.data);
    free(info.data);
    if (!count) {
        free(whole.data);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_edit_add_bytes(ctx, e, 0, at, 0, &whole));
    return raise_ir(ctx, e);
}
