/* edit.c - see edit.h. */
#include "model/edit.h"

#include <stdlib.h>
#include <string.h>

ofz_status ofz_edits_init(ofz_ctx *ctx, ofz_edits *e, const ofz_model *model)
{
    const size_t count = model->file->origin_count;

    *e         = (ofz_edits){ .model = model };
    e->delta   = calloc(count, sizeof *e->delta);
    e->touched = calloc(count, sizeof *e->touched);
    e->gone    = calloc(count, sizeof *e->gone);
    if (e->delta && e->touched && e->gone) return OFZ_OK;
    ofz_edits_deinit(e);
    return ofz_fail_nomem(ctx, "edits", count * sizeof *e->delta);
}

void ofz_edits_deinit(ofz_edits *e)
{
    free(e->edit);
    free(e->delta);
    free(e->touched);
    free(e->gone);
    ofz_arena_free(&e->arena);
    *e = (ofz_edits){ 0 };
}

static ofz_status edit_push(ofz_ctx *ctx, ofz_edits *e, ofz_edit edit)
{
    if (e->count == e->room) {
        size_t    room   = e->room ? 2 * e->room : 64;
        ofz_edit *bigger = realloc(e->edit, room * sizeof *bigger);

        if (!bigger) return ofz_fail_nomem(ctx, "edits", room * sizeof *bigger);
        e->edit = bigger;
        e->room = room;
    }
    edit.order          = e->count;
    e->edit[e->count++] = edit;
    return OFZ_OK;
}

ofz_status ofz_edit_add(ofz_ctx *ctx, ofz_edits *e, int origin, size_t at, size_t remove,
                        const void *data, size_t size)
{
    e->delta[origin] += (int64_t)size - (int64_t)remove;
    e->touched[origin] = true;
    return edit_push(
        ctx, e,
        (ofz_edit){ .at = at, .remove = remove, .data = data, .size = size, .owner = origin });
}

ofz_status ofz_edit_remove(ofz_ctx *ctx, ofz_edits *e, int origin)
{
    const struct ofz_model_file *file = e->model->file;
    const ofz_origin            *o    = &file->origin[origin];

    for (size_t k = (size_t)origin; k < file->origin_count && file->origin[k].tag < o->end; k++)
        e->gone[k] = true;
    return ofz_edit_add(ctx, e, o->parent, o->tag, o->end - o->tag, NULL, 0);
}

ofz_wire ofz_origin_wire(const ofz_model *m, int origin)
{
    const ofz_origin *o = &m->file->origin[origin];

    return (ofz_wire){ m->bytes + o->begin, m->bytes + o->end, NULL };
}

ofz_status ofz_edit_remove_fields(ofz_ctx *ctx, ofz_edits *e, int origin, uint32_t number,
                                  size_t otherwise, size_t *at)
{
    ofz_wire       w     = ofz_origin_wire(e->model, origin);
    bool           first = true;
    ofz_wire_field f;

    *at = otherwise;
    while (ofz_wire_next(&w, &f) > 0) {
        const size_t tag = (size_t)(f.tag - e->model->bytes);

        if (f.number != number) continue;
        if (first) *at = tag;
        first = false;
        OFZ_TRY(ofz_edit_add(ctx, e, origin, tag, (size_t)(w.p - f.tag), NULL, 0));
    }
    return OFZ_OK;
}

/* A message that grew gets a new length, which may be wider than the old one; its parent grows by
 * both. Children have larger numbers than their parents: walking down the numbers is bottom-up. */
static ofz_status fix_length(ofz_ctx *ctx, ofz_edits *e, size_t k)
{
    const ofz_origin *o     = &e->model->file->origin[k];
    const size_t      width = o->begin - o->prefix;
    const uint64_t    size  = (uint64_t)((int64_t)(o->end - o->begin) + e->delta[k]);
    uint8_t          *text;
    size_t            n;

    if (!e->delta[k]) return OFZ_OK;
    text = ofz_arena_alloc(&e->arena, 10);
    if (!text) return ofz_fail_nomem(ctx, "edits", 10);
    n = ofz_wire_put_varint(text, size);
    e->delta[o->parent] += e->delta[k] + (int64_t)n - (int64_t)width;
    return edit_push(ctx, e,
                     (ofz_edit){ .at = o->prefix, .remove = width, .data = text, .size = n });
}

static int edit_compare(const void *a, const void *b)
{
    const ofz_edit *x = a, *y = b;

    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    /* an insertion goes before the span that another edit leaves out */
    if (!x->remove != !y->remove) return x->remove ? 1 : -1;
    if (x->owner != y->owner) return x->owner > y->owner ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

ofz_status ofz_edits_finish(ofz_ctx *ctx, ofz_edits *e, size_t *size)
{
    ofz_status st;

    for (size_t k = e->model->file->origin_count; k-- > 1;) OFZ_TRY(fix_length(ctx, e, k));
    *size = (size_t)((int64_t)e->model->size + e->delta[0]);
    if (e->count) qsort(e->edit, e->count, sizeof *e->edit, edit_compare);
    if (!e->count || *size <= INT32_MAX) return OFZ_OK;
    st = ofz_fail(ctx, OFZ_E_LIMIT, "model: %zu bytes, want at most %d", *size, INT32_MAX);
    return ofz_fix(ctx, st, "write the weights to a file of their own (--external)");
}

ofz_status ofz_edits_write(ofz_ctx *ctx, const ofz_edits *e, ofz_writer *w)
{
    const ofz_file *source = &e->model->file->bytes;
    size_t          at     = 0;

    for (size_t i = 0; i < e->count; i++) {
        const ofz_edit *d = &e->edit[i];

        OFZ_TRY(ofz_writer_copy(ctx, w, source, at, d->at - at));
        OFZ_TRY(ofz_writer_put(ctx, w, d->data, d->size));
        at = d->at + d->remove;
    }
    return ofz_writer_copy(ctx, w, source, at, source->size - at);
}

/* --- growing pieces of protobuf --------------------------------------------------------------- */

void ofz_bytes_put(ofz_bytes *b, const void *data, size_t size)
{
    if (b->failed || !size) return;
    if (size > b->room - b->size) {
        size_t   room   = 2 * b->room + size + 64;
        uint8_t *bigger = realloc(b->data, room);

        if (!bigger) {
            b->failed = true;
            return;
        }
        b->data = bigger;
        b->room = room;
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void bytes_number(ofz_bytes *b, uint64_t x)
{
    uint8_t text[10];

    ofz_bytes_put(b, text, ofz_wire_put_varint(text, x));
}

void ofz_bytes_varint(ofz_bytes *b, uint32_t number, uint64_t value)
{
    bytes_number(b, (uint64_t)number << 3 | OFZ_WIRE_VARINT);
    bytes_number(b, value);
}

void ofz_bytes_field(ofz_bytes *b, uint32_t number, const void *data, size_t size)
{
    bytes_number(b, (uint64_t)number << 3 | OFZ_WIRE_LEN);
    bytes_number(b, size);
    if (data) ofz_bytes_put(b, data, size);
}

void ofz_bytes_text(ofz_bytes *b, uint32_t number, const char *text)
{
    ofz_bytes_field(b, number, text, strlen(text));
}

void ofz_bytes_message(ofz_bytes *b, uint32_t number, ofz_bytes *message)
{
    ofz_bytes_field(b, number, message->data ? (const void *)message->data : "", message->size);
    b->failed = b->failed || message->failed;
    free(message->data);
    *message = (ofz_bytes){ 0 };
}

void ofz_bytes_entry(ofz_bytes *b, uint32_t number, const char *key, const char *value)
{
    ofz_bytes inner = { 0 };

    ofz_bytes_text(&inner, 1, key);
    ofz_bytes_text(&inner, 2, value);
    ofz_bytes_message(b, number, &inner);
}

ofz_status ofz_edit_add_bytes(ofz_ctx *ctx, ofz_edits *e, int origin, size_t at, size_t remove,
                              ofz_bytes *b)
{
    const size_t size = b->size;
    char        *copy = b->failed ? NULL : ofz_arena_text(&e->arena, (char *)b->data, size);

    free(b->data);
    *b = (ofz_bytes){ 0 };
    if (!copy) return ofz_fail_nomem(ctx, "edits", size);
    return ofz_edit_add(ctx, e, origin, at, remove, copy, size);
}
