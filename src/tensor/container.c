/* container.c - see container.h. */
#include "tensor/container.h"

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
