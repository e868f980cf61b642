/* eval - loss and metrics of a model on data. */
#include "commands.h"
#include "jsonout.h"
#include "models.h"
#include "scores.h"

typedef struct eval_args {
    ofz_cli_common    common;
    ofz_cli_opt_pairs inputs;
    const char       *data;
    ofz_eval_options  eval;
} eval_args;

static int eval_run(ofz_cli *cli, void *memory)
{
    eval_args       *args   = memory;
    ofz_model       *model  = NULL;
    ofz_arrays      *data   = NULL;
    ofz_eval_result *result = NULL;
    int              code   = ofz_cli_models_need(cli, "--data FILE", args->data);

    if (!code) code = ofz_cli_models_load(cli, args->common.word[0], &model);
    if (!code) code = ofz_cli_models_check_inputs(cli, model, &args->inputs);
    if (!code) code = ofz_cli_models_load_data(cli, args->data, &data);
    args->eval.bindings      = args->inputs.item;
    args->eval.binding_count = args->inputs.count;
    if (!code && ofz_eval(cli->ctx, model, data, &args->eval, &result)) code = ofz_cli_fail(cli);
    if (!code && cli->json)
        code = ofz_cli_json_print(cli, ofz_cli_scores_json(ofz_eval_metrics(result)), stdout);
    else if (!code)
        ofz_cli_scores_print(cli, ofz_eval_metrics(result));
    ofz_eval_result_free(result);
    ofz_arrays_free(data);
    ofz_model_free(model);
    return code;
}

static void eval_init(void *memory)
{
    eval_args *args = memory;

    ofz_eval_options_init(&args->eval);
}

#define FIELD(name) offsetof(eval_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_TEXT(0, "data", "FILE", FIELD(data), "arrays to evaluate on, .npz"),
    OFZ_ROW_PAIR(
        "input", "NAME=ARRAY", FIELD(inputs),
        "feed graph input NAME from ARRAY (may be repeated); by default from the array of the "
        "same name"),
    OFZ_ROW_TEXT(0, "target", "ARRAY", FIELD(eval.target), "array of targets"),
    OFZ_ROW_TEXT(0, "output", "NAME", FIELD(eval.output),
                 "value to judge; by default the first graph output"),
    OFZ_ROW_WORD("loss", "ce|mse|l1|huber|bce", FIELD(eval.loss),
                 "cross-entropy, squares, absolute, Huber, binary cross-entropy"),
    OFZ_ROW_INT("batch-size", FIELD(eval.batch_size), 1, 2147483647.0, "samples per batch"),
};

static const char *const examples[] = {
    "",
    "onnxfreeze eval testdata/cnn.onnx --data testdata/digits_test.npz",
    "for scripts",
    "onnxfreeze eval testdata/mlp.onnx --data testdata/digits_test.npz --json",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_eval = {
    .name    = "eval",
    .usage   = "MODEL --data FILE [options]",
    .summary = "loss and metrics of a model on data",
    .about =
        "Run MODEL over a set of samples and compare with the targets: loss, accuracy, precision, "
        "recall and F1 (over all and per class) and the confusion matrix; for a regression loss "
        "the mean absolute error and R2.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_THREADS | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(eval_args),
    .init         = eval_init,
    .run          = eval_run,
};
