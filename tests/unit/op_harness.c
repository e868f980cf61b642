/* op_harness.c - see op_harness.h. */
#include "op_harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op_coverage.h"
#include "op_rig.h"
#include "op_walk.h"
#include "pass/grad.h"
#include "pass/infer_shapes.h"

/* --- vectors ---------------------------------------------------------------------------------- */

static void print_tensor(const char *what, const ofz_tensor *t)
{
    char shape[256];

    fprintf(stderr, "    %s %s%s", what, ofz_dtype_name(t->dtype),
            ofz_shape_text(shape, sizeof shape, t->rank, t->dim));
    if (ofz_dtype_is_container(t->dtype)) {
        fprintf(stderr, " of\n");
        for (int64_t i = 0; i < t->count && t->data; i++)
            print_tensor("       ", (const ofz_tensor *)t->data + i);
        return;
    }
    for (int64_t i = 0; i < t->count && i < 64 && t->data; i++) {
        const ofz_string *s = (const ofz_string *)t->data + i;

        if (t->dtype == OFZ_STRING)
            fprintf(stderr, " '%.*s'", (int)s->size, s->text);
        else if (t->dtype == OFZ_I64)
            fprintf(stderr, " %" PRId64, ((const int64_t *)t->data)[i]);
        else
            fprintf(stderr, " %.9g", ofz_elem_f64(t->dtype, t->data, i));
    }
    fprintf(stderr, "\n");
}

static void print_case(const char *op, int opset, const char *attrs, const char *const *in)
{
    fprintf(stderr, "  %s-%d {%s}", op, opset, attrs ? attrs : "");
    for (int i = 0; i < OP_CASE_INPUTS && in[i]; i++)
        fprintf(stderr, "%s%s", i ? ", " : " ", in[i]);
    fprintf(stderr, "\n");
}

/* One output against its text; false and a few lines on stderr when they differ. */
static bool output_matches(rig *r, const op_case *c, int k, const ofz_tensor *got)
{
    const char    *text  = c->out[k];
    const bool     shape = text[0] == '?';
    ofz_tensor     want  = { 0 };
    ofz_comparison cmp;
    bool           ok;

    if (!strcmp(text, "-") || !strcmp(text, "?")) return true;
    if (!got) {
        fprintf(stderr, "    output %d: nothing\n", k);
        return false;
    }
    if (shape) { /* "?F32[2,3]": there are no elements to parse, so fill in some */
        char full[256];

        snprintf(full, sizeof full, "%s rand", text + 1);
        ok = op_text_tensor(r->ctx, full, 1, &want) && ofz_tensor_same_shape(got, &want);
    } else {
        ok = op_text_tensor(r->ctx, text, 1, &want) &&
             ofz_tensor_compare(got, &want, c->rtol > 0 ? c->rtol : 1e-5,
                                c->atol > 0 ? c->atol : 1e-6, &cmp) &&
             cmp.bad_count == 0;
    }
    if (!ok) {
        print_tensor("got ", got);
        if (want.dtype)
            print_tensor("want", &want);
        else
            fprintf(stderr, "    want does not parse: %s\n", text);
    }
    ofz_tensor_release(&want);
    return ok;
}

/* What inference said of output k must not contradict what came out. */
static bool type_agrees(const ofz_tensor *said, const ofz_tensor *got)
{
    if (said->dtype && said->dtype != got->dtype) return false;
    if (said->rank < 0) return true;
    if (said->rank != got->rank) return false;
    for (int i = 0; i < got->rank; i++)
        if (said->dim[i] >= 0 && said->dim[i] != got->dim[i]) return false;
    return true;
}

static bool infer_agrees(const op_case *c, told t, ofz_tensor *const *got)
{
    told told_of[OP_CASE_INPUTS];
    char domain[64];
    rig  r;
    bool ok;

    for (int i = 0; i < OP_CASE_INPUTS; i++) told_of[i] = t;
    ok = rig_init(&r, c->opset, (op_name(c->op, domain, sizeof domain), domain), c->attrs, c->in) ==
             OFZ_OK &&
         rig_build(&r, op_name(c->op, domain, sizeof domain), domain, told_of, c->out) == OFZ_OK &&
         ofz_infer_graph(r.ctx, r.graph, 0) == OFZ_OK;
    if (!ok) fprintf(stderr, "    inference, %s: %s\n", told_name[t], ofz_error(r.ctx));
    for (int k = 0; ok && k < r.out_count; k++)
        if (r.y[k] && got[k]->rank >= 0 && !type_agrees(&r.y[k]->type, got[k])) {
            fprintf(stderr, "    inference, %s, output %d:\n", told_name[t], k);
            print_tensor("said", &r.y[k]->type);
            print_tensor("came", got[k]);
            ok = false;
        }
    rig_deinit(&r);
    return ok;
}

static void note_coverage(const rig *r, const op_case *c, const ofz_exec *exec)
{
    const ofz_tensor *in[OP_CASE_INPUTS] = { 0 }, *out[OP_CASE_OUTPUTS] = { 0 };
    char              domain[64];
    const char       *name = op_name(c->op, domain, sizeof domain);
    const ofz_op     *op   = ofz_op_find(domain, name, c->opset);

    if (!op) return;
    op_coverage_row(op);
    if (!exec) return;
    for (int k = 0; k < r->in_count; k++) in[k] = r->in[k].dtype ? &r->in[k] : NULL;
    for (int k = 0; k < r->out_count; k++) out[k] = r->y[k] ? ofz_exec_get(exec, r->y[k]) : NULL;
    op_coverage_run(op, in, (size_t)r->in_count, out, (size_t)r->out_count);
}

static bool op_case_run(const op_case *c)
{
    static const told        told_of[OP_CASE_INPUTS] = { TOLD_ALL };
    static const char *const one[]                   = { "?", NULL };
    ofz_tensor               type[OP_CASE_OUTPUTS], *got[OP_CASE_OUTPUTS];
    ofz_value               *wanted[OP_CASE_OUTPUTS];
    size_t                   count = 0;
    char                     domain[64];
    const char              *name = op_name(c->op, domain, sizeof domain);
    ofz_plan                *plan = NULL;
    ofz_exec                *exec = NULL;
    ofz_status               st;
    rig                      r;
    bool                     ok = true;

    st = rig_init(&r, c->opset, domain, c->attrs, c->in);
    if (!st) st = rig_build(&r, name, domain, told_of, c->out[0] ? c->out : one);
    if (!st) st = ofz_infer_graph(r.ctx, r.graph, 0);
    for (int k = 0; k < r.out_count; k++)
        if (r.y[k]) wanted[count++] = r.y[k];
    if (!st) st = rig_run(&r, wanted, count, &plan, &exec);
    if (c->error) {
        ok = st != OFZ_OK && strstr(ofz_error(r.ctx), c->error);
        if (!ok) fprintf(stderr, "    got  %s\n    want %s\n", ofz_error(r.ctx), c->error);
    } else if (st) {
        fprintf(stderr, "    %s\n", ofz_error(r.ctx));
        ok = false;
    }
    note_coverage(&r, c, st ? NULL : exec);
    for (int k = 0; k < r.out_count; k++) { /* shapes outlive the run for what follows */
        const ofz_tensor *t = !st && r.y[k] ? ofz_exec_get(exec, r.y[k]) : NULL;

        if (!st) ok = output_matches(&r, c, k, t) && ok;
        type[k]      = t ? *t : (ofz_tensor){ .rank = -1 };
        type[k].data = NULL;
        got[k]       = &type[k];
    }
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    rig_deinit(&r);
    for (int t = 0; t < TOLD_COUNT && !c->error && !st; t++)
        ok = infer_agrees(c, (told)t, got) && ok;
    if (ok && !c->error) ok = op_walk_types(c);
    return ok;
}

void op_cases_run(const op_case *c, size_t count)
{
    size_t bad = 0;

    for (size_t i = 0; i < count; i++)
        if (!op_case_run(&c[i])) {
            print_case(c[i].op, c[i].opset, c[i].attrs, c[i].in);
            bad++;
        }
    if (bad) fail_msg("%zu of %zu cases failed", bad, count);
}

void version_cases_run(const version_case *v, size_t count)
{
    size_t bad = 0, all = 0;

    for (size_t i = 0; i < count; i++) {
        const char *p = v[i].opsets;
        char       *end;

        for (long opset = strtol(p, &end, 10); end != p; opset = strtol(p, &end, 10)) {
            op_case c = { .op = v[i].op, .opset = (int)opset, .attrs = v[i].attrs };

            memcpy(c.in, v[i].in, sizeof c.in);
            memcpy(c.out, v[i].out, sizeof c.out);
            all++;
            p = end;
            if (op_case_run(&c)) continue;
            print_case(c.op, c.opset, c.attrs, c.in);
            bad++;
        }
    }
    if (bad) fail_msg("%zu of %zu cases failed", bad, all);
}

/* --- gradients -------------------------------------------------------------------------------- */

typedef struct check {
    const grad_case *c;
    rig              r;
    ofz_value       *loss, *wrt[OP_CASE_INPUTS], *dx[OP_CASE_INPUTS];
    int              which[OP_CASE_INPUTS]; /* input that wrt[i] is */
    size_t           count;
} check;

static char letter_of(const grad_case *c, const ofz_tensor *t, int k)
{
    const bool real = t->dtype == OFZ_F64;

    return !c->wrt ? (real ? 'x' : '.') : (size_t)k < strlen(c->wrt) ? c->wrt[k] : '.';
}

/* Append op(in...) -> *out to the graph under test. */
static ofz_status append(rig *r, const char *op_type, int in_count, ofz_value *const *in,
                         const ofz_attr *attr, ofz_value **out)
{
    ofz_node     *node;
    ofz_node_spec spec = { "", op_type, "", 0, (size_t)in_count, 1, attr ? 1 : 0, in, out, attr };

    OFZ_TRY(ofz_value_new(r->ctx, r->graph, NULL, out));
    (*out)->type.rank = -1;
    return ofz_node_add(r->ctx, r->graph, &spec, &node);
}

/* loss += sum(random * y), once it is known what y looks like. */
static ofz_status add_to_loss(check *k, ofz_value *y, const ofz_tensor *like, int salt)
{
    static const ofz_attr keepdims = { .name = "keepdims", .type = OFZ_ATTR_INT, .u.i = 0 };
    ofz_tensor            random;
    ofz_value            *in[2] = { y, NULL }, *product, *sum;
    ofz_rng               rng;

    OFZ_TRY(ofz_tensor_new(k->r.ctx, &random, OFZ_F64, like->rank, like->dim));
    ofz_rng_seed(&rng, (uint64_t)salt + 100);
    for (int64_t i = 0; i < random.count; i++)
        ((double *)random.data)[i] = 2 * ofz_rng_double(&rng) - 0.9;
    OFZ_TRY(ofz_constant_new(k->r.ctx, k->r.graph, NULL, &random, &in[1]));
    OFZ_TRY(append(&k->r, "Mul", 2, in, NULL, &product));
    OFZ_TRY(append(&k->r, "ReduceSum", 1, &product, &keepdims, &sum));
    if (!k->loss) {
        k->loss = sum;
        return OFZ_OK;
    }
    in[0] = k->loss;
    in[1] = sum;
    return append(&k->r, "Add", 2, in, NULL, &k->loss);
}

static ofz_status build_loss(check *k)
{
    static const ofz_attr to_f64 = { .name = "to", .type = OFZ_ATTR_INT, .u.i = OFZ_F64 };
    ofz_plan             *plan   = NULL;
    ofz_exec             *exec   = NULL;
    ofz_value            *wide;
    ofz_status            st = rig_run(&k->r, k->r.y, (size_t)k->r.out_count, &plan, &exec);

    for (int i = 0; i < k->r.out_count && !st; i++) {
        const ofz_tensor *t = ofz_exec_get(exec, k->r.y[i]);

        if (t && t->dtype == OFZ_F64) st = add_to_loss(k, k->r.y[i], t, i);
    }
    for (int i = 0; i < k->r.out_count && !st && !k->loss;
         i++) { /* rows that always give float32 */
        const ofz_tensor *t = ofz_exec_get(exec, k->r.y[i]);

        if (!t || t->dtype != OFZ_F32) continue;
        st = append(&k->r, "Cast", 1, &k->r.y[i], &to_f64, &wide);
        if (!st) st = add_to_loss(k, wide, t, i);
    }
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    if (!st && !k->loss) st = ofz_fail(k->r.ctx, OFZ_E_ARG, "test: no float output");
    return st;
}

/* dL/dx of element `i` of input `k`, numerically. */
static ofz_status difference(check *k, ofz_exec *exec, int input, int64_t i, double *out)
{
    double      *x    = (double *)k->r.in[input].data + i;
    const double keep = *x, h = (k->c->step > 0 ? k->c->step : 1e-5) * fmax(1, fabs(keep));
    double       side[2];

    for (int s = 0; s < 2; s++) {
        *x = keep + (s ? h : -h);
        OFZ_TRY(ofz_exec_run(k->r.ctx, exec));
        side[s] = *(const double *)ofz_exec_get(exec, k->loss)->data;
    }
    *x   = keep;
    *out = (side[1] - side[0]) / (2 * h);
    return OFZ_OK;
}

/* Compare dx[w] with differences. */
static ofz_status check_input(check *k, size_t w, const ofz_tensor *dx, ofz_exec *exec, bool *ok)
{
    const int         input = k->which[w];
    const ofz_tensor *x     = &k->r.in[input];
    const double      rtol  = k->c->rtol > 0 ? k->c->rtol : 1e-5;
    const double      atol  = k->c->atol > 0 ? k->c->atol : 1e-7;
    const bool        zero  = letter_of(k->c, x, input) == '0';

    if (dx && !ofz_tensor_same_shape(dx, x)) {
        fprintf(stderr, "    gradient of input %d:\n", input);
        print_tensor("got ", dx);
        print_tensor("want", x);
        *ok = false;
        return OFZ_OK;
    }
    for (int64_t i = 0; i < x->count; i++) {
        const double got  = dx ? ((const double *)dx->data)[i] : 0;
        double       want = 0;

        if (!zero) OFZ_TRY(difference(k, exec, input, i, &want));
        if (!(fabs(got - want) <= atol + rtol * fabs(want))) {
            fprintf(stderr, "    gradient of input %d, element %" PRId64 ": got %.9g, want %.9g\n",
                    input, i, got, want);
            *ok = false;
        }
    }
    return OFZ_OK;
}

/* Differentiate, run both graphs, compare. */
static ofz_status check_run(check *k, bool *ok)
{
    ofz_value *wanted[OP_CASE_INPUTS];
    ofz_plan  *plan = NULL, *loss_plan = NULL;
    ofz_exec  *exec = NULL, *loss_exec = NULL;
    size_t     n = 0;
    ofz_status st;

    OFZ_GOTO(build_loss(k));
    OFZ_GOTO(ofz_grad_append(k->r.ctx, k->r.graph, k->loss, k->wrt, k->count, k->dx));
    OFZ_GOTO(ofz_infer_graph(k->r.ctx, k->r.graph, 0));
    OFZ_GOTO(ofz_graph_verify(k->r.ctx, k->r.graph));
    for (size_t i = 0; i < k->count; i++)
        if (k->dx[i]) wanted[n++] = k->dx[i];
    if (n) OFZ_GOTO(rig_run(&k->r, wanted, n, &plan, &exec));
    OFZ_GOTO(rig_run(&k->r, &k->loss, 1, &loss_plan, &loss_exec));
    for (size_t i = 0; i < k->count; i++) {
        const ofz_tensor *dx = k->dx[i] ? ofz_exec_get(exec, k->dx[i]) : NULL;

        if (dx && !type_agrees(&k->dx[i]->type, dx)) {
            fprintf(stderr, "    inference of the gradient of input %d:\n", k->which[i]);
            print_tensor("said", &k->dx[i]->type);
            print_tensor("came", dx);
            *ok = false;
        }
        OFZ_GOTO(check_input(k, i, dx, loss_exec, ok));
    }
done:
    ofz_exec_free(exec);
    ofz_exec_free(loss_exec);
    ofz_plan_free(plan);
    ofz_plan_free(loss_plan);
    return st;
}

/* Gradients for the inputs in `mask`. */
static bool grad_case_run(const grad_case *c, unsigned mask)
{
    static const char *const outs[] = { "?", "?", "?", "?", "?" };
    told                     told_of[OP_CASE_INPUTS];
    const char              *out[OP_CASE_OUTPUTS] = { 0 };
    char                     domain[64];
    const char              *name = op_name(c->op, domain, sizeof domain);
    check                    k    = { .c = c };
    bool                     ok   = true;
    ofz_status               st;

    memcpy(out, outs, (size_t)(c->outs ? c->outs : 1) * sizeof *out);
    st = rig_init(&k.r, c->opset, domain, c->attrs, c->in);
    for (int i = 0; i < k.r.in_count; i++)
        told_of[i] = letter_of(c, &k.r.in[i], i) == '.' ? TOLD_CONSTANT : TOLD_ALL;
    if (!st) st = rig_build(&k.r, name, domain, told_of, out);
    if (!st) k.r.node->derived = true; /* float64 whatever the version lists */
    for (int i = 0; i < k.r.in_count; i++)
        if (k.r.x[i] && told_of[i] == TOLD_ALL && mask >> i & 1) {
            k.which[k.count] = i;
            k.wrt[k.count++] = k.r.x[i];
        }
    if (!st && k.count) st = check_run(&k, &ok);
    if (st) fprintf(stderr, "    %s\n", ofz_error(k.r.ctx));
    rig_deinit(&k.r);
    return !st && ok;
}

void grad_cases_run(const grad_case *c, size_t count)
{
    size_t bad = 0;

    for (size_t i = 0; i < count; i++) {
        bool ok = grad_case_run(&c[i], ~0u);

        for (int k = 0; ok && k < OP_CASE_INPUTS && c[i].in[k]; k++) /* each asked for alone */
            ok = grad_case_run(&c[i], 1u << k);
        if (ok) continue;
        print_case(c[i].op, c[i].opset, c[i].attrs, c[i].in);
        bad++;
    }
    if (bad) fail_msg("%zu of %zu gradients failed", bad, count);
}
