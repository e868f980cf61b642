/* checkpoint.h - a file of named sections that is whole or refused.
 *
 *   "ofzckpt1"
 *   for each section: u32 name size, name, u64 size, bytes      all little endian
 *   16 bytes: XXH3-128 of everything before, canonical form */
#ifndef OFZ_TRAIN_CHECKPOINT_H
#define OFZ_TRAIN_CHECKPOINT_H

#include "base/error.h"

/* Writing goes to a temporary file beside `path`, which takes its place on commit. */
typedef struct ofz_checkpoint_writer ofz_checkpoint_writer;

ofz_status ofz_checkpoint_begin(ofz_ctx *ctx, const char *path,
                                ofz_checkpoint_writer **out) OFZ_MUST_USE;
ofz_status ofz_checkpoint_put(ofz_ctx *ctx, ofz_checkpoint_writer *w, const char *name,
                              const void *data, size_t size) OFZ_MUST_USE;
/* `w` is gone afterwards, also when this fails. */
ofz_status ofz_checkpoint_commit(ofz_ctx *ctx, ofz_checkpoint_writer *w) OFZ_MUST_USE;
void       ofz_checkpoint_abandon(ofz_checkpoint_writer *w); /* NULL is fine */

typedef struct ofz_checkpoint_reader ofz_checkpoint_reader;

/* Map the file and check the whole of it. Errors: OFZ_E_IO, OFZ_E_PARSE (not a checkpoint, of
 * another version, or damaged), OFZ_E_NOMEM. */
ofz_status ofz_checkpoint_open(ofz_ctx *ctx, const char *path,
                               ofz_checkpoint_reader **out) OFZ_MUST_USE;
/* The next section, which must be called `name`; lent until close, at any alignment.
 * Errors: OFZ_E_PARSE. */
ofz_status ofz_checkpoint_next(ofz_ctx *ctx, ofz_checkpoint_reader *r, const char *name,
                               const void **data, size_t *size) OFZ_MUST_USE;
/* Same, of exactly `size` bytes, copied to `to`. */
ofz_status ofz_checkpoint_get(ofz_ctx *ctx, ofz_checkpoint_reader *r, const char *name, void *to,
                              size_t size) OFZ_MUST_USE;
/* OFZ_E_PARSE unless every section was read. */
ofz_status ofz_checkpoint_end(ofz_ctx *ctx, const ofz_checkpoint_reader *r) OFZ_MUST_USE;
void       ofz_checkpoint_close(ofz_checkpoint_reader *r); /* NULL is fine */

#endif
