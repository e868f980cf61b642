/* dataset.h - arrays seen as samples: bound to graph inputs and a target, checked once, then handed
 * out batch by batch. */
#ifndef OFZ_DATA_DATASET_H
#define OFZ_DATA_DATASET_H

#include "data/arrays.h"
#include "ir/graph.h"

typedef struct ofz_dataset_spec {
    const ofz_binding *bindings; /* inputs without one are fed from the array of the same name */
    size_t             binding_count;
    const char        *target;      /* name of the target array; NULL: no target */
    ofz_loss           loss;        /* decides what the target is converted to */
    ofz_dtype          float_dtype; /* what floating-point targets become; OFZ_UNDEFINED: float32 */
    int64_t            batch_size;  /* checked against a fixed batch of the model; 0: unchecked */
} ofz_dataset_spec;

typedef struct ofz_column {
    const ofz_value  *input; /* NULL for the target */
    const char       *name;  /* of the array */
    const ofz_tensor *array; /* lent by the arrays */
    ofz_dtype         dtype; /* of a batch; elements are converted on the way */
    bool              whole; /* not per sample: the graph wants a scalar, fed as it is */
} ofz_column;

/* Immutable once made; lends from the arrays and the graph it was made of. */
typedef struct ofz_dataset {
    ofz_column *input; /* in graph order; inputs that nobody reads are left out */
    size_t      input_count;
    ofz_column  target;      /* .array NULL: none */
    int64_t     count;       /* samples; > 0 */
    int64_t     fixed_batch; /* the model accepts batches of exactly this size; 0: any */
} ofz_dataset;

/* Bind and check everything that can be checked before a batch is run.
 *
 * A graph input that is an initializer as well is fed only when a binding names it. Elements become
 * what the graph input declares: any number becomes a float (rounded to nearest; bytes of pictures
 * are not scaled); an integer or bool, or a float that holds whole numbers, becomes an integer that
 * holds it; 0 and 1 become a bool. Cross-entropy: whole-number targets of rank 1 become int64,
 * others `float_dtype`. The other losses: `float_dtype`. Errors: OFZ_E_DATA (missing array, counts
 * that differ or are 0, shape, dtype, a value that does not convert, a batch_size unlike the
 * model's fixed batch), OFZ_E_ARG (a binding for no input, or two for one), OFZ_E_NOMEM. */
ofz_status ofz_dataset_init(ofz_ctx *ctx, ofz_dataset *ds, const ofz_graph *g,
                            const ofz_arrays *arrays, const ofz_dataset_spec *spec) OFZ_MUST_USE;
void       ofz_dataset_deinit(ofz_dataset *ds);

/* How many batches `count` samples make: the last may be short. A model with a fixed batch takes no
 * short one: the rest is left out when `drop` says so (every epoch leaves out others when order is
 * shuffled), else OFZ_E_DATA. 0 batches is OFZ_E_DATA as well. */
ofz_status ofz_dataset_batches(ofz_ctx *ctx, const ofz_dataset *ds, int64_t count,
                               int64_t batch_size, bool drop, int64_t *out) OFZ_MUST_USE;

/* Gather samples order[0..count) into inputs[0..input_count) and *target (NULL, or no target in the
 * dataset: not wanted). A tensor that has the right dtype, shape and a buffer already is
 * overwritten in place; others are released and made anew: start with zeroed ones. Errors:
 * OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_dataset_batch(ofz_ctx *ctx, const ofz_dataset *ds, const int64_t *order,
                             int64_t count, ofz_tensor *inputs, ofz_tensor *target) OFZ_MUST_USE;

/* Part the samples 0..ds->count in two, by `seed` alone. With cross-entropy and integer targets
 * each class gives its share (largest remainders first) and keeps a sample for training; otherwise
 * the choice is uniform.
 *
 *   share       in (0, 1): of the samples, for validation; at least one on either side
 *   order       [ds->count]: training samples ascending, then validation samples ascending
 *   val_count   how many are of the second kind
 * Errors: OFZ_E_DATA (fewer than two samples), OFZ_E_ARG (share), OFZ_E_NOMEM. */
ofz_status ofz_dataset_split(ofz_ctx *ctx, const ofz_dataset *ds, ofz_loss loss, double share,
                             uint64_t seed, int64_t *order, int64_t *val_count) OFZ_MUST_USE;

/* The order of epoch `epoch`: a permutation of base[0..count) that depends on seed and epoch alone,
 * so that a resumed run meets the order it would have met. */
void ofz_dataset_shuffle(uint64_t seed, uint64_t epoch, const int64_t *base, size_t count,
                         int64_t *order);

#endif
