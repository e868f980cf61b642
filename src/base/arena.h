/* arena.h - memory that is freed together, never one by one. */
#ifndef OFZ_BASE_ARENA_H
#define OFZ_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; every allocation is zeroed and aligned to 16 bytes. */
typedef struct ofz_arena {
    struct ofz_arena_block *block;
    size_t                  size; /* bytes handed out */
} ofz_arena;

/* NULL when out of memory. */
void *ofz_arena_alloc(ofz_arena *arena, size_t size);
/* count * size, NULL on overflow as well. */
void *ofz_arena_array(ofz_arena *arena, size_t count, size_t size);
/* A NUL-terminated copy of size bytes. */
char *ofz_arena_text(ofz_arena *arena, const char *text, size_t size);
char *ofz_arena_strdup(ofz_arena *arena, const char *text);
char *ofz_arena_printf(ofz_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ofz_arena_free(ofz_arena *arena);

#define OFZ_NEW(arena, type)         ((type *)ofz_arena_alloc(arena, sizeof(type)))
#define OFZ_NEWS(arena, type, count) ((type *)ofz_arena_array(arena, count, sizeof(type)))

#endif
