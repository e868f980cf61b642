/* jsonout.h - JSON values from the library's structs, and printing them. */
#ifndef OFZ_JSONOUT_H
#define OFZ_JSONOUT_H

#include "cli.h"

#include <jansson.h>

/* A JSON string; text that is not UTF-8 comes escaped. NULL text gives null. */
json_t *ofz_cli_json_text(const char *text);
/* A JSON number; null when it is not finite. */
json_t *ofz_cli_json_real(double x);
json_t *ofz_cli_json_size(uint64_t x);
json_t *ofz_cli_json_bool(int x);
/* An array of `count` numbers; null when x is. */
json_t *ofz_cli_json_reals(const double *x, int count);
/* An array: numbers, names of symbolic dimensions (dim_name may be NULL), null where unknown;
 * null altogether when rank is negative. */
json_t *ofz_cli_json_shape(const int64_t *shape, int rank, const char *const *dim_name);
/* {"name","dtype","shape"} */
json_t *ofz_cli_json_value(const ofz_value_info *value);
/* Set a member, or append an element, and take its reference. */
void ofz_cli_json_set(json_t *object, const char *key, json_t *value);
void ofz_cli_json_append(json_t *array, json_t *value);

/* Print to `f` and release `root`: one member a line, and one element a line in arrays of objects.
 * Returns OFZ_EXIT_OK, or OFZ_EXIT_FAILED with the error printed. */
int ofz_cli_json_print(ofz_cli *cli, json_t *root, FILE *f);

#endif
