/* api_edit.c - edits of a model by the public interface, and writing what was checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/view.h"
#include "model/json.h"
#include "model/model_file.h"
#include "model/write.h"
#include "pass/convert_opset.h"
#include "pass/edit_attr.h"
#include "pass/edit_compose.h"
#include "pass/edit_constant.h"
#include "pass/edit_extract.h"
#include "pass/edit_float.h"
#include "pass/edit_inline.h"
#include "pass/edit_insert.h"
#include "pass/edit_names.h"
#include "pass/edit_remove.h"
#include "pass/edit_settle.h"
#include "pass/edit_shape.h"

/* --- editing ---------------------------------------------------------------------------------- */

static ofz_status array_take(ofz_ctx *ctx, const ofz_array *array, ofz_tensor *out)
{
    OFZ_TRY(ofz_tensor_set(ctx, out, array->dtype, array->rank, array->shape));
    if (out->size != array->size)
        return ofz_fail(ctx, OFZ_E_ARG, "array: %zu bytes, want %zu", array->size, out->size);
    out->data = (void *)(uintptr_t)array->data; /* only read from */
    return OFZ_OK;
}

static ofz_status set_init(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    ofz_tensor t;

    if (!e->array) return ofz_fail(ctx, OFZ_E_ARG, "no array given");
    OFZ_TRY(array_take(ctx, e->array, &t));
    return ofz_edit_set_init(ctx, m, e->text, &t);
}

static ofz_status set_attr(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    ofz_tensor t;

    if (e->array) OFZ_TRY(array_take(ctx, e->array, &t));
    OFZ_TRY(ofz_edit_set_attr(ctx, m, e->text, e->array ? &t : NULL));
    return ofz_edit_settle(ctx, m, true);
}

static ofz_status drop_attr(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    OFZ_TRY(ofz_edit_drop_attr(ctx, m, e->text));
    return ofz_edit_settle(ctx, m, true);
}

static ofz_status remove_node(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    OFZ_TRY(ofz_edit_remove_node(ctx, m, e->text));
    return ofz_edit_settle(ctx, m, true);
}

static ofz_status insert_nodes(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    OFZ_TRY(e->kind == OFZ_EDIT_INSERT ? ofz_edit_insert(ctx, m, e->text)
                                       : ofz_edit_replace(ctx, m, e->text));
    ofz_graph_sweep(m->graph, false);
    return ofz_edit_settle(ctx, m, true);
}

static ofz_status extract(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    if (e->kind == OFZ_EDIT_EXTRACT) return ofz_edit_extract(ctx, m, e->text);
    return ofz_edit_half(ctx, m, e->text, e->kind == OFZ_EDIT_HEAD ? OFZ_HALF_HEAD : OFZ_HALF_TAIL);
}

static ofz_status rename_one(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    return ofz_edit_rename(ctx, m, e->text);
}

static ofz_status set_shape(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    return ofz_edit_set_shape(ctx, m, e->text);
}

static ofz_status inline_all(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    (void)e;
    return ofz_edit_inline(ctx, m);
}

static ofz_status move_constants(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    const bool out = e->kind == OFZ_EDIT_INITIALIZERS;
    size_t     count;

    OFZ_TRY(out ? ofz_edit_constants_to_initializers(ctx, m, &count)
                : ofz_edit_initializers_to_constants(ctx, m, &count));
    ofz_log(ctx, OFZ_LOG_INFO, "edit: %zu tensors became %s", count,
            out ? "initializers" : "Constant nodes");
    return OFZ_OK;
}

static ofz_status set_opset(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    char           *end;
    const long long version = strtoll(e->text, &end, 10);

    if (end == e->text || *end)
        return ofz_fail(ctx, OFZ_E_ARG, "'%.60s': want a version of ai.onnx", e->text);
    return ofz_convert_opset(ctx, m, version);
}

static ofz_status compose(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    const ofz_composition how = { .before = e->kind == OFZ_EDIT_PREPEND,
                                  .prefix = e->prefix ? e->prefix : "",
                                  .map    = e->map };

    if (!e->model || e->model == m) return ofz_fail(ctx, OFZ_E_ARG, "no other model given");
    return ofz_edit_compose(ctx, m, e->model, &how);
}

static ofz_status change_float(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    static const ofz_dtype type[] = { OFZ_F16, OFZ_BF16, OFZ_F32 };
    ofz_float_options      how    = { .to         = OFZ_UNDEFINED,
                                      .keep       = e->keep,
                                      .keep_count = e->keep_count,
                                      .keep_io    = e->keep_io != 0 };

    for (size_t i = 0; i < sizeof type / sizeof *type; i++)
        if (!strcmp(e->text, ofz_dtype_name(type[i]))) how.to = type[i];
    if (!how.to)
        return ofz_fail(ctx, OFZ_E_ARG, "'%.60s': want float16, bfloat16 or float32", e->text);
    return ofz_edit_float(ctx, m, &how);
}

typedef ofz_status edit_fn(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e);

/* By kind; what the command line calls it. */
static const struct {
    const char *name;
    edit_fn    *fn;
    bool        mute; /* takes no text */
} edit_of[] = {
    [OFZ_EDIT_EXTRACT]      = { "extract", extract },
    [OFZ_EDIT_RENAME]       = { "rename", rename_one },
    [OFZ_EDIT_REMOVE]       = { "remove", remove_node },
    [OFZ_EDIT_INSERT]       = { "insert", insert_nodes },
    [OFZ_EDIT_REPLACE]      = { "replace", insert_nodes },
    [OFZ_EDIT_SET_SHAPE]    = { "set-shape", set_shape },
    [OFZ_EDIT_SET_ATTR]     = { "set-attr", set_attr },
    [OFZ_EDIT_DROP_ATTR]    = { "drop-attr", drop_attr },
    [OFZ_EDIT_SET_INIT]     = { "set-init", set_init },
    [OFZ_EDIT_INITIALIZERS] = { "constants-to-initializers", move_constants, true },
    [OFZ_EDIT_CONSTANTS]    = { "initializers-to-constants", move_constants, true },
    [OFZ_EDIT_OPSET]        = { "opset", set_opset },
    [OFZ_EDIT_HEAD]         = { "split-at", extract },
    [OFZ_EDIT_TAIL]         = { "split-at", extract },
    [OFZ_EDIT_PREPEND]      = { "prepend", compose, true },
    [OFZ_EDIT_APPEND]       = { "append", compose, true },
    [OFZ_EDIT_INLINE]       = { "inline-functions", inline_all, true },
    [OFZ_EDIT_FLOAT]        = { "to", change_float },
};

static ofz_status apply(ofz_ctx *ctx, ofz_model *m, const ofz_edit_step *e)
{
    const size_t count = sizeof edit_of / sizeof *edit_of;
    ofz_status   st;

    if ((size_t)e->kind >= count || !edit_of[e->kind].fn)
        return ofz_fail(ctx, OFZ_E_ARG, "edit %d: want one of ofz_edit_kind", (int)e->kind);
    if (!e->text && !edit_of[e->kind].mute)
        return ofz_fail(ctx, OFZ_E_ARG, "%s: no text given", edit_of[e->kind].name);
    st = edit_of[e->kind].fn(ctx, m, e);
    return st ? ofz_at(ctx, st, "%s", edit_of[e->kind].name) : OFZ_OK;
}

ofz_status ofz_model_edit(ofz_ctx *ctx, ofz_model *model, const ofz_edit_step *edits, size_t count)
{
    for (size_t i = 0; i < count; i++) OFZ_TRY(apply(ctx, model, &edits[i]));
    OFZ_TRY(ofz_model_relist(ctx, model));
    ofz_view_free(model);
    return ofz_view_make(ctx, model);
}

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct findings {
    ofz_arena       arena;
    ofz_map         known; /* of the source: "where: text" */
    bool            learn;
    ofz_finding_fn *fn;
    void           *user;
    size_t          count;
    char            first[400];
} findings;

static void take_finding(void *user, ofz_status kind, const char *where, const char *text)
{
    findings *f   = user;
    char     *key = ofz_arena_printf(&f->arena, "%s: %s", where, text);

    if (!key || kind == OFZ_E_UNSUPPORTED) return;
    if (f->learn) {
        if (!ofz_map_put(&f->known, key, key)) return; /* then it counts: the safe side */
    } else if (!ofz_map_get(&f->known, key)) {
        if (!f->count++) snprintf(f->first, sizeof f->first, "%s", key);
        if (f->fn) f->fn(f->user, kind, where, text);
    }
}

/* *out: what was written, read back; NULL when that was not asked for. */
static ofz_status check_staged(ofz_ctx *ctx, const ofz_model *model, ofz_staged *staged,
                               findings *f, ofz_model **out)
{
    ofz_model *back = NULL;
    ofz_status st   = OFZ_OK;

    f->learn = true;
    OFZ_GOTO(ofz_model_check_file(ctx, model, take_finding, f));
    f->learn = false;
    st       = ofz_staged_read(ctx, staged, &back);
    if (st) return ofz_at(ctx, st, "what was written cannot be read back");
    OFZ_GOTO(ofz_view_make(ctx, back));
    st = ofz_model_check(ctx, back, take_finding, f);
    if (st == OFZ_E_UNSUPPORTED || (st == OFZ_E_MODEL && !f->count)) st = OFZ_OK;
    if (st == OFZ_E_MODEL)
        st = ofz_fail(ctx, OFZ_E_MODEL, "the edited model does not pass the check: %s", f->first);
    if (!st && out) {
        *out = back;
        back = NULL;
    }
done:
    ofz_model_free(back);
    return st;
}

ofz_status ofz_model_save_checked(ofz_ctx *ctx, const ofz_model *model, const char *path,
                                  ofz_finding_fn *fn, void *user)
{
    findings    f      = { .fn = fn, .user = user };
    ofz_staged *staged = NULL;
    ofz_status  st     = OFZ_OK;

    OFZ_GOTO(ofz_staged_new(ctx, model, path, NULL, &staged));
    OFZ_GOTO(check_staged(ctx, model, staged, &f, NULL));
    st     = ofz_staged_commit(ctx, staged);
    staged = NULL;
done:
    ofz_staged_free(staged);
    ofz_map_free(&f.known);
    ofz_arena_free(&f.arena);
    return st;
}

/* --- JSON ------------------------------------------------------------------------------------- */

ofz_status ofz_model_save_json(ofz_ctx *ctx, const ofz_model *model, const char *path,
                               int drop_unknown, ofz_finding_fn *fn, void *user)
{
    findings    f      = { .fn = fn, .user = user };
    ofz_staged *staged = NULL;
    ofz_model  *back   = NULL;
    ofz_bytes   text   = { 0 };
    ofz_writer *w      = NULL;
    ofz_status  st     = OFZ_OK;

    OFZ_GOTO(ofz_staged_new(ctx, model, path, NULL, &staged));
    OFZ_GOTO(check_staged(ctx, model, staged, &f, &back));
    OFZ_GOTO(
        ofz_json_write(ctx, (ofz_bytes_view){ back->bytes, back->size }, drop_unknown != 0, &text));
    OFZ_GOTO(ofz_writer_new(ctx, path, &w));
    OFZ_GOTO(ofz_writer_put(ctx, w, text.data, text.size));
    st = ofz_writer_commit(ctx, w);
    w  = NULL;
done:
    ofz_writer_free(w);
    ofz_staged_free(staged);
    ofz_model_free(back);
    ofz_map_free(&f.known);
    ofz_arena_free(&f.arena);
    free(text.data);
    return st;
}

ofz_status ofz_model_load_json(ofz_ctx *ctx, const char *path, ofz_model **out)
{
    ofz_bytes  model = { 0 };
    ofz_file   file;
    ofz_status st;

    OFZ_TRY(ofz_file_open(ctx, path, &file));
    st = ofz_json_read(ctx, (ofz_bytes_view){ file.data, file.size }, &model);
    if (!st) st = ofz_model_load_memory(ctx, model.data ? model.data : (void *)"", model.size, out);
    if (st) st = ofz_at(ctx, st, "%s", path);
    free(model.data);
    ofz_file_close(&file);
    return st;
}
