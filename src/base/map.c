/* map.c - see map.h: open addressing, linear probing, at most three quarters full. */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

typedef struct ofz_map_slot {
    const char *key; /* NULL: free */
    void       *value;
    uint64_t    hash;
} map_slot;

static uint64_t map_hash(const ofz_map *map, const char *key)
{
    return XXH3_64bits_withSeed(key, strlen(key), map->seed);
}

static map_slot *map_find(const ofz_map *map, const char *key, uint64_t hash)
{
    size_t i = (size_t)hash & (map->room - 1);

    while (map->slot[i].key && (map->slot[i].hash != hash || strcmp(map->slot[i].key, key)))
        i = (i + 1) & (map->room - 1);
    return &map->slot[i];
}

static bool map_grow(ofz_map *map)
{
    ofz_map bigger = { .room = map->room ? 2 * map->room : 16, .count = map->count };

    bigger.seed = map->room ? map->seed : (uint64_t)(uintptr_t)map;
    bigger.slot = calloc(bigger.room, sizeof *bigger.slot);
    if (!bigger.slot) return false;
    for (size_t i = 0; i < map->room; i++)
        if (map->slot[i].key)
            *map_find(&bigger, map->slot[i].key, map->slot[i].hash) = map->slot[i];
    free(map->slot);
    *map = bigger;
    return true;
}

void *ofz_map_get(const ofz_map *map, const char *key)
{
    return map->room ? map_find(map, key, map_hash(map, key))->value : NULL;
}

bool ofz_map_put(ofz_map *map, const char *key, void *value)
{
    map_slot *s;
    uint64_t  hash;

    if (4 * (map->count + 1) > 3 * map->room && !map_grow(map)) return false;
    hash = map_hash(map, key);
    s    = map_find(map, key, hash);
    if (!s->key) map->count++;
    *s = (map_slot){ key, value, hash };
    return true;
}

bool ofz_map_remove(ofz_map *map, const char *key)
{
    map_slot *s = map->room ? map_find(map, key, map_hash(map, key)) : NULL;
    size_t    hole, i;

    if (!s || !s->key) return false;
    hole = (size_t)(s - map->slot);
    for (i = (hole + 1) & (map->room - 1); map->slot[i].key; i = (i + 1) & (map->room - 1)) {
        size_t home = (size_t)map->slot[i].hash & (map->room - 1);

        /* Move back whoever could not be found past the hole. */
        if (((i - home) & (map->room - 1)) >= ((i - hole) & (map->room - 1))) {
            map->slot[hole] = map->slot[i];
            hole            = i;
        }
    }
    map->slot[hole] = (map_slot){ 0 };
    map->count--;
    return true;
}

void ofz_map_free(ofz_map *map)
{
    free(map->slot);
    *map = (ofz_map){ 0 };
}
