/* op_harness.c - see op_harness.h. */
#include "op_harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "exec/exec.h"
#include "op_text.h"
#include "pass/grad.h"
#include "pass/infer_shapes.h"

/* --- a graph of one node ---------------------------------------------------------------------- */

/* How much inference is told about the inputs. */
typedef enum told { TOLD_ALL, TOLD_CONSTANT, TOLD_RANK, TOLD_DTYPE, TOLD_NOTHING, TOLD_COUNT } told;

static const char *const told_name[] = { "declared inputs", "constant inputs",
                                         "inputs with symbols", "inputs without rank",
                                         "inputs without type" };

typedef struct rig {
    ofz_ctx    *ctx;
    ofz_arena   arena;
    ofz_symbols symbol;
    ofz_graph  *graph;
    ofz_opset   opset[4];
    ofz_attr    attr[32];
    int         attr_count, in_count, out_count;
    ofz_tensor  in[OP_CASE_INPUTS];
    ofz_value  *x[OP_CASE_INPUTS];
    ofz_value  *y[OP_CASE_OUTPUTS];
    ofz_node   *node;
} rig;

static void rig_deinit(rig *r)
{
    if (r->graph) ofz_graph_deinit(r->graph);
    op_text_attrs_release(r->attr, r->attr_count);
    for (int i = 0; i < r->in_count; i++) ofz_tensor_release(&r->in[i]);
    ofz_symbols_free(&r->symbol);
    ofz_arena_free(&r->arena);
    ofz_ctx_free(r->ctx);
}

/* The inputs' tensors, the attributes and an empty graph. */
static ofz_status rig_init(rig *r, int opset, const char *domain, const char *attrs,
                           const char *const *in)
{
    *r     = (rig){ 0 };
    r->ctx = ofz_ctx_new();
    assert_non_null(r->ctx);
    OFZ_TRY(ofz_graph_new(r->ctx, &r->arena, NULL, &r->symbol, &r->graph));
    r->opset[0]           = (ofz_opset){ "", *domain && strcmp(domain, "ofz") != 0 ? 17 : opset };
    r->opset[1]           = (ofz_opset){ "ofz", 1 };
    r->opset[2]           = (ofz_opset){ domain, opset };
    r->graph->opset       = r->opset;
    r->graph->opset_count = *domain && strcmp(domain, "ofz") != 0 ? 3 : 2;
    for (; r->in_count < OP_CASE_INPUTS && in[r->in_count]; r->in_count++) {
        const int k = r->in_count;

        if (!strcmp(in[k], "-")) continue;
        if (!op_text_tensor(r->ctx, in[k], k + 1, &r->in[k]))
            return ofz_fail(r->ctx, OFZ_E_ARG, "test: input %d does not parse: %s", k, in[k]);
    }
    r->attr_count = op_text_attrs(r->ctx, &r->arena, attrs, r->attr, 32);
    if (r->attr_count < 0) {
        r->attr_count = 0;
        return ofz_fail(r->ctx, OFZ_E_ARG, "test: attributes do not parse: %s", attrs);
    }
    return OFZ_OK;
}

static ofz_status rig_declare(rig *r, int k, told t)
{
    const bool container = ofz_dtype_is_container(r->in[k].dtype);
    const bool ranked    = (t == TOLD_ALL || t == TOLD_RANK) && !container;
    ofz_value *v;
    int64_t    dim[OFZ_MAX_RANK];

    if (t == TOLD_CONSTANT && !container) {
        ofz_tensor shared;

        ofz_tensor_share(&r->in[k], &shared);
        return ofz_constant_new(r->ctx, r->graph, NULL, &shared, &r->x[k]);
    }
    OFZ_TRY(ofz_value_new(r->ctx, r->graph, NULL, &v));
    for (int i = 0; i < r->in[k].rank; i++) {
        dim[i] = r->in[k].dim[i];
        if (t == TOLD_RANK) dim[i] = ofz_symbol_block(r->graph, 1);
    }
    if (t != TOLD_NOTHING) v->kind = ofz_dtype_kind(r->in[k].dtype);
    OFZ_TRY(ofz_tensor_set(r->ctx, &v->type,
                           t == TOLD_NOTHING || container ? OFZ_UNDEFINED : r->in[k].dtype,
                           ranked ? r->in[k].rank : -1, dim));
    v->is_input = true;
    if (!ofz_list_push(&r->graph->input, v)) return ofz_fail_nomem(r->ctx, "input", 8);
    r->x[k] = v;
    return OFZ_OK;
}

/* "domain:Name" -> both; the domain is "" without one. */
static const char *op_name(const char *op, char *domain, size_t size)
{
    const char *colon = strchr(op, ':');

    snprintf(domain, size, "%.*s", colon ? (int)(colon - op) : 0, op);
    return colon ? colon + 1 : op;
}

/* Values for the inputs and the node. told_of[k] speaks for input k. */
static ofz_status rig_build(rig *r, const char *op_type, const char *domain, const told *told_of,
                            const char *const *out)
{
    ofz_node_spec spec = { "", op_type, domain, 0, 0, 0, 0, r->x, r->y, r->attr };

    for (int k = 0; k < r->in_count; k++)
        if (r->in[k].dtype) OFZ_TRY(rig_declare(r, k, told_of[k]));
    for (; r->out_count < OP_CASE_OUTPUTS && out[r->out_count]; r->out_count++) {
        ofz_value **y = &r->y[r->out_count];

        if (!strcmp(out[r->out_count], "-")) continue;
        OFZ_TRY(ofz_value_new(r->ctx, r->graph, NULL, y));
        (*y)->type.rank = -1;
    }
    spec.in_count   = (size_t)r->in_count;
    spec.out_count  = (size_t)r->out_count;
    spec.attr_count = (size_t)r->attr_count;
    return ofz_node_add(r->ctx, r->graph, &spec, &r->node);
}

/* Plan `wanted`, feed the inputs and run. The caller frees *plan and *exec in any case. */
static ofz_status rig_run(rig *r, ofz_value *const *wanted, size_t count, ofz_plan **plan,
                          ofz_exec **exec)
{
    OFZ_TRY(ofz_plan_new(r->ctx, r->graph, wanted, count, plan));
    OFZ_TRY(ofz_exec_new(r->ctx, *plan, exec));
    for (int k = 0; k < r->in_count; k++)
        if (r->x[k] && r->x[k]->is_input) OFZ_TRY(ofz_exec_feed(r->ctx, *exec, r->x[k], &r->in[k]));
    return ofz_exec_run(r->ctx, *exec);
}

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
