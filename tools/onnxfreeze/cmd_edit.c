/* edit - change what a model is made of: its nodes, names, shapes, attributes, opset. */
#include "commands.h"
#include "jsonout.h"
#include "models.h"
#include "outfile.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct edit_args {
    ofz_cli_common    common;
    ofz_cli_opt_steps steps;
    ofz_cli_opt_texts keep;
    const char       *out, *out2, *split_at, *map, *prefix;
    int               dry_run, in_place, keep_io, drop_unknown;
} edit_args;

/* What the steps refer to. */
typedef struct edit_things {
    ofz_arrays *arrays;
    ofz_array  *array; /* one per step */
    ofz_model **model; /* likewise, NULL where the step has none */
    char      **text;  /* what files held */
    size_t      count, text_count;
} edit_things;

/* --- what the options name -------------------------------------------------------------------- */

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);

    return n >= k && strcmp(text + n - k, end) == 0;
}

/* NAME=FILE at the last '='; the step's text is NAME then, its array the only one in FILE. Names in
 * `arrays` are numbers, for the same file may be given twice. */
static int array_load(ofz_cli *cli, ofz_edit_step *e, char *text, ofz_arrays *arrays,
                      ofz_array *array)
{
    char *equal = strrchr(text, '=');
    char  name[24];

    if (!equal || equal == text || !equal[1])
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, NULL, "edit: '%s': want NAME=FILE.npy", text);
    *equal = '\0';
    snprintf(name, sizeof name, "%zu", ofz_arrays_count(arrays));
    if (ofz_arrays_load(cli->ctx, arrays, equal + 1, name)) return ofz_cli_fail(cli);
    *array   = ofz_arrays_get(arrays, ofz_arrays_count(arrays) - 1);
    e->text  = text;
    e->array = array;
    return OFZ_EXIT_OK;
}

/* What a text file holds, after what stands before its name ("" or "NODE="); in things->text. */
static int text_load(ofz_cli *cli, ofz_edit_step *e, edit_things *things)
{
    enum { TEXT_MAX = 1 << 20 };
    const char *equal = e->kind == OFZ_EDIT_REPLACE ? strchr(e->text, '=') : NULL;
    const char *path  = equal ? equal + 1 : e->text;
    size_t      head  = (size_t)(path - e->text), size;
    char       *text;
    FILE       *f;

    if (!ends_with(path, ".txt")) return OFZ_EXIT_OK;
    f = fopen(path, "r");
    if (!f) return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "%s: %s", path, strerror(errno));
    text = ofz_cli_realloc(NULL, head + TEXT_MAX + 1, 1);
    memcpy(text, e->text, head);
    size              = fread(text + head, 1, TEXT_MAX, f);
    text[head + size] = '\0';
    fclose(f);
    things->text[things->text_count++] = text;
    if (size == TEXT_MAX || strlen(text) != head + size)
        return ofz_cli_error(cli, OFZ_EXIT_BAD, NULL, "%s: no text of at most 1 MiB", path);
    e->text = text;
    return OFZ_EXIT_OK;
}

/* --to: fp16 and the like are what people say. */
static const char *type_name(const char *text)
{
    static const char *const word[][2] = { { "fp16", "float16" },
                                           { "bf16", "bfloat16" },
                                           { "fp32", "float32" } };

    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (!strcmp(text, word[i][0])) return word[i][1];
    return text;
}

/* The options' texts point into argv, which is the program's to change. */
static int step_resolve(ofz_cli *cli, edit_args *args, size_t i, edit_things *things)
{
    ofz_edit_step *e = &args->steps.item[i];

    switch (e->kind) {
    case OFZ_EDIT_SET_ATTR:
        if (!ends_with(e->text, ".npy")) return OFZ_EXIT_OK;
        return array_load(cli, e, (char *)(uintptr_t)e->text, things->arrays, &things->array[i]);
    case OFZ_EDIT_SET_INIT:
        return array_load(cli, e, (char *)(uintptr_t)e->text, things->arrays, &things->array[i]);
    case OFZ_EDIT_INSERT:
    case OFZ_EDIT_REPLACE:
        return text_load(cli, e, things);
    case OFZ_EDIT_PREPEND:
    case OFZ_EDIT_APPEND:
        e->map    = args->map;
        e->prefix = args->prefix;
        ofz_model_free(things->model[i]); /* of an earlier round */
        things->model[i] = NULL;
        if (ofz_cli_models_load(cli, e->text, &things->model[i])) return ofz_cli_fail(cli);
        e->model = things->model[i];
        return OFZ_EXIT_OK;
    case OFZ_EDIT_FLOAT:
        e->text       = type_name(e->text);
        e->keep       = args->keep.item;
        e->keep_count = args->keep.count;
        e->keep_io    = args->keep_io;
        return OFZ_EXIT_OK;
    default:
        return OFZ_EXIT_OK;
    }
}

static int things_new(ofz_cli *cli, const edit_args *args, edit_things *things)
{
    things->count = args->steps.count;
    things->array = ofz_cli_realloc(NULL, things->count + 1, sizeof *things->array);
    things->model = ofz_cli_realloc(NULL, things->count + 1, sizeof *things->model);
    things->text  = ofz_cli_realloc(NULL, things->count + 1, sizeof *things->text);
    for (size_t i = 0; i < things->count; i++) things->model[i] = NULL;
    return ofz_arrays_new(cli->ctx, &things->arrays) ? ofz_cli_fail(cli) : OFZ_EXIT_OK;
}

static void things_free(edit_things *things)
{
    for (size_t i = 0; i < things->count; i++) ofz_model_free(things->model[i]);
    for (size_t i = 0; i < things->text_count; i++) free(things->text[i]);
    free(things->text);
    free(things->model);
    free(things->array);
    ofz_arrays_free(things->arrays);
}

/* --- editing ---------------------------------------------------------------------------------- */

static void finding_take(void *user, ofz_status kind, const char *where, const char *text)
{
    (void)kind;
    ofz_cli_say(user, "check: %s: %s", where, text);
}

static int edit_json(ofz_cli *cli, const ofz_model *model, const char *out, const char *path)
{
    ofz_model_info info;
    json_t        *root = json_object();

    ofz_model_get_info(model, &info);
    ofz_cli_json_set(root, "model", ofz_cli_json_text(path));
    ofz_cli_json_set(root, "output", ofz_cli_json_text(out));
    ofz_cli_json_set(root, "nodes", ofz_cli_json_size(info.node_count));
    ofz_cli_json_set(root, "initializers", ofz_cli_json_size(info.initializer_count));
    ofz_cli_json_set(root, "inputs", ofz_cli_json_size(info.input_count));
    ofz_cli_json_set(root, "outputs", ofz_cli_json_size(info.output_count));
    return ofz_cli_json_print(cli, root, stdout);
}

static int is_json(const char *path)
{
    return path && ends_with(path, ".json");
}

static ofz_status model_write(ofz_cli *cli, const edit_args *args, const ofz_model *model,
                              const char *out)
{
    return is_json(out)
               ? ofz_model_save_json(cli->ctx, model, out, args->drop_unknown, finding_take, cli)
               : ofz_model_save_checked(cli->ctx, model, out, finding_take, cli);
}

/* Nothing to write to, and JSON: the whole model, on stdout. */
static int is_printed(const ofz_cli *cli, const edit_args *args)
{
    return cli->json && !args->out && !args->in_place && !args->dry_run && !args->split_at;
}

static int file_print(ofz_cli *cli, const char *path)
{
    FILE  *f = fopen(path, "rb");
    char   block[65536];
    size_t n;

    if (!f) return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "%s: %s", path, strerror(errno));
    while ((n = fread(block, 1, sizeof block, f)) > 0) fwrite(block, 1, n, stdout);
    fclose(f);
    return OFZ_EXIT_OK; /* whether it got out is asked at the end */
}

/* By way of a file in a folder of its own: the model is checked as one that is written. */
static int model_print(ofz_cli *cli, const edit_args *args, const ofz_model *model)
{
    const char *base = getenv("TMPDIR");
    char        folder[4096], path[4200];
    int         code = OFZ_EXIT_OK;

    snprintf(folder, sizeof folder, "%s/onnxfreeze.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "%s: %s", folder, strerror(errno));
    snprintf(path, sizeof path, "%s/model.json", folder);
    if (ofz_model_save_json(cli->ctx, model, path, args->drop_unknown, finding_take, cli))
        code = ofz_cli_fail(cli);
    if (!code) code = file_print(cli, path);
    unlink(path);
    rmdir(folder);
    return code;
}

/* Load, edit, cut (kind of `half`; its text may be NULL), write. out: NULL writes nothing. */
static int edit_one(ofz_cli *cli, const edit_args *args, ofz_edit_step half, const char *out)
{
    const char    *path  = args->common.word[0];
    ofz_model     *model = NULL;
    ofz_model_info info;
    int            code = OFZ_EXIT_OK;

    if (!is_json(path))
        code = ofz_cli_models_load(cli, path, &model);
    else if (ofz_model_load_json(cli->ctx, path, &model))
        code = ofz_cli_fail(cli);
    if (code) return code;
    if (ofz_model_edit(cli->ctx, model, args->steps.item, args->steps.count) ||
        (half.text && ofz_model_edit(cli->ctx, model, &half, 1)) ||
        (out && model_write(cli, args, model, out)))
        code = ofz_cli_fail(cli);
    if (!code && is_printed(cli, args))
        code = model_print(cli, args, model);
    else if (!code && cli->json)
        code = edit_json(cli, model, out, path);
    if (!code && !is_printed(cli, args)) {
        ofz_model_get_info(model, &info);
        ofz_cli_say(cli, "%s: %zu nodes, %zu initializers, checked", out ? out : path,
                    info.node_count, info.initializer_count);
    }
    ofz_model_free(model);
    return code;
}

static int outs_check(ofz_cli *cli, edit_args *args)
{
    const char *path = args->common.word[0];
    int         code = ofz_cli_outfile_model(cli, path, args->in_place, &args->out);

    if (code || !args->split_at) return code;
    code = ofz_cli_models_need(cli, "--out2 FILE", args->out2);
    if (!code) code = ofz_cli_outfile_check(cli, "--out2", args->out2);
    if (!code) code = ofz_cli_outfile_apart(cli, "--out2", args->out2, path, NULL);
    if (!code) code = ofz_cli_outfile_apart(cli, "--out2", args->out2, args->out, NULL);
    return code;
}

/* Both halves of a cut are possible before either is written. A model that was put before or behind is
 * used up by an edit: each round loads its own. */
static int edit_main(ofz_cli *cli, edit_args *args, edit_things *things)
{
    static const ofz_edit_kind half[] = { OFZ_EDIT_HEAD, OFZ_EDIT_TAIL, OFZ_EDIT_HEAD };
    const char *const          out[] = { args->split_at ? NULL : args->out, args->out2, args->out };
    const int                  rounds = !args->split_at ? 1 : args->dry_run ? 2 : 3;
    int                        code   = OFZ_EXIT_OK;

    for (size_t i = 0; i < args->steps.count && !code; i++)
        code = step_resolve(cli, args, i, things);
    for (int r = 0; r < rounds && !code; r++) {
        for (size_t i = 0; r && i < args->steps.count && !code; i++)
            if (things->model[i]) code = step_resolve(cli, args, i, things);
        if (!code)
            code = edit_one(cli, args, (ofz_edit_step){ .kind = half[r], .text = args->split_at },
                            args->dry_run ? NULL : out[r]);
    }
    return code;
}

static int edit_run(ofz_cli *cli, void *memory)
{
    edit_args  *args   = memory;
    edit_things things = { 0 };
    int         code   = OFZ_EXIT_OK;

    if (args->out2 && !args->split_at)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "drop it", "edit: --out2 without --split-at");
    if (!args->steps.count && !args->split_at && !is_json(args->out) &&
        !is_json(args->common.word[0]) && !is_printed(cli, args))
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "see onnxfreeze edit --help",
                             "edit: no edit given");
    if (!args->dry_run && !is_printed(cli, args)) code = outs_check(cli, args);
    if (!code) code = things_new(cli, args, &things);
    if (!code) code = edit_main(cli, args, &things);
    things_free(&things);
    return code;
}

#define FIELD(name) offsetof(edit_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_GROUP("Edits (in the order given):"),
    OFZ_ROW_STEP("extract", "IN[,IN..]:OUT[,OUT..]", FIELD(steps), OFZ_EDIT_EXTRACT,
                 "keep what computes OUT from IN"),
    OFZ_ROW_STEP("rename", "OLD=NEW", FIELD(steps), OFZ_EDIT_RENAME,
                 "rename a value; node:OLD=NEW a node"),
    OFZ_ROW_STEP("remove", "NODE", FIELD(steps), OFZ_EDIT_REMOVE,
                 "take a node out, by its name or its output's; its readers read its input"),
    OFZ_ROW_STEP("insert", "TEXT|FILE.txt", FIELD(steps), OFZ_EDIT_INSERT,
                 "put nodes behind a value: 'y2 = Relu (y)'; what read y reads y2"),
    OFZ_ROW_STEP("replace", "NODE=TEXT|FILE.txt", FIELD(steps), OFZ_EDIT_REPLACE,
                 "put nodes in place of one: 'act=y = Clip <min = 0.0> (x)'"),
    OFZ_ROW_STEP("set-shape", "NAME=N,3,224,224", FIELD(steps), OFZ_EDIT_SET_SHAPE,
                 "give a value a shape of numbers, names and ?, and infer anew"),
    OFZ_ROW_STEP("set-attr", "NODE.ATTR=VALUE", FIELD(steps), OFZ_EDIT_SET_ATTR,
                 "set an attribute: a number, a text, a list 1,2, a FILE.npy"),
    OFZ_ROW_STEP("drop-attr", "NODE.ATTR", FIELD(steps), OFZ_EDIT_DROP_ATTR, "remove an attribute"),
    OFZ_ROW_STEP("set-init", "NAME=FILE.npy", FIELD(steps), OFZ_EDIT_SET_INIT,
                 "give an initializer another value of the same type"),
    OFZ_ROW_STEP("opset", "N", FIELD(steps), OFZ_EDIT_OPSET,
                 "convert to another opset of ai.onnx, up or down"),
    OFZ_ROW_STEP("to", "fp16|bf16|fp32", FIELD(steps), OFZ_EDIT_FLOAT,
                 "another type for what is a float, with Casts where an operator does not take it"),
    OFZ_ROW_STEP("prepend", "FILE", FIELD(steps), OFZ_EDIT_PREPEND,
                 "put another model before this one"),
    OFZ_ROW_STEP("append", "FILE", FIELD(steps), OFZ_EDIT_APPEND, "put another model behind it"),
    OFZ_ROW_STEP("inline-functions", NULL, FIELD(steps), OFZ_EDIT_INLINE,
                 "put bodies in place of calls of the model's own functions"),
    OFZ_ROW_STEP("constants-to-initializers", NULL, FIELD(steps), OFZ_EDIT_INITIALIZERS,
                 "make initializers of Constant nodes"),
    OFZ_ROW_STEP("initializers-to-constants", NULL, FIELD(steps), OFZ_EDIT_CONSTANTS,
                 "and the reverse"),
    OFZ_ROW_GROUP("How:"),
    OFZ_ROW_TEXTS("keep", "NODE|op:TYPE", FIELD(keep),
                  "--to leaves this node as it is; repeatable"),
    OFZ_ROW_FLAG(0, "keep-io", FIELD(keep_io), 1,
                 "--to leaves the types of the model's inputs and outputs"),
    OFZ_ROW_TEXT(0, "map", "OUT=IN[,OUT=IN..]", FIELD(map),
                 "--prepend, --append: which output of the first model feeds which input of the "
                 "second; without it those of one name, else in order"),
    OFZ_ROW_TEXT(0, "prefix", "TEXT", FIELD(prefix),
                 "--prepend, --append: before every name that comes from FILE"),
    OFZ_ROW_GROUP("Output:"),
    OFZ_ROW_TEXT('o', "out", "OUT", FIELD(out), "write the edited model to OUT; OUT.json: as JSON"),
    OFZ_ROW_FLAG(0, "in-place", FIELD(in_place), 1,
                 "allow OUT to be MODEL; without -o: replace MODEL"),
    OFZ_ROW_TEXT(0, "split-at", "T[,T..]", FIELD(split_at),
                 "write two models: OUT computes the values T, --out2 the rest from them"),
    OFZ_ROW_TEXT(0, "out2", "FILE", FIELD(out2), "the second model of --split-at"),
    OFZ_ROW_FLAG(0, "drop-unknown", FIELD(drop_unknown), 1,
                 "into JSON: leave out fields that this program does not know"),
    OFZ_ROW_FLAG(0, "dry-run", FIELD(dry_run), 1, "edit, and write nothing"),
};

static const char *const examples[] = {
    "any batch size, and readable names",
    "onnxfreeze edit testdata/cnn.onnx --set-shape images=N,1,8,8 --rename images=x -o named.onnx",
    "the operators of an older opset",
    "onnxfreeze edit testdata/cnn_bn.onnx --opset 11 -o old.onnx",
    "half the size: float16 weights, float32 inputs and outputs",
    "onnxfreeze edit testdata/cnn.onnx --to fp16 --keep-io -o half.onnx",
    "two models in a row that compute what the one does",
    "onnxfreeze edit testdata/mlp.onnx --split-at /Relu_output_0 -o a.onnx --out2 b.onnx",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_edit = {
    .name    = "edit",
    .usage   = "MODEL -o OUT [--extract IN:OUT] [--rename OLD=NEW] [--opset N] ... [--dry-run]",
    .summary = "change nodes, names, shapes, attributes, opset",
    .about =
        "Apply edits in the order given and write the result. What was written is read back and "
        "checked before it takes its name: an edit that would leave an invalid model is refused, "
        "with the reason, and nothing is written. A MODEL or OUT whose name ends in .json is the "
        "whole model as JSON, and --json without OUT prints that. Nodes are named by their name or "
        "by the name of "
        "a value that they make; everything that no edit touches keeps its bytes.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(edit_args),
    .run          = edit_run,
};
