/* api_backend_test.c - one folder of ONNX's backend test format: run the model, compare the outputs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/evaluate.h"
#include "api/random_judge.h"
#include "tensor/container.h"

enum { PATH_ROOM = 4096, SETS_MOST = 64 };

static ofz_status path_make(ofz_ctx *ctx, char *path, const char *folder, int set, const char *what,
                            size_t index)
{
    const int n = set < 0 ? snprintf(path, PATH_ROOM, "%s/%s", folder, what)
                          : snprintf(path, PATH_ROOM, "%s/test_data_set_%d/%s_%zu.pb", folder, set,
                                     what, index);

    if (n < 0 || n >= PATH_ROOM) return ofz_fail(ctx, OFZ_E_ARG, "%.200s: path too long", folder);
    return OFZ_OK;
}

/* The i-th file belongs to the i-th graph input that is no initializer; an omitted one has none. */
static ofz_status inputs_load(ofz_ctx *ctx, const ofz_model *model, const char *folder, int set,
                              ofz_arrays *inputs)
{
    char       path[PATH_ROOM];
    size_t     file = 0;
    ofz_tensor t;
    ofz_status st;

    for (size_t i = 0; i < model->graph->input.count; i++) {
        const ofz_value *v = model->graph->input.item[i];

        if (v->constant) continue;
        OFZ_TRY(path_make(ctx, path, folder, set, "input", file++));
        if (access(path, F_OK)) continue;
        OFZ_TRY(ofz_value_read_pb(ctx, path, v->kind, &t));
        st = ofz_arrays_put(ctx, inputs, v->name, &t);
        if (st) {
            ofz_tensor_release(&t);
            return st;
        }
    }
    return OFZ_OK;
}

static ofz_status output_compare(ofz_ctx *ctx, const char *name, const ofz_tensor *got,
                                 const ofz_tensor *want, double rtol, double atol)
{
    ofz_comparison d;
    char           a[128], b[128];

    if (ofz_dtype_is_container(got->dtype) && ofz_tensor_compare(got, want, rtol, atol, &d)) {
        if (!d.bad_count) return OFZ_OK;
        return ofz_fail(ctx, OFZ_E_DIFFERENT,
                        "output '%s': element %" PRId64 " differs (%" PRId64 " numbers in all)",
                        name, d.first_bad, d.bad_count);
    }
    if (!ofz_tensor_compare(got, want, rtol, atol, &d))
        return ofz_fail(
            ctx, OFZ_E_DIFFERENT, "output '%s': %s %s, want %s %s", name,
            ofz_dtype_name(got->dtype), ofz_shape_text(a, sizeof a, got->rank, got->dim),
            ofz_dtype_name(want->dtype), ofz_shape_text(b, sizeof b, want->rank, want->dim));
    if (!d.bad_count) return OFZ_OK;
    if (got->dtype == OFZ_STRING)
        return ofz_fail(ctx, OFZ_E_DIFFERENT, "output '%s': text %" PRId64 " differs", name,
                        d.first_bad);
    return ofz_fail(ctx, OFZ_E_DIFFERENT,
                    "output '%s': element %" PRId64 " is %.9g, want %.9g (%" PRId64 " of %" PRId64
                    " differ)",
                    name, d.first_bad, ofz_elem_f64(got->dtype, got->data, d.first_bad),
                    ofz_elem_f64(want->dtype, want->data, d.first_bad), d.bad_count, got->count);
}

/* What the set records for each output; OFZ_UNDEFINED for none. */
static ofz_status records_load(ofz_ctx *ctx, const ofz_model *model, const char *folder, int set,
                               ofz_tensor *want)
{
    char path[PATH_ROOM];

    for (size_t i = 0; i < model->graph->output.count; i++) {
        const ofz_value *v = model->graph->output.item[i];

        OFZ_TRY(path_make(ctx, path, folder, set, "output", i));
        if (!access(path, F_OK)) OFZ_TRY(ofz_value_read_pb(ctx, path, v->kind, &want[i]));
    }
    return OFZ_OK;
}

/* traced: leave out what ofz_random_trace has marked. */
static ofz_status outputs_check(ofz_ctx *ctx, const ofz_model *model, const ofz_tensor *got,
                                const ofz_tensor *want, bool traced, double rtol, double atol)
{
    for (size_t i = 0; i < model->graph->output.count; i++) {
        const ofz_value *v = model->graph->output.item[i];

        if (want[i].dtype && !(traced && v->scratch))
            OFZ_TRY(output_compare(ctx, v->name, &got[i], &want[i], rtol, atol));
    }
    return OFZ_OK;
}

/* Numbers that were drawn by another generator are judged by what is true of all draws. */
static ofz_status outputs_judge(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *inputs,
                                const ofz_tensor *got, const ofz_tensor *want, double rtol,
                                double atol, int *by_property)
{
    const ofz_status st = outputs_check(ctx, model, got, want, false, rtol, atol);

    if (st != OFZ_E_DIFFERENT || !ofz_random_trace(model)) return st;
    OFZ_TRY(outputs_check(ctx, model, got, want, true, rtol, atol));
    OFZ_TRY(ofz_random_judge(ctx, model, inputs, want));
    *by_property = 1;
    return OFZ_OK;
}

static ofz_status set_run(ofz_ctx *ctx, const ofz_model *model, const char *folder, int set,
                          double rtol, double atol, int *by_property)
{
    const size_t count = model->graph->output.count;
    ofz_tensor  *got = calloc(2 * count + 1, sizeof *got), *want = got + count;
    ofz_arrays  *inputs = NULL; /* here, and only here, they may hold containers as well */
    ofz_status   st     = OFZ_OK;

    if (!got) OFZ_GOTO(ofz_fail_nomem(ctx, "outputs", 2 * count * sizeof *got));
    OFZ_GOTO(ofz_arrays_new(ctx, &inputs));
    OFZ_GOTO(inputs_load(ctx, model, folder, set, inputs));
    OFZ_GOTO(ofz_model_evaluate(ctx, model, (const ofz_named *const *)inputs->item.item,
                                ofz_arrays_count(inputs), 0, got));
    OFZ_GOTO(records_load(ctx, model, folder, set, want));
    st = outputs_judge(ctx, model, inputs, got, want, rtol, atol, by_property);
done:
    for (size_t i = 0; got && i < 2 * count; i++) ofz_tensor_release(&got[i]);
    free(got);
    ofz_arrays_free(inputs);
    return st;
}

ofz_status ofz_backend_test(ofz_ctx *ctx, const char *folder, double rtol, double atol,
                            int *by_property)
{
    ofz_model *model = NULL;
    ofz_status st    = OFZ_OK;
    char       path[PATH_ROOM];
    int        set = 0, property = 0;

    OFZ_TRY(path_make(ctx, path, folder, -1, "model.onnx", 0));
    OFZ_TRY(ofz_model_load(ctx, path, &model));
    for (; set < SETS_MOST; set++) {
        snprintf(path, sizeof path, "%s/test_data_set_%d", folder, set);
        if (access(path, F_OK)) break;
        st = set_run(ctx, model, folder, set, rtol, atol, &property);
        if (st) OFZ_GOTO(ofz_at(ctx, st, "set %d", set));
    }
    if (!set) st = ofz_fail(ctx, OFZ_E_DATA, "%s: no test_data_set_0", folder);
    if (!st && by_property) *by_property = property;
done:
    ofz_model_free(model);
    return st;
}
