/* cli.h - what every command of the program shares: its surroundings, exit codes, errors, talk.
 *
 * stdout carries data, stderr carries talk. Whatever is printed as text passes through
 * ofz_cli_text_escape, because names in a model are somebody else's bytes. */
#ifndef OFZ_CLI_H
#define OFZ_CLI_H

#include <onnxfreeze.h>
#include <stdio.h>

typedef enum ofz_cli_exit {
    OFZ_EXIT_OK          = 0,
    OFZ_EXIT_FAILED      = 1, /* the system refused, memory, numbers */
    OFZ_EXIT_USAGE       = 2,
    OFZ_EXIT_BAD         = 3, /* bad model or data */
    OFZ_EXIT_UNSUPPORTED = 4,
    OFZ_EXIT_DIFFERENT   = 5,
    OFZ_EXIT_CANCELLED   = 130
} ofz_cli_exit;

struct ofz_cli_progress;

typedef struct ofz_cli {
    ofz_ctx                 *ctx;
    const char              *command; /* NULL before one is known */
    int                      quiet, verbose, json;
    int                      out_tty, out_colour, out_width; /* width 0: not a terminal */
    int                      err_tty, err_colour, err_utf8;
    struct ofz_cli_progress *progress; /* drawn bar to clear before talking, or NULL */
} ofz_cli;

/* Look at the terminal, the locale's code set, NO_COLOR and TERM. */
void ofz_cli_init(ofz_cli *cli);
/* Columns of the terminal behind `f`, or 0. */
int ofz_cli_width(FILE *f);

int ofz_cli_exit_code(ofz_status st);
/* Print the ctx's last error with its hint; the exit code that belongs to it. */
int ofz_cli_fail(ofz_cli *cli);
/* Print an error of the program itself, `hint` may be NULL; returns `code`. */
int ofz_cli_error(ofz_cli *cli, int code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Talk: silent under --quiet. */
void ofz_cli_say(ofz_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ofz_cli_warn(ofz_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The log callback of the ctx; `user` is the ofz_cli. */
void ofz_cli_log(void *user, ofz_log_level level, const char *text);
/* Flush stdout; `code`, or OFZ_EXIT_FAILED with a message when the data did not get out. */
int ofz_cli_close(ofz_cli *cli, int code);

/* Memory or the end of the program with exit code 1. */
void *ofz_cli_realloc(void *old, size_t count, size_t size);

#endif
