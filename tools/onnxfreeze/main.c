/* onnxfreeze - adapt a trained ONNX model. Finds the command, parses its options, runs it. */
#include "commands.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const ofz_cli_command *const commands[] = {
    &ofz_cli_cmd_inspect, &ofz_cli_cmd_mark,  &ofz_cli_cmd_fold, &ofz_cli_cmd_train,
    &ofz_cli_cmd_export,  &ofz_cli_cmd_run,   &ofz_cli_cmd_eval, &ofz_cli_cmd_test,
    &ofz_cli_cmd_diff,    &ofz_cli_cmd_check, &ofz_cli_cmd_edit, &ofz_cli_cmd_ops,
};

enum { COMMAND_COUNT = (int)(sizeof commands / sizeof commands[0]) };

static void help_print(const ofz_cli *cli, FILE *f)
{
    const int bold = f == stdout && cli->out_colour;

    fputs("Usage: onnxfreeze COMMAND [arguments] [options]\n"
          "\n"
          "Fine-tune a trained ONNX model: see what is in it, mark what may train, train\n"
          "that, and write the same model back with every frozen byte unchanged.\n",
          f);
    fprintf(f, bold ? "\n\033[1m%s\033[0m\n" : "\n%s\n", "Commands:");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(f, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(f, bold ? "\n\033[1m%s\033[0m\n" : "\n%s\n", "Options:");
    fputs("  -h, --help     print this; after a command: its options and examples\n"
          "  -V, --version  print the version and what it was built with\n",
          f);
    fprintf(f, bold ? "\n\033[1m%s\033[0m\n" : "\n%s\n", "Examples:");
    fputs("  onnxfreeze inspect testdata/cnn.onnx\n"
          "  onnxfreeze mark testdata/cnn.onnx --preset head -o head.onnx\n"
          "  onnxfreeze train head.onnx --data testdata/digits_train.npz --epochs 2 "
          "-o new.onnx\n"
          "  onnxfreeze eval new.onnx --data testdata/digits_test.npz\n"
          "\n"
          "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad model or data, 4 not\n"
          "supported, 5 compared unequal, 130 stopped by a signal.\n",
          f);
}

static void version_print(void)
{
    printf("onnxfreeze %s\n", ofz_version());
    if (*ofz_build_options()) printf("built with %s\n", ofz_build_options());
}

static const ofz_cli_command *command_find(ofz_cli *cli, const char *name)
{
    ofz_cli_nearest nearest;
    char            hint[100];

    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    ofz_cli_nearest_init(&nearest, name);
    for (int i = 0; i < COMMAND_COUNT; i++) ofz_cli_nearest_offer(&nearest, commands[i]->name);
    if (nearest.best)
        snprintf(hint, sizeof hint, "did you mean %s?", nearest.best);
    else
        snprintf(hint, sizeof hint, "onnxfreeze --help lists the commands");
    ofz_cli_error(cli, OFZ_EXIT_USAGE, hint, "unknown command %s", name);
    return NULL;
}

static int command_help(const ofz_cli *cli, const ofz_cli_command *command)
{
    void *args = ofz_cli_realloc(NULL, 1, command->args_size);

    memset(args, 0, command->args_size);
    if (command->init) command->init(args);
    ofz_cli_help_print(cli, command, args);
    free(args);
    return OFZ_EXIT_OK;
}

static int limits_set(ofz_cli *cli, const ofz_cli_common *args)
{
    for (int i = 0; i <= OFZ_LIMIT_WORK; i++)
        if (args->limit[i] && ofz_ctx_set_limit(cli->ctx, (ofz_limit)i, args->limit[i]))
            return ofz_cli_fail(cli);
    return OFZ_EXIT_OK;
}

static int command_run(ofz_cli *cli, const ofz_cli_command *command, int argc, char **argv)
{
    ofz_cli_common *args = ofz_cli_realloc(NULL, 1, command->args_size);
    int             code;

    memset(args, 0, command->args_size);
    cli->command = command->name;
    if (command->init) command->init(args);
    code = ofz_cli_opt_parse(cli, command, argc, argv, args);
    if (!code && args->help) {
        code = command_help(cli, command);
    } else if (!code) {
        cli->quiet   = args->quiet;
        cli->verbose = args->verbose;
        cli->json    = args->json;
        ofz_ctx_set_log(cli->ctx, ofz_cli_log, cli);
        ofz_ctx_set_threads(cli->ctx, args->threads);
        ofz_ctx_set_reference(cli->ctx, args->reference);
        ofz_ctx_set_follow_links(cli->ctx, args->follow_links);
        code = limits_set(cli, args);
        if (!code) code = command->run(cli, args);
    }
    ofz_cli_opt_free(command, args);
    free(args);
    return code;
}

static int main_run(ofz_cli *cli, int argc, char **argv)
{
    const char            *word = argc > 1 ? argv[1] : "";
    const ofz_cli_command *command;
    ofz_cli_nearest        nearest;

    if (argc < 2) {
        help_print(cli, stderr);
        return OFZ_EXIT_USAGE;
    }
    if (strcmp(word, "help") == 0 && argc > 2) {
        command = command_find(cli, argv[2]);
        return command ? command_help(cli, command) : OFZ_EXIT_USAGE;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        help_print(cli, stdout);
        return OFZ_EXIT_OK;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        version_print();
        return OFZ_EXIT_OK;
    }
    if (word[0] == '-') {
        ofz_cli_nearest_init(&nearest, word);
        ofz_cli_nearest_offer(&nearest, "--help");
        ofz_cli_nearest_offer(&nearest, "--version");
        return ofz_cli_error(cli, OFZ_EXIT_USAGE,
                             nearest.best && nearest.best[2] == 'v' ? "did you mean --version?"
                             : nearest.best
                                 ? "did you mean --help?"
                                 : "options come after the command, see onnxfreeze --help",
                             "unknown option %s", word);
    }
    command = command_find(cli, word);
    return command ? command_run(cli, command, argc - 2, argv + 2) : OFZ_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    ofz_cli cli;
    int     code;

    ofz_cli_init(&cli);
    cli.ctx = ofz_ctx_new();
    if (!cli.ctx) return ofz_cli_error(&cli, OFZ_EXIT_FAILED, NULL, "out of memory");
    code = main_run(&cli, argc, argv);
    ofz_ctx_free(cli.ctx);
    return ofz_cli_close(&cli, code);
}
