/* dataset.c - see dataset.h. */
#include "data/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "data/convert.h"

enum { TEXT_SIZE = 160 };

/* --- binding ---------------------------------------------------------------------------------- */

static const ofz_value *input_at(const ofz_graph *g, size_t i)
{
    return g->input.item[i];
}

/* The array bound to `input`, by a binding or by its own name; bound says which. */
static const char *array_of(const ofz_dataset_spec *spec, const ofz_value *input, bool *bound)
{
    *bound = false;
    for (size_t i = 0; i < spec->binding_count; i++)
        if (!strcmp(spec->bindings[i].input, input->name)) {
            *bound = true;
            return spec->bindings[i].array;
        }
    return input->name;
}

static ofz_status bindings_check(ofz_ctx *ctx, const ofz_graph *g, const ofz_dataset_spec *spec)
{
    for (size_t i = 0; i < spec->binding_count; i++) {
        const char *name  = spec->bindings[i].input;
        bool        found = false;

        for (size_t k = 0; k < g->input.count; k++)
            found = found || !strcmp(input_at(g, k)->name, name);
        if (!found)
            return ofz_fail(ctx, OFZ_E_ARG, "input '%s': not one of the model's %zu inputs", name,
                            g->input.count);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(spec->bindings[k].input, name))
                return ofz_fail(ctx, OFZ_E_ARG, "input '%s': bound twice", name);
    }
    return OFZ_OK;
}

/* An array that could have been meant: any but `taken`. */
static const char *array_other(const ofz_arrays *arrays, const char *taken)
{
    for (size_t i = 0; i < arrays->item.count; i++) {
        const char *name = ofz_arrays_at(arrays, i)->name;

        if (!taken || strcmp(name, taken)) return name;
    }
    return "ARRAY";
}

static ofz_status input_missing(ofz_ctx *ctx, const ofz_arrays *arrays, const ofz_value *input,
                                const char *name, const char *target)
{
    char       text[TEXT_SIZE];
    ofz_status st =
        ofz_fail(ctx, OFZ_E_DATA, "array '%s' for input '%s': not in the data, want one of %s",
                 name, input->name, ofz_arrays_text(text, sizeof text, arrays));

    return ofz_fix(ctx, st, "--input %s=%s", input->name, array_other(arrays, target));
}

static ofz_status target_missing(ofz_ctx *ctx, const ofz_dataset *ds, const ofz_arrays *arrays,
                                 const char *name)
{
    char       text[TEXT_SIZE];
    ofz_status st =
        ofz_fail(ctx, OFZ_E_DATA, "array '%s' for the target: not in the data, want one of %s",
                 name, ofz_arrays_text(text, sizeof text, arrays));

    return ofz_fix(ctx, st, "--target %s",
                   array_other(arrays, ds->input_count ? ds->input[0].name : NULL));
}

/* --- shapes and types ------------------------------------------------------------------------- */

/* Everything but the batch must be what the input declares, where it declares it. */
static ofz_status shape_check(ofz_ctx *ctx, const ofz_column *c)
{
    const ofz_tensor *want = &c->input->type, *have = c->array;
    bool              fits = true;
    char              a[TEXT_SIZE], b[TEXT_SIZE];

    if (want->rank < 0) return OFZ_OK;
    if (have->rank != want->rank) fits = false;
    for (int i = c->whole ? 0 : 1; fits && i < want->rank; i++)
        fits = !OFZ_DIM_KNOWN(want->dim[i]) || want->dim[i] == have->dim[i];
    if (fits) return OFZ_OK;
    ofz_shape_text(a, sizeof a, have->rank, have->dim);
    ofz_shape_text(b, sizeof b, want->rank, want->dim);
    return ofz_fail(ctx, OFZ_E_DATA, "array '%s': shape %s, want %s for input '%s'%s", c->name, a,
                    b, c->input->name, c->whole ? "" : " (the first dimension counts samples)");
}

static ofz_status column_fill(ofz_ctx *ctx, const ofz_arrays *arrays, const char *name,
                              const ofz_value *input, ofz_column *c)
{
    const ofz_tensor *t = ofz_arrays_tensor(arrays, name);

    *c = (ofz_column){ .input = input, .name = name, .array = t, .dtype = input->type.dtype };
    if (!c->dtype) c->dtype = t->dtype;
    c->whole = input->type.rank == 0 && t->rank == 0;
    OFZ_TRY(shape_check(ctx, c));
    if (!c->whole && t->rank == 0)
        return ofz_fail(ctx, OFZ_E_DATA,
                        "array '%s': shape [], want samples along the first dimension", name);
    return ofz_convert_check(ctx, name, t, c->dtype);
}

static ofz_status inputs_bind(ofz_ctx *ctx, ofz_dataset *ds, const ofz_graph *g,
                              const ofz_arrays *arrays, const ofz_dataset_spec *spec)
{
    for (size_t i = 0; i < g->input.count; i++) {
        const ofz_value *input = input_at(g, i);
        bool             bound;
        const char      *name = array_of(spec, input, &bound);

        if (!bound && (input->constant || (!input->use_count && !input->is_output))) continue;
        if (!ofz_arrays_tensor(arrays, name))
            return input_missing(ctx, arrays, input, name, spec->target);
        OFZ_TRY(column_fill(ctx, arrays, name, input, &ds->input[ds->input_count]));
        ds->input_count++;
    }
    return OFZ_OK;
}

/* Whole numbers of rank 1 are classes, whatever type they were saved in. */
static bool target_is_classes(ofz_ctx *ctx, const ofz_tensor *t, ofz_loss loss)
{
    ofz_ctx trial = *ctx; /* a trial that fails is no failure: its text goes here */

    return loss == OFZ_LOSS_CE && t->rank == 1 && !ofz_convert_check(&trial, "", t, OFZ_I64);
}

static ofz_status target_bind(ofz_ctx *ctx, ofz_dataset *ds, const ofz_arrays *arrays,
                              const ofz_dataset_spec *spec)
{
    const ofz_tensor *t;

    if (!spec->target) return OFZ_OK;
    t = ofz_arrays_tensor(arrays, spec->target);
    if (!t) return target_missing(ctx, ds, arrays, spec->target);
    if (t->rank == 0)
        return ofz_fail(ctx, OFZ_E_DATA,
                        "array '%s': shape [], want samples along the first dimension",
                        spec->target);
    ds->target       = (ofz_column){ .name = spec->target, .array = t };
    ds->target.dtype = target_is_classes(ctx, t, spec->loss) ? OFZ_I64
                       : spec->float_dtype                   ? spec->float_dtype
                                                             : OFZ_F32;
    return ofz_convert_check(ctx, spec->target, t, ds->target.dtype);
}

/* --- samples ---------------------------------------------------------------------------------- */

static ofz_status count_check(ofz_ctx *ctx, ofz_dataset *ds)
{
    const ofz_column *first = NULL;

    for (size_t i = 0; i <= ds->input_count; i++) {
        const ofz_column *c = i < ds->input_count ? &ds->input[i] : &ds->target;

        if (!c->array || c->whole) continue;
        if (!first) first = c;
        if (c->array->dim[0] != first->array->dim[0])
            return ofz_fail(ctx, OFZ_E_DATA,
                            "array '%s': %" PRId64 " samples, want %" PRId64 " as in '%s'", c->name,
                            c->array->dim[0], first->array->dim[0], first->name);
    }
    if (!first) return ofz_fail(ctx, OFZ_E_DATA, "data: no array of samples, want one per input");
    if (first->array->dim[0] == 0)
        return ofz_fail(ctx, OFZ_E_DATA, "array '%s': 0 samples, want at least 1", first->name);
    ds->count = first->array->dim[0];
    return OFZ_OK;
}

static ofz_status batch_check(ofz_ctx *ctx, ofz_dataset *ds, int64_t batch_size)
{
    for (size_t i = 0; i < ds->input_count; i++) {
        const ofz_tensor *want = &ds->input[i].input->type;

        if (ds->input[i].whole || want->rank < 1 || !OFZ_DIM_KNOWN(want->dim[0])) continue;
        if (want->dim[0] == 0 || (ds->fixed_batch && want->dim[0] != ds->fixed_batch))
            return ofz_fail(ctx, OFZ_E_DATA,
                            "input '%s': a fixed batch of %" PRId64
                            ", want one number for all inputs",
                            ds->input[i].input->name, want->dim[0]);
        ds->fixed_batch = want->dim[0];
    }
    if (!batch_size || !ds->fixed_batch || batch_size == ds->fixed_batch) return OFZ_OK;
    return ofz_fix(ctx,
                   ofz_fail(ctx, OFZ_E_DATA,
                            "batch size: %" PRId64 ", want %" PRId64 ", which the model fixes",
                            batch_size, ds->fixed_batch),
                   "--batch-size %" PRId64 " (--accumulate N sums the gradients of N batches)",
                   ds->fixed_batch);
}

ofz_status ofz_dataset_init(ofz_ctx *ctx, ofz_dataset *ds, const ofz_graph *g,
                            const ofz_arrays *arrays, const ofz_dataset_spec *spec)
{
    ofz_dataset made = { .input = calloc(g->input.count + 1, sizeof *made.input) };
    ofz_status  st   = OFZ_OK;

    if (!made.input) return ofz_fail_nomem(ctx, "dataset", g->input.count);
    OFZ_GOTO(bindings_check(ctx, g, spec));
    OFZ_GOTO(inputs_bind(ctx, &made, g, arrays, spec));
    OFZ_GOTO(target_bind(ctx, &made, arrays, spec));
    OFZ_GOTO(count_check(ctx, &made));
    OFZ_GOTO(batch_check(ctx, &made, spec->batch_size));
    *ds = made;
done:
    if (st) free(made.input);
    return st;
}

void ofz_dataset_deinit(ofz_dataset *ds)
{
    free(ds->input);
    *ds = (ofz_dataset){ 0 };
}

/* --- batches ---------------------------------------------------------------------------------- */

ofz_status ofz_dataset_batches(ofz_ctx *ctx, const ofz_dataset *ds, int64_t count,
                               int64_t batch_size, bool drop, int64_t *out)
{
    const int64_t rest = count % batch_size;

    *out = count / batch_size + (rest && !ds->fixed_batch);
    if (ds->fixed_batch && rest && !drop)
        return ofz_fix(ctx,
                       ofz_fail(ctx, OFZ_E_DATA,
                                "data: %" PRId64 " samples, want a multiple of %" PRId64
                                ", the model's fixed batch",
                                count, batch_size),
                       "leave out %" PRId64 " samples", rest);
    if (*out == 0)
        return ofz_fail(ctx, OFZ_E_DATA,
                        "data: %" PRId64 " samples, want at least %" PRId64 " for a batch", count,
                        ds->fixed_batch ? ds->fixed_batch : 1);
    return OFZ_OK;
}

/* Elements of one sample. */
static int64_t sample_span(const ofz_tensor *t)
{
    return t->count / t->dim[0];
}

static ofz_status column_gather(ofz_ctx *ctx, const ofz_column *c, const int64_t *order,
                                int64_t count, ofz_tensor *out)
{
    ofz_tensor want;
    int64_t    dim[OFZ_MAX_RANK], span;

    if (c->array->rank) memcpy(dim, c->array->dim, (size_t)c->array->rank * sizeof dim[0]);
    if (!c->whole) dim[0] = count;
    OFZ_TRY(ofz_tensor_set(ctx, &want, c->dtype, c->array->rank, dim));
    if (!out->buffer || !ofz_tensor_same_shape(out, &want)) {
        ofz_tensor_release(out);
        OFZ_TRY(ofz_tensor_new(ctx, out, c->dtype, c->array->rank, dim));
    }
    if (c->whole) {
        ofz_convert(c->array, 0, c->array->count, c->dtype, out->data, 0);
        return OFZ_OK;
    }
    span = sample_span(c->array);
    for (int64_t i = 0; i < count; i++)
        ofz_convert(c->array, order[i] * span, span, c->dtype, out->data, i * span);
    return OFZ_OK;
}

ofz_status ofz_dataset_batch(ofz_ctx *ctx, const ofz_dataset *ds, const int64_t *order,
                             int64_t count, ofz_tensor *inputs, ofz_tensor *target)
{
    for (size_t i = 0; i < ds->input_count; i++)
        OFZ_TRY(column_gather(ctx, &ds->input[i], order, count, &inputs[i]));
    if (target && ds->target.array) OFZ_TRY(column_gather(ctx, &ds->target, order, count, target));
    return OFZ_OK;
}
