/* wire.c - see wire.h. Source: the Protocol Buffers encoding guide. */
#include "model/wire.h"

#include <string.h>

bool ofz_wire_varint(ofz_wire *w, uint64_t *out)
{
    uint64_t x = 0;

    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t b;

        if (w->p == w->end) {
            w->error = "cut off in a number";
            return false;
        }
        b = *w->p++;
        if (shift == 63 && b > 1) break;
        x |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *out = x;
            return true;
        }
    }
    w->error = "a number of more than 64 bits";
    return false;
}

static int wire_bad(ofz_wire *w, const char *error)
{
    w->error = error;
    return -1;
}

static int wire_fixed(ofz_wire *w, ofz_wire_field *f, size_t size)
{
    if ((size_t)(w->end - w->p) < size) return wire_bad(w, "cut off in a field");
    f->data  = w->p;
    f->size  = size;
    f->value = 0;
    for (size_t i = 0; i < size; i++) f->value |= (uint64_t)w->p[i] << 8 * i;
    w->p += size;
    return 1;
}

int ofz_wire_next(ofz_wire *w, ofz_wire_field *f)
{
    uint64_t tag, size;

    if (w->p == w->end) return 0;
    f->tag    = w->p;
    f->prefix = NULL;
    f->value  = 0;
    if (!ofz_wire_varint(w, &tag)) return -1;
    if (tag >> 3 == 0) return wire_bad(w, "field number 0");
    if (tag >> 32) return wire_bad(w, "a field number above 2^29 - 1");
    f->number = (uint32_t)(tag >> 3);
    f->type   = (int)(tag & 7);
    switch (f->type) {
    case OFZ_WIRE_VARINT:
        f->data = w->p;
        if (!ofz_wire_varint(w, &f->value)) return -1;
        f->size = (size_t)(w->p - f->data);
        return 1;
    case OFZ_WIRE_I64:
        return wire_fixed(w, f, 8);
    case OFZ_WIRE_I32:
        return wire_fixed(w, f, 4);
    case OFZ_WIRE_LEN:
        f->prefix = w->p;
        if (!ofz_wire_varint(w, &size)) return -1;
        if (size > (size_t)(w->end - w->p)) return wire_bad(w, "a field longer than what holds it");
        f->data = w->p;
        f->size = (size_t)size;
        w->p += size;
        return 1;
    case 3:
    case 4:
        return wire_bad(w, "a group, which ONNX does not use");
    default:
        return wire_bad(w, "an undefined wire type");
    }
}

size_t ofz_wire_put_varint(uint8_t *to, uint64_t x)
{
    size_t n = 0;

    for (; x > 0x7f; x >>= 7) to[n++] = (uint8_t)(x | 0x80);
    to[n++] = (uint8_t)x;
    return n;
}

size_t ofz_wire_varint_size(uint64_t x)
{
    uint8_t buf[10];

    return ofz_wire_put_varint(buf, x);
}
