/* test_pictures.c - every format of picture that is read: its pixels, its alpha and grey, damage. The
 * pixels are Pillow 9.4's; formats whose library this build lacks must say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/picture.h"

typedef struct picture_case {
    const char *file;
    ofz_pixels  pixels;
    int         want[18]; /* of two rows with three pixels */
    int         within;
} picture_case;

/* clang-format off */
#define COLOURS { 255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200, 100, 50, 255, 255, 255 }
#define GREYS   { 0, 0, 0, 128, 128, 128, 255, 255, 255, 7, 7, 7, 77, 77, 77, 177, 177, 177 }
#define BITS    { 0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255 }
#define FLAT    { 200, 100, 50, 200, 100, 50, 200, 100, 50, 200, 100, 50, 200, 100, 50, 200, 100, 50 }
#define DARK    { 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77 }

static const picture_case cases[] = {
    { "rgb.png", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "rgb.png", OFZ_PIXELS_BGR, { 0, 0, 255, 0, 255, 0, 255, 0, 0, 30, 20, 10, 50, 100, 200, 255, 255, 255 }, 0 },
    { "rgb.png", OFZ_PIXELS_GRAY, { 76, 150, 29, 18, 124, 255 }, 0 },
    { "grey.png", OFZ_PIXELS_RGB, GREYS, 0 },
    { "grey.png", OFZ_PIXELS_GRAY, { 0, 128, 255, 7, 77, 177 }, 0 },
    { "rgba.png", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "bits.png", OFZ_PIXELS_RGB, BITS, 0 },
    { "palette.png", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "rgb.bmp", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "grey.bmp", OFZ_PIXELS_RGB, GREYS, 0 },
    { "rgba.bmp", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "bits.bmp", OFZ_PIXELS_RGB, BITS, 0 },
    { "rgb.ppm", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "grey.pgm", OFZ_PIXELS_RGB, GREYS, 0 },
    { "bits.pbm", OFZ_PIXELS_RGB, BITS, 0 },
    { "rgb.tiff", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "lzw.tiff", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "rgba.tiff", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "lossless.webp", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "lossy.webp", OFZ_PIXELS_RGB, { 91, 75, 8, 150, 139, 127, 18, 18, 116, 41, 25, 0, 132, 120, 108, 244, 244, 255 }, 0 },
    { "rgb.jp2", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "grey.jp2", OFZ_PIXELS_RGB, GREYS, 0 },
    { "rgb.j2k", OFZ_PIXELS_RGB, COLOURS, 0 },
    { "flat.jpg", OFZ_PIXELS_RGB, FLAT, 0 },
    { "grey.jpg", OFZ_PIXELS_RGB, DARK, 0 },
    { "progressive.jpg", OFZ_PIXELS_RGB, { 99, 81, 5, 165, 147, 71, 29, 18, 157, 29, 11, 0, 166, 148, 72, 218, 207, 255 }, 0 },
    { "cmyk.jpg", OFZ_PIXELS_RGB, FLAT, 0 },
};

#define BYTES(text) text, sizeof text - 1
#define BMP(bits, form, rest) "BM....\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0" bits "\0" form "\0\0\0....\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" rest

static const struct {
    const char *bytes;
    size_t      size;
    int         want[3]; /* the first pixel */
    const char *error;
} made[] = {
    { BYTES("P3 # three\n1 1 15\n0 5 15"), { 0, 85, 255 }, NULL },
    { BYTES("P2\n1 1\n1000\n500\n"), { 128, 128, 128 }, NULL },
    { BYTES("P1\n2 1 01"), { 255, 255, 255 }, NULL },
    { BYTES("P5 1 1 65535 \x80\x80"), { 128, 128, 128 }, NULL },
    { BYTES("P3 1 1 15 0 5"), { 0 }, "picture: PNM: ends early" },
    { BYTES("P3 1 1 15 0 5 16"), { 0 }, "picture: PNM: ends early, or a sample is too large" },
    { BYTES("P6 1 1 255\n\1\2"), { 0 }, "picture: PNM: ends early" },
    { BYTES("P6 1 1 255"), { 0 }, "picture: PNM: ends early" },
    { BYTES("P6 1 1 0 \1\2\3"), { 0 }, "picture: PNM: a header without" },
    { BYTES("P6 1"), { 0 }, "picture: PNM: a header without" },
    { BYTES("P6 0 1 255 "), { 0 }, "picture: 0 x 1, want pixels" },
    { BYTES("P6 99999999999 1 255 "), { 0 }, "picture: PNM: a header without" },
    { BYTES("P6 2000000000 2000000000 255 "), { 0 }, "picture: 2000000000 x 2000000000, too large" },
    { BYTES("P6 60000 60000 255 "), { 0 }, "picture: 60000 x 60000, too large" },
    { BYTES(BMP("\x10", "\0", "\x1f\x7c\0\0")), { 255, 0, 255 }, NULL },
    { BYTES(BMP("\x20", "\0", "\1\2\3\4")), { 3, 2, 1 }, NULL },
    { BYTES(BMP("\x18", "\0", "\1\2\3\0")), { 3, 2, 1 }, NULL },
    { BYTES(BMP("\x18", "\0", "\1\2\3")), { 0 }, "picture: BMP: ends early" },
    { BYTES(BMP("\x08", "\1", "\1\2\3\0")), { 0 }, "picture: BMP: compression 1, want none" },
    { BYTES(BMP("\x07", "\0", "\1\2\3\0")), { 0 }, "picture: BMP: bits of a pixel" },
    { BYTES(BMP("\x04", "\0", "\1\2\3\0")), { 0 }, "picture: BMP: ends in its palette" },
    { BYTES("BM....\0\0\0\0\x1a\0\0\0\x0c\0\0\0\1\0\1\0\1\0\x18\0\5\6\7\0"), { 7, 6, 5 }, NULL },
    { BYTES("BM..........\xff\xff\xff\xff............................................"), { 0 }, "picture: BMP: a header of unknown size" },
    { BYTES("BM"), { 0 }, "picture: BMP: ends in its header" },
    { BYTES("GIF89a"), { 0 }, "picture: 6 bytes of no known format, want JPEG" },
    { BYTES(""), { 0 }, "picture: 0 bytes of no known format" },
    { BYTES("\xff\xd8\xff"), { 0 }, "picture: JPEG" },
    { BYTES("\x89PNG\r\n\x1a\n"), { 0 }, "picture: PNG" },
    { BYTES("II*\0\x08\0\0\0"), { 0 }, "picture: TIFF" },
    { BYTES("RIFF\0\0\0\0WEBPVP8 "), { 0 }, "picture: WebP" },
    { BYTES("\xff\x4f\xff\x51"), { 0 }, "picture: JPEG 2000" },
};
/* clang-format on */

typedef struct file_bytes {
    uint8_t data[2048];
    size_t  size;
} file_bytes;

static file_bytes file_read(const char *name)
{
    file_bytes bytes;
    char       path[512];
    FILE      *f;

    snprintf(path, sizeof path, "%s/testdata/pictures/%s", OFZ_SOURCE_DIR, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    bytes.size = fread(bytes.data, 1, sizeof bytes.data, f);
    fclose(f);
    return bytes;
}

static bool is_lacking(ofz_ctx *ctx)
{
    return strstr(ofz_error(ctx), "which this build cannot read") != NULL;
}

static bool picture_differs(const picture_case *k, const ofz_picture *p)
{
    const int channels = k->pixels == OFZ_PIXELS_GRAY ? 1 : 3;

    if (p->height != 2 || p->width != 3 || p->channels != channels) return true;
    for (int i = 0; i < 6 * channels; i++)
        if (abs(p->data[i] - k->want[i]) > k->within) return true;
    return false;
}

static void test_formats(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const picture_case *k     = &cases[i];
        file_bytes          bytes = file_read(k->file);
        ofz_ctx            *ctx   = ofz_ctx_new();
        ofz_picture         p     = { 0 };
        const ofz_status    st    = ofz_picture_decode(ctx, bytes.data, bytes.size, k->pixels, &p);

        if (st ? !is_lacking(ctx) : picture_differs(k, &p)) {
            print_error("%s as %d: %s\n    got ", k->file, k->pixels, st ? ofz_error(ctx) : "");
            for (int64_t n = 0; n < p.height * p.width * p.channels; n++)
                print_error(" %d", p.data[n]);
            print_error("\n");
            failed++;
        }
        free(p.data);
        ofz_ctx_free(ctx);
    }
    assert_int_equal(failed, 0);
}

static void test_made(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        ofz_ctx         *ctx  = ofz_ctx_new();
        ofz_picture      p    = { 0 };
        void            *copy = malloc(made[i].size + 1); /* so that reading past the end shows */
        const ofz_status st   = ofz_picture_decode(ctx, memcpy(copy, made[i].bytes, made[i].size),
                                                   made[i].size, OFZ_PIXELS_RGB, &p);
        bool             good = made[i].error ? st && strstr(ofz_error(ctx), made[i].error) : !st;

        for (int k = 0; good && !st && k < 3; k++) good = p.data[k] == made[i].want[k];
        if (!good) {
            print_error("picture %zu: got %s, want %s\n", i, st ? ofz_error(ctx) : "pixels",
                        made[i].error ? made[i].error : "other pixels");
            failed++;
        }
        free(copy);
        free(p.data);
        ofz_ctx_free(ctx);
    }
    assert_int_equal(failed, 0);
}

/* Decode the first `size` bytes with byte `at` changed; only a crash or a hang would fail. */
static ofz_status decode_changed(const file_bytes *bytes, size_t size, size_t at, uint8_t change)
{
    ofz_ctx    *ctx  = ofz_ctx_new();
    uint8_t    *copy = malloc(size + 1);
    ofz_picture p    = { 0 };
    ofz_status  st;

    assert_int_equal(ofz_ctx_set_limit(ctx, OFZ_LIMIT_TENSOR, 1 << 20), OFZ_OK);
    memcpy(copy, bytes->data, size);
    if (at < size) copy[at] ^= change;
    st = ofz_picture_decode(ctx, copy, size, OFZ_PIXELS_GRAY, &p);
    if (!st) free(p.data);
    free(copy);
    ofz_ctx_free(ctx);
    return st;
}

static void test_damage(void **state)
{
    static const uint8_t change[] = { 0xff, 0x01, 0x80 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const file_bytes bytes = file_read(cases[i].file);

        for (size_t size = 0; size < bytes.size; size++) {
            const ofz_status st = decode_changed(&bytes, size, size, 0);

            if (size < bytes.size / 2) assert_int_not_equal(st, OFZ_OK);
        }
        for (size_t at = 0; at < bytes.size; at++)
            for (size_t c = 0; c < sizeof change; c++)
                (void)decode_changed(&bytes, bytes.size, at, change[c]);
    }
}

/* 60,000 x 60,000 by a header of a few bytes, in every format whose dimensions stand at a known place. */
static void test_bombs(void **state)
{
    static const struct {
        const char *file;
        size_t      at;
        const char *bytes;
        size_t      size;
    } bomb[] = {
        { "rgb.bmp", 18, "\x60\xea\0\0\x60\xea\0\0", 8 },
        { "flat.jpg", 0, "", 0 },
        { "rgb.j2k", 8, "\0\0\xea\x60\0\0\xea\x60\0\0\0\0\0\0\0\0\0\0\xea\x60\0\0\xea\x60", 24 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bomb / sizeof *bomb; i++) {
        file_bytes  bytes = file_read(bomb[i].file);
        uint8_t    *data  = bytes.data;
        ofz_ctx    *ctx   = ofz_ctx_new();
        ofz_picture p     = { 0 };
        size_t      at    = bomb[i].at;

        for (size_t k = 0; !at && k + 9 < bytes.size; k++) /* a JPEG's frame header */
            if (data[k] == 0xff && data[k + 1] == 0xc0) memcpy(data + k + 5, "\xea\x60\xea\x60", 4);
        memcpy(data + at, bomb[i].bytes, bomb[i].size);
        assert_int_not_equal(ofz_picture_decode(ctx, data, bytes.size, OFZ_PIXELS_RGB, &p), OFZ_OK);
        if (!strstr(ofz_error(ctx), "60000 x 60000, too large") && !is_lacking(ctx))
            fail_msg("%s: %s", bomb[i].file, ofz_error(ctx));
        ofz_ctx_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_bombs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
