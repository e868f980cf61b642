/* mark - write into the model what may train. */
#include "commands.h"
#include "jsonout.h"
#include "listing.h"
#include "models.h"
#include "outfile.h"
#include "text.h"

#include <inttypes.h>

typedef struct mark_args {
    ofz_cli_common    common;
    ofz_cli_opt_rules rules;
    const char       *out;
    int               list, dry_run, in_place;
} mark_args;

static json_t *sum_json(const struct ofz_cli_listing_sum *sum)
{
    json_t *object = json_object();

    ofz_cli_json_set(object, "count", ofz_cli_json_size(sum->count));
    ofz_cli_json_set(object, "parameters", ofz_cli_json_size(sum->parameters));
    ofz_cli_json_set(object, "bytes", ofz_cli_json_size(sum->size));
    return object;
}

static int mark_json(ofz_cli *cli, const ofz_model *model, const char *out)
{
    const ofz_cli_listing_sums sums = ofz_cli_listing_sum_up(model);
    json_t                    *root = json_object();

    ofz_cli_json_set(root, "output", ofz_cli_json_text(out));
    ofz_cli_json_set(root, "trainable", sum_json(&sums.trainable));
    ofz_cli_json_set(root, "frozen", sum_json(&sums.frozen));
    ofz_cli_listing_json(model, root);
    return ofz_cli_json_print(cli, root, stdout);
}

static void summary_say(ofz_cli *cli, const ofz_model *model, const char *label)
{
    const ofz_cli_listing_sums sums = ofz_cli_listing_sum_up(model);
    char trains[OFZ_TEXT_NUMBER], n[2][OFZ_TEXT_NUMBER], size[OFZ_TEXT_NUMBER];

    ofz_cli_say(cli, "%s: %s to train (%s parameters, %s), %" PRIu64 " frozen (%s)", label,
                ofz_cli_text_tensors(trains, sums.trainable.count),
                ofz_cli_text_count(n[0], sums.trainable.parameters),
                ofz_cli_text_size(size, sums.trainable.size), sums.frozen.count,
                ofz_cli_text_count(n[1], sums.frozen.parameters));
    if (!sums.trainable.count) ofz_cli_warn(cli, "nothing trains with these marks");
}

static int mark_run(ofz_cli *cli, void *memory)
{
    mark_args  *args  = memory;
    const char *path  = args->common.word[0];
    ofz_model  *model = NULL;
    int         code  = OFZ_EXIT_OK, write;

    write = args->out || args->in_place || !(args->list || args->dry_run);
    if (write) code = ofz_cli_outfile_model(cli, path, args->in_place, &args->out);
    if (code) return code;
    code = ofz_cli_models_load(cli, path, &model);
    if (code) return code;
    write = write && !args->dry_run;
    if ((args->rules.count || write) &&
        ofz_mark_apply(cli->ctx, model, args->rules.item, args->rules.count))
        code = ofz_cli_fail(cli);
    if (!code && write && ofz_model_save(cli->ctx, model, args->out)) code = ofz_cli_fail(cli);
    if (!code && cli->json)
        code = mark_json(cli, model, write ? args->out : NULL);
    else if (!code && args->list)
        ofz_cli_listing_print(cli, model, 1);
    if (!code) summary_say(cli, model, write ? args->out : path);
    ofz_model_free(model);
    return code;
}

#define FIELD(name) offsetof(mark_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_GROUP("What trains (in the order given, later ones override):"),
    OFZ_ROW_RULE("freeze", "SEL", FIELD(rules), OFZ_ACTION_FREEZE,
                 "freeze the tensors that SEL selects"),
    OFZ_ROW_RULE("train", "SEL", FIELD(rules), OFZ_ACTION_TRAIN, "let them train"),
    OFZ_ROW_RULE("preset", "none|all|head|bias|norm", FIELD(rules), OFZ_ACTION_PRESET,
                 "nothing; what trains by default; of that the last layer; biases, norm shifts and "
                 "the last layer; norm scales and shifts"),
    OFZ_ROW_GROUP("Output:"),
    OFZ_ROW_TEXT('o', "out", "OUT", FIELD(out), "write the marked model to OUT"),
    OFZ_ROW_FLAG(0, "in-place", FIELD(in_place), 1,
                 "allow OUT to be MODEL; without -o: replace MODEL"),
    OFZ_ROW_FLAG(0, "list", FIELD(list), 1, "print what would train; needs no -o"),
    OFZ_ROW_FLAG(0, "dry-run", FIELD(dry_run), 1, "write nothing"),
};

static const char *const examples[] = {
    "train the last layer only",
    "onnxfreeze mark testdata/cnn.onnx --preset head -o head.onnx",
    "the last two layers, but none of their biases",
    "onnxfreeze mark testdata/cnn.onnx --preset none --train last:2 --freeze role:bias --list",
    "what trains when nothing is marked",
    "onnxfreeze mark testdata/mlp.onnx --list",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_mark = {
    .name  = "mark",
    .usage = "MODEL -o OUT [--freeze SEL]... [--train SEL]... [--preset NAME] [--list] [--dry-run]",
    .summary = "choose what trains, and write it into the model",
    .about =
        "Mark tensors as frozen or trainable. The marks are written into the model file, where "
        "train finds them; runtimes ignore them, and export --strip removes them. Without marks, "
        "weights, biases, norm scales and shifts and embeddings train.\n"
        "\n"
        "A selector SEL is one of\n"
        "  NAME or a glob      fc.weight, 'layer4.*'\n"
        "  re:REGEX            a regular expression over names\n"
        "  role:ROLE           role:bias, role:weight, role:norm-scale\n"
        "  op:TYPE             tensors that nodes of that type read: op:Conv\n"
        "  node:GLOB           tensors that nodes of such a name read\n"
        "  last:N              the last N layers\n"
        "  before:TENSOR       what is read only before that value of the graph\n"
        "  after:TENSOR        what is read only after it",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(mark_args),
    .run          = mark_run,
};
