/* op_body.c - subgraphs in the notation of op_harness.h. */
#include <stdio.h>
#include <string.h>

#include "op_harness.h"
#include "op_text.h"

static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\n') s++;
    return s;
}

static const char *parse_expr(ofz_ctx *ctx, ofz_graph *g, const char *s, ofz_value **out,
                              int depth);

/* "Add(a, b)" from its parenthesis on. */
static const char *parse_call(ofz_ctx *ctx, ofz_graph *g, const char *op_type, const char *s,
                              ofz_value **out, int depth)
{
    ofz_value    *in[4];
    size_t        count = 0;
    ofz_node_spec spec  = {
         .name = "", .op_type = op_type, .domain = "", .out_count = 1, .in = in, .out = out
    };

    if (depth > 4) return NULL;
    for (s = skip_blanks(s + 1); *s != ')'; s = skip_blanks(*s == ',' ? s + 1 : s)) {
        if (!*s || count == 4) return NULL;
        s = parse_expr(ctx, g, s, &in[count++], depth + 1);
        if (!s) return NULL;
    }
    spec.in_count = count;
    if (ofz_value_new(ctx, g, NULL, out) != OFZ_OK) return NULL;
    (*out)->type.rank = -1;
    return ofz_node_add(ctx, g, &spec, NULL) == OFZ_OK ? s + 1 : NULL;
}

/* A name, a constant in braces, or a node over such. */
static const char *parse_expr(ofz_ctx *ctx, ofz_graph *g, const char *s, ofz_value **out, int depth)
{
    const size_t n = strcspn(s, " ,()");
    char         name[64];
    ofz_tensor   t;

    if (*s == '{') {
        s = op_text_tensor(ctx, s + 1, 1, &t);
        return s && *s == '}' && ofz_constant_new(ctx, g, NULL, &t, out) == OFZ_OK ? s + 1 : NULL;
    }
    if (!n || n >= sizeof name) return NULL;
    memcpy(name, s, n);
    name[n] = '\0';
    if (s[n] == '(') return parse_call(ctx, g, name, s + n, out, depth);
    *out = ofz_map_get(&g->by_name, name);
    return *out ? s + n : NULL;
}

const char *op_text_body(ofz_ctx *ctx, ofz_graph *outer, const char *s, ofz_graph **out)
{
    ofz_graph *g;
    ofz_value *v;

    if (ofz_graph_new(ctx, outer->arena, outer, outer->symbol, &g) != OFZ_OK) return NULL;
    *out = g;
    for (s = skip_blanks(s + 1); *s && strncmp(s, "->", 2) != 0; s = skip_blanks(s)) {
        const size_t n    = strcspn(s, " ");
        const char  *name = ofz_arena_text(outer->arena, s, n);

        if (!name || ofz_value_new(ctx, g, name, &v) != OFZ_OK) return NULL;
        v->is_input  = true;
        v->type.rank = -1;
        if (!ofz_list_push(&g->input, v)) return NULL;
        s += n;
    }
    for (s = *s ? skip_blanks(s + 2) : s; *s && *s != ')'; s = skip_blanks(s)) {
        s = parse_expr(ctx, g, s, &v, 0);
        if (!s) return NULL;
        v->is_output = true;
        if (!ofz_list_push(&g->output, v)) return NULL;
    }
    return *s ? s + 1 : NULL;
}
