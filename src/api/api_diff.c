/* api_diff.c - what differs between two models, tensor by tensor. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/compare.h"
#include "api/view.h"

typedef struct diff {
    ofz_ctx         *ctx;
    const ofz_model *a, *b;
    ofz_diff_fn     *fn;
    void            *user;
    bool             found;
} diff;

static void report(diff *d, ofz_diff_entry entry, const char *text)
{
    d->found   = true;
    entry.text = text;
    if (d->fn) d->fn(d->user, &entry);
}

static void report_structure(void *user, const char *part, const char *text)
{
    report(user, (ofz_diff_entry){ .kind = OFZ_DIFF_STRUCTURE, .name = part }, text);
}

/* The tensor of B that belongs to tensor `index` of A: of the same name, and at the same place where
 * several subgraphs use a name. -1: none. */
static int partner(const ofz_model *a, const ofz_model *b, size_t index)
{
    const ofz_value *v = a->tensor.item[index];

    if (index < b->tensor.count &&
        !strcmp(((const ofz_value *)b->tensor.item[index])->name, v->name))
        return (int)index;
    return ofz_model_find_tensor(b, v->name);
}

/* Payloads in a file may be unaligned; comparing numbers wants them aligned. */
static ofz_status aligned(ofz_ctx *ctx, const ofz_tensor *t, ofz_tensor *own,
                          const ofz_tensor **out)
{
    *out = t;
    if (ofz_tensor_aligned(t)) return OFZ_OK;
    OFZ_TRY(ofz_tensor_copy(ctx, t, own));
    *out = own;
    return OFZ_OK;
}

static ofz_status compare_bytes(ofz_ctx *ctx, const ofz_tensor *a, const ofz_tensor *b,
                                ofz_comparison *out)
{
    ofz_tensor        x = { .buffer = NULL }, y = { .buffer = NULL };
    const ofz_tensor *p, *q;
    ofz_status        st = aligned(ctx, a, &x, &p);

    if (!st) st = aligned(ctx, b, &y, &q);
    if (!st) ofz_tensor_compare(p, q, 0, 0, out);
    ofz_tensor_release(&x);
    ofz_tensor_release(&y);
    return st;
}

static ofz_status diff_values(diff *d, const ofz_value *a, const ofz_value *b, bool frozen)
{
    ofz_comparison c;
    ofz_diff_entry e;
    char           text[512];

    if (ofz_tensor_identical(a->constant, b->constant)) return OFZ_OK;
    OFZ_TRY(compare_bytes(d->ctx, a->constant, b->constant, &c));
    if (!c.changed_count) return OFZ_OK; /* spare bits of a packed type */
    e = (ofz_diff_entry){ .kind          = OFZ_DIFF_VALUES,
                          .name          = a->name,
                          .frozen        = frozen,
                          .changed_count = (size_t)c.changed_count,
                          .count         = (size_t)a->constant->count,
                          .max_abs       = c.max_abs,
                          .l2            = sqrt(c.sum_sq) };
    snprintf(text, sizeof text, "%.100s: %zu of %zu elements differ, by at most %.9g (L2 %.9g)%s",
             a->name, e.changed_count, e.count, e.max_abs, e.l2, frozen ? ", frozen" : "");
    report(d, e, text);
    return OFZ_OK;
}

static void diff_marks(diff *d, const ofz_value *a, const ofz_value *b, bool frozen)
{
    const ofz_diff_entry e = { .kind = OFZ_DIFF_MARK, .name = a->name, .frozen = frozen };
    char                 text[512];

    if (a->mark != b->mark)
        snprintf(text, sizeof text, "%.100s: marked %s, %s in the other", a->name,
                 ofz_mark_name(a->mark), ofz_mark_name(b->mark));
    else if (a->lr_scale != b->lr_scale)
        snprintf(text, sizeof text, "%.100s: lr_scale %.9g, %.9g in the other", a->name,
                 a->lr_scale, b->lr_scale);
    else if (strcmp(a->group ? a->group : "", b->group ? b->group : "") != 0)
        snprintf(text, sizeof text, "%.100s: group '%.100s', '%.100s' in the other", a->name,
                 a->group ? a->group : "", b->group ? b->group : "");
    else
        return;
    report(d, e, text);
}

static ofz_status diff_tensor(diff *d, size_t index, bool frozen_only)
{
    const bool       frozen = ofz_view_frozen(d->a, index);
    const ofz_value *a      = d->a->tensor.item[index], *b;
    ofz_diff_entry   e      = { .name = a->name, .frozen = frozen };
    const int        other  = partner(d->a, d->b, index);
    char             text[512], x[128], y[128];

    if (frozen_only && !frozen) return OFZ_OK;
    if (other < 0) {
        e.kind = OFZ_DIFF_ONLY_A;
        snprintf(text, sizeof text, "%.100s: only in the first%s", a->name,
                 frozen ? ", frozen" : "");
        report(d, e, text);
        return OFZ_OK;
    }
    b = d->b->tensor.item[other];
    if (a->constant->dtype != b->constant->dtype) {
        e.kind = OFZ_DIFF_DTYPE;
        snprintf(text, sizeof text, "%.100s: %s, %s in the other", a->name,
                 ofz_dtype_name(a->constant->dtype), ofz_dtype_name(b->constant->dtype));
        report(d, e, text);
    } else if (!ofz_tensor_same_shape(a->constant, b->constant)) {
        e.kind = OFZ_DIFF_SHAPE;
        snprintf(text, sizeof text, "%.100s: %s, %s in the other", a->name,
                 ofz_shape_text(x, sizeof x, a->constant->rank, a->constant->dim),
                 ofz_shape_text(y, sizeof y, b->constant->rank, b->constant->dim));
        report(d, e, text);
    } else {
        OFZ_TRY(diff_values(d, a, b, frozen));
    }
    if (!frozen_only) diff_marks(d, a, b, frozen);
    return OFZ_OK;
}

static void diff_added(diff *d)
{
    char text[256];

    for (size_t i = 0; i < d->b->tensor.count; i++) {
        const ofz_value *v = d->b->tensor.item[i];

        if (partner(d->b, d->a, i) >= 0) continue;
        snprintf(text, sizeof text, "%.100s: only in the second", v->name);
        report(d, (ofz_diff_entry){ .kind = OFZ_DIFF_ONLY_B, .name = v->name }, text);
    }
}

ofz_status ofz_model_diff(ofz_ctx *ctx, const ofz_model *a, const ofz_model *b, int frozen_only,
                          ofz_diff_fn *fn, void *user)
{
    diff d = { ctx, a, b, fn, user, false };

    if (!frozen_only) ofz_structure_compare(a, b, report_structure, &d);
    for (size_t i = 0; i < a->tensor.count; i++) OFZ_TRY(diff_tensor(&d, i, frozen_only != 0));
    if (!frozen_only) diff_added(&d);
    if (!d.found) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_DIFFERENT, "%s",
                    frozen_only ? "a frozen tensor differs" : "the models differ");
}
