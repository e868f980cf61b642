/* train - fine-tune what is marked. */
#include "commands.h"
#include "jsonout.h"
#include "models.h"
#include "outfile.h"
#include "progress.h"
#include "scores.h"
#include "text.h"
#include "trainlog.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct train_args {
    ofz_cli_common    common;
    ofz_cli_opt_pairs inputs;
    const char       *data, *val, *log, *out;
    int               in_place;
    ofz_train_options train;
} train_args;

/* What one run holds together. */
typedef struct train_run {
    ofz_cli         *cli;
    train_args      *args;
    ofz_cli_progress progress;
    ofz_cli_trainlog log;
    ofz_metrics      val; /* of the epoch below; class_count 0 and no samples: none */
    int              val_epoch, val_best;
    uint64_t         step;
    int              epoch;
} train_run;

/* A handler can reach nothing else. */
static volatile sig_atomic_t stop_asked;

static void stop_handle(int number)
{
    (void)number;
    stop_asked = 1;
}

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

enum { STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

/* The first signal asks to stop, the second one finds the default action and ends the program.
 * A signal that was ignored from outside (nohup) stays ignored. */
static void signals_catch(struct sigaction *old)
{
    struct sigaction action = { .sa_handler = stop_handle, .sa_flags = (int)SA_RESETHAND };

    sigemptyset(&action.sa_mask);
    for (int i = 0; i < STOP_SIGNALS; i++) {
        sigaction(stop_signals[i], NULL, &old[i]);
        if (old[i].sa_handler != SIG_IGN) sigaction(stop_signals[i], &action, NULL);
    }
}

static void signals_restore(const struct sigaction *old)
{
    for (int i = 0; i < STOP_SIGNALS; i++) sigaction(stop_signals[i], &old[i], NULL);
}

static int train_event(void *user, const ofz_event *event)
{
    train_run *run = user;

    run->step  = event->step;
    run->epoch = event->epoch;
    if (event->kind == OFZ_EVENT_EPOCH && event->val &&
        (event->best || !run->val_best)) { /* without a best one yet, the latest */
        ofz_cli_scores_copy(&run->val, event->val);
        run->val_epoch = event->epoch;
        run->val_best  = event->best;
    }
    ofz_cli_progress_event(&run->progress, event);
    if (run->log.f && ofz_cli_trainlog_event(&run->log, event)) return 1;
    return stop_asked != 0;
}

/* Everything that would make a long run end in vain, before it starts. */
static int files_check(ofz_cli *cli, train_args *args, const char *model)
{
    const ofz_train_options *t = &args->train;
    const struct {
        const char *what, *path;
    } out[] = { { "-o", NULL }, { "--log", args->log }, { "--checkpoint", t->checkpoint } };
    const char *const in[] = { model, args->data, args->val };
    int               code = ofz_cli_outfile_model(cli, model, args->in_place, &args->out);

    for (size_t i = 0; !code && i < sizeof out / sizeof *out; i++) {
        const char *path = i ? out[i].path : args->out;

        for (size_t k = i ? 0 : 1; !code && k < sizeof in / sizeof *in; k++)
            code = ofz_cli_outfile_apart(cli, out[i].what, path, in[k], NULL);
        if (!code && i && path)
            code = ofz_cli_outfile_apart(cli, out[i].what, path, args->out, NULL);
    }
    if (!code && args->log) {
        code = ofz_cli_outfile_apart(cli, "--log", args->log, t->checkpoint, NULL);
        if (!code) code = ofz_cli_outfile_apart(cli, "--log", args->log, t->resume, NULL);
    }
    if (!code) code = ofz_cli_outfile_apart(cli, "-o", args->out, t->resume, NULL);
    if (!code && t->checkpoint) code = ofz_cli_outfile_check(cli, "--checkpoint", t->checkpoint);
    if (!code && t->resume && access(t->resume, R_OK))
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "--resume: %s: %s", t->resume,
                             strerror(errno));
    return code;
}

static void options_warn(ofz_cli *cli, const train_args *args)
{
    static const struct {
        const char *option, *wants;
        int         sgd, step; /* which setting makes it count; -1: either */
    } rules[] = {
        { "momentum", "--optimizer sgd", 1, -1 },
        { "nesterov", "--optimizer sgd", 1, -1 },
        { "beta1", "--optimizer adam or adamw", 0, -1 },
        { "beta2", "--optimizer adam or adamw", 0, -1 },
        { "eps", "--optimizer adam or adamw", 0, -1 },
        { "step-size", "--schedule step", -1, 1 },
        { "step-gamma", "--schedule step", -1, 1 },
    };
    const int sgd = args->train.optimizer == OFZ_SGD, step = args->train.schedule == OFZ_STEP;

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!ofz_cli_opt_given(&ofz_cli_cmd_train, args, rules[i].option)) continue;
        if ((rules[i].sgd < 0 || rules[i].sgd == sgd) && (rules[i].step < 0 || step)) continue;
        ofz_cli_warn(cli, "--%s has no effect without %s", rules[i].option, rules[i].wants);
    }
}

static int arguments_check(ofz_cli *cli, train_args *args)
{
    int code = ofz_cli_models_need(cli, "--data FILE", args->data);

    if (!code && !args->in_place) code = ofz_cli_models_need(cli, "-o OUT", args->out);
    if (!code && args->val && args->train.val_split > 0)
        code = ofz_cli_error(cli, OFZ_EXIT_USAGE, "drop one of them",
                             "train: --val and --val-split exclude each other");
    if (!code && args->train.checkpoint_steps && !args->train.checkpoint)
        code = ofz_cli_error(cli, OFZ_EXIT_USAGE, "add --checkpoint FILE",
                             "train: --checkpoint-steps without --checkpoint");
    if (!code && args->train.nesterov && args->train.momentum == 0 &&
        args->train.optimizer == OFZ_SGD)
        code = ofz_cli_error(cli, OFZ_EXIT_USAGE, "add --momentum 0.9",
                             "train: --nesterov without --momentum");
    if (!code) options_warn(cli, args);
    return code;
}

static int report_json(const train_run *run, const ofz_train_report *report)
{
    static const char *const monitor[] = { "loss", "accuracy", "f1" };
    json_t                  *root      = json_object();

    ofz_cli_json_set(root, "output", ofz_cli_json_text(run->args->out));
    ofz_cli_json_set(root, "reason", ofz_cli_json_text(report->reason));
    ofz_cli_json_set(root, "steps", ofz_cli_json_size(report->steps));
    ofz_cli_json_set(root, "epochs", json_integer(report->epochs));
    ofz_cli_json_set(root, "best_epoch", json_integer(report->best_epoch));
    ofz_cli_json_set(root, "first_loss", ofz_cli_json_real(report->first_loss));
    ofz_cli_json_set(root, "last_loss", ofz_cli_json_real(report->last_loss));
    ofz_cli_json_set(root, "monitor", ofz_cli_json_text(monitor[run->args->train.monitor]));
    ofz_cli_json_set(root, "best_value", ofz_cli_json_real(report->best_value));
    ofz_cli_json_set(root, "trained_tensors", ofz_cli_json_size(report->trained_count));
    ofz_cli_json_set(root, "frozen_tensors", ofz_cli_json_size(report->frozen_count));
    ofz_cli_json_set(root, "validation_epoch",
                     run->val_epoch ? json_integer(run->val_epoch) : json_null());
    ofz_cli_json_set(root, "validation",
                     run->val_epoch ? ofz_cli_scores_json(&run->val) : json_null());
    return ofz_cli_json_print(run->cli, root, stdout);
}

static int report_print(const train_run *run, const ofz_train_report *report)
{
    if (run->cli->json) return report_json(run, report);
    if (run->val_epoch) {
        printf("validation after epoch %d%s\n", run->val_epoch, run->val_best ? ", the best" : "");
        ofz_cli_scores_print(run->cli, &run->val);
    }
    ofz_cli_say(run->cli,
                "%s: %s after %d epochs, %" PRIu64 " steps; %zu tensors trained, %zu stayed frozen",
                run->args->out, report->reason, report->epochs, report->steps,
                report->trained_count, report->frozen_count);
    return OFZ_EXIT_OK;
}

static int stopped_error(const train_run *run)
{
    const char *checkpoint = run->args->train.checkpoint;
    char       *hint;
    int         code;

    if (asprintf(&hint, checkpoint ? "run the same command with --resume %s" : "%s",
                 checkpoint ? checkpoint : "give --checkpoint FILE to be able to continue") < 0)
        hint = NULL;
    code = ofz_cli_error(run->cli, OFZ_EXIT_CANCELLED, hint,
                         "training was stopped at step %" PRIu64 ", epoch %d; %s was not written",
                         run->step, run->epoch, run->args->out);
    free(hint);
    return code;
}

static int model_train(train_run *run, ofz_model *model, const ofz_arrays *data)
{
    ofz_train_options *t      = &run->args->train;
    ofz_train_report   report = { 0 };
    struct sigaction   old[STOP_SIGNALS];
    ofz_status         st;
    int                code;

    t->bindings      = run->args->inputs.item;
    t->binding_count = run->args->inputs.count;
    t->on_event      = train_event;
    t->user          = run;
    ofz_cli_progress_init(&run->progress, run->cli);
    signals_catch(old);
    st = ofz_train(run->cli->ctx, model, data, t, &report);
    signals_restore(old);
    ofz_cli_progress_deinit(&run->progress);
    code = ofz_cli_trainlog_close(&run->log, run->cli); /* a full disk also cancels */
    if (code) return code;
    if (st == OFZ_E_CANCELLED) return stopped_error(run);
    if (st || ofz_model_save(run->cli->ctx, model, run->args->out)) return ofz_cli_fail(run->cli);
    return report_print(run, &report);
}

static int train_main(ofz_cli *cli, void *memory)
{
    train_args *args  = memory;
    train_run   run   = { .cli = cli, .args = args };
    ofz_model  *model = NULL;
    ofz_arrays *data = NULL, *val = NULL;
    int         code = arguments_check(cli, args);

    if (!code) code = files_check(cli, args, args->common.word[0]);
    if (!code) code = ofz_cli_models_load(cli, args->common.word[0], &model);
    if (!code) code = ofz_cli_models_check_inputs(cli, model, &args->inputs);
    if (!code) code = ofz_cli_models_load_data(cli, args->data, &data);
    if (!code && args->val) code = ofz_cli_models_load_data(cli, args->val, &val);
    if (!code && args->log)
        code = ofz_cli_trainlog_open(&run.log, cli, args->log, args->train.resume != NULL);
    args->train.val = val;
    if (!code) code = model_train(&run, model, data);
    ofz_cli_scores_deinit(&run.val);
    ofz_arrays_free(val);
    ofz_arrays_free(data);
    ofz_model_free(model);
    return code;
}

static void train_init(void *memory)
{
    train_args *args = memory;

    ofz_train_options_init(&args->train);
}

#define FIELD(name) offsetof(train_args, name)
#define TRAIN(name) offsetof(train_args, train.name)
#define ANY         HUGE_VAL
#define OVER        OFZ_OPT_OVER_MIN
#define BELOW       OFZ_OPT_BELOW_MAX
#define INT         2147483647.0

static const ofz_cli_opt options[] = {
    OFZ_ROW_GROUP("Data:"),
    OFZ_ROW_TEXT(0, "data", "FILE", FIELD(data), "arrays to train on, .npz"),
    OFZ_ROW_TEXT(0, "val", "FILE", FIELD(val), "arrays to validate on, .npz"),
    OFZ_ROW_REAL("val-split", TRAIN(val_split), 0, 1, BELOW,
                 "keep this share of the data for validation"),
    OFZ_ROW_PAIR(
        "input", "NAME=ARRAY", FIELD(inputs),
        "feed graph input NAME from ARRAY (may be repeated); by default from the array of the "
        "same name"),
    OFZ_ROW_TEXT(0, "target", "ARRAY", TRAIN(target), "array of targets"),
    OFZ_ROW_TEXT(0, "output", "NAME", TRAIN(output),
                 "value that feeds the loss; by default the first graph output"),
    OFZ_ROW_INT("batch-size", TRAIN(batch_size), 1, INT,
                "samples per batch; the last one may be short"),
    OFZ_ROW_U64("seed", TRAIN(seed), "seed of shuffling, splitting and dropout"),
    OFZ_ROW_FLAG(0, "no-shuffle", TRAIN(shuffle), 0, "keep the samples in their order"),
    OFZ_ROW_GROUP("Training:"),
    OFZ_ROW_WORD("loss", "ce|mse|l1|huber|bce", TRAIN(loss),
                 "cross-entropy, squares, absolute, Huber, binary cross-entropy"),
    OFZ_ROW_INT("epochs", TRAIN(epochs), 1, 1000000, "passes over the data"),
    OFZ_ROW_WORD("optimizer", "sgd|adam|adamw", TRAIN(optimizer),
                 "what turns gradients into steps"),
    OFZ_ROW_REAL("lr", TRAIN(lr), 0, ANY, OVER,
                 "learning rate [default: 0.01 for sgd, 0.001 for adam and adamw]"),
    OFZ_ROW_REAL("momentum", TRAIN(momentum), 0, 1, BELOW, "momentum of sgd"),
    OFZ_ROW_FLAG(0, "nesterov", TRAIN(nesterov), 1, "look ahead along the momentum (sgd)"),
    OFZ_ROW_REAL("weight-decay", TRAIN(weight_decay), 0, ANY, 0,
                 "L2 for sgd and adam, decoupled for adamw [default: 0.01 for adamw, else 0]"),
    OFZ_ROW_REAL("beta1", TRAIN(beta1), 0, 1, BELOW, "decay of adam's mean gradient"),
    OFZ_ROW_REAL("beta2", TRAIN(beta2), 0, 1, BELOW, "decay of adam's mean square"),
    OFZ_ROW_REAL("eps", TRAIN(eps), 0, ANY, OVER, "added to adam's root mean square"),
    OFZ_ROW_REAL("clip-norm", TRAIN(clip_norm), 0, ANY, 0,
                 "clip gradients to this global L2 norm; 0: off"),
    OFZ_ROW_INT("accumulate", TRAIN(accumulate), 1, INT, "batches per optimizer step"),
    OFZ_ROW_WORD("bn", "frozen|batch", TRAIN(bn),
                 "batch norms use their stored statistics, or those of the batch"),
    OFZ_ROW_GROUP("Schedule:"),
    OFZ_ROW_WORD("schedule", "constant|step|cosine", TRAIN(schedule),
                 "course of the learning rate"),
    OFZ_ROW_INT("warmup", TRAIN(warmup), 0, INT, "steps of linear warm-up"),
    OFZ_ROW_INT("step-size", TRAIN(step_size), 1, INT,
                "epochs between two drops of the step schedule [default: a third of the epochs]"),
    OFZ_ROW_REAL("step-gamma", TRAIN(step_gamma), 0, ANY, OVER, "factor of a drop"),
    OFZ_ROW_INT("early-stop", TRAIN(early_stop), 0, INT,
                "stop after N epochs without improvement; 0: never"),
    OFZ_ROW_WORD("monitor", "loss|accuracy|f1", TRAIN(monitor), "what decides which epoch is best"),
    OFZ_ROW_GROUP("Output:"),
    OFZ_ROW_TEXT('o', "out", "OUT", FIELD(out), "write the trained model to OUT"),
    OFZ_ROW_FLAG(0, "in-place", FIELD(in_place), 1,
                 "allow OUT to be MODEL; without -o: replace MODEL"),
    OFZ_ROW_TEXT(0, "log", "FILE", FIELD(log), "JSON lines, one per step and one per epoch"),
    OFZ_ROW_TEXT(0, "checkpoint", "FILE", TRAIN(checkpoint),
                 "save the state after every epoch and on Ctrl-C"),
    OFZ_ROW_INT("checkpoint-steps", TRAIN(checkpoint_steps), 0, INT,
                "also after every N steps; 0: off"),
    OFZ_ROW_TEXT(0, "resume", "FILE", TRAIN(resume),
                 "continue from a checkpoint, to the same bytes"),
};

static const char *const examples[] = {
    "the last layer of a network, validated on other data",
    "onnxfreeze mark testdata/cnn.onnx --preset head -o head.onnx",
    "",
    "onnxfreeze train head.onnx --data testdata/digits_train.npz --val testdata/digits_test.npz "
    "--epochs 2 -o new.onnx",
    "AdamW with a cosine schedule, a log, and a checkpoint to continue from",
    "onnxfreeze train testdata/mlp.onnx --data testdata/digits_train.npz --val-split 0.2 "
    "--optimizer adamw --schedule cosine --warmup 10 --epochs 2 --log log.jsonl --checkpoint "
    "state.ckpt -o mlp.onnx",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_train = {
    .name    = "train",
    .usage   = "MODEL --data FILE -o OUT [options]",
    .summary = "fine-tune what is marked",
    .about =
        "Train the tensors of MODEL that are marked trainable (see mark) and write the model to "
        "OUT, every other byte unchanged. With validation data OUT holds the best epoch's "
        "weights, else the last one's.\n"
        "\n"
        "The same seed and threads on the same machine give the same bytes, also across a kill "
        "and a --resume. Ctrl-C writes the checkpoint, if one was named, and exits with 130.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_THREADS | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(train_args),
    .init         = train_init,
    .run          = train_main,
};
