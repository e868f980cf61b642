/* Errors, talk and the terminal. */
#include "cli.h"

#include "progress.h"
#include "text.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int ofz_cli_width(FILE *f)
{
    struct winsize size;

    if (!isatty(fileno(f))) return 0;
    if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

void ofz_cli_init(ofz_cli *cli)
{
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    const int   smart  = term && *term && strcmp(term, "dumb") != 0;
    const int   colour = smart && !(no_colour && *no_colour);

    memset(cli, 0, sizeof *cli);
    setlocale(LC_CTYPE, ""); /* for the code set alone; numbers stay in the C locale */
    cli->out_width  = ofz_cli_width(stdout);
    cli->out_tty    = cli->out_width > 0;
    cli->out_colour = cli->out_tty && colour;
    cli->err_tty    = ofz_cli_width(stderr) > 0 && smart;
    cli->err_colour = cli->err_tty && colour;
    cli->err_utf8   = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int ofz_cli_exit_code(ofz_status st)
{
    switch (st) {
    case OFZ_OK:
        return OFZ_EXIT_OK;
    case OFZ_E_ARG:
        return OFZ_EXIT_USAGE;
    case OFZ_E_PARSE:
    case OFZ_E_MODEL:
    case OFZ_E_DATA:
    case OFZ_E_LIMIT:
        return OFZ_EXIT_BAD;
    case OFZ_E_UNSUPPORTED:
        return OFZ_EXIT_UNSUPPORTED;
    case OFZ_E_CANCELLED:
        return OFZ_EXIT_CANCELLED;
    case OFZ_E_DIFFERENT:
        return OFZ_EXIT_DIFFERENT;
    case OFZ_E_NOMEM:
    case OFZ_E_IO:
    case OFZ_E_NUMERIC:
        break;
    }
    return OFZ_EXIT_FAILED;
}

/* One line on stderr, after what was asked for on stdout so far. */
static void line_put(ofz_cli *cli, const char *label, const char *colour, const char *text)
{
    if (cli->progress) ofz_cli_progress_clear(cli->progress);
    fflush(stdout);
    if (label && cli->err_colour)
        fprintf(stderr, "onnxfreeze: %s%s:\033[0m ", colour, label);
    else
        fprintf(stderr, label ? "onnxfreeze: %s: " : "%s", label ? label : "");
    ofz_cli_text_put(stderr, text);
    fputc('\n', stderr);
}

static void hint_put(const char *hint)
{
    if (!hint || !*hint) return;
    fputs("  fix: ", stderr);
    ofz_cli_text_put(stderr, hint);
    fputc('\n', stderr);
}

int ofz_cli_fail(ofz_cli *cli)
{
    const ofz_status st   = ofz_error_status(cli->ctx);
    const char      *text = ofz_error(cli->ctx);

    line_put(cli, "error", "\033[1;31m", *text ? text : ofz_status_name(st));
    hint_put(ofz_error_hint(cli->ctx));
    return st ? ofz_cli_exit_code(st) : OFZ_EXIT_FAILED;
}

static char *line_format(const char *format, va_list list) __attribute__((format(printf, 1, 0)));
static char *line_format(const char *format, va_list list)
{
    char *text;

    if (vasprintf(&text, format, list) < 0) {
        fputs("onnxfreeze: error: out of memory\n", stderr);
        exit(OFZ_EXIT_FAILED);
    }
    return text;
}

int ofz_cli_error(ofz_cli *cli, int code, const char *hint, const char *format, ...)
{
    va_list list;
    char   *text;

    va_start(list, format);
    text = line_format(format, list);
    va_end(list);
    line_put(cli, "error", "\033[1;31m", text);
    hint_put(hint);
    free(text);
    return code;
}

void ofz_cli_say(ofz_cli *cli, const char *format, ...)
{
    va_list list;
    char   *text;

    if (cli->quiet) return;
    va_start(list, format);
    text = line_format(format, list);
    va_end(list);
    line_put(cli, NULL, "", text);
    free(text);
}

void ofz_cli_warn(ofz_cli *cli, const char *format, ...)
{
    va_list list;
    char   *text;

    if (cli->quiet) return;
    va_start(list, format);
    text = line_format(format, list);
    va_end(list);
    line_put(cli, "warning", "\033[1;33m", text);
    free(text);
}

void ofz_cli_log(void *user, ofz_log_level level, const char *text)
{
    ofz_cli *cli = user;

    if (level == OFZ_LOG_WARN)
        ofz_cli_warn(cli, "%s", text);
    else if (cli->verbose >= (level == OFZ_LOG_INFO ? 1 : 2))
        ofz_cli_say(cli, "%s", text);
}

int ofz_cli_close(ofz_cli *cli, int code)
{
    const int broken = ferror(stdout);

    if (fclose(stdout) == 0 && !broken) return code;
    line_put(cli, "error", "\033[1;31m", "standard output: could not be written");
    return code ? code : OFZ_EXIT_FAILED;
}

void *ofz_cli_realloc(void *old, size_t count, size_t size)
{
    void *fresh = NULL;

    if (size && count <= SIZE_MAX / size) fresh = realloc(old, count ? count * size : 1);
    if (!fresh) {
        fputs("onnxfreeze: error: out of memory\n", stderr);
        exit(OFZ_EXIT_FAILED);
    }
    return fresh;
}
