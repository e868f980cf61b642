/* checkpoint.c - see checkpoint.h. */
#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/file.h"

static const uint8_t magic[8] = { 'o', 'f', 'z', 'c', 'k', 'p', 't', '1' };

enum { HASH_SIZE = 16 };

struct ofz_checkpoint_writer {
    ofz_writer   *file;
    XXH3_state_t *hash;
};

struct ofz_checkpoint_reader {
    ofz_file    file;
    const char *path; /* the caller's, for errors */
    size_t      at, end;
};

/* --- writing ---------------------------------------------------------------------------------- */

static ofz_status put_bytes(ofz_ctx *ctx, ofz_checkpoint_writer *w, const void *data, size_t size)
{
    if (!size) return OFZ_OK;
    XXH3_128bits_update(w->hash, data, size);
    return ofz_writer_put(ctx, w->file, data, size);
}

static void number_store(uint8_t *to, uint64_t x, int size)
{
    for (int i = 0; i < size; i++) to[i] = (uint8_t)(x >> 8 * i);
}

static uint64_t number_load(const uint8_t *from, int size)
{
    uint64_t x = 0;

    for (int i = 0; i < size; i++) x |= (uint64_t)from[i] << 8 * i;
    return x;
}

ofz_status ofz_checkpoint_begin(ofz_ctx *ctx, const char *path, ofz_checkpoint_writer **out)
{
    ofz_checkpoint_writer *w  = calloc(1, sizeof *w);
    ofz_status             st = OFZ_OK;

    if (!w) return ofz_fail_nomem(ctx, "checkpoint", sizeof *w);
    w->hash = XXH3_createState();
    if (!w->hash) OFZ_GOTO(ofz_fail_nomem(ctx, "checkpoint", sizeof *w));
    XXH3_128bits_reset(w->hash);
    OFZ_GOTO(ofz_writer_new(ctx, path, &w->file));
    OFZ_GOTO(put_bytes(ctx, w, magic, sizeof magic));
    *out = w;
    w    = NULL;
done:
    ofz_checkpoint_abandon(w);
    return st;
}

ofz_status ofz_checkpoint_put(ofz_ctx *ctx, ofz_checkpoint_writer *w, const char *name,
                              const void *data, size_t size)
{
    uint8_t n[8];

    number_store(n, strlen(name), 4);
    OFZ_TRY(put_bytes(ctx, w, n, 4));
    OFZ_TRY(put_bytes(ctx, w, name, strlen(name)));
    number_store(n, size, 8);
    OFZ_TRY(put_bytes(ctx, w, n, 8));
    return put_bytes(ctx, w, data, size);
}

ofz_status ofz_checkpoint_commit(ofz_ctx *ctx, ofz_checkpoint_writer *w)
{
    XXH128_canonical_t hash;
    ofz_status         st;

    XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(w->hash));
    st = ofz_writer_put(ctx, w->file, hash.digest, HASH_SIZE);
    if (!st) {
        st      = ofz_writer_commit(ctx, w->file);
        w->file = NULL;
    }
    ofz_checkpoint_abandon(w);
    return st;
}

void ofz_checkpoint_abandon(ofz_checkpoint_writer *w)
{
    if (!w) return;
    ofz_writer_free(w->file);
    XXH3_freeState(w->hash);
    free(w);
}

/* --- reading ---------------------------------------------------------------------------------- */

static ofz_status damaged(ofz_ctx *ctx, const char *path, const char *found, const char *want)
{
    return ofz_fail(ctx, OFZ_E_PARSE, "checkpoint %s: %s, want %s", path, found, want);
}

static ofz_status whole_check(ofz_ctx *ctx, const ofz_checkpoint_reader *r)
{
    const ofz_file    *f = &r->file;
    XXH128_canonical_t stored;

    if (f->size < sizeof magic || memcmp(f->data, magic, sizeof magic - 1) != 0)
        return damaged(ctx, r->path, "another kind of file", "one that --checkpoint wrote");
    if (f->data[sizeof magic - 1] != magic[sizeof magic - 1])
        return damaged(ctx, r->path, "another version", "one that this program wrote");
    if (f->size < sizeof magic + HASH_SIZE)
        return damaged(ctx, r->path, "cut short", "a whole file");
    memcpy(stored.digest, f->data + f->size - HASH_SIZE, HASH_SIZE);
    if (!XXH128_isEqual(XXH128_hashFromCanonical(&stored),
                        XXH3_128bits(f->data, f->size - HASH_SIZE)))
        return damaged(ctx, r->path, "damaged, its checksum does not match", "a whole file");
    return OFZ_OK;
}

ofz_status ofz_checkpoint_open(ofz_ctx *ctx, const char *path, ofz_checkpoint_reader **out)
{
    ofz_checkpoint_reader *r  = calloc(1, sizeof *r);
    ofz_status             st = OFZ_OK;

    if (!r) return ofz_fail_nomem(ctx, "checkpoint", sizeof *r);
    r->path    = path;
    r->file.fd = -1;
    OFZ_GOTO(ofz_file_open(ctx, path, &r->file));
    OFZ_GOTO(whole_check(ctx, r));
    r->at  = sizeof magic;
    r->end = r->file.size - HASH_SIZE;
    *out   = r;
    r      = NULL;
done:
    ofz_checkpoint_close(r);
    return st;
}

/* `size` bytes from here, or NULL. */
static const uint8_t *take(ofz_checkpoint_reader *r, uint64_t size)
{
    const uint8_t *p = r->file.data + r->at;

    if (size > r->end - r->at) return NULL;
    r->at += (size_t)size;
    return p;
}

ofz_status ofz_checkpoint_next(ofz_ctx *ctx, ofz_checkpoint_reader *r, const char *name,
                               const void **data, size_t *size)
{
    const uint8_t *n      = take(r, 4);
    const uint64_t length = n ? number_load(n, 4) : 0;
    const uint8_t *text   = n ? take(r, length) : NULL;
    const uint8_t *s      = text ? take(r, 8) : NULL;
    const uint8_t *p      = s ? take(r, number_load(s, 8)) : NULL;

    if (!p || length != strlen(name) || memcmp(text, name, (size_t)length) != 0)
        return ofz_fail(ctx, OFZ_E_PARSE, "checkpoint %s: %s%.*s, want section '%s'", r->path,
                        p ? "section " : "cut short", p ? (int)(length < 100 ? length : 100) : 0,
                        p ? (const char *)text : "", name);
    *data = p;
    *size = (size_t)number_load(s, 8);
    return OFZ_OK;
}

ofz_status ofz_checkpoint_get(ofz_ctx *ctx, ofz_checkpoint_reader *r, const char *name, void *to,
                              size_t size)
{
    const void *data;
    size_t      found;

    OFZ_TRY(ofz_checkpoint_next(ctx, r, name, &data, &found));
    if (found != size)
        return ofz_fail(ctx, OFZ_E_PARSE, "checkpoint %s: section '%s': %zu bytes, want %zu",
                        r->path, name, found, size);
    if (size) memcpy(to, data, size);
    return OFZ_OK;
}

ofz_status ofz_checkpoint_end(ofz_ctx *ctx, const ofz_checkpoint_reader *r)
{
    if (r->at == r->end) return OFZ_OK;
    return damaged(ctx, r->path, "more sections than expected", "none after the last");
}

void ofz_checkpoint_close(ofz_checkpoint_reader *r)
{
    if (!r) return;
    ofz_file_close(&r->file);
    free(r);
}
