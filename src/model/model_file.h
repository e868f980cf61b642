/* model_file.h - what stays of a file once its graph is built: its bytes, its external files, and
 * the record of where everything stands. For src/model and the rooms that check and export models.
 */
#ifndef OFZ_MODEL_MODEL_FILE_H
#define OFZ_MODEL_MODEL_FILE_H

#include "base/file.h"
#include "model/guard.h"
#include "model/model.h"

/* A file that tensors of the model name; mapped once. */
typedef struct ofz_external {
    const char *location; /* as the model spells it */
    ofz_file    file;
    char        checksum[41]; /* its SHA-1; "" until a tensor states one */
} ofz_external;

struct ofz_model_file {
    ofz_file    bytes; /* .memory is NULL for bytes that another owns */
    size_t      held;  /* while reading: bytes is let go of up to here */
    ofz_origin *origin;
    size_t      origin_count;
    const char *folder;   /* where external files lie; NULL: nowhere */
    ofz_list    external; /* ofz_external */
    const char *unsorted; /* a node that stood before its inputs in the file, or NULL */
};

/* A file that stands elsewhere than its location says, as long as it has not been renamed. */
typedef struct ofz_alias {
    const char *location, *path;
} ofz_alias;

/* As ofz_model_read_file, with external files found through `alias` first. */
ofz_status ofz_model_read_aliased(ofz_ctx *ctx, const char *path, const ofz_alias *alias,
                                  size_t count, ofz_model **out) OFZ_MUST_USE;

/* Call `fn` for everything that ONNX's checker or ONNX Runtime would say against the file and that is
 * not an error of reading. Errors: only what keeps it from looking (OFZ_E_NOMEM, ...). */
ofz_status ofz_model_check_file(ofz_ctx *ctx, const ofz_model *model, ofz_finding_fn *fn,
                                void *user) OFZ_MUST_USE;

/* --- external data ---------------------------------------------------------------------------- */

/* What TensorProto.external_data says. */
typedef struct ofz_external_ref {
    const char *location;
    uint64_t    offset, length;
    bool        has_length;
    const char *checksum; /* NULL when absent */
} ofz_external_ref;

/* Check one key and its value and put it into *ref. seen: a bit set of keys met. OFZ_E_MODEL. */
ofz_status ofz_external_key(ofz_ctx *ctx, const char *key, const char *value, unsigned *seen,
                            ofz_external_ref *ref) OFZ_MUST_USE;
/* Map the file (once) and find `size` bytes in it. Refuses every path that leads out of the model's
 * folder. Errors: OFZ_E_MODEL naming the location, OFZ_E_NOMEM. */
ofz_status ofz_external_find(ofz_ctx *ctx, ofz_model *model, const ofz_external_ref *ref,
                             size_t size, const uint8_t **out) OFZ_MUST_USE;
/* The same for a whole file, without a model to remember it. */
ofz_status ofz_external_map(ofz_ctx *ctx, const char *folder, const char *location,
                            ofz_file *out) OFZ_MUST_USE;
/* The file of `location` that the model has mapped, or NULL. */
const ofz_file *ofz_external_known(const ofz_model *model, const char *location);

/* --- marks ------------------------------------------------------------------------------------ */

#define OFZ_KEY_PREFIX   "onnxfreeze."
#define OFZ_KEY_MARK     "onnxfreeze.mark"
#define OFZ_KEY_GROUP    "onnxfreeze.group"
#define OFZ_KEY_LR_SCALE "onnxfreeze.lr_scale"

typedef struct ofz_marks {
    ofz_mark    mark;
    const char *group; /* NULL: none */
    double      lr_scale;
} ofz_marks;

/* Take one entry of TensorProto.metadata_props into *m; keys and values that are not ours change
 * nothing. false for one of our keys with a value that means nothing. */
bool ofz_marks_take(ofz_marks *m, const char *key, const char *value);
/* The text of an lr_scale, whatever the locale. */
void ofz_marks_number(char *buf, size_t size, double x);

#endif
