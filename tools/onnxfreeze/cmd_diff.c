/* diff - what two models do not share. */
#include "commands.h"
#include "jsonout.h"
#include "models.h"
#include "text.h"

#include <math.h>
#include <string.h>

typedef struct diff_args {
    ofz_cli_common common;
    int            frozen;
} diff_args;

typedef struct diff_out {
    const ofz_cli *cli;
    json_t        *list;
    size_t         count;
} diff_out;

static const char *kind_name(ofz_diff_kind kind)
{
    static const char *const name[] = { "only_a", "only_b", "dtype",    "shape",
                                        "values", "mark",   "structure" };

    return (size_t)kind < sizeof name / sizeof *name ? name[kind] : "other";
}

static void entry_take(void *user, const ofz_diff_entry *entry)
{
    diff_out *out = user;
    json_t   *object;

    out->count++;
    if (!out->cli->json) {
        ofz_cli_text_put(stdout, entry->text);
        putchar('\n');
        return;
    }
    object = json_object();
    ofz_cli_json_set(object, "kind", ofz_cli_json_text(kind_name(entry->kind)));
    ofz_cli_json_set(object, "name", ofz_cli_json_text(entry->name));
    ofz_cli_json_set(object, "frozen", ofz_cli_json_bool(entry->frozen));
    if (entry->kind == OFZ_DIFF_VALUES) {
        ofz_cli_json_set(object, "changed", ofz_cli_json_size(entry->changed_count));
        ofz_cli_json_set(object, "count", ofz_cli_json_size(entry->count));
        ofz_cli_json_set(object, "max_abs", ofz_cli_json_real(entry->max_abs));
        ofz_cli_json_set(object, "l2", ofz_cli_json_real(entry->l2));
    }
    ofz_cli_json_set(object, "text", ofz_cli_json_text(entry->text));
    ofz_cli_json_append(out->list, object);
}

static int diff_run(ofz_cli *cli, void *memory)
{
    diff_args *args = memory;
    diff_out   out  = { .cli = cli, .list = json_array() };
    ofz_model *a = NULL, *b = NULL;
    ofz_status st   = OFZ_OK;
    json_t    *root = json_object();
    int        code = ofz_cli_models_load(cli, args->common.word[0], &a);

    if (!code) code = ofz_cli_models_load(cli, args->common.word[1], &b);
    if (!code) {
        st   = ofz_model_diff(cli->ctx, a, b, args->frozen, entry_take, &out);
        code = st && st != OFZ_E_DIFFERENT ? ofz_cli_fail(cli) : ofz_cli_exit_code(st);
    }
    ofz_cli_json_set(root, "equal", ofz_cli_json_bool(st == OFZ_OK));
    ofz_cli_json_set(root, "frozen_only", ofz_cli_json_bool(args->frozen));
    ofz_cli_json_set(root, "differences", out.list);
    if (cli->json && (code == OFZ_EXIT_OK || code == OFZ_EXIT_DIFFERENT)) {
        if (ofz_cli_json_print(cli, root, stdout)) code = OFZ_EXIT_FAILED;
    } else {
        json_decref(root);
    }
    if (code == OFZ_EXIT_OK)
        ofz_cli_say(cli, args->frozen ? "every frozen tensor is the same" : "no difference");
    ofz_model_free(a);
    ofz_model_free(b);
    return code;
}

#define FIELD(name) offsetof(diff_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_FLAG(0, "frozen", FIELD(frozen), 1, "look only at tensors that do not train in A"),
};

static const char *const examples[] = {
    "prove that marking changes no weight",
    "onnxfreeze mark testdata/cnn.onnx --preset head -o head.onnx",
    "",
    "onnxfreeze diff --frozen testdata/cnn.onnx head.onnx",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_diff = {
    .name    = "diff",
    .usage   = "A B [--frozen] [--json]",
    .summary = "compare two models, tensor by tensor",
    .about   = "Print what differs between the models A and B, a line each. Exit code 0: equal, 5: "
               "different. With --frozen, 5 means that a tensor that is frozen in A changed in B.",
    .examples     = examples,
    .word_min     = 2,
    .word_max     = 2,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(diff_args),
    .run          = diff_run,
};
