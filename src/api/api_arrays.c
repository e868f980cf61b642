/* api_arrays.c - the arrays of the public interface. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/arrays.h"
#include "data/npy.h"
#include "data/npz.h"
#include "model/model.h"

/* A file of at least this many bytes stays mapped while its array lives; a smaller one is copied,
 * so that whoever rewrites it in place does not pull the bytes away. */
enum { MAP_SIZE = 256 << 20 };

ofz_status ofz_arrays_new(ofz_ctx *ctx, ofz_arrays **out)
{
    ofz_arrays *arrays = calloc(1, sizeof *arrays);

    if (!arrays) return ofz_fail_nomem(ctx, "arrays", sizeof *arrays);
    *out = arrays;
    return OFZ_OK;
}

void ofz_arrays_free(ofz_arrays *arrays)
{
    if (!arrays) return;
    for (size_t i = 0; i < arrays->item.count; i++)
        ofz_tensor_release(&((ofz_named *)arrays->item.item[i])->t);
    for (size_t i = 0; i < arrays->file.count; i++) ofz_file_close(arrays->file.item[i]);
    ofz_list_free(&arrays->item);
    ofz_list_free(&arrays->file);
    ofz_map_free(&arrays->by_name);
    ofz_arena_free(&arrays->arena);
    free(arrays);
}

ofz_status ofz_arrays_add(ofz_ctx *ctx, ofz_arrays *arrays, const ofz_array *array)
{
    const char *name = array->name ? array->name : "";
    ofz_tensor  given, copy;
    ofz_status  st;

    if (array->rank < 0 || array->rank > OFZ_MAX_RANK)
        return ofz_fail(ctx, OFZ_E_ARG, "array '%s': rank %d, want 0 to %d", name, array->rank,
                        OFZ_MAX_RANK);
    for (int i = 0; i < array->rank; i++)
        if (array->shape[i] < 0)
            return ofz_fail(ctx, OFZ_E_ARG,
                            "array '%s': dimension %d is %" PRId64 ", want 0 or more", name, i,
                            array->shape[i]);
    if (ofz_dtype_get(array->dtype)->cls == OFZ_CLASS_NONE)
        return ofz_fail(ctx, OFZ_E_ARG, "array '%s': dtype %d, want one of ofz_dtype", name,
                        (int)array->dtype);
    OFZ_TRY(ofz_tensor_set(ctx, &given, array->dtype, array->rank, array->shape));
    if (given.size != array->size)
        return ofz_fail(ctx, OFZ_E_ARG, "array '%s': %zu bytes, want %zu for %" PRId64 " of %s",
                        name, array->size, given.size, given.count, ofz_dtype_name(array->dtype));
    given.data = (void *)(uintptr_t)array->data; /* only read from */
    OFZ_TRY(ofz_tensor_copy(ctx, &given, &copy));
    st = ofz_arrays_put(ctx, arrays, name, &copy);
    if (st) ofz_tensor_release(&copy);
    return st;
}

/* The file's own name: "dir/images.npy" -> "images". */
static const char *path_stem(ofz_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base  = slash ? slash + 1 : path;
    const char *dot   = strrchr(base, '.');

    return ofz_arena_text(arena, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

static ofz_status npy_load(ofz_ctx *ctx, ofz_arrays *arrays, ofz_file *file, const char *name)
{
    ofz_status  st    = OFZ_OK;
    ofz_buffer *owner = NULL;
    ofz_tensor  t     = { 0 };
    ofz_file   *kept;

    if (file->fd >= 0 && file->size >= MAP_SIZE) {
        kept = OFZ_NEW(&arrays->arena, ofz_file);
        if (!kept || !ofz_list_push(&arrays->file, kept))
            return ofz_fail_nomem(ctx, "array", sizeof *kept);
        *kept = *file;
        *file = (ofz_file){ .fd = -1 };
        OFZ_GOTO(ofz_npy_read(ctx, kept->data, kept->size, NULL, &t));
    } else {
        OFZ_GOTO(ofz_buffer_new(ctx, file->size, &owner));
        memcpy(ofz_buffer_data(owner), file->data, file->size);
        OFZ_GOTO(ofz_npy_read(ctx, ofz_buffer_data(owner), file->size, owner, &t));
    }
    OFZ_GOTO(ofz_arrays_put(ctx, arrays, name, &t));
done:
    ofz_buffer_release(owner);
    if (st) ofz_tensor_release(&t);
    return st;
}

/* A TensorProto, or else a SparseTensorProto: what is one cannot be read as the other. */
static ofz_status pb_load(ofz_ctx *ctx, ofz_arrays *arrays, const char *path, const char *name,
                          const char *stem)
{
    ofz_tensor  t;
    const char *own = NULL;
    ofz_status  st  = ofz_tensor_read_pb(ctx, path, &arrays->arena, &t, &own);

    if (st == OFZ_E_PARSE && !ofz_value_read_pb(ctx, path, OFZ_KIND_SPARSE, &t))
        st = OFZ_OK;
    else if (st == OFZ_E_PARSE) /* neither: say what kept it from being the usual one */
        st = ofz_tensor_read_pb(ctx, path, &arrays->arena, &t, &own);
    if (st) return st;
    st = ofz_arrays_put(ctx, arrays, name ? name : own && *own ? own : stem, &t);
    if (st) ofz_tensor_release(&t);
    return st;
}

static bool path_ends(const char *path, const char *end)
{
    const size_t n = strlen(path), k = strlen(end);

    return n >= k && !strcmp(path + n - k, end);
}

ofz_status ofz_arrays_load(ofz_ctx *ctx, ofz_arrays *arrays, const char *path, const char *name)
{
    ofz_file    file = { .fd = -1 };
    const char *stem = path_stem(&arrays->arena, path);
    ofz_status  st;

    if (!stem) return ofz_fail_nomem(ctx, path, strlen(path));
    OFZ_TRY(ofz_file_open(ctx, path, &file));
    if (ofz_npz_is(file.data, file.size)) {
        st = ofz_npz_load(ctx, arrays, file.data, file.size, path);
        ofz_file_close(&file);
        return st;
    }
    if (ofz_npy_is(file.data, file.size)) {
        st = npy_load(ctx, arrays, &file, name ? name : stem);
        ofz_file_close(&file);
        return st ? ofz_at(ctx, st, "%s", path) : OFZ_OK;
    }
    st = file.size ? OFZ_OK : ofz_fail(ctx, OFZ_E_PARSE, "%s: empty, want an array", path);
    ofz_file_close(&file);
    if (st) return st;
    if (path_ends(path, ".pb")) return pb_load(ctx, arrays, path, name, stem);
    return ofz_fail(ctx, OFZ_E_PARSE, "%s: not an array, want .npz, .npy or a TensorProto .pb",
                    path);
}

ofz_status ofz_arrays_save_npy(ofz_ctx *ctx, const ofz_arrays *arrays, size_t index,
                               const char *path)
{
    ofz_status  st   = OFZ_OK;
    ofz_writer *w    = NULL;
    char       *head = NULL;
    ofz_tensor  body = { 0 };
    size_t      head_size;

    if (index >= arrays->item.count)
        return ofz_fail(ctx, OFZ_E_ARG, "array %zu: there are %zu", index, arrays->item.count);
    st = ofz_npy_write(ctx, &ofz_arrays_at(arrays, index)->t, &head, &head_size, &body);
    if (st) return ofz_at(ctx, st, "array '%s'", ofz_arrays_at(arrays, index)->name);
    OFZ_GOTO(ofz_writer_new(ctx, path, &w));
    OFZ_GOTO(ofz_writer_put(ctx, w, head, head_size));
    OFZ_GOTO(ofz_writer_put(ctx, w, body.data, body.size));
    st = ofz_writer_commit(ctx, w);
    w  = NULL;
done:
    ofz_writer_free(w);
    ofz_tensor_release(&body);
    free(head);
    return st;
}

size_t ofz_arrays_count(const ofz_arrays *arrays)
{
    return arrays->item.count;
}

ofz_array ofz_arrays_get(const ofz_arrays *arrays, size_t index)
{
    const ofz_named *n;

    if (index >= arrays->item.count) return (ofz_array){ 0 };
    n = ofz_arrays_at(arrays, index);
    return (ofz_array){ .name  = n->name,
                        .dtype = n->t.dtype,
                        .rank  = n->t.rank,
                        .shape = n->t.dim,
                        .data  = n->t.data,
                        .size  = n->t.size };
}

int ofz_arrays_find(const ofz_arrays *arrays, const char *name)
{
    for (size_t i = 0; i < arrays->item.count; i++)
        if (!strcmp(ofz_arrays_at(arrays, i)->name, name)) return (int)i;
    return -1;
}
