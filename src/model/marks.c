/* marks.c - the marks of freezing as entries of TensorProto.metadata_props. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"

/* A decimal point, whatever the caller's locale says. */
static bool number_read(const char *text, double *out)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char    *end;
    double   x;

    if (!c) return false;
    x = strtod_l(text, &end, c);
    freelocale(c);
    if (end == text || *end || !isfinite(x) || x < 0) return false;
    *out = x;
    return true;
}

void ofz_marks_number(char *buf, size_t size, double x)
{
    locale_t c   = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t old = c ? uselocale(c) : (locale_t)0;

    snprintf(buf, size, "%.17g", x);
    if (!c) return;
    uselocale(old);
    freelocale(c);
}

bool ofz_marks_take(ofz_marks *m, const char *key, const char *value)
{
    if (!strcmp(key, OFZ_KEY_MARK)) {
        if (!strcmp(value, "frozen"))
            m->mark = OFZ_MARK_FROZEN;
        else if (!strcmp(value, "trainable"))
            m->mark = OFZ_MARK_TRAINABLE;
        else
            return false;
    } else if (!strcmp(key, OFZ_KEY_GROUP)) {
        m->group = value[0] ? value : NULL;
    } else if (!strcmp(key, OFZ_KEY_LR_SCALE)) {
        return number_read(value, &m->lr_scale);
    }
    return true;
}
