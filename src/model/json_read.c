/* json_read.c - from JSON to the wire. The fields of a message are gathered one by one and put in the order
 * of their numbers. See json.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/json.h"
#include "model/wire.h"
#include "onnx.pb-c.h"

typedef struct reader {
    ofz_ctx    *ctx;
    const char *p, *end;
    int         line, depth;
    ofz_bytes   text; /* the last string */
} reader;

/* --- characters ------------------------------------------------------------------------------- */

static char next(reader *r)
{
    for (; r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p; r->p++) r->line += *r->p == '\n';
    return r->p < r->end ? *r->p : '\0';
}

static ofz_status wrong(reader *r, const char *want)
{
    char      found[24];
    const int left = r->end - r->p < 12 ? (int)(r->end - r->p) : 12;

    (void)next(r);
    snprintf(found, sizeof found, r->p < r->end ? "'%.*s'" : "the end", left, r->p);
    return ofz_fail(r->ctx, OFZ_E_PARSE, "json: line %d: %s, want %s", r->line, found, want);
}

static bool take(reader *r, char c)
{
    if (next(r) != c) return false;
    r->p++;
    return true;
}

static bool take_word(reader *r, const char *word)
{
    const size_t n = strlen(word);

    (void)next(r);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

static void put_utf8(ofz_bytes *b, uint32_t c)
{
    uint8_t      x[4];
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; c >>= 6) x[i] = (uint8_t)(0x80 | (c & 0x3f));
    x[0] = (uint8_t)(n == 1 ? c : (0xf00U >> n & 0xff) | c);
    ofz_bytes_put(b, x, n);
}

static bool take_hex(reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        const char c = r->p < r->end ? *r->p : '\0';

        if (!isxdigit((unsigned char)c)) return false;
        *out = *out << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return true;
}

static ofz_status take_escape(reader *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char        c  = r->p < r->end ? *r->p++ : '\0';
    const char       *at = c ? strchr(from, c) : NULL;
    uint32_t          x, low;

    if (at) {
        ofz_bytes_put(&r->text, &to[at - from], 1);
        return OFZ_OK;
    }
    if (c != 'u' || !take_hex(r, &x)) return wrong(r, "an escape");
    if (x >= 0xd800 && x < 0xdc00) {
        if (r->end - r->p < 6 || *r->p++ != '\\' || *r->p++ != 'u' || !take_hex(r, &low) ||
            low < 0xdc00 || low > 0xdfff)
            return wrong(r, "the other half of a surrogate pair");
        x = 0x10000 + ((x - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(&r->text, x);
    return OFZ_OK;
}

/* Into r->text. */
static ofz_status take_string(reader *r)
{
    if (!take(r, '"')) return wrong(r, "a text");
    r->text.size = 0;
    while (r->p < r->end && *r->p != '"') {
        const char *from = r->p;

        while (r->p < r->end && *r->p != '"' && *r->p != '\\') r->p++;
        ofz_bytes_put(&r->text, from, (size_t)(r->p - from));
        if (r->p == r->end || *r->p == '"') break;
        r->p++;
        OFZ_TRY(take_escape(r));
    }
    if (r->p == r->end) return wrong(r, "a closing quote");
    r->p++;
    ofz_bytes_put(&r->text, "", 1); /* terminated, not counted */
    if (r->text.failed) return ofz_fail_nomem(r->ctx, "json", r->text.size);
    r->text.size--;
    return OFZ_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* r->text becomes what it stands for. */
static ofz_status decode_base64(reader *r)
{
    size_t   n = 0, size = r->text.size;
    uint32_t x    = 0;
    int      bits = 0;

    while (size && r->text.data[size - 1] == '=') size--;
    for (size_t i = 0; i < size; i++) {
        const int v = base64_value((char)r->text.data[i]);

        if (v < 0) return wrong(r, "base64 before it");
        x = x << 6 | (uint32_t)v;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        r->text.data[n++] = (uint8_t)(x >> bits);
    }
    r->text.size = n;
    return OFZ_OK;
}

/* A number, quoted or not, as text in buf. */
static ofz_status number_text(reader *r, char buf[48])
{
    size_t n = 0;

    if (next(r) == '"') {
        OFZ_TRY(take_string(r));
        if (r->text.size > 47) return wrong(r, "a number before it");
        memcpy(buf, r->text.data, r->text.size + 1);
        return OFZ_OK;
    }
    while (r->p < r->end && n < 47 && *r->p && strchr("+-.0123456789eE", *r->p)) buf[n++] = *r->p++;
    buf[n] = '\0';
    return n ? OFZ_OK : wrong(r, "a number");
}

static ofz_status take_real(reader *r, const ProtobufCFieldDescriptor *fd, uint64_t *out)
{
    char     buf[48], *end;
    double   x;
    float    f;
    uint32_t low;

    OFZ_TRY(number_text(r, buf));
    x = strtod(buf, &end);
    if (end == buf || *end) return wrong(r, "a number before it");
    if (isnan(x)) {
        *out = fd->type == PROTOBUF_C_TYPE_FLOAT ? 0x7fc00000 : 0x7ff8000000000000;
        return OFZ_OK;
    }
    if (fd->type == PROTOBUF_C_TYPE_DOUBLE) {
        memcpy(out, &x, sizeof x);
        return OFZ_OK;
    }
    f = strtof(buf, NULL);
    memcpy(&low, &f, sizeof low);
    *out = low;
    return OFZ_OK;
}

static ofz_status take_enum(reader *r, const ProtobufCEnumDescriptor *d, uint64_t *out)
{
    const ProtobufCEnumValue *v;
    char                      buf[48], *end;

    if (next(r) == '"') {
        OFZ_TRY(take_string(r));
        v = protobuf_c_enum_descriptor_get_value_by_name(d, (const char *)r->text.data);
        if (!v) return wrong(r, "an enumerator before it");
        *out = (uint64_t)(int64_t)v->value;
        return OFZ_OK;
    }
    OFZ_TRY(number_text(r, buf));
    *out = (uint64_t)strtoll(buf, &end, 10);
    return *end ? wrong(r, "a whole number before it") : OFZ_OK;
}

static ofz_status take_number(reader *r, const ProtobufCFieldDescriptor *fd, uint64_t *out)
{
    char buf[48], *end;

    switch (fd->type) {
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return take_real(r, fd, out);
    case PROTOBUF_C_TYPE_ENUM:
        return take_enum(r, fd->descriptor, out);
    case PROTOBUF_C_TYPE_BOOL:
        *out = take_word(r, "true");
        return *out || take_word(r, "false") ? OFZ_OK : wrong(r, "true or false");
    default:
        OFZ_TRY(number_text(r, buf));
        errno = 0;
        *out  = fd->type == PROTOBUF_C_TYPE_UINT64 ? strtoull(buf, &end, 10)
                                                   : (uint64_t)strtoll(buf, &end, 10);
        return *end || errno ? wrong(r, "a whole number before it") : OFZ_OK;
    }
}

static bool is_number(const ProtobufCFieldDescriptor *fd)
{
    return fd->type != PROTOBUF_C_TYPE_MESSAGE && fd->type != PROTOBUF_C_TYPE_STRING &&
           fd->type != PROTOBUF_C_TYPE_BYTES;
}

/* tag: with the field's; packed elements have none. */
static void put_number(ofz_bytes *b, const ProtobufCFieldDescriptor *fd, uint64_t x, bool tag)
{
    const int type = fd->type == PROTOBUF_C_TYPE_FLOAT    ? OFZ_WIRE_I32
                     : fd->type == PROTOBUF_C_TYPE_DOUBLE ? OFZ_WIRE_I64
                                                          : OFZ_WIRE_VARINT;
    uint8_t   buf[10];

    if (tag)
        ofz_bytes_put(b, buf, ofz_wire_put_varint(buf, (uint64_t)fd->id << 3 | (unsigned)type));
    if (type == OFZ_WIRE_VARINT)
        ofz_bytes_put(b, buf, ofz_wire_put_varint(buf, x));
    else
        ofz_bytes_put(b, &x, type == OFZ_WIRE_I32 ? 4 : 8);
}

/* --- messages --------------------------------------------------------------------------------- */

static ofz_status read_message(reader *r, const ProtobufCMessageDescriptor *d, ofz_bytes *out);

static ofz_status read_one(reader *r, const ProtobufCFieldDescriptor *fd, bool packed,
                           ofz_bytes *out)
{
    ofz_bytes  inner = { 0 };
    uint64_t   x     = 0;
    ofz_status st;

    if (fd->type == PROTOBUF_C_TYPE_MESSAGE) {
        st = read_message(r, fd->descriptor, &inner);
        if (st)
            free(inner.data);
        else
            ofz_bytes_message(out, fd->id, &inner);
        return st;
    }
    if (is_number(fd)) {
        OFZ_TRY(take_number(r, fd, &x));
        put_number(out, fd, x, !packed);
        return OFZ_OK;
    }
    OFZ_TRY(take_string(r));
    if (fd->type == PROTOBUF_C_TYPE_BYTES) OFZ_TRY(decode_base64(r));
    ofz_bytes_field(out, fd->id, r->text.data, r->text.size);
    return OFZ_OK;
}

static ofz_status read_value(reader *r, const ProtobufCFieldDescriptor *fd, ofz_bytes *out)
{
    const bool packed = fd->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    ofz_bytes  list   = { 0 };
    ofz_status st     = OFZ_OK;

    if (take_word(r, "null")) return OFZ_OK;
    if (fd->label != PROTOBUF_C_LABEL_REPEATED) return read_one(r, fd, false, out);
    if (!take(r, '[')) return wrong(r, "'['");
    if (take(r, ']')) return OFZ_OK;
    do st = read_one(r, fd, packed, packed ? &list : out);
    while (!st && take(r, ','));
    if (!st && !take(r, ']')) st = wrong(r, "',' or ']'");
    if (!st && packed) ofz_bytes_field(out, fd->id, list.data, list.size);
    free(list.data);
    return st;
}

/* By either spelling. */
static bool name_is(const char *snake, const char *text)
{
    for (; *snake; snake++) {
        if (*text == *snake) {
            text++;
        } else if (*snake == '_' && *text >= 'A' && *text <= 'Z' && (*text | 32) == snake[1]) {
            text++;
            snake++;
        } else {
            return false;
        }
    }
    return !*text;
}

static ofz_status read_member(reader *r, const ProtobufCMessageDescriptor *d, ofz_bytes *field)
{
    OFZ_TRY(take_string(r));
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (!name_is(d->fields[i].name, (const char *)r->text.data)) continue;
        if (field[i].size) return wrong(r, "a field once");
        if (!take(r, ':')) return wrong(r, "':'");
        return read_value(r, &d->fields[i], &field[i]);
    }
    return ofz_fail(r->ctx, OFZ_E_PARSE, "json: line %d: '%.60s', want a field of %s", r->line,
                    (const char *)r->text.data, d->short_name);
}

static ofz_status read_message(reader *r, const ProtobufCMessageDescriptor *d, ofz_bytes *out)
{
    ofz_bytes *field = calloc(d->n_fields + 1, sizeof *field);
    ofz_status st    = OFZ_OK;

    if (!field) return ofz_fail_nomem(r->ctx, "json", d->n_fields * sizeof *field);
    if (r->depth++ >= r->ctx->limits.depth)
        OFZ_GOTO(
            ofz_fail(r->ctx, OFZ_E_LIMIT, "json: nested deeper than %d", r->ctx->limits.depth));
    if (!take(r, '{')) OFZ_GOTO(wrong(r, "'{'"));
    if (!take(r, '}')) {
        do OFZ_GOTO(read_member(r, d, field));
        while (take(r, ','));
        if (!take(r, '}')) OFZ_GOTO(wrong(r, "',' or '}'"));
    }
    for (unsigned i = 0; i < d->n_fields; i++) {
        ofz_bytes_put(out, field[i].data ? field[i].data : (const void *)"", field[i].size);
        out->failed = out->failed || field[i].failed;
    }
done:
    r->depth--;
    for (unsigned i = 0; i < d->n_fields; i++) free(field[i].data);
    free(field);
    return st;
}

ofz_status ofz_json_read(ofz_ctx *ctx, ofz_bytes_view text, ofz_bytes *out)
{
    reader r = { ctx, (const char *)text.data, (const char *)text.data + text.size, 1, 0, { 0 } };
    ofz_status st = read_message(&r, &onnx__model_proto__descriptor, out);

    if (!st && next(&r)) st = wrong(&r, "the end");
    if (!st && out->failed) st = ofz_fail_nomem(ctx, "json", out->size);
    free(r.text.data);
    return st;
}
