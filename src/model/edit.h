/* edit.h - a serialised model seen as its source bytes plus edits.
 *
 * An edit replaces a span of one message's content. The lengths of everything around it follow by
 * themselves; what no edit touches is copied as it stands. */
#ifndef OFZ_MODEL_EDIT_H
#define OFZ_MODEL_EDIT_H

#include "model/model_file.h"
#include "model/wire.h"

typedef struct ofz_edit {
    size_t      at, remove; /* offset in the source, bytes of it to leave out */
    const void *data;       /* what stands there instead; borrowed */
    size_t      size;
    size_t order; /* of two insertions at one place into one message, the earlier stands first; */
    int    owner; /* of insertions into messages that end there, the innermost */
} ofz_edit;

typedef struct ofz_edits {
    const ofz_model *model;
    ofz_arena        arena; /* for small pieces of data */
    ofz_edit        *edit;
    size_t           count, room;
    int64_t         *delta; /* growth of each origin's content */
    bool            *touched;
    bool *gone; /* origins that are left out with what is around them: no edit may be inside */
} ofz_edits;

ofz_status ofz_edits_init(ofz_ctx *ctx, ofz_edits *e, const ofz_model *model) OFZ_MUST_USE;
void       ofz_edits_deinit(ofz_edits *e);

/* In the content of `origin`: leave `remove` bytes at source offset `at` out and put `size` bytes
 * of `data` there. Spans of two edits must not overlap. */
ofz_status ofz_edit_add(ofz_ctx *ctx, ofz_edits *e, int origin, size_t at, size_t remove,
                        const void *data, size_t size) OFZ_MUST_USE;

/* Leave the message of `origin` out, its tag and length included; nothing inside may be edited, before or
 * after. */
ofz_status ofz_edit_remove(ofz_ctx *ctx, ofz_edits *e, int origin) OFZ_MUST_USE;
/* Leave every field `number` of `origin` out; *at: where the first one stood, else `otherwise`. */
ofz_status ofz_edit_remove_fields(ofz_ctx *ctx, ofz_edits *e, int origin, uint32_t number,
                                  size_t otherwise, size_t *at) OFZ_MUST_USE;
/* The fields of a message in the source. */
ofz_wire ofz_origin_wire(const ofz_model *m, int origin);

/* Fix the lengths of all messages around edits, and put the edits in order. *size: bytes of the
 * whole. OFZ_E_LIMIT when an edited model would pass 2 GiB - 1, which no reader of ONNX takes. */
ofz_status ofz_edits_finish(ofz_ctx *ctx, ofz_edits *e, size_t *size) OFZ_MUST_USE;
ofz_status ofz_edits_write(ofz_ctx *ctx, const ofz_edits *e, ofz_writer *w) OFZ_MUST_USE;

/* --- growing pieces of protobuf --------------------------------------------------------------- */

typedef struct ofz_bytes {
    uint8_t *data;
    size_t   size, room;
    bool     failed; /* out of memory; checked once, at the end */
} ofz_bytes;

void ofz_bytes_put(ofz_bytes *b, const void *data, size_t size);
void ofz_bytes_varint(ofz_bytes *b, uint32_t number, uint64_t value);
void ofz_bytes_text(ofz_bytes *b, uint32_t number, const char *text);
/* A length-delimited field; of the message, only its head when data is NULL. */
void ofz_bytes_field(ofz_bytes *b, uint32_t number, const void *data, size_t size);
/* `message` as field `number`; frees it. */
void ofz_bytes_message(ofz_bytes *b, uint32_t number, ofz_bytes *message);
/* A StringStringEntryProto as field `number`. */
void ofz_bytes_entry(ofz_bytes *b, uint32_t number, const char *key, const char *value);
/* Move the bytes into e's arena and insert them; frees b whatever happens. */
ofz_status ofz_edit_add_bytes(ofz_ctx *ctx, ofz_edits *e, int origin, size_t at, size_t remove,
                              ofz_bytes *b) OFZ_MUST_USE;

#endif
