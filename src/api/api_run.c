/* api_run.c - ofz_model_run, and the backend tests that judge it. */
#include <stdlib.h>
#include <string.h>

#include "api/evaluate.h"
#include "api/spread.h"
#include "exec/exec.h"
#include "pass/functions.h"
#include "pass/gradient_op.h"
#include "tensor/container.h"

/* --- inputs ----------------------------------------------------------------------------------- */

/* What the symbols of the inputs' shapes stand for in this run. */
typedef struct symbol_table {
    struct symbol_entry {
        int64_t symbol, size;
    } * entry;
    size_t count, room;
} symbol_table;

static bool symbol_agrees(symbol_table *table, int64_t symbol, int64_t size)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->entry[i].symbol == symbol) return table->entry[i].size == size;
    if (table->count < table->room)
        table->entry[table->count++] = (struct symbol_entry){ symbol, size };
    return true;
}

static bool kind_fits(ofz_kind kind, ofz_dtype dtype)
{
    if (kind == OFZ_KIND_OPTIONAL) return true; /* what is there may come without its wrapping */
    if (ofz_kind_dtype(kind)) return dtype == ofz_kind_dtype(kind);
    return !ofz_dtype_is_container(dtype);
}

static ofz_status input_check(ofz_ctx *ctx, const ofz_value *v, const ofz_tensor *t,
                              symbol_table *table)
{
    const ofz_tensor *want = &v->type;
    bool              fits;
    char              a[128], b[128];

    if (!kind_fits(v->kind, t->dtype))
        return ofz_fail(
            ctx, OFZ_E_DATA, "input '%s': %s, want a %s", v->name, ofz_dtype_name(t->dtype),
            ofz_kind_dtype(v->kind) ? ofz_dtype_name(ofz_kind_dtype(v->kind)) : "tensor");
    if (want->dtype && want->dtype != t->dtype)
        return ofz_fail(ctx, OFZ_E_DATA, "input '%s': %s, want %s", v->name,
                        ofz_dtype_name(t->dtype), ofz_dtype_name(want->dtype));
    if (want->rank < 0) return OFZ_OK;
    fits = want->rank == t->rank;
    for (int i = 0; fits && i < t->rank; i++)
        fits = OFZ_DIM_KNOWN(want->dim[i]) ? want->dim[i] == t->dim[i]
                                           : symbol_agrees(table, want->dim[i], t->dim[i]);
    if (fits) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_DATA, "input '%s': shape %s, want %s", v->name,
                    ofz_shape_text(a, sizeof a, t->rank, t->dim),
                    ofz_shape_text(b, sizeof b, want->rank, want->dim));
}

static ofz_status inputs_feed(ofz_ctx *ctx, ofz_exec *exec, const ofz_graph *g,
                              const ofz_named *const *in, size_t in_count, symbol_table *table)
{
    for (size_t i = 0; i < in_count; i++) {
        const ofz_named *n = in[i];
        const ofz_value *v = ofz_value_find(g, n->name);

        if (!v || v->producer || (!v->is_input && !v->initializer)) {
            ofz_fail(ctx, OFZ_E_DATA, "input '%s': the model has no such input", n->name);
            return ofz_fix(ctx, OFZ_E_DATA, "'onnxfreeze inspect MODEL' lists the inputs");
        }
        OFZ_TRY(input_check(ctx, v, &n->t, table));
        OFZ_TRY(ofz_exec_feed(ctx, exec, v, &n->t));
    }
    return OFZ_OK;
}

/* Every symbol of every input has room. */
static ofz_status symbols_new(ofz_ctx *ctx, const ofz_graph *g, symbol_table *table)
{
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if ((v->is_input || v->initializer) && v->type.rank > 0)
            table->room += (size_t)v->type.rank;
    }
    table->entry = calloc(table->room + 1, sizeof *table->entry);
    return table->entry ? OFZ_OK : ofz_fail_nomem(ctx, "inputs", table->room);
}

/* --- runs ------------------------------------------------------------------------------------- */

static ofz_status outputs_take(ofz_ctx *ctx, const ofz_exec *exec, const ofz_graph *g,
                               ofz_tensor *out)
{
    for (size_t i = 0; i < g->output.count; i++) {
        const ofz_value  *v  = g->output.item[i];
        const ofz_tensor *t  = ofz_exec_get(exec, v);
        ofz_status        st = OFZ_OK;

        if (!t)
            st = ofz_fail(ctx, OFZ_E_UNSUPPORTED, "output '%s': no tensor", v->name);
        else
            st = ofz_tensor_copy(ctx, t, &out[i]);
        if (!st) continue;
        while (i-- > 0) ofz_tensor_release(&out[i]);
        return st;
    }
    return OFZ_OK;
}

ofz_status ofz_model_evaluate(ofz_ctx *ctx, const ofz_model *model, const ofz_named *const *in,
                              size_t in_count, uint64_t seed, ofz_tensor *out)
{
    ofz_arena    arena = { 0 };
    ofz_graph   *flat = NULL, *g = model->graph;
    ofz_rng      rng;
    symbol_table table = { 0 };
    ofz_plan    *plan  = NULL;
    ofz_exec    *exec  = NULL;
    ofz_status   st    = OFZ_OK;

    if (ofz_graph_calls(model, g) ||
        ofz_graph_has_gradient(g)) { /* made anew: the model may hold other weights than it did */
        OFZ_GOTO(ofz_functions_clone(ctx, model, &arena, &flat));
        g = flat;
    }
    OFZ_GOTO(ofz_plan_new(ctx, g, (ofz_value *const *)g->output.item, g->output.count, &plan));
    OFZ_GOTO(ofz_exec_new(ctx, plan, &exec));
    ofz_rng_seed(&rng, seed);
    ofz_exec_set_rng(exec, &rng);
    OFZ_GOTO(symbols_new(ctx, g, &table));
    OFZ_GOTO(inputs_feed(ctx, exec, g, in, in_count, &table));
    OFZ_GOTO(ofz_exec_run(ctx, exec));
    OFZ_GOTO(outputs_take(ctx, exec, g, out));
done:
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    ofz_graph_deinit(flat);
    ofz_arena_free(&arena);
    free(table.entry);
    return st;
}

static ofz_status outputs_name(ofz_ctx *ctx, const ofz_graph *g, const ofz_tensor *out,
                               ofz_arrays *arrays)
{
    for (size_t i = 0; i < g->output.count; i++) {
        bool again = false;

        for (size_t k = 0; k < i; k++) again = again || g->output.item[k] == g->output.item[i];
        if (!again)
            OFZ_TRY(ofz_spread(ctx, arrays, ((ofz_value *)g->output.item[i])->name, &out[i]));
    }
    return OFZ_OK;
}

ofz_status ofz_model_run(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *inputs,
                         ofz_arrays **outputs)
{
    const size_t count = model->graph->output.count;
    ofz_tensor  *out   = calloc(count + 1, sizeof *out);
    ofz_arrays  *made  = NULL;
    ofz_status   st    = OFZ_OK;

    if (!out) OFZ_GOTO(ofz_fail_nomem(ctx, "outputs", count * sizeof *out));
    OFZ_GOTO(ofz_model_evaluate(ctx, model, (const ofz_named *const *)inputs->item.item,
                                ofz_arrays_count(inputs), 0, out));
    OFZ_GOTO(ofz_arrays_new(ctx, &made));
    OFZ_GOTO(outputs_name(ctx, model->graph, out, made));
    *outputs = made;
    made     = NULL;
done:
    for (size_t i = 0; out && i < count; i++) ofz_tensor_release(&out[i]);
    free(out);
    ofz_arrays_free(made);
    return st;
}
