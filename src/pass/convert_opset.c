/* convert_opset.c - see convert_opset.h. Every step leads to the neighbouring opset: rules are looked up for the
 * version that lies between. */
#include "pass/convert_opset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"
#include "ops/schema.h"
#include "pass/convert_rule.h"
#include "pass/edit_settle.h"
#include "pass/infer_shapes.h"

int64_t ofz_convert_ir(int64_t version)
{
    static const int8_t ir[] = { 3, 3, 3, 3, 3, 3, 3,  3,  3,  4,  5,  6,  7,  7, 7,
                                 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13, 14 };
    const int64_t       last = (int64_t)(sizeof ir / sizeof *ir) - 1;

    return ir[version < 0 ? 0 : version > last ? last : version];
}

/* --- attributes that an older version lacks --------------------------------------------------- */

static bool number_is(double x, const char *want)
{
    return x == strtod(want, NULL);
}

/* Does the attribute say what the older version means without it? */
static bool is_implied(const ofz_attr *a, const char *want)
{
    switch (a->type) {
    case OFZ_ATTR_INT:
        return number_is((double)a->u.i, want);
    case OFZ_ATTR_FLOAT:
        return number_is((double)a->u.f, want);
    case OFZ_ATTR_STRING:
        return a->u.s.size == strlen(want) && !memcmp(a->u.s.text, want, a->u.s.size);
    case OFZ_ATTR_INTS:
        for (size_t i = 0; i < a->u.ints.count; i++)
            if (!number_is((double)a->u.ints.v[i], want)) return false;
        return true;
    default:
        return false;
    }
}

static ofz_status drop_fresh(ofz_conversion *c, ofz_node *n, const char *fresh)
{
    char name[64], want[64];

    while (fresh && *fresh) {
        const size_t    size = strcspn(fresh, "="), end = strcspn(fresh, " ");
        const ofz_attr *a;

        memcpy(name, fresh, size);
        name[size] = '\0';
        memcpy(want, fresh + size + 1, end - size - 1);
        want[end - size - 1] = '\0';
        a                    = ofz_node_attr(n, name);
        if (a && !is_implied(a, want))
            return ofz_fail(
                c->ctx, OFZ_E_UNSUPPORTED,
                "attribute %s: what it says is not implied by the older version, want %s", name,
                want);
        if (a) ofz_node_drop_attr(n, name);
        fresh += end + (fresh[end] == ' ');
    }
    return OFZ_OK;
}

/* --- one step --------------------------------------------------------------------------------- */

/* The version in which the operator began; 0: not known here. */
static int birth_of(const char *op_type)
{
    const ofz_op *op;
    int           birth = 0;

    for (size_t i = 0; (op = ofz_op_at(i)); i++)
        if (!op->domain && !strcmp(op->name, op_type) && (!birth || op->since < birth))
            birth = op->since;
    return birth;
}

static ofz_status step_up(ofz_conversion *c, ofz_node *n, const ofz_convert_rule *r)
{
    return r && r->up ? r->up(c, n) : OFZ_OK;
}

static ofz_status step_down(ofz_conversion *c, ofz_node *n, const ofz_convert_rule *r)
{
    if (!r && birth_of(n->op_type) > c->to)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "operator: began in version %d, want %" PRId64 " or before",
                        birth_of(n->op_type), c->to);
    if (!r) return OFZ_OK;
    OFZ_TRY(drop_fresh(c, n, r->fresh));
    return r->down ? r->down(c, n) : OFZ_OK;
}

static ofz_status step_node(ofz_conversion *c, ofz_node *n, bool up)
{
    const ofz_convert_rule *r = ofz_convert_find(n->op_type, up ? c->to : c->to + 1);
    ofz_status              st;
    char                    text[256];

    ofz_node_text(text, sizeof text, n);
    if (!birth_of(n->op_type))
        st = ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "operator: unknown here");
    else
        st = up ? step_up(c, n, r) : step_down(c, n, r);
    if (!st) return OFZ_OK;
    return ofz_at(c->ctx, st, "%s: to opset %" PRId64, text, c->to);
}

/* Nodes that rules append are of the new version already. */
static ofz_status step_graph(ofz_conversion *c, ofz_graph *g, bool up)
{
    const size_t count = g->node.count;

    for (size_t i = 0; i < count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) OFZ_TRY(step_graph(c, n->attr[k].u.g, up));
        if (n->domain[0] || n->removed) continue;
        OFZ_TRY(step_node(c, n, up));
        n->opset = c->to;
    }
    return ofz_graph_sort(c->ctx, g);
}

/* --- types ------------------------------------------------------------------------------------ */

static bool signature_of(const ofz_node *n, ofz_signature *out)
{
    for (int64_t since = n->opset; since > 0; since--) {
        const ofz_schema *s = ofz_schema_find(n->domain, n->op_type, (int)since);

        if (s) return ofz_signature_read(s, out);
    }
    return false;
}

/* What inference knows of the types against what the older version takes. */
static ofz_status check_node(ofz_ctx *ctx, const ofz_node *n, const ofz_tensor **in)
{
    ofz_variable_type bound[OFZ_SCHEMA_VARIABLES] = { { OFZ_UNDEFINED, 0 } };
    ofz_signature     s;

    if (n->domain[0] || !signature_of(n, &s)) return OFZ_OK;
    for (size_t i = 0; i < n->in_count; i++)
        in[i] = n->in[i] && n->in[i]->kind == OFZ_KIND_TENSOR ? &n->in[i]->type : NULL;
    OFZ_TRY(ofz_signature_check(ctx, &s, in, n->in_count, bound));
    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i] && n->out[i]->kind == OFZ_KIND_TENSOR && n->out[i]->type.dtype)
            OFZ_TRY(ofz_signature_check_output(ctx, &s, i, &n->out[i]->type, bound));
    return OFZ_OK;
}

static ofz_status check_types(ofz_ctx *ctx, const ofz_graph *g)
{
    char node[256], why[512];

    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node    *n  = g->node.item[i];
        const ofz_tensor **in = OFZ_NEWS(g->arena, const ofz_tensor *, n->in_count + 1);
        ofz_status         st = in ? check_node(ctx, n, in) : ofz_fail_nomem(ctx, "types", 1);

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) OFZ_TRY(check_types(ctx, n->attr[k].u.g));
        if (st != OFZ_E_MODEL) {
            OFZ_TRY(st);
            continue;
        }
        snprintf(why, sizeof why, "%s", ofz_error(ctx));
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s: %s", ofz_node_text(node, sizeof node, n), why);
    }
    return OFZ_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static ofz_status set_import(ofz_ctx *ctx, ofz_model *m, int64_t version)
{
    ofz_opset *list = OFZ_NEWS(&m->arena, ofz_opset, m->opset_count + 1);
    bool       set  = false;

    if (!list) return ofz_fail_nomem(ctx, "opset", sizeof *list);
    for (size_t i = 0; i < m->opset_count; i++) {
        list[i] = m->opset[i];
        if (list[i].domain[0]) continue;
        list[i].version = version;
        set             = true;
    }
    if (!set) list[m->opset_count++] = (ofz_opset){ "", version };
    m->opset              = list;
    m->graph->opset       = list;
    m->graph->opset_count = m->opset_count;
    m->header_changed     = true;
    if (m->ir_version < ofz_convert_ir(version)) m->ir_version = ofz_convert_ir(version);
    return OFZ_OK;
}

/* The older version does not take what the newer one did: valid, and not to be said in it. */
static ofz_status refused(ofz_ctx *ctx, ofz_status st, bool up)
{
    char why[700];

    if (st != OFZ_E_MODEL || up) return st;
    snprintf(why, sizeof why, "%s", ofz_error(ctx));
    return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s", why);
}

ofz_status ofz_convert_opset(ofz_ctx *ctx, ofz_model *m, int64_t version)
{
    const int64_t  from = ofz_graph_opset(m->graph, "");
    const bool     up   = version > from;
    ofz_conversion c    = { .ctx = ctx, .model = m, .to = from };

    if (version < OFZ_CONVERT_MIN || version > OFZ_CONVERT_MAX)
        return ofz_fail(ctx, OFZ_E_ARG, "opset %" PRId64 ": want %d to %d", version,
                        OFZ_CONVERT_MIN, OFZ_CONVERT_MAX);
    if (from > OFZ_CONVERT_MAX)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "the model's opset %" PRId64 ": want up to %d",
                        from, OFZ_CONVERT_MAX);
    if (from == version) return OFZ_OK;
    if (m->function_count && !m->functions_dropped) {
        ofz_fail(ctx, OFZ_E_UNSUPPORTED, "the model: has %zu functions of its own, want none",
                 m->function_count);
        return ofz_fix(ctx, OFZ_E_UNSUPPORTED, "--inline-functions before it");
    }
    for (c.to = from; c.to != version;) {
        c.to += up ? 1 : -1;
        c.grew = false;
        OFZ_TRY(step_graph(&c, m->graph, up));
        if (!c.grew) continue;
        ofz_graph_sweep(m->graph, false);
        OFZ_TRY(refused(ctx, ofz_infer_graph(ctx, m->graph, 0), up)); /* rules look at types */
    }
    OFZ_TRY(set_import(ctx, m, version));
    ofz_graph_sweep(m->graph, true);
    OFZ_TRY(refused(ctx, ofz_edit_settle(ctx, m, false), up));
    return up ? OFZ_OK : check_types(ctx, m->graph);
}
