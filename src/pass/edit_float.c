/* edit_float.c - see edit_float.h. First every node is asked which of its inputs and outputs change; then
 * values that have one type where another is read get a Cast. */
#include "pass/edit_float.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/schema.h"
#include "pass/edit_names.h"
#include "pass/edit_settle.h"

typedef struct change {
    ofz_ctx                 *ctx;
    ofz_model               *m;
    const ofz_float_options *how;
    int64_t                  saturated; /* elements of constants */
} change;

/* --- which nodes ------------------------------------------------------------------------------ */

static bool is_source(const change *c, ofz_dtype dtype)
{
    return c->how->to == OFZ_F32 ? dtype == OFZ_F16 || dtype == OFZ_BF16 : dtype == OFZ_F32;
}

static bool has_source(const change *c, const ofz_value *v)
{
    return v && v->kind == OFZ_KIND_TENSOR && is_source(c, v->type.dtype);
}

static bool has_subgraph(const ofz_node *n)
{
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type == OFZ_ATTR_GRAPH) return true;
    return false;
}

/* scratch of a node: 1, it stays as it is. */
static ofz_status flag_kept(change *c)
{
    ofz_graph *g = c->m->graph;

    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        n->scratch = has_subgraph(n);
    }
    for (size_t k = 0; k < c->how->keep_count; k++) {
        const char *text = c->how->keep[k];
        ofz_node   *n;
        bool        any = false;

        if (strncmp(text, "op:", 3) != 0) {
            OFZ_TRY(ofz_named_node(c->ctx, g, text, &n));
            n->scratch = 1;
            continue;
        }
        for (size_t i = 0; i < g->node.count; i++) {
            n = g->node.item[i];
            if (strcmp(n->op_type, text + 3) != 0) continue;
            n->scratch = 1;
            any        = true;
        }
        if (!any)
            return ofz_fail(c->ctx, OFZ_E_ARG, "keep '%.60s': the model has no such operator",
                            text);
    }
    return OFZ_OK;
}

/* The signature of the version that the node means; false: nothing is known of it. */
static bool signature_of(const ofz_node *n, ofz_signature *out)
{
    for (int64_t since = n->opset; since > 0 && since > n->opset - 64; since--) {
        const ofz_schema *s = ofz_schema_find(n->domain, n->op_type, (int)since);

        if (s) return !s->deprecated && ofz_signature_read(s, out);
    }
    return false;
}

static bool allows(const change *c, const ofz_formal *f)
{
    return f && f->variable >= 0 && (f->types.tensor >> c->how->to & 1);
}

/* Is the variable of output formal `f` the type of an input that is there? */
static bool is_bound(const ofz_signature *s, const ofz_node *n, const ofz_formal *f)
{
    for (size_t i = 0; i < n->in_count; i++) {
        const ofz_formal *in = ofz_signature_in(s, i);

        if (n->in[i] && in && in->variable == f->variable) return true;
    }
    return false;
}

/* --- attributes that name a type -------------------------------------------------------------- */

static void element_set(change *c, ofz_dtype dtype, void *data, int64_t i, double x)
{
    const double most = c->how->to == OFZ_F16 ? 65504 : (double)3.3895313892515355e38F;

    if (c->how->to != OFZ_F32 && isfinite(x) && fabs(x) > most) {
        c->saturated++;
        x = copysign(most, x);
    }
    ofz_elem_set_f64(dtype, data, i, x);
}

static ofz_status tensor_convert(change *c, const ofz_tensor *t, ofz_tensor *out)
{
    ofz_tensor copy;
    ofz_status st;

    if (!ofz_tensor_aligned(t)) { /* as it lies in the file */
        OFZ_TRY(ofz_tensor_copy(c->ctx, t, &copy));
        st = tensor_convert(c, &copy, out);
        ofz_tensor_release(&copy);
        return st;
    }
    OFZ_TRY(ofz_tensor_new(c->ctx, out, c->how->to, t->rank, t->dim));
    for (int64_t i = 0; i < t->count; i++)
        element_set(c, c->how->to, out->data, i, ofz_elem_f64(t->dtype, t->data, i));
    return OFZ_OK;
}

/* ConstantOfShape's one element; its bytes go to the arena, where attributes live. */
static ofz_status convert_value_attr(change *c, ofz_node *n, bool *changed)
{
    const ofz_attr *old = ofz_node_attr(n, "value");
    ofz_attr        a   = { .name = "value", .type = OFZ_ATTR_TENSOR };
    ofz_tensor     *t   = OFZ_NEW(n->graph->arena, ofz_tensor);
    const int64_t   dim = 1;

    if (!t) return ofz_fail_nomem(c->ctx, "value", sizeof *t);
    OFZ_TRY(ofz_tensor_set(c->ctx, t, c->how->to, 1, &dim));
    t->data = ofz_arena_alloc(n->graph->arena, 8);
    if (!t->data) return ofz_fail_nomem(c->ctx, "value", 8);
    if (old && old->type == OFZ_ATTR_TENSOR) {
        if (!is_source(c, old->u.t->dtype) || old->u.t->count != 1) return OFZ_OK;
        element_set(c, c->how->to, t->data, 0, ofz_elem_f64(old->u.t->dtype, old->u.t->data, 0));
    }
    a.u.t    = t;
    *changed = true;
    return ofz_node_set_attr(c->ctx, n, &a);
}

/* What no input decides is said by an attribute: the output takes the new type if that can be told. */
static ofz_status convert_attr(change *c, ofz_node *n, bool *changed)
{
    static const char *const name[] = { "to", "dtype" };

    *changed = false;
    if (!strcmp(n->op_type, "ConstantOfShape") && !n->domain[0])
        return convert_value_attr(c, n, changed);
    for (size_t i = 0; i < 2; i++) {
        const ofz_attr *a   = ofz_node_attr(n, name[i]);
        const ofz_attr  set = { .name = name[i], .type = OFZ_ATTR_INT, .u.i = c->how->to };

        if (!a || a->type != OFZ_ATTR_INT || !is_source(c, (ofz_dtype)a->u.i)) continue;
        *changed = true;
        return ofz_node_set_attr(c->ctx, n, &set);
    }
    return OFZ_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

/* scratch of a value: 1, it has the new type. */
static ofz_status mark_outputs(change *c, ofz_node *n, const ofz_signature *s)
{
    bool asked = false, told = false;

    for (size_t i = 0; i < n->out_count; i++) {
        const ofz_formal *f = ofz_signature_out(s, i);

        if (!has_source(c, n->out[i]) || !allows(c, f)) continue;
        if (is_bound(s, n, f)) {
            n->out[i]->scratch = 1;
            continue;
        }
        if (!asked) OFZ_TRY(convert_attr(c, n, &told));
        asked              = true;
        n->out[i]->scratch = told;
    }
    return OFZ_OK;
}

static ofz_status mark_values(change *c)
{
    ofz_graph    *g = c->m->graph;
    ofz_signature s;

    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        v->scratch = v->is_input && !v->constant && !c->how->keep_io && has_source(c, v);
    }
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (n->scratch || (n->out_count && n->out[0] && n->out[0]->constant)) continue;
        if (!signature_of(n, &s))
            n->scratch = 1;
        else
            OFZ_TRY(mark_outputs(c, n, &s));
    }
    return OFZ_OK;
}

/* Which type does this use want? true: the new one. */
static bool use_wants(const change *c, const ofz_use *use)
{
    const ofz_node *n = use->node;
    ofz_signature   s;

    if (n->graph != c->m->graph || n->scratch || !signature_of(n, &s)) return false;
    return allows(c, ofz_signature_in(&s, (size_t)use->index));
}

/* --- casting ---------------------------------------------------------------------------------- */

static ofz_status value_beside(change *c, const ofz_value *v, const char *what, ofz_value **out)
{
    const char *name = ofz_arena_printf(&c->m->arena, "%s_%s", v->name, what);

    if (!name) return ofz_fail_nomem(c->ctx, v->name, 1);
    OFZ_TRY(ofz_name_fresh(c->ctx, v->graph, name, &name));
    return ofz_value_new(c->ctx, v->graph, name, out);
}

static ofz_status cast_add(change *c, ofz_value *from, ofz_value *to, ofz_dtype dtype)
{
    const ofz_attr      attr = { .name = "to", .type = OFZ_ATTR_INT, .u.i = dtype };
    const ofz_node_spec spec = { .op_type    = "Cast",
                                 .in_count   = 1,
                                 .out_count  = 1,
                                 .attr_count = 1,
                                 .in         = &from,
                                 .out        = &to,
                                 .attr       = &attr };

    return ofz_node_add(c->ctx, from->graph, &spec, NULL);
}

/* Uses that want what `v` is not read `by` instead. */
static ofz_status move_uses(change *c, ofz_value *v, ofz_value *by, bool wanted)
{
    for (size_t u = v->use_count; u-- > 0;) {
        const ofz_use use = u < v->use_count ? v->use[u] : (ofz_use){ NULL, -1 };

        if (use.index < 0 || use_wants(c, &use) != wanted || by->producer == use.node) continue;
        OFZ_TRY(ofz_node_set_input(c->ctx, use.node, (size_t)use.index, by));
    }
    return OFZ_OK;
}

static bool any_use_wants(const change *c, const ofz_value *v, bool wanted)
{
    for (size_t u = 0; u < v->use_count; u++)
        if (v->use[u].index >= 0 && use_wants(c, &v->use[u]) == wanted) return true;
    return false;
}

static ofz_status settle_value(change *c, ofz_value *v, ofz_dtype was)
{
    const bool narrow = v->scratch != 0, out = v->is_output && v->producer != NULL;
    const bool out_narrow = !c->how->keep_io;
    ofz_value *inner      = v, *other;

    if (out &&
        narrow != out_narrow) { /* the output keeps its name, another value is what is made */
        OFZ_TRY(
            value_beside(c, v, narrow ? ofz_dtype_name(c->how->to) : ofz_dtype_name(was), &inner));
        inner->type    = v->type;
        inner->scratch = v->scratch;
        OFZ_TRY(ofz_value_replace(c->ctx, v, inner));
        ofz_node    *maker = v->producer;
        const size_t index = (size_t)v->output;

        ofz_node_set_output(maker, index, inner);
        OFZ_TRY(cast_add(c, inner, v, out_narrow ? c->how->to : was));
        other = v;
    } else if (any_use_wants(c, v, !narrow)) {
        OFZ_TRY(
            value_beside(c, v, narrow ? ofz_dtype_name(was) : ofz_dtype_name(c->how->to), &other));
        OFZ_TRY(cast_add(c, v, other, narrow ? was : c->how->to));
    } else {
        return OFZ_OK;
    }
    return move_uses(c, inner, other, !narrow);
}

/* Readers of a constant get it in the type that they want: a second one where both are read. */
static ofz_status settle_constant(change *c, ofz_value *v)
{
    ofz_value *made;
    ofz_tensor t;

    if (v->is_output || !any_use_wants(c, v, true)) return OFZ_OK;
    OFZ_TRY(tensor_convert(c, v->constant, &t));
    if (!any_use_wants(c, v, false)) {
        v->retyped     = true;
        v->initializer = true;
        return ofz_value_set_constant(c->ctx, v, &t);
    }
    OFZ_TRY(value_beside(c, v, ofz_dtype_name(c->how->to), &made));
    made->initializer = true;
    made->mark        = v->mark;
    made->group       = v->group;
    made->lr_scale    = v->lr_scale;
    OFZ_TRY(ofz_value_set_constant(c->ctx, made, &t));
    return move_uses(c, v, made, true);
}

static ofz_status settle_values(change *c)
{
    ofz_graph   *g     = c->m->graph;
    const size_t count = g->value.count;

    for (size_t i = 0; i < count; i++) {
        ofz_value      *v   = g->value.item[i];
        const ofz_dtype was = v->type.dtype;

        if (!has_source(c, v)) continue;
        OFZ_TRY(v->constant ? settle_constant(c, v) : settle_value(c, v, was));
        if (v->constant || v->producer || !v->scratch) continue;
        v->type.dtype = c->how->to; /* an input */
        v->retyped    = true;
        g->changed    = true;
    }
    return OFZ_OK;
}

ofz_status ofz_edit_float(ofz_ctx *ctx, ofz_model *m, const ofz_float_options *how)
{
    change c = { ctx, m, how, 0 };

    OFZ_TRY(flag_kept(&c));
    OFZ_TRY(mark_values(&c));
    OFZ_TRY(settle_values(&c));
    if (c.saturated)
        ofz_log(ctx, OFZ_LOG_WARN,
                "%" PRId64
                " elements of constants are too large for %s: they become its largest number",
                c.saturated, ofz_dtype_name(how->to));
    ofz_graph_sweep(m->graph, true);
    return ofz_edit_settle(ctx, m, true);
}
