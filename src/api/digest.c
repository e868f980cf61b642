/* digest.c - hashes of tensors. */
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "api/view.h"

static void digest_number(XXH3_state_t *state, int64_t x)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)x >> 8 * i);
    XXH3_128bits_update(state, bytes, sizeof bytes);
}

void ofz_tensor_digest(const ofz_tensor *t, void *state)
{
    digest_number(state, t->dtype);
    digest_number(state, t->rank);
    for (int i = 0; i < t->rank; i++) digest_number(state, t->dim[i]);
    if (t->dtype != OFZ_STRING) {
        XXH3_128bits_update(state, t->data, t->size);
        return;
    }
    for (int64_t i = 0; i < t->count; i++) {
        const ofz_string *s = &((const ofz_string *)t->data)[i];

        digest_number(state, (int64_t)s->size);
        XXH3_128bits_update(state, s->text, s->size);
    }
}

void ofz_digest_text(const void *state, char out[33])
{
    const XXH128_hash_t hash = XXH3_128bits_digest(state);

    snprintf(out, 33, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}
