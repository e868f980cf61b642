/* listing.h - a model's tensors as table, JSON and tree. */
#ifndef OFZ_LISTING_H
#define OFZ_LISTING_H

#include "cli.h"

#include <jansson.h>

/* One tensor as {"name","dtype","shape","bytes","role","mark","trains","used_by",...}. */
json_t *ofz_cli_listing_json_tensor(const ofz_tensor_info *tensor);
/* Set "initializers" and "constants" (tensors of Constant nodes), both in file order. */
void ofz_cli_listing_json(const ofz_model *model, json_t *object);
/* The same as a table on stdout; trains_only leaves out what does not train. */
void ofz_cli_listing_print(const ofz_cli *cli, const ofz_model *model, int trains_only);
/* Names as a tree, split at '.' and '/', with what each part holds. */
void ofz_cli_listing_tree(const ofz_cli *cli, const ofz_model *model);

/* "[N, 3, 7, 7]"; symbolic dimensions by name, unknown ones as '?'. The caller frees. */
char *ofz_cli_listing_shape(const int64_t *shape, int rank, const char *const *dim_name);
/* "64x3x7x7", for narrow columns. The caller frees. */
char *ofz_cli_listing_brief_shape(const int64_t *shape, int rank);

/* Sums over the initializers, and over constants that train. */
typedef struct ofz_cli_listing_sums {
    struct ofz_cli_listing_sum {
        uint64_t count, parameters, size; /* tensors, elements, bytes */
    } trainable, frozen;
} ofz_cli_listing_sums;

ofz_cli_listing_sums ofz_cli_listing_sum_up(const ofz_model *model);

#endif
