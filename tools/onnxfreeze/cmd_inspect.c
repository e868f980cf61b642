/* inspect - what is in a model. */
#include "commands.h"
#include "jsonout.h"
#include "listing.h"
#include "models.h"
#include "nodelist.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct inspect_args {
    ofz_cli_common    common;
    int               params, ops, tree, nodes;
    ofz_cli_opt_pairs dims;
} inspect_args;

/* Nodes of one operator type. */
typedef struct op_use {
    const char *domain, *type;
    int         known;
    size_t      count;
} op_use;

static const char *domain_shown(const char *domain)
{
    return *domain ? domain : "ai.onnx";
}

static int use_compare(const void *pa, const void *pb)
{
    const op_use *a = pa, *b = pb;
    const int     d = strcmp(a->domain, b->domain);

    return d ? d : strcmp(a->type, b->type);
}

static int use_compare_count(const void *pa, const void *pb)
{
    const op_use *a = pa, *b = pb;

    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return use_compare(pa, pb);
}

/* Operator types, the most frequent first; the caller frees. */
static op_use *uses_collect(const ofz_model *model, size_t *out_count)
{
    ofz_model_info info;
    op_use        *use;
    size_t         count = 0;

    ofz_model_get_info(model, &info);
    use = ofz_cli_realloc(NULL, info.node_count, sizeof *use);
    for (size_t i = 0; i < info.node_count; i++) {
        const ofz_node_info node = ofz_model_node(model, i);

        use[i] = (op_use){ node.domain, node.op_type, node.known, 1 };
        if (strcmp(use[i].domain, "ai.onnx") == 0) use[i].domain = "";
    }
    qsort(use, info.node_count, sizeof *use, use_compare);
    for (size_t i = 0; i < info.node_count; i++) {
        if (count && use_compare(&use[count - 1], &use[i]) == 0)
            use[count - 1].count++;
        else
            use[count++] = use[i];
    }
    qsort(use, count, sizeof *use, use_compare_count);
    *out_count = count;
    return use;
}

static void ops_print(const ofz_cli *cli, const op_use *use, size_t count, int indent)
{
    ofz_cli_table *table = ofz_cli_table_new("lrll");

    ofz_cli_table_cell(table, "operator");
    ofz_cli_table_cell(table, "nodes");
    ofz_cli_table_cell(table, "known");
    ofz_cli_table_cell(table, "domain");
    for (size_t i = 0; i < count; i++) {
        ofz_cli_table_cell(table, "%s", use[i].type);
        ofz_cli_table_cell(table, "%zu", use[i].count);
        ofz_cli_table_cell(table, "%s", use[i].known ? "yes" : "no");
        ofz_cli_table_cell(table, "%s", domain_shown(use[i].domain));
    }
    ofz_cli_table_print(table, stdout, indent, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

static void values_print(const char *label, const ofz_model *model, size_t count,
                         ofz_value_info (*get)(const ofz_model *, size_t))
{
    for (size_t i = 0; i < count; i++) {
        const ofz_value_info value = get(model, i);
        char                *shape = ofz_cli_listing_shape(value.shape, value.rank, value.dim_name);

        printf("  %-11s ", i ? "" : label);
        ofz_cli_text_put(stdout, value.name);
        printf("  %s ", ofz_dtype_name(value.dtype));
        ofz_cli_text_put(stdout, shape);
        putchar('\n');
        free(shape);
    }
}

static void line_print(const char *label, const char *text, const char *more)
{
    if (!*text && !*more) return;
    printf("  %-11s ", label);
    ofz_cli_text_put(stdout, text);
    if (*more) {
        fputs(*text ? " " : "", stdout);
        ofz_cli_text_put(stdout, more);
    }
    putchar('\n');
}

static void functions_print(const ofz_model *model, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const ofz_function_info f = ofz_model_function(model, i);

        printf("  %-11s ", i ? "" : "functions");
        ofz_cli_text_put(stdout, domain_shown(f.domain));
        putchar('.');
        ofz_cli_text_put(stdout, f.name);
        if (*f.overload) putchar(':');
        ofz_cli_text_put(stdout, f.overload);
        printf("  %zu node%s, called %zu time%s\n", f.node_count, f.node_count == 1 ? "" : "s",
               f.call_count, f.call_count == 1 ? "" : "s");
    }
}

static void parameters_print(const ofz_model *model, const ofz_model_info *info)
{
    const ofz_cli_listing_sums sums = ofz_cli_listing_sum_up(model);
    char         number[OFZ_TEXT_NUMBER], size[OFZ_TEXT_NUMBER], count[OFZ_TEXT_NUMBER];
    const double all = (double)(sums.trainable.parameters + sums.frozen.parameters);

    printf("  parameters  %s in %s, %s\n", ofz_cli_text_count(number, info->parameter_count),
           ofz_cli_text_tensors(count, info->initializer_count),
           ofz_cli_text_size(size, info->parameter_size));
    printf("  trainable   %s in %s, %s", ofz_cli_text_count(number, sums.trainable.parameters),
           ofz_cli_text_tensors(count, sums.trainable.count),
           ofz_cli_text_size(size, sums.trainable.size));
    if (all > 0) printf(" (%.1f %%)", 100 * (double)sums.trainable.parameters / all);
    putchar('\n');
}

static void summary_print(const ofz_cli *cli, const char *path, const ofz_model *model)
{
    ofz_model_info info;
    char           size[OFZ_TEXT_NUMBER];
    op_use        *use;
    size_t         count;

    ofz_model_get_info(model, &info);
    if (cli->out_colour) fputs("\033[1m", stdout);
    ofz_cli_text_put(stdout, path);
    puts(cli->out_colour ? "\033[0m" : "");
    line_print("producer", info.producer_name, info.producer_version);
    line_print("graph", info.graph_name, "");
    line_print("domain", info.domain, "");
    printf("  format      IR %" PRId64 ", ", info.ir_version);
    for (size_t i = 0; i < info.opset_count; i++) {
        const ofz_opset_info opset = ofz_model_opset(model, i);

        fputs(i ? ", " : "", stdout);
        ofz_cli_text_put(stdout, domain_shown(opset.domain));
        printf(" %" PRId64, opset.version);
    }
    printf("%s\n  file        %s\n", info.opset_count ? "" : "no opset",
           ofz_cli_text_size(size, info.file_size));
    values_print("inputs", model, info.input_count, ofz_model_input);
    values_print("outputs", model, info.output_count, ofz_model_output);
    printf("  nodes       %zu\n", info.node_count);
    functions_print(model, info.function_count);
    parameters_print(model, &info);
    if (!info.node_count) return;
    use = uses_collect(model, &count);
    putchar('\n');
    ops_print(cli, use, count, 2);
    free(use);
}

static json_t *values_json(const ofz_model *model, size_t count,
                           ofz_value_info (*get)(const ofz_model *, size_t))
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        const ofz_value_info value = get(model, i);

        ofz_cli_json_append(array, ofz_cli_json_value(&value));
    }
    return array;
}

static void ops_json(const ofz_model *model, json_t *root)
{
    json_t *ops = json_object(), *unknown = json_array();
    size_t  count;
    op_use *use = uses_collect(model, &count);

    for (size_t i = 0; i < count; i++) {
        char *name, *safe;

        if (asprintf(&name, "%s%s%s", use[i].domain, *use[i].domain ? "." : "", use[i].type) < 0)
            name = ofz_cli_realloc(NULL, SIZE_MAX, 2);
        safe = ofz_cli_text_escape(name); /* keys must be UTF-8 as well */
        if (!use[i].known) ofz_cli_json_append(unknown, ofz_cli_json_text(name));
        ofz_cli_json_set(ops, safe, ofz_cli_json_size(use[i].count));
        free(safe);
        free(name);
    }
    free(use);
    ofz_cli_json_set(root, "ops", ops);
    ofz_cli_json_set(root, "unknown_ops", unknown);
}

static json_t *functions_json(const ofz_model *model, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        const ofz_function_info f = ofz_model_function(model, i);
        json_t                 *o = json_object();

        ofz_cli_json_set(o, "domain", ofz_cli_json_text(f.domain));
        ofz_cli_json_set(o, "name", ofz_cli_json_text(f.name));
        ofz_cli_json_set(o, "overload", ofz_cli_json_text(f.overload));
        ofz_cli_json_set(o, "nodes", ofz_cli_json_size(f.node_count));
        ofz_cli_json_set(o, "inputs", ofz_cli_json_size(f.input_count));
        ofz_cli_json_set(o, "outputs", ofz_cli_json_size(f.output_count));
        ofz_cli_json_set(o, "calls", ofz_cli_json_size(f.call_count));
        ofz_cli_json_append(array, o);
    }
    return array;
}

static int inspect_json(ofz_cli *cli, const char *path, const ofz_model *model,
                        const ofz_costs *costs)
{
    json_t                    *root = json_object(), *opsets = json_array();
    const ofz_cli_listing_sums sums = ofz_cli_listing_sum_up(model);
    ofz_model_info             info;

    ofz_model_get_info(model, &info);
    ofz_cli_json_set(root, "model", ofz_cli_json_text(path));
    ofz_cli_json_set(root, "ir_version", json_integer(info.ir_version));
    ofz_cli_json_set(root, "producer", ofz_cli_json_text(info.producer_name));
    ofz_cli_json_set(root, "producer_version", ofz_cli_json_text(info.producer_version));
    ofz_cli_json_set(root, "domain", ofz_cli_json_text(info.domain));
    ofz_cli_json_set(root, "model_version", json_integer(info.model_version));
    ofz_cli_json_set(root, "graph", ofz_cli_json_text(info.graph_name));
    for (size_t i = 0; i < info.opset_count; i++) {
        const ofz_opset_info opset = ofz_model_opset(model, i);
        json_t              *o     = json_object();

        ofz_cli_json_set(o, "domain", ofz_cli_json_text(opset.domain));
        ofz_cli_json_set(o, "version", json_integer(opset.version));
        ofz_cli_json_append(opsets, o);
    }
    ofz_cli_json_set(root, "opsets", opsets);
    ofz_cli_json_set(root, "inputs", values_json(model, info.input_count, ofz_model_input));
    ofz_cli_json_set(root, "outputs", values_json(model, info.output_count, ofz_model_output));
    ofz_cli_json_set(root, "nodes", ofz_cli_json_size(info.node_count));
    ofz_cli_json_set(root, "functions", functions_json(model, info.function_count));
    ops_json(model, root);
    ofz_cli_json_set(root, "file_bytes", ofz_cli_json_size(info.file_size));
    ofz_cli_json_set(root, "parameters", ofz_cli_json_size(info.parameter_count));
    ofz_cli_json_set(root, "parameter_bytes", ofz_cli_json_size(info.parameter_size));
    ofz_cli_json_set(root, "trainable_parameters", ofz_cli_json_size(sums.trainable.parameters));
    ofz_cli_json_set(root, "trainable_bytes", ofz_cli_json_size(sums.trainable.size));
    ofz_cli_listing_json(model, root);
    if (costs) ofz_cli_json_set(root, "costs", ofz_cli_nodes_json(model, costs));
    return ofz_cli_json_print(cli, root, stdout);
}

static int inspect_run(ofz_cli *cli, void *memory)
{
    inspect_args *args = memory;
    const char   *path = args->common.word[0];
    ofz_model    *model;
    ofz_costs    *costs = NULL;
    op_use       *use;
    size_t        count;
    int           code;

    if (args->params + args->ops + args->tree + args->nodes > 1)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "run inspect once for each",
                             "inspect: --params, --ops, --tree and --nodes exclude each other");
    if (args->dims.count && !args->nodes)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "add --nodes",
                             "inspect: --dim without --nodes, which counts with it");
    code = ofz_cli_models_load(cli, path, &model);
    if (code) return code;
    if (args->nodes) code = ofz_cli_nodes_count(cli, model, &args->dims, &costs);
    if (code) {
        ofz_model_free(model);
        return code;
    }
    if (cli->json) {
        code = inspect_json(cli, path, model, costs);
    } else if (costs) {
        ofz_cli_nodes_print(cli, model, costs);
    } else if (args->params) {
        ofz_cli_listing_print(cli, model, 0);
    } else if (args->tree) {
        ofz_cli_listing_tree(cli, model);
    } else if (args->ops) {
        use = uses_collect(model, &count);
        ops_print(cli, use, count, 0);
        free(use);
    } else {
        summary_print(cli, path, model);
    }
    ofz_costs_free(costs);
    ofz_model_free(model);
    return code;
}

#define FIELD(name) offsetof(inspect_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_FLAG(0, "params", FIELD(params), 1,
                 "every tensor: type, shape, size, role, mark, what uses it"),
    OFZ_ROW_FLAG(0, "ops", FIELD(ops), 1, "operator types with their counts"),
    OFZ_ROW_FLAG(0, "tree", FIELD(tree), 1, "tensor names as a tree with parameter counts"),
    OFZ_ROW_FLAG(
        0, "nodes", FIELD(nodes), 1,
        "every node: what it makes, multiply-accumulates, bytes; '?' where a size is open"),
    OFZ_ROW_PAIR("dim", "NAME=N", FIELD(dims),
                 "with --nodes: count with this size of a named dimension; may be repeated"),
};

static const char *const examples[] = {
    "",
    "onnxfreeze inspect testdata/cnn.onnx",
    "what would train, tensor by tensor",
    "onnxfreeze inspect testdata/cnn.onnx --params",
    "what each node costs for one sample",
    "onnxfreeze inspect testdata/cnn.onnx --nodes --dim N=1",
    "the same and more, for scripts",
    "onnxfreeze inspect testdata/mlp.onnx --json",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_inspect = {
    .name    = "inspect",
    .usage   = "MODEL [--json] [--params | --ops | --tree | --nodes [--dim NAME=N]]",
    .summary = "show what is in a model",
    .about   = "Show a model's inputs, outputs, operators and parameters. Every tensor has a role, "
               "judged from the nodes that use it (weight, bias, norm scale, ...), and a mark that "
               "says whether training may change it.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(inspect_args),
    .run          = inspect_run,
};
