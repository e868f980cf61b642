/* write.c - from a model to files: edits, external files, temporary files, renames. */
#include "model/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* An external file that is copied beside the output. */
typedef struct copy {
    const char *location;
    ofz_writer *writer;
} copy;

struct ofz_staged {
    ofz_arena     arena;
    const char   *path;
    ofz_writer   *main;
    ofz_data_file data;
    ofz_list      copy;     /* copy */
    ofz_list      location; /* names of all external files that the source reads */
    size_t        size, external_size;
};

void ofz_staged_free(ofz_staged *s)
{
    if (!s) return;
    ofz_writer_free(s->main);
    ofz_writer_free(s->data.writer);
    for (size_t i = 0; i < s->copy.count; i++) ofz_writer_free(((copy *)s->copy.item[i])->writer);
    ofz_list_free(&s->copy);
    ofz_list_free(&s->location);
    ofz_arena_free(&s->arena);
    free(s);
}

/* --- names ------------------------------------------------------------------------------------ */

/* The next component of a relative path that is neither empty nor "."; its length, 0 at the end. */
static size_t component(const char **p)
{
    size_t n;

    for (;;) {
        *p += strspn(*p, "/");
        n = strcspn(*p, "/");
        if (n != 1 || **p != '.') return n;
        *p += 1;
    }
}

static bool location_equal(const char *a, const char *b)
{
    size_t n, m;

    do {
        n = component(&a);
        m = component(&b);
        if (n != m || strncmp(a, b, n) != 0) return false;
        a += n;
        b += m;
    } while (n);
    return true;
}

static bool location_used(const ofz_list *list, const char *location)
{
    for (size_t i = 0; i < list->count; i++)
        if (location_equal(list->item[i], location)) return true;
    return false;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* --- external files --------------------------------------------------------------------------- */

/* Names of external files that tensors read; those in `moved` no longer do. Every TensorProto of
 * the file counts, also those that the graph does not show. */
static ofz_status list_locations(ofz_ctx *ctx, const ofz_model *m, const bool *moved,
                                 ofz_arena *arena, ofz_list *out)
{
    const struct ofz_model_file *file = m->file;
    ofz_map                      seen = { 0 };
    ofz_status                   st   = OFZ_OK;

    for (size_t i = 0; i < file->origin_count; i++) {
        const char *location;

        if (file->origin[i].kind != OFZ_ORIGIN_TENSOR || (moved && moved[i])) continue;
        OFZ_GOTO(ofz_origin_location(ctx, m, i, arena, &location));
        if (!location || !location[0] || ofz_map_get(&seen, location)) continue;
        if (!ofz_map_put(&seen, location, &seen) ||
            !ofz_list_push(out, (void *)(uintptr_t)location))
            OFZ_GOTO(ofz_fail_nomem(ctx, "external data", sizeof location));
    }
done:
    ofz_map_free(&seen);
    return st;
}

static bool same_folder(const char *a, const char *b)
{
    struct stat x, y;

    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static ofz_status make_folders(ofz_ctx *ctx, const char *base, char *path)
{
    for (char *p = path + strlen(base) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(path, 0777) && errno != EEXIST)
            return ofz_fail(ctx, OFZ_E_IO, "%s: cannot create: %s", path, strerror(errno));
        *p = '/';
    }
    return OFZ_OK;
}

static ofz_status copy_file(ofz_ctx *ctx, ofz_staged *s, const ofz_model *m, const char *folder,
                            const char *location)
{
    const ofz_file *known = ofz_external_known(m, location);
    ofz_file        own   = { .fd = -1 };
    copy           *c     = OFZ_NEW(&s->arena, copy);
    char           *path  = ofz_arena_printf(&s->arena, "%s/%s", folder, location);
    ofz_status      st    = OFZ_OK;

    if (!c || !path || !ofz_list_push(&s->copy, c)) return ofz_fail_nomem(ctx, location, sizeof *c);
    c->location = location;
    if (!known) OFZ_TRY(ofz_external_map(ctx, m->file->folder, location, &own));
    if (!known) known = &own;
    OFZ_GOTO(make_folders(ctx, folder, path));
    OFZ_GOTO(ofz_writer_new(ctx, path, &c->writer));
    OFZ_GOTO(ofz_writer_copy(ctx, c->writer, known, 0, known->size));
    s->external_size += known->size;
done:
    ofz_file_close(&own);
    return st;
}

static ofz_status copy_files(ofz_ctx *ctx, ofz_staged *s, const ofz_model *m, const bool *moved)
{
    const char *slash  = strrchr(s->path, '/');
    const char *folder = !slash ? "."
                         : slash == s->path
                             ? "/"
                             : ofz_arena_text(&s->arena, s->path, (size_t)(slash - s->path));
    ofz_list    kept   = { 0 };
    ofz_status  st;

    if (!folder) return ofz_fail_nomem(ctx, s->path, strlen(s->path));
    st = list_locations(ctx, m, moved, &s->arena, &kept);
    if (!st && location_used(&kept, last_component(s->path)))
        st = ofz_fail(ctx, OFZ_E_ARG, "%s: the model reads its weights from a file of that name",
                      s->path);
    if (!st && kept.count && !same_folder(folder, m->file->folder))
        for (size_t i = 0; !st && i < kept.count; i++)
            st = copy_file(ctx, s, m, folder, kept.item[i]);
    ofz_list_free(&kept);
    return st;
}

/* PATH.data, unless the source reads a file of that name: then it must outlive the rename, since
 * the old model needs it until the new one is in place. */
static ofz_status name_data(ofz_ctx *ctx, ofz_staged *s)
{
    const char *path = ofz_arena_printf(&s->arena, "%s.data", s->path);

    for (int k = 1; path && location_used(&s->location, last_component(path)); k++)
        path = ofz_arena_printf(&s->arena, "%s.%d.data", s->path, k);
    if (!path) return ofz_fail_nomem(ctx, s->path, strlen(s->path));
    s->data.path     = path;
    s->data.location = last_component(path);
    return OFZ_OK;
}

/* --- staging ---------------------------------------------------------------------------------- */

static ofz_status stage(ofz_ctx *ctx, ofz_staged *s, const ofz_model *m,
                        const ofz_write_options *options, ofz_edits *e, bool *moved)
{
    OFZ_TRY(list_locations(ctx, m, NULL, &s->arena, &s->location));
    OFZ_TRY(name_data(ctx, s));
    OFZ_TRY(ofz_write_graph(ctx, e));
    OFZ_TRY(ofz_write_tensors(ctx, e, options, &s->data, moved));
    if (options->training_info) OFZ_TRY(ofz_write_training(ctx, e, options));
    OFZ_TRY(ofz_edits_finish(ctx, e, &s->size));
    OFZ_TRY(ofz_writer_new(ctx, s->path, &s->main));
    OFZ_TRY(copy_files(ctx, s, m, moved));
    if (s->data.writer) s->external_size += ofz_writer_size(s->data.writer);
    return ofz_edits_write(ctx, e, s->main);
}

ofz_status ofz_staged_new(ofz_ctx *ctx, const ofz_model *model, const char *path,
                          const ofz_write_options *options, ofz_staged **out)
{
    static const ofz_write_options plain;
    ofz_staged                    *s     = calloc(1, sizeof *s);
    bool                          *moved = calloc(model->file->origin_count, sizeof *moved);
    ofz_edits                      e     = { 0 };
    ofz_status                     st    = OFZ_OK;

    if (!s || !moved || !(s->path = ofz_arena_strdup(&s->arena, path)))
        OFZ_GOTO(ofz_fail_nomem(ctx, path, sizeof *s));
    OFZ_GOTO(ofz_edits_init(ctx, &e, model));
    OFZ_GOTO(stage(ctx, s, model, options ? options : &plain, &e, moved));
    *out = s;
done:
    if (st) ofz_staged_free(s);
    ofz_edits_deinit(&e);
    free(moved);
    return st;
}

static ofz_status sync_all(ofz_ctx *ctx, ofz_staged *s)
{
    for (size_t i = 0; i < s->copy.count; i++)
        OFZ_TRY(ofz_writer_sync(ctx, ((copy *)s->copy.item[i])->writer));
    if (s->data.writer) OFZ_TRY(ofz_writer_sync(ctx, s->data.writer));
    return ofz_writer_sync(ctx, s->main);
}

ofz_status ofz_staged_read(ofz_ctx *ctx, ofz_staged *s, ofz_model **out)
{
    ofz_alias *alias = OFZ_NEWS(&s->arena, ofz_alias, s->copy.count + 1);
    size_t     count = 0;

    if (!alias) return ofz_fail_nomem(ctx, s->path, s->copy.count);
    OFZ_TRY(sync_all(ctx, s));
    for (size_t i = 0; i < s->copy.count; i++) {
        const copy *c = s->copy.item[i];

        alias[count++] = (ofz_alias){ c->location, ofz_writer_temp(c->writer) };
    }
    if (s->data.writer)
        alias[count++] = (ofz_alias){ s->data.location, ofz_writer_temp(s->data.writer) };
    return ofz_model_read_aliased(ctx, ofz_writer_temp(s->main), alias, count, out);
}

size_t ofz_staged_size(const ofz_staged *s)
{
    return s->size;
}

size_t ofz_staged_external_size(const ofz_staged *s)
{
    return s->external_size;
}

static ofz_status commit_one(ofz_ctx *ctx, ofz_writer **w)
{
    ofz_writer *mine = *w;

    *w = NULL;
    return ofz_writer_commit(ctx, mine);
}

ofz_status ofz_staged_commit(ofz_ctx *ctx, ofz_staged *s)
{
    ofz_status st = sync_all(ctx, s); /* a full disk shows before anything is replaced */

    for (size_t i = 0; !st && i < s->copy.count; i++)
        st = commit_one(ctx, &((copy *)s->copy.item[i])->writer);
    if (!st && s->data.writer) st = commit_one(ctx, &s->data.writer);
    if (!st) st = commit_one(ctx, &s->main);
    ofz_staged_free(s);
    return st;
}

ofz_status ofz_model_write_file(ofz_ctx *ctx, const ofz_model *model, const char *path,
                                const ofz_write_options *options, size_t *size,
                                size_t *external_size)
{
    ofz_staged *s;

    OFZ_TRY(ofz_staged_new(ctx, model, path, options, &s));
    if (size) *size = s->size;
    if (external_size) *external_size = s->external_size;
    return ofz_staged_commit(ctx, s);
}
