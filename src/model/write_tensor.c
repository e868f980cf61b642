/* write_tensor.c - edits of TensorProtos: marks, changed weights, weights that move out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/pack.h"
#include "model/write.h"

enum {
    FIELD_EXTERNAL = 13,
    FIELD_LOCATION = 14,
    FIELD_RAW      = 9,
    FIELD_PROPS    = 16,
    EXTERNAL_MIN   = 1024, /* smaller tensors stay in the model */
    EXTERNAL_ALIGN = 64
};

static bool is_data_field(uint32_t number)
{
    return (number >= 4 && number <= 7) || (number >= 9 && number <= 11);
}

/* Key and value of a serialised StringStringEntryProto; absent ones are "". */
static bool entry_read(ofz_arena *arena, const ofz_wire_field *f, const char **key,
                       const char **value)
{
    ofz_wire       w = { f->data, f->data + f->size, NULL };
    ofz_wire_field part;

    *key = *value = "";
    while (ofz_wire_next(&w, &part) > 0) {
        const char **to = part.number == 1 ? key : part.number == 2 ? value : NULL;

        if (!to || part.type != OFZ_WIRE_LEN) continue;
        *to = ofz_arena_text(arena, (const char *)part.data, part.size);
        if (!*to) return false;
    }
    return true;
}

ofz_status ofz_origin_location(ofz_ctx *ctx, const ofz_model *m, size_t origin, ofz_arena *arena,
                               const char **out)
{
    ofz_wire       w        = ofz_origin_wire(m, (int)origin);
    const char    *location = NULL, *key, *value;
    bool           external = false;
    ofz_wire_field f;

    while (ofz_wire_next(&w, &f) > 0) {
        if (f.number == FIELD_LOCATION) external = f.value == 1;
        if (f.number != FIELD_EXTERNAL) continue;
        if (!entry_read(arena, &f, &key, &value))
            return ofz_fail_nomem(ctx, "external data", f.size);
        if (!strcmp(key, "location")) location = value;
    }
    *out = external ? location : NULL;
    return OFZ_OK;
}

/* --- marks ------------------------------------------------------------------------------------ */

static bool text_equal(const char *a, const char *b)
{
    return !a || !b ? a == b : !strcmp(a, b);
}

static bool key_is_ours(const char *key, bool all)
{
    if (all) return !strncmp(key, OFZ_KEY_PREFIX, sizeof OFZ_KEY_PREFIX - 1);
    return !strcmp(key, OFZ_KEY_MARK) || !strcmp(key, OFZ_KEY_GROUP) ||
           !strcmp(key, OFZ_KEY_LR_SCALE);
}

/* What the file says, and whether any of our keys stands there. */
static ofz_status marks_in_file(ofz_ctx *ctx, ofz_edits *e, int origin, bool all, ofz_marks *m,
                                bool *any)
{
    ofz_wire       w = ofz_origin_wire(e->model, origin);
    const char    *key, *value;
    ofz_wire_field f;

    *m   = (ofz_marks){ OFZ_MARK_NONE, NULL, 1 };
    *any = false;
    while (ofz_wire_next(&w, &f) > 0) {
        if (f.number != FIELD_PROPS) continue;
        if (!entry_read(&e->arena, &f, &key, &value)) return ofz_fail_nomem(ctx, "marks", f.size);
        (void)ofz_marks_take(m, key, value); /* odd values count as absent, as in the reader */
        *any = *any || key_is_ours(key, all);
    }
    return OFZ_OK;
}

static ofz_status marks_remove(ofz_ctx *ctx, ofz_edits *e, int origin, bool all)
{
    ofz_wire       w = ofz_origin_wire(e->model, origin);
    const char    *key, *value;
    ofz_wire_field f;

    while (ofz_wire_next(&w, &f) > 0) {
        if (f.number != FIELD_PROPS) continue;
        if (!entry_read(&e->arena, &f, &key, &value)) return ofz_fail_nomem(ctx, "marks", f.size);
        if (key_is_ours(key, all))
            OFZ_TRY(ofz_edit_add(ctx, e, origin, (size_t)(f.tag - e->model->bytes),
                                 (size_t)(f.data + f.size - f.tag), NULL, 0));
    }
    return OFZ_OK;
}

/* clear: remove every key with our prefix, also those that mean nothing to this program. */
static ofz_status edit_marks(ofz_ctx *ctx, ofz_edits *e, const ofz_value *v, bool clear,
                             ofz_marks want)
{
    const size_t end = e->model->file->origin[v->origin].end;
    ofz_bytes    b   = { 0 };
    ofz_marks    have;
    bool         any;

    OFZ_TRY(marks_in_file(ctx, e, v->origin, clear, &have, &any));
    if (have.mark == want.mark && have.lr_scale == want.lr_scale &&
        text_equal(have.group, want.group) && !(clear && any))
        return OFZ_OK;
    OFZ_TRY(marks_remove(ctx, e, v->origin, clear));
    ofz_pack_marks(&b, &want);
    return ofz_edit_add_bytes(ctx, e, v->origin, end, 0, &b);
}

/* --- payloads --------------------------------------------------------------------------------- */

/* Leave out every field that says what the tensor holds or where; *at: where the first one stood.
 */
static ofz_status payload_remove(ofz_ctx *ctx, ofz_edits *e, int origin, size_t *at)
{
    ofz_wire       w     = ofz_origin_wire(e->model, origin);
    bool           first = true;
    ofz_wire_field f;

    *at = e->model->file->origin[origin].end;
    while (ofz_wire_next(&w, &f) > 0) {
        const size_t tag = (size_t)(f.tag - e->model->bytes);

        if (!is_data_field(f.number) && f.number != FIELD_EXTERNAL && f.number != FIELD_LOCATION)
            continue;
        if (first) *at = tag;
        first = false;
        OFZ_TRY(ofz_edit_add(ctx, e, origin, tag, (size_t)(w.p - f.tag), NULL, 0));
    }
    return OFZ_OK;
}

static ofz_status edit_inline(ofz_ctx *ctx, ofz_edits *e, const ofz_value *v)
{
    const ofz_tensor *t = v->constant;
    ofz_bytes         b = { 0 };
    size_t            at;

    OFZ_TRY(payload_remove(ctx, e, v->origin, &at));
    ofz_bytes_field(&b, FIELD_RAW, NULL, t->size);
    OFZ_TRY(ofz_edit_add_bytes(ctx, e, v->origin, at, 0, &b));
    return ofz_edit_add(ctx, e, v->origin, at, 0, t->data, t->size);
}

static ofz_status edit_external(ofz_ctx *ctx, ofz_edits *e, const ofz_value *v, ofz_data_file *data)
{
    const ofz_tensor *t = v->constant;
    ofz_bytes         b = { 0 };
    char              number[32];
    size_t            at;

    if (!data->writer) OFZ_TRY(ofz_writer_new(ctx, data->path, &data->writer));
    OFZ_TRY(ofz_writer_align(ctx, data->writer, EXTERNAL_ALIGN));
    OFZ_TRY(payload_remove(ctx, e, v->origin, &at));
    ofz_bytes_entry(&b, FIELD_EXTERNAL, "location", data->location);
    snprintf(number, sizeof number, "%zu", ofz_writer_size(data->writer));
    ofz_bytes_entry(&b, FIELD_EXTERNAL, "offset", number);
    snprintf(number, sizeof number, "%zu", t->size);
    ofz_bytes_entry(&b, FIELD_EXTERNAL, "length", number);
    ofz_bytes_varint(&b, FIELD_LOCATION, 1);
    OFZ_TRY(ofz_edit_add_bytes(ctx, e, v->origin, at, 0, &b));
    return ofz_writer_put(ctx, data->writer, t->data, t->size);
}

/* --- all of them ------------------------------------------------------------------------------ */

ofz_status ofz_write_tensors(ofz_ctx *ctx, ofz_edits *e, const ofz_write_options *options,
                             ofz_data_file *data, bool *moved)
{
    const bool strip = options->training_info || options->strip;

    for (size_t i = 0; i < e->model->tensor.count; i++) {
        const ofz_value  *v    = e->model->tensor.item[i];
        const ofz_tensor *t    = v->constant;
        const bool        text = t->dtype == OFZ_STRING;
        const bool out    = options->external && v->initializer && !text && t->size >= EXTERNAL_MIN;
        const bool packed = v->origin < 0 ? !v->producer : e->gone[v->origin];

        if (packed) continue; /* ofz_write_graph has written it as it is */
        if (v->changed && (v->origin < 0 || text))
            return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                            "tensor '%.100s': changed, and the file has no place for it", v->name);
        if (v->origin < 0) continue;
        OFZ_TRY(edit_marks(ctx, e, v, strip || e->model->stripped,
                           strip ? (ofz_marks){ OFZ_MARK_NONE, NULL, 1 }
                                 : (ofz_marks){ v->mark, v->group, v->lr_scale }));
        if (out || (v->changed && v->external)) {
            OFZ_TRY(edit_external(ctx, e, v, data));
            moved[v->origin] = true;
        } else if (v->changed) {
            OFZ_TRY(edit_inline(ctx, e, v));
        }
    }
    return OFZ_OK;
}
