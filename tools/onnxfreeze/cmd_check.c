/* check - valid or not, and where. */
#include "commands.h"
#include "jsonout.h"
#include "models.h"
#include "text.h"

typedef struct check_args {
    ofz_cli_common common;
} check_args;

typedef struct check_out {
    const ofz_cli *cli;
    json_t        *list;
} check_out;

static void finding_take(void *user, ofz_status kind, const char *where, const char *text)
{
    check_out *out = user;
    json_t    *object;

    if (!out->cli->json) {
        ofz_cli_text_put(stdout, where);
        fputs(": ", stdout);
        ofz_cli_text_put(stdout, text);
        putchar('\n');
        return;
    }
    object = json_object();
    ofz_cli_json_set(object, "kind", ofz_cli_json_text(ofz_status_name(kind)));
    ofz_cli_json_set(object, "where", ofz_cli_json_text(where));
    ofz_cli_json_set(object, "text", ofz_cli_json_text(text));
    ofz_cli_json_append(out->list, object);
}

static int check_run(ofz_cli *cli, void *memory)
{
    check_args *args  = memory;
    const char *path  = args->common.word[0];
    check_out   out   = { .cli = cli, .list = json_array() };
    ofz_model  *model = NULL;
    ofz_status  st    = ofz_model_load(cli->ctx, path, &model);
    json_t     *root  = json_object();
    int         code;

    if (st) {
        if (cli->json) finding_take(&out, st, path, ofz_error(cli->ctx));
        code = ofz_cli_fail(cli);
    } else {
        st   = ofz_model_check(cli->ctx, model, finding_take, &out);
        code = st && st != OFZ_E_MODEL ? ofz_cli_fail(cli) : ofz_cli_exit_code(st);
    }
    ofz_cli_json_set(root, "model", ofz_cli_json_text(path));
    ofz_cli_json_set(root, "valid", ofz_cli_json_bool(!st));
    ofz_cli_json_set(root, "findings", out.list);
    if (cli->json) {
        if (ofz_cli_json_print(cli, root, stdout) && !code) code = OFZ_EXIT_FAILED;
    } else {
        json_decref(root);
        if (!st) ofz_cli_text_put(stdout, path);
        if (!st) puts(": valid");
    }
    ofz_model_free(model);
    return code;
}

static const char *const examples[] = {
    "",
    "onnxfreeze check testdata/cnn.onnx",
    "for scripts",
    "onnxfreeze check testdata/mlp.onnx --json",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_check = {
    .name    = "check",
    .usage   = "MODEL [--json]",
    .summary = "say whether a model is valid, and where not",
    .about =
        "Look for everything that a loader, the ONNX specification or a runtime would object to, "
        "and print a line for each finding. Exit code 0: valid, 3: not.",
    .examples  = examples,
    .word_min  = 1,
    .word_max  = 1,
    .takes     = OFZ_TAKES_JSON | OFZ_TAKES_MODEL,
    .args_size = sizeof(check_args),
    .run       = check_run,
};
