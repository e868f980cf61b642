/* npz.h - numpy's archives: a zip of .npy members, stored or deflated. */
#ifndef OFZ_DATA_NPZ_H
#define OFZ_DATA_NPZ_H

#include "data/arrays.h"

/* True when the bytes begin as a zip archive does. */
bool ofz_npz_is(const void *data, size_t size);

/* Add every .npy member of the archive that these bytes are, named without the suffix; other
 * members are ignored with a warning. `path` is for messages. Member names are names and nothing
 * else: no path is ever made of one. Sizes are checked before anything is inflated: one member and
 * all members together against the tensor limit of the ctx, packed against unpacked size, and all
 * packed sizes against the file's. Checksums are verified. On failure `arrays` holds what came
 * before the member that failed. Errors: OFZ_E_PARSE, OFZ_E_LIMIT, OFZ_E_UNSUPPORTED (encrypted,
 * other compression), OFZ_E_DATA (no .npy member), OFZ_E_ARG (a name that `arrays` has already),
 * OFZ_E_NOMEM; each names the member. */
ofz_status ofz_npz_load(ofz_ctx *ctx, ofz_arrays *arrays, const void *data, size_t size,
                        const char *path) OFZ_MUST_USE;

#endif
