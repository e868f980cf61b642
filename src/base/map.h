/* map.h - text to pointer. Keys are borrowed and must outlive the map. */
#ifndef OFZ_BASE_MAP_H
#define OFZ_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise. The hash is seeded per map, so that a file cannot choose its collisions. */
typedef struct ofz_map {
    struct ofz_map_slot *slot;
    size_t               count, room;
    unsigned long long   seed;
} ofz_map;

/* The value of `key`, or NULL. */
void *ofz_map_get(const ofz_map *map, const char *key);
/* Set or replace; value must not be NULL. false when out of memory. */
bool ofz_map_put(ofz_map *map, const char *key, void *value) __attribute__((warn_unused_result));
/* Forget `key`; false when it was not there. */
bool ofz_map_remove(ofz_map *map, const char *key);
void ofz_map_free(ofz_map *map);

#endif
