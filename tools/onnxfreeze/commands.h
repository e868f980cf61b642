/* commands.h - the commands of the program, one file each. */
#ifndef OFZ_COMMANDS_H
#define OFZ_COMMANDS_H

#include "options.h"

extern const ofz_cli_command ofz_cli_cmd_inspect, ofz_cli_cmd_mark, ofz_cli_cmd_train,
    ofz_cli_cmd_fold, ofz_cli_cmd_export, ofz_cli_cmd_run, ofz_cli_cmd_eval, ofz_cli_cmd_test,
    ofz_cli_cmd_diff, ofz_cli_cmd_check, ofz_cli_cmd_edit, ofz_cli_cmd_ops;

#endif
