/* op_walk.c - see op_walk.h. */
#include "op_walk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op_coverage.h"
#include "op_rig.h"
#include "pass/infer_shapes.h"
#include "tensor/container.h"

/* --- elements in another type ------------------------------------------------------------------- */

static void to_text(const ofz_tensor *t, int64_t i, char *text, size_t size)
{
    snprintf(text, size, "%.9g", ofz_elem_f64(t->dtype, t->data, i));
}

static double to_number(const ofz_tensor *t, int64_t i, ofz_dtype dtype)
{
    const ofz_string *s = t->dtype == OFZ_STRING ? (const ofz_string *)t->data + i : NULL;
    char              text[64];
    double            x;

    if (!s) x = ofz_elem_f64(t->dtype, t->data, i);
    if (s) {
        snprintf(text, sizeof text, "%.*s", (int)s->size, s->text);
        x = strtod(text, NULL);
    }
    if (ofz_dtype_get(dtype)->cls == OFZ_CLASS_UINT) return fabs(x);
    return dtype == OFZ_F8E8M0 ? fabs(x) + (x == 0) : x;
}

/* t as strings; the texts lie behind the descriptors of the copy. */
static ofz_status as_strings(ofz_ctx *ctx, const ofz_tensor *t, ofz_tensor *out)
{
    char(*text)[32] = calloc((size_t)t->count + 1, sizeof *text);
    ofz_tensor flat;
    ofz_status st = text ? ofz_tensor_new(ctx, &flat, OFZ_STRING, t->rank, t->dim)
                         : ofz_fail_nomem(ctx, "text", sizeof *text);

    for (int64_t i = 0; i < t->count && !st; i++) {
        to_text(t, i, text[i], sizeof text[i]);
        ((ofz_string *)flat.data)[i] = (ofz_string){ text[i], strlen(text[i]) };
    }
    if (!st) {
        st = ofz_tensor_copy(ctx, &flat, out);
        ofz_tensor_release(&flat);
    }
    free(text);
    return st;
}

/* *t in another type, in place; *exact becomes false when an element changed. */
static ofz_status retype(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, bool *exact)
{
    ofz_tensor out;

    if (ofz_dtype_is_container(t->dtype)) {
        for (int64_t i = 0; i < t->count; i++)
            OFZ_TRY(retype(ctx, ofz_container_item(t, i), dtype, exact));
        return OFZ_OK;
    }
    if (t->dtype == dtype) return OFZ_OK;
    if (dtype == OFZ_STRING) {
        *exact = false;
        OFZ_TRY(as_strings(ctx, t, &out));
    } else {
        OFZ_TRY(ofz_tensor_new(ctx, &out, dtype, t->rank, t->dim));
        memset(out.data, 0, out.size);
        for (int64_t i = 0; i < t->count; i++) {
            const double x = to_number(t, i, dtype);

            ofz_elem_set_f64(dtype, out.data, i, x);
            if (t->dtype == OFZ_STRING ||
                !(ofz_elem_f64(dtype, out.data, i) == ofz_elem_f64(t->dtype, t->data, i)))
                *exact = false;
        }
    }
    ofz_tensor_release(t);
    *t = out;
    return OFZ_OK;
}

/* --- a vector in another type ------------------------------------------------------------------- */

typedef struct walk {
    const op_case *c;
    const ofz_op  *op;
    ofz_signature  s;
    ofz_tensor     base[OP_CASE_OUTPUTS]; /* the vector's own results */
    int            base_count;
    bool           exact;
} walk;

static bool is_type_attr(const char *name)
{
    return !strcmp(name, "to") || !strcmp(name, "dtype") || !strcmp(name, "output_dtype") ||
           !strcmp(name, "output_datatype");
}

static ofz_status retype_constants(ofz_ctx *ctx, ofz_graph *g, ofz_dtype dtype)
{
    bool exact;

    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (!v->constant) continue;
        OFZ_TRY(retype(ctx, v->constant, dtype, &exact));
        v->type.dtype = v->constant->dtype;
    }
    return OFZ_OK;
}

/* The attribute that chooses an output's type; added where the vector does without. */
static ofz_status retype_attr(const walk *w, rig *r, ofz_dtype dtype)
{
    bool exact, found = false;

    for (int i = 0; i < r->attr_count; i++) {
        if (r->attr[i].type == OFZ_ATTR_TENSOR)
            return retype(r->ctx, (ofz_tensor *)(uintptr_t)r->attr[i].u.t, dtype, &exact);
        if (r->attr[i].type != OFZ_ATTR_GRAPH) continue;
        OFZ_TRY(retype_constants(r->ctx, r->attr[i].u.g, dtype));
        found = true;
    }
    if (found) return OFZ_OK;
    for (const ofz_attr_def *d = w->op->attr; d && d->name; d++) {
        int i = 0;

        if (!is_type_attr(d->name) || d->type != OFZ_ATTR_INT) continue;
        while (i < r->attr_count && strcmp(r->attr[i].name, d->name) != 0) i++;
        r->attr[i] = (ofz_attr){ .name = d->name, .type = OFZ_ATTR_INT, .u.i = dtype };
        if (i == r->attr_count) r->attr_count++;
        return OFZ_OK;
    }
    return ofz_fail(r->ctx, OFZ_E_ARG, "test: nothing chooses the type");
}

/* Shell and type that the vector gives the variable, by its inputs, else by its outputs. */
static bool given(const walk *w, const rig *r, int variable, op_shell *shell, ofz_dtype *dtype,
                  bool *by_input)
{
    uint32_t types = 0;

    *by_input = false;
    for (int i = 0; i < r->in_count && !types; i++) {
        const ofz_formal *f = ofz_signature_in(&w->s, (size_t)i);

        if (!f || f->variable != variable || !r->in[i].dtype) continue;
        *shell    = op_shell_of(&r->in[i], &types);
        *by_input = types != 0;
    }
    for (int i = 0; i < w->base_count && !types; i++) {
        const ofz_formal *f = ofz_signature_out(&w->s, (size_t)i);

        if (!f || f->variable != variable || !w->base[i].dtype) continue;
        *shell = op_shell_of(&w->base[i], &types);
        if (!types) types = 1u << OFZ_F32; /* of a container without elements nobody knows */
    }
    for (int d = 1; d < 32; d++)
        if (types >> d & 1) *dtype = (ofz_dtype)d;
    return types != 0;
}

/* Everything that is of the variable, and with `linked` everything that has the same element type and may
 * have the new one. */
static ofz_status retype_all(walk *w, rig *r, int variable, ofz_dtype from, ofz_dtype to,
                             bool by_input, bool linked)
{
    for (int i = 0; i < r->in_count; i++) {
        const ofz_formal *f = ofz_signature_in(&w->s, (size_t)i);
        ofz_types         t = f ? f->types : (ofz_types){ 0 };
        uint32_t          types;
        op_shell          shell;

        if (!f || f->variable < 0 || !r->in[i].dtype) continue;
        shell = op_shell_of(&r->in[i], &types);
        if (f->variable != variable &&
            (!linked || types != 1u << from || !(*op_types_set(&t, shell) >> to & 1)))
            continue;
        OFZ_TRY(retype(r->ctx, &r->in[i], to, &w->exact));
    }
    return by_input ? OFZ_OK : retype_attr(w, r, to);
}

static ofz_status run_node(const walk *w, rig *r, ofz_plan **plan, ofz_exec **exec)
{
    static const told told_of[OP_CASE_INPUTS] = { TOLD_ALL };
    ofz_value        *wanted[OP_CASE_OUTPUTS];
    char              domain[64];
    const char       *name  = op_name(w->c->op, domain, sizeof domain);
    size_t            count = 0;

    OFZ_TRY(rig_build(r, name, domain, told_of, w->c->out));
    OFZ_TRY(ofz_infer_graph(r->ctx, r->graph, 0));
    for (int k = 0; k < r->out_count; k++)
        if (r->y[k]) wanted[count++] = r->y[k];
    return rig_run(r, wanted, count, plan, exec);
}

/* --- results ------------------------------------------------------------------------------------ */

static double rounding_of(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_F64:
    case OFZ_F32:
        return 1e-5;
    case OFZ_F16:
        return 0x1p-9;
    case OFZ_BF16:
        return 0x1p-6;
    default:
        return 0;
    }
}

static bool is_number(ofz_dtype dtype)
{
    return rounding_of(dtype) > 0 || ofz_dtype_get(dtype)->cls == OFZ_CLASS_INT ||
           ofz_dtype_get(dtype)->cls == OFZ_CLASS_UINT;
}

/* Integers beyond this may have wrapped, or show how wide their type is. */
enum { SMALL = 64 };

/* Both floats, or both integers. */
static bool is_kin(ofz_dtype a, ofz_dtype b)
{
    return is_number(a) && is_number(b) && (rounding_of(a) > 0) == (rounding_of(b) > 0);
}

/* Results that both types can express must be the same up to rounding; what overflows is not looked at. */
static bool results_agree(const ofz_tensor *base, const ofz_tensor *got)
{
    double largest = 0, least = fmax(rounding_of(base->dtype), rounding_of(got->dtype));

    if (!is_kin(base->dtype, got->dtype)) return true;
    if (base->count != got->count) return false;
    for (int64_t i = 0; i < base->count; i++) {
        const double x = fabs(ofz_elem_f64(base->dtype, base->data, i));

        if (isfinite(x)) largest = fmax(largest, x);
    }
    for (int64_t i = 0; i < base->count; i++) {
        const double a = ofz_elem_f64(base->dtype, base->data, i);
        const double b = ofz_elem_f64(got->dtype, got->data, i);
        double       as_got;
        uint64_t     room = 0;

        ofz_elem_set_f64(got->dtype, &room, 0, a);
        as_got = ofz_elem_f64(got->dtype, &room, 0);
        if (!isfinite(a) || !isfinite(as_got) || fabs(as_got - a) > least * fabs(a)) continue;
        if (least <= 0 && (fabs(a) > SMALL || fabs(b) > SMALL)) continue;
        if (!(fabs(a - b) <= 4 * least * largest)) {
            fprintf(stderr, "    element %d: %.9g as %s, %.9g as %s\n", (int)i, a,
                    ofz_dtype_name(base->dtype), b, ofz_dtype_name(got->dtype));
            return false;
        }
    }
    return true;
}

static bool outputs_fit(const walk *w, const rig *r, const ofz_exec *exec, int variable,
                        op_shell shell, ofz_dtype dtype)
{
    for (int k = 0; k < r->out_count; k++) {
        const ofz_formal *f = ofz_signature_out(&w->s, (size_t)k);
        const ofz_tensor *t = r->y[k] ? ofz_exec_get(exec, r->y[k]) : NULL;
        uint32_t          types;

        if (t && f && f->variable == variable && op_shell_of(t, &types) == shell && types &&
            types != 1u << dtype)
            return false;
    }
    return true;
}

/* --- the walk ----------------------------------------------------------------------------------- */

static void say(const walk *w, int variable, ofz_dtype dtype, const char *text)
{
    if (getenv("OFZ_OP_WALK"))
        fprintf(stderr, "  %s-%d %.*s = %s: %s\n", w->op->name, w->op->since,
                w->s.variable[variable].name_size, w->s.variable[variable].name,
                ofz_dtype_name(dtype), text);
}

static void note(const walk *w, const rig *r, const ofz_exec *exec, int variable, op_shell shell,
                 ofz_dtype dtype)
{
    const ofz_tensor *in[OP_CASE_INPUTS] = { 0 }, *out[OP_CASE_OUTPUTS] = { 0 };

    for (int k = 0; k < r->in_count; k++) in[k] = r->in[k].dtype ? &r->in[k] : NULL;
    for (int k = 0; k < r->out_count; k++) out[k] = r->y[k] ? ofz_exec_get(exec, r->y[k]) : NULL;
    op_coverage_run(w->op, in, (size_t)r->in_count, out, (size_t)r->out_count);
    op_coverage_type(w->op, variable, shell, dtype);
}

/* One type of one variable; false when it worked and the results are wrong. */
static bool try_type(walk *w, int variable, ofz_dtype to, bool linked, bool *worked)
{
    char       domain[64];
    op_shell   shell;
    ofz_dtype  from;
    bool       by_input, ok = true;
    ofz_plan  *plan = NULL;
    ofz_exec  *exec = NULL;
    rig        r;
    ofz_status st;

    (void)op_name(w->c->op, domain, sizeof domain);
    w->exact = true;
    *worked  = false;
    st       = rig_init(&r, w->c->opset, domain, w->c->attrs, w->c->in);
    if (!st && given(w, &r, variable, &shell, &from, &by_input)) {
        st = retype_all(w, &r, variable, from, to, by_input, linked);
        if (!st) st = run_node(w, &r, &plan, &exec);
        *worked = !st && outputs_fit(w, &r, exec, variable, shell, to);
        if (!*worked && linked) say(w, variable, to, st ? ofz_error(r.ctx) : "another output type");
    }
    for (int k = 0; k < r.out_count && *worked && w->exact && ok; k++) {
        const ofz_tensor *t = r.y[k] ? ofz_exec_get(exec, r.y[k]) : NULL;

        if (t && w->base[k].dtype && by_input && is_kin(from, to) &&
            !(w->op->flags & OFZ_OP_RANDOM))
            ok = results_agree(&w->base[k], t);
    }
    if (*worked) note(w, &r, exec, variable, shell, to);
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    rig_deinit(&r);
    return ok;
}

static bool walk_variable(walk *w, int variable)
{
    const ofz_types seen    = op_coverage_seen(w->op, variable);
    ofz_types       allowed = w->s.variable[variable].types, done = seen;
    char            domain[64];
    op_shell        shell;
    ofz_dtype       from;
    bool            by_input, has, ok = true;
    rig             r;

    (void)op_name(w->c->op, domain, sizeof domain);
    has = !rig_init(&r, w->c->opset, domain, w->c->attrs, w->c->in) &&
          given(w, &r, variable, &shell, &from, &by_input);
    rig_deinit(&r);
    if (!has) return true;
    for (int d = 1; d < 32; d++) {
        bool worked = false;

        if (!(*op_types_set(&allowed, shell) & ~*op_types_set(&done, shell) & 1u << d)) continue;
        for (int linked = 0; linked < 2 && !worked; linked++) {
            if (try_type(w, variable, (ofz_dtype)d, linked, &worked)) continue;
            fprintf(stderr, "    %s-%d in %s\n", w->op->name, w->op->since,
                    ofz_dtype_name((ofz_dtype)d));
            ok = false;
        }
    }
    return ok;
}

bool op_walk_types(const op_case *c)
{
    walk        w = { .c = c };
    char        domain[64];
    const char *name = op_name(c->op, domain, sizeof domain);
    ofz_plan   *plan = NULL;
    ofz_exec   *exec = NULL;
    rig         r;
    bool        ok = true;

    w.op = ofz_op_find(domain, name, c->opset);
    if (!w.op || !ofz_op_signature(w.op, &(const ofz_node){ 0 }, &w.s)) return true;
    if (!rig_init(&r, c->opset, domain, c->attrs, c->in) && !run_node(&w, &r, &plan, &exec))
        for (; w.base_count < r.out_count && ok; w.base_count++) {
            const int         k = w.base_count;
            const ofz_tensor *t = r.y[k] ? ofz_exec_get(exec, r.y[k]) : NULL;

            if (t) ofz_tensor_share(t, &w.base[k]);
        }
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    rig_deinit(&r);
    for (int v = 0; v < w.s.variable_count; v++) ok = walk_variable(&w, v) && ok;
    for (int k = 0; k < w.base_count; k++) ofz_tensor_release(&w.base[k]);
    return ok;
}
