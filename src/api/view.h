/* view.h - what the public interface shows of a model, worked out once when it is loaded, so that
 * threads may share a model that they only read. */
#ifndef OFZ_API_VIEW_H
#define OFZ_API_VIEW_H

#include "base/file.h"
#include "model/model.h"

typedef struct ofz_tensor_view {
    ofz_role           role;
    size_t             size; /* bytes; of strings, their text */
    size_t             user_count;
    const char *const *used_by;
} ofz_tensor_view;

typedef struct ofz_node_view {
    int                 depth;
    bool                known;
    const ofz_function *called;
    const char *const *input, *const *output;
    ofz_value_info *result; /* one per output */
} ofz_node_view;

typedef struct ofz_view {
    ofz_arena        arena;
    ofz_tensor_view *tensor; /* as model->tensor */
    ofz_node_view   *node;   /* as model->graph->node */
    ofz_value_info  *input, *output;
    size_t          *calls;                  /* of each function */
    ofz_map          by_name;                /* tensor name -> 1 + index, as a pointer */
    ofz_status  inline_status, infer_status; /* how reading functions and shape inference ended, */
    const char *inline_text, *infer_text;    /* and with which errors; "" */
} ofz_view;

/* Infer shapes and fill model->view. A model whose shapes do not fit together is loaded all the same.
 * Errors: OFZ_E_NOMEM. */
ofz_status ofz_view_make(ofz_ctx *ctx, ofz_model *model) OFZ_MUST_USE;
void       ofz_view_free(ofz_model *model);

/* What the public interface says of `v`; the arrays stand in `arena`. Errors: OFZ_E_NOMEM. */
ofz_status ofz_view_value(ofz_ctx *ctx, ofz_arena *arena, const ofz_value *v,
                          ofz_value_info *out) OFZ_MUST_USE;

/* Would `train` change tensor `index`? */
bool ofz_view_trains(const ofz_model *model, size_t index);
/* Neither trained nor a statistic that training may move: its bytes are promised to stay. */
bool ofz_view_frozen(const ofz_model *model, size_t index);

/* XXH3, 128 bits, of dtype, rank, dims and bytes; strings with their lengths. Twice the value for two
 * tensors means the same tensor. `state` is an XXH3_state_t that has been reset. */
void ofz_tensor_digest(const ofz_tensor *t, void *state);
/* 32 hexadecimal digits and a NUL of what `state` holds. */
void ofz_digest_text(const void *state, char out[33]);

#endif
