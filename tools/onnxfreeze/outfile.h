/* outfile.h - places to write to, looked at before any work is done. */
#ifndef OFZ_OUTFILE_H
#define OFZ_OUTFILE_H

#include "cli.h"

#include <jansson.h>

/* Nonzero when both paths lead to one file, or would once written. */
int ofz_cli_outfile_same(const char *a, const char *b);
/* Refuse a path that cannot be written: no folder, a folder that is read-only, a path that is a
 * folder or a device. OFZ_EXIT_OK or an exit code with the error printed.
 *   what   "-o", "--checkpoint", ... for the message */
int ofz_cli_outfile_check(ofz_cli *cli, const char *what, const char *path);
/* Refuse to write `path` over `input`; `hint` may be NULL. */
int ofz_cli_outfile_apart(ofz_cli *cli, const char *what, const char *path, const char *input,
                          const char *hint);
/* Where a command with MODEL, -o OUT and --in-place writes: checks and sets *out.
 *   in_place   nonzero: without -o the model itself, with it the refusal is lifted */
int ofz_cli_outfile_model(ofz_cli *cli, const char *model, int in_place, const char **out);
/* Write JSON to `path` by way of a temporary file and a rename; releases `root`. */
int ofz_cli_outfile_json(ofz_cli *cli, const char *path, json_t *root);

#endif
