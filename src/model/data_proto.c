/* data_proto.c - sequences, optionals and maps in files of data. They nest no deeper than the guard
 * allowed. */
#include <string.h>

#include "model/tensor_proto.h"
#include "tensor/container.h"

static ofz_status sequence_read(ofz_ctx *ctx, ofz_model *m, const Onnx__SequenceProto *p,
                                ofz_tensor *out);

static ofz_status tensor_copy(ofz_ctx *ctx, ofz_model *m, const Onnx__TensorProto *p,
                              ofz_tensor *out)
{
    ofz_tensor t;
    bool       external;

    OFZ_TRY(ofz_tensor_proto_read(ctx, m, p, &t, &external));
    return ofz_tensor_copy(ctx, &t, out);
}

/* --- maps ------------------------------------------------------------------------------------- */

static ofz_status keys_read(ofz_ctx *ctx, const Onnx__MapProto *p, ofz_tensor *out)
{
    const ofz_dtype dtype = p->key_type        ? (ofz_dtype)p->key_type
                            : p->n_string_keys ? OFZ_STRING
                                               : OFZ_I64;
    const int64_t   count = (int64_t)(p->n_keys + p->n_string_keys);
    ofz_tensor      view;
    ofz_status      st;

    if (ofz_dtype_get(dtype)->cls == OFZ_CLASS_NONE)
        return ofz_fail(ctx, OFZ_E_PARSE, "map: keys of type %d, want integers or text",
                        (int)p->key_type);
    if (dtype == OFZ_STRING ? p->n_keys : p->n_string_keys)
        return ofz_fail(ctx, OFZ_E_PARSE, "map: %zu integers and %zu texts as keys, want %s",
                        p->n_keys, p->n_string_keys, ofz_dtype_name(dtype));
    OFZ_TRY(ofz_tensor_new(ctx, &view, dtype, 1, &count));
    if (dtype != OFZ_STRING) {
        for (int64_t i = 0; i < count; i++) ofz_elem_set_i64(dtype, view.data, i, p->keys[i]);
        *out = view;
        return OFZ_OK;
    }
    for (int64_t i = 0; i < count; i++)
        ((ofz_string *)view.data)[i] =
            (ofz_string){ (const char *)p->string_keys[i].data, p->string_keys[i].len };
    st = ofz_tensor_copy(ctx, &view, out);
    ofz_tensor_release(&view);
    return st;
}

/* Tensors of one element each and one type as one tensor; anything else stays a sequence. */
static ofz_status values_join(ofz_ctx *ctx, ofz_tensor *values)
{
    const ofz_tensor *item  = values->data;
    const int64_t     count = values->count;
    ofz_tensor        view, joined;
    ofz_status        st;
    size_t            size;

    for (int64_t i = 0; i < count; i++)
        if (item[i].count != 1 || item[i].dtype != item[0].dtype ||
            ofz_dtype_get(item[i].dtype)->bits < 8)
            return OFZ_OK;
    if (!count) return OFZ_OK;
    OFZ_TRY(ofz_tensor_new(ctx, &view, item[0].dtype, 1, &count));
    size = (size_t)ofz_dtype_get(view.dtype)->bits / 8;
    for (int64_t i = 0; i < count; i++)
        memcpy((char *)view.data + (size_t)i * size, item[i].data, size);
    st = ofz_tensor_copy(ctx, &view, &joined); /* with the text */
    ofz_tensor_release(&view);
    if (st) return st;
    ofz_tensor_release(values);
    *values = joined;
    return OFZ_OK;
}

static ofz_status map_read(ofz_ctx *ctx, ofz_model *m, const Onnx__MapProto *p, ofz_tensor *out)
{
    ofz_tensor keys = { 0 }, values = { 0 };
    ofz_status st = OFZ_OK;

    OFZ_GOTO(keys_read(ctx, p, &keys));
    if (p->values)
        OFZ_GOTO(sequence_read(ctx, m, p->values, &values));
    else
        OFZ_GOTO(ofz_container_new(ctx, &values, OFZ_SEQUENCE, 0));
    OFZ_GOTO(values_join(ctx, &values));
    OFZ_GOTO(ofz_container_map(ctx, &keys, &values, out));
done:
    ofz_tensor_release(&keys);
    ofz_tensor_release(&values);
    return st;
}

/* --- optionals and sequences ------------------------------------------------------------------ */

static ofz_status optional_read(ofz_ctx *ctx, ofz_model *m, const Onnx__OptionalProto *p,
                                ofz_tensor *out)
{
    const bool there = p->tensor_value || p->sequence_value || p->optional_value || p->map_value;
    ofz_tensor y;
    ofz_status st = OFZ_OK;

    if (p->sparse_tensor_value)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "optional of a sparse tensor");
    OFZ_TRY(ofz_container_new(ctx, &y, OFZ_OPTIONAL, there));
    if (p->tensor_value)
        st = tensor_copy(ctx, m, p->tensor_value, ofz_container_item(&y, 0));
    else if (p->sequence_value)
        st = sequence_read(ctx, m, p->sequence_value, ofz_container_item(&y, 0));
    else if (p->optional_value)
        st = optional_read(ctx, m, p->optional_value, ofz_container_item(&y, 0));
    else if (p->map_value)
        st = map_read(ctx, m, p->map_value, ofz_container_item(&y, 0));
    if (st)
        ofz_tensor_release(&y);
    else
        *out = y;
    return st;
}

static ofz_status sequence_item(ofz_ctx *ctx, ofz_model *m, const Onnx__SequenceProto *p, size_t i,
                                ofz_tensor *out)
{
    if (p->n_tensor_values) return tensor_copy(ctx, m, p->tensor_values[i], out);
    if (p->n_sequence_values) return sequence_read(ctx, m, p->sequence_values[i], out);
    if (p->n_map_values) return map_read(ctx, m, p->map_values[i], out);
    return optional_read(ctx, m, p->optional_values[i], out);
}

static ofz_status sequence_read(ofz_ctx *ctx, ofz_model *m, const Onnx__SequenceProto *p,
                                ofz_tensor *out)
{
    const int kinds = (p->n_tensor_values != 0) + (p->n_sequence_values != 0) +
                      (p->n_optional_values != 0) + (p->n_map_values != 0);
    const size_t count =
        p->n_tensor_values + p->n_sequence_values + p->n_optional_values + p->n_map_values;
    ofz_tensor y;

    if (p->n_sparse_tensor_values)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "sequence of sparse tensors");
    if (kinds > 1)
        return ofz_fail(ctx, OFZ_E_PARSE, "sequence: %d kinds of elements, want 1", kinds);
    OFZ_TRY(ofz_container_new(ctx, &y, OFZ_SEQUENCE, (int64_t)count));
    for (size_t i = 0; i < count; i++) {
        const ofz_status st = sequence_item(ctx, m, p, i, ofz_container_item(&y, (int64_t)i));

        if (st) {
            ofz_tensor_release(&y);
            return ofz_at(ctx, st, "element %zu", i);
        }
    }
    *out = y;
    return OFZ_OK;
}

ofz_status ofz_container_unpack(ofz_ctx *ctx, ofz_model *model, ofz_kind kind, const ofz_guarded *g,
                                ofz_tensor *out)
{
    ofz_status st;

    if (kind == OFZ_KIND_SEQUENCE) {
        Onnx__SequenceProto *p = onnx__sequence_proto__unpack(NULL, g->skeleton_size, g->skeleton);

        if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "sequence: protobuf-c cannot unpack it");
        st = sequence_read(ctx, model, p, out);
        onnx__sequence_proto__free_unpacked(p, NULL);
    } else if (kind == OFZ_KIND_MAP) {
        Onnx__MapProto *p = onnx__map_proto__unpack(NULL, g->skeleton_size, g->skeleton);

        if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "map: protobuf-c cannot unpack it");
        st = map_read(ctx, model, p, out);
        onnx__map_proto__free_unpacked(p, NULL);
    } else {
        Onnx__OptionalProto *p = onnx__optional_proto__unpack(NULL, g->skeleton_size, g->skeleton);

        if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "optional: protobuf-c cannot unpack it");
        st = optional_read(ctx, model, p, out);
        onnx__optional_proto__free_unpacked(p, NULL);
    }
    return st;
}
