/* node_text.c - see node_text.h. A descent without recursion: the syntax does not nest. */
#include "pass/node_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "ops/op.h"

enum { ITEMS_MAX = 1 << 16 };

typedef struct reader {
    ofz_ctx    *ctx;
    ofz_arena  *arena;
    const char *p;
    int         line;
    int64_t     opset;
} reader;

/* --- characters ------------------------------------------------------------------------------- */

static void skip(reader *r)
{
    for (;; r->p++) {
        if (*r->p == '#')
            while (r->p[1] && r->p[1] != '\n') r->p++;
        else if (*r->p == '\n')
            r->line++;
        else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r')
            return;
    }
}

static ofz_status wrong(reader *r, const char *want)
{
    char found[24];

    skip(r);
    snprintf(found, sizeof found, *r->p ? "'%.16s'" : "the end", r->p);
    return ofz_fail(r->ctx, OFZ_E_ARG, "node text: line %d: %s, want %s", r->line, found, want);
}

static bool take(reader *r, char c)
{
    skip(r);
    if (*r->p != c) return false;
    r->p++;
    return true;
}

static ofz_status expect(reader *r, char c, const char *want)
{
    return take(r, c) ? OFZ_OK : wrong(r, want);
}

/* The characters that names have in practice; others need quotes. */
static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_./-", c));
}

static ofz_status quoted(reader *r, ofz_string *out)
{
    const char *begin = ++r->p;
    char       *text;
    size_t      n = 0;

    while (*r->p && *r->p != '"') r->p += r->p[0] == '\\' && r->p[1] ? 2 : 1;
    if (!*r->p) return wrong(r, "a closing quote");
    text = ofz_arena_text(r->arena, begin, (size_t)(r->p - begin));
    if (!text) return ofz_fail_nomem(r->ctx, "node text", (size_t)(r->p - begin));
    for (const char *q = begin; q < r->p; q++) {
        if (*q == '\\') q++;
        text[n++] = *q;
    }
    text[n] = '\0';
    r->p++;
    *out = (ofz_string){ text, n };
    return OFZ_OK;
}

/* *out is "" where there is none. */
static ofz_status name(reader *r, const char **out)
{
    const char *begin;
    ofz_string  s;

    skip(r);
    if (*r->p == '"') {
        OFZ_TRY(quoted(r, &s));
        *out = s.text;
        return OFZ_OK;
    }
    begin = r->p;
    while (is_name_char(*r->p) || (*r->p == ':' && r->p[1] == ':' && r->p++)) r->p++;
    *out = ofz_arena_text(r->arena, begin, (size_t)(r->p - begin));
    return *out ? OFZ_OK : ofz_fail_nomem(r->ctx, "node text", 1);
}

/* Names up to `end`, parted by commas; the last one may be missing. */
static ofz_status names(reader *r, char end, const char ***out, size_t *count)
{
    ofz_list    list = { 0 };
    ofz_status  st   = OFZ_OK;
    const char *text = "";

    do {
        OFZ_GOTO(name(r, &text));
        if (!ofz_list_push(&list, (void *)(uintptr_t)text))
            OFZ_GOTO(ofz_fail_nomem(r->ctx, "node text", sizeof text));
        if (list.count > ITEMS_MAX) OFZ_GOTO(wrong(r, "fewer values"));
    } while (take(r, ','));
    while (list.count && !((const char *)list.item[list.count - 1])[0]) list.count--;
    OFZ_GOTO(expect(r, end, end == ')' ? "',' or ')'" : "',' or '='"));
    *count = list.count;
    *out   = OFZ_NEWS(r->arena, const char *, list.count + 1);
    if (!*out) OFZ_GOTO(ofz_fail_nomem(r->ctx, "node text", list.count * sizeof **out));
    for (size_t i = 0; i < list.count; i++) (*out)[i] = list.item[i];
done:
    ofz_list_free(&list);
    return st;
}

/* --- literals --------------------------------------------------------------------------------- */

/* One item, whatever it is. */
typedef struct item {
    ofz_attr_type type; /* INT, FLOAT, STRING */
    int64_t       i;
    double        f;
    ofz_string    s;
} item;

static ofz_status item_read(reader *r, item *out)
{
    char *end_i, *end_f;

    skip(r);
    *out = (item){ .type = OFZ_ATTR_STRING };
    if (*r->p == '"') return quoted(r, &out->s);
    errno  = 0;
    out->i = strtoll(r->p, &end_i, 10);
    if (errno) return wrong(r, "a smaller number");
    out->f = strtod(r->p, &end_f);
    if (end_f == r->p) return wrong(r, "a number or a quoted text");
    out->type = end_f > end_i ? OFZ_ATTR_FLOAT : OFZ_ATTR_INT;
    r->p      = end_f;
    return OFZ_OK;
}

/* Items up to `end`; *type: FLOAT as soon as one is, unless all are texts. */
static ofz_status items_read(reader *r, char end, item **out, size_t *count, ofz_attr_type *type)
{
    size_t room = 1;

    *count = 0;
    *type  = OFZ_ATTR_INT;
    for (const char *q = r->p; *q && *q != end; q++) room += *q == ',';
    *out = OFZ_NEWS(r->arena, item, room);
    if (!*out) return ofz_fail_nomem(r->ctx, "node text", room * sizeof **out);
    if (take(r, end)) return OFZ_OK;
    do {
        if (*count == room) return wrong(r, "a closing bracket");
        OFZ_TRY(item_read(r, &(*out)[*count]));
        if (!*count || (*out)[*count].type == OFZ_ATTR_FLOAT) *type = (*out)[*count].type;
        if (((*out)[*count].type == OFZ_ATTR_STRING) != (*type == OFZ_ATTR_STRING))
            return wrong(r, "items of one type");
        ++*count;
    } while (take(r, ','));
    return expect(r, end, end == ']' ? "',' or ']'" : "',' or '}'");
}

static ofz_status list_make(reader *r, const item *x, size_t count, ofz_attr *a)
{
    int64_t    *ints    = OFZ_NEWS(r->arena, int64_t, count);
    float      *floats  = OFZ_NEWS(r->arena, float, count);
    ofz_string *strings = OFZ_NEWS(r->arena, ofz_string, count);

    if (!ints || !floats || !strings) return ofz_fail_nomem(r->ctx, "node text", count);
    for (size_t i = 0; i < count; i++) {
        ints[i]    = x[i].i;
        floats[i]  = (float)x[i].f;
        strings[i] = x[i].s;
    }
    if (a->type == OFZ_ATTR_INTS)
        a->u.ints = (ofz_ints){ ints, count };
    else if (a->type == OFZ_ATTR_FLOATS)
        a->u.floats = (ofz_floats){ floats, count };
    else
        a->u.strings = (ofz_strings){ strings, count };
    return OFZ_OK;
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* "float" and "double" are ONNX's words for what is called float32 and float64 here. */
static ofz_dtype dtype_by_name(const char *text)
{
    if (!strcmp(text, "float")) return OFZ_F32;
    if (!strcmp(text, "double")) return OFZ_F64;
    for (int d = OFZ_F32; d <= OFZ_I2; d++)
        if (!strcmp(text, ofz_dtype_name((ofz_dtype)d))) return (ofz_dtype)d;
    return OFZ_UNDEFINED;
}

static ofz_status dims_read(reader *r, int *rank, int64_t *dim)
{
    item x;

    *rank = 0;
    if (!take(r, '[') || take(r, ']')) return OFZ_OK;
    do {
        OFZ_TRY(item_read(r, &x));
        if (x.type != OFZ_ATTR_INT || x.i < 0 || *rank == OFZ_MAX_RANK)
            return wrong(r, "a dimension");
        dim[(*rank)++] = x.i;
    } while (take(r, ','));
    return expect(r, ']', "',' or ']'");
}

static ofz_status tensor_read(reader *r, ofz_attr *a)
{
    const char   *word;
    ofz_tensor   *t = OFZ_NEW(r->arena, ofz_tensor);
    int64_t       dim[OFZ_MAX_RANK];
    int           rank;
    item         *x;
    size_t        count;
    ofz_attr_type type;
    ofz_dtype     dtype;

    OFZ_TRY(name(r, &word));
    dtype = dtype_by_name(word);
    if (!t) return ofz_fail_nomem(r->ctx, "node text", sizeof *t);
    if (!dtype || dtype == OFZ_STRING)
        return wrong(r, "a literal: 1, 0.5, \"text\", [1, 2], float[1] {2}");
    OFZ_TRY(dims_read(r, &rank, dim));
    OFZ_TRY(expect(r, '{', "'{' and elements"));
    OFZ_TRY(items_read(r, '}', &x, &count, &type));
    OFZ_TRY(ofz_tensor_set(r->ctx, t, dtype, rank, dim));
    if (t->count != (int64_t)count || type == OFZ_ATTR_STRING)
        return ofz_fail(r->ctx, OFZ_E_ARG,
                        "node text: line %d: %zu elements, want %" PRId64 " numbers", r->line,
                        count, t->count);
    t->data = ofz_arena_alloc(r->arena, t->size + 8);
    if (!t->data) return ofz_fail_nomem(r->ctx, "node text", t->size);
    for (size_t i = 0; i < count; i++)
        if (ofz_dtype_is_float(dtype) || ofz_dtype_get(dtype)->cls == OFZ_CLASS_COMPLEX)
            ofz_elem_set_f64(dtype, t->data, (int64_t)i, x[i].f);
        else
            ofz_elem_set_i64(dtype, t->data, (int64_t)i, x[i].i);
    a->type = OFZ_ATTR_TENSOR;
    a->u.t  = t;
    return OFZ_OK;
}

/* --- attributes ------------------------------------------------------------------------------- */

static ofz_attr_type type_by_word(const char *word)
{
    static const char *const name_of[] = { "",      "float",  "int",  "string", "tensor",
                                           "graph", "floats", "ints", "strings" };

    for (size_t i = 1; i < sizeof name_of / sizeof *name_of; i++)
        if (!strcmp(word, name_of[i])) return (ofz_attr_type)i;
    return OFZ_ATTR_NONE;
}

static ofz_attr_type type_by_row(const reader *r, const ofz_node_draft *n, const char *attr)
{
    const ofz_op *op = ofz_op_find(n->domain, n->op_type, n->domain[0] ? 1 : r->opset);

    for (const ofz_attr_def *d = op ? op->attr : NULL; d && d->name; d++)
        if (!strcmp(d->name, attr)) return d->type;
    return OFZ_ATTR_NONE;
}

static ofz_attr_type list_of(ofz_attr_type type)
{
    return type == OFZ_ATTR_INT     ? OFZ_ATTR_INTS
           : type == OFZ_ATTR_FLOAT ? OFZ_ATTR_FLOATS
                                    : OFZ_ATTR_STRINGS;
}

static ofz_status value_read(reader *r, ofz_attr *a)
{
    ofz_attr_type type;
    item          one, *x;
    size_t        count;

    skip(r);
    if (isalpha((unsigned char)*r->p) && strncmp(r->p, "inf", 3) != 0 &&
        strncmp(r->p, "nan", 3) != 0)
        return tensor_read(r, a);
    if (take(r, '[')) {
        OFZ_TRY(items_read(r, ']', &x, &count, &type));
        if (!a->type) a->type = list_of(type);
        if (a->type != list_of(type) && !(a->type == OFZ_ATTR_FLOATS && type == OFZ_ATTR_INT) &&
            count)
            return wrong(r, "a list of the attribute's type before it");
        return list_make(r, x, count, a);
    }
    OFZ_TRY(item_read(r, &one));
    if (!a->type) a->type = one.type;
    if (a->type != one.type && !(a->type == OFZ_ATTR_FLOAT && one.type == OFZ_ATTR_INT))
        return wrong(r, "a literal of the attribute's type before it");
    if (a->type == OFZ_ATTR_FLOAT)
        a->u.f = (float)one.f;
    else if (a->type == OFZ_ATTR_INT)
        a->u.i = one.i;
    else
        a->u.s = one.s;
    return OFZ_OK;
}

/* "<name = value, name : type = value>" */
static ofz_status attrs_read(reader *r, ofz_node_draft *n)
{
    size_t      room = 1;
    ofz_attr   *attr;
    const char *word;

    if (!take(r, '<')) return OFZ_OK;
    for (const char *q = r->p; *q && *q != '>'; q++) room += *q == ',';
    attr = OFZ_NEWS(r->arena, ofz_attr, room);
    if (!attr) return ofz_fail_nomem(r->ctx, "node text", room * sizeof *attr);
    do {
        ofz_attr *a = &attr[n->attr_count];

        if (n->attr_count == room) return wrong(r, "'>'");
        OFZ_TRY(name(r, &a->name));
        if (!a->name[0]) return wrong(r, "the name of an attribute");
        a->type = type_by_row(r, n, a->name);
        if (take(r, ':')) {
            OFZ_TRY(name(r, &word));
            a->type = type_by_word(word);
            if (!a->type) return wrong(r, "a type (float, int, string, ...) before it");
        }
        OFZ_TRY(expect(r, '=', "'='"));
        OFZ_TRY(value_read(r, a));
        n->attr_count++;
    } while (take(r, ','));
    n->attr = attr;
    return expect(r, '>', "',' or '>'");
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* "ai.onnx.ml.Scaler": the domain ends at the last dot. */
static ofz_status op_read(reader *r, ofz_node_draft *n)
{
    const char *word, *dot;

    OFZ_TRY(name(r, &word));
    if (!word[0]) return wrong(r, "an operator");
    dot        = strrchr(word, '.');
    n->op_type = dot ? dot + 1 : word;
    n->domain  = dot ? ofz_arena_text(r->arena, word, (size_t)(dot - word)) : "";
    if (!n->domain) return ofz_fail_nomem(r->ctx, "node text", strlen(word));
    if (!strcmp(n->domain, "ai.onnx")) n->domain = "";
    return n->op_type[0] ? OFZ_OK : wrong(r, "an operator behind the dot");
}

static ofz_status node_read(reader *r, ofz_node_draft *n)
{
    *n = (ofz_node_draft){ 0 };
    OFZ_TRY(names(r, '=', &n->out, &n->out_count));
    if (!n->out_count) return wrong(r, "outputs before '='");
    OFZ_TRY(op_read(r, n));
    OFZ_TRY(attrs_read(r, n));
    OFZ_TRY(expect(r, '(', "'(' and inputs"));
    return names(r, ')', &n->in, &n->in_count);
}

ofz_status ofz_node_text_read(ofz_ctx *ctx, ofz_arena *arena, const char *text, int64_t opset,
                              ofz_node_draft **out, size_t *count)
{
    reader          r    = { ctx, arena, text, 1, opset };
    size_t          room = 1;
    ofz_node_draft *n;

    for (const char *q = text; *q; q++) room += *q == '(';
    n = OFZ_NEWS(arena, ofz_node_draft, room);
    if (!n) return ofz_fail_nomem(ctx, "node text", room * sizeof *n);
    *count = 0;
    for (skip(&r); *r.p; skip(&r)) {
        if (*count == room) return wrong(&r, "a node");
        OFZ_TRY(node_read(&r, &n[(*count)++]));
    }
    if (!*count) return wrong(&r, "a node");
    *out = n;
    return OFZ_OK;
}
