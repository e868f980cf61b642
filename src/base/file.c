/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- reading ---------------------------------------------------------------------------------- */

static const uint8_t file_nothing[1];

static ofz_status read_whole(ofz_ctx *ctx, int fd, const char *name, ofz_file *out)
{
    uint8_t *data = NULL, *bigger;
    size_t   size = 0, room = 0;
    ssize_t  n;

    do {
        if (size == room) {
            room   = room ? 2 * room : 1 << 16;
            bigger = room > size ? realloc(data, room) : NULL;
            if (!bigger) {
                free(data);
                return ofz_fail_nomem(ctx, name, room);
            }
            data = bigger;
        }
        n = read(fd, data + size, room - size);
        if (n > 0) size += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0) {
        free(data);
        return ofz_fail(ctx, OFZ_E_IO, "%s: cannot read: %s", name, strerror(errno));
    }
    *out = (ofz_file){ .data = data, .size = size, .fd = -1, .memory = data };
    return OFZ_OK;
}

ofz_status ofz_file_adopt(ofz_ctx *ctx, int fd, const char *name, ofz_file *out)
{
    struct stat s;
    void       *p;
    ofz_status  st = OFZ_OK;

    if (fstat(fd, &s)) OFZ_GOTO(ofz_fail(ctx, OFZ_E_IO, "%s: %s", name, strerror(errno)));
    if (S_ISDIR(s.st_mode)) OFZ_GOTO(ofz_fail(ctx, OFZ_E_IO, "%s: a folder, want a file", name));
    if (!S_ISREG(s.st_mode)) {
        OFZ_GOTO(read_whole(ctx, fd, name, out));
        goto done;
    }
    if (s.st_size == 0) {
        *out = (ofz_file){ .data = file_nothing, .fd = -1 };
        goto done;
    }
    p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        OFZ_GOTO(ofz_fail(ctx, OFZ_E_IO, "%s: cannot map: %s", name, strerror(errno)));
    *out = (ofz_file){ .data = p, .size = (size_t)s.st_size, .fd = fd, .memory = p };
    return OFZ_OK;
done:
    close(fd);
    return st;
}

ofz_status ofz_file_open(ofz_ctx *ctx, const char *path, ofz_file *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) return ofz_fail(ctx, OFZ_E_IO, "%s: cannot open: %s", path, strerror(errno));
    return ofz_file_adopt(ctx, fd, path, out);
}

void ofz_file_close(ofz_file *file)
{
    if (file->memory && file->fd >= 0) {
        munmap(file->memory, file->size);
        close(file->fd);
    } else {
        free(file->memory);
    }
    *file = (ofz_file){ .data = file_nothing, .fd = -1 };
}

void ofz_file_forget(const ofz_file *file, size_t from, size_t to)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    from -= from % page;
    if (file->fd >= 0 && from < to)
        (void)!madvise((char *)file->memory + from, to - from, MADV_DONTNEED);
}

/* --- writing ---------------------------------------------------------------------------------- */

enum { WRITER_ROOM = 1 << 16 };

struct ofz_writer {
    int     folder, fd;       /* folder is opened O_PATH: it may be writable and yet not readable */
    char   *path, *temp;      /* temp: path of the temporary file, NULL before it exists */
    char   *name, *temp_name; /* last components of the two */
    size_t  size, used;
    bool    no_kernel_copy; /* the kernel cannot copy between these two files */
    uint8_t buffer[WRITER_ROOM];
};

static ofz_status writer_fail(ofz_ctx *ctx, const ofz_writer *w, const char *what)
{
    const int        why = errno;
    const ofz_status st =
        ofz_fail(ctx, OFZ_E_IO, "%s: cannot %s: %s", w->path, what, strerror(why));

    if (why == ENOSPC || why == EDQUOT)
        ofz_fix(ctx, st, "free some space, or write elsewhere");
    else if (why == EROFS || why == EACCES || why == EPERM)
        ofz_fix(ctx, st, "choose a folder that you may write to");
    else if (why == ENOENT || why == ENOTDIR)
        ofz_fix(ctx, st, "make the folder first");
    return st;
}

/* Open the folder, refuse targets that a rename would not replace sensibly. */
static ofz_status writer_aim(ofz_ctx *ctx, ofz_writer *w, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat s;
    char       *folder;

    w->path = strdup(path);
    w->name = strdup(slash ? slash + 1 : path);
    folder  = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!w->path || !w->name || !folder) {
        free(folder);
        return ofz_fail_nomem(ctx, path, strlen(path));
    }
    w->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (w->folder < 0) return writer_fail(ctx, w, "open its folder");
    if (!w->name[0] || (!fstatat(w->folder, w->name, &s, 0) && !S_ISREG(s.st_mode)))
        return ofz_fail(ctx, OFZ_E_IO, "%s: not a regular file, cannot be replaced", path);
    return OFZ_OK;
}

static ofz_status writer_create(ofz_ctx *ctx, ofz_writer *w)
{
    const int folder_size = (int)(strlen(w->path) - strlen(w->name));
    size_t    room        = (size_t)folder_size + 64;
    uint64_t  r;

    w->temp = malloc(room);
    if (!w->temp) return ofz_fail_nomem(ctx, w->path, room);
    for (int tries = 0; tries < 16; tries++) {
        if (getrandom(&r, sizeof r, 0) != sizeof r) r = (uint64_t)getpid() << 8 | (uint64_t)tries;
        snprintf(w->temp, room, "%.*s.onnxfreeze-%016" PRIx64 ".tmp", folder_size, w->path, r);
        w->temp_name = w->temp + folder_size;
        w->fd = openat(w->folder, w->temp_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       0666);
        if (w->fd >= 0) return OFZ_OK;
        if (errno != EEXIST) break;
    }
    return writer_fail(ctx, w, "create");
}

ofz_status ofz_writer_new(ofz_ctx *ctx, const char *path, ofz_writer **out)
{
    ofz_writer *w = calloc(1, sizeof *w);
    ofz_status  st;

    if (!w) return ofz_fail_nomem(ctx, path, sizeof *w);
    w->folder = w->fd = -1;
    st                = writer_aim(ctx, w, path);
    if (!st) st = writer_create(ctx, w);
    if (st) {
        ofz_writer_free(w);
        return st;
    }
    *out = w;
    return OFZ_OK;
}

static ofz_status write_all(ofz_ctx *ctx, ofz_writer *w, const uint8_t *data, size_t size)
{
    while (size) {
        const size_t  part = size < (size_t)1 << 30 ? size : (size_t)1 << 30;
        const ssize_t n    = write(w->fd, data, part);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return writer_fail(ctx, w, "write");
        data += n;
        size -= (size_t)n;
    }
    return OFZ_OK;
}

static ofz_status writer_flush(ofz_ctx *ctx, ofz_writer *w)
{
    const size_t used = w->used;

    w->used = 0;
    return write_all(ctx, w, w->buffer, used);
}

ofz_status ofz_writer_put(ofz_ctx *ctx, ofz_writer *w, const void *data, size_t size)
{
    w->size += size;
    if (size > sizeof w->buffer - w->used) OFZ_TRY(writer_flush(ctx, w));
    if (size >= sizeof w->buffer) return write_all(ctx, w, data, size);
    if (size) memcpy(w->buffer + w->used, data, size);
    w->used += size;
    return OFZ_OK;
}

ofz_status ofz_writer_copy(ofz_ctx *ctx, ofz_writer *w, const ofz_file *from, size_t offset,
                           size_t size)
{
    loff_t at = (loff_t)offset;

    if (from->fd >= 0 && size >= WRITER_ROOM && !w->no_kernel_copy) {
        OFZ_TRY(writer_flush(ctx, w));
        while (size) {
            const ssize_t n = copy_file_range(from->fd, &at, w->fd, NULL, size, 0);

            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
                return writer_fail(ctx, w, "write");
            if (n <= 0) { /* not between these two files: through the map, then */
                w->no_kernel_copy = true;
                break;
            }
            w->size += (size_t)n;
            size -= (size_t)n;
        }
    }
    return ofz_writer_put(ctx, w, from->data + at, size);
}

ofz_status ofz_writer_align(ofz_ctx *ctx, ofz_writer *w, size_t align)
{
    static const uint8_t zero[64];

    while (w->size % align) {
        const size_t gap = align - w->size % align;

        OFZ_TRY(ofz_writer_put(ctx, w, zero, gap < sizeof zero ? gap : sizeof zero));
    }
    return OFZ_OK;
}

size_t ofz_writer_size(const ofz_writer *w)
{
    return w->size;
}

ofz_status ofz_writer_sync(ofz_ctx *ctx, ofz_writer *w)
{
    OFZ_TRY(writer_flush(ctx, w));
    /* EINVAL: a file system without the notion */
    if (fsync(w->fd) && errno != EINVAL) return writer_fail(ctx, w, "write");
    return OFZ_OK;
}

const char *ofz_writer_temp(const ofz_writer *w)
{
    return w->temp;
}

ofz_status ofz_writer_commit(ofz_ctx *ctx, ofz_writer *w)
{
    struct stat s;
    ofz_status  st = ofz_writer_sync(ctx, w);
    int         folder;

    if (!st && !fstatat(w->folder, w->name, &s, 0)) (void)!fchmod(w->fd, s.st_mode & 07777);
    if (!st && renameat(w->folder, w->temp_name, w->folder, w->name))
        st = writer_fail(ctx, w, "replace");
    if (!st) {
        w->temp_name = NULL;
        folder       = openat(w->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            (void)!fsync(folder); /* the rename is done; a crash may at worst undo it whole */
            close(folder);
        }
    }
    ofz_writer_free(w);
    return st;
}

void ofz_writer_free(ofz_writer *w)
{
    if (!w) return;
    if (w->fd >= 0) {
        close(w->fd);
        if (w->temp_name) unlinkat(w->folder, w->temp_name, 0);
    }
    if (w->folder >= 0) close(w->folder);
    free(w->path);
    free(w->name);
    free(w->temp);
    free(w);
}
