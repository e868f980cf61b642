/* api_fold.c - fold a model, and run it beside what it was before anyone trusts it. */
#include <stdlib.h>
#include <string.h>

#include "api/fold_trial.h"
#include "api/view.h"

void ofz_fold_options_init(ofz_fold_options *options)
{
    *options = (ofz_fold_options){ .scope      = OFZ_FOLD_UNMARKED,
                                   .fuse       = 1,
                                   .size_limit = OFZ_FOLD_DEFAULT,
                                   .passes     = UINT32_MAX,
                                   .verify     = 2,
                                   .tolerance  = 1e-4 };
}

const char *ofz_fold_pass_name(size_t index)
{
    size_t               count;
    const ofz_fold_pass *pass = ofz_fold_passes(&count);

    return index < count ? pass[index].name : NULL;
}

void ofz_fold_report_free(ofz_fold_report *report)
{
    if (!report) return;
    free(report->check);
    *report = (ofz_fold_report){ 0 };
}

/* --- marks as they were ----------------------------------------------------------------------- */

/* What the model's tensors were before folding: enough to fold the file anew. */
typedef struct before {
    ofz_trial *trial;
    int        trial_count;
    struct {
        const char *name;
        ofz_mark    mark;
    } * tensor;
    size_t tensor_count;
    bool   changed; /* tensors hold other bytes than the file */
} before;

static void before_free(before *b)
{
    for (int i = 0; b->trial && i < b->trial_count; i++) ofz_trial_free(&b->trial[i]);
    free(b->trial);
    free(b->tensor);
}

static ofz_status before_record(ofz_ctx *ctx, const ofz_model *m, const ofz_fold_options *options,
                                before *b)
{
    b->trial  = calloc((size_t)options->verify, sizeof *b->trial);
    b->tensor = calloc(m->tensor.count + 1, sizeof *b->tensor);
    if (!b->trial || !b->tensor) return ofz_fail_nomem(ctx, "verifying", m->tensor.count);
    for (size_t i = 0; i < m->tensor.count; i++) {
        const ofz_value *v = m->tensor.item[i];

        b->tensor[b->tensor_count].name   = v->name;
        b->tensor[b->tensor_count++].mark = v->mark;
        b->changed                        = b->changed || v->changed;
    }
    for (; b->trial_count < options->verify; b->trial_count++)
        OFZ_TRY(ofz_trial_new(ctx, m, options->seed, b->trial_count, &b->trial[b->trial_count]));
    return OFZ_OK;
}

static ofz_status compare_all(ofz_ctx *ctx, const ofz_model *m, const before *b, double tolerance,
                              ofz_fold_check *check)
{
    for (int i = 0; i < b->trial_count; i++)
        OFZ_TRY(ofz_trial_compare(ctx, m, &b->trial[i], tolerance, check));
    return OFZ_OK;
}

/* --- who is to blame -------------------------------------------------------------------------- */

static void marks_restore(ofz_model *m, const before *b)
{
    for (size_t i = 0; i < b->tensor_count; i++) {
        ofz_value *v = ofz_value_find(m->graph, b->tensor[i].name);

        if (v) v->mark = b->tensor[i].mark;
    }
}

/* Fold the model's file with the first `count` passes and compare. */
static ofz_status refold(ofz_ctx *ctx, const ofz_model *m, const before *b,
                         const ofz_fold_options *options, const ofz_fold_pass *pass, size_t count,
                         ofz_fold_check *check)
{
    ofz_model *again = NULL;
    ofz_status st;

    st = m->path ? ofz_model_read_file(ctx, m->path, &again)
                 : ofz_model_read_memory(ctx, m->bytes, m->size, &again);
    if (st) return st;
    marks_restore(again, b);
    st = ofz_fold_model(ctx, again, options, pass, count, NULL, NULL, NULL);
    if (!st) st = compare_all(ctx, again, b, options->tolerance, check);
    ofz_model_drop(again);
    return st;
}

/* Passes are switched on one after the other until the outputs differ; the name of the last one, or
 * NULL. The ctx keeps its error. */
static const char *culprit(ofz_ctx *ctx, const ofz_model *m, const before *b,
                           const ofz_fold_options *options, const ofz_fold_pass *pass, size_t count)
{
    const ofz_ctx   kept  = *ctx;
    ofz_fold_check *check = calloc(m->graph->output.count + 1, sizeof *check);
    const char     *name  = NULL;

    for (size_t i = 1; check && i <= count && !name && m->size && !b->changed; i++) {
        if (!(options->passes >> (i - 1) & 1) || (pass[i - 1].fuses && !options->fuse)) continue;
        if (refold(ctx, m, b, options, pass, i, check) == OFZ_E_DIFFERENT) name = pass[i - 1].name;
    }
    free(check);
    *ctx = kept;
    return name;
}

/* --- folding ---------------------------------------------------------------------------------- */

static void kept(void *user, const ofz_node *n, const char *reason)
{
    const ofz_fold_options *options = user;
    char                    text[256];

    options->on_kept(options->user, ofz_node_text(text, sizeof text, n), reason);
}

static ofz_status judge(ofz_ctx *ctx, const ofz_model *m, const before *b,
                        const ofz_fold_options *options, const ofz_fold_pass *pass, size_t count,
                        ofz_fold_check *check)
{
    const ofz_status st   = compare_all(ctx, m, b, options->tolerance, check);
    const char      *name = NULL;

    if (st != OFZ_E_DIFFERENT) return st;
    name = culprit(ctx, m, b, options, pass, count);
    return ofz_at(ctx, st, "folding, pass '%s'", name ? name : "unknown");
}

ofz_status ofz_model_fold_by(ofz_ctx *ctx, ofz_model *model, const ofz_fold_options *options,
                             const ofz_fold_pass *pass, size_t pass_count, ofz_fold_report *report)
{
    const size_t    outputs = model->graph->output.count;
    ofz_fold_check *check   = calloc(outputs + 1, sizeof *check);
    ofz_fold_result result  = { 0 };
    before          b       = { 0 };
    ofz_status      st      = OFZ_OK;

    if (!check) OFZ_GOTO(ofz_fail_nomem(ctx, "verifying", outputs * sizeof *check));
    if (options->verify > 0) OFZ_GOTO(before_record(ctx, model, options, &b));
    OFZ_GOTO(ofz_fold_model(ctx, model, options, pass, pass_count, options->on_kept ? kept : NULL,
                            (void *)options, &result));
    if (options->verify > 0) OFZ_GOTO(judge(ctx, model, &b, options, pass, pass_count, check));
    ofz_view_free(model);
    OFZ_GOTO(ofz_view_make(ctx, model));
    if (!report) goto done;
    *report = (ofz_fold_report){ .rounds      = result.rounds,
                                 .growth      = result.growth,
                                 .check_count = options->verify > 0 ? outputs : 0,
                                 .check       = check };
    for (size_t i = 0; i < OFZ_FOLD_PASSES; i++) report->edits[i] = result.count[i];
    check = NULL;
done:
    free(check);
    before_free(&b);
    return st;
}

ofz_status ofz_model_fold(ofz_ctx *ctx, ofz_model *model, const ofz_fold_options *options,
                          ofz_fold_report *report)
{
    ofz_fold_options     defaults;
    size_t               count;
    const ofz_fold_pass *pass = ofz_fold_passes(&count);

    ofz_fold_options_init(&defaults);
    return ofz_model_fold_by(ctx, model, options ? options : &defaults, pass, count, report);
}
