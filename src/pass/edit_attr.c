/* edit_attr.c - see edit_attr.h. */
#include "pass/edit_attr.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"
#include "pass/edit_names.h"

/* --- values ----------------------------------------------------------------------------------- */

static bool int_read(const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out  = strtoll(text, &end, 10);
    return end != text && !*end && !errno && !isspace((unsigned char)*text);
}

static bool float_read(const char *text, float *out)
{
    char *end;

    *out = strtof(text, &end);
    return end != text && !*end && !isspace((unsigned char)*text);
}

/* Without its quotes and escapes, when it has quotes. false: the quotes do not close. */
static bool string_read(ofz_arena *arena, const char *text, ofz_string *out)
{
    const size_t size = strlen(text);
    char        *copy = ofz_arena_text(arena, text, size);
    size_t       n    = 0;

    *out = (ofz_string){ copy, size };
    if (!copy || text[0] != '"') return copy != NULL;
    if (size < 2 || text[size - 1] != '"') return false;
    for (size_t i = 1; i + 1 < size; i++) {
        if (text[i] == '\\' && i + 2 < size) i++;
        copy[n++] = text[i];
    }
    copy[n]   = '\0';
    out->size = n;
    return true;
}

/* The items of "[a,b]" or "a,b": texts in the arena; a comma in quotes is none. */
static ofz_status items_read(ofz_ctx *ctx, ofz_arena *arena, const char *text, const char ***out,
                             size_t *count)
{
    size_t       size = strlen(text), at = 0, n = 0;
    const bool   open = text[0] == '[' && text[size - 1] == ']';
    const char **item = OFZ_NEWS(arena, const char *, size + 1);

    if (!item) return ofz_fail_nomem(ctx, "list", size * sizeof *item);
    if (open) {
        text++;
        size -= 2;
    }
    while (at < size) {
        size_t begin  = at, end;
        bool   quoted = false;

        for (; at < size && (quoted || text[at] != ','); at++)
            if (text[at] == '"' && (at == begin || text[at - 1] != '\\')) quoted = !quoted;
        for (end = at; end > begin && text[end - 1] == ' ';) end--;
        while (begin < end && text[begin] == ' ') begin++;
        item[n] = ofz_arena_text(arena, text + begin, end - begin);
        if (!item[n++]) return ofz_fail_nomem(ctx, "list", size);
        at++;
    }
    *out   = item;
    *count = n;
    return OFZ_OK;
}

static bool list_fill(ofz_arena *arena, ofz_attr *a, const char *const *item, size_t count)
{
    int64_t    *ints    = OFZ_NEWS(arena, int64_t, count);
    float      *floats  = OFZ_NEWS(arena, float, count);
    ofz_string *strings = OFZ_NEWS(arena, ofz_string, count);
    bool        good    = ints && floats && strings;

    for (size_t i = 0; good && i < count; i++)
        good = a->type == OFZ_ATTR_INTS     ? int_read(item[i], &ints[i])
               : a->type == OFZ_ATTR_FLOATS ? float_read(item[i], &floats[i])
                                            : string_read(arena, item[i], &strings[i]);
    if (a->type == OFZ_ATTR_INTS)
        a->u.ints = (ofz_ints){ ints, count };
    else if (a->type == OFZ_ATTR_FLOATS)
        a->u.floats = (ofz_floats){ floats, count };
    else
        a->u.strings = (ofz_strings){ strings, count };
    return good;
}

static ofz_attr_type guess_scalar(const char *text)
{
    int64_t i;
    float   f;

    return int_read(text, &i)     ? OFZ_ATTR_INT
           : float_read(text, &f) ? OFZ_ATTR_FLOAT
                                  : OFZ_ATTR_STRING;
}

static ofz_attr_type guess(const char *text, const char *const *item, size_t count)
{
    const ofz_attr_type one = count ? guess_scalar(item[0]) : OFZ_ATTR_INT;

    if (text[0] != '[' && count == 1) return guess_scalar(text);
    if (text[0] != '[' && one == OFZ_ATTR_STRING) return OFZ_ATTR_STRING;
    return one == OFZ_ATTR_INT     ? OFZ_ATTR_INTS
           : one == OFZ_ATTR_FLOAT ? OFZ_ATTR_FLOATS
                                   : OFZ_ATTR_STRINGS;
}

/* a->type says which, NONE: whatever the text looks like. */
static ofz_status value_read(ofz_ctx *ctx, ofz_arena *arena, const char *text, ofz_attr *a)
{
    static const char *const want[] = {
        [OFZ_ATTR_FLOAT] = "a number", [OFZ_ATTR_INT] = "an integer", [OFZ_ATTR_STRING] = "a text",
        [OFZ_ATTR_FLOATS] = "numbers", [OFZ_ATTR_INTS] = "integers",  [OFZ_ATTR_STRINGS] = "texts"
    };
    const char **item;
    size_t       count;
    bool         good;

    OFZ_TRY(items_read(ctx, arena, text, &item, &count));
    if (!a->type) a->type = guess(text, item, count);
    switch (a->type) {
    case OFZ_ATTR_FLOAT:
        good = float_read(text, &a->u.f);
        break;
    case OFZ_ATTR_INT:
        good = int_read(text, &a->u.i);
        break;
    case OFZ_ATTR_STRING:
        good = string_read(arena, text, &a->u.s);
        break;
    case OFZ_ATTR_FLOATS:
    case OFZ_ATTR_INTS:
    case OFZ_ATTR_STRINGS:
        good = list_fill(arena, a, item, count);
        break;
    default:
        return ofz_fail(ctx, OFZ_E_ARG, "attribute %.60s: '%.60s', want %s", a->name, text,
                        a->type == OFZ_ATTR_TENSOR ? "a tensor (FILE.npy)"
                                                   : "what text cannot say");
    }
    if (good) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_ARG, "attribute %.60s: '%.60s', want %s", a->name, text,
                    want[a->type]);
}

static ofz_status tensor_take(ofz_ctx *ctx, ofz_model *m, const ofz_tensor *array, ofz_attr *a)
{
    ofz_tensor *own  = OFZ_NEW(&m->arena, ofz_tensor);
    ofz_tensor  copy = *array;

    if (!own) return ofz_fail_nomem(ctx, "tensor", sizeof *own);
    if (a->type && a->type != OFZ_ATTR_TENSOR)
        return ofz_fail(ctx, OFZ_E_ARG, "attribute %.60s: a tensor, want another type", a->name);
    if (array->dtype == OFZ_STRING)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "attribute %.60s: a tensor of strings", a->name);
    copy.buffer = NULL;
    copy.data   = ofz_arena_text(&m->arena, array->data, array->size);
    if (!copy.data) return ofz_fail_nomem(ctx, "tensor", array->size);
    *own    = copy;
    a->type = OFZ_ATTR_TENSOR;
    a->u.t  = own;
    return OFZ_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* "NODE.ATTR": the name of an attribute holds no dot, that of a node may. */
static ofz_status target_find(ofz_ctx *ctx, ofz_model *m, const char *text, ofz_node **n,
                              const char **attr)
{
    const char *dot = strrchr(text, '.'), *node;

    if (!dot || dot == text || !dot[1])
        return ofz_fail(ctx, OFZ_E_ARG, "'%.100s': want NODE.ATTR", text);
    node  = ofz_arena_text(&m->arena, text, (size_t)(dot - text));
    *attr = ofz_arena_strdup(&m->arena, dot + 1);
    if (!node || !*attr) return ofz_fail_nomem(ctx, "attribute", strlen(text));
    return ofz_named_node(ctx, m->graph, node, n);
}

static ofz_status type_find(ofz_ctx *ctx, const ofz_node *n, ofz_attr *a)
{
    const ofz_op   *op  = ofz_op_find(n->domain, n->op_type, n->opset);
    const ofz_attr *old = ofz_node_attr(n, a->name);
    char            text[256];

    for (const ofz_attr_def *d = op ? op->attr : NULL; d && d->name; d++)
        if (!strcmp(d->name, a->name)) {
            a->type = d->type;
            return OFZ_OK;
        }
    if (op)
        return ofz_fail(ctx, OFZ_E_ARG, "%s: attribute %.60s: not defined by this operator",
                        ofz_node_text(text, sizeof text, n), a->name);
    if (old) a->type = old->type;
    return OFZ_OK;
}

/* A Constant's tensor lives on its output as well. */
static ofz_status refuse_constant(ofz_ctx *ctx, const ofz_node *n)
{
    if (strcmp(n->op_type, "Constant") != 0 || n->domain[0]) return OFZ_OK;
    ofz_fail(ctx, OFZ_E_ARG,
             "node making '%.100s': a Constant, whose value is a tensor of the model",
             n->out_count && n->out[0] ? n->out[0]->name : "");
    return ofz_fix(ctx, OFZ_E_ARG, "--set-init NAME=FILE.npy gives it another value");
}

ofz_status ofz_edit_set_attr(ofz_ctx *ctx, ofz_model *m, const char *text, const ofz_tensor *array)
{
    const char *left = text, *value = NULL;
    ofz_attr    a = { 0 };
    ofz_node   *n;
    ofz_status  st;
    char        where[256];

    if (!array) OFZ_TRY(ofz_name_split(ctx, m->graph, text, "NODE.ATTR=VALUE", &left, &value));
    OFZ_TRY(target_find(ctx, m, left, &n, &a.name));
    OFZ_TRY(refuse_constant(ctx, n));
    OFZ_TRY(type_find(ctx, n, &a));
    st = array ? tensor_take(ctx, m, array, &a) : value_read(ctx, &m->arena, value, &a);
    if (st) return ofz_at(ctx, st, "%s", ofz_node_text(where, sizeof where, n));
    return ofz_node_set_attr(ctx, n, &a);
}

ofz_status ofz_edit_drop_attr(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    const char *name;
    ofz_node   *n;
    char        where[256];

    OFZ_TRY(target_find(ctx, m, text, &n, &name));
    OFZ_TRY(refuse_constant(ctx, n));
    if (!ofz_node_attr(n, name))
        return ofz_fail(ctx, OFZ_E_ARG, "%s: attribute %.60s: not there",
                        ofz_node_text(where, sizeof where, n), name);
    ofz_node_drop_attr(n, name);
    return OFZ_OK;
}
