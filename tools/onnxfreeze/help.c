/* --help, printed from the option tables. */
#include "options.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { HELP_INDENT = 28, HELP_WIDTH = 80 };

/* Append " [default: X]" when the option has one that is worth a word. */
static void default_append(const ofz_cli_opt *o, const void *args, char *out, size_t size)
{
    const void *field = (const char *)args + o->offset;
    const char *text;
    double      real;
    uint64_t    u64;
    int         number;

    *out = '\0';
    switch (o->kind) {
    case OFZ_OPT_TEXT:
        memcpy(&text, field, sizeof text);
        if (text) snprintf(out, size, " [default: %s]", text);
        break;
    case OFZ_OPT_REAL:
        memcpy(&real, field, sizeof real);
        if (real > 0) snprintf(out, size, " [default: %.9g]", real);
        break;
    case OFZ_OPT_U64:
        memcpy(&u64, field, sizeof u64);
        snprintf(out, size, " [default: %llu]", (unsigned long long)u64);
        break;
    case OFZ_OPT_INT:
        memcpy(&number, field, sizeof number);
        if (number != 0) snprintf(out, size, " [default: %d]", number);
        break;
    case OFZ_OPT_WORD:
        memcpy(&number, field, sizeof number);
        for (text = o->arg; number > 0 && *text; text++) number -= *text == '|';
        snprintf(out, size, " [default: %.*s]", (int)strcspn(text, "|"), text);
        break;
    default:
        break;
    }
}

static void option_print(const ofz_cli_opt *o, const void *args)
{
    char fallback[80], *text;
    int  at;

    default_append(o, args, fallback, sizeof fallback);
    if (o->letter)
        at = printf("  -%c, --%s", o->letter, o->name);
    else
        at = printf("      --%s", o->name);
    if (o->arg) at += printf(" %s", o->arg);
    if (at + 2 > HELP_INDENT) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", HELP_INDENT - at, "");
    if (asprintf(&text, "%s%s", o->help, fallback) < 0) return;
    ofz_cli_text_wrap(stdout, text, HELP_INDENT, HELP_INDENT, HELP_WIDTH);
    free(text);
}

static void heading_print(const ofz_cli *cli, const char *text)
{
    printf(cli->out_colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}

static void examples_print(const ofz_cli *cli, const char *const *example)
{
    heading_print(cli, "Examples:");
    for (; example[0]; example += 2) {
        if (*example[0])
            printf(cli->out_colour ? "  \033[2m# %s\033[0m\n" : "  # %s\n", example[0]);
        printf("  %s\n", example[1]);
    }
}

void ofz_cli_help_print(const ofz_cli *cli, const ofz_cli_command *command, const void *args)
{
    size_t             count;
    const ofz_cli_opt *shared = ofz_cli_opt_common(&count);
    int                at     = printf("Usage: onnxfreeze %s ", command->name);

    ofz_cli_text_wrap(stdout, command->usage, at, 11, HELP_WIDTH);
    putchar('\n');
    ofz_cli_text_wrap(stdout, command->about, 0, 0, HELP_WIDTH);
    if (command->option_count && command->options[0].kind != OFZ_OPT_GROUP)
        heading_print(cli, "Options:");
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].kind == OFZ_OPT_GROUP)
            heading_print(cli, command->options[i].help);
        else
            option_print(&command->options[i], args);
    }
    heading_print(cli, "Common options:");
    for (size_t i = 0; i < count; i++)
        if (!ofz_cli_opt_is_taken(command, &shared[i]))
            continue;
        else if (shared[i].kind == OFZ_OPT_GROUP)
            heading_print(cli, shared[i].help);
        else
            option_print(&shared[i], args);
    examples_print(cli, command->examples);
}
