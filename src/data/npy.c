/* npy.c - see npy.h. The header is a Python dictionary of three entries in any order; the parser
 * accepts that and nothing wider, so that whatever numpy did not write is refused. */
#include "data/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "data/npy_text.h"

static const char magic[6] = "\x93NUMPY";

typedef struct npy_head {
    char      kind;    /* as in the array protocol: f i u b c U S */
    int       width;   /* bytes of one element */
    bool      swapped; /* big endian */
    bool      fortran;
    int       rank;
    int64_t   dim[OFZ_MAX_RANK];
    ofz_dtype dtype;
} npy_head;

typedef struct cursor {
    const char *at, *end;
} cursor;

bool ofz_npy_is(const void *data, size_t size)
{
    return size >= sizeof magic && !memcmp(data, magic, sizeof magic);
}

/* --- header ----------------------------------------------------------------------------------- */

static void space_skip(cursor *c)
{
    while (c->at < c->end && strchr(" \t\n\r", *c->at) && *c->at) c->at++;
}

/* Step over `ch`, and the space around it. */
static bool char_take(cursor *c, char ch)
{
    space_skip(c);
    if (c->at == c->end || *c->at != ch) return false;
    c->at++;
    space_skip(c);
    return true;
}

/* A quoted text without escapes, into buf. */
static bool quoted_take(cursor *c, char *buf, size_t size)
{
    size_t n = 0;
    char   quote;

    space_skip(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    quote = *c->at++;
    while (c->at < c->end && *c->at != quote) {
        if (n + 1 == size || *c->at == '\\' || *c->at == '\0') return false;
        buf[n++] = *c->at++;
    }
    if (c->at == c->end) return false;
    c->at++;
    buf[n] = '\0';
    return true;
}

static bool word_take(cursor *c, const char *word)
{
    const size_t n = strlen(word);

    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n)) return false;
    c->at += n;
    return true;
}

static bool number_take(cursor *c, int64_t *out)
{
    int64_t x = 0;

    if (c->at == c->end || *c->at < '0' || *c->at > '9') return false;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (!ofz_mul(x, 10, &x) || !ofz_add(x, *c->at - '0', &x)) return false;
    if (c->at < c->end && *c->at == 'L') c->at++; /* written by Python 2 */
    *out = x;
    return true;
}

static ofz_status shape_take(ofz_ctx *ctx, cursor *c, npy_head *h)
{
    if (!char_take(c, '(')) return ofz_fail(ctx, OFZ_E_PARSE, "shape: not a tuple");
    h->rank = 0;
    while (!char_take(c, ')')) {
        if (h->rank == OFZ_MAX_RANK)
            return ofz_fail(ctx, OFZ_E_LIMIT, "shape: more than %d dimensions", OFZ_MAX_RANK);
        if (!number_take(c, &h->dim[h->rank++]))
            return ofz_fail(ctx, OFZ_E_PARSE, "shape: not a tuple of whole numbers");
        space_skip(c);
        if (!char_take(c, ',') && (h->rank < 2 || c->at == c->end || *c->at != ')'))
            return ofz_fail(ctx, OFZ_E_PARSE, "shape: not a tuple of whole numbers");
    }
    return OFZ_OK;
}

typedef struct npy_type {
    char      kind;
    int       width;
    ofz_dtype dtype;
} npy_type;

static const npy_type types[] = {
    { 'f', 2, OFZ_F16 }, { 'f', 4, OFZ_F32 },   { 'f', 8, OFZ_F64 }, { 'i', 1, OFZ_I8 },
    { 'i', 2, OFZ_I16 }, { 'i', 4, OFZ_I32 },   { 'i', 8, OFZ_I64 }, { 'u', 1, OFZ_U8 },
    { 'u', 2, OFZ_U16 }, { 'u', 4, OFZ_U32 },   { 'u', 8, OFZ_U64 }, { 'b', 1, OFZ_BOOL },
    { 'c', 8, OFZ_C64 }, { 'c', 16, OFZ_C128 },
};

/* "<f4": byte order, kind, width in bytes (U: in characters of 4 bytes). */
static ofz_status descr_read(ofz_ctx *ctx, const char *text, npy_head *h)
{
    const char *order = strchr("<>|=", text[0]);
    char       *end;
    long        width;

    if (text[0] == '\0' || !order || text[1] == '\0' || text[2] < '0' || text[2] > '9') {
        if (text[0] && order && text[1] == 'O')
            return ofz_fix(ctx,
                           ofz_fail(ctx, OFZ_E_UNSUPPORTED, "descr: '%s' is Python objects", text),
                           "save the array with a numeric or string dtype");
        return ofz_fail(ctx, OFZ_E_PARSE, "descr: '%s', want a dtype such as '<f4'", text);
    }
    width = strtol(text + 2, &end, 10);
    if (*end || width < 0 || width > INT32_MAX / 4)
        return ofz_fail(ctx, OFZ_E_PARSE, "descr: '%s', want a dtype such as '<f4'", text);
    h->kind    = text[1];
    h->swapped = text[0] == '>';
    h->width   = (int)width * (h->kind == 'U' ? 4 : 1);
    h->dtype   = h->kind == 'U' || h->kind == 'S' ? OFZ_STRING : OFZ_UNDEFINED;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].kind == h->kind && types[i].width == width) h->dtype = types[i].dtype;
    if (!h->dtype)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                        "descr: '%s', want bool, integers, floats to 64 bits, complex or text",
                        text);
    return OFZ_OK;
}

static ofz_status entry_take(ofz_ctx *ctx, cursor *c, npy_head *h, unsigned *seen)
{
    char     key[16], text[32];
    unsigned bit;

    if (!quoted_take(c, key, sizeof key) || !char_take(c, ':'))
        return ofz_fail(ctx, OFZ_E_PARSE,
                        "header: not a dictionary of descr, fortran_order, shape");
    bit = !strcmp(key, "descr") ? 1 : !strcmp(key, "fortran_order") ? 2 : !strcmp(key, "shape") * 4;
    if (!bit || *seen & bit)
        return ofz_fail(ctx, OFZ_E_PARSE, "header: entry '%s' is %s", key,
                        bit ? "there twice" : "unknown");
    *seen |= bit;
    if (bit == 4) return shape_take(ctx, c, h);
    if (bit == 2) {
        h->fortran = word_take(c, "True");
        if (!h->fortran && !word_take(c, "False"))
            return ofz_fail(ctx, OFZ_E_PARSE, "fortran_order: neither True nor False");
        return OFZ_OK;
    }
    if (c->at < c->end && *c->at == '[')
        return ofz_fix(ctx,
                       ofz_fail(ctx, OFZ_E_UNSUPPORTED, "descr: records, want one plain dtype"),
                       "save each field as an array of its own");
    if (!quoted_take(c, text, sizeof text))
        return ofz_fail(ctx, OFZ_E_PARSE, "descr: not a text of less than %zu characters",
                        sizeof text);
    return descr_read(ctx, text, h);
}

static ofz_status head_parse(ofz_ctx *ctx, const char *text, size_t size, npy_head *h)
{
    cursor   c    = { text, text + size };
    unsigned seen = 0;

    if (!char_take(&c, '{')) return ofz_fail(ctx, OFZ_E_PARSE, "header: does not begin with '{'");
    while (!char_take(&c, '}')) {
        OFZ_TRY(entry_take(ctx, &c, h, &seen));
        space_skip(&c);
        if (!char_take(&c, ',') && (c.at == c.end || *c.at != '}'))
            return ofz_fail(ctx, OFZ_E_PARSE,
                            "header: not a dictionary of descr, fortran_order, shape");
    }
    if (seen != 7)
        return ofz_fail(ctx, OFZ_E_PARSE, "header: no %s",
                        !(seen & 1)   ? "descr"
                        : !(seen & 2) ? "fortran_order"
                                      : "shape");
    if (c.at != c.end) return ofz_fail(ctx, OFZ_E_PARSE, "header: something follows the '}'");
    return OFZ_OK;
}

/* Find the header in the file and the body behind it; body bytes are checked against the shape. */
static ofz_status head_read(ofz_ctx *ctx, const unsigned char *data, size_t size, npy_head *h,
                            size_t *body)
{
    size_t  n, at;
    int64_t count = 1, bytes;

    if (!ofz_npy_is(data, size) || size < 10)
        return ofz_fail(ctx, OFZ_E_PARSE, "%zu bytes: not an .npy", size);
    if (data[6] < 1 || data[6] > 3 || data[7] != 0)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "format %d.%d, want 1.0, 2.0 or 3.0", data[6],
                        data[7]);
    at = data[6] == 1 ? 10 : 12;
    if (size < at) return ofz_fail(ctx, OFZ_E_PARSE, "%zu bytes: the header is cut", size);
    n = data[8] | (size_t)data[9] << 8;
    if (data[6] > 1) n |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
    if (n > size - at)
        return ofz_fail(ctx, OFZ_E_PARSE, "header: %zu bytes, want at most the %zu that are there",
                        n, size - at);
    OFZ_TRY(head_parse(ctx, (const char *)data + at, n, h));
    for (int i = 0; i < h->rank; i++)
        if (h->dim[i] == 0) count = 0;
    for (int i = 0; i < h->rank && count; i++)
        if (!ofz_mul(count, h->dim[i], &count))
            return ofz_fail(ctx, OFZ_E_PARSE, "shape: more than 2^63 elements");
    *body = at + n;
    if (!h->width && count)
        return ofz_fail(ctx, OFZ_E_PARSE, "descr: texts of no width, want no elements");
    if (!ofz_mul(count, h->width, &bytes) || (uint64_t)bytes != size - *body)
        return ofz_fail(ctx, OFZ_E_PARSE, "body: %zu bytes, want %" PRId64 " elements of %d bytes",
                        size - *body, count, h->width);
    return OFZ_OK;
}

/* --- body ------------------------------------------------------------------------------------- */

/* One number of `width` bytes, turned around. */
static void number_swap(unsigned char *dst, const unsigned char *src, int width)
{
    for (int i = 0; i < width; i++) dst[i] = src[width - 1 - i];
}

static void elem_read(const npy_head *h, const unsigned char *src, unsigned char *dst)
{
    const int part = h->kind == 'c' ? h->width / 2 : h->width; /* the two halves turn separately */

    if (!h->swapped)
        memcpy(dst, src, (size_t)h->width);
    else
        for (int k = 0; k < h->width; k += part) number_swap(dst + k, src + k, part);
    if (h->kind == 'b') *dst = *dst != 0;
}

/* Where element `index` (C order) lies in a body in Fortran order. */
static int64_t fortran_index(const npy_head *h, int64_t index)
{
    int64_t at = 0, span = 1;

    for (int i = 0; i < h->rank; i++) span *= h->dim[i];
    for (int i = h->rank - 1; i >= 0; i--) {
        span /= h->dim[i];
        at += index % h->dim[i] * span;
        index /= h->dim[i];
    }
    return at;
}

static ofz_status body_convert(ofz_ctx *ctx, const npy_head *h, const unsigned char *src,
                               ofz_tensor *t)
{
    unsigned char *dst;

    OFZ_TRY(ofz_tensor_new(ctx, t, h->dtype, h->rank, h->dim));
    dst = t->data;
    if (!h->fortran && !h->swapped && h->kind != 'b') {
        if (t->size) memcpy(dst, src, t->size);
        return OFZ_OK;
    }
    for (int64_t i = 0; i < t->count; i++) {
        const int64_t from = h->fortran ? fortran_index(h, i) : i;

        elem_read(h, src + from * h->width, dst + i * h->width);
    }
    return OFZ_OK;
}

static ofz_status body_text(ofz_ctx *ctx, const npy_head *h, const unsigned char *src,
                            ofz_tensor *t)
{
    ofz_npy_text text = { .width = h->width, .wide = h->kind == 'U', .swapped = h->swapped };
    ofz_tensor   plan;

    OFZ_TRY(ofz_tensor_set(ctx, &plan, OFZ_STRING, h->rank, h->dim));
    text.count = plan.count;
    text.data  = src;
    if (!h->fortran || h->rank < 2) return ofz_npy_text_read(ctx, &text, &plan, t);
    OFZ_TRY(ofz_npy_text_read(ctx, &text, &plan, t));
    /* The texts stand in file order; only their descriptors move. */
    if (t->count) {
        const size_t size = (size_t)t->count * sizeof(ofz_string);
        ofz_string  *old  = malloc(size);

        if (!old) {
            ofz_tensor_release(t);
            return ofz_fail_nomem(ctx, "strings", size);
        }
        memcpy(old, t->data, size);
        for (int64_t i = 0; i < t->count; i++)
            ((ofz_string *)t->data)[i] = old[fortran_index(h, i)];
        free(old);
    }
    return OFZ_OK;
}

ofz_status ofz_npy_read(ofz_ctx *ctx, const void *data, size_t size, ofz_buffer *owner,
                        ofz_tensor *out)
{
    npy_head             h = { 0 };
    const unsigned char *body;
    ofz_tensor           t;
    size_t               at = 0;

    OFZ_TRY(head_read(ctx, data, size, &h, &at));
    body = (const unsigned char *)data + at;
    if (h.dtype == OFZ_STRING) {
        OFZ_TRY(body_text(ctx, &h, body, &t));
        *out = t;
        return OFZ_OK;
    }
    if (h.rank < 2) h.fortran = false; /* the same order */
    if (h.width == 1) h.swapped = false;
    OFZ_TRY(ofz_tensor_set(ctx, &t, h.dtype, h.rank, h.dim));
    t.data = (void *)(uintptr_t)body; /* read-only by the contract of tensors in files */
    if (h.fortran || h.swapped || h.kind == 'b' || !ofz_tensor_aligned(&t))
        OFZ_TRY(body_convert(ctx, &h, body, &t));
    else
        t.buffer = ofz_buffer_retain(owner);
    *out = t;
    return OFZ_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The type that numpy gets for `dtype`. */
static ofz_dtype dtype_outside(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_BF16:
    case OFZ_F8E4M3FN:
    case OFZ_F8E4M3FNUZ:
    case OFZ_F8E5M2:
    case OFZ_F8E5M2FNUZ:
    case OFZ_F8E8M0:
    case OFZ_F4E2M1:
        return OFZ_F32;
    case OFZ_I4:
    case OFZ_I2:
        return OFZ_I8;
    case OFZ_U4:
    case OFZ_U2:
        return OFZ_U8;
    default:
        return dtype;
    }
}

static ofz_status head_write(ofz_ctx *ctx, const ofz_tensor *t, const char *descr, char **head,
                             size_t *head_size)
{
    char   shape[OFZ_MAX_RANK * 21 + 3];
    size_t n    = 0, size;
    size_t room = sizeof shape + 128 + 64;
    char  *text = malloc(room);
    int    used;

    if (!text) return ofz_fail_nomem(ctx, "header", room);
    shape[0] = '\0';
    for (int i = 0; i < t->rank; i++)
        n +=
            (size_t)snprintf(shape + n, sizeof shape - n, i ? ", %" PRId64 : "%" PRId64, t->dim[i]);
    if (t->rank == 1) snprintf(shape + n, sizeof shape - n, ",");
    memset(text, ' ', room);
    memcpy(text, magic, sizeof magic);
    text[6]         = 1;
    text[7]         = 0;
    used            = snprintf(text + 10, room - 10,
                               "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    text[10 + used] = ' ';
    size            = ((size_t)used + 10 + 1 + 63) / 64 * 64;
    text[8]         = (char)((size - 10) & 0xff);
    text[9]         = (char)((size - 10) >> 8);
    text[size - 1]  = '\n';
    *head           = text;
    *head_size      = size;
    return OFZ_OK;
}

static ofz_status body_widen(ofz_ctx *ctx, const ofz_tensor *t, ofz_dtype dtype, ofz_tensor *out)
{
    OFZ_TRY(ofz_tensor_new(ctx, out, dtype, t->rank, t->dim));
    for (int64_t i = 0; i < t->count; i++)
        ofz_elem_set_f64(dtype, out->data, i, ofz_elem_f64(t->dtype, t->data, i));
    return OFZ_OK;
}

ofz_status ofz_npy_write(ofz_ctx *ctx, const ofz_tensor *t, char **head, size_t *head_size,
                         ofz_tensor *body)
{
    const ofz_dtype dtype = dtype_outside(t->dtype);
    ofz_tensor      b     = { 0 };
    char            descr[24];
    ofz_status      st;

    if (dtype == OFZ_STRING) {
        int64_t width;

        OFZ_TRY(ofz_npy_text_write(ctx, t, &width, &b));
        snprintf(descr, sizeof descr, "<U%" PRId64, width);
    } else {
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (types[i].dtype == dtype)
                snprintf(descr, sizeof descr, "%c%c%d", types[i].width > 1 ? '<' : '|',
                         types[i].kind, types[i].width);
        if (dtype == t->dtype)
            ofz_tensor_share(t, &b);
        else
            OFZ_TRY(body_widen(ctx, t, dtype, &b));
    }
    st = head_write(ctx, t, descr, head, head_size);
    if (st) {
        ofz_tensor_release(&b);
        return st;
    }
    *body = b;
    return OFZ_OK;
}
