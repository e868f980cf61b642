/* picture_bmp.c - Windows bitmaps: palettes of 1, 4 and 8 bits, and colours of 16, 24 and 32 bits; not
 * the run-length forms.
 * Source: Microsoft, BITMAPFILEHEADER to BITMAPV5HEADER. */
#include <string.h>

#include "kernel/picture_codec.h"

typedef struct bmp {
    const uint8_t *data;
    size_t         size, pixels; /* pixels: where they begin */
    uint32_t       header;       /* bytes of the second header; 12 is the oldest */
    int64_t        width, height;
    bool           down; /* the first row is the top one */
    uint32_t       bits, form;
    uint32_t       mask[3];
    const uint8_t *palette;
    uint32_t       colours, step; /* entries of the palette, and bytes of one */
} bmp;

static uint32_t u16_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) | u16_at(p + 2) << 16;
}

enum { FILE_HEADER = 14, RGB_FORM = 0, MASK_FORM = 3, ALPHA_MASK_FORM = 6 };

static ofz_status header_read(ofz_ctx *ctx, bmp *b)
{
    const uint8_t *h = b->data + FILE_HEADER;

    if (b->size < FILE_HEADER + 12) return ofz_picture_damaged(ctx, "BMP", "ends in its header");
    b->pixels = u32_at(b->data + 10);
    b->header = u32_at(h);
    if ((b->header != 12 && b->header < 40) || b->header > b->size - FILE_HEADER)
        return ofz_picture_damaged(ctx, "BMP", "a header of unknown size");
    if (b->header == 12) {
        b->width  = u16_at(h + 4);
        b->height = u16_at(h + 6);
        b->bits   = u16_at(h + 10);
        b->step   = 3;
        return OFZ_OK;
    }
    b->width   = (int32_t)u32_at(h + 4);
    b->height  = (int32_t)u32_at(h + 8);
    b->bits    = u16_at(h + 14);
    b->form    = u32_at(h + 16);
    b->colours = u32_at(h + 32);
    b->step    = 4;
    b->down    = b->height < 0;
    if (b->down) b->height = -b->height;
    return OFZ_OK;
}

static ofz_status palette_find(ofz_ctx *ctx, bmp *b)
{
    const size_t at = FILE_HEADER + b->header;

    if (!b->colours || b->colours > 1u << b->bits) b->colours = 1u << b->bits;
    if ((b->size - at) / b->step < b->colours)
        return ofz_picture_damaged(ctx, "BMP", "ends in its palette");
    b->palette = b->data + at;
    return OFZ_OK;
}

/* Which bits of a pixel are red, green and blue. They may stand in the second header, or behind it. */
static ofz_status masks_find(ofz_ctx *ctx, bmp *b)
{
    static const uint32_t usual16[3] = { 0x7c00, 0x3e0, 0x1f };
    static const uint32_t usual32[3] = { 0xff0000, 0xff00, 0xff };

    memcpy(b->mask, b->bits == 16 ? usual16 : usual32, sizeof b->mask);
    if (b->form == RGB_FORM) return OFZ_OK;
    if (b->size - FILE_HEADER < 52) return ofz_picture_damaged(ctx, "BMP", "ends in its masks");
    for (int i = 0; i < 3; i++) b->mask[i] = u32_at(b->data + FILE_HEADER + 40 + 4 * i);
    return OFZ_OK;
}

static uint8_t masked(uint32_t pixel, uint32_t mask)
{
    const int shift = mask ? __builtin_ctz(mask) : 0;
    uint64_t  most  = mask >> shift;

    return mask ? (uint8_t)(((uint64_t)((pixel & mask) >> shift) * 255 + most / 2) / most) : 0;
}

static ofz_status row_read(ofz_ctx *ctx, const bmp *b, const uint8_t *row, uint8_t *to)
{
    for (int64_t x = 0; x < b->width; x++, to += 3) {
        const uint8_t *p = row + x * b->bits / 8;
        uint32_t       v;

        if (b->bits == 24) {
            to[0] = p[2];
            to[1] = p[1];
            to[2] = p[0];
        } else if (b->bits > 8) {
            v = b->bits == 16 ? u16_at(p) : u32_at(p);
            for (int k = 0; k < 3; k++) to[k] = masked(v, b->mask[k]);
        } else {
            v = *p >> (8 - b->bits - x * b->bits % 8) & ((1u << b->bits) - 1);
            if (v >= b->colours)
                return ofz_picture_damaged(ctx, "BMP", "a colour outside the palette");
            for (int k = 0; k < 3; k++) to[k] = b->palette[v * b->step + 2 - k];
        }
    }
    return OFZ_OK;
}

ofz_status ofz_picture_bmp(ofz_ctx *ctx, const ofz_picture_source *in, ofz_picture *out)
{
    bmp    b = { .data = in->data, .size = in->size };
    size_t stride;

    OFZ_TRY(header_read(ctx, &b));
    if (b.bits != 1 && b.bits != 4 && b.bits != 8 && b.bits != 16 && b.bits != 24 && b.bits != 32)
        return ofz_picture_damaged(ctx, "BMP", "bits of a pixel, want 1, 4, 8, 16, 24 or 32");
    if (b.form != RGB_FORM && !(b.bits >= 16 && (b.form == MASK_FORM || b.form == ALPHA_MASK_FORM)))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "picture: BMP: compression %u, want none",
                        (unsigned)b.form);
    OFZ_TRY(b.bits <= 8 ? palette_find(ctx, &b) : masks_find(ctx, &b));
    OFZ_TRY(ofz_picture_room(ctx, b.width, b.height, out));
    stride = ((size_t)b.width * b.bits + 31) / 32 * 4;
    if (b.pixels > b.size || (b.size - b.pixels) / stride < (size_t)b.height)
        return ofz_picture_damaged(ctx, "BMP", "ends early");
    for (int64_t y = 0; y < b.height; y++)
        OFZ_TRY(row_read(ctx, &b, b.data + b.pixels + (size_t)y * stride,
                         out->data + 3 * b.width * (b.down ? y : b.height - 1 - y)));
    return OFZ_OK;
}
