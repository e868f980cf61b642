/* A model's tensors as JSON and as a table. */
#include "listing.h"

#include "jsonout.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

json_t *ofz_cli_listing_json_tensor(const ofz_tensor_info *tensor)
{
    json_t *object = json_object(), *used_by = json_array();

    ofz_cli_json_set(object, "name", ofz_cli_json_text(tensor->name));
    ofz_cli_json_set(object, "dtype", ofz_cli_json_text(ofz_dtype_name(tensor->dtype)));
    ofz_cli_json_set(object, "shape", ofz_cli_json_shape(tensor->shape, tensor->rank, NULL));
    ofz_cli_json_set(object, "parameters", ofz_cli_json_size(tensor->count));
    ofz_cli_json_set(object, "bytes", ofz_cli_json_size(tensor->size));
    ofz_cli_json_set(object, "role", ofz_cli_json_text(ofz_role_name(tensor->role)));
    ofz_cli_json_set(object, "mark", ofz_cli_json_text(ofz_mark_name(tensor->mark)));
    ofz_cli_json_set(object, "trains", ofz_cli_json_bool(tensor->trains));
    ofz_cli_json_set(object, "external", ofz_cli_json_bool(tensor->external));
    ofz_cli_json_set(object, "sparse", ofz_cli_json_bool(tensor->sparse));
    for (size_t i = 0; i < tensor->user_count; i++)
        ofz_cli_json_append(used_by, ofz_cli_json_text(tensor->used_by[i]));
    ofz_cli_json_set(object, "used_by", used_by);
    return object;
}

void ofz_cli_listing_json(const ofz_model *model, json_t *object)
{
    json_t *initializers = json_array(), *constants = json_array();

    for (size_t i = 0; i < ofz_model_tensor_count(model); i++) {
        const ofz_tensor_info tensor = ofz_model_tensor(model, i);

        ofz_cli_json_append(tensor.constant_node ? constants : initializers,
                            ofz_cli_listing_json_tensor(&tensor));
    }
    ofz_cli_json_set(object, "initializers", initializers);
    ofz_cli_json_set(object, "constants", constants);
}

char *ofz_cli_listing_shape(const int64_t *shape, int rank, const char *const *dim_name)
{
    char  *text = NULL;
    size_t size = 0;
    FILE  *f    = open_memstream(&text, &size);

    if (!f) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    if (rank < 0) fputs("unknown shape", f);
    for (int i = 0; i < rank; i++) {
        fputs(i ? ", " : "[", f);
        if (shape[i] >= 0)
            fprintf(f, "%" PRId64, shape[i]);
        else
            fputs(dim_name && dim_name[i] && *dim_name[i] ? dim_name[i] : "?", f);
    }
    if (rank >= 0) fputs(rank ? "]" : "scalar", f);
    if (fclose(f) || !text) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    return text;
}

char *ofz_cli_listing_brief_shape(const int64_t *shape, int rank)
{
    char  *text = NULL;
    size_t size = 0;
    FILE  *f    = open_memstream(&text, &size);

    if (!f) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    for (int i = 0; i < rank; i++) fprintf(f, "%s%" PRId64, i ? "x" : "", shape[i]);
    if (rank == 0) fputs("scalar", f);
    if (fclose(f) || !text) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    return text;
}

static void tensor_row(ofz_cli_table *table, const ofz_tensor_info *tensor)
{
    char  number[OFZ_TEXT_NUMBER];
    char *shape = ofz_cli_listing_brief_shape(tensor->shape, tensor->rank);

    ofz_cli_table_cell(table, "%s", tensor->name);
    ofz_cli_table_cell(table, "%s%s", tensor->sparse ? "sparse " : "",
                       ofz_dtype_name(tensor->dtype));
    ofz_cli_table_cell(table, "%s", shape);
    ofz_cli_table_cell(table, "%s", ofz_cli_text_size(number, tensor->size));
    ofz_cli_table_cell(table, "%s", ofz_role_name(tensor->role));
    ofz_cli_table_cell(table, "%s",
                       tensor->mark == OFZ_MARK_NONE ? "-" : ofz_mark_name(tensor->mark));
    ofz_cli_table_cell(table, "%s", tensor->trains ? "yes" : "-");
    if (tensor->user_count > 1)
        ofz_cli_table_cell(table, "%s +%zu", tensor->used_by[0], tensor->user_count - 1);
    else
        ofz_cli_table_cell(table, "%s", tensor->user_count ? tensor->used_by[0] : "-");
    free(shape);
}

void ofz_cli_listing_print(const ofz_cli *cli, const ofz_model *model, int trains_only)
{
    static const char *const head[] = { "name", "dtype", "shape",  "size",
                                        "role", "mark",  "trains", "used by" };
    ofz_cli_table           *table  = ofz_cli_table_new("LllrlDlD");

    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        ofz_cli_table_cell(table, "%s", head[i]);
    for (size_t i = 0; i < ofz_model_tensor_count(model); i++) {
        const ofz_tensor_info tensor = ofz_model_tensor(model, i);

        if (tensor.trains || !trains_only) tensor_row(table, &tensor);
    }
    ofz_cli_table_print(table, stdout, 0, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

ofz_cli_listing_sums ofz_cli_listing_sum_up(const ofz_model *model)
{
    ofz_cli_listing_sums sums = { { 0 } };

    for (size_t i = 0; i < ofz_model_tensor_count(model); i++) {
        const ofz_tensor_info       tensor = ofz_model_tensor(model, i);
        struct ofz_cli_listing_sum *sum    = tensor.trains ? &sums.trainable : &sums.frozen;

        if (tensor.constant_node && !tensor.trains) continue;
        sum->count++;
        sum->parameters += tensor.count;
        sum->size += tensor.size;
    }
    return sums;
}
