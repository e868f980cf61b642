/* api_export.c - write a model, read it back, compare, and only then put it in place. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "api/compare.h"
#include "api/view.h"
#include "model/write.h"

void ofz_export_options_init(ofz_export_options *options)
{
    *options = (ofz_export_options){ 0 };
}

/* --- verifying -------------------------------------------------------------------------------- */

typedef struct verdict {
    ofz_ctx    *ctx;
    ofz_status  st;
    const char *path;
} verdict;

static void structure_differs(void *user, const char *part, const char *text)
{
    verdict *v = user;

    (void)part;
    v->st = ofz_fail(v->ctx, OFZ_E_IO, "%s: reads back with %s", v->path, text);
}

static bool marks_equal(const ofz_value *a, const ofz_value *b)
{
    return a->mark == b->mark && a->lr_scale == b->lr_scale &&
           !strcmp(a->group ? a->group : "", b->group ? b->group : "");
}

static ofz_status verify_model(ofz_ctx *ctx, const ofz_model *model, const ofz_model *back,
                               const char *path, bool marks)
{
    verdict v = { ctx, OFZ_OK, path };

    if (!ofz_structure_compare(model, back, structure_differs, &v)) return v.st;
    if (model->tensor.count != back->tensor.count)
        return ofz_fail(ctx, OFZ_E_IO, "%s: reads back with %zu tensors, want %zu", path,
                        back->tensor.count, model->tensor.count);
    for (size_t i = 0; i < model->tensor.count; i++) {
        const ofz_value *a = model->tensor.item[i], *b = back->tensor.item[i];

        if (strcmp(a->name, b->name) != 0 || !ofz_tensor_identical(a->constant, b->constant))
            return ofz_fail(ctx, OFZ_E_IO, "%s: tensor '%.100s' reads back with other bytes", path,
                            a->name);
        if (marks && a->origin >= 0 && !marks_equal(a, b))
            return ofz_fail(ctx, OFZ_E_IO, "%s: tensor '%.100s' reads back with another mark", path,
                            a->name);
    }
    return OFZ_OK;
}

static ofz_status verify(ofz_ctx *ctx, const ofz_model *model, ofz_staged *staged, const char *path,
                         bool marks)
{
    ofz_model *back;
    ofz_status st;

    st = ofz_staged_read(ctx, staged, &back);
    if (st) return ofz_at(ctx, st, "%s: cannot be read back", path);
    /* declared types are compared as inference left them */
    st = ofz_view_make(ctx, back);
    if (!st) st = verify_model(ctx, model, back, path, marks);
    ofz_model_free(back);
    return st;
}

/* --- reporting -------------------------------------------------------------------------------- */

static ofz_status count_tensors(ofz_ctx *ctx, const ofz_model *model, ofz_export_report *report)
{
    XXH3_state_t *state = XXH3_createState();

    if (!state) return ofz_fail_nomem(ctx, "hash", 1);
    XXH3_128bits_reset(state);
    for (size_t i = 0; i < model->tensor.count; i++) {
        const ofz_value *v = model->tensor.item[i];

        report->trained_count += v->changed;
        if (!ofz_view_frozen(model, i)) continue;
        report->frozen_count++;
        report->frozen_size += model->view->tensor[i].size;
        XXH3_128bits_update(state, v->name, strlen(v->name) + 1);
        ofz_tensor_digest(v->constant, state);
    }
    ofz_digest_text(state, report->frozen_hash);
    XXH3_freeState(state);
    return OFZ_OK;
}

/* --- exporting -------------------------------------------------------------------------------- */

static ofz_status list_trained(ofz_ctx *ctx, const ofz_model *model, ofz_write_options *options,
                               const ofz_value ***list)
{
    *list = calloc(model->tensor.count + 1, sizeof(void *));
    if (!*list) return ofz_fail_nomem(ctx, "export", model->tensor.count * sizeof(void *));
    for (size_t i = 0; i < model->tensor.count; i++)
        if (ofz_view_trains(model, i)) (*list)[options->train_count++] = model->tensor.item[i];
    options->train = *list;
    return OFZ_OK;
}

ofz_status ofz_model_export(ofz_ctx *ctx, const ofz_model *model, const char *path,
                            const ofz_export_options *options, ofz_export_report *report)
{
    ofz_write_options how    = { .external      = options && options->external,
                                 .strip         = options && options->strip,
                                 .training_info = options && options->training_info };
    ofz_export_report result = { 0 };
    const ofz_value **list   = NULL;
    ofz_staged       *staged = NULL;
    ofz_status        st;

    OFZ_GOTO(list_trained(ctx, model, &how, &list));
    OFZ_GOTO(count_tensors(ctx, model, &result));
    OFZ_GOTO(ofz_staged_new(ctx, model, path, &how, &staged));
    OFZ_GOTO(verify(ctx, model, staged, path, !how.strip && !how.training_info));
    result.size          = ofz_staged_size(staged);
    result.external_size = ofz_staged_external_size(staged);
    result.verified      = 1;
    st                   = ofz_staged_commit(ctx, staged);
    staged               = NULL;
    if (!st && report) *report = result;
done:
    ofz_staged_free(staged);
    free(list);
    return st;
}
