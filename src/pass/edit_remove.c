/* edit_remove.c - see edit_remove.h. */
#include "pass/edit_remove.h"

#include <stdio.h>
#include <string.h>

#include "pass/edit_names.h"

static ofz_status supplant_output(ofz_ctx *ctx, ofz_value *old, ofz_value *by)
{
    ofz_node    *maker = by->producer;
    const size_t index = (size_t)by->output;

    if (!maker || by->constant || by->is_output || by->graph != old->graph)
        return ofz_fail(ctx, OFZ_E_ARG,
                        "output '%.100s': would be %s '%.100s', want a node's output", old->name,
                        by->is_output  ? "the output"
                        : by->constant ? "the constant"
                                       : "the input",
                        by->name);
    OFZ_TRY(ofz_value_replace(ctx, by, old));
    if (old->producer) ofz_node_set_output(old->producer, (size_t)old->output, NULL);
    ofz_node_set_output(maker, index, old);
    return OFZ_OK;
}

ofz_status ofz_edit_supplant(ofz_ctx *ctx, ofz_value *old, ofz_value *by)
{
    if (old->is_output) return supplant_output(ctx, old, by);
    OFZ_TRY(ofz_value_replace(ctx, old, by));
    if (old->producer) ofz_node_set_output(old->producer, (size_t)old->output, NULL);
    return OFZ_OK;
}

/* --- removing --------------------------------------------------------------------------------- */

static bool is_wanted(const ofz_value *v)
{
    return v && (v->is_output || v->use_count);
}

/* "node 'n' (Add-13): 2 data inputs ('a', 'b'), want 1: 'y' would be left without a producer" */
static ofz_status cannot(ofz_ctx *ctx, const ofz_node *n, const char *why)
{
    char             text[256];
    const ofz_value *left = NULL;

    for (size_t i = 0; i < n->out_count && !left; i++)
        if (is_wanted(n->out[i])) left = n->out[i];
    ofz_fail(ctx, OFZ_E_ARG, "%s: %s: '%.100s', which %s, would be left without a producer",
             ofz_node_text(text, sizeof text, n), why, left ? left->name : "",
             left && left->is_output ? "is an output" : "is read");
    return ofz_fix(ctx, OFZ_E_ARG, "--replace puts another node in its place");
}

ofz_status ofz_edit_remove_node(ofz_ctx *ctx, ofz_model *m, const char *name)
{
    ofz_node  *n;
    ofz_value *in = NULL, *out = NULL;
    size_t     in_count = 0, out_count = 0;
    char       why[160];

    OFZ_TRY(ofz_named_node(ctx, m->graph, name, &n));
    for (size_t i = 0; i < n->in_count; i++) {
        if (!n->in[i] || n->in[i]->constant) continue;
        in_count += n->in[i] != in;
        in = n->in[i];
    }
    for (size_t i = 0; i < n->out_count; i++) {
        if (!is_wanted(n->out[i])) continue;
        out_count++;
        out = n->out[i];
    }
    snprintf(why, sizeof why, "%zu data input%s and %zu output%s that are read, want one of each",
             in_count, in_count == 1 ? "" : "s", out_count, out_count == 1 ? "" : "s");
    if (out_count && (in_count != 1 || out_count != 1)) return cannot(ctx, n, why);
    if (out) {
        snprintf(why, sizeof why, "makes %s of %s", ofz_dtype_name(out->type.dtype),
                 ofz_dtype_name(in->type.dtype));
        if (in->kind != out->kind ||
            (in->type.dtype && out->type.dtype && in->type.dtype != out->type.dtype))
            return cannot(ctx, n, why);
        OFZ_TRY(ofz_edit_supplant(ctx, out, in));
    }
    ofz_node_remove(n);
    ofz_graph_sweep(m->graph, true);
    return OFZ_OK;
}
