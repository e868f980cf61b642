/* JSON output. */
#include "jsonout.h"

#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *ofz_cli_json_text(const char *text)
{
    json_t *value;
    char   *safe;

    if (!text) return json_null();
    if (ofz_cli_text_is_utf8(text)) return json_string(text);
    safe  = ofz_cli_text_escape(text);
    value = json_string(safe);
    free(safe);
    return value;
}

json_t *ofz_cli_json_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *ofz_cli_json_size(uint64_t x)
{
    return json_integer((json_int_t)x);
}

json_t *ofz_cli_json_bool(int x)
{
    return json_boolean(x != 0);
}

json_t *ofz_cli_json_reals(const double *x, int count)
{
    json_t *array;

    if (!x) return json_null();
    array = json_array();
    for (int i = 0; i < count; i++) ofz_cli_json_append(array, ofz_cli_json_real(x[i]));
    return array;
}

json_t *ofz_cli_json_shape(const int64_t *shape, int rank, const char *const *dim_name)
{
    json_t *array;

    if (rank < 0) return json_null();
    array = json_array();
    for (int i = 0; i < rank; i++) {
        if (shape[i] >= 0)
            ofz_cli_json_append(array, json_integer(shape[i]));
        else
            ofz_cli_json_append(array, ofz_cli_json_text(dim_name ? dim_name[i] : NULL));
    }
    return array;
}

json_t *ofz_cli_json_value(const ofz_value_info *value)
{
    json_t *object = json_object();

    ofz_cli_json_set(object, "name", ofz_cli_json_text(value->name));
    ofz_cli_json_set(object, "dtype", ofz_cli_json_text(ofz_dtype_name(value->dtype)));
    ofz_cli_json_set(object, "shape",
                     ofz_cli_json_shape(value->shape, value->rank, value->dim_name));
    return object;
}

void ofz_cli_json_set(json_t *object, const char *key, json_t *value)
{
    /* A member lost to a full memory would pass for an absent one. */
    if (!value || json_object_set_new(object, key, value)) ofz_cli_realloc(NULL, SIZE_MAX, 2);
}

void ofz_cli_json_append(json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value)) ofz_cli_realloc(NULL, SIZE_MAX, 2);
}

enum { JSON_STYLE = JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY };

static int value_dump(const json_t *value, FILE *f, size_t flags)
{
    const json_t *element;
    size_t        i;

    if (!json_is_array(value) || !json_is_object(json_array_get(value, 0)))
        return json_dumpf(value, f, flags);
    json_array_foreach(value, i, element)
    {
        fputs(i ? ",\n    " : "[\n    ", f);
        if (json_dumpf(element, f, flags)) return -1;
    }
    return fputs("\n  ]", f) < 0 ? -1 : 0;
}

int ofz_cli_json_print(ofz_cli *cli, json_t *root, FILE *f)
{
    /* On a terminal nothing but ASCII: names may hold characters that change what is seen. */
    const size_t flags = JSON_STYLE | (f == stdout && cli->out_tty ? JSON_ENSURE_ASCII : 0);
    const char  *key;
    json_t      *value;
    int          rc = root ? 0 : -1, first = 1;

    fputc('{', f);
    json_object_foreach(root, key, value)
    {
        fputs(first ? "\n  " : ",\n  ", f);
        fprintf(f, "\"%s\": ", key);
        first = 0;
        if (value_dump(value, f, flags)) rc = -1;
    }
    fputs("\n}\n", f);
    json_decref(root);
    if (!rc || ferror(f)) return OFZ_EXIT_OK; /* whoever closes f sees what it holds back */
    return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "out of memory");
}
