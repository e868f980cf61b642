/* meter.h - how many bytes of tensors are held at once. Counted, since buffers may outlive the ctx that
 * they were made for; threads may share one. */
#ifndef OFZ_BASE_METER_H
#define OFZ_BASE_METER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ofz_meter ofz_meter;

/* NULL when out of memory. A NULL meter counts nothing. */
ofz_meter *ofz_meter_new(void);
void       ofz_meter_release(ofz_meter *m);

/* Hold `size` bytes more, and a reference; false, and nothing is held, when that makes more than `most`. */
bool ofz_meter_take(ofz_meter *m, size_t size, size_t most);
/* The reverse. */
void ofz_meter_give(ofz_meter *m, size_t size);

#endif
