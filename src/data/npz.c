/* npz.c - see npz.h. libzip reads the directory and inflates; what a member may claim is decided
 * here, before a byte of it is unpacked. */
#include "data/npz.h"

#include <string.h>
#include <zip.h>

#include "base/checked.h"
#include "data/npy.h"

/* Deflate cannot do better than 1032 to 1; a member that claims more is lying about its size. */
enum { RATIO_MAX = 1032, RATIO_SLACK = 1024 };

typedef struct archive {
    zip_t      *zip;
    size_t      file_size;
    size_t      packed, unpacked; /* of the members so far */
    ofz_arrays *arrays;
} archive;

bool ofz_npz_is(const void *data, size_t size)
{
    return size >= 4 && (!memcmp(data, "PK\3\4", 4) || !memcmp(data, "PK\5\6", 4));
}

static ofz_status zip_fail(ofz_ctx *ctx, zip_error_t *e, const char *what)
{
    const ofz_status st = zip_error_code_zip(e) == ZIP_ER_MEMORY   ? OFZ_E_NOMEM
                          : zip_error_system_type(e) == ZIP_ET_SYS ? OFZ_E_IO
                                                                   : OFZ_E_PARSE;

    return ofz_fail(ctx, st, "%s: %s", what, zip_error_strerror(e));
}

static ofz_status sizes_check(ofz_ctx *ctx, archive *a, const zip_stat_t *s)
{
    const size_t limit = ctx->limits.tensor_size;

    if (!(s->valid & ZIP_STAT_SIZE) || !(s->valid & ZIP_STAT_COMP_SIZE))
        return ofz_fail(ctx, OFZ_E_PARSE, "size: not stated");
    if ((s->valid & ZIP_STAT_ENCRYPTION_METHOD) && s->encryption_method != ZIP_EM_NONE)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "encrypted, want a plain member");
    if (!(s->valid & ZIP_STAT_COMP_METHOD) ||
        (s->comp_method != ZIP_CM_STORE && s->comp_method != ZIP_CM_DEFLATE))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "compression %d, want stored (0) or deflated (8)",
                        s->comp_method);
    if (s->comp_size > a->file_size - a->packed)
        return ofz_fail(ctx, OFZ_E_PARSE, "%" PRIu64 " packed bytes, want at most the %zu left",
                        (uint64_t)s->comp_size, a->file_size - a->packed);
    if (s->size / RATIO_MAX > s->comp_size + RATIO_SLACK)
        return ofz_fail(ctx, OFZ_E_PARSE,
                        "%" PRIu64 " bytes from %" PRIu64 " packed ones, want at most %d to 1",
                        (uint64_t)s->size, (uint64_t)s->comp_size, RATIO_MAX);
    if (s->size > limit || a->unpacked > limit - s->size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "%" PRIu64 " bytes after %zu, want at most %zu together",
                        (uint64_t)s->size, a->unpacked, limit);
    a->packed += s->comp_size;
    a->unpacked += s->size;
    return OFZ_OK;
}

/* All of the member. libzip compares the checksum when it meets the end, so the end is read too. */
static ofz_status member_unpack(ofz_ctx *ctx, archive *a, zip_uint64_t index, size_t size,
                                ofz_buffer **out)
{
    ofz_status  st   = OFZ_OK;
    zip_file_t *f    = zip_fopen_index(a->zip, index, 0);
    ofz_buffer *b    = NULL;
    size_t      done = 0;
    char        more;
    zip_int64_t n;

    if (!f) return zip_fail(ctx, zip_get_error(a->zip), "cannot be opened");
    OFZ_GOTO(ofz_buffer_new(ctx, size, &b));
    while (done < size) {
        n = zip_fread(f, (char *)ofz_buffer_data(b) + done, size - done);
        if (n < 0) OFZ_GOTO(zip_fail(ctx, zip_file_get_error(f), "cannot be read"));
        if (n == 0) OFZ_GOTO(ofz_fail(ctx, OFZ_E_PARSE, "%zu bytes, want %zu", done, size));
        done += (size_t)n;
    }
    n = zip_fread(f, &more, 1);
    if (n < 0) OFZ_GOTO(zip_fail(ctx, zip_file_get_error(f), "cannot be read"));
    if (n > 0) OFZ_GOTO(ofz_fail(ctx, OFZ_E_PARSE, "more than %zu bytes", size));
    *out = b;
done:
    zip_fclose(f);
    if (st) ofz_buffer_release(b);
    return st;
}

static ofz_status member_load(ofz_ctx *ctx, archive *a, zip_uint64_t index, const zip_stat_t *s,
                              const char *name)
{
    ofz_buffer *b = NULL;
    ofz_tensor  t = { 0 };
    ofz_status  st;

    OFZ_TRY(sizes_check(ctx, a, s));
    OFZ_TRY(member_unpack(ctx, a, index, (size_t)s->size, &b));
    OFZ_GOTO(ofz_npy_read(ctx, ofz_buffer_data(b), (size_t)s->size, b, &t));
    OFZ_GOTO(ofz_arrays_put(ctx, a->arrays, name, &t));
done:
    ofz_buffer_release(b);
    if (st) ofz_tensor_release(&t);
    return st;
}

/* "images.npy" -> "images"; false for what is no array. */
static bool name_cut(const char *member, char *buf, size_t size)
{
    const size_t n = strlen(member);

    if (n < 5 || strcmp(member + n - 4, ".npy") || n - 4 >= size) return false;
    memcpy(buf, member, n - 4);
    buf[n - 4] = '\0';
    return true;
}

static ofz_status members_load(ofz_ctx *ctx, archive *a, const char *path)
{
    const zip_int64_t count  = zip_get_num_entries(a->zip, 0);
    size_t            loaded = 0;

    for (zip_int64_t i = 0; i < count; i++) {
        zip_stat_t s;
        char       name[1024];
        ofz_status st;

        zip_stat_init(&s);
        if (zip_stat_index(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW, &s) ||
            !(s.valid & ZIP_STAT_NAME))
            return zip_fail(ctx, zip_get_error(a->zip), path);
        if (!name_cut(s.name, name, sizeof name)) {
            ofz_log(ctx, OFZ_LOG_WARN, "%s: member '%s' is no .npy and ignored", path, s.name);
            continue;
        }
        st = member_load(ctx, a, (zip_uint64_t)i, &s, name);
        if (st) return ofz_at(ctx, st, "%s: member '%s'", path, s.name);
        loaded++;
    }
    if (!loaded)
        return ofz_fail(ctx, OFZ_E_DATA, "%s: no .npy in %" PRId64 " members, want at least one",
                        path, (int64_t)count);
    return OFZ_OK;
}

ofz_status ofz_npz_load(ofz_ctx *ctx, ofz_arrays *arrays, const void *data, size_t size,
                        const char *path)
{
    archive       a      = { .file_size = size, .arrays = arrays };
    const size_t  before = arrays->item.count;
    zip_source_t *source;
    zip_error_t   e;
    ofz_status    st;

    zip_error_init(&e);
    source = zip_source_buffer_create(data, size, 0, &e);
    if (source) a.zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &e);
    if (a.zip) {
        st = members_load(ctx, &a, path);
        if (st) ofz_arrays_cut(arrays, before);
        zip_discard(a.zip);
    } else {
        st = zip_fail(ctx, &e, path);
        zip_source_free(source);
    }
    zip_error_fini(&e);
    return st;
}
