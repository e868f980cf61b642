/* edit_shape.c - see edit_shape.h. */
#include "pass/edit_shape.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pass/edit_names.h"
#include "pass/edit_settle.h"

static ofz_status dim_read(ofz_ctx *ctx, ofz_graph *g, const char *text, int64_t *out)
{
    char *end;

    if (!strcmp(text, "?")) {
        *out = ofz_symbol_block(g, 1);
        return OFZ_OK;
    }
    if (isalpha((unsigned char)text[0]) || text[0] == '_') return ofz_symbol(ctx, g, text, out);
    errno = 0;
    *out  = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || errno)
        return ofz_fail(ctx, OFZ_E_ARG, "dimension '%.100s': want a number, a name or ?", text);
    return OFZ_OK;
}

static ofz_status shape_read(ofz_ctx *ctx, ofz_graph *g, const char *text, int *rank, int64_t *dim)
{
    *rank = 0;
    while (*text) {
        const size_t size = strcspn(text, ",");
        const char  *one  = ofz_arena_text(g->arena, text, size);

        if (!one) return ofz_fail_nomem(ctx, "shape", size);
        if (*rank == OFZ_MAX_RANK)
            return ofz_fail(ctx, OFZ_E_ARG, "shape: more than %d dimensions", OFZ_MAX_RANK);
        OFZ_TRY(dim_read(ctx, g, one, &dim[(*rank)++]));
        text += size + (text[size] == ',');
    }
    return OFZ_OK;
}

/* What a node makes: what inference found, made narrower where it is open. */
static ofz_status narrow(ofz_ctx *ctx, const ofz_value *v, int rank, int64_t *dim)
{
    if (v->type.rank >= 0 && v->type.rank != rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "value '%.100s': rank %d, want %d as inferred", v->name,
                        rank, v->type.rank);
    for (int i = 0; i < v->type.rank; i++) {
        const char *name = ofz_symbol_name(v->graph, dim[i]);

        if (!OFZ_DIM_KNOWN(v->type.dim[i])) continue;
        if (OFZ_DIM_KNOWN(dim[i]) && dim[i] != v->type.dim[i])
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "value '%.100s': dimension %d is %" PRId64 ", want %" PRId64
                            " as inferred",
                            v->name, i, dim[i], v->type.dim[i]);
        if (name)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "value '%.100s': dimension %d is %.60s, want %" PRId64 " as inferred",
                            v->name, i, name, v->type.dim[i]);
        dim[i] = v->type.dim[i];
    }
    return OFZ_OK;
}

ofz_status ofz_edit_set_shape(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    const char *equal = strrchr(text, '='), *name;
    int64_t     dim[OFZ_MAX_RANK];
    ofz_value  *v;
    int         rank;

    if (!equal || equal == text)
        return ofz_fail(ctx, OFZ_E_ARG, "'%.100s': want NAME=DIM[,DIM..]", text);
    name = ofz_arena_text(m->graph->arena, text, (size_t)(equal - text));
    if (!name) return ofz_fail_nomem(ctx, "shape", strlen(text));
    OFZ_TRY(ofz_named_value(ctx, m->graph, name, &v));
    if (v->constant || v->kind != OFZ_KIND_TENSOR)
        return ofz_fail(ctx, OFZ_E_ARG, "value '%.100s': %s, want an input or what a node makes",
                        name, v->constant ? "a constant" : "no tensor");
    OFZ_TRY(shape_read(ctx, m->graph, equal + 1, &rank, dim));
    if (v->producer) OFZ_TRY(narrow(ctx, v, rank, dim));
    OFZ_TRY(ofz_tensor_set(ctx, &v->type, v->type.dtype, rank, dim));
    v->retyped        = true;
    m->shapes_dropped = true;
    v->graph->changed = true;
    return ofz_edit_settle(ctx, m, !v->producer);
}
