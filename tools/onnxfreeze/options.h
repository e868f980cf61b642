/* options.h - one table per command: parsing, checking, storing and --help all read it. */
#ifndef OFZ_OPTIONS_H
#define OFZ_OPTIONS_H

#include "cli.h"

typedef enum ofz_cli_opt_kind {
    OFZ_OPT_GROUP, /* a heading in --help: help holds it */
    OFZ_OPT_FLAG,  /* int: takes `value` */
    OFZ_OPT_COUNT, /* int: how often it was given */
    OFZ_OPT_TEXT,  /* const char * */
    OFZ_OPT_INT,   /* int from min to max */
    OFZ_OPT_U64,   /* uint64_t */
    OFZ_OPT_SIZE,  /* uint64_t: a number that K, M, G or T may follow; 0: not given */
    OFZ_OPT_REAL,  /* double from min to max, see `ends` */
    OFZ_OPT_WORD,  /* an enum: place of the word in `arg`, "a|b|c" */
    OFZ_OPT_TEXTS, /* ofz_cli_opt_texts: collected */
    OFZ_OPT_PAIR,  /* ofz_cli_opt_pairs: NAME=VALUE, collected */
    OFZ_OPT_RULE,  /* ofz_cli_opt_rules: a mark rule of action `value`, collected in order */
    OFZ_OPT_STEP   /* ofz_cli_opt_steps: an edit of kind `value`, collected in order; `arg` may be
                      NULL */
} ofz_cli_opt_kind;

enum { OFZ_OPT_OVER_MIN = 1, OFZ_OPT_BELOW_MAX = 2 }; /* `ends`: the end itself is not allowed */

typedef struct ofz_cli_opt {
    ofz_cli_opt_kind kind;
    char             letter; /* short form, or 0 */
    const char      *name;   /* long form without dashes */
    const char      *arg;    /* name of the value; with bars in it, the words allowed */
    size_t           offset; /* of the field in the command's arguments */
    const char      *help;
    double           min, max;
    int              ends, value;
} ofz_cli_opt;

/* Rows of an option table. */
#define OFZ_ROW_GROUP(text)                                                                        \
    {                                                                                              \
        .kind = OFZ_OPT_GROUP, .help = (text)                                                      \
    }
#define OFZ_ROW_FLAG(short_, long_, field, number, text)                                           \
    {                                                                                              \
        .kind = OFZ_OPT_FLAG, .letter = (short_), .name = (long_), .offset = (field),              \
        .value = (number), .help = (text)                                                          \
    }
#define OFZ_ROW_COUNT(short_, long_, field, text)                                                  \
    {                                                                                              \
        .kind = OFZ_OPT_COUNT, .letter = (short_), .name = (long_), .offset = (field),             \
        .help = (text)                                                                             \
    }
#define OFZ_ROW_TEXT(short_, long_, shown, field, text)                                            \
    {                                                                                              \
        .kind = OFZ_OPT_TEXT, .letter = (short_), .name = (long_), .arg = (shown),                 \
        .offset = (field), .help = (text)                                                          \
    }
#define OFZ_ROW_INT(long_, field, least, most, text)                                               \
    {                                                                                              \
        .kind = OFZ_OPT_INT, .name = (long_), .arg = "N", .offset = (field), .min = (least),       \
        .max = (most), .help = (text)                                                              \
    }
#define OFZ_ROW_U64(long_, field, text)                                                            \
    {                                                                                              \
        .kind = OFZ_OPT_U64, .name = (long_), .arg = "N", .offset = (field), .help = (text)        \
    }
#define OFZ_ROW_SIZE(long_, shown, field, text)                                                    \
    {                                                                                              \
        .kind = OFZ_OPT_SIZE, .name = (long_), .arg = (shown), .offset = (field), .help = (text)   \
    }
#define OFZ_ROW_REAL(long_, field, least, most, open_ends, text)                                   \
    {                                                                                              \
        .kind = OFZ_OPT_REAL, .name = (long_), .arg = "F", .offset = (field), .min = (least),      \
        .max = (most), .ends = (open_ends), .help = (text)                                         \
    }
#define OFZ_ROW_WORD(long_, words, field, text)                                                    \
    {                                                                                              \
        .kind = OFZ_OPT_WORD, .name = (long_), .arg = (words), .offset = (field), .help = (text)   \
    }
#define OFZ_ROW_TEXTS(long_, shown, field, text)                                                   \
    {                                                                                              \
        .kind = OFZ_OPT_TEXTS, .name = (long_), .arg = (shown), .offset = (field), .help = (text)  \
    }
#define OFZ_ROW_PAIR(long_, shown, field, text)                                                    \
    {                                                                                              \
        .kind = OFZ_OPT_PAIR, .name = (long_), .arg = (shown), .offset = (field), .help = (text)   \
    }
#define OFZ_ROW_RULE(long_, shown, field, action, text)                                            \
    {                                                                                              \
        .kind = OFZ_OPT_RULE, .name = (long_), .arg = (shown), .offset = (field),                  \
        .value = (action), .help = (text)                                                          \
    }

#define OFZ_ROW_STEP(long_, shown, field, edit, text)                                              \
    {                                                                                              \
        .kind = OFZ_OPT_STEP, .name = (long_), .arg = (shown), .offset = (field), .value = (edit), \
        .help = (text)                                                                             \
    }

/* Texts in pairs, as ofz_binding has them. */
typedef struct ofz_cli_opt_pairs {
    ofz_binding *item; /* .input: before the first '=', .array: after it */
    size_t       count;
} ofz_cli_opt_pairs;

typedef struct ofz_cli_opt_texts {
    const char **item;
    size_t       count;
} ofz_cli_opt_texts;

typedef struct ofz_cli_opt_rules {
    ofz_mark_rule *item;
    size_t         count;
} ofz_cli_opt_rules;

typedef struct ofz_cli_opt_steps {
    ofz_edit_step *item; /* .text: as given, NULL for an option without a value */
    size_t         count;
} ofz_cli_opt_steps;

/* The first member of every command's arguments. */
typedef struct ofz_cli_common {
    int          help, quiet, verbose, json, threads, reference, follow_links;
    uint64_t     limit[OFZ_LIMIT_WORK + 1]; /* 0: not given */
    const char **word;                      /* arguments that are no options */
    int          word_count;
    uint64_t     given; /* bit i: option i of the command's table was on the command line */
} ofz_cli_common;

enum { OFZ_TAKES_JSON = 1, OFZ_TAKES_THREADS = 2, OFZ_TAKES_MODEL = 4 };

typedef struct ofz_cli_command {
    const char        *name, *usage; /* usage: what follows the name */
    const char        *summary;      /* one line for the list of commands */
    const char        *about;        /* paragraphs for --help */
    const char *const *examples;     /* comment, command line, comment, ... NULL */
    int                word_min, word_max;
    unsigned           takes; /* which common options */
    const ofz_cli_opt *options;
    size_t             option_count;
    size_t             args_size;
    void (*init)(void *args); /* defaults into zeroed memory, or NULL */
    int (*run)(ofz_cli *cli, void *args);
} ofz_cli_command;

/* Fill `args` from the words after the command's name. OFZ_EXIT_OK, or OFZ_EXIT_USAGE with the
 * error printed. Values point into argv, which is changed where NAME=VALUE is split. */
int ofz_cli_opt_parse(ofz_cli *cli, const ofz_cli_command *command, int argc, char **argv,
                      void *args);
/* Release what parsing collected. */
void ofz_cli_opt_free(const ofz_cli_command *command, void *args);
/* Nonzero when option `name` was on the command line. */
int ofz_cli_opt_given(const ofz_cli_command *command, const void *args, const char *name);
/* The options that all commands share, those that `takes` selects or not; `count` of them. */
const ofz_cli_opt *ofz_cli_opt_common(size_t *count);
int                ofz_cli_opt_is_taken(const ofz_cli_command *command, const ofz_cli_opt *option);

/* --help of one command; defaults come from `args` as its init left it. */
void ofz_cli_help_print(const ofz_cli *cli, const ofz_cli_command *command, const void *args);

/* The candidate nearest to `word`, or NULL when none is near. */
typedef struct ofz_cli_nearest {
    const char *word, *best;
    int         distance;
} ofz_cli_nearest;

void ofz_cli_nearest_init(ofz_cli_nearest *nearest, const char *word);
void ofz_cli_nearest_offer(ofz_cli_nearest *nearest, const char *candidate);

#endif
