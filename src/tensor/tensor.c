/* tensor.c - see tensor.h. */
#include "tensor/tensor.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/meter.h"
#include "tensor/container.h"

struct ofz_buffer {
    atomic_int refs;
    size_t     size;
    void      *data;
    bool       owned;
    ofz_meter *meter; /* of an owned one */
    void (*drop)(void *data, size_t size);
};

static ofz_buffer *buffer_make(void *data, size_t size, bool owned)
{
    ofz_buffer *b = malloc(sizeof *b);

    if (!b) return NULL;
    atomic_init(&b->refs, 1);
    b->size  = size;
    b->data  = data;
    b->owned = owned;
    b->drop  = NULL;
    b->meter = NULL;
    return b;
}

ofz_status ofz_buffer_new(ofz_ctx *ctx, size_t size, ofz_buffer **out)
{
    ofz_buffer *b;
    void       *data;

    if (size > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "tensor: %zu bytes, want at most %zu", size,
                        ctx->limits.tensor_size);
    if (!ofz_meter_take(ctx->meter, size, ctx->limits.memory_size))
        return ofz_fail(ctx, OFZ_E_LIMIT, "tensor: %zu bytes more, want at most %zu in all", size,
                        ctx->limits.memory_size);
    data = NULL;
    if (posix_memalign(&data, 64, size ? size : 1)) data = NULL;
    b = data ? buffer_make(data, size, true) : NULL;
    if (!b) {
        free(data);
        ofz_meter_give(ctx->meter, size);
        return ofz_fail_nomem(ctx, "tensor", size);
    }
    b->meter = ctx->meter;
    *out     = b;
    return OFZ_OK;
}

ofz_status ofz_buffer_wrap(ofz_ctx *ctx, void *data, size_t size, ofz_buffer **out)
{
    ofz_buffer *b = buffer_make(data, size, false);

    if (!b) return ofz_fail_nomem(ctx, "tensor", sizeof *b);
    *out = b;
    return OFZ_OK;
}

ofz_buffer *ofz_buffer_retain(ofz_buffer *b)
{
    if (b) atomic_fetch_add(&b->refs, 1);
    return b;
}

void ofz_buffer_release(ofz_buffer *b)
{
    if (!b || atomic_fetch_sub(&b->refs, 1) != 1) return;
    if (b->drop) b->drop(b->data, b->size);
    if (b->owned) {
        free(b->data);
        ofz_meter_give(b->meter, b->size);
    }
    free(b);
}

void ofz_buffer_on_drop(ofz_buffer *b, void (*drop)(void *data, size_t size))
{
    b->drop = drop;
}

bool ofz_buffer_reusable(const ofz_buffer *b)
{
    return b->owned && !b->drop && !ofz_buffer_shared(b);
}

void *ofz_buffer_data(const ofz_buffer *b)
{
    return b->data;
}

size_t ofz_buffer_size(const ofz_buffer *b)
{
    return b->size;
}

bool ofz_buffer_shared(const ofz_buffer *b)
{
    return atomic_load(&b->refs) > 1;
}

ofz_status ofz_tensor_set(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, int rank,
                          const int64_t *dim)
{
    int64_t count = 1;
    bool    known = rank >= 0;
    size_t  size  = 0;

    if (rank > OFZ_MAX_RANK)
        return ofz_fail(ctx, OFZ_E_LIMIT, "rank: %d, want at most %d", rank, OFZ_MAX_RANK);
    for (int i = 0; i < rank; i++) known = known && dim[i] >= 0;
    for (int i = 0; i < rank && known; i++)
        if (dim[i] == 0) count = 0;
    for (int i = 0; i < rank && known && count; i++)
        if (!ofz_mul(count, dim[i], &count))
            return ofz_fail(ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
    if (known && ofz_dtype_is_container(dtype)) {
        if (count > (int64_t)(PTRDIFF_MAX / sizeof(ofz_tensor)))
            return ofz_fail(ctx, OFZ_E_LIMIT, "%s: %" PRId64 " elements are too many",
                            ofz_dtype_name(dtype), count);
        size = (size_t)count * sizeof(ofz_tensor);
    } else if (known && dtype && !ofz_dtype_size(dtype, count, &size))
        return ofz_fail(ctx, OFZ_E_LIMIT, "shape: %" PRId64 " elements of %s are too many", count,
                        ofz_dtype_name(dtype));
    if (rank > 0) memmove(t->dim, dim, (size_t)rank * sizeof *dim);
    t->dtype  = dtype;
    t->rank   = rank;
    t->count  = known ? count : -1;
    t->size   = size;
    t->data   = NULL;
    t->buffer = NULL;
    return OFZ_OK;
}

ofz_status ofz_tensor_new(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, int rank,
                          const int64_t *dim)
{
    OFZ_TRY(ofz_tensor_set(ctx, t, dtype, rank, dim));
    if (t->count < 0) return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "shape: unknown, want numbers");
    if (ofz_dtype_is_container(dtype)) return ofz_container_new(ctx, t, dtype, t->count);
    OFZ_TRY(ofz_buffer_new(ctx, t->size, &t->buffer));
    t->data = ofz_buffer_data(t->buffer);
    if (dtype == OFZ_STRING) memset(t->data, 0, t->size);
    return OFZ_OK;
}

void ofz_tensor_release(ofz_tensor *t)
{
    ofz_buffer_release(t->buffer);
    t->dtype  = OFZ_UNDEFINED;
    t->rank   = 0;
    t->count  = 0;
    t->size   = 0;
    t->data   = NULL;
    t->buffer = NULL;
}

void ofz_tensor_share(const ofz_tensor *t, ofz_tensor *out)
{
    ofz_buffer_retain(t->buffer);
    *out = *t;
}

/* Containers nest as deep as their types and the guard of the file allow. */
static ofz_status container_copy(ofz_ctx *ctx, const ofz_tensor *t, ofz_tensor *out)
{
    ofz_tensor copy;

    OFZ_TRY(ofz_container_new(ctx, &copy, t->dtype, t->count));
    for (int64_t i = 0; i < t->count; i++) {
        const ofz_status st =
            ofz_tensor_copy(ctx, ofz_container_item(t, i), ofz_container_item(&copy, i));

        if (st) {
            ofz_tensor_release(&copy);
            return st;
        }
    }
    *out = copy;
    return OFZ_OK;
}

ofz_status ofz_tensor_copy(ofz_ctx *ctx, const ofz_tensor *t, ofz_tensor *out)
{
    ofz_tensor copy;
    size_t     text = 0;
    char      *end;

    if (ofz_dtype_is_container(t->dtype)) return container_copy(ctx, t, out);
    if (t->dtype == OFZ_STRING)
        for (int64_t i = 0; i < t->count; i++) text += ((const ofz_string *)t->data)[i].size;
    OFZ_TRY(ofz_tensor_set(ctx, &copy, t->dtype, t->rank, t->dim));
    OFZ_TRY(ofz_buffer_new(ctx, copy.size + text, &copy.buffer));
    copy.data = ofz_buffer_data(copy.buffer);
    if (copy.size) memcpy(copy.data, t->data, copy.size);
    end = (char *)copy.data + copy.size;
    if (t->dtype == OFZ_STRING)
        for (int64_t i = 0; i < t->count; i++) {
            ofz_string *s = &((ofz_string *)copy.data)[i];

            if (s->size) memcpy(end, s->text, s->size);
            s->text = end;
            end += s->size;
        }
    *out = copy;
    return OFZ_OK;
}

bool ofz_tensor_aligned(const ofz_tensor *t)
{
    return (uintptr_t)t->data % ofz_dtype_get(t->dtype)->align == 0;
}

bool ofz_tensor_same_shape(const ofz_tensor *a, const ofz_tensor *b)
{
    return a->dtype == b->dtype && a->rank == b->rank &&
           (a->rank <= 0 || !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]));
}

bool ofz_tensor_identical(const ofz_tensor *a, const ofz_tensor *b)
{
    if (!ofz_tensor_same_shape(a, b)) return false;
    if (a->dtype != OFZ_STRING) return !a->size || !memcmp(a->data, b->data, a->size);
    for (int64_t i = 0; i < a->count; i++) {
        const ofz_string x = ((const ofz_string *)a->data)[i], y = ((const ofz_string *)b->data)[i];

        if (x.size != y.size || (x.size && memcmp(x.text, y.text, x.size) != 0)) return false;
    }
    return true;
}

int64_t ofz_tensor_span(const ofz_tensor *t, int from, int to)
{
    int64_t n = 1;

    for (int i = from; i < to; i++) {
        if (t->dim[i] < 0) return -1;
        if (!ofz_mul(n, t->dim[i], &n)) n = INT64_MAX;
    }
    return n;
}

const char *ofz_shape_text(char *buf, size_t size, int rank, const int64_t *dim)
{
    size_t n = 0;

    if (rank < 0) {
        snprintf(buf, size, "of unknown rank");
        return buf;
    }
    n += (size_t)snprintf(buf, size, "[");
    for (int i = 0; i < rank && n < size; i++)
        n += (size_t)(dim[i] >= 0 ? snprintf(buf + n, size - n, "%s%" PRId64, i ? ", " : "", dim[i])
                                  : snprintf(buf + n, size - n, "%s?", i ? ", " : ""));
    if (n < size) snprintf(buf + n, size - n, "]");
    return buf;
}

ofz_status ofz_axis(ofz_ctx *ctx, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "axis: %" PRId64 ", want within [%d, %d)", axis, -rank,
                        rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return OFZ_OK;
}

ofz_status ofz_broadcast(ofz_ctx *ctx, int rank_a, const int64_t *a, int rank_b, const int64_t *b,
                         int64_t fresh, int *rank, int64_t *dim)
{
    const int r = rank_a > rank_b ? rank_a : rank_b;
    int64_t   out[OFZ_MAX_RANK];

    for (int i = 0; i < r; i++) {
        const int64_t x = i < r - rank_a ? 1 : a[i - (r - rank_a)];
        const int64_t y = i < r - rank_b ? 1 : b[i - (r - rank_b)];

        if (x == y || y == 1)
            out[i] = x;
        else if (x == 1)
            out[i] = y;
        else if (x < 0 && y < 0)
            out[i] = fresh + i; /* one unknown per axis */
        else if (x < 0)
            out[i] = y;
        else if (y < 0)
            out[i] = x;
        else {
            char ta[128], tb[128];

            return ofz_fail(ctx, OFZ_E_MODEL, "shapes %s and %s: do not broadcast",
                            ofz_shape_text(ta, sizeof ta, rank_a, a),
                            ofz_shape_text(tb, sizeof tb, rank_b, b));
        }
    }
    *rank = r;
    if (r) memcpy(dim, out, (size_t)r * sizeof *dim);
    return OFZ_OK;
}

void ofz_broadcast_strides(const ofz_tensor *t, int rank, const int64_t *dim, int64_t *stride)
{
    int64_t n = 1;

    for (int i = rank - 1; i >= 0; i--) {
        const int k = i - (rank - t->rank);

        stride[i] = k < 0 || (t->dim[k] == 1 && dim[i] != 1) ? 0 : n;
        if (k >= 0) n *= t->dim[k];
    }
}

static bool string_equal(ofz_string a, ofz_string b)
{
    return a.size == b.size && (!a.size || !memcmp(a.text, b.text, a.size));
}

static int string_order(ofz_string a, ofz_string b)
{
    const size_t n = a.size < b.size ? a.size : b.size;
    const int    c = n ? memcmp(a.text, b.text, n) : 0;

    return c ? c : (a.size > b.size) - (a.size < b.size);
}

static int real_order(double x, double y)
{
    if (isnan(x) || isnan(y)) return (isnan(x) != 0) - (isnan(y) != 0);
    return (x > y) - (x < y);
}

int ofz_elem_order(const ofz_tensor *a, int64_t i, const ofz_tensor *b, int64_t j)
{
    int64_t x, y;

    if (a->dtype == OFZ_STRING)
        return string_order(((const ofz_string *)a->data)[i], ((const ofz_string *)b->data)[j]);
    if (ofz_dtype_is_float(a->dtype))
        return real_order(ofz_elem_f64(a->dtype, a->data, i), ofz_elem_f64(b->dtype, b->data, j));
    x = ofz_elem_i64(a->dtype, a->data, i);
    y = ofz_elem_i64(b->dtype, b->data, j);
    if (a->dtype == OFZ_U64) return ((uint64_t)x > (uint64_t)y) - ((uint64_t)x < (uint64_t)y);
    return (x > y) - (x < y);
}

/* One pair of numbers. */
static void compare_number(double x, double y, bool exact, double rtol, double atol, int64_t i,
                           ofz_comparison *out)
{
    const bool same = x == y || (isnan(x) && isnan(y));

    if (!same) {
        const double d = fabs(x - y);

        if (isfinite(d)) {
            out->sum_sq += d * d;
            if (d > out->max_abs) out->max_abs = d;
        }
        if (exact || !(d <= atol + rtol * fabs(y)) || isinf(y)) {
            if (out->first_bad < 0) out->first_bad = i;
            out->bad_count++;
        }
    }
}

static bool container_compare(const ofz_tensor *a, const ofz_tensor *b, double rtol, double atol,
                              ofz_comparison *out)
{
    ofz_comparison sum = { .first_bad = -1 }, d;

    *out = (ofz_comparison){ .first_bad = -1 };
    for (int64_t i = 0; i < a->count; i++) {
        if (!ofz_tensor_compare(ofz_container_item(a, i), ofz_container_item(b, i), rtol, atol, &d))
            return false;
        if (d.bad_count && sum.first_bad < 0) sum.first_bad = i;
        sum.bad_count += d.bad_count;
        sum.changed_count += d.changed_count;
        sum.sum_sq += d.sum_sq;
        sum.max_abs = fmax(sum.max_abs, d.max_abs);
    }
    *out = sum;
    return true;
}

bool ofz_tensor_compare(const ofz_tensor *a, const ofz_tensor *b, double rtol, double atol,
                        ofz_comparison *out)
{
    const ofz_dtype_class cls   = ofz_dtype_get(a->dtype)->cls;
    const bool            exact = cls != OFZ_CLASS_FLOAT && cls != OFZ_CLASS_COMPLEX;
    const int             bits  = ofz_dtype_get(a->dtype)->bits;
    const size_t          width = (size_t)bits / 8;

    *out = (ofz_comparison){ .first_bad = -1 };
    if (!ofz_tensor_same_shape(a, b)) return false;
    if (ofz_dtype_is_container(a->dtype)) return container_compare(a, b, rtol, atol, out);
    if (!bits) return false;
    if (cls != OFZ_CLASS_STRING && a->size && !memcmp(a->data, b->data, a->size)) return true;
    for (int64_t i = 0; i < a->count; i++) {
        if (cls == OFZ_CLASS_STRING) {
            if (string_equal(((const ofz_string *)a->data)[i], ((const ofz_string *)b->data)[i]))
                continue;
            if (!out->bad_count++) out->first_bad = i;
            out->changed_count++;
            continue;
        }
        if (bits < 8 ? ofz_elem_bits(a->dtype, a->data, i) == ofz_elem_bits(b->dtype, b->data, i)
                     : !memcmp((const char *)a->data + (size_t)i * width,
                               (const char *)b->data + (size_t)i * width, width))
            continue;
        out->changed_count++;
        if (a->dtype == OFZ_I64 || a->dtype == OFZ_U64) { /* beyond 2^53 doubles would lie */
            if (!out->bad_count++) out->first_bad = i;
            out->max_abs = fmax(out->max_abs, fabs(ofz_elem_f64(a->dtype, a->data, i) -
                                                   ofz_elem_f64(b->dtype, b->data, i)));
        } else if (a->dtype == OFZ_C64) {
            const ofz_c64 *x = a->data, *y = b->data;

            compare_number(x[i].re, y[i].re, exact, rtol, atol, i, out);
            compare_number(x[i].im, y[i].im, exact, rtol, atol, i, out);
        } else if (a->dtype == OFZ_C128) {
            const ofz_c128 *x = a->data, *y = b->data;

            compare_number(x[i].re, y[i].re, exact, rtol, atol, i, out);
            compare_number(x[i].im, y[i].im, exact, rtol, atol, i, out);
        } else {
            compare_number(ofz_elem_f64(a->dtype, a->data, i), ofz_elem_f64(b->dtype, b->data, i),
                           exact, rtol, atol, i, out);
        }
    }
    return true;
}
