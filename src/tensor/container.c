/* container.c - see container.h. */
#include "tensor/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

static void items_drop(void *data, size_t size)
{
    ofz_tensor *item = data;

    for (size_t i = 0; i < size / sizeof *item; i++) ofz_tensor_release(&item[i]);
}

ofz_status ofz_container_new(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, int64_t count)
{
    ofz_tensor made;

    OFZ_TRY(ofz_tensor_set(ctx, &made, dtype, 1, &count));
    OFZ_TRY(ofz_buffer_new(ctx, made.size, &made.buffer));
    made.data = ofz_buffer_data(made.buffer);
    memset(made.data, 0, made.size);
    ofz_buffer_on_drop(made.buffer, items_drop);
    *t = made;
    return OFZ_OK;
}

ofz_status ofz_container_part(ofz_ctx *ctx, const ofz_tensor *from_seq, int64_t from, int64_t to,
                              int64_t more, ofz_tensor *out)
{
    OFZ_TRY(ofz_container_new(ctx, out, from_seq->dtype, to - from + more));
    for (int64_t i = from; i < to; i++)
        ofz_tensor_share(ofz_container_item(from_seq, i), ofz_container_item(out, i - from));
    return OFZ_OK;
}

/* --- maps ------------------------------------------------------------------------------------- */

static bool is_key(ofz_dtype dtype)
{
    const ofz_dtype_class cls = ofz_dtype_get(dtype)->cls;

    return cls == OFZ_CLASS_INT || cls == OFZ_CLASS_UINT || cls == OFZ_CLASS_STRING;
}

/* By key, equal ones by their place. */
static int place_order(const void *a, const void *b, void *keys)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const int     c = ofz_elem_order(keys, x, keys, y);

    return c ? c : (x > y) - (x < y);
}

/* Places of the keys in ascending order, the last of equal ones only; returns how many. */
static int64_t places_sort(const ofz_tensor *keys, int64_t *at)
{
    int64_t kept = 0;

    for (int64_t i = 0; i < keys->count; i++) at[i] = i;
    qsort_r(at, (size_t)keys->count, sizeof *at, place_order, (void *)keys);
    for (int64_t i = 0; i < keys->count; i++)
        if (i + 1 == keys->count || ofz_elem_order(keys, at[i], keys, at[i + 1]))
            at[kept++] = at[i];
    return kept;
}

/* Elements at[0..count) of a tensor of whole bytes or of a sequence. */
static ofz_status pick(ofz_ctx *ctx, const ofz_tensor *from, const int64_t *at, int64_t count,
                       ofz_tensor *out)
{
    const size_t size = (size_t)ofz_dtype_get(from->dtype)->bits / 8;
    ofz_tensor   view;
    ofz_status   st;

    if (from->dtype == OFZ_SEQUENCE) {
        OFZ_TRY(ofz_container_new(ctx, out, OFZ_SEQUENCE, count));
        for (int64_t i = 0; i < count; i++)
            ofz_tensor_share(ofz_container_item(from, at[i]), ofz_container_item(out, i));
        return OFZ_OK;
    }
    OFZ_TRY(ofz_tensor_new(ctx, &view, from->dtype, 1, &count));
    for (int64_t i = 0; i < count; i++)
        memcpy((char *)view.data + (size_t)i * size,
               (const char *)from->data + (size_t)at[i] * size, size);
    if (from->dtype != OFZ_STRING) {
        *out = view;
        return OFZ_OK;
    }
    st = ofz_tensor_copy(ctx, &view, out); /* with the text */
    ofz_tensor_release(&view);
    return st;
}

ofz_status ofz_container_map(ofz_ctx *ctx, const ofz_tensor *keys, const ofz_tensor *values,
                             ofz_tensor *out)
{
    ofz_status st = OFZ_OK;
    ofz_tensor map;
    int64_t   *at, count;

    if (!is_key(keys->dtype) || ofz_dtype_get(keys->dtype)->bits < 8 || keys->rank != 1)
        return ofz_fail(ctx, OFZ_E_DATA, "map: keys of rank %d and %s, want integers or text",
                        keys->rank, ofz_dtype_name(keys->dtype));
    if ((ofz_dtype_get(values->dtype)->bits < 8 && values->dtype != OFZ_SEQUENCE) ||
        values->rank != 1)
        return ofz_fail(ctx, OFZ_E_DATA, "map: values of rank %d and %s, want a list", values->rank,
                        ofz_dtype_name(values->dtype));
    if (keys->count != values->count)
        return ofz_fail(ctx, OFZ_E_DATA, "map: %" PRId64 " values, want %" PRId64 " as keys",
                        values->count, keys->count);
    OFZ_TRY(ofz_container_new(ctx, &map, OFZ_MAP, 2));
    at = malloc((size_t)keys->count * sizeof *at + 1);
    if (!at) OFZ_GOTO(ofz_fail_nomem(ctx, "map", (size_t)keys->count * sizeof *at));
    count = places_sort(keys, at);
    OFZ_GOTO(pick(ctx, keys, at, count, ofz_container_item(&map, 0)));
    OFZ_GOTO(pick(ctx, values, at, count, ofz_container_item(&map, 1)));
done:
    free(at);
    if (st)
        ofz_tensor_release(&map);
    else
        *out = map;
    return st;
}
