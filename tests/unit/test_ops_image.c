/* test_ops_image.c - ImageDecoder: pixel formats and errors. The formats themselves are tested in
 * test_pictures.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
/* "P3 2 1 9 9 0 0 0 9 0": a red pixel and a green one */
#define PPM "U8[20] 80 51 32 50 32 49 32 57 32 57 32 48 32 48 32 48 32 57 32 48"

static const op_case cases[] = {
    { "ImageDecoder", 20, NULL, { PPM }, { "U8[1,2,3] 255 0 0 0 255 0" } },
    { "ImageDecoder", 20, "pixel_format='RGB'", { PPM }, { "U8[1,2,3] 255 0 0 0 255 0" } },
    { "ImageDecoder", 20, "pixel_format='BGR'", { PPM }, { "U8[1,2,3] 0 0 255 0 255 0" } },
    { "ImageDecoder", 20, "pixel_format='Grayscale'", { PPM }, { "U8[1,2,1] 76 150" } },
    { "ImageDecoder", 20, "pixel_format='YUV'", { PPM }, .error = "pixel_format: 'YUV', want RGB, BGR or Grayscale" },
    { "ImageDecoder", 20, NULL, { "U8[3] 80 51 32" }, .error = "picture: PNM: a header without" },
    { "ImageDecoder", 20, NULL, { "U8[0]" }, .error = "picture: 0 bytes of no known format" },
    { "ImageDecoder", 20, NULL, { "I8[1] 0" }, .error = "input 0 (encoded_stream): int8, want uint8" },
    { "ImageDecoder", 20, NULL, { "U8[1,1] 0" }, .error = "rank 2, want 1" },
};
/* clang-format on */

static void test_decoder(void **state)
{
    (void)state;
    OP_CASES_RUN(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_decoder) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
