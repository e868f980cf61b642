/* list.c - see list.h. */
#include "base/list.h"

#include <stdlib.h>

bool ofz_list_push(ofz_list *list, void *item)
{
    if (list->count == list->room) {
        size_t room   = list->room ? 2 * list->room : 8;
        void **bigger = realloc(list->item, room * sizeof *bigger);

        if (!bigger) return false;
        list->item = bigger;
        list->room = room;
    }
    list->item[list->count++] = item;
    return true;
}

void ofz_list_free(ofz_list *list)
{
    free(list->item);
    *list = (ofz_list){ 0 };
}
