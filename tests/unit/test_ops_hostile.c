/* test_ops_hostile.c - every public row against nodes nobody meant: random types, shapes, attributes
 * and elements. What inference accepts must run or be refused with a text; nothing may crash, and no
 * result may contradict what was inferred. Built with sanitizers this is the test that finds reads out
 * of bounds. OFZ_HOSTILE=N walks N nodes instead of a few; OFZ_HOSTILE_SEED=K begins with node K. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "model_build.h"
#include "pass/infer_shapes.h"

#define INPUTS  8
#define OUTPUTS 5
#define ATTRS   24

typedef struct trial {
    ofz_rng       rng;
    ofz_ctx      *ctx;
    ofz_arena     arena;
    ofz_symbols   symbol;
    ofz_graph    *graph;
    ofz_opset     opset[3];
    const ofz_op *op;
    ofz_tensor    in[INPUTS], value;
    ofz_value    *x[INPUTS], *y[OUTPUTS];
    ofz_attr      attr[ATTRS];
    int64_t       ints[ATTRS][6];
    float         floats[ATTRS][6];
    ofz_string    strings[ATTRS][6];
    size_t        in_count, out_count, attr_count;
    bool          constant;
} trial;

static int64_t below(trial *t, int64_t n)
{
    return (int64_t)ofz_rng_below(&t->rng, (uint64_t)n);
}

/* Mostly small, sometimes anything. */
static int64_t whole(trial *t)
{
    return below(t, 8) ? below(t, 9) - 3 : (int64_t)ofz_rng_next(&t->rng);
}

static size_t count_between(trial *t, size_t min, size_t max, size_t room)
{
    if (max > room) max = room;
    return max > min ? min + (size_t)below(t, (int64_t)(max - min + 1)) : min;
}

static void fill(trial *t, ofz_tensor *x)
{
    for (int64_t i = 0; i < x->count; i++)
        if (x->dtype == OFZ_STRING)
            ((ofz_string *)x->data)[i] = (ofz_string){ "12ab", (size_t)below(t, 5) };
        else if (x->dtype == OFZ_BOOL)
            ((uint8_t *)x->data)[i] = (uint8_t)below(t, 2);
        else if (x->dtype == OFZ_I64 || x->dtype == OFZ_I32)
            ofz_elem_set_i64(x->dtype, x->data, i, whole(t));
        else
            ofz_elem_set_f64(x->dtype, x->data, i, (double)below(t, 1000) / 100 - 5);
}

/* Types and shapes that often go together: a common type, dims out of a common list. */
static ofz_status make_inputs(trial *t)
{
    const ofz_dtype common = (ofz_dtype)(1 + below(t, OFZ_I2));
    const int       rank   = (int)below(t, 5);
    int64_t         list[6], dim[6];

    for (int i = 0; i < 6; i++) list[i] = below(t, 8) ? 1 + below(t, 4) : below(t, 2);
    t->in_count = count_between(t, t->op->in.min, t->op->in.max, 6);
    for (size_t k = 0; k < t->in_count; k++) {
        ofz_dtype dtype = below(t, 4) ? common : (ofz_dtype)(1 + below(t, OFZ_I2));
        int       r     = below(t, 3) ? rank : (int)below(t, 5);

        if (k >= t->op->in.min && !below(t, 4)) continue;
        if (k && !below(t, 3)) dtype = below(t, 3) ? OFZ_I64 : OFZ_BOOL;
        if (k && !below(t, 3)) r = (int)below(t, 2);
        for (int i = 0; i < r; i++)
            dim[i] = below(t, 5) ? list[(i + 6 - r + rank) % 6] : below(t, 5);
        OFZ_TRY(ofz_tensor_new(t->ctx, &t->in[k], dtype, r, dim));
        fill(t, &t->in[k]);
    }
    return OFZ_OK;
}

static ofz_status make_values(trial *t)
{
    for (size_t k = 0; k < t->in_count; k++) {
        ofz_tensor shared;

        if (!t->in[k].dtype) continue;
        if (t->constant) {
            ofz_tensor_share(&t->in[k], &shared);
            OFZ_TRY(ofz_constant_new(t->ctx, t->graph, NULL, &shared, &t->x[k]));
            continue;
        }
        OFZ_TRY(ofz_value_new(t->ctx, t->graph, NULL, &t->x[k]));
        t->x[k]->is_input = true;
        if (!ofz_list_push(&t->graph->input, t->x[k])) return ofz_fail_nomem(t->ctx, "input", 8);
        OFZ_TRY(
            ofz_tensor_set(t->ctx, &t->x[k]->type, t->in[k].dtype, t->in[k].rank, t->in[k].dim));
    }
    t->out_count = count_between(t, t->op->out.min, t->op->out.max, OUTPUTS);
    if (!t->out_count) t->out_count = 1;
    for (size_t k = 0; k < t->out_count; k++) {
        OFZ_TRY(ofz_value_new(t->ctx, t->graph, NULL, &t->y[k]));
        t->y[k]->type.rank = -1;
    }
    return OFZ_OK;
}

static ofz_string word(trial *t, const char *usual)
{
    static const char *const words[] = {
        "up",   "none",     "tanh",    "LEFT",     "linear",     "nearest", "mean",     "sum",
        "edge", "constant", "reflect", "bilinear", "SAME_UPPER", "VALID",   "ij,jk->ik"
    };
    const char *s = usual && below(t, 3) ? usual : words[below(t, 15)];

    return (ofz_string){ s, strlen(s) };
}

/* false: a kind of attribute that is not made here. */
static bool make_attr(trial *t, const ofz_attr_def *d)
{
    const size_t n = t->attr_count, count = (size_t)below(t, 6);
    ofz_attr    *a = &t->attr[n];

    *a = (ofz_attr){ .name = d->name, .type = d->type };
    for (int i = 0; i < 6; i++) {
        t->ints[n][i]   = whole(t);
        t->floats[n][i] = (float)below(t, 50) / 10 - 1;
    }
    switch (d->type) {
    case OFZ_ATTR_INT:
        a->u.i = whole(t);
        break;
    case OFZ_ATTR_FLOAT:
        a->u.f = below(t, 6) ? t->floats[n][0] : below(t, 2) ? 0 : 1e30f;
        break;
    case OFZ_ATTR_STRING:
        a->u.s = word(t, d->s);
        break;
    case OFZ_ATTR_INTS:
        a->u.ints = (ofz_ints){ t->ints[n], count };
        break;
    case OFZ_ATTR_FLOATS:
        a->u.floats = (ofz_floats){ t->floats[n], count };
        break;
    case OFZ_ATTR_STRINGS:
        for (int i = 0; i < 6; i++) t->strings[n][i] = word(t, NULL);
        a->u.strings = (ofz_strings){ t->strings[n], count };
        break;
    case OFZ_ATTR_TENSOR:
        a->u.t = &t->value;
        break;
    default:
        return false;
    }
    t->attr_count++;
    return true;
}

static ofz_status make_node(trial *t)
{
    const int64_t dim[] = { below(t, 3) };
    ofz_node     *node;
    ofz_node_spec spec = { "n",  t->op->name, t->op->domain ? t->op->domain : "", 0, 0, 0, 0, t->x,
                           t->y, t->attr };

    OFZ_TRY(ofz_tensor_new(t->ctx, &t->value, below(t, 2) ? OFZ_F32 : (ofz_dtype)(1 + below(t, 7)),
                           (int)below(t, 2), dim));
    fill(t, &t->value);
    OFZ_TRY(make_inputs(t));
    OFZ_TRY(make_values(t));
    for (const ofz_attr_def *d = t->op->attr; d && d->name && t->attr_count < ATTRS; d++)
        if ((d->required || below(t, 2)) && !make_attr(t, d) && d->required)
            return ofz_fail(t->ctx, OFZ_E_UNSUPPORTED, "test: attribute %s", d->name);
    spec.in_count   = t->in_count;
    spec.out_count  = t->out_count;
    spec.attr_count = t->attr_count;
    return ofz_node_add(t->ctx, t->graph, &spec, &node);
}

static void check_type(const trial *t, uint64_t seed, const ofz_tensor *said, const ofz_tensor *got)
{
    bool ok =
        (!said->dtype || said->dtype == got->dtype) && (said->rank < 0 || said->rank == got->rank);

    for (int i = 0; ok && i < said->rank; i++) ok = said->dim[i] < 0 || said->dim[i] == got->dim[i];
    if (!ok)
        fail_msg("node %" PRIu64 ", %s-%d: the result is not what was inferred", seed, t->op->name,
                 t->op->since);
}

static ofz_status run_node(trial *t, uint64_t seed)
{
    ofz_plan  *plan = NULL;
    ofz_exec  *exec = NULL;
    ofz_status st   = OFZ_OK;

    OFZ_GOTO(ofz_infer_graph(t->ctx, t->graph, 0));
    OFZ_GOTO(ofz_plan_new(t->ctx, t->graph, t->y, t->out_count, &plan));
    OFZ_GOTO(ofz_exec_new(t->ctx, plan, &exec));
    for (size_t k = 0; k < t->in_count && !t->constant; k++)
        if (t->x[k]) OFZ_GOTO(ofz_exec_feed(t->ctx, exec, t->x[k], &t->in[k]));
    OFZ_GOTO(ofz_exec_run(t->ctx, exec));
    for (size_t k = 0; k < t->out_count; k++) {
        const ofz_tensor *got = ofz_exec_get(exec, t->y[k]);

        if (got) check_type(t, seed, &t->y[k]->type, got);
    }
done:
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    return st;
}

/* Node number `seed`; true when it ran. */
static bool try_node(uint64_t seed, size_t row_count)
{
    trial       t = { 0 };
    const char *domain;
    ofz_status  st;

    ofz_rng_seed(&t.rng, seed);
    t.op   = ofz_op_at((size_t)below(&t, (int64_t)row_count));
    domain = t.op->domain ? t.op->domain : "";
    if (!strcmp(domain, "ofz")) return false; /* files cannot name them */
    t.ctx = ofz_ctx_new();
    assert_non_null(t.ctx);
    t.ctx->limits.tensor_size = 1 << 22;
    ofz_ctx_set_threads(t.ctx, 1);
    t.constant = below(&t, 2);
    assert_int_equal(ofz_graph_new(t.ctx, &t.arena, NULL, &t.symbol, &t.graph), OFZ_OK);
    t.opset[0]           = (ofz_opset){ "", *domain ? 17 : t.op->since };
    t.opset[1]           = (ofz_opset){ domain, t.op->since };
    t.graph->opset       = t.opset;
    t.graph->opset_count = *domain ? 2 : 1;
    if (getenv("OFZ_HOSTILE"))
        fprintf(stderr, "%" PRIu64 " %s-%d\n", seed, t.op->name, t.op->since);
    st = make_node(&t);
    if (!st) st = run_node(&t, seed);
    if (st && !*ofz_error(t.ctx))
        fail_msg("node %" PRIu64 ", %s-%d: refused without a text", seed, t.op->name, t.op->since);
    ofz_graph_deinit(t.graph);
    for (size_t k = 0; k < t.in_count; k++)
        if (t.in[k].dtype) ofz_tensor_release(&t.in[k]);
    ofz_tensor_release(&t.value);
    ofz_symbols_free(&t.symbol);
    ofz_arena_free(&t.arena);
    ofz_ctx_free(t.ctx);
    return !st;
}

static void test_random_nodes(void **state)
{
    const char    *many = getenv("OFZ_HOSTILE"), *first = getenv("OFZ_HOSTILE_SEED");
    const uint64_t count = many ? strtoull(many, NULL, 10) : 20000;
    const uint64_t from  = first ? strtoull(first, NULL, 10) : 1;
    size_t         rows = 0, ran = 0;

    (void)state;
    while (ofz_op_at(rows)) rows++;
    for (uint64_t k = 0; k < count; k++) ran += try_node(from + k, rows);
    if (count >= 1000 && ran < count / 50)
        fail_msg("only %zu of %" PRIu64 " nodes ran", ran, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
