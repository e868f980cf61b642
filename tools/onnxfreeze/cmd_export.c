/* export - write a model for the runtime, verified. */
#include "commands.h"
#include "jsonout.h"
#include "listing.h"
#include "models.h"
#include "outfile.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef struct export_args {
    ofz_cli_common common;
    ofz_export_options export;
    const char *out, *report;
    int         in_place;
} export_args;

/* What every tensor of the written file is, by the hash of its bytes read back; marks and roles as
 * the source has them, because the export may have dropped the marks. */
static int tensors_json(ofz_cli *cli, const ofz_model *source, const char *path, json_t **out)
{
    json_t    *array = json_array();
    ofz_model *written;
    int        code = ofz_cli_models_load(cli, path, &written);

    if (code) return code;
    for (size_t i = 0; !code && i < ofz_model_tensor_count(written); i++) {
        ofz_tensor_info tensor = ofz_model_tensor(written, i);
        const int       old    = ofz_model_find_tensor(source, tensor.name);
        json_t         *object = json_object();
        char            hash[33];

        if (ofz_model_hash_tensor(cli->ctx, written, i, hash)) code = ofz_cli_fail(cli);
        if (old >= 0) tensor = ofz_model_tensor(source, (size_t)old);
        ofz_cli_json_set(object, "name", ofz_cli_json_text(tensor.name));
        ofz_cli_json_set(object, "role", ofz_cli_json_text(ofz_role_name(tensor.role)));
        ofz_cli_json_set(object, "mark", ofz_cli_json_text(ofz_mark_name(tensor.mark)));
        ofz_cli_json_set(object, "trains", ofz_cli_json_bool(tensor.trains));
        ofz_cli_json_set(object, "bytes", ofz_cli_json_size(tensor.size));
        ofz_cli_json_set(object, "hash", code ? json_null() : ofz_cli_json_text(hash));
        ofz_cli_json_append(array, object);
    }
    ofz_model_free(written);
    *out = array;
    return code;
}

static json_t *report_json(const export_args *args, const ofz_export_report *report,
                           uint64_t trainable)
{
    json_t *root = json_object();

    ofz_cli_json_set(root, "model", ofz_cli_json_text(args->common.word[0]));
    ofz_cli_json_set(root, "output", ofz_cli_json_text(args->out));
    ofz_cli_json_set(root, "bytes", ofz_cli_json_size(report->size));
    ofz_cli_json_set(root, "external_bytes", ofz_cli_json_size(report->external_size));
    ofz_cli_json_set(root, "frozen_tensors", ofz_cli_json_size(report->frozen_count));
    ofz_cli_json_set(root, "frozen_bytes", ofz_cli_json_size(report->frozen_size));
    ofz_cli_json_set(root, "frozen_hash", ofz_cli_json_text(report->frozen_hash));
    ofz_cli_json_set(root, "trainable_tensors", ofz_cli_json_size(trainable));
    ofz_cli_json_set(root, "verified", ofz_cli_json_bool(report->verified));
    ofz_cli_json_set(root, "stripped", ofz_cli_json_bool(args->export.strip));
    ofz_cli_json_set(root, "training_info", ofz_cli_json_bool(args->export.training_info));
    return root;
}

static void report_print(const export_args *args, const ofz_export_report *report,
                         uint64_t trainable)
{
    char size[OFZ_TEXT_NUMBER], count[OFZ_TEXT_NUMBER];

    ofz_cli_text_put(stdout, args->out);
    printf("\n  size       %s", ofz_cli_text_size(size, report->size));
    if (report->external_size)
        printf(", and %s of external data", ofz_cli_text_size(size, report->external_size));
    printf("\n  frozen     %s, %s, hash %s\n", ofz_cli_text_tensors(count, report->frozen_count),
           ofz_cli_text_size(size, report->frozen_size), report->frozen_hash);
    printf("  trainable  %s\n", ofz_cli_text_tensors(count, trainable));
    printf("  verified   %s\n", report->verified ? "read back and compared" : "no");
}

static int export_main(ofz_cli *cli, export_args *args, const ofz_model *model)
{
    const uint64_t    trainable = ofz_cli_listing_sum_up(model).trainable.count;
    ofz_export_report report    = { 0 };
    json_t           *root, *tensors;
    int               code = OFZ_EXIT_OK;

    if (ofz_model_export(cli->ctx, model, args->out, &args->export, &report))
        return ofz_cli_fail(cli);
    if (args->report) {
        code = tensors_json(cli, model, args->out, &tensors);
        if (code) return code;
        root = report_json(args, &report, trainable);
        ofz_cli_json_set(root, "tensors", tensors);
        code = ofz_cli_outfile_json(cli, args->report, root);
        if (code) return code;
    }
    if (cli->json) return ofz_cli_json_print(cli, report_json(args, &report, trainable), stdout);
    report_print(args, &report, trainable);
    return code;
}

static int export_run(ofz_cli *cli, void *memory)
{
    export_args *args  = memory;
    const char  *path  = args->common.word[0];
    ofz_model   *model = NULL;
    int          code;

    if (args->export.strip && args->export.training_info)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "drop one of them",
                             "export: --strip and --training-info exclude each other");
    code = ofz_cli_outfile_model(cli, path, args->in_place, &args->out);
    if (!code && args->report) {
        code = ofz_cli_outfile_check(cli, "--report", args->report);
        if (!code) code = ofz_cli_outfile_apart(cli, "--report", args->report, path, NULL);
        if (!code) code = ofz_cli_outfile_apart(cli, "--report", args->report, args->out, NULL);
    }
    if (!code) code = ofz_cli_models_load(cli, path, &model);
    if (!code) code = export_main(cli, args, model);
    ofz_model_free(model);
    return code;
}

static void export_init(void *memory)
{
    export_args *args = memory;

    ofz_export_options_init(&args->export);
}

#define FIELD(name) offsetof(export_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_TEXT('o', "out", "OUT", FIELD(out), "write the model to OUT"),
    OFZ_ROW_FLAG(0, "in-place", FIELD(in_place), 1,
                 "allow OUT to be MODEL; without -o: replace MODEL"),
    OFZ_ROW_FLAG(0, "strip", FIELD(export.strip), 1, "remove the marks"),
    OFZ_ROW_FLAG(0, "external", FIELD(export.external), 1, "put large weights into OUT.data"),
    OFZ_ROW_FLAG(0, "training-info", FIELD(export.training_info), 1,
                 "say what trains in ONNX's own TrainingInfoProto in place of marks"),
    OFZ_ROW_TEXT(0, "report", "FILE", FIELD(report),
                 "write sizes, counts and the hash of every tensor as JSON"),
};

static const char *const examples[] = {
    "for deployment: no marks, and a record of what is in the file",
    "onnxfreeze export testdata/cnn.onnx --strip --report report.json -o deploy.onnx",
    "weights in a file of their own",
    "onnxfreeze export testdata/cnn.onnx --external -o split.onnx",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_export = {
    .name    = "export",
    .usage   = "MODEL -o OUT [--strip] [--external] [--training-info] [--report FILE.json]",
    .summary = "write a model for the runtime, verified",
    .about =
        "Write MODEL to OUT, read it back and compare before it takes its name. The report holds "
        "a hash over all frozen tensors: equal hashes, equal frozen bytes.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = 1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(export_args),
    .init         = export_init,
    .run          = export_run,
};
