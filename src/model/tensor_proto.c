/* tensor_proto.c - see tensor_proto.h. */
#include "model/tensor_proto.h"

#include <string.h>

#include "base/checked.h"
#include "model/wire.h"

/* Numbers of the data fields. */
enum {
    FIELD_FLOAT  = 4,
    FIELD_INT32  = 5,
    FIELD_STRING = 6,
    FIELD_INT64  = 7,
    FIELD_RAW    = 9,
    FIELD_DOUBLE = 10,
    FIELD_UINT64 = 11
};

/* Tensors up to this size are copied, so that shape constants and scalars are always aligned. */
enum { SMALL_SIZE = 4096 };

static const char *const field_names[] = {
    [0]            = "no field",
    [FIELD_FLOAT]  = "float_data",
    [FIELD_INT32]  = "int32_data",
    [6]            = "string_data",
    [FIELD_INT64]  = "int64_data",
    [FIELD_RAW]    = "raw_data",
    [FIELD_DOUBLE] = "double_data",
    [FIELD_UINT64] = "uint64_data",
};

static bool is_data_field(uint32_t number)
{
    return number < sizeof field_names / sizeof field_names[0] && number && field_names[number];
}

int ofz_message_origin(const ProtobufCMessage *m)
{
    for (unsigned i = 0; i < m->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *u = &m->unknown_fields[i];
        ofz_wire                            w = { u->data, u->data + u->len, NULL };
        uint64_t                            x;

        if (u->tag == OFZ_ORIGIN_FIELD && ofz_wire_varint(&w, &x)) return (int)x;
    }
    return -1;
}

/* --- counting --------------------------------------------------------------------------------- */

/* Numbers in one occurrence of a data field; false when the last is cut off. */
static bool chunk_count(const ofz_wire_field *f, uint64_t *out)
{
    const size_t width = f->number == FIELD_FLOAT ? 4 : 8;
    uint64_t     n     = 0;

    if (f->number == FIELD_RAW)
        n = f->size;
    else if (f->type != OFZ_WIRE_LEN || f->number == FIELD_STRING)
        n = 1;
    else if (f->number == FIELD_FLOAT || f->number == FIELD_DOUBLE) {
        if (f->size % width) return false;
        n = f->size / width;
    } else {
        for (size_t i = 0; i < f->size; i++) n += !(f->data[i] & 0x80);
        if (f->size && f->data[f->size - 1] & 0x80) return false;
    }
    *out = n;
    return true;
}

ofz_status ofz_payload_scan(ofz_ctx *ctx, const uint8_t *begin, const uint8_t *end,
                            ofz_payload *out)
{
    ofz_wire       w    = { begin, end, NULL };
    uint32_t       seen = 0;
    ofz_wire_field f;
    uint64_t       n;
    int            more;

    *out = (ofz_payload){ 0 };
    while ((more = ofz_wire_next(&w, &f)) > 0) {
        if (!is_data_field(f.number)) continue;
        if (!chunk_count(&f, &n))
            return ofz_fail(ctx, OFZ_E_PARSE, "%s: ends inside a number", field_names[f.number]);
        if (!n) continue; /* an empty packed field says as much as none */
        out->fields += !(seen & 1u << f.number);
        seen |= 1u << f.number;
        if (f.number != out->number || f.number == FIELD_RAW) out->entries = out->chunks = 0;
        out->number = f.number;
        out->entries += n;
        out->chunks++;
        out->data   = f.data;
        out->size   = f.size;
        out->packed = f.type == OFZ_WIRE_LEN;
    }
    if (more < 0) return ofz_fail(ctx, OFZ_E_PARSE, "tensor: %s", w.error);
    return OFZ_OK;
}

/* --- which field, how many entries ------------------------------------------------------------ */

static uint32_t field_of(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_F32:
    case OFZ_C64:
        return FIELD_FLOAT;
    case OFZ_F64:
    case OFZ_C128:
        return FIELD_DOUBLE;
    case OFZ_I64:
        return FIELD_INT64;
    case OFZ_U32:
    case OFZ_U64:
        return FIELD_UINT64;
    case OFZ_STRING:
        return FIELD_STRING;
    default:
        return FIELD_INT32;
    }
}

/* Entries that `t` takes in its typed field. Packed types: one entry holds one byte (what writers
 * do) or four (what ONNX's checker asks for); *per says how many bytes `entries` of them hold each.
 */
static bool entries_fit(const ofz_tensor *t, uint64_t entries, size_t *per)
{
    const int      bits  = ofz_dtype_get(t->dtype)->bits;
    const uint64_t count = (uint64_t)t->count;

    *per = (size_t)bits / 8;
    if (t->dtype == OFZ_C64 || t->dtype == OFZ_C128) return entries == 2 * count;
    if (bits >= 8) return entries == count;
    *per = 1;
    if (entries == t->size) return true;
    *per = 4;
    return entries == t->size / 4 + (t->size % 4 != 0);
}

static ofz_status payload_check(ofz_ctx *ctx, const ofz_tensor *t, const ofz_payload *p,
                                size_t *per)
{
    const char    *name = ofz_dtype_name(t->dtype);
    const uint32_t want = field_of(t->dtype);

    *per = 1;
    if (p->fields > 1) return ofz_fail(ctx, OFZ_E_MODEL, "data in %d fields, want one", p->fields);
    if (!p->number && t->count)
        return ofz_fail(ctx, OFZ_E_MODEL, "no data, want %" PRId64 " elements", t->count);
    if (p->number == FIELD_RAW && t->dtype != OFZ_STRING) {
        if (p->size == t->size) return OFZ_OK;
        return ofz_fail(ctx, OFZ_E_MODEL, "raw_data of %zu bytes, want %zu", p->size, t->size);
    }
    if (p->number && p->number != want)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s in %s, want %s", name, field_names[p->number],
                        field_names[want]);
    if (!entries_fit(t, p->entries, per))
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "%" PRIu64 " entries of %s in %s, which do not fit %" PRId64 " elements",
                        p->entries, name, field_names[want], t->count);
    return OFZ_OK;
}

/* --- decoding --------------------------------------------------------------------------------- */

typedef struct sink {
    uint8_t  *p, *end;
    ofz_dtype dtype;
    size_t    width; /* bytes that one entry fills */
} sink;

/* Entries arrive as 64-bit patterns; little endian, the low bytes come first. */
static void sink_put(sink *s, uint64_t x)
{
    const size_t room = (size_t)(s->end - s->p);

    if (s->dtype == OFZ_BOOL) x = x != 0;
    memcpy(s->p, &x, s->width < room ? s->width : room);
    s->p += s->width < room ? s->width : room;
}

static bool sink_chunk(sink *s, const ofz_wire_field *f)
{
    ofz_wire w = { f->data, f->data + f->size, NULL };
    uint64_t x;

    if (f->type != OFZ_WIRE_LEN) {
        sink_put(s, f->value);
        return true;
    }
    if (f->number == FIELD_FLOAT || f->number == FIELD_DOUBLE) {
        if (f->size) memcpy(s->p, f->data, f->size);
        s->p += f->size;
        return true;
    }
    while (w.p < w.end) {
        if (!ofz_wire_varint(&w, &x)) return false;
        sink_put(s, x);
    }
    return true;
}

/* Strings stay in the file; only their addresses are collected. */
static ofz_status decode(ofz_ctx *ctx, const ofz_origin *o, const uint8_t *bytes,
                         const ofz_payload *payload, size_t per, ofz_tensor *t)
{
    ofz_wire       w    = { bytes + o->begin, bytes + o->end, NULL };
    sink           s    = { t->data, (uint8_t *)t->data + t->size, t->dtype, per };
    ofz_string    *text = t->data;
    ofz_wire_field f;

    if (t->dtype == OFZ_C64 || t->dtype == OFZ_C128) s.width = per / 2;
    while (ofz_wire_next(&w, &f) > 0) {
        if (f.number != payload->number) continue;
        if (f.number == FIELD_STRING)
            *text++ = (ofz_string){ (const char *)f.data, f.size };
        else if (!sink_chunk(&s, &f))
            return ofz_fail(ctx, OFZ_E_PARSE, "%s: a number of more than 64 bits",
                            field_names[f.number]);
    }
    return OFZ_OK;
}

/* The payload has the layout of raw_data where it stands. */
static bool is_direct(const ofz_tensor *t, const ofz_payload *p)
{
    if (t->dtype == OFZ_STRING) return false;
    if (p->number == FIELD_RAW) return true;
    return (p->number == FIELD_FLOAT || p->number == FIELD_DOUBLE) && p->chunks == 1 && p->packed;
}

static ofz_status tensor_room(ofz_ctx *ctx, ofz_model *model, ofz_tensor *t)
{
    t->data = ofz_arena_alloc(&model->arena, t->size);
    return t->data ? OFZ_OK : ofz_fail_nomem(ctx, "tensor", t->size);
}

/* Bytes that stand somewhere in raw_data layout: point there, or copy what is small. */
static ofz_status tensor_point(ofz_ctx *ctx, ofz_model *model, ofz_tensor *t, const uint8_t *data)
{
    if (t->size > SMALL_SIZE) {
        t->data = (void *)(uintptr_t)data; /* mapped read-only; nobody writes to constants */
        return OFZ_OK;
    }
    OFZ_TRY(tensor_room(ctx, model, t));
    if (t->size) memcpy(t->data, data, t->size);
    return OFZ_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static ofz_status shape_read(ofz_ctx *ctx, const Onnx__TensorProto *p, ofz_tensor *t)
{
    const ofz_dtype dtype = (ofz_dtype)p->data_type;
    int64_t         product;

    if (ofz_dtype_get(dtype)->cls == OFZ_CLASS_NONE)
        return ofz_fail(ctx, OFZ_E_MODEL, "element type %d, want 1 to 26", (int)p->data_type);
    if (p->n_dims > OFZ_MAX_RANK)
        return ofz_fail(ctx, OFZ_E_LIMIT, "rank %zu, want at most %d", p->n_dims, OFZ_MAX_RANK);
    product = ofz_dtype_get(dtype)->bits;
    for (size_t i = 0; i < p->n_dims; i++) {
        if (p->dims[i] < 0)
            return ofz_fail(ctx, OFZ_E_MODEL, "dimension %zu is %" PRId64 ", want at least 0", i,
                            p->dims[i]);
        /* zeros aside: a shape that overflows is refused even when it is empty */
        if (p->dims[i] && !ofz_mul(product, p->dims[i], &product))
            return ofz_fail(ctx, OFZ_E_LIMIT, "shape with more than 2^63 bits");
    }
    OFZ_TRY(ofz_tensor_set(ctx, t, dtype, (int)p->n_dims, p->dims));
    if (t->size > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "%zu bytes, want at most %zu", t->size,
                        ctx->limits.tensor_size);
    if (p->segment) return ofz_fail(ctx, OFZ_E_MODEL, "one segment of a tensor stored in pieces");
    return OFZ_OK;
}

static ofz_status external_read(ofz_ctx *ctx, ofz_model *model, const Onnx__TensorProto *p,
                                const ofz_payload *payload, ofz_tensor *t)
{
    ofz_external_ref ref  = { 0 };
    unsigned         seen = 0;
    const uint8_t   *data;

    if (payload->number)
        return ofz_fail(ctx, OFZ_E_MODEL, "external data and %s at once",
                        field_names[payload->number]);
    if (t->dtype == OFZ_STRING)
        return ofz_fail(ctx, OFZ_E_MODEL, "external data of type string, want numbers");
    for (size_t i = 0; i < p->n_external_data; i++) {
        const Onnx__StringStringEntryProto *e = p->external_data[i];

        OFZ_TRY(ofz_external_key(ctx, e->key ? e->key : "", e->value ? e->value : "", &seen, &ref));
    }
    OFZ_TRY(ofz_external_find(ctx, model, &ref, t->size, &data));
    return tensor_point(ctx, model, t, data);
}

static ofz_status read_inner(ofz_ctx *ctx, ofz_model *model, const Onnx__TensorProto *p,
                             ofz_tensor *t, bool *external)
{
    const int         origin = ofz_message_origin(&p->base);
    const ofz_origin *o;
    ofz_payload       payload;
    size_t            per;

    if (origin < 0 || (size_t)origin >= model->file->origin_count)
        return ofz_fail(ctx, OFZ_E_PARSE, "a tensor without a place in the file");
    o = &model->file->origin[origin];
    OFZ_TRY(shape_read(ctx, p, t));
    OFZ_TRY(ofz_payload_scan(ctx, model->bytes + o->begin, model->bytes + o->end, &payload));
    *external =
        p->has_data_location && p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (*external) return external_read(ctx, model, p, &payload, t);
    OFZ_TRY(payload_check(ctx, t, &payload, &per));
    if (is_direct(t, &payload)) return tensor_point(ctx, model, t, payload.data);
    OFZ_TRY(tensor_room(ctx, model, t));
    return decode(ctx, o, model->bytes, &payload, per, t);
}

/* Reading tensor after tensor skims the file once more. */
static void forget(ofz_model *model, const Onnx__TensorProto *p)
{
    struct ofz_model_file *file   = model->file;
    const int              origin = ofz_message_origin(&p->base);
    const size_t           at =
        origin < 0 || (size_t)origin >= file->origin_count ? 0 : file->origin[origin].end;

    if (at < file->held) file->held = at;
    if (at < file->held + OFZ_FORGET_SIZE) return;
    ofz_file_forget(&file->bytes, file->held, at);
    file->held = at;
}

ofz_status ofz_tensor_proto_read(ofz_ctx *ctx, ofz_model *model, const Onnx__TensorProto *p,
                                 ofz_tensor *out, bool *external)
{
    ofz_tensor       t;
    const ofz_status st = read_inner(ctx, model, p, &t, external);

    forget(model, p);
    if (st) return ofz_at(ctx, st, "tensor '%.100s'", p->name ? p->name : "");
    *out = t;
    return OFZ_OK;
}
