/* stack.c - see stack.h. */
#include "ops/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/move.h"

/* Room for `more` items behind those that are there; new bytes are zero. */
static ofz_status stack_grow(ofz_ctx *ctx, ofz_stack *s, int64_t more)
{
    int64_t count;
    size_t  need, room;
    void   *bigger;

    if (!ofz_add(s->count, more, &count) || !ofz_mul(count, s->item.count, &count) ||
        !ofz_dtype_size(s->item.dtype, count, &need) || need > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "stacked output: more than %zu bytes",
                        ctx->limits.tensor_size);
    if (need <= s->room && s->data) return OFZ_OK;
    room   = need < SIZE_MAX / 2 ? 2 * need + 64 : need;
    bigger = realloc(s->data, room);
    if (!bigger) return ofz_fail_nomem(ctx, "stacked output", room);
    memset((char *)bigger + s->room, 0, room - s->room);
    s->data = bigger;
    s->room = room;
    return OFZ_OK;
}

ofz_status ofz_stack_push(ofz_ctx *ctx, ofz_stack *s, const ofz_tensor *t)
{
    ofz_tensor own;
    char       a[128], b[128];

    if (!ofz_dtype_get(t->dtype)->bits)
        return ofz_fail(ctx, OFZ_E_MODEL, "stacked output: %s, want a tensor",
                        ofz_dtype_name(t->dtype));
    if (!s->item.dtype) OFZ_TRY(ofz_tensor_set(ctx, &s->item, t->dtype, t->rank, t->dim));
    if (!ofz_tensor_same_shape(t, &s->item))
        return ofz_fail(ctx, OFZ_E_MODEL, "stacked output: %s %s, want %s %s as before",
                        ofz_dtype_name(t->dtype), ofz_shape_text(a, sizeof a, t->rank, t->dim),
                        ofz_dtype_name(s->item.dtype),
                        ofz_shape_text(b, sizeof b, s->item.rank, s->item.dim));
    OFZ_TRY(stack_grow(ctx, s, 1));
    if (t->dtype == OFZ_STRING) {
        OFZ_TRY(ofz_tensor_copy(ctx, t, &own));
        if (!ofz_list_push(&s->text, own.buffer)) {
            ofz_tensor_release(&own);
            return ofz_fail_nomem(ctx, "stacked output", sizeof own.buffer);
        }
        t = &own;
    }
    ofz_copy_run(ofz_bits(t->dtype), t->data, 0, s->data, s->count * t->count, t->count);
    s->count++;
    return OFZ_OK;
}

ofz_status ofz_stack_push_zeros(ofz_ctx *ctx, ofz_stack *s, int64_t count)
{
    OFZ_TRY(stack_grow(ctx, s, count));
    s->count += count; /* nothing was ever written there */
    return OFZ_OK;
}

ofz_status ofz_stack_take(ofz_ctx *ctx, const ofz_stack *s, int64_t axis, bool reverse,
                          ofz_tensor *out)
{
    const ofz_tensor *item = &s->item;
    int64_t           dim[OFZ_MAX_RANK + 1], inner, outer;
    ofz_tensor        made;
    ofz_status        st;
    int               k;

    OFZ_TRY(ofz_axis(ctx, axis, item->rank + 1, &k));
    for (int i = 0; i < k; i++) dim[i] = item->dim[i];
    dim[k] = s->count;
    for (int i = k; i < item->rank; i++) dim[i + 1] = item->dim[i];
    OFZ_TRY(ofz_tensor_new(ctx, &made, item->dtype, item->rank + 1, dim));
    ofz_move_clear(&made);
    outer = made.count ? ofz_tensor_span(item, 0, k) : 0;
    inner = ofz_tensor_span(item, k, item->rank);
    for (int64_t i = 0; i < s->count && outer; i++) {
        const int64_t at = reverse ? s->count - 1 - i : i;

        for (int64_t o = 0; o < outer; o++)
            ofz_copy_run(ofz_bits(made.dtype), s->data, i * item->count + o * inner, made.data,
                         (o * s->count + at) * inner, inner);
    }
    st = ofz_move_own(ctx, &made);
    if (st)
        ofz_tensor_release(&made);
    else
        *out = made;
    return st;
}

void ofz_stack_free(ofz_stack *s)
{
    for (size_t i = 0; i < s->text.count; i++) ofz_buffer_release(s->text.item[i]);
    ofz_list_free(&s->text);
    free(s->data);
    *s = (ofz_stack){ 0 };
}

ofz_status ofz_slice_at(ofz_ctx *ctx, const ofz_tensor *t, int axis, int64_t index, ofz_tensor *out)
{
    const int64_t outer = ofz_tensor_span(t, 0, axis);
    const int64_t inner = ofz_tensor_span(t, axis + 1, t->rank);
    const int     bits  = ofz_bits(t->dtype);
    int64_t       dim[OFZ_MAX_RANK];
    ofz_tensor    made;
    ofz_status    st;

    for (int i = 0; i < t->rank - 1; i++) dim[i] = t->dim[i < axis ? i : i + 1];
    if (outer == 1 && bits >= 8) {
        OFZ_TRY(ofz_tensor_set(ctx, &made, t->dtype, t->rank - 1, dim));
        made.data   = (char *)t->data + (size_t)index * made.size;
        made.buffer = ofz_buffer_retain(t->buffer);
        *out        = made;
        return OFZ_OK;
    }
    OFZ_TRY(ofz_tensor_new(ctx, &made, t->dtype, t->rank - 1, dim));
    ofz_move_clear(&made);
    for (int64_t o = 0; o < outer && made.count; o++)
        ofz_copy_run(bits, t->data, (o * t->dim[axis] + index) * inner, made.data, o * inner,
                     inner);
    st = ofz_move_own(ctx, &made);
    if (st)
        ofz_tensor_release(&made);
    else
        *out = made;
    return st;
}
