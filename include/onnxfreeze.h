/* onnxfreeze.h - adapt a trained ONNX model: inspect, mark, train, run, export.
 *
 * The whole public interface. C99 and C++11. No globals: every call takes an ofz_ctx, which holds
 * the last error, the log callback and the settings; use one ctx per thread. A model may be shared
 * by threads that only read it (inspect, run, eval, save); mark and train write to it.
 *
 * Conventions
 *   ofz_status   what every call that can fail returns; outputs are written only on OFZ_OK
 *   _new/_free   own memory; _free(NULL) is fine; a returned pointer without _new is lent by its
 *                owner and lives as long as the owner is neither freed nor changed
 *   _init        fills an options struct with its defaults; always call it first
 *   dimensions   int64_t elements, outermost first; -1 means unknown (models only)
 *   sizes        size_t bytes */
#ifndef ONNXFREEZE_H
#define ONNXFREEZE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OFZ_API      __attribute__((visibility("default")))
#define OFZ_MUST_USE __attribute__((warn_unused_result))
#else
#define OFZ_API
#define OFZ_MUST_USE
#endif

#define OFZ_VERSION "0.1.0"

/* --- status, context, errors ------------------------------------------------------------------ */

typedef enum ofz_status {
    OFZ_OK = 0,
    OFZ_E_ARG,         /* the caller asked for something that makes no sense */
    OFZ_E_NOMEM,       /* out of memory */
    OFZ_E_IO,          /* the operating system refused */
    OFZ_E_PARSE,       /* bytes that are not what they claim to be */
    OFZ_E_MODEL,       /* a well-formed file that is not a valid model */
    OFZ_E_DATA,        /* data that does not fit the model */
    OFZ_E_UNSUPPORTED, /* valid, and not something this version can do */
    OFZ_E_LIMIT,       /* larger or deeper than the limits of the ctx */
    OFZ_E_NUMERIC,     /* NaN, infinity or a division that has no answer */
    OFZ_E_CANCELLED,   /* a callback asked to stop */
    OFZ_E_DIFFERENT    /* two things compared unequal */
} ofz_status;

typedef struct ofz_ctx ofz_ctx;

typedef enum ofz_log_level { OFZ_LOG_WARN, OFZ_LOG_INFO, OFZ_LOG_DEBUG } ofz_log_level;
typedef void ofz_log_fn(void *user, ofz_log_level level, const char *text);

OFZ_API const char *ofz_version(void);       /* "0.1.0" */
OFZ_API const char *ofz_build_options(void); /* "oneDNN 2.6.3, OpenMP, ...": optional parts */
OFZ_API const char *ofz_status_name(ofz_status st);

/* NULL when out of memory. */
OFZ_API ofz_ctx *ofz_ctx_new(void);
OFZ_API void     ofz_ctx_free(ofz_ctx *ctx);

/* The last failure, one line: "where: subject: found, want expected". "" when there was none. */
OFZ_API const char *ofz_error(const ofz_ctx *ctx);
/* What would mend it, one line, or "". */
OFZ_API const char *ofz_error_hint(const ofz_ctx *ctx);
OFZ_API ofz_status  ofz_error_status(const ofz_ctx *ctx);

OFZ_API void ofz_ctx_set_log(ofz_ctx *ctx, ofz_log_fn *fn, void *user);
/* Worker threads for kernels; 0: as many as the machine offers. */
OFZ_API void ofz_ctx_set_threads(ofz_ctx *ctx, int threads);
/* Nonzero: only the reference kernels, slow and stated to the order of summation. */
OFZ_API void ofz_ctx_set_reference(ofz_ctx *ctx, int reference);
/* Nonzero: follow symbolic links to external data (Hugging Face caches are made of them). */
OFZ_API void ofz_ctx_set_follow_links(ofz_ctx *ctx, int follow);

/* Beyond these a model is refused with OFZ_E_LIMIT, so that no file can make a program hang, overflow its
 * stack or fill the memory. */
typedef enum ofz_limit {
    OFZ_LIMIT_DEPTH, /* messages, graphs and calls of functions inside each other; 100, at most 1000 */
    OFZ_LIMIT_TENSOR,    /* bytes of one tensor; 64 GiB */
    OFZ_LIMIT_FIELDS,    /* nodes, attributes, values and other fields of one file; 20 Mi */
    OFZ_LIMIT_STRUCTURE, /* bytes that these may take in memory; 1 GiB */
    OFZ_LIMIT_INLINED,   /* nodes once calls of functions are replaced by bodies; 2 Mi */
    OFZ_LIMIT_LOOP,      /* iterations of one loop; 2^28 */
    OFZ_LIMIT_MEMORY,    /* bytes of all tensors held at once; what the machine has */
    OFZ_LIMIT_WORK       /* elements read, made and multiplied in one run; 2^50 */
} ofz_limit;

/* Errors: OFZ_E_ARG (0, or more than the limit may be). */
OFZ_API ofz_status ofz_ctx_set_limit(ofz_ctx *ctx, ofz_limit limit, uint64_t value) OFZ_MUST_USE;
OFZ_API uint64_t   ofz_ctx_get_limit(const ofz_ctx *ctx, ofz_limit limit);

/* --- arrays ----------------------------------------------------------------------------------- */

/* Element types; the numbers are ONNX's own (TensorProto.DataType). */
typedef enum ofz_dtype {
    OFZ_UNDEFINED  = 0,
    OFZ_F32        = 1,
    OFZ_U8         = 2,
    OFZ_I8         = 3,
    OFZ_U16        = 4,
    OFZ_I16        = 5,
    OFZ_I32        = 6,
    OFZ_I64        = 7,
    OFZ_STRING     = 8,
    OFZ_BOOL       = 9,
    OFZ_F16        = 10,
    OFZ_F64        = 11,
    OFZ_U32        = 12,
    OFZ_U64        = 13,
    OFZ_C64        = 14,
    OFZ_C128       = 15,
    OFZ_BF16       = 16,
    OFZ_F8E4M3FN   = 17,
    OFZ_F8E4M3FNUZ = 18,
    OFZ_F8E5M2     = 19,
    OFZ_F8E5M2FNUZ = 20,
    OFZ_U4         = 21,
    OFZ_I4         = 22,
    OFZ_F4E2M1     = 23,
    OFZ_F8E8M0     = 24,
    OFZ_U2         = 25,
    OFZ_I2         = 26
} ofz_dtype;

/* "float32", "int64", ...; "undefined" for anything else. */
OFZ_API const char *ofz_dtype_name(ofz_dtype dtype);

/* An element of an OFZ_STRING array. */
typedef struct ofz_string {
    const char *text; /* size bytes, not terminated, any bytes */
    size_t      size;
} ofz_string;

/* A borrowed view of contiguous elements in ONNX raw_data layout (little endian, 4- and 2-bit
 * types packed low bits first). Of strings, `data` points at ofz_string and `size` counts those
 * alone. `name` may be NULL where no name is needed. */
typedef struct ofz_array {
    const char    *name;
    ofz_dtype      dtype;
    int            rank;
    const int64_t *shape; /* rank numbers */
    const void    *data;
    size_t         size; /* bytes at data */
} ofz_array;

/* Named arrays that own their bytes: the columns of a dataset, the results of a run. */
typedef struct ofz_arrays ofz_arrays;

OFZ_API ofz_status ofz_arrays_new(ofz_ctx *ctx, ofz_arrays **out) OFZ_MUST_USE;
OFZ_API void       ofz_arrays_free(ofz_arrays *arrays);
/* Copy `array` in under array->name; OFZ_E_ARG when the name exists or the size is wrong. */
OFZ_API ofz_status ofz_arrays_add(ofz_ctx *ctx, ofz_arrays *arrays,
                                  const ofz_array *array) OFZ_MUST_USE;
/* Add what a file holds: .npz (every member), .npy and .pb, an ONNX TensorProto or SparseTensorProto
 * (made dense): one array, called `name` (NULL: the name inside the .pb, else the file's own without
 * folder and suffix). An .npy of
 * 256 MiB and more stays mapped and must not be changed in place while `arrays` lives.
 * Errors: OFZ_E_IO, OFZ_E_PARSE, OFZ_E_UNSUPPORTED, OFZ_E_LIMIT, OFZ_E_NOMEM; OFZ_E_DATA (no array in
 * it), OFZ_E_ARG (the name exists); file and member are named. */
OFZ_API ofz_status ofz_arrays_load(ofz_ctx *ctx, ofz_arrays *arrays, const char *path,
                                   const char *name) OFZ_MUST_USE;
/* Write array `index` as .npy, atomically. */
OFZ_API ofz_status ofz_arrays_save_npy(ofz_ctx *ctx, const ofz_arrays *arrays, size_t index,
                                       const char *path) OFZ_MUST_USE;
OFZ_API size_t     ofz_arrays_count(const ofz_arrays *arrays);
OFZ_API ofz_array  ofz_arrays_get(const ofz_arrays *arrays, size_t index);
/* The index of `name`, or -1. */
OFZ_API int ofz_arrays_find(const ofz_arrays *arrays, const char *name);

/* --- models ----------------------------------------------------------------------------------- */

typedef struct ofz_model ofz_model;

/* Map a model file. Weights stay in the file until something reads them; the file must not be
 * changed in place while the model lives (replacing it by rename is fine). */
OFZ_API ofz_status ofz_model_load(ofz_ctx *ctx, const char *path, ofz_model **out) OFZ_MUST_USE;
/* The bytes are copied. External data is refused: there is no folder to look in. */
OFZ_API ofz_status ofz_model_load_memory(ofz_ctx *ctx, const void *data, size_t size,
                                         ofz_model **out) OFZ_MUST_USE;
OFZ_API void       ofz_model_free(ofz_model *model);

/* Write the model with its marks and trained weights: a temporary file beside `path`, fsync,
 * rename. Every byte that was not edited is copied from the source file. External data files that
 * the model names are written beside `path` as well when its folder differs. */
OFZ_API ofz_status ofz_model_save(ofz_ctx *ctx, const ofz_model *model,
                                  const char *path) OFZ_MUST_USE;

typedef struct ofz_model_info {
    int64_t     ir_version;
    const char *producer_name, *producer_version, *domain, *graph_name; /* "" when absent */
    int64_t     model_version;
    size_t      opset_count, node_count, initializer_count, input_count, output_count;
    size_t      function_count;
    size_t      file_size;       /* bytes, without external data */
    size_t      parameter_count; /* elements of all listed initializers */
    size_t      parameter_size;  /* their bytes */
    size_t      trainable_count; /* elements that `train` would change */
    size_t      trainable_size;
} ofz_model_info;

typedef struct ofz_opset_info {
    const char *domain; /* "" is ai.onnx */
    int64_t     version;
} ofz_opset_info;

/* A graph input or output, or any value that shape inference described. */
typedef struct ofz_value_info {
    const char        *name;
    ofz_dtype          dtype;    /* OFZ_UNDEFINED when unknown or not a tensor */
    int                rank;     /* -1 when unknown */
    const int64_t     *shape;    /* rank numbers, -1 where symbolic or unknown */
    const char *const *dim_name; /* rank names, NULL where none */
} ofz_value_info;

typedef struct ofz_node_info {
    const char        *name, *op_type, *domain; /* "" when absent */
    int64_t            opset;                   /* version the model imports for that domain */
    size_t             input_count, output_count;
    const char *const *input; /* "" for an omitted optional input */
    const char *const *output;
    int                known; /* 1: this program has a row for it */
    int                depth; /* nodes on the longest path from a graph input */
} ofz_node_info;

/* What a tensor is for, judged from the nodes that use it. */
typedef enum ofz_role {
    OFZ_ROLE_OTHER,
    OFZ_ROLE_WEIGHT,
    OFZ_ROLE_BIAS,
    OFZ_ROLE_NORM_SCALE,
    OFZ_ROLE_NORM_SHIFT,
    OFZ_ROLE_NORM_STATISTIC,
    OFZ_ROLE_EMBEDDING,
    OFZ_ROLE_SHAPE,
    OFZ_ROLE_QUANTISATION,
    OFZ_ROLE_MASK
} ofz_role;

/* What the file says about a tensor, and what `train` makes of it. */
typedef enum ofz_mark { OFZ_MARK_NONE, OFZ_MARK_FROZEN, OFZ_MARK_TRAINABLE } ofz_mark;

OFZ_API const char *ofz_role_name(ofz_role role); /* "weight", "norm scale", ... */
OFZ_API const char *ofz_mark_name(ofz_mark mark); /* "none", "frozen", "trainable" */

/* An initializer, or the tensor of a Constant node (constant_node is 1). */
typedef struct ofz_tensor_info {
    const char        *name;
    ofz_dtype          dtype;
    int                rank;
    const int64_t     *shape;
    size_t             count, size; /* elements, bytes */
    ofz_role           role;
    ofz_mark           mark;   /* as written in the file or by ofz_mark_apply */
    int                trains; /* 1: `train` would change it (marks, else defaults) */
    int                constant_node, external;
    int                sparse; /* 1: a sparse tensor in the file, which never trains */
    size_t             user_count;
    const char *const *used_by; /* node names; "OpType -> output" where a node has none */
} ofz_tensor_info;

OFZ_API void           ofz_model_get_info(const ofz_model *model, ofz_model_info *out);
OFZ_API ofz_opset_info ofz_model_opset(const ofz_model *model, size_t index);
OFZ_API ofz_value_info ofz_model_input(const ofz_model *model, size_t index);
OFZ_API ofz_value_info ofz_model_output(const ofz_model *model, size_t index);
/* Nodes of the main graph in topological order. */
OFZ_API ofz_node_info ofz_model_node(const ofz_model *model, size_t index);
/* Value `output` of node `index`, as far as shape inference got. */
OFZ_API ofz_value_info ofz_model_node_output(const ofz_model *model, size_t index, size_t output);
/* A function of the model's own. */
typedef struct ofz_function_info {
    const char *domain, *name, *overload; /* domain "" is ai.onnx */
    size_t      node_count; /* of its body, without those of functions that it calls */
    size_t      input_count, output_count;
    size_t      call_count; /* nodes that call it: in the graph, in subgraphs and in functions */
} ofz_function_info;

OFZ_API ofz_function_info ofz_model_function(const ofz_model *model, size_t index);
/* Listed tensors: initializers in file order, then Constant nodes' tensors. */
OFZ_API size_t          ofz_model_tensor_count(const ofz_model *model);
OFZ_API ofz_tensor_info ofz_model_tensor(const ofz_model *model, size_t index);
/* The index of tensor `name`, or -1. */
OFZ_API int ofz_model_find_tensor(const ofz_model *model, const char *name);
/* The bytes of a tensor, decoded to raw_data layout; appended to `out` under its name. */
OFZ_API ofz_status ofz_model_read_tensor(ofz_ctx *ctx, const ofz_model *model, size_t index,
                                         ofz_arrays *out) OFZ_MUST_USE;
/* A 128-bit hash of dtype, shape and bytes, as 32 hexadecimal digits and a NUL. */
OFZ_API ofz_status ofz_model_hash_tensor(ofz_ctx *ctx, const ofz_model *model, size_t index,
                                         char out[33]) OFZ_MUST_USE;

/* --- costs ------------------------------------------------------------------------------------ */

/* A named dimension and the size to count with. */
typedef struct ofz_dim {
    const char *name;
    int64_t     size;
} ofz_dim;

/* What one run costs; -1: depends on a size that is not known. A node that calls a function costs what
 * the function's body does; one with subgraphs what these do (the costlier branch of an If, the body of
 * a Loop or Scan times the iterations). */
typedef struct ofz_cost {
    int64_t macs;        /* multiply-accumulates of Conv, Gemm, MatMul, Einsum, Attention, RNNs */
    int64_t element_ops; /* elements that all other nodes compute, compare or sum */
    int64_t weight_size; /* bytes of the constants that are read */
    int64_t activation_size; /* bytes of what is computed, subgraphs' own values left out */
} ofz_cost;

typedef struct ofz_costs ofz_costs;

/* Infer shapes once more with dims[] bound, and count. Errors: OFZ_E_ARG (no dimension of that name),
 * OFZ_E_MODEL and OFZ_E_LIMIT (functions), OFZ_E_NOMEM. */
OFZ_API ofz_status ofz_costs_new(ofz_ctx *ctx, const ofz_model *model, const ofz_dim *dims,
                                 size_t dim_count, ofz_costs **out) OFZ_MUST_USE;
OFZ_API void       ofz_costs_free(ofz_costs *costs);
/* Of node `index`, as ofz_model_node counts them. */
OFZ_API ofz_cost ofz_costs_node(const ofz_costs *costs, size_t index);
/* Weights that several nodes read are counted once. */
OFZ_API ofz_cost ofz_costs_total(const ofz_costs *costs);
/* As ofz_model_node_output, with the dims bound. */
OFZ_API ofz_value_info ofz_costs_node_output(const ofz_costs *costs, size_t index, size_t output);

/* --- checking and comparing ------------------------------------------------------------------- */

/* Called once per finding; text is one line. */
typedef void ofz_finding_fn(void *user, ofz_status kind, const char *where, const char *text);

/* Everything a loader, the specification's checker and ONNX Runtime would object to. OFZ_OK: valid.
 * OFZ_E_MODEL: at least one finding was reported (fn may be NULL). */
OFZ_API ofz_status ofz_model_check(ofz_ctx *ctx, const ofz_model *model, ofz_finding_fn *fn,
                                   void *user) OFZ_MUST_USE;

typedef enum ofz_diff_kind {
    OFZ_DIFF_ONLY_A,
    OFZ_DIFF_ONLY_B,
    OFZ_DIFF_DTYPE,
    OFZ_DIFF_SHAPE,
    OFZ_DIFF_VALUES,
    OFZ_DIFF_MARK,
    OFZ_DIFF_STRUCTURE /* nodes, inputs, outputs, opsets */
} ofz_diff_kind;

typedef struct ofz_diff_entry {
    ofz_diff_kind kind;
    const char   *name;                 /* tensor, or what part of the structure */
    int           frozen;               /* the tensor is frozen in A */
    size_t        changed_count, count; /* elements; OFZ_DIFF_VALUES only */
    double        max_abs, l2;          /* of B - A, numeric types only */
    const char   *text;                 /* one line */
} ofz_diff_entry;

typedef void ofz_diff_fn(void *user, const ofz_diff_entry *entry);

/* frozen_only: report only tensors that do not train in A, as A's marks and defaults say.
 * OFZ_OK: equal. OFZ_E_DIFFERENT: at least one entry was reported. */
OFZ_API ofz_status ofz_model_diff(ofz_ctx *ctx, const ofz_model *a, const ofz_model *b,
                                  int frozen_only, ofz_diff_fn *fn, void *user) OFZ_MUST_USE;

/* --- marking ---------------------------------------------------------------------------------- */

typedef enum ofz_mark_action {
    OFZ_ACTION_FREEZE,
    OFZ_ACTION_TRAIN,
    OFZ_ACTION_PRESET
} ofz_mark_action;

/* text: a selector (NAME, glob, re:REGEX, role:ROLE, op:TYPE, node:GLOB, last:N, before:TENSOR,
 * after:TENSOR), or for OFZ_ACTION_PRESET one of none, all, head, bias, norm. Later rules override
 * earlier ones. */
typedef struct ofz_mark_rule {
    ofz_mark_action action;
    const char     *text;
} ofz_mark_rule;

/* Apply rules in order to the marks that are there (without any: to the defaults); every listed
 * tensor that can carry a mark gets one. A tensor without a mark in a model that has marks is
 * frozen. A rule to train passes over what does not train by default (tensors of Constant nodes,
 * scalars, masks, statistics, shape constants, integers) unless it is the tensor's exact name.
 * Presets decide over every tensor: none trains, all that train by default, the head (last:1),
 * bias (biases, norm shifts and the head), norm (norm scales and shifts).
 * OFZ_E_ARG: a selector that is malformed, matches nothing, or would train an integer; no mark is
 * changed then. */
OFZ_API ofz_status ofz_mark_apply(ofz_ctx *ctx, ofz_model *model, const ofz_mark_rule *rules,
                                  size_t count) OFZ_MUST_USE;
/* Remove every mark. */
OFZ_API void ofz_mark_strip(ofz_model *model);

/* --- folding ---------------------------------------------------------------------------------- */

/* What counts as a constant. Never one that a caller may override (from IR version 4 on, an
 * initializer that is a graph input as well). */
typedef enum ofz_fold_scope {
    OFZ_FOLD_UNMARKED,      /* what does not train by the marks; without any mark, everything */
    OFZ_FOLD_KEEP_DEFAULTS, /* what does not train: by the marks, without any by the defaults */
    OFZ_FOLD_MARKED         /* of what could train, only what is marked frozen */
} ofz_fold_scope;

/* Called for every node of the folded model that could not be worked out beforehand. */
typedef void ofz_fold_kept_fn(void *user, const char *node, const char *reason);

#define OFZ_FOLD_PASSES  16
#define OFZ_FOLD_DEFAULT ((size_t)-1)

typedef struct ofz_fold_options {
    ofz_fold_scope scope;
    int            fuse;       /* 1: fuse neighbours; 0: only constants, clean and merge */
    size_t         size_limit; /* bytes that all constants together may grow by; OFZ_FOLD_DEFAULT:
                                     1 MiB for each tensor, beyond those that it replaces */
    uint32_t       passes;     /* bit i: pass i of ofz_fold_pass_name; all are set */
    int            verify;     /* runs of both models to compare; 0: none */
    double         tolerance;  /* |a - b| <= tolerance * (|b| + largest |b| of that output) */
    uint64_t       seed;       /* of the random inputs */
    ofz_fold_kept_fn *on_kept; /* or NULL */
    void             *user;
} ofz_fold_options;

/* How an output of the folded model compared with the same output of the unfolded one. */
typedef struct ofz_fold_check {
    const char *output; /* lent by the model */
    int         runs;
    size_t      count;   /* elements compared */
    double      max_abs; /* largest difference */
    double      largest; /* largest number of the output */
} ofz_fold_check;

typedef struct ofz_fold_report {
    size_t          edits[OFZ_FOLD_PASSES]; /* of each pass */
    int             rounds;
    int64_t         growth;      /* bytes of constants, after - before */
    size_t          check_count; /* 0: nothing was verified */
    ofz_fold_check *check;
} ofz_fold_report;

OFZ_API void ofz_fold_options_init(ofz_fold_options *options);
/* "constants", "clean", ...; NULL from the first number on that is no pass. */
OFZ_API const char *ofz_fold_pass_name(size_t index);
/* Work out whatever does not depend on inputs or on what trains, take out what does nothing, fuse what
 * keeps the meaning. Inputs, outputs and trainable tensors stay as they are. The folded model is run
 * beside the unfolded one on random inputs.
 *   report   or NULL; release with ofz_fold_report_free
 * On failure the model is half folded: free it.
 * Errors: OFZ_E_DIFFERENT (an output differs; names the pass), OFZ_E_UNSUPPORTED (the model cannot be
 * run, so nothing can be verified), OFZ_E_MODEL, OFZ_E_NOMEM. */
OFZ_API ofz_status ofz_model_fold(ofz_ctx *ctx, ofz_model *model, const ofz_fold_options *options,
                                  ofz_fold_report *report) OFZ_MUST_USE;
OFZ_API void       ofz_fold_report_free(ofz_fold_report *report);

/* --- running ---------------------------------------------------------------------------------- */

/* Evaluate the graph. Inputs are matched by name; every graph input that is not an initializer must
 * be there, with the dtype and a shape that fits. Outputs come back in graph order. One that is a
 * sequence comes as NAME.0, NAME.1, ..., a map as NAME.keys and NAME.values, an optional as what it
 * holds or not at all; a sequence of maps that all have the same keys (what classifiers give) as
 * NAME.keys and NAME.values [maps, keys].
 * Errors: OFZ_E_DATA, OFZ_E_UNSUPPORTED (names the node), OFZ_E_NOMEM, OFZ_E_LIMIT. */
OFZ_API ofz_status ofz_model_run(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *inputs,
                                 ofz_arrays **outputs) OFZ_MUST_USE;

/* One folder of ONNX's backend test format: model.onnx, test_data_set_N/{input,output}_I.pb.
 * Outputs drawn at random that are not the recorded ones are judged by property: type, shape, only 0 and
 * 1 where the record has nothing else, and a mean that chance allows. by_property (or NULL): 1 when that
 * was so.
 * OFZ_OK: passed. OFZ_E_DIFFERENT: ran, wrong. OFZ_E_UNSUPPORTED and others: did not run. */
OFZ_API ofz_status ofz_backend_test(ofz_ctx *ctx, const char *folder, double rtol, double atol,
                                    int *by_property) OFZ_MUST_USE;

/* --- training --------------------------------------------------------------------------------- */

typedef enum ofz_loss {
    OFZ_LOSS_CE,
    OFZ_LOSS_MSE,
    OFZ_LOSS_L1,
    OFZ_LOSS_HUBER,
    OFZ_LOSS_BCE
} ofz_loss;
typedef enum ofz_optimizer { OFZ_SGD, OFZ_ADAM, OFZ_ADAMW } ofz_optimizer;
typedef enum ofz_schedule { OFZ_CONSTANT, OFZ_STEP, OFZ_COSINE } ofz_schedule;
typedef enum ofz_bn_mode { OFZ_BN_FROZEN, OFZ_BN_BATCH } ofz_bn_mode;
typedef enum ofz_monitor { OFZ_MONITOR_LOSS, OFZ_MONITOR_ACCURACY, OFZ_MONITOR_F1 } ofz_monitor;

/* Feed graph input `input` from array `array` of the data. */
typedef struct ofz_binding {
    const char *input, *array;
} ofz_binding;

/* Metrics over one pass of a dataset. Classification numbers are present when class_count > 0. */
typedef struct ofz_metrics {
    size_t          sample_count;
    double          loss;
    int             class_count;
    double          accuracy, precision, recall, f1; /* macro averages over classes that occur */
    double          mean_abs_error;                  /* regression; NaN for classification */
    double          r2; /* coefficient of determination; NaN likewise */
    const double   *class_precision, *class_recall, *class_f1; /* class_count each */
    const uint64_t *class_samples; /* class_count: targets of each class */
    const uint64_t *confusion;     /* [class_count, class_count], row = true class; NULL above 1024
                                  classes. All arrays are lent by the result or event */
} ofz_metrics;

typedef enum ofz_event_kind {
    OFZ_EVENT_START, /* once; total_steps is known */
    OFZ_EVENT_STEP,
    OFZ_EVENT_EPOCH,
    OFZ_EVENT_STOP /* once; early stop, end or cancel, see reason */
} ofz_event_kind;

typedef struct ofz_event {
    ofz_event_kind     kind;
    uint64_t           step, total_steps; /* optimizer steps done, and planned; 1-based in STEP */
    int                epoch, epochs;     /* 1-based */
    double             loss;              /* STEP: of this step; EPOCH: mean over the epoch */
    double             lr;
    double             grad_norm;    /* STEP: global L2 norm before clipping */
    double             ms;           /* STEP: wall time of the step, milliseconds */
    double             seconds;      /* EPOCH: wall time, validation included */
    size_t             sample_count; /* STEP: samples in this step */
    const ofz_metrics *val;          /* EPOCH: NULL without validation data */
    int                best;         /* EPOCH: 1 when this is the best so far */
    const char        *reason;       /* STOP: "finished", "early stop", "cancelled" */
} ofz_event;

/* Return nonzero to stop after this step; the checkpoint is written first. */
typedef int ofz_event_fn(void *user, const ofz_event *event);

typedef struct ofz_train_options {
    const ofz_binding *bindings; /* inputs without one are fed from the array of the same name */
    size_t             binding_count;
    const char        *target;    /* array of targets; "labels" */
    const char        *output;    /* value that feeds the loss; NULL: the first graph output */
    const ofz_arrays  *val;       /* validation data, or NULL */
    double             val_split; /* share of the data kept for validation when val is NULL; 0 */
    ofz_loss           loss;
    ofz_optimizer      optimizer;
    double             lr;           /* 0: 0.01 for SGD, 0.001 for Adam and AdamW */
    double             momentum;     /* of SGD; 0 */
    double             weight_decay; /* below 0: 0.01 for AdamW, none for the others */
    double             beta1, beta2, eps;
    int                nesterov;
    ofz_schedule       schedule;
    int                step_size;  /* epochs between two decays of OFZ_STEP; 0: a third of epochs */
    double             step_gamma; /* factor of OFZ_STEP; 0.1 */
    int                warmup;     /* optimizer steps of linear warm-up */
    double             clip_norm;  /* global L2 norm; 0: off */
    int                accumulate; /* batches per optimizer step */
    int                epochs;
    int                batch_size;
    uint64_t           seed;
    int                shuffle;
    ofz_bn_mode        bn;
    int                early_stop; /* epochs without improvement; 0: off */
    ofz_monitor        monitor;
    const char        *checkpoint;       /* file written after every epoch and on cancel, or NULL */
    int                checkpoint_steps; /* also every so many steps; 0: off */
    const char        *resume;           /* checkpoint to continue from, or NULL */
    ofz_event_fn      *on_event;         /* or NULL */
    void              *user;
} ofz_train_options;

typedef struct ofz_train_report {
    uint64_t    steps;
    int         epochs, best_epoch;
    double      first_loss, last_loss; /* mean training loss over the first and the last epoch */
    double      best_value;            /* of the monitored metric; without validation the loss */
    size_t      trained_count, frozen_count; /* tensors */
    const char *reason;                      /* as in OFZ_EVENT_STOP */
} ofz_train_report;

OFZ_API void ofz_train_options_init(ofz_train_options *options);

/* Train the model's trainable tensors on `data`. On OFZ_OK the model holds the best weights (or the
 * last, without validation). On OFZ_E_CANCELLED it holds the last ones; on any other failure it is
 * unchanged.
 * Errors: OFZ_E_DATA (arrays, shapes, labels), OFZ_E_UNSUPPORTED (an operator without gradient on
 * the way to a trainable tensor), OFZ_E_NUMERIC (the loss is not finite), OFZ_E_ARG. */
OFZ_API ofz_status ofz_train(ofz_ctx *ctx, ofz_model *model, const ofz_arrays *data,
                             const ofz_train_options *options,
                             ofz_train_report        *report) OFZ_MUST_USE;

typedef struct ofz_eval_options {
    const ofz_binding *bindings;
    size_t             binding_count;
    const char        *target, *output;
    ofz_loss           loss;
    int                batch_size;
} ofz_eval_options;

typedef struct ofz_eval_result ofz_eval_result;

OFZ_API void ofz_eval_options_init(ofz_eval_options *options);
/* Loss and metrics of the model on `data`, in inference form. */
OFZ_API ofz_status         ofz_eval(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *data,
                                    const ofz_eval_options *options, ofz_eval_result **out) OFZ_MUST_USE;
OFZ_API const ofz_metrics *ofz_eval_metrics(const ofz_eval_result *result);
OFZ_API void               ofz_eval_result_free(ofz_eval_result *result);

/* --- editing ---------------------------------------------------------------------------------- */

typedef enum ofz_edit_kind {
    OFZ_EDIT_EXTRACT,      /* "IN[,IN..]:OUT[,OUT..]": the part of the model between values */
    OFZ_EDIT_RENAME,       /* "OLD=NEW", a value; "node:OLD=NEW", a node */
    OFZ_EDIT_REMOVE,       /* "NODE", by its name or an output's; its reader reads its input */
    OFZ_EDIT_INSERT,       /* "y2 = Relu (y)": what read y reads y2 */
    OFZ_EDIT_REPLACE,      /* "NODE=y = Relu (x)": other nodes make the outputs of NODE */
    OFZ_EDIT_SET_SHAPE,    /* "NAME=N,3,224,224": numbers, names, ? for an unknown */
    OFZ_EDIT_SET_ATTR,     /* "NODE.ATTR=VALUE", or "NODE.ATTR" with array */
    OFZ_EDIT_DROP_ATTR,    /* "NODE.ATTR" */
    OFZ_EDIT_SET_INIT,     /* "NAME" with array */
    OFZ_EDIT_INITIALIZERS, /* Constant nodes become initializers; no text */
    OFZ_EDIT_CONSTANTS,    /* initializers become Constant nodes; no text */
    OFZ_EDIT_OPSET,        /* "17": the operators of another opset of ai.onnx */
    OFZ_EDIT_HEAD,         /* "T[,T..]": what computes T, and outputs that do not depend on T */
    OFZ_EDIT_TAIL,         /* "T[,T..]": what computes the other outputs, from T */
    OFZ_EDIT_PREPEND,      /* model runs first and feeds this one; see prefix and map; no text */
    OFZ_EDIT_APPEND,       /* this one feeds model */
    OFZ_EDIT_INLINE,       /* bodies in place of calls of the model's own functions; no text */
    OFZ_EDIT_FLOAT         /* "float16", "bfloat16" or "float32": the type of what is a float */
} ofz_edit_kind;

typedef struct ofz_edit_step {
    ofz_edit_kind    kind;
    const char      *text;
    const ofz_array *array; /* where the kind takes one; else NULL */
    /* OFZ_EDIT_PREPEND, OFZ_EDIT_APPEND */
    ofz_model
        *model; /* must outlive the one that is edited, and is good for nothing else afterwards */
    const char *prefix; /* before every name that comes from it; NULL: none */
    const char *map;    /* "OUT=IN[,OUT=IN..]"; NULL: what has one name, else in order */
    /* OFZ_EDIT_FLOAT */
    const char *const *keep; /* nodes that stay as they are: by name, or "op:TYPE" */
    size_t             keep_count;
    int                keep_io; /* nonzero: inputs and outputs of the model keep their types */
} ofz_edit_step;

/* Apply `count` edits in order. Weights keep their bytes and their marks. After a failure the model is only
 * good for ofz_model_free.
 * Errors: OFZ_E_ARG (text that means nothing, no such name), OFZ_E_MODEL (types or shapes do not fit any
 * more; the node is named), OFZ_E_UNSUPPORTED (no rule leads there; node, operator and reason are named),
 * OFZ_E_NOMEM. The number of the edit and its text come first. */
OFZ_API ofz_status ofz_model_edit(ofz_ctx *ctx, ofz_model *model, const ofz_edit_step *edits,
                                  size_t count) OFZ_MUST_USE;

/* ofz_model_save, but what was written is read back and checked before it is in place: with a finding that
 * is more than an operator unknown here (fn is called for each, and may be NULL) nothing is written, and
 * OFZ_E_MODEL is returned. What was found in the source's file as well does not count. */
OFZ_API ofz_status ofz_model_save_checked(ofz_ctx *ctx, const ofz_model *model, const char *path,
                                          ofz_finding_fn *fn, void *user) OFZ_MUST_USE;

/* Write the model as JSON, by protobuf's own mapping, atomically: as ofz_model_save_checked would write it,
 * checked in the same way. drop_unknown: nonzero leaves out fields that this program does not know, which are
 * an error (OFZ_E_UNSUPPORTED) else. External data stays where it is. */
OFZ_API ofz_status ofz_model_save_json(ofz_ctx *ctx, const ofz_model *model, const char *path,
                                       int drop_unknown, ofz_finding_fn *fn,
                                       void *user) OFZ_MUST_USE;
/* The model that such a file describes. External data is refused, as by ofz_model_load_memory. Fields in the
 * order of their numbers come back byte for byte. Errors: OFZ_E_PARSE with the line, those of loading. */
OFZ_API ofz_status ofz_model_load_json(ofz_ctx *ctx, const char *path,
                                       ofz_model **out) OFZ_MUST_USE;

/* --- exporting -------------------------------------------------------------------------------- */

typedef struct ofz_export_options {
    int strip;         /* remove the marks */
    int external;      /* weights of 1 KiB and more go to PATH.data */
    int training_info; /* write trainable tensors as TrainingInfoProto in place of marks */
} ofz_export_options;

typedef struct ofz_export_report {
    size_t size, external_size;         /* bytes written */
    size_t frozen_count, trained_count; /* tensors; trained: bytes differ from the source */
    size_t frozen_size;
    char   frozen_hash[33]; /* over name, dtype, shape and bytes of all frozen tensors */
    int    verified;        /* 1: the file was read back and compared */
} ofz_export_report;

OFZ_API void ofz_export_options_init(ofz_export_options *options);
/* ofz_model_save, with options, read back and compared before it is renamed into place. */
OFZ_API ofz_status ofz_model_export(ofz_ctx *ctx, const ofz_model *model, const char *path,
                                    const ofz_export_options *options,
                                    ofz_export_report        *report) OFZ_MUST_USE;

/* --- what the program knows ------------------------------------------------------------------- */

typedef struct ofz_op_info {
    const char *domain, *name; /* "" is ai.onnx */
    int         since;
    int         min_inputs, max_inputs, min_outputs, max_outputs; /* max -1: any number */
    int         infer, eval, grad;                                /* 1: present */
    const char *instead; /* the version withdraws the operator: what takes its place; else NULL */
    /* What ONNX says of the version, as text; NULL outside ONNX's own domains.
     *   formals     "X:T W:T B:T? -> Y:T": inputs and outputs with their type variables; T? may be
     *               left out, T+ is one or more, T* any number, ~ with types of their own
     *   types       "T = floats int32; I = int64": what the variables may be; floats stands for
     *               float16 float32 float64, and so on
     *   attributes  "axis:int! group:int=1 pads:ints": ! is required, = gives the default */
    const char *formals, *types, *attributes;
    const char *limit; /* what this program lacks of the version, or NULL */
} ofz_op_info;

OFZ_API size_t      ofz_op_count(void);
OFZ_API ofz_op_info ofz_op_get(size_t index); /* sorted by domain, name, since */

#ifdef __cplusplus
}
#endif

#endif
