/* external.c - tensor bytes in other files, and what a hostile model must not reach through them.
 *
 * The rules: relative paths without a ".." component, strict decimals, known keys; the kernel is
 * asked to stay beneath the model's folder and to follow no link; what was opened must be a regular
 * file with one name. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sha1.h"
#include "model/model_file.h"

/* --- keys ------------------------------------------------------------------------------------- */

static bool decimal_read(const char *text, uint64_t *out)
{
    uint64_t x = 0;

    if (!text[0]) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        if (__builtin_mul_overflow(x, 10, &x) ||
            __builtin_add_overflow(x, (uint64_t)(*text - '0'), &x))
            return false;
    }
    *out = x;
    return x <= INT64_MAX;
}

ofz_status ofz_external_key(ofz_ctx *ctx, const char *key, const char *value, unsigned *seen,
                            ofz_external_ref *ref)
{
    static const char *const keys[] = { "location", "offset", "length", "checksum" };
    bool                     fine   = true;
    unsigned                 k      = 0;

    while (k < 4 && strcmp(keys[k], key) != 0) k++;
    if (k == 4)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "external data: key '%.40s', want location, offset, length or checksum",
                        key);
    if (*seen & 1u << k)
        return ofz_fail(ctx, OFZ_E_MODEL, "external data: key '%s' stands twice", key);
    *seen |= 1u << k;
    switch (k) {
    case 0:
        ref->location = value;
        break;
    case 1:
        fine = decimal_read(value, &ref->offset);
        break;
    case 2:
        ref->has_length = fine = decimal_read(value, &ref->length);
        break;
    default:
        ref->checksum = value;
        break;
    }
    if (!fine)
        return ofz_fail(ctx, OFZ_E_MODEL, "external data: %s '%.40s', want a decimal number", key,
                        value);
    return OFZ_OK;
}

/* --- paths ------------------------------------------------------------------------------------ */

static ofz_status location_check(ofz_ctx *ctx, const char *location)
{
    const char *why = NULL;

    if (!location || !location[0]) return ofz_fail(ctx, OFZ_E_MODEL, "external data: no location");
    if (location[0] == '/')
        why = "an absolute path";
    else if (strchr(location, '\\'))
        why = "a backslash";
    for (const char *p = location; *p && !why;) {
        const size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.') why = "a '..' component";
        p += n;
        while (*p == '/') p++;
    }
    if (why)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "external data '%.200s': %s, want a path inside the model's folder",
                        location, why);
    return OFZ_OK;
}

/* Component by component, for kernels without openat2. */
static int open_stepwise(int folder, const char *location)
{
    int  at = dup(folder), next;
    char part[256];

    for (const char *p = location; at >= 0;) {
        const size_t n    = strcspn(p, "/");
        const char  *rest = p + n + strspn(p + n, "/");

        if (n >= sizeof part) {
            errno = ENAMETOOLONG;
            break;
        }
        memcpy(part, p, n);
        part[n] = '\0';
        next    = openat(at, part,
                         O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (*rest ? O_DIRECTORY : 0));
        close(at);
        if (next < 0 || !*rest) return next;
        at = next;
        p  = rest;
    }
    if (at >= 0) close(at);
    return -1;
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
static int open_beneath(ofz_ctx *ctx, int folder, const char *location)
{
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK };
    long            fd;

    if (ctx->follow_links) return openat(folder, location, (int)how.flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    fd          = syscall(SYS_openat2, folder, location, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
        return open_stepwise(folder, location);
    return (int)fd;
}

static ofz_status open_failed(ofz_ctx *ctx, const char *location)
{
    const int  why = errno;
    ofz_status st;

    if (why == ELOOP || why == EXDEV) {
        st = ofz_fail(ctx, OFZ_E_MODEL, "external data '%.200s': a symbolic link, want a file",
                      location);
        return ofz_fix(ctx, st, "allow links if you trust the model and its folder");
    }
    st = ofz_fail(ctx, OFZ_E_MODEL, "external data '%.200s': cannot open: %s", location,
                  strerror(why));
    return why == ENOENT ? ofz_fix(ctx, st, "put the file beside the model") : st;
}

static ofz_status file_check(ofz_ctx *ctx, int fd, const char *location)
{
    struct stat s;

    if (fstat(fd, &s))
        return ofz_fail(ctx, OFZ_E_IO, "external data '%.200s': %s", location, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return ofz_fail(ctx, OFZ_E_MODEL, "external data '%.200s': not a regular file", location);
    if (s.st_nlink > 1 && !ctx->follow_links)
        return ofz_fail(ctx, OFZ_E_MODEL, "external data '%.200s': a file with %lu names, want one",
                        location, (unsigned long)s.st_nlink);
    return OFZ_OK;
}

/* --- files ------------------------------------------------------------------------------------ */

const ofz_file *ofz_external_known(const ofz_model *model, const char *location)
{
    const ofz_list *list = &model->file->external;

    for (size_t i = 0; i < list->count; i++) {
        const ofz_external *e = list->item[i];

        if (!strcmp(e->location, location)) return &e->file;
    }
    return NULL;
}

ofz_status ofz_external_map(ofz_ctx *ctx, const char *folder, const char *location, ofz_file *out)
{
    ofz_status st;
    int        at, fd;

    OFZ_TRY(location_check(ctx, location));
    if (!folder)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "external data '%.200s': a model from memory has no folder to look in",
                        location);
    at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) return ofz_fail(ctx, OFZ_E_IO, "%s: cannot open: %s", folder, strerror(errno));
    fd = open_beneath(ctx, at, location);
    st = fd < 0 ? open_failed(ctx, location) : file_check(ctx, fd, location);
    close(at);
    if (st) {
        if (fd >= 0) close(fd);
        return st;
    }
    return ofz_file_adopt(ctx, fd, location, out);
}

/* Map a file once per model. */
static ofz_status external_open(ofz_ctx *ctx, ofz_model *model, const char *location,
                                const ofz_file **out)
{
    ofz_external *e;

    *out = ofz_external_known(model, location);
    if (*out) return OFZ_OK;
    e = OFZ_NEW(&model->arena, ofz_external);
    if (!e || !(e->location = ofz_arena_strdup(&model->arena, location)))
        return ofz_fail_nomem(ctx, "external data", sizeof *e);
    OFZ_TRY(ofz_external_map(ctx, model->file->folder, location, &e->file));
    if (!ofz_list_push(&model->file->external, e)) {
        ofz_file_close(&e->file);
        return ofz_fail_nomem(ctx, "external data", sizeof(void *));
    }
    *out = &e->file;
    return OFZ_OK;
}

/* The SHA-1 of the whole file, worked out once. A large file is read in steps and let go of. */
static void checksum_make(ofz_external *e)
{
    enum { STEP = 8 << 20 };
    ofz_sha1 s;

    ofz_sha1_init(&s);
    for (size_t at = 0; at < e->file.size; at += STEP) {
        const size_t left = e->file.size - at, part = left < STEP ? left : STEP;

        ofz_sha1_put(&s, e->file.data + at, part);
        ofz_file_forget(&e->file, at, at + part);
    }
    ofz_sha1_text(&s, e->checksum);
}

static ofz_status checksum_check(ofz_ctx *ctx, ofz_model *model, const ofz_external_ref *ref)
{
    for (size_t i = 0; i < model->file->external.count; i++) {
        ofz_external *e = model->file->external.item[i];

        if (strcmp(e->location, ref->location) != 0) continue;
        if (!e->checksum[0]) checksum_make(e);
        if (strcasecmp(e->checksum, ref->checksum) != 0)
            return ofz_fail(ctx, OFZ_E_MODEL, "external data '%.200s': checksum %s, want %.60s",
                            ref->location, e->checksum, ref->checksum);
    }
    return OFZ_OK;
}

ofz_status ofz_external_find(ofz_ctx *ctx, ofz_model *model, const ofz_external_ref *ref,
                             size_t size, const uint8_t **out)
{
    const ofz_file *file;

    if (!ref->location) return location_check(ctx, NULL);
    if (ref->has_length && ref->length != size)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "external data '%.200s': length %" PRIu64 ", want %zu for the shape",
                        ref->location, ref->length, size);
    OFZ_TRY(external_open(ctx, model, ref->location, &file));
    if (ref->offset > file->size || size > file->size - ref->offset)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "external data '%.200s': bytes %" PRIu64 " to %" PRIu64 " of a file of %zu",
                        ref->location, ref->offset, ref->offset + size, file->size);
    if (ref->checksum) OFZ_TRY(checksum_check(ctx, model, ref));
    *out = file->data + ref->offset;
    return OFZ_OK;
}
