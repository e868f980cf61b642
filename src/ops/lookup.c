/* lookup.c - see lookup.h. */
#include "ops/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/move.h"

static ofz_tensor list_view(ofz_dtype dtype, const void *v, size_t count, size_t size)
{
    ofz_tensor t = { .dtype = dtype, .rank = 1, .count = (int64_t)count };

    t.dim[0] = (int64_t)count;
    t.size   = count * size;
    t.data   = (void *)(uintptr_t)v; /* only read from */
    return t;
}

ofz_tensor ofz_list_ints(ofz_ints list)
{
    return list_view(OFZ_I64, list.v, list.count, sizeof *list.v);
}

ofz_tensor ofz_list_floats(ofz_floats list)
{
    return list_view(OFZ_F32, list.v, list.count, sizeof *list.v);
}

ofz_tensor ofz_list_strings(ofz_strings list)
{
    return list_view(OFZ_STRING, list.v, list.count, sizeof *list.v);
}

/* By element, equal ones by their place. */
static int place_order(const void *a, const void *b, void *list)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const int     c = ofz_elem_order(list, x, list, y);

    return c ? c : (x > y) - (x < y);
}

ofz_status ofz_lookup_init(ofz_ctx *ctx, ofz_lookup *l, const ofz_tensor *list)
{
    OFZ_TRY(ofz_scratch(ctx, list->count, sizeof *l->at, &l->at));
    l->list = list;
    for (int64_t i = 0; i < list->count; i++) l->at[i] = i;
    qsort_r(l->at, (size_t)list->count, sizeof *l->at, place_order, (void *)(uintptr_t)list);
    return OFZ_OK;
}

void ofz_lookup_free(ofz_lookup *l)
{
    free(l->at);
    l->at = NULL;
}

int64_t ofz_lookup_find(const ofz_lookup *l, const ofz_tensor *x, int64_t i)
{
    int64_t low = 0, high = l->list->count; /* the first that is above stands in [low, high] */

    while (low < high) {
        const int64_t middle = low + (high - low) / 2;

        if (ofz_elem_order(l->list, l->at[middle], x, i) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low && !ofz_elem_order(l->list, l->at[low - 1], x, i) ? l->at[low - 1] : -1;
}

bool ofz_text_equal(ofz_string a, ofz_string b)
{
    return a.size == b.size && (!a.size || !memcmp(a.text, b.text, a.size));
}

ofz_status ofz_text_choose(ofz_ctx *ctx, const char *what, ofz_string s, const char *const *name,
                           int count, int *out)
{
    char   want[256] = "";
    size_t n         = 0;

    for (int k = 0; k < count; k++) {
        if (ofz_text_equal(s, (ofz_string){ name[k], strlen(name[k]) })) {
            *out = k;
            return OFZ_OK;
        }
        n += (size_t)snprintf(want + n, sizeof want - n, "%s%s",
                              !k              ? ""
                              : k < count - 1 ? ", "
                                              : " or ",
                              name[k]);
        if (n >= sizeof want) n = sizeof want - 1;
    }
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: '%.*s', want %s", what, s.size < 64 ? (int)s.size : 64,
                    s.text ? s.text : "", want);
}
