/* arrays.c - see arrays.h. */
#include "data/arrays.h"

#include <stdio.h>
#include <string.h>

ofz_status ofz_arrays_put(ofz_ctx *ctx, ofz_arrays *arrays, const char *name, const ofz_tensor *t)
{
    ofz_named *n;
    char      *copy;

    if (!name || !*name) return ofz_fail(ctx, OFZ_E_ARG, "array: no name, want one");
    if (ofz_map_get(&arrays->by_name, name))
        return ofz_fail(ctx, OFZ_E_ARG, "array '%s': is there already, want another name", name);
    n    = OFZ_NEW(&arrays->arena, ofz_named);
    copy = ofz_arena_strdup(&arrays->arena, name);
    if (!n || !copy || !ofz_list_push(&arrays->item, n))
        return ofz_fail_nomem(ctx, name, sizeof *n);
    if (!ofz_map_put(&arrays->by_name, copy, n)) {
        arrays->item.count--;
        return ofz_fail_nomem(ctx, name, sizeof *n);
    }
    n->name = copy;
    n->t    = *t;
    return OFZ_OK;
}

void ofz_arrays_cut(ofz_arrays *arrays, size_t count)
{
    while (arrays->item.count > count) {
        ofz_named *n = arrays->item.item[--arrays->item.count];

        ofz_map_remove(&arrays->by_name, n->name);
        ofz_tensor_release(&n->t);
    }
}

const ofz_named *ofz_arrays_at(const ofz_arrays *arrays, size_t index)
{
    return arrays->item.item[index];
}

const ofz_tensor *ofz_arrays_tensor(const ofz_arrays *arrays, const char *name)
{
    const ofz_named *n = ofz_map_get(&arrays->by_name, name);

    return n ? &n->t : NULL;
}

const char *ofz_arrays_text(char *buf, size_t size, const ofz_arrays *arrays)
{
    size_t n = 0;

    snprintf(buf, size, "none");
    for (size_t i = 0; i < arrays->item.count; i++) {
        const char *name = ofz_arrays_at(arrays, i)->name;

        if (n + strlen(name) + sizeof ", ..." > size) {
            snprintf(buf + n, size - n, "%s...", i ? ", " : "");
            break;
        }
        n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", name);
    }
    return buf;
}
