/* fold - work out beforehand what does not depend on inputs. */
#include "commands.h"
#include "jsonout.h"
#include "models.h"
#include "outfile.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct fold_args {
    ofz_cli_common common;
    const char    *out;
    int            in_place, dry_run, explain;
    int            frozen_only, keep_trainable, no_fuse, verify;
    uint64_t       size_limit, seed;
} fold_args;

/* --- nodes by operator ------------------------------------------------------------------------ */

typedef struct op_count {
    char    *name;
    uint64_t before, after;
} op_count;

typedef struct op_counts {
    op_count *item;
    size_t    count;
    uint64_t  before, after, size_before, size_after; /* nodes; bytes of initializers */
} op_counts;

static op_count *op_find(op_counts *ops, const ofz_node_info *node)
{
    char *name;

    if (asprintf(&name, "%s%s%s", node->domain, node->domain[0] ? "." : "", node->op_type) < 0)
        name = ofz_cli_realloc(NULL, SIZE_MAX, 2);
    for (size_t i = 0; i < ops->count; i++)
        if (!strcmp(ops->item[i].name, name)) {
            free(name);
            return &ops->item[i];
        }
    ops->item               = ofz_cli_realloc(ops->item, ops->count + 1, sizeof *ops->item);
    ops->item[ops->count++] = (op_count){ .name = name };
    return &ops->item[ops->count - 1];
}

static void ops_count(op_counts *ops, const ofz_model *model, int after)
{
    ofz_model_info info;

    ofz_model_get_info(model, &info);
    *(after ? &ops->after : &ops->before)           = info.node_count;
    *(after ? &ops->size_after : &ops->size_before) = info.parameter_size;
    for (size_t i = 0; i < info.node_count; i++) {
        const ofz_node_info node = ofz_model_node(model, i);
        op_count           *op   = op_find(ops, &node);

        (*(after ? &op->after : &op->before))++;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const op_count *)a)->name, ((const op_count *)b)->name);
}

static void ops_free(op_counts *ops)
{
    for (size_t i = 0; i < ops->count; i++) free(ops->item[i].name);
    free(ops->item);
}

/* --- explaining ------------------------------------------------------------------------------- */

typedef struct kept_list {
    struct {
        char *node, *reason;
    } * item;
    size_t count;
} kept_list;

static void kept_add(void *user, const char *node, const char *reason)
{
    kept_list *kept = user;

    kept->item                   = ofz_cli_realloc(kept->item, kept->count + 1, sizeof *kept->item);
    kept->item[kept->count].node = ofz_cli_text_escape(node);
    kept->item[kept->count++].reason = ofz_cli_text_escape(reason);
}

static void kept_free(kept_list *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        free(kept->item[i].node);
        free(kept->item[i].reason);
    }
    free(kept->item);
}

static void kept_print(const ofz_cli *cli, const kept_list *kept)
{
    ofz_cli_table *table = ofz_cli_table_new("LD");

    ofz_cli_table_cell(table, "kept");
    ofz_cli_table_cell(table, "because");
    for (size_t i = 0; i < kept->count; i++) {
        ofz_cli_table_cell(table, "%s", kept->item[i].node);
        ofz_cli_table_cell(table, "%s", kept->item[i].reason);
    }
    ofz_cli_table_print(table, stdout, 0, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

/* --- reporting -------------------------------------------------------------------------------- */

static void ops_print(const ofz_cli *cli, const op_counts *ops)
{
    ofz_cli_table *table = ofz_cli_table_new("Lrrr");
    char           size[2][OFZ_TEXT_NUMBER];

    ofz_cli_table_cell(table, "operator");
    ofz_cli_table_cell(table, "before");
    ofz_cli_table_cell(table, "after");
    ofz_cli_table_cell(table, "change");
    for (size_t i = 0; i < ops->count; i++) {
        const op_count *op = &ops->item[i];

        ofz_cli_table_cell(table, "%s", op->name);
        ofz_cli_table_cell(table, "%" PRIu64, op->before);
        ofz_cli_table_cell(table, "%" PRIu64, op->after);
        if (op->before == op->after)
            ofz_cli_table_cell(table, "%s", "");
        else
            ofz_cli_table_cell(table, "%+" PRId64, (int64_t)(op->after - op->before));
    }
    ofz_cli_table_cell(table, "nodes");
    ofz_cli_table_cell(table, "%" PRIu64, ops->before);
    ofz_cli_table_cell(table, "%" PRIu64, ops->after);
    ofz_cli_table_cell(table, "%+" PRId64, (int64_t)(ops->after - ops->before));
    ofz_cli_table_cell(table, "initializers");
    ofz_cli_table_cell(table, "%s", ofz_cli_text_size(size[0], ops->size_before));
    ofz_cli_table_cell(table, "%s", ofz_cli_text_size(size[1], ops->size_after));
    ofz_cli_table_cell(table, "%s", "");
    ofz_cli_table_print(table, stdout, 0, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

static void checks_print(const ofz_fold_report *report)
{
    if (!report->check_count) puts("not verified");
    for (size_t i = 0; i < report->check_count; i++) {
        const ofz_fold_check *c = &report->check[i];

        fputs("verified ", stdout);
        ofz_cli_text_put(stdout, c->output);
        printf(": %d %s, %zu elements, largest difference %.3g of %.3g\n", c->runs,
               c->runs == 1 ? "run" : "runs", c->count, c->max_abs, c->largest);
    }
}

static json_t *sides_json(uint64_t before, uint64_t after)
{
    json_t *object = json_object();

    ofz_cli_json_set(object, "before", ofz_cli_json_size(before));
    ofz_cli_json_set(object, "after", ofz_cli_json_size(after));
    return object;
}

static json_t *checks_json(const ofz_fold_report *report, double tolerance)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->check_count; i++) {
        const ofz_fold_check *c      = &report->check[i];
        json_t               *object = json_object();

        ofz_cli_json_set(object, "output", ofz_cli_json_text(c->output));
        ofz_cli_json_set(object, "runs", ofz_cli_json_size((uint64_t)c->runs));
        ofz_cli_json_set(object, "elements", ofz_cli_json_size(c->count));
        ofz_cli_json_set(object, "largest_difference", ofz_cli_json_real(c->max_abs));
        ofz_cli_json_set(object, "largest_value", ofz_cli_json_real(c->largest));
        ofz_cli_json_set(object, "tolerance", ofz_cli_json_real(tolerance));
        ofz_cli_json_append(array, object);
    }
    return array;
}

static json_t *report_json(const char *out, const ofz_fold_report *report, const op_counts *ops,
                           const kept_list *kept, const ofz_fold_options *options)
{
    json_t     *root = json_object(), *passes = json_object(), *nodes = json_object();
    json_t     *list = json_array();
    const char *name;

    for (size_t i = 0; (name = ofz_fold_pass_name(i)); i++)
        ofz_cli_json_set(passes, name, ofz_cli_json_size(report->edits[i]));
    for (size_t i = 0; i < ops->count; i++)
        ofz_cli_json_set(nodes, ops->item[i].name,
                         sides_json(ops->item[i].before, ops->item[i].after));
    for (size_t i = 0; i < kept->count; i++) {
        json_t *object = json_object();

        ofz_cli_json_set(object, "node", ofz_cli_json_text(kept->item[i].node));
        ofz_cli_json_set(object, "reason", ofz_cli_json_text(kept->item[i].reason));
        ofz_cli_json_append(list, object);
    }
    ofz_cli_json_set(root, "output", ofz_cli_json_text(out));
    ofz_cli_json_set(root, "nodes", sides_json(ops->before, ops->after));
    ofz_cli_json_set(root, "initializer_bytes", sides_json(ops->size_before, ops->size_after));
    ofz_cli_json_set(root, "rounds", ofz_cli_json_size((uint64_t)report->rounds));
    ofz_cli_json_set(root, "passes", passes);
    ofz_cli_json_set(root, "operators", nodes);
    ofz_cli_json_set(root, "verified", checks_json(report, options->tolerance));
    if (options->on_kept)
        ofz_cli_json_set(root, "kept", list);
    else
        json_decref(list);
    return root;
}

/* --- the command ------------------------------------------------------------------------------ */

static void options_set(const fold_args *args, ofz_fold_options *options, kept_list *kept,
                        const ofz_cli_command *command)
{
    ofz_fold_options_init(options);
    options->scope  = args->frozen_only      ? OFZ_FOLD_MARKED
                      : args->keep_trainable ? OFZ_FOLD_KEEP_DEFAULTS
                                             : OFZ_FOLD_UNMARKED;
    options->fuse   = !args->no_fuse;
    options->verify = args->verify;
    options->seed   = args->seed;
    if (ofz_cli_opt_given(command, args, "size-limit")) options->size_limit = args->size_limit;
    if (!args->explain) return;
    options->on_kept = kept_add;
    options->user    = kept;
}

static int fold_model(ofz_cli *cli, const fold_args *args, ofz_model *model,
                      const ofz_fold_options *options, kept_list *kept)
{
    const int       write  = args->out && !args->dry_run;
    ofz_fold_report report = { 0 };
    op_counts       ops    = { 0 };
    int             code   = OFZ_EXIT_OK;

    ops_count(&ops, model, 0);
    if (ofz_model_fold(cli->ctx, model, options, &report)) code = ofz_cli_fail(cli);
    if (!code && write && ofz_model_export(cli->ctx, model, args->out, NULL, NULL))
        code = ofz_cli_fail(cli);
    if (!code) {
        ops_count(&ops, model, 1);
        qsort(ops.item, ops.count, sizeof *ops.item, by_name);
    }
    if (!code && cli->json)
        code = ofz_cli_json_print(
            cli, report_json(write ? args->out : NULL, &report, &ops, kept, options), stdout);
    else if (!code) {
        ops_print(cli, &ops);
        checks_print(&report);
        if (args->explain) kept_print(cli, kept);
        if (write) ofz_cli_say(cli, "%s: written", args->out);
    }
    ofz_fold_report_free(&report);
    ops_free(&ops);
    return code;
}

static int fold_run(ofz_cli *cli, void *memory)
{
    fold_args       *args  = memory;
    const char      *path  = args->common.word[0];
    ofz_model       *model = NULL;
    kept_list        kept  = { 0 };
    ofz_fold_options options;
    int              code = OFZ_EXIT_OK;

    if (args->frozen_only && args->keep_trainable)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "drop one of them",
                             "fold: --frozen-only and --keep-trainable exclude each other");
    options_set(args, &options, &kept, &ofz_cli_cmd_fold);
    if (!args->dry_run || args->out)
        code = ofz_cli_outfile_model(cli, path, args->in_place, &args->out);
    if (!code) code = ofz_cli_models_load(cli, path, &model);
    if (!code) code = fold_model(cli, args, model, &options, &kept);
    kept_free(&kept);
    ofz_model_free(model);
    return code;
}

static void fold_init(void *memory)
{
    fold_args       *args = memory;
    ofz_fold_options options;

    ofz_fold_options_init(&options);
    args->verify = options.verify;
}

#define FIELD(name) offsetof(fold_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_GROUP("What is a constant:"),
    OFZ_ROW_FLAG(0, "frozen-only", FIELD(frozen_only), 1,
                 "of what could train, only what is marked frozen"),
    OFZ_ROW_FLAG(0, "keep-trainable", FIELD(keep_trainable), 1,
                 "in a model without marks, not what trains by default"),
    OFZ_ROW_GROUP("How far to go:"),
    OFZ_ROW_U64("size-limit", FIELD(size_limit),
                "bytes that the constants may grow by in all; without it, 1 MiB for each folded "
                "tensor beyond those that it replaces"),
    OFZ_ROW_FLAG(0, "no-fuse", FIELD(no_fuse), 1,
                 "leave layers as they are: only constants, dead and idle nodes, duplicates"),
    OFZ_ROW_GROUP("Verifying:"),
    OFZ_ROW_INT("verify", FIELD(verify), 0, 1000,
                "run both models on N random inputs and refuse to write when they disagree"),
    OFZ_ROW_U64("seed", FIELD(seed), "of the random inputs"),
    OFZ_ROW_GROUP("Output:"),
    OFZ_ROW_TEXT('o', "out", "OUT", FIELD(out), "write the folded model to OUT"),
    OFZ_ROW_FLAG(0, "in-place", FIELD(in_place), 1,
                 "allow OUT to be MODEL; without -o: replace MODEL"),
    OFZ_ROW_FLAG(0, "explain", FIELD(explain), 1, "say of every node that is left why"),
    OFZ_ROW_FLAG(0, "dry-run", FIELD(dry_run), 1, "write nothing"),
};

static const char *const examples[] = {
    "what would be gained",
    "onnxfreeze fold testdata/cnn.onnx --dry-run",
    "a smaller model that gives the same answers",
    "onnxfreeze fold testdata/cnn.onnx -o small.onnx",
    "freeze all but the last layer, then fold what is frozen",
    "onnxfreeze mark testdata/cnn.onnx --preset head -o head.onnx",
    "onnxfreeze fold head.onnx --explain -o folded.onnx",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_fold = {
    .name    = "fold",
    .usage   = "MODEL -o OUT [--frozen-only | --keep-trainable] [--size-limit N] [--no-fuse] "
               "[--explain] [--verify N] [--dry-run]",
    .summary = "work out what is constant, fuse, take out what does nothing",
    .about =
        "Evaluate whatever depends on no input, take out nodes that do nothing or that nobody "
        "reads, merge duplicates, and fuse neighbours where the meaning stays: batch norms and "
        "arithmetic into the layer before them, padding, chains of transposes, reshapes and "
        "casts. Inputs, outputs and their names stay as they are.\n"
        "\n"
        "What trains is no constant: in a model with marks these are the marked tensors, and OUT "
        "trains as MODEL does. Without marks everything is a constant.\n"
        "\n"
        "The folded model is run beside MODEL on random inputs. An output may differ by 1e-4 of "
        "its largest number; otherwise nothing is written and the pass that did it is named.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_THREADS | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(fold_args),
    .init         = fold_init,
    .run          = fold_run,
};
