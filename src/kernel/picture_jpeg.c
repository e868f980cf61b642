/* picture_jpeg.c - JPEG by libjpeg (-turbo): the slow integer transform and smooth chroma, which are its
 * defaults and those of other decoders. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "kernel/picture_codec.h"

/* A progressive file may make every scan cost a pass over the picture. */
enum { SCANS_MOST = 500 };

typedef struct jpeg_work {
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr         error;
    struct jpeg_progress_mgr      progress;
    jmp_buf                       back;
    char                          text[JMSG_LENGTH_MAX];
    ofz_status                    st;
    uint8_t                      *row; /* of four samples a pixel, for CMYK */
} jpeg_work;

static void fail(j_common_ptr c)
{
    jpeg_work *w = c->client_data;

    c->err->format_message(c, w->text);
    longjmp(w->back, 1);
}

/* Whatever libjpeg would only warn of is damage. */
static void message(j_common_ptr c, int level)
{
    if (level < 0) fail(c);
}

static void watch(j_common_ptr c)
{
    jpeg_work *w = c->client_data;

    if (w->c.input_scan_number <= SCANS_MOST) return;
    snprintf(w->text, sizeof w->text, "more than %d scans", SCANS_MOST);
    longjmp(w->back, 1);
}

/* CMYK as Adobe writes it, inverted. */
static void row_convert(const jpeg_work *w, uint8_t *to)
{
    for (JDIMENSION x = 0; x < w->c.output_width; x++)
        for (int k = 0; k < 3; k++)
            to[3 * x + k] = (uint8_t)((w->row[4 * x + k] * w->row[4 * x + 3] + 127) / 255);
}

static void rows_read(jpeg_work *w, ofz_picture *out)
{
    const size_t stride = 3 * (size_t)out->width;

    while (w->c.output_scanline < w->c.output_height) {
        uint8_t *to  = out->data + w->c.output_scanline * stride;
        JSAMPROW row = w->row ? w->row : to;

        if (!jpeg_read_scanlines(&w->c, &row, 1)) break; /* cannot be, as nothing suspends */
        if (w->row) row_convert(w, to);
    }
}

/* Everything that may jump. */
static void work(ofz_ctx *ctx, jpeg_work *w, const ofz_picture_source *in, ofz_picture *out)
{
    jpeg_create_decompress(&w->c);
    jpeg_mem_src(&w->c, in->data, in->size);
    jpeg_read_header(&w->c, TRUE);
    w->progress.progress_monitor = watch;
    w->c.progress                = &w->progress;
    w->st                        = ofz_picture_room(ctx, w->c.image_width, w->c.image_height, out);
    if (w->st) return;
    if (w->c.num_components == 4) {
        w->c.out_color_space = JCS_CMYK;
        w->row = w->c.mem->alloc_large((j_common_ptr)&w->c, JPOOL_IMAGE, 4 * (size_t)out->width);
    } else {
        w->c.out_color_space = JCS_RGB;
    }
    jpeg_start_decompress(&w->c);
    rows_read(w, out);
    jpeg_finish_decompress(&w->c);
}

ofz_status ofz_picture_jpeg(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    jpeg_work w = { .st = OFZ_OK };

    w.c.err              = jpeg_std_error(&w.error);
    w.c.client_data      = &w;
    w.error.error_exit   = fail;
    w.error.emit_message = message;
    w.c.progress         = NULL;
    if (setjmp(w.back)) {
        jpeg_destroy_decompress(&w.c);
        return ofz_picture_damaged(ctx, "JPEG", w.text);
    }
    work(ctx, &w, in, out);
    jpeg_destroy_decompress(&w.c);
    return w.st;
}
