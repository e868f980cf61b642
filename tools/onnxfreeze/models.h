/* models.h - opening what commands work on. */
#ifndef OFZ_MODELS_H
#define OFZ_MODELS_H

#include "options.h"

/* Load a model, or a set of arrays (.npz, .npy, .pb). OFZ_EXIT_OK, or an exit code with the error
 * printed. */
int ofz_cli_models_load(ofz_cli *cli, const char *path, ofz_model **out);
int ofz_cli_models_load_data(ofz_cli *cli, const char *path, ofz_arrays **out);
/* Refuse a command line that lacks option `what`; value NULL: it does. */
int ofz_cli_models_need(ofz_cli *cli, const char *what, const void *value);
/* Say so when a binding names no graph input, with the nearest one. */
int ofz_cli_models_check_inputs(ofz_cli *cli, const ofz_model *model,
                                const ofz_cli_opt_pairs *pairs);

#endif
