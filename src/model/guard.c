/* guard.c - see guard.h. The schema is protobuf-c's own descriptors: one truth, no second table. */
#include "model/guard.h"

#include <stdlib.h>
#include <string.h>

#include "model/wire.h"
#include "onnx.pb-c.h"

typedef struct frame {
    const ProtobufCMessageDescriptor *desc;
    const uint8_t                    *end;
    size_t                            patch;  /* where the skeleton wants this message's length */
    int                               origin; /* nearest recorded message, itself included */
    uint32_t seen; /* singular submessages met, by index in the descriptor */
} frame;

typedef struct guard {
    ofz_ctx        *ctx;
    const uint8_t  *data;
    const ofz_file *file;
    size_t          held; /* the file is let go of up to here */
    ofz_wire        wire;
    ofz_guarded    *out;
    frame          *stack;
    int             depth;
    size_t          count, cost; /* against limits.structure_count and .structure_size */
} guard;

static const ProtobufCMessageDescriptor *const origin_desc[] = {
    [OFZ_ORIGIN_MODEL]         = &onnx__model_proto__descriptor,
    [OFZ_ORIGIN_GRAPH]         = &onnx__graph_proto__descriptor,
    [OFZ_ORIGIN_NODE]          = &onnx__node_proto__descriptor,
    [OFZ_ORIGIN_ATTRIBUTE]     = &onnx__attribute_proto__descriptor,
    [OFZ_ORIGIN_TENSOR]        = &onnx__tensor_proto__descriptor,
    [OFZ_ORIGIN_SPARSE_TENSOR] = &onnx__sparse_tensor_proto__descriptor,
    [OFZ_ORIGIN_FUNCTION]      = &onnx__function_proto__descriptor,
    [OFZ_ORIGIN_TRAINING]      = &onnx__training_info_proto__descriptor,
    [OFZ_ORIGIN_VALUE]         = &onnx__value_info_proto__descriptor,
    [OFZ_ORIGIN_SEQUENCE]      = &onnx__sequence_proto__descriptor,
    [OFZ_ORIGIN_OPTIONAL]      = &onnx__optional_proto__descriptor,
    [OFZ_ORIGIN_MAP]           = &onnx__map_proto__descriptor,
};

static ofz_origin_kind origin_kind(const ProtobufCMessageDescriptor *desc)
{
    int k = OFZ_ORIGIN_MODEL;

    while (k < OFZ_ORIGIN_OTHER && origin_desc[k] != desc) k++;
    return (ofz_origin_kind)k;
}

static ofz_status guard_fail(guard *g, const uint8_t *at, const char *what)
{
    return ofz_fail(g->ctx, OFZ_E_PARSE, "byte %zu, in a %s: %s", (size_t)(at - g->data),
                    g->stack[g->depth].desc->short_name, what);
}

/* --- the skeleton ----------------------------------------------------------------------------- */

static ofz_status skeleton_put(guard *g, const void *data, size_t size)
{
    ofz_guarded *o = g->out;

    if (size > o->skeleton_room - o->skeleton_size) {
        size_t   room   = 2 * o->skeleton_room + size + 4096;
        uint8_t *bigger = realloc(o->skeleton, room);

        if (!bigger) return ofz_fail_nomem(g->ctx, "model", room);
        o->skeleton      = bigger;
        o->skeleton_room = room;
    }
    if (size) memcpy(o->skeleton + o->skeleton_size, data, size);
    o->skeleton_size += size;
    return OFZ_OK;
}

static ofz_status skeleton_tag(guard *g, uint32_t number, int type)
{
    uint8_t buf[10];

    return skeleton_put(g, buf, ofz_wire_put_varint(buf, (uint64_t)number << 3 | (unsigned)type));
}

/* Lengths are unknown while a message is open: five bytes are kept for each. */
enum { PATCH_SIZE = 5 };

static void skeleton_patch(guard *g, size_t at)
{
    size_t   size = g->out->skeleton_size - at - PATCH_SIZE;
    uint8_t *p    = g->out->skeleton + at;

    for (int i = 0; i < PATCH_SIZE; i++, size >>= 7)
        p[i] = (uint8_t)((size & 0x7f) | (i < PATCH_SIZE - 1 ? 0x80 : 0));
}

/* Payloads are read from the file itself, comments by nobody. */
static bool field_kept(const ProtobufCMessageDescriptor *desc, const ProtobufCFieldDescriptor *fd)
{
    if (!strcmp(fd->name, "doc_string")) return false;
    if (desc != &onnx__tensor_proto__descriptor) return true;
    return fd->id < 4 || fd->id == 8 || fd->id > 12;
}

/* --- limits ----------------------------------------------------------------------------------- */

/* What protobuf-c will allocate for a field; it also keeps 40 bytes for each while it parses. */
static ofz_status guard_spend(guard *g, size_t cost)
{
    const ofz_limits *limits = &g->ctx->limits;

    g->count++;
    g->cost += 48 + cost;
    if (g->count > limits->structure_count)
        return ofz_fail(g->ctx, OFZ_E_LIMIT, "model: more than %zu fields",
                        limits->structure_count);
    if (g->cost > limits->structure_size)
        return ofz_fail(g->ctx, OFZ_E_LIMIT,
                        "model: its structure needs more than %zu bytes of memory",
                        limits->structure_size);
    return OFZ_OK;
}

/* --- fields ----------------------------------------------------------------------------------- */

static int wire_type_of(const ProtobufCFieldDescriptor *fd)
{
    switch (fd->type) {
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return OFZ_WIRE_I32;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return OFZ_WIRE_I64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return OFZ_WIRE_LEN;
    default:
        return OFZ_WIRE_VARINT;
    }
}

static ofz_status guard_packed(guard *g, const ofz_wire_field *f, int type)
{
    ofz_wire inner = { f->data, f->data + f->size, NULL };
    uint64_t x;
    size_t   count = 0;

    if (type != OFZ_WIRE_VARINT) {
        const size_t width = type == OFZ_WIRE_I32 ? 4 : 8;

        if (f->size % width)
            return guard_fail(g, f->tag, "a packed field that ends inside a number");
        count = f->size / width;
    }
    for (; type == OFZ_WIRE_VARINT && inner.p < inner.end; count++)
        if (!ofz_wire_varint(&inner, &x)) return guard_fail(g, inner.p, inner.error);
    return guard_spend(g, 8 * count);
}

static ofz_status guard_scalar(guard *g, const frame *top, const ProtobufCFieldDescriptor *fd,
                               const ofz_wire_field *f)
{
    const bool kept = field_kept(top->desc, fd);
    const int  type = wire_type_of(fd);

    if (f->type == OFZ_WIRE_LEN && type != OFZ_WIRE_LEN && kept) OFZ_TRY(guard_packed(g, f, type));
    if (fd->type == PROTOBUF_C_TYPE_STRING && memchr(f->data, 0, f->size))
        return guard_fail(g, f->tag, "a text with a NUL byte");
    if (!kept) return OFZ_OK;
    OFZ_TRY(guard_spend(g, f->type == OFZ_WIRE_LEN ? f->size + 32 : 8));
    OFZ_TRY(skeleton_tag(g, f->number, f->type));
    if (f->type == OFZ_WIRE_LEN) {
        uint8_t buf[10];

        OFZ_TRY(skeleton_put(g, buf, ofz_wire_put_varint(buf, f->size)));
    }
    return skeleton_put(g, f->data, f->size);
}

/* --- messages --------------------------------------------------------------------------------- */

static ofz_status origin_push(guard *g, ofz_origin origin, int *index)
{
    ofz_guarded *o = g->out;
    uint8_t      buf[10];

    if (o->origin_count == o->origin_room) {
        size_t      room   = o->origin_room ? 2 * o->origin_room : 64;
        ofz_origin *bigger = realloc(o->origin, room * sizeof *bigger);

        if (!bigger) return ofz_fail_nomem(g->ctx, "model", room * sizeof *bigger);
        o->origin      = bigger;
        o->origin_room = room;
    }
    o->origin[o->origin_count] = origin;
    *index                     = (int)o->origin_count++;
    OFZ_TRY(skeleton_tag(g, OFZ_ORIGIN_FIELD, OFZ_WIRE_VARINT));
    return skeleton_put(g, buf, ofz_wire_put_varint(buf, (uint64_t)*index));
}

static ofz_status guard_open(guard *g, const ProtobufCFieldDescriptor *fd, const ofz_wire_field *f)
{
    const ProtobufCMessageDescriptor *desc   = fd->descriptor;
    frame                            *top    = &g->stack[g->depth];
    const uint32_t                    bit    = 1u << (fd - top->desc->fields);
    const ofz_origin_kind             kind   = origin_kind(desc);
    int                               origin = top->origin;

    if (fd->label != PROTOBUF_C_LABEL_REPEATED && top->seen & bit)
        return guard_fail(g, f->tag, "the same single message a second time");
    top->seen |= bit;
    if (g->depth + 1 >= g->ctx->limits.depth)
        return ofz_fail(g->ctx, OFZ_E_LIMIT, "byte %zu: messages nested deeper than %d",
                        (size_t)(f->tag - g->data), g->ctx->limits.depth);
    OFZ_TRY(guard_spend(g, desc->sizeof_message + 32));
    OFZ_TRY(skeleton_tag(g, f->number, OFZ_WIRE_LEN));
    g->stack[++g->depth] = (frame){ desc, f->data + f->size, g->out->skeleton_size, origin, 0 };
    OFZ_TRY(skeleton_put(g, "\0\0\0\0\0", PATCH_SIZE));
    if (kind != OFZ_ORIGIN_OTHER) {
        OFZ_TRY(guard_spend(g, sizeof(ofz_origin) + 64));
        OFZ_TRY(
            origin_push(g,
                        (ofz_origin){ kind, origin, f->number, (size_t)(f->tag - g->data),
                                      (size_t)(f->prefix - g->data), (size_t)(f->data - g->data),
                                      (size_t)(f->data - g->data) + f->size },
                        &g->stack[g->depth].origin));
    }
    g->wire.p = f->data; /* go inside */
    return OFZ_OK;
}

static ofz_status guard_field(guard *g, const ofz_wire_field *f)
{
    const frame                    *top = &g->stack[g->depth];
    const ProtobufCFieldDescriptor *fd =
        protobuf_c_message_descriptor_get_field(top->desc, f->number);
    int want;

    if (!fd) return OFZ_OK; /* unknown: kept by the writer, of no interest here */
    want = wire_type_of(fd);
    if (f->type != want && !(f->type == OFZ_WIRE_LEN && fd->label == PROTOBUF_C_LABEL_REPEATED))
        return ofz_fail(g->ctx, OFZ_E_PARSE,
                        "byte %zu, in a %s: field '%s' has wire type %d, want %d",
                        (size_t)(f->tag - g->data), top->desc->short_name, fd->name, f->type, want);
    if (fd->type == PROTOBUF_C_TYPE_MESSAGE) return guard_open(g, fd, f);
    return guard_scalar(g, top, fd, f);
}

static void guard_forget(guard *g)
{
    const size_t at = (size_t)(g->wire.p - g->data);

    if (at < g->held + OFZ_FORGET_SIZE) return;
    ofz_file_forget(g->file, g->held, at);
    g->held = at;
}

static ofz_status guard_walk(guard *g)
{
    ofz_wire_field f;

    for (;;) {
        int more;

        g->wire.end = g->stack[g->depth].end;
        more        = ofz_wire_next(&g->wire, &f);
        if (more < 0) return guard_fail(g, f.tag, g->wire.error);
        if (!more && g->depth == 0) return OFZ_OK;
        if (more)
            OFZ_TRY(guard_field(g, &f));
        else
            skeleton_patch(g, g->stack[g->depth--].patch);
        guard_forget(g);
    }
}

ofz_status ofz_guard(ofz_ctx *ctx, const ofz_file *file, ofz_origin_kind root, ofz_guarded *out)
{
    const uint8_t *data = file->data;
    const size_t   size = file->size;
    guard          g    = {
                    .ctx = ctx, .data = data, .file = file, .wire = { data, data + size, NULL }, .out = out
    };
    const int  depth = ctx->limits.depth > 0 ? ctx->limits.depth : 1;
    ofz_status st;

    *out    = (ofz_guarded){ 0 };
    g.stack = calloc((size_t)depth, sizeof *g.stack);
    if (!g.stack) return ofz_fail_nomem(ctx, "model", (size_t)depth * sizeof *g.stack);
    g.stack[0] = (frame){ origin_desc[root], data + size, 0, 0, 0 };
    st         = origin_push(&g, (ofz_origin){ root, -1, 0, 0, 0, 0, size }, &g.stack[0].origin);
    if (!st) st = guard_walk(&g);
    free(g.stack);
    if (st) ofz_guarded_free(out);
    return st;
}

void ofz_guarded_free(ofz_guarded *g)
{
    free(g->origin);
    free(g->skeleton);
    *g = (ofz_guarded){ 0 };
}
