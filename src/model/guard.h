/* guard.h - look a serialised model over before protobuf-c may unpack it.
 *
 * protobuf-c recurses without limit, merges repeated submessages in quadratic time and cuts strings
 * at NUL. The guard walks the wire bytes iteratively, refuses what would hurt, notes where every
 * message of interest stands, and writes a skeleton: the same messages without tensor payloads,
 * comments and unknown fields. Only the skeleton is unpacked. */
#ifndef OFZ_MODEL_GUARD_H
#define OFZ_MODEL_GUARD_H

#include "base/file.h"

typedef enum ofz_origin_kind {
    OFZ_ORIGIN_MODEL,
    OFZ_ORIGIN_GRAPH,
    OFZ_ORIGIN_NODE,
    OFZ_ORIGIN_ATTRIBUTE,
    OFZ_ORIGIN_TENSOR,
    OFZ_ORIGIN_SPARSE_TENSOR,
    OFZ_ORIGIN_FUNCTION,
    OFZ_ORIGIN_TRAINING,
    OFZ_ORIGIN_VALUE,    /* ValueInfoProto */
    OFZ_ORIGIN_SEQUENCE, /* these three in files of data only */
    OFZ_ORIGIN_OPTIONAL,
    OFZ_ORIGIN_MAP,
    OFZ_ORIGIN_OTHER /* not recorded */
} ofz_origin_kind;

/* Where a message stands. Origins are numbered in file order, parents before their children; 0 is
 * the root. */
typedef struct ofz_origin {
    ofz_origin_kind kind;
    int             parent;                  /* -1 for the root */
    uint32_t        number;                  /* field of the parent that holds it */
    size_t          tag, prefix, begin, end; /* offsets of its tag, its length and its content */
} ofz_origin;

typedef struct ofz_guarded {
    ofz_origin *origin;
    size_t      origin_count, origin_room;
    uint8_t    *skeleton;
    size_t      skeleton_size, skeleton_room;
} ofz_guarded;

/* In the skeleton, a recorded message carries its origin's number in a varint field of this number;
 * a file's own field of that number is unknown, and unknown fields do not reach the skeleton. */
#define OFZ_ORIGIN_FIELD 536870911u

/* A large file is let go of after every so many bytes: one page that is touched may bring in megabytes. */
enum { OFZ_FORGET_SIZE = 8 << 20 };

/* Walk a file that claims to be a message of kind `root` (a model, or a tensor, sequence, optional or map).
 * Errors: OFZ_E_PARSE with the offset, OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_guard(ofz_ctx *ctx, const ofz_file *file, ofz_origin_kind root,
                     ofz_guarded *out) OFZ_MUST_USE;
void       ofz_guarded_free(ofz_guarded *g);

#endif
