/* nearest.c - see nearest.h. Levenshtein's distance, one row at a time. */
#include "pass/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { OFFERS_MAX = 20000 };

void ofz_nearest_init(ofz_nearest *n, const char *asked)
{
    *n = (ofz_nearest){ .asked = asked };
}

static int least(int a, int b, int c)
{
    const int m = a < b ? a : b;

    return m < c ? m : c;
}

static int text_distance(const char *a, const char *b)
{
    int    row[OFZ_NEAREST_SIZE + 1];
    size_t size_a = strnlen(a, OFZ_NEAREST_SIZE), size_b = strnlen(b, OFZ_NEAREST_SIZE);

    for (size_t k = 0; k <= size_b; k++) row[k] = (int)k;
    for (size_t i = 0; i < size_a; i++) {
        int corner = row[0];

        row[0] = (int)i + 1;
        for (size_t k = 0; k < size_b; k++) {
            const int same =
                corner + (tolower((unsigned char)a[i]) != tolower((unsigned char)b[k]));

            corner     = row[k + 1];
            row[k + 1] = least(same, row[k] + 1, corner + 1);
        }
    }
    return row[size_b];
}

void ofz_nearest_offer(ofz_nearest *n, const char *name)
{
    int d, at = OFZ_NEAREST_COUNT;

    if (!*name || n->offers++ >= OFFERS_MAX) return;
    for (int i = 0; i < OFZ_NEAREST_COUNT && n->name[i]; i++)
        if (!strcmp(n->name[i], name)) return;
    d = text_distance(n->asked, name);
    while (at > 0 && (!n->name[at - 1] || d < n->distance[at - 1])) at--;
    if (at == OFZ_NEAREST_COUNT) return;
    for (int i = OFZ_NEAREST_COUNT - 1; i > at; i--) {
        n->name[i]     = n->name[i - 1];
        n->distance[i] = n->distance[i - 1];
    }
    n->name[at]     = name;
    n->distance[at] = d;
}

bool ofz_nearest_text(const ofz_nearest *n, char *buf, size_t size)
{
    size_t used = 0;

    if (!n->name[0]) return false;
    for (int i = 0; i < OFZ_NEAREST_COUNT && n->name[i] && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s'%s'", i ? ", " : "", n->name[i]);
    return true;
}
