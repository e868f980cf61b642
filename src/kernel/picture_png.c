/* picture_png.c - PNG by libpng. Gamma and colour profiles are left alone, as other decoders do. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "kernel/picture_codec.h"

typedef struct png_work {
    png_structp        png;
    png_infop          info;
    ofz_picture_source in;
    size_t             at;
    png_bytep         *row;
    char               text[200];
    ofz_status         st;
} png_work;

static void fail(png_structp png, png_const_charp text)
{
    png_work *w = png_get_error_ptr(png);

    strncpy(w->text, text, sizeof w->text - 1);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void bytes_read(png_structp png, png_bytep to, size_t size)
{
    png_work *w = png_get_io_ptr(png);

    if (size > w->in.size - w->at) png_error(png, "ends early");
    memcpy(to, w->in.data + w->at, size);
    w->at += size;
}

/* Everything that may jump. */
static void work(ofz_ctx *ctx, png_work *w, ofz_picture *out)
{
    png_set_user_limits(w->png, INT32_MAX, INT32_MAX);
    png_set_chunk_malloc_max(w->png, 1 << 23);
    png_set_chunk_cache_max(w->png, 128);
    png_set_crc_action(w->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_read_fn(w->png, w, bytes_read);
    png_read_info(w->png, w->info);
    w->st = ofz_picture_room(ctx, png_get_image_width(w->png, w->info),
                             png_get_image_height(w->png, w->info), out);
    if (w->st) return;
    png_set_expand(w->png);
    png_set_strip_16(w->png);
    png_set_gray_to_rgb(w->png);
    png_set_strip_alpha(w->png);
    png_set_interlace_handling(w->png);
    png_read_update_info(w->png, w->info);
    if (png_get_rowbytes(w->png, w->info) != 3 * (size_t)out->width) png_error(w->png, "no RGB");
    w->row = calloc((size_t)out->height, sizeof *w->row);
    if (!w->row) {
        w->st = ofz_fail_nomem(ctx, "picture", (size_t)out->height * sizeof *w->row);
        return;
    }
    for (int64_t y = 0; y < out->height; y++) w->row[y] = out->data + 3 * y * out->width;
    png_read_image(w->png, w->row);
    png_read_end(w->png, NULL);
}

ofz_status ofz_picture_png(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    png_work w = { .in = *in, .st = OFZ_OK };

    w.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &w, fail, ignore);
    if (w.png) w.info = png_create_info_struct(w.png);
    if (!w.info) {
        png_destroy_read_struct(&w.png, NULL, NULL);
        return ofz_fail_nomem(ctx, "picture", sizeof w);
    }
    if (setjmp(png_jmpbuf(w.png)))
        w.st = ofz_picture_damaged(ctx, "PNG", w.text);
    else
        work(ctx, &w, out);
    free(w.row);
    png_destroy_read_struct(&w.png, &w.info, NULL);
    return w.st;
}
