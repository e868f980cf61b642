/* run - evaluate a model once and write its outputs. */
#include "commands.h"
#include "jsonout.h"
#include "listing.h"
#include "models.h"
#include "outfile.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct run_args {
    ofz_cli_common    common;
    ofz_cli_opt_pairs inputs;
    const char       *folder;
} run_args;

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Of an archive: the member called like the input, or its only one. */
static int member_load(ofz_cli *cli, const ofz_binding *input, ofz_arrays *to)
{
    ofz_arrays *from;
    ofz_array   array;
    int         code = ofz_cli_models_load_data(cli, input->array, &from), index;

    if (code) return code;
    index = ofz_arrays_find(from, input->input);
    if (index < 0 && ofz_arrays_count(from) == 1) index = 0;
    if (index < 0) {
        code = ofz_cli_error(cli, OFZ_EXIT_BAD, "name its array after the input",
                             "%s: no array %s in it", input->array, input->input);
    } else {
        array      = ofz_arrays_get(from, (size_t)index);
        array.name = input->input;
        if (ofz_arrays_add(cli->ctx, to, &array)) code = ofz_cli_fail(cli);
    }
    ofz_arrays_free(from);
    return code;
}

static int inputs_load(ofz_cli *cli, const ofz_cli_opt_pairs *inputs, ofz_arrays *to)
{
    int code = OFZ_EXIT_OK;

    for (size_t i = 0; !code && i < inputs->count; i++) {
        const ofz_binding *input = &inputs->item[i];

        if (ends_with(input->array, ".npz"))
            code = member_load(cli, input, to);
        else if (ofz_arrays_load(cli->ctx, to, input->array, input->input))
            code = ofz_cli_fail(cli);
    }
    return code;
}

/* "NAME.npy" in the folder, without what would lead out of it or hide the file. `index` tells apart
 * names that become equal. */
static char *output_path(const char *folder, const char *name, size_t index, int again)
{
    enum { MOST = 200 };
    char *path, *base, number[32] = "";

    if (again) snprintf(number, sizeof number, "-%zu", index);
    if (asprintf(&path, "%s/%.*s%s.npy", folder, (int)MOST, *name ? name : "output", number) < 0)
        return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    base = path + strlen(folder) + 1;
    if (*base == '.') *base = '_';
    for (; *base; base++)
        if ((unsigned char)*base < 0x20 || *base == '/' || *base == '\\' || *base == 0x7f)
            *base = '_';
    return path;
}

/* Paths for all outputs, no two alike; release with paths_free. */
static char **paths_new(const ofz_arrays *outputs, const char *folder)
{
    const size_t count = ofz_arrays_count(outputs);
    char       **path  = ofz_cli_realloc(NULL, count, sizeof *path);

    for (size_t i = 0; i < count; i++) {
        const char *name = ofz_arrays_get(outputs, i).name;

        path[i] = output_path(folder, name, i, 0);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(path[i], path[k]) != 0) continue;
            free(path[i]);
            path[i] = output_path(folder, name, i, 1);
            break;
        }
    }
    return path;
}

static void paths_free(char **path, size_t count)
{
    for (size_t i = 0; i < count; i++) free(path[i]);
    free(path);
}

static int outputs_list(ofz_cli *cli, const ofz_arrays *outputs, char *const *path)
{
    ofz_cli_table *table = ofz_cli_table_new("Llll");
    json_t        *root = json_object(), *list = json_array();

    for (size_t i = 0; i < ofz_arrays_count(outputs); i++) {
        const ofz_array      array  = ofz_arrays_get(outputs, i);
        const ofz_value_info value  = { array.name, array.dtype, array.rank, array.shape, NULL };
        json_t              *object = ofz_cli_json_value(&value);
        char                *shape  = ofz_cli_listing_shape(array.shape, array.rank, NULL);

        ofz_cli_json_set(object, "file", ofz_cli_json_text(path[i]));
        ofz_cli_json_append(list, object);
        ofz_cli_table_cell(table, "%s", array.name);
        ofz_cli_table_cell(table, "%s", ofz_dtype_name(array.dtype));
        ofz_cli_table_cell(table, "%s", shape);
        ofz_cli_table_cell(table, "%s", path[i]);
        free(shape);
    }
    ofz_cli_json_set(root, "outputs", list);
    if (!cli->json) ofz_cli_table_print(table, stdout, 0, cli->out_width, 0);
    ofz_cli_table_free(table);
    if (cli->json) return ofz_cli_json_print(cli, root, stdout);
    json_decref(root);
    return OFZ_EXIT_OK;
}

static int outputs_write(ofz_cli *cli, const run_args *args, const ofz_arrays *outputs)
{
    const size_t count = ofz_arrays_count(outputs);
    char       **path  = paths_new(outputs, args->folder);
    int          code  = OFZ_EXIT_OK;

    for (size_t i = 0; !code && i < count; i++) {
        for (size_t k = 0; !code && k < args->inputs.count; k++)
            code = ofz_cli_outfile_apart(cli, "-o", path[i], args->inputs.item[k].array,
                                         "choose another folder");
    }
    for (size_t i = 0; !code && i < count; i++)
        if (ofz_arrays_save_npy(cli->ctx, outputs, i, path[i])) code = ofz_cli_fail(cli);
    if (!code) code = outputs_list(cli, outputs, path);
    paths_free(path, count);
    return code;
}

static int folder_make(ofz_cli *cli, const char *folder)
{
    struct stat st;

    if (mkdir(folder, 0777) == 0) return OFZ_EXIT_OK;
    if (errno == EEXIST && stat(folder, &st) == 0) {
        if (S_ISDIR(st.st_mode)) return OFZ_EXIT_OK;
        errno = ENOTDIR;
    }
    return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "-o: %s: %s", folder, strerror(errno));
}

static int run_run(ofz_cli *cli, void *memory)
{
    run_args   *args   = memory;
    ofz_model  *model  = NULL;
    ofz_arrays *inputs = NULL, *outputs = NULL;
    int         code = ofz_cli_models_load(cli, args->common.word[0], &model);

    if (!code) code = ofz_cli_models_check_inputs(cli, model, &args->inputs);
    if (!code && ofz_arrays_new(cli->ctx, &inputs)) code = ofz_cli_fail(cli);
    if (!code) code = inputs_load(cli, &args->inputs, inputs);
    if (!code) code = folder_make(cli, args->folder);
    if (!code && ofz_model_run(cli->ctx, model, inputs, &outputs)) code = ofz_cli_fail(cli);
    if (!code) code = outputs_write(cli, args, outputs);
    ofz_arrays_free(outputs);
    ofz_arrays_free(inputs);
    ofz_model_free(model);
    return code;
}

static void run_init(void *memory)
{
    run_args *args = memory;

    args->folder = ".";
}

#define FIELD(name) offsetof(run_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_PAIR(
        "input", "NAME=FILE", FIELD(inputs),
        "feed graph input NAME from FILE: .npy, .pb (TensorProto), or the array NAME of an "
        ".npz; may be repeated"),
    OFZ_ROW_TEXT('o', "out", "DIR", FIELD(folder), "folder for the outputs; made if missing"),
};

static const char *const examples[] = {
    "",
    "onnxfreeze run testdata/cnn.onnx --input images=testdata/digits_test.npz -o outputs",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_run = {
    .name    = "run",
    .usage   = "MODEL --input NAME=FILE... [-o DIR] [options]",
    .summary = "evaluate a model once and write its outputs",
    .about =
        "Evaluate MODEL on the given inputs and write one NAME.npy per graph output. A sequence is "
        "written as NAME.0.npy, NAME.1.npy, ..., a map as NAME.keys.npy and NAME.values.npy, a "
        "sequence of maps with the same keys as NAME.keys.npy and NAME.values.npy with one row "
        "per map.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_THREADS | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(run_args),
    .init         = run_init,
    .run          = run_run,
};
