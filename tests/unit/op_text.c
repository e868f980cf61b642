/* op_text.c - see op_text.h. */
#include "op_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "op_harness.h"
#include "tensor/container.h"

static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\n') s++;
    return s;
}

static ofz_dtype dtype_of(const char *name, size_t size)
{
    static const struct {
        const char *name;
        ofz_dtype   dtype;
    } table[] = {
#define DTYPE(id, text, type, bits, cls) { #id, OFZ_##id },
#include "tensor/dtype.def"
#undef DTYPE
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].name) == size && !memcmp(table[i].name, name, size))
            return table[i].dtype;
    return OFZ_UNDEFINED;
}

/* 'text' -> the characters, which stay where they are. */
static const char *parse_string(const char *s, ofz_string *out)
{
    const char *end;

    if (*s != '\'' || !(end = strchr(s + 1, '\''))) return NULL;
    *out = (ofz_string){ s + 1, (size_t)(end - s - 1) };
    return end + 1;
}

static const char *parse_shape(const char *s, int *rank, int64_t *dim)
{
    *rank = 0;
    if (*s++ != '[') return NULL;
    for (s = skip_blanks(s); *s != ']'; s = skip_blanks(s)) {
        char *end;

        if (*rank == OFZ_MAX_RANK) return NULL;
        dim[(*rank)++] = strtoll(s, &end, 10);
        if (end == s) return NULL;
        s = *end == ',' ? end + 1 : end;
    }
    return s + 1;
}

/* "rand", "rand(a,b)", "mixed(a,b)", "iota"; NULL when it is none of them. */
static const char *parse_fill(const char *s, int salt, ofz_tensor *t)
{
    const bool mixed = !strncmp(s, "mixed", 5);
    double     low = -2, high = 2;
    ofz_rng    rng;
    int        used = 0;

    if (!strncmp(s, "iota", 4)) {
        for (int64_t i = 0; i < t->count; i++) ofz_elem_set_f64(t->dtype, t->data, i, (double)i);
        return s + 4;
    }
    if (!mixed && strncmp(s, "rand", 4) != 0) return NULL;
    ofz_rng_seed(&rng, (uint64_t)salt);
    s += mixed ? 5 : 4;
    if (sscanf(s, "(%lf,%lf)%n", &low, &high, &used) == 2 && used) s += used;
    for (int64_t i = 0; i < t->count; i++) {
        double x = low + (high - low) * ofz_rng_double(&rng);

        if (mixed && ofz_rng_next(&rng) >> 63) x = -x;
        ofz_elem_set_f64(t->dtype, t->data, i, x);
    }
    return s;
}

static const char *parse_number(const char *s, ofz_tensor *t, int64_t i)
{
    const ofz_dtype_class cls = ofz_dtype_get(t->dtype)->cls;
    char                 *end;

    if (cls == OFZ_CLASS_FLOAT) {
        ofz_elem_set_f64(t->dtype, t->data, i, strtod(s, &end));
    } else if (cls == OFZ_CLASS_COMPLEX) {
        const double re = strtod(s, &end);
        const double im = *end == ',' ? strtod(end + 1, &end) : 0;

        if (t->dtype == OFZ_C64)
            ((ofz_c64 *)t->data)[i] = (ofz_c64){ (float)re, (float)im };
        else
            ((ofz_c128 *)t->data)[i] = (ofz_c128){ re, im };
    } else if (t->dtype == OFZ_U64) {
        ((uint64_t *)t->data)[i] = strtoull(s, &end, 0);
    } else {
        ofz_elem_set_i64(t->dtype, t->data, i, strtoll(s, &end, 0));
    }
    return end == s ? NULL : end;
}

/* Strings are copied behind the descriptors by ofz_tensor_copy: what was parsed points into `text`.
 */
static const char *parse_elements(ofz_ctx *ctx, const char *s, int salt, ofz_tensor *t)
{
    const char *filled = t->dtype == OFZ_STRING ? NULL : parse_fill(s, salt, t);
    ofz_tensor  copy;

    if (filled) return filled;
    for (int64_t i = 0; i < t->count && s; i++) {
        s = skip_blanks(s);
        s = t->dtype == OFZ_STRING ? parse_string(s, &((ofz_string *)t->data)[i])
                                   : parse_number(s, t, i);
    }
    if (s && t->dtype == OFZ_STRING) {
        if (ofz_tensor_copy(ctx, t, &copy) != OFZ_OK) return NULL;
        ofz_tensor_release(t);
        *t = copy;
    }
    return s;
}

static const char *parse_any(ofz_ctx *ctx, const char *s, int salt, ofz_tensor *out);

/* "{F32[1] 1; F32[2] 2 3}" behind the container's name; two of them are a map. */
static const char *parse_items(ofz_ctx *ctx, const char *s, ofz_dtype dtype, ofz_tensor *out)
{
    enum { MOST = 16 };
    ofz_tensor item[MOST], made = { 0 };
    int64_t    n = 0;

    for (s = skip_blanks(s + 1); s && *s != '}' && n < MOST; n++) {
        s = parse_any(ctx, s, (int)n + 1, &item[n]);
        if (!s) break;
        if (*s == ';') s = skip_blanks(s + 1);
    }
    if (s && *s == '}' && dtype == OFZ_MAP && n == 2) {
        if (ofz_container_map(ctx, &item[0], &item[1], &made)) s = NULL;
    } else if (s && *s == '}' && dtype != OFZ_MAP && !ofz_container_new(ctx, &made, dtype, n)) {
        for (int64_t i = 0; i < n; i++) ofz_tensor_share(&item[i], ofz_container_item(&made, i));
    } else {
        s = NULL;
    }
    for (int64_t i = 0; i < n; i++) ofz_tensor_release(&item[i]);
    if (!s) return NULL;
    *out = made;
    return skip_blanks(s + 1);
}

static const char *parse_any(ofz_ctx *ctx, const char *s, int salt, ofz_tensor *out)
{
    const char *name = s;
    int64_t     dim[OFZ_MAX_RANK];
    int         rank;
    ofz_dtype   dtype;

    *out = (ofz_tensor){ 0 };
    if (!strncmp(s, "SEQ{", 4)) return parse_items(ctx, s + 3, OFZ_SEQUENCE, out);
    if (!strncmp(s, "OPT{", 4)) return parse_items(ctx, s + 3, OFZ_OPTIONAL, out);
    if (!strncmp(s, "MAP{", 4)) return parse_items(ctx, s + 3, OFZ_MAP, out);
    while (*s && *s != '[') s++;
    dtype = dtype_of(name, (size_t)(s - name));
    s     = parse_shape(s, &rank, dim);
    if (!s || !dtype || ofz_tensor_new(ctx, out, dtype, rank, dim) != OFZ_OK) return NULL;
    if (out->size && dtype != OFZ_STRING) memset(out->data, 0, out->size);
    s = parse_elements(ctx, skip_blanks(s), salt, out);
    return s ? skip_blanks(s) : NULL;
}

const char *op_text_tensor(ofz_ctx *ctx, const char *text, int salt, ofz_tensor *out)
{
    const char *s = parse_any(ctx, skip_blanks(text), salt, out);

    if (s && (!*s || *s == '}')) return s;
    if (out->dtype) ofz_tensor_release(out);
    return NULL;
}

/* Does the number at `s` look like a float? */
static bool is_float(const char *s)
{
    const size_t n = strcspn(s, " ,]\n");

    for (size_t i = 0; i < n; i++)
        if (strchr(".enf", s[i])) return true;
    return false;
}

static const char *parse_list(ofz_arena *arena, const char *s, ofz_attr *a)
{
    size_t      room = 1, n = 0;
    int64_t    *ints;
    float      *floats;
    ofz_string *strings;
    char       *end;

    s       = skip_blanks(s);
    a->type = *s == '\'' ? OFZ_ATTR_STRINGS : is_float(s) ? OFZ_ATTR_FLOATS : OFZ_ATTR_INTS;
    for (const char *p = s; *p && *p != ']'; p++) room += *p == ',';
    ints    = OFZ_NEWS(arena, int64_t, room);
    floats  = OFZ_NEWS(arena, float, room);
    strings = OFZ_NEWS(arena, ofz_string, room);
    if (!ints || !floats || !strings) return NULL;
    if (*s == '.') s++;
    for (; *s && *s != ']'; n++) {
        if (a->type == OFZ_ATTR_STRINGS) {
            s = parse_string(s, &strings[n]);
            if (!s) return NULL;
        } else {
            if (a->type == OFZ_ATTR_FLOATS)
                floats[n] = strtof(s, &end);
            else
                ints[n] = strtoll(s, &end, 10);
            if (end == s) return NULL;
            s = end;
        }
        s = skip_blanks(*s == ',' ? s + 1 : s);
    }
    if (a->type == OFZ_ATTR_STRINGS)
        a->u.strings = (ofz_strings){ strings, n };
    else if (a->type == OFZ_ATTR_FLOATS)
        a->u.floats = (ofz_floats){ floats, n };
    else
        a->u.ints = (ofz_ints){ ints, n };
    return *s ? s + 1 : NULL;
}

static const char *parse_value(ofz_ctx *ctx, ofz_graph *g, const char *s, ofz_attr *a)
{
    ofz_arena  *arena = g->arena;
    ofz_tensor *t;
    char       *end;

    if (*s == '\'') {
        a->type = OFZ_ATTR_STRING;
        return parse_string(s, &a->u.s);
    }
    if (*s == '[') return parse_list(arena, s + 1, a);
    if (*s == '(') {
        a->type = OFZ_ATTR_GRAPH;
        return op_text_body(ctx, g, s, &a->u.g);
    }
    if (*s == '{') {
        t = OFZ_NEW(arena, ofz_tensor);
        if (!t || !(s = op_text_tensor(ctx, s + 1, 1, t))) return NULL;
        a->type = OFZ_ATTR_TENSOR;
        a->u.t  = t;
        return *s == '}' ? s + 1 : NULL;
    }
    a->type = is_float(s) ? OFZ_ATTR_FLOAT : OFZ_ATTR_INT;
    if (a->type == OFZ_ATTR_FLOAT)
        a->u.f = strtof(s, &end);
    else
        a->u.i = strtoll(s, &end, 10);
    return end == s ? NULL : end;
}

int op_text_attrs(ofz_ctx *ctx, ofz_graph *g, const char *text, ofz_attr *attr, int room)
{
    int         n = 0;
    const char *s;

    for (s = skip_blanks(text ? text : ""); *s && n < room; n++) {
        const char *eq = strchr(s, '=');

        attr[n] = (ofz_attr){ 0 };
        if (!eq) return -1;
        attr[n].name = ofz_arena_text(g->arena, s, (size_t)(eq - s));
        s            = attr[n].name ? parse_value(ctx, g, eq + 1, &attr[n]) : NULL;
        if (!s) return -1;
        s = skip_blanks(s);
    }
    return *s ? -1 : n;
}

void op_text_attrs_release(ofz_attr *attr, int count)
{
    for (int i = 0; i < count; i++)
        if (attr[i].type == OFZ_ATTR_TENSOR)
            ofz_buffer_release(attr[i].u.t->buffer);
        else if (attr[i].type == OFZ_ATTR_GRAPH && attr[i].u.g && !attr[i].u.g->parent_node)
            ofz_graph_deinit(attr[i].u.g);
}
