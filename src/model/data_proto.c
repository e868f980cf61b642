/* data_proto.c - sequences and optionals in files of data. They nest no deeper than the guard
 * allowed. */
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

static ofz_status optional_read(ofz_ctx *ctx, ofz_model *m, const Onnx__OptionalProto *p,
                                ofz_tensor *out)
{
    const bool there = p->tensor_value || p->sequence_value || p->optional_value;
    ofz_tensor y;
    ofz_status st = OFZ_OK;

    if (p->map_value || p->sparse_tensor_value)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "optional of a map or a sparse tensor");
    OFZ_TRY(ofz_container_new(ctx, &y, OFZ_OPTIONAL, there));
    if (p->tensor_value)
        st = tensor_copy(ctx, m, p->tensor_value, ofz_container_item(&y, 0));
    else if (p->sequence_value)
        st = sequence_read(ctx, m, p->sequence_value, ofz_container_item(&y, 0));
    else if (p->optional_value)
        st = optional_read(ctx, m, p->optional_value, ofz_container_item(&y, 0));
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
    return optional_read(ctx, m, p->optional_values[i], out);
}

static ofz_status sequence_read(ofz_ctx *ctx, ofz_model *m, const Onnx__SequenceProto *p,
                                ofz_tensor *out)
{
    const int kinds =
        (p->n_tensor_values != 0) + (p->n_sequence_values != 0) + (p->n_optional_values != 0);
    const size_t count = p->n_tensor_values + p->n_sequence_values + p->n_optional_values;
    ofz_tensor   y;

    if (p->n_map_values || p->n_sparse_tensor_values)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "sequence of maps or sparse tensors");
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

ofz_status ofz_container_unpack(ofz_ctx *ctx, ofz_model *model, bool sequence, const ofz_guarded *g,
                                ofz_tensor *out)
{
    ofz_status st;

    if (sequence) {
        Onnx__SequenceProto *p = onnx__sequence_proto__unpack(NULL, g->skeleton_size, g->skeleton);

        if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "sequence: protobuf-c cannot unpack it");
        st = sequence_read(ctx, model, p, out);
        onnx__sequence_proto__free_unpacked(p, NULL);
    } else {
        Onnx__OptionalProto *p = onnx__optional_proto__unpack(NULL, g->skeleton_size, g->skeleton);

        if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "optional: protobuf-c cannot unpack it");
        st = optional_read(ctx, model, p, out);
        onnx__optional_proto__free_unpacked(p, NULL);
    }
    return st;
}
