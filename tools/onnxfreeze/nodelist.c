/* Nodes, their shapes and their costs. */
#include "nodelist.h"

#include "jsonout.h"
#include "listing.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ofz_cli_nodes_count(ofz_cli *cli, const ofz_model *model, const ofz_cli_opt_pairs *dims,
                        ofz_costs **out)
{
    ofz_dim   *dim = ofz_cli_realloc(NULL, dims->count, sizeof *dim);
    ofz_status st;

    for (size_t i = 0; i < dims->count; i++) {
        const char *text = dims->item[i].array;
        char       *end;

        errno  = 0;
        dim[i] = (ofz_dim){ dims->item[i].input, strtoll(text, &end, 10) };
        if (isdigit((unsigned char)*text) && !*end && !errno) continue;
        free(dim);
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, NULL, "%s: --dim: '%s', want a whole number",
                             cli->command, text);
    }
    st = ofz_costs_new(cli->ctx, model, dim, dims->count, out);
    free(dim);
    return st ? ofz_cli_fail(cli) : OFZ_EXIT_OK;
}

/* --- table ------------------------------------------------------------------------------------ */

/* "float32 [N, 10], int64 scalar"; outputs that nobody wants are left out. The caller frees. */
static char *outputs_text(const ofz_costs *costs, size_t index, size_t count)
{
    char  *text = NULL;
    size_t size = 0;
    FILE  *f    = open_memstream(&text, &size);
    int    any  = 0;

    if (!f) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    for (size_t k = 0; k < count; k++) {
        const ofz_value_info v = ofz_costs_node_output(costs, index, k);
        char                *shape;

        if (!*v.name) continue;
        shape = ofz_cli_listing_shape(v.shape, v.rank, v.dim_name);
        fprintf(f, "%s%s %s", any++ ? ", " : "",
                v.dtype == OFZ_UNDEFINED ? "?" : ofz_dtype_name(v.dtype), shape);
        free(shape);
    }
    if (fclose(f) || !text) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    return text;
}

static void cost_cells(ofz_cli_table *table, const ofz_cost *cost)
{
    char number[OFZ_TEXT_NUMBER];

    ofz_cli_table_cell(table, "%s",
                       cost->macs < 0 ? "?" : ofz_cli_text_count(number, (uint64_t)cost->macs));
    ofz_cli_table_cell(
        table, "%s",
        cost->element_ops < 0 ? "?" : ofz_cli_text_count(number, (uint64_t)cost->element_ops));
    ofz_cli_table_cell(
        table, "%s",
        cost->weight_size < 0 ? "?" : ofz_cli_text_size(number, (uint64_t)cost->weight_size));
    ofz_cli_table_cell(table, "%s",
                       cost->activation_size < 0
                           ? "?"
                           : ofz_cli_text_size(number, (uint64_t)cost->activation_size));
}

void ofz_cli_nodes_print(const ofz_cli *cli, const ofz_model *model, const ofz_costs *costs)
{
    static const char *const head[] = { "node",        "operator", "makes",      "MACs",
                                        "element ops", "weights",  "activations" };
    ofz_cli_table           *table  = ofz_cli_table_new("LlLrrrr");
    ofz_cost                 total  = ofz_costs_total(costs);
    ofz_model_info           info;

    ofz_model_get_info(model, &info);
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        ofz_cli_table_cell(table, "%s", head[i]);
    for (size_t i = 0; i < info.node_count; i++) {
        const ofz_node_info node = ofz_model_node(model, i);
        const ofz_cost      cost = ofz_costs_node(costs, i);
        char               *made = outputs_text(costs, i, node.output_count);

        if (*node.name)
            ofz_cli_table_cell(table, "%s", node.name);
        else
            ofz_cli_table_cell(table, "-> %s", node.output_count ? node.output[0] : "");
        ofz_cli_table_cell(table, "%s", node.op_type);
        ofz_cli_table_cell(table, "%s", made);
        cost_cells(table, &cost);
        free(made);
    }
    ofz_cli_table_cell(table, "total");
    ofz_cli_table_cell(table, "%zu nodes", info.node_count);
    ofz_cli_table_cell(table, "%s", "");
    cost_cells(table, &total);
    ofz_cli_table_print(table, stdout, 0, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *number_json(int64_t x)
{
    return x < 0 ? json_null() : json_integer(x);
}

static void cost_json(json_t *object, const ofz_cost *cost)
{
    ofz_cli_json_set(object, "macs", number_json(cost->macs));
    ofz_cli_json_set(object, "element_ops", number_json(cost->element_ops));
    ofz_cli_json_set(object, "weight_bytes", number_json(cost->weight_size));
    ofz_cli_json_set(object, "activation_bytes", number_json(cost->activation_size));
}

json_t *ofz_cli_nodes_json(const ofz_model *model, const ofz_costs *costs)
{
    json_t        *root = json_object(), *nodes = json_array();
    const ofz_cost total = ofz_costs_total(costs);
    ofz_model_info info;

    ofz_model_get_info(model, &info);
    for (size_t i = 0; i < info.node_count; i++) {
        const ofz_node_info node = ofz_model_node(model, i);
        const ofz_cost      cost = ofz_costs_node(costs, i);
        json_t             *o = json_object(), *outputs = json_array();

        for (size_t k = 0; k < node.output_count; k++) {
            const ofz_value_info v = ofz_costs_node_output(costs, i, k);

            if (*v.name) ofz_cli_json_append(outputs, ofz_cli_json_value(&v));
        }
        ofz_cli_json_set(o, "name", ofz_cli_json_text(node.name));
        ofz_cli_json_set(o, "op", ofz_cli_json_text(node.op_type));
        ofz_cli_json_set(o, "domain", ofz_cli_json_text(node.domain));
        ofz_cli_json_set(o, "outputs", outputs);
        cost_json(o, &cost);
        ofz_cli_json_append(nodes, o);
    }
    ofz_cli_json_set(root, "nodes", nodes);
    cost_json(root, &total);
    return root;
}
