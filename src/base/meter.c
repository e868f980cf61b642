/* meter.c - see meter.h. */
#include "base/meter.h"

#include <stdatomic.h>
#include <stdlib.h>

struct ofz_meter {
    atomic_size_t refs, used;
};

ofz_meter *ofz_meter_new(void)
{
    ofz_meter *m = malloc(sizeof *m);

    if (!m) return NULL;
    atomic_init(&m->refs, 1);
    atomic_init(&m->used, 0);
    return m;
}

void ofz_meter_release(ofz_meter *m)
{
    if (m && atomic_fetch_sub(&m->refs, 1) == 1) free(m);
}

bool ofz_meter_take(ofz_meter *m, size_t size, size_t most)
{
    size_t before;

    if (!m) return true;
    before = atomic_fetch_add(&m->used, size);
    if (size > most || before > most - size) {
        atomic_fetch_sub(&m->used, size);
        return false;
    }
    atomic_fetch_add(&m->refs, 1);
    return true;
}

void ofz_meter_give(ofz_meter *m, size_t size)
{
    if (!m) return;
    atomic_fetch_sub(&m->used, size);
    ofz_meter_release(m);
}
