/* nearest.h - which names were perhaps meant. */
#ifndef OFZ_PASS_NEAREST_H
#define OFZ_PASS_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

enum { OFZ_NEAREST_COUNT = 3, OFZ_NEAREST_SIZE = 96 };

/* The closest of the names offered so far. Names are borrowed. */
typedef struct ofz_nearest {
    const char *asked;
    const char *name[OFZ_NEAREST_COUNT]; /* closest first, NULL behind the last */
    int         distance[OFZ_NEAREST_COUNT];
    int         offers; /* names measured; no more after some thousands */
} ofz_nearest;

void ofz_nearest_init(ofz_nearest *n, const char *asked);
/* Empty names, names offered before and, of long ones, all but the beginning are ignored. */
void ofz_nearest_offer(ofz_nearest *n, const char *name);
/* "'a', 'b'" into buf; false when there are none. */
bool ofz_nearest_text(const ofz_nearest *n, char *buf, size_t size);

#endif
