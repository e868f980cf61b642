/* file.h - files: mapped for reading, written whole or not at all. */
#ifndef OFZ_BASE_FILE_H
#define OFZ_BASE_FILE_H

#include "base/error.h"

/* The bytes of a file, read-only. A regular file is mapped and its descriptor stays open; anything
 * else (a pipe) is read to its end. The file must not be changed in place while this lives; being
 * replaced by rename is fine. */
typedef struct ofz_file {
    const uint8_t *data; /* never NULL, also when size is 0 */
    size_t         size;
    int            fd;     /* -1 unless mapped */
    void          *memory; /* what to unmap (fd >= 0) or to free */
} ofz_file;

/* Errors: OFZ_E_IO naming `path`, OFZ_E_NOMEM. */
ofz_status ofz_file_open(ofz_ctx *ctx, const char *path, ofz_file *out) OFZ_MUST_USE;
/* As ofz_file_open for a descriptor that is open already; it becomes the file's (or is closed).
 * `name` is for errors. */
ofz_status ofz_file_adopt(ofz_ctx *ctx, int fd, const char *name, ofz_file *out) OFZ_MUST_USE;
/* Zero-initialised or failed ones are fine. */
void ofz_file_close(ofz_file *file);

/* Let go of the memory that holds bytes [from, to): they are read again when next looked at. For those
 * who skim a large file and must not seem to hold all of it. */
void ofz_file_forget(const ofz_file *file, size_t from, size_t to);

/* Writes a file beside `path` and renames it into place when it is whole. */
typedef struct ofz_writer ofz_writer;

/* Create the temporary file. Errors: OFZ_E_IO naming `path` (a folder that is missing or read-only,
 * a target that is not a regular file), OFZ_E_NOMEM. */
ofz_status ofz_writer_new(ofz_ctx *ctx, const char *path, ofz_writer **out) OFZ_MUST_USE;
ofz_status ofz_writer_put(ofz_ctx *ctx, ofz_writer *w, const void *data, size_t size) OFZ_MUST_USE;
/* Append bytes [offset, offset + size) of `from`; large spans are copied by the kernel. */
ofz_status ofz_writer_copy(ofz_ctx *ctx, ofz_writer *w, const ofz_file *from, size_t offset,
                           size_t size) OFZ_MUST_USE;
/* Append zeros up to a multiple of `align`. */
ofz_status ofz_writer_align(ofz_ctx *ctx, ofz_writer *w, size_t align) OFZ_MUST_USE;
/* Bytes put so far. */
size_t ofz_writer_size(const ofz_writer *w);
/* Flush and fsync; the temporary file may be read back from ofz_writer_temp, a path. */
ofz_status  ofz_writer_sync(ofz_ctx *ctx, ofz_writer *w) OFZ_MUST_USE;
const char *ofz_writer_temp(const ofz_writer *w);
/* Sync, keep the mode of an existing target, rename, fsync the folder. `w` is gone afterwards, and
 * so is the temporary file when this fails. */
ofz_status ofz_writer_commit(ofz_ctx *ctx, ofz_writer *w) OFZ_MUST_USE;
/* Remove the temporary file; NULL is fine. */
void ofz_writer_free(ofz_writer *w);

#endif
