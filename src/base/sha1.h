/* sha1.h - the digest that ONNX uses as a checksum of external data. No protection against anyone who
 * means harm; it finds files that were mixed up or damaged. Source: FIPS 180-4, section 6.1. */
#ifndef OFZ_BASE_SHA1_H
#define OFZ_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

typedef struct ofz_sha1 {
    uint32_t h[5];
    uint64_t size; /* bytes so far */
    uint8_t  block[64];
} ofz_sha1;

void ofz_sha1_init(ofz_sha1 *s);
void ofz_sha1_put(ofz_sha1 *s, const void *data, size_t size);
/* 40 lower-case hexadecimal digits and a NUL. `s` is used up. */
void ofz_sha1_text(ofz_sha1 *s, char out[41]);

#endif
