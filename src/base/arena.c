/* arena.c - see arena.h: a chain of blocks, each twice as large as the last. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

typedef struct ofz_arena_block {
    struct ofz_arena_block *next;
    size_t                  used, room;
    _Alignas(16) unsigned char data[];
} arena_block;

enum { ARENA_FIRST = 4096, ARENA_LARGEST = 1 << 20 };

static arena_block *arena_grow(ofz_arena *arena, size_t size)
{
    size_t       room = arena->block ? 2 * arena->block->room : ARENA_FIRST;
    size_t       whole;
    arena_block *b;

    if (room > ARENA_LARGEST) room = ARENA_LARGEST;
    if (room < size) room = size;
    if (!ofz_add_size(sizeof *b, room, &whole)) return NULL;
    b = calloc(1, whole);
    if (!b) return NULL;
    b->room             = room;
    b->next             = arena->block;
    return arena->block = b;
}

void *ofz_arena_alloc(ofz_arena *arena, size_t size)
{
    arena_block *b = arena->block;
    size_t       padded;
    void        *p;

    if (!ofz_add_size(size ? size : 1, 15, &padded)) return NULL;
    padded &= ~(size_t)15;
    if (!b || b->room - b->used < padded) b = arena_grow(arena, padded);
    if (!b) return NULL;
    p = b->data + b->used;
    b->used += padded;
    arena->size += padded;
    return p;
}

void *ofz_arena_array(ofz_arena *arena, size_t count, size_t size)
{
    size_t whole;

    return ofz_mul_size(count, size, &whole) ? ofz_arena_alloc(arena, whole) : NULL;
}

char *ofz_arena_text(ofz_arena *arena, const char *text, size_t size)
{
    char *s = size < SIZE_MAX ? ofz_arena_alloc(arena, size + 1) : NULL;

    if (s && size) memcpy(s, text, size);
    return s;
}

char *ofz_arena_strdup(ofz_arena *arena, const char *text)
{
    return ofz_arena_text(arena, text, strlen(text));
}

char *ofz_arena_printf(ofz_arena *arena, const char *fmt, ...)
{
    va_list ap, again;
    int     n;
    char   *s = NULL;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0) s = ofz_arena_alloc(arena, (size_t)n + 1);
    if (s) vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return s;
}

void ofz_arena_free(ofz_arena *arena)
{
    for (arena_block *b = arena->block, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *arena = (ofz_arena){ 0 };
}
