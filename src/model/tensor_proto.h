/* tensor_proto.h - the one way from a TensorProto to a tensor, wherever in a file it stands. */
#ifndef OFZ_MODEL_TENSOR_PROTO_H
#define OFZ_MODEL_TENSOR_PROTO_H

#include "model/model_file.h"
#include "onnx.pb-c.h"

/* The data fields of one TensorProto, counted on the wire. */
typedef struct ofz_payload {
    uint32_t       number;  /* the field that holds data; 0: none does */
    int            fields;  /* how many different fields hold data */
    uint64_t       entries; /* numbers or strings in it; bytes for raw_data */
    int            chunks;  /* how many times the field stands there */
    const uint8_t *data;    /* content of the last chunk */
    size_t         size;
    bool           packed; /* that chunk is length-delimited */
} ofz_payload;

/* Errors: OFZ_E_PARSE. */
ofz_status ofz_payload_scan(ofz_ctx *ctx, const uint8_t *begin, const uint8_t *end,
                            ofz_payload *out) OFZ_MUST_USE;

/* The origin that the guard gave to a message of the skeleton; -1 when it has none. */
int ofz_message_origin(const ProtobufCMessage *m);

/* Decode `p`, whose payload stands in model->bytes at its origin. Small tensors and those whose
 * layout is not that of raw_data are copied into the model's arena, others point into the file.
 *   external   set when the bytes come from another file
 * Errors: OFZ_E_MODEL, OFZ_E_LIMIT, OFZ_E_UNSUPPORTED, OFZ_E_PARSE, OFZ_E_NOMEM. */
ofz_status ofz_tensor_proto_read(ofz_ctx *ctx, ofz_model *model, const Onnx__TensorProto *p,
                                 ofz_tensor *out, bool *external) OFZ_MUST_USE;

/* data_proto.c: unpack what the guard let through: a SequenceProto, an OptionalProto or a MapProto, as
 * `kind` says. *out owns copies of all bytes. Errors: as above, OFZ_E_UNSUPPORTED for sparse tensors. */
ofz_status ofz_container_unpack(ofz_ctx *ctx, ofz_model *model, ofz_kind kind, const ofz_guarded *g,
                                ofz_tensor *out) OFZ_MUST_USE;

#endif
