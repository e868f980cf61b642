/* model.h - a model file: its bytes, its graph, and how the two belong together.
 *
 * Writing is the source's bytes plus edits. The reader keeps a record (an origin) of where each
 * TensorProto, NodeProto and other message of interest stands in the file; the writer copies
 * everything else unread, so that whatever was not edited is byte-identical, known or unknown. */
#ifndef OFZ_MODEL_MODEL_H
#define OFZ_MODEL_MODEL_H

#include "ir/graph.h"

/* A function of the model's own. Its body is a graph without a parent that imports its own versions;
 * attributes there may refer to the call's (ofz_attr.ref). */
typedef struct ofz_function {
    const char          *domain, *name, *overload; /* domain "" is ai.onnx */
    ofz_graph           *graph;
    const char *const   *attr; /* attributes without a default */
    size_t               attr_count;
    ofz_attr            *defaults; /* those with one */
    size_t               default_count;
    size_t               node_count; /* of the body itself, subgraphs not counted */
    struct ofz_function *next;       /* another one of this name */
} ofz_function;

struct ofz_model {
    ofz_arena      arena;
    ofz_graph     *graph;
    ofz_symbols    symbol; /* names of dimension symbols */
    const char    *path;   /* NULL for a model from memory */
    const uint8_t *bytes;  /* the file, mapped or copied */
    size_t         size;
    int64_t        ir_version, model_version;
    const char    *producer_name, *producer_version, *domain; /* "" when absent */
    ofz_opset     *opset;
    size_t         opset_count;
    ofz_list tensor; /* ofz_value: initializers in file order, then Constant nodes' outputs that
                        hold a tensor; main graph first, then subgraphs */
    ofz_function *function;
    size_t        function_count;
    ofz_map       function_by_name; /* name -> ofz_function, a chain of those that share it */
    ofz_graph    *flat; /* the graph with bodies in place of calls (pass/functions.h), for who asks
                           what a value is for; NULL where nothing is called */
    ofz_arena     flat_arena;
    bool          header_changed;    /* ir_version or opset are no longer those of the file */
    bool          shapes_dropped;    /* the file's value_info no longer holds and is not written */
    bool          functions_dropped; /* no call is left: the functions are not written */
    bool          stripped;          /* forget what the file says in our words: the
                                               values' marks are all there is */
    struct ofz_model_file *file;     /* maps and origins; src/model's own */
    struct ofz_view       *view;     /* what the public interface shows; src/api's own */
};

/* Guard, unpack, build. `path` names the folder for external data; NULL refuses it.
 * Errors: OFZ_E_IO, OFZ_E_PARSE, OFZ_E_MODEL, OFZ_E_LIMIT, OFZ_E_NOMEM, OFZ_E_UNSUPPORTED. */
ofz_status ofz_model_read_file(ofz_ctx *ctx, const char *path, ofz_model **out) OFZ_MUST_USE;
ofz_status ofz_model_read_memory(ofz_ctx *ctx, const void *data, size_t size,
                                 ofz_model **out) OFZ_MUST_USE;

typedef struct ofz_write_options {
    bool external;      /* tensors of 1 KiB and more go to PATH.data */
    bool strip;         /* no marks */
    bool training_info; /* TrainingInfoProto in place of marks, for the values of `train` */
    const ofz_value *const *train;
    size_t                  train_count;
} ofz_write_options;

/* Make model->tensor anew after nodes or constants came or went: initializers first, as they stand in
 * the graph's list of values, then Constant nodes. Errors: OFZ_E_NOMEM. */
ofz_status ofz_model_relist(ofz_ctx *ctx, ofz_model *model) OFZ_MUST_USE;
/* Was anything edited but tensors and marks? Then the writer copies only what is as it was: */
bool ofz_model_restructured(const ofz_model *model);

/* Write atomically: a temporary file beside `path`, fsync, rename. A model without edits is written
 * byte for byte; `options` may be NULL. External files that the model still reads are copied along
 * when the folder differs; changed tensors of external files go to PATH.data (or PATH.1.data, ...
 * where the model reads a file of that name). *size, *external_size: bytes written.
 *
 * A restructured model keeps the bytes of every node, attribute, tensor and value info that was not
 * edited, and every field that this program does not know; nodes stand in the order of the graph, new
 * constants become initializers (Constant nodes where the IR version, below 4, wants every initializer
 * to be an input). New constants stay in the model's file and keep their marks whatever `options` say. */
ofz_status ofz_model_write_file(ofz_ctx *ctx, const ofz_model *model, const char *path,
                                const ofz_write_options *options, size_t *size,
                                size_t *external_size) OFZ_MUST_USE;

/* Release everything that a model holds; NULL is fine. */
void ofz_model_drop(ofz_model *model);

/* The function of that identity, the first of the file when there are several; NULL. */
const ofz_function *ofz_model_function_find(const ofz_model *model, const char *domain,
                                            const char *name, const char *overload);

/* A serialised TensorProto (or, with kinds other than tensor, OFZ_E_UNSUPPORTED): the .pb files of
 * ONNX's backend tests. *name is in the tensor's buffer's care: copied into `arena`. */
ofz_status ofz_tensor_read_pb(ofz_ctx *ctx, const char *path, ofz_arena *arena, ofz_tensor *out,
                              const char **name) OFZ_MUST_USE;

/* The same for a value of any kind: a TensorProto, SparseTensorProto (made dense), SequenceProto,
 * OptionalProto or MapProto. Containers are those of tensor/container.h. Errors: as above;
 * OFZ_E_UNSUPPORTED for containers of sparse tensors. */
ofz_status ofz_value_read_pb(ofz_ctx *ctx, const char *path, ofz_kind kind,
                             ofz_tensor *out) OFZ_MUST_USE;

#endif
