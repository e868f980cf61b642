/* wire.h - protobuf's wire format, field by field. Nothing here knows a schema. */
#ifndef OFZ_MODEL_WIRE_H
#define OFZ_MODEL_WIRE_H

#include "base/error.h"

enum { OFZ_WIRE_VARINT = 0, OFZ_WIRE_I64 = 1, OFZ_WIRE_LEN = 2, OFZ_WIRE_I32 = 5 };

typedef struct ofz_wire {
    const uint8_t *p, *end;
    const char    *error; /* what is wrong, once ofz_wire_next has returned -1 */
} ofz_wire;

typedef struct ofz_wire_field {
    uint32_t       number;
    int            type;   /* OFZ_WIRE_* */
    uint64_t       value;  /* varint and fixed types */
    const uint8_t *tag;    /* first byte of the field */
    const uint8_t *data;   /* LEN: its content; else the encoded value */
    size_t         size;   /* of data */
    const uint8_t *prefix; /* LEN: first byte of the length */
} ofz_wire_field;

/* 1: *f is the next field, 0: the end, -1: malformed. Groups are malformed. */
int ofz_wire_next(ofz_wire *w, ofz_wire_field *f);

/* A varint at w->p; false, with w->error set, when it is cut off or longer than 64 bits. */
bool ofz_wire_varint(ofz_wire *w, uint64_t *out);

/* Write `x` in its shortest form; returns the bytes used, at most 10. */
size_t ofz_wire_put_varint(uint8_t *to, uint64_t x);
/* The bytes that would be. */
size_t ofz_wire_varint_size(uint64_t x);

#endif
