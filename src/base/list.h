/* list.h - a growing array of pointers. */
#ifndef OFZ_BASE_LIST_H
#define OFZ_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ofz_list {
    void **item;
    size_t count, room;
} ofz_list;

/* false when out of memory. */
bool ofz_list_push(ofz_list *list, void *item) __attribute__((warn_unused_result));
void ofz_list_free(ofz_list *list);

#endif
