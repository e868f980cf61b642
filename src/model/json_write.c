/* json_write.c - from the wire to JSON; the descriptors of protobuf-c say what a field is. See json.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/json.h"
#include "model/wire.h"
#include "onnx.pb-c.h"

typedef struct writer {
    ofz_ctx   *ctx;
    ofz_bytes *out;
    bool       drop_unknown;
    int        depth;
} writer;

static void put_text(writer *w, const char *text)
{
    ofz_bytes_put(w->out, text, strlen(text));
}

static void put_line(writer *w)
{
    put_text(w, "\n");
    for (int i = 0; i < w->depth; i++) put_text(w, " ");
}

/* --- texts and bytes -------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at p; 0: none. */
static size_t utf8_size(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    uint32_t     c = n > 1 ? *p & (0x7fU >> n) : *p;

    if (!n || n > left) return 0;
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static ofz_status put_string(writer *w, const uint8_t *p, size_t size)
{
    char buf[8];

    put_text(w, "\"");
    for (size_t i = 0, n; i < size; i += n) {
        n = utf8_size(p + i, size - i);
        if (!n)
            return ofz_fail(w->ctx, OFZ_E_UNSUPPORTED, "text: not UTF-8, which JSON cannot hold");
        if (p[i] == '"' || p[i] == '\\') {
            snprintf(buf, sizeof buf, "\\%c", p[i]);
            put_text(w, buf);
        } else if (p[i] < 0x20) {
            snprintf(buf, sizeof buf, "\\u%04x", p[i]);
            put_text(w, buf);
        } else {
            ofz_bytes_put(w->out, p + i, n);
        }
    }
    put_text(w, "\"");
    return OFZ_OK;
}

static void put_base64(writer *w, const uint8_t *p, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char              block[1024];
    size_t            n = 0;

    put_text(w, "\"");
    for (size_t i = 0; i < size; i += 3) {
        const uint32_t x = (uint32_t)p[i] << 16 | (i + 1 < size ? (uint32_t)p[i + 1] << 8 : 0) |
                           (i + 2 < size ? p[i + 2] : 0U);

        block[n++] = digit[x >> 18];
        block[n++] = digit[x >> 12 & 63];
        block[n++] = i + 1 < size ? digit[x >> 6 & 63] : '=';
        block[n++] = i + 2 < size ? digit[x & 63] : '=';
        if (n < sizeof block && i + 3 < size) continue;
        ofz_bytes_put(w->out, block, n);
        n = 0;
    }
    put_text(w, "\"");
}

/* --- numbers ---------------------------------------------------------------------------------- */

static ofz_status put_real(writer *w, double x, bool plain_nan, int digits)
{
    char buf[40];

    if (isnan(x) && !plain_nan)
        return ofz_fail(w->ctx, OFZ_E_UNSUPPORTED,
                        "number: a NaN with a payload, which JSON cannot hold");
    if (isnan(x) || isinf(x)) {
        put_text(w, isnan(x) ? "\"NaN\"" : x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return OFZ_OK;
    }
    snprintf(buf, sizeof buf, "%.*g", digits, x);
    for (char *p = buf; *p; p++)
        if (*p == ',') *p = '.'; /* whatever the locale */
    put_text(w, buf);
    return OFZ_OK;
}

static void put_enum(writer *w, const ProtobufCEnumDescriptor *d, int32_t x)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, x);
    char                      buf[16];

    snprintf(buf, sizeof buf, "%" PRId32, x);
    if (v) put_text(w, "\"");
    put_text(w, v ? v->name : buf);
    if (v) put_text(w, "\"");
}

static ofz_status put_number(writer *w, const ProtobufCFieldDescriptor *fd, uint64_t x)
{
    char     buf[32];
    uint32_t low = (uint32_t)x;
    float    f;
    double   d;

    switch (fd->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&f, &low, sizeof f);
        return put_real(w, (double)f, low == 0x7fc00000, 9);
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(&d, &x, sizeof d);
        return put_real(w, d, x == 0x7ff8000000000000, 17);
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(w, fd->descriptor, (int32_t)x);
        return OFZ_OK;
    case PROTOBUF_C_TYPE_BOOL:
        put_text(w, x ? "true" : "false");
        return OFZ_OK;
    case PROTOBUF_C_TYPE_INT32:
        snprintf(buf, sizeof buf, "%" PRId32, (int32_t)x);
        break;
    case PROTOBUF_C_TYPE_INT64:
        snprintf(buf, sizeof buf, "\"%" PRId64 "\"", (int64_t)x);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        snprintf(buf, sizeof buf, "\"%" PRIu64 "\"", x);
        break;
    default:
        return ofz_fail(w->ctx, OFZ_E_UNSUPPORTED, "field %s: its type", fd->name);
    }
    put_text(w, buf);
    return OFZ_OK;
}

/* --- fields ----------------------------------------------------------------------------------- */

static int wire_type(const ProtobufCFieldDescriptor *fd)
{
    switch (fd->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        return OFZ_WIRE_I32;
    case PROTOBUF_C_TYPE_DOUBLE:
        return OFZ_WIRE_I64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return OFZ_WIRE_LEN;
    default:
        return OFZ_WIRE_VARINT;
    }
}

static ofz_status write_message(writer *w, const ProtobufCMessageDescriptor *d, ofz_bytes_view m);

static ofz_status put_packed(writer *w, const ProtobufCFieldDescriptor *fd, const ofz_wire_field *f,
                             bool *first)
{
    ofz_wire in = { f->data, f->data + f->size, NULL };
    uint64_t x  = 0;

    while (in.p < in.end) {
        const size_t size = wire_type(fd) == OFZ_WIRE_I32 ? 4 : 8;
        bool         good = true;

        if (wire_type(fd) == OFZ_WIRE_VARINT) {
            good = ofz_wire_varint(&in, &x);
        } else if ((good = (size_t)(in.end - in.p) >= size)) {
            x = 0;
            memcpy(&x, in.p, size);
            in.p += size;
        }
        if (!good) return ofz_fail(w->ctx, OFZ_E_PARSE, "field %s: cut off", fd->name);
        if (!*first) put_text(w, ", ");
        *first = false;
        OFZ_TRY(put_number(w, fd, x));
    }
    return OFZ_OK;
}

static ofz_status put_value(writer *w, const ProtobufCFieldDescriptor *fd, const ofz_wire_field *f,
                            bool *first)
{
    const bool number = wire_type(fd) != OFZ_WIRE_LEN;

    if (f->type != wire_type(fd) && !(number && f->type == OFZ_WIRE_LEN))
        return ofz_fail(w->ctx, OFZ_E_PARSE, "field %s: wire type %d, want %d", fd->name, f->type,
                        wire_type(fd));
    if (number && f->type == OFZ_WIRE_LEN) return put_packed(w, fd, f, first);
    if (!*first) put_text(w, ", ");
    *first = false;
    if (number) return put_number(w, fd, f->value);
    if (fd->type == PROTOBUF_C_TYPE_MESSAGE)
        return write_message(w, fd->descriptor, (ofz_bytes_view){ f->data, f->size });
    if (fd->type == PROTOBUF_C_TYPE_STRING) return put_string(w, f->data, f->size);
    put_base64(w, f->data, f->size);
    return OFZ_OK;
}

/* Is the field there at all? Of one that is not repeated the last counts. */
static bool find_field(ofz_bytes_view m, uint32_t number, ofz_wire_field *last)
{
    ofz_wire       in    = { m.data, m.data + m.size, NULL };
    bool           found = false;
    ofz_wire_field f;

    while (ofz_wire_next(&in, &f) > 0) {
        if (f.number != number) continue;
        *last = f;
        found = true;
    }
    return found;
}

static void put_name(writer *w, const char *snake)
{
    char   camel[64];
    size_t n = 0;

    for (const char *p = snake; *p && n + 1 < sizeof camel; p++) {
        const bool up = *p == '_' && p[1] >= 'a' && p[1] <= 'z';

        camel[n++] = up ? (char)(*++p - 'a' + 'A') : *p;
    }
    camel[n] = '\0';
    put_text(w, "\"");
    put_text(w, camel);
    put_text(w, "\": ");
}

static ofz_status put_field(writer *w, const ProtobufCFieldDescriptor *fd, ofz_bytes_view m)
{
    ofz_wire       in    = { m.data, m.data + m.size, NULL };
    bool           first = true;
    ofz_wire_field f, last;

    if (!find_field(m, fd->id, &last)) return OFZ_OK;
    if (w->out->data[w->out->size - 1] != '{') put_text(w, ",");
    put_line(w);
    put_name(w, fd->name);
    if (fd->label != PROTOBUF_C_LABEL_REPEATED) return put_value(w, fd, &last, &first);
    put_text(w, "[");
    while (ofz_wire_next(&in, &f) > 0)
        if (f.number == fd->id) OFZ_TRY(put_value(w, fd, &f, &first));
    put_text(w, "]");
    return OFZ_OK;
}

static ofz_status check_known(writer *w, const ProtobufCMessageDescriptor *d, ofz_bytes_view m)
{
    ofz_wire       in = { m.data, m.data + m.size, NULL };
    ofz_wire_field f;
    int            more;

    while ((more = ofz_wire_next(&in, &f)) > 0)
        if (!w->drop_unknown && !protobuf_c_message_descriptor_get_field(d, f.number))
            return ofz_fail(w->ctx, OFZ_E_UNSUPPORTED, "%s: field %" PRIu32 " is not known",
                            d->short_name, f.number);
    if (more < 0) return ofz_fail(w->ctx, OFZ_E_PARSE, "%s: %s", d->short_name, in.error);
    return OFZ_OK;
}

static ofz_status write_message(writer *w, const ProtobufCMessageDescriptor *d, ofz_bytes_view m)
{
    if (w->depth >= w->ctx->limits.depth)
        return ofz_fail(w->ctx, OFZ_E_LIMIT, "messages: nested deeper than %d",
                        w->ctx->limits.depth);
    OFZ_TRY(check_known(w, d, m));
    w->depth++;
    put_text(w, "{");
    for (unsigned i = 0; i < d->n_fields && !w->out->failed; i++)
        OFZ_TRY(put_field(w, &d->fields[i], m));
    w->depth--;
    put_text(w, "}");
    return OFZ_OK;
}

ofz_status ofz_json_write(ofz_ctx *ctx, ofz_bytes_view model, bool drop_unknown, ofz_bytes *out)
{
    writer w = { ctx, out, drop_unknown, 0 };

    OFZ_TRY(write_message(&w, &onnx__model_proto__descriptor, model));
    put_text(&w, "\n");
    return out->failed ? ofz_fail_nomem(ctx, "json", out->size) : OFZ_OK;
}
