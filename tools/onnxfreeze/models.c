/* Opening models and data. */
#include "models.h"

#include <string.h>

int ofz_cli_models_load(ofz_cli *cli, const char *path, ofz_model **out)
{
    return ofz_model_load(cli->ctx, path, out) ? ofz_cli_fail(cli) : OFZ_EXIT_OK;
}

int ofz_cli_models_load_data(ofz_cli *cli, const char *path, ofz_arrays **out)
{
    ofz_arrays *arrays;

    if (ofz_arrays_new(cli->ctx, &arrays)) return ofz_cli_fail(cli);
    if (ofz_arrays_load(cli->ctx, arrays, path, NULL)) {
        ofz_arrays_free(arrays);
        return ofz_cli_fail(cli);
    }
    *out = arrays;
    return OFZ_EXIT_OK;
}

int ofz_cli_models_need(ofz_cli *cli, const char *what, const void *value)
{
    char hint[100];

    if (value) return OFZ_EXIT_OK;
    snprintf(hint, sizeof hint, "add it; see onnxfreeze %s --help", cli->command);
    return ofz_cli_error(cli, OFZ_EXIT_USAGE, hint, "%s: no %s given", cli->command, what);
}

int ofz_cli_models_check_inputs(ofz_cli *cli, const ofz_model *model,
                                const ofz_cli_opt_pairs *pairs)
{
    ofz_model_info info;

    ofz_model_get_info(model, &info);
    for (size_t i = 0; i < pairs->count; i++) {
        ofz_cli_nearest nearest;
        char            hint[200];
        int             found = 0;

        ofz_cli_nearest_init(&nearest, pairs->item[i].input);
        for (size_t k = 0; k < info.input_count && !found; k++) {
            const char *name = ofz_model_input(model, k).name;

            found = strcmp(name, pairs->item[i].input) == 0;
            ofz_cli_nearest_offer(&nearest, name);
        }
        if (found) continue;
        if (!nearest.best && info.input_count == 1) nearest.best = ofz_model_input(model, 0).name;
        snprintf(hint, sizeof hint,
                 nearest.best ? "did you mean %.100s?" : "see onnxfreeze inspect%s",
                 nearest.best ? nearest.best : "");
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, hint, "--input: %s: not an input of the model",
                             pairs->item[i].input);
    }
    return OFZ_EXIT_OK;
}
