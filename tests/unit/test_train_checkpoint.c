/* test_train_checkpoint.c - what is written is read back; what is damaged anywhere is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "train/checkpoint.h"

static char folder[] = "/tmp/ofz_checkpoint_XXXXXX";
static char path[64];

static int folder_make(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/a.ckpt", folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void write_two(ofz_ctx *ctx)
{
    ofz_checkpoint_writer *w;

    assert_int_equal(ofz_checkpoint_begin(ctx, path, &w), OFZ_OK);
    assert_int_equal(ofz_checkpoint_put(ctx, w, "run", "lr=1\n", 5), OFZ_OK);
    assert_int_equal(ofz_checkpoint_put(ctx, w, "empty", NULL, 0), OFZ_OK);
    assert_int_equal(ofz_checkpoint_commit(ctx, w), OFZ_OK);
}

static void round_trip(void **state)
{
    ofz_ctx               *ctx = ofz_ctx_new();
    ofz_checkpoint_reader *r;
    const void            *data;
    size_t                 size;
    char                   five[5];

    (void)state;
    write_two(ctx);
    assert_int_equal(ofz_checkpoint_open(ctx, path, &r), OFZ_OK);
    assert_int_equal(ofz_checkpoint_next(ctx, r, "run", &data, &size), OFZ_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(data, "lr=1\n", 5);
    assert_int_equal(ofz_checkpoint_end(ctx, r), OFZ_E_PARSE);
    assert_int_equal(ofz_checkpoint_next(ctx, r, "state", &data, &size), OFZ_E_PARSE);
    assert_non_null(strstr(ofz_error(ctx), "section empty, want section 'state'"));
    ofz_checkpoint_close(r);

    assert_int_equal(ofz_checkpoint_open(ctx, path, &r), OFZ_OK);
    assert_int_equal(ofz_checkpoint_get(ctx, r, "run", five, 5), OFZ_OK);
    assert_int_equal(ofz_checkpoint_get(ctx, r, "empty", five, 1), OFZ_E_PARSE);
    assert_non_null(strstr(ofz_error(ctx), "section 'empty': 0 bytes, want 1"));
    assert_int_equal(ofz_checkpoint_end(ctx, r), OFZ_OK);
    assert_int_equal(ofz_checkpoint_next(ctx, r, "more", &data, &size), OFZ_E_PARSE);
    ofz_checkpoint_close(r);
    ofz_ctx_free(ctx);
}

static void put_file(const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* Every byte changed, every length shorter. */
static void damage_is_refused(void **state)
{
    ofz_ctx               *ctx = ofz_ctx_new();
    ofz_checkpoint_reader *r;
    char                   bytes[256];
    size_t                 size;
    FILE                  *f;

    (void)state;
    write_two(ctx);
    f = fopen(path, "rb");
    assert_non_null(f);
    size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x20;
        put_file(bytes, size);
        bytes[i] ^= 0x20;
        assert_int_equal(ofz_checkpoint_open(ctx, path, &r), OFZ_E_PARSE);
        put_file(bytes, i);
        assert_int_equal(ofz_checkpoint_open(ctx, path, &r), OFZ_E_PARSE);
    }
    put_file(bytes, size);
    assert_int_equal(ofz_checkpoint_open(ctx, path, &r), OFZ_OK);
    ofz_checkpoint_close(r);
    ofz_ctx_free(ctx);
}

/* The checkpoint that was there stays until the new one is whole. */
static void abandoned_leaves_nothing(void **state)
{
    ofz_ctx               *ctx = ofz_ctx_new();
    ofz_checkpoint_writer *w;
    ofz_checkpoint_reader *r;

    (void)state;
    write_two(ctx);
    assert_int_equal(ofz_checkpoint_begin(ctx, path, &w), OFZ_OK);
    assert_int_equal(ofz_checkpoint_put(ctx, w, "half", "x", 1), OFZ_OK);
    ofz_checkpoint_abandon(w);
    assert_int_equal(ofz_checkpoint_open(ctx, path, &r), OFZ_OK);
    ofz_checkpoint_close(r);
    assert_int_equal(ofz_checkpoint_begin(ctx, "/nonexistent/a.ckpt", &w), OFZ_E_IO);
    assert_int_equal(ofz_checkpoint_open(ctx, "/nonexistent/a.ckpt", &r), OFZ_E_IO);
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(abandoned_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
