/* spread.c - see spread.h. Containers nest as deep as their types and the guard of the file allow. */
#include "api/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/container.h"

static ofz_status put(ofz_ctx *ctx, ofz_arrays *arrays, const char *name, const ofz_tensor *t)
{
    ofz_tensor shared;
    ofz_status st;

    ofz_tensor_share(t, &shared);
    st = ofz_arrays_put(ctx, arrays, name, &shared);
    if (st) ofz_tensor_release(&shared);
    return st;
}

/* `t` under the name of what holds it and a part's own. */
static ofz_status part_spread(ofz_ctx *ctx, ofz_arrays *arrays, const char *name, const char *part,
                              const ofz_tensor *t)
{
    char      *full;
    ofz_status st;

    if (asprintf(&full, "%s.%s", name, part) < 0)
        return ofz_fail_nomem(ctx, "output", strlen(name) + strlen(part));
    st = ofz_spread(ctx, arrays, full, t);
    free(full);
    return st;
}

static bool same_keys(const ofz_tensor *a, const ofz_tensor *b)
{
    ofz_comparison d;

    return ofz_tensor_compare(a, b, 0, 0, &d) && !d.bad_count;
}

/* Maps that a table can hold: the same keys, and values of one type that are no sequences. */
static bool is_table(const ofz_tensor *t)
{
    const ofz_tensor *first = t->count ? ofz_container_item(t, 0) : NULL;

    for (int64_t i = 0; i < t->count; i++) {
        const ofz_tensor *map = ofz_container_item(t, i);

        if (map->dtype != OFZ_MAP || ofz_container_values(map)->dtype == OFZ_SEQUENCE ||
            ofz_container_values(map)->dtype != ofz_container_values(first)->dtype ||
            !same_keys(ofz_container_keys(map), ofz_container_keys(first)))
            return false;
    }
    return first != NULL;
}

static ofz_status table_spread(ofz_ctx *ctx, ofz_arrays *arrays, const char *name,
                               const ofz_tensor *t)
{
    const ofz_tensor *first  = ofz_container_item(t, 0);
    const ofz_tensor *row    = ofz_container_values(first);
    const int64_t     dim[2] = { t->count, row->count };
    ofz_tensor        view, table;
    ofz_status        st;

    OFZ_TRY(ofz_tensor_new(ctx, &view, row->dtype, 2, dim));
    for (int64_t i = 0; row->size && i < t->count; i++)
        memcpy((char *)view.data + (size_t)i * row->size,
               ofz_container_values(ofz_container_item(t, i))->data, row->size);
    st = ofz_tensor_copy(ctx, &view, &table); /* with the text */
    ofz_tensor_release(&view);
    if (st) return st;
    st = part_spread(ctx, arrays, name, "keys", ofz_container_keys(first));
    if (!st) st = part_spread(ctx, arrays, name, "values", &table);
    ofz_tensor_release(&table);
    return st;
}

ofz_status ofz_spread(ofz_ctx *ctx, ofz_arrays *arrays, const char *name, const ofz_tensor *t)
{
    char part[32];

    if (!ofz_dtype_is_container(t->dtype)) return put(ctx, arrays, name, t);
    if (t->dtype == OFZ_OPTIONAL)
        return t->count ? ofz_spread(ctx, arrays, name, ofz_container_item(t, 0)) : OFZ_OK;
    if (t->dtype == OFZ_MAP) {
        OFZ_TRY(part_spread(ctx, arrays, name, "keys", ofz_container_keys(t)));
        return part_spread(ctx, arrays, name, "values", ofz_container_values(t));
    }
    if (is_table(t)) return table_spread(ctx, arrays, name, t);
    for (int64_t i = 0; i < t->count; i++) {
        snprintf(part, sizeof part, "%" PRId64, i);
        OFZ_TRY(part_spread(ctx, arrays, name, part, ofz_container_item(t, i)));
    }
    return OFZ_OK;
}
