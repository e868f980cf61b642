/* write.h - a model on its way to disk: written, not yet in place. */
#ifndef OFZ_MODEL_WRITE_H
#define OFZ_MODEL_WRITE_H

#include "model/edit.h"

/* Temporary files that hold the model and its external data. */
typedef struct ofz_staged ofz_staged;

ofz_status ofz_staged_new(ofz_ctx *ctx, const ofz_model *model, const char *path,
                          const ofz_write_options *options, ofz_staged **out) OFZ_MUST_USE;
/* Read back what was written, before it is in place. */
ofz_status ofz_staged_read(ofz_ctx *ctx, ofz_staged *s, ofz_model **out) OFZ_MUST_USE;
size_t     ofz_staged_size(const ofz_staged *s);
size_t     ofz_staged_external_size(const ofz_staged *s);
/* Rename everything into place, the model last. `s` is gone afterwards. */
ofz_status ofz_staged_commit(ofz_ctx *ctx, ofz_staged *s) OFZ_MUST_USE;
/* Remove the temporary files; NULL is fine. */
void ofz_staged_free(ofz_staged *s);

/* --- between the files of the writer ---------------------------------------------------------- */

/* Fields of ModelProto. */
enum { OFZ_FIELD_IR = 1, OFZ_FIELD_OPSET = 8, OFZ_FIELD_FUNCTIONS = 25 };

/* Where tensors go that leave the model's file. */
typedef struct ofz_data_file {
    ofz_writer *writer;   /* NULL until the first tensor needs it */
    const char *path;     /* PATH.data, or PATH.1.data, ... where that name is in use */
    const char *location; /* its last component */
} ofz_data_file;

/* All edits that the values of the model and the options ask for. moved: one flag per origin, set
 * for tensors that no longer read the external file they named. */
ofz_status ofz_write_tensors(ofz_ctx *ctx, ofz_edits *e, const ofz_write_options *options,
                             ofz_data_file *data, bool *moved) OFZ_MUST_USE;
/* What of the graph, its values and the model's header was edited. Before ofz_write_tensors, which passes
 * over tensors that this leaves out. */
ofz_status ofz_write_graph(ofz_ctx *ctx, ofz_edits *e) OFZ_MUST_USE;
ofz_status ofz_write_training(ofz_ctx *ctx, ofz_edits *e,
                              const ofz_write_options *options) OFZ_MUST_USE;

/* The location that the TensorProto at `origin` reads from, copied into `arena`; NULL when its data
 * is inside. */
ofz_status ofz_origin_location(ofz_ctx *ctx, const ofz_model *model, size_t origin,
                               ofz_arena *arena, const char **out) OFZ_MUST_USE;

#endif
