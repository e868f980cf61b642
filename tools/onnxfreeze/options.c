/* From words to fields: every option is looked up in a table that says where its value goes. */
#include "options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(ofz_cli_common, name)

#define LIMIT(name) (FIELD(limit) + sizeof(uint64_t) * (name))

static const ofz_cli_opt common[] = {
    OFZ_ROW_FLAG(0, "json", FIELD(json), 1, "print the data as JSON"),
    OFZ_ROW_INT("threads", FIELD(threads), 0, 1024,
                "worker threads; 0: as many as the machine has"),
    OFZ_ROW_FLAG(0, "reference", FIELD(reference), 1,
                 "use the reference kernels: slow, and exact to the order of summation"),
    OFZ_ROW_FLAG(0, "follow-links", FIELD(follow_links), 1,
                 "follow symbolic links to external data"),
    OFZ_ROW_FLAG('q', "quiet", FIELD(quiet), 1, "no talk on stderr except errors"),
    OFZ_ROW_COUNT('v', "verbose", FIELD(verbose), "more talk on stderr; twice: still more"),
    OFZ_ROW_FLAG('h', "help", FIELD(help), 1, "print this and exit"),
    OFZ_ROW_GROUP("Limits on models that are not trusted:"),
    OFZ_ROW_SIZE("limit-depth", "N", LIMIT(OFZ_LIMIT_DEPTH),
                 "messages, graphs and calls inside each other [default: 100]"),
    OFZ_ROW_SIZE("limit-tensor", "SIZE", LIMIT(OFZ_LIMIT_TENSOR),
                 "bytes of one tensor [default: 64G]"),
    OFZ_ROW_SIZE("limit-memory", "SIZE", LIMIT(OFZ_LIMIT_MEMORY),
                 "bytes of all tensors at once [default: what the machine has]"),
    OFZ_ROW_SIZE("limit-nodes", "N", LIMIT(OFZ_LIMIT_FIELDS),
                 "nodes, attributes, values and other fields of a file [default: 20M]"),
    OFZ_ROW_SIZE("limit-structure", "SIZE", LIMIT(OFZ_LIMIT_STRUCTURE),
                 "bytes of memory that these may take [default: 1G]"),
    OFZ_ROW_SIZE("limit-inlined", "N", LIMIT(OFZ_LIMIT_INLINED),
                 "nodes with the bodies of functions in place of calls [default: 2M]"),
    OFZ_ROW_SIZE("limit-loop", "N", LIMIT(OFZ_LIMIT_LOOP),
                 "iterations of one loop [default: 256M]"),
    OFZ_ROW_SIZE("limit-work", "N", LIMIT(OFZ_LIMIT_WORK),
                 "elements read, made and multiplied in one run [default: 1024T]"),
};

const ofz_cli_opt *ofz_cli_opt_common(size_t *count)
{
    *count = sizeof common / sizeof *common;
    return common;
}

int ofz_cli_opt_is_taken(const ofz_cli_command *command, const ofz_cli_opt *option)
{
    if (option->kind == OFZ_OPT_GROUP || option->kind == OFZ_OPT_SIZE)
        return (command->takes & OFZ_TAKES_MODEL) != 0;
    switch (option->offset) {
    case FIELD(json):
        return (command->takes & OFZ_TAKES_JSON) != 0;
    case FIELD(threads):
    case FIELD(reference):
        return (command->takes & OFZ_TAKES_THREADS) != 0;
    case FIELD(follow_links):
        return (command->takes & OFZ_TAKES_MODEL) != 0;
    default:
        return 1;
    }
}

/* --- nearest word ----------------------------------------------------------------------------- */

enum { NEAREST_SIZE = 32 };

/* Edits (insert, delete, replace, swap neighbours) from a to b. */
static int edit_distance(const char *a, const char *b)
{
    int          row[3][NEAREST_SIZE + 1];
    const size_t n = strlen(a), m = strlen(b);

    if (n > NEAREST_SIZE || m > NEAREST_SIZE) return NEAREST_SIZE;
    for (size_t j = 0; j <= m; j++) row[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int best = last[j - 1] + (tolower((unsigned char)a[i - 1]) != b[j - 1]);

            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

void ofz_cli_nearest_init(ofz_cli_nearest *nearest, const char *word)
{
    const int size = (int)strlen(word);

    *nearest = (ofz_cli_nearest){ word, NULL, size < 3 ? 2 : size / 3 + 2 }; /* bound, exclusive */
}

void ofz_cli_nearest_offer(ofz_cli_nearest *nearest, const char *candidate)
{
    const size_t size     = strlen(nearest->word);
    int          distance = edit_distance(nearest->word, candidate);

    if (size > 1 && strncmp(candidate, nearest->word, size) == 0) distance = 1; /* cut short */
    if (distance >= nearest->distance) return;
    nearest->distance = distance;
    nearest->best     = candidate;
}

/* --- values ----------------------------------------------------------------------------------- */

/* What is wrong with a value, and what would be right; printed by the caller. */
typedef struct complaint {
    char want[160], hint[80];
} complaint;

static int range_complain(const ofz_cli_opt *o, complaint *c)
{
    const char *kind = o->kind == OFZ_OPT_INT ? "a whole number" : "a number";
    const char *low  = o->ends & OFZ_OPT_OVER_MIN ? "over" : "of at least";

    if (o->max < HUGE_VAL && o->max < 2147483647.0)
        snprintf(c->want, sizeof c->want, "%s from %.9g%s to %.9g%s", kind, o->min,
                 o->ends & OFZ_OPT_OVER_MIN ? " (excluded)" : "", o->max,
                 o->ends & OFZ_OPT_BELOW_MAX ? " (excluded)" : "");
    else
        snprintf(c->want, sizeof c->want, "%s %s %.9g", kind, low, o->min);
    return 0;
}

static int in_range(const ofz_cli_opt *o, double x)
{
    if (!(x >= o->min && x <= o->max)) return 0;
    if ((o->ends & OFZ_OPT_OVER_MIN) && x == o->min) return 0;
    return !((o->ends & OFZ_OPT_BELOW_MAX) && x == o->max);
}

static int store_int(const ofz_cli_opt *o, const char *text, void *field, complaint *c)
{
    char     *end;
    long long x;
    int       value;

    errno = 0;
    x     = strtoll(text, &end, 10);
    if (isspace((unsigned char)*text) || end == text || *end || errno || !in_range(o, (double)x))
        return range_complain(o, c);
    value = (int)x;
    memcpy(field, &value, sizeof value);
    return 1;
}

static int store_u64(const ofz_cli_opt *o, const char *text, void *field, complaint *c)
{
    char    *end;
    uint64_t value;

    (void)o;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno) {
        snprintf(c->want, sizeof c->want, "a whole number from 0 to 18446744073709551615");
        return 0;
    }
    memcpy(field, &value, sizeof value);
    return 1;
}

/* "64" or "64K": K, M, G and T are powers of 1024. */
static int store_size(const char *text, void *field, complaint *c)
{
    static const char units[] = "KMGT";
    char             *end;
    uint64_t          value;
    int               shift = 0;

    errno = 0;
    value = strtoull(text, &end, 10);
    for (size_t i = 0; *end && i < sizeof units - 1; i++)
        if (toupper((unsigned char)*end) == units[i]) shift = 10 * (int)(i + 1);
    if (!isdigit((unsigned char)*text) || errno || !value || (*end && (!shift || end[1])) ||
        value > UINT64_MAX >> shift) {
        snprintf(c->want, sizeof c->want,
                 "a whole number of at least 1, perhaps with K, M, G or T");
        return 0;
    }
    value <<= shift;
    memcpy(field, &value, sizeof value);
    return 1;
}

static int store_real(const ofz_cli_opt *o, const char *text, void *field, complaint *c)
{
    char  *end;
    double value = strtod(text, &end);

    if (isspace((unsigned char)*text) || end == text || *end || !isfinite(value) ||
        !in_range(o, value))
        return range_complain(o, c);
    memcpy(field, &value, sizeof value);
    return 1;
}

/* The place of `text` among the words of `o->arg`, or -1. */
static int word_find(const ofz_cli_opt *o, const char *text)
{
    const char  *word = o->arg;
    const size_t size = strlen(text);

    for (int i = 0; *word; i++) {
        const size_t n = strcspn(word, "|");

        if (n == size && memcmp(word, text, n) == 0) return i;
        word += n + (word[n] != '\0');
    }
    return -1;
}

static int word_complain(const ofz_cli_opt *o, const char *text, complaint *c)
{
    ofz_cli_nearest nearest;
    char            words[sizeof c->want], *rest = words, *word;

    ofz_cli_nearest_init(&nearest, text);
    snprintf(words, sizeof words, "%s", o->arg);
    while ((word = strsep(&rest, "|"))) ofz_cli_nearest_offer(&nearest, word);
    if (nearest.best) snprintf(c->hint, sizeof c->hint, "did you mean %s?", nearest.best);
    snprintf(c->want, sizeof c->want, "one of %s", o->arg);
    for (char *p = c->want; *p; p++)
        if (*p == '|') *p = ' ';
    return 0;
}

static int store_word(const ofz_cli_opt *o, const char *text, void *field, complaint *c)
{
    const int value = word_find(o, text);

    if (value < 0) return word_complain(o, text, c);
    memcpy(field, &value, sizeof value);
    return 1;
}

static int store_pair(const ofz_cli_opt *o, char *text, void *field, complaint *c)
{
    ofz_cli_opt_pairs *pairs = field;
    char              *equal = strchr(text, '=');

    if (!equal || equal == text || !equal[1]) {
        snprintf(c->want, sizeof c->want, "%s", o->arg);
        return 0;
    }
    *equal      = '\0';
    pairs->item = ofz_cli_realloc(pairs->item, pairs->count + 1, sizeof *pairs->item);
    pairs->item[pairs->count++] = (ofz_binding){ text, equal + 1 };
    return 1;
}

static int store_rule(const ofz_cli_opt *o, const char *text, void *field, complaint *c)
{
    ofz_cli_opt_rules *rules = field;

    if (strchr(o->arg, '|') && word_find(o, text) < 0) return word_complain(o, text, c);
    rules->item = ofz_cli_realloc(rules->item, rules->count + 1, sizeof *rules->item);
    rules->item[rules->count++] = (ofz_mark_rule){ (ofz_mark_action)o->value, text };
    return 1;
}

static void store_step(const ofz_cli_opt *o, const char *text, void *field)
{
    ofz_cli_opt_steps *steps = field;

    steps->item = ofz_cli_realloc(steps->item, steps->count + 1, sizeof *steps->item);
    steps->item[steps->count++] = (ofz_edit_step){ .kind = (ofz_edit_kind)o->value, .text = text };
}

static void store_text(const char *text, void *field)
{
    ofz_cli_opt_texts *texts = field;

    texts->item = ofz_cli_realloc(texts->item, texts->count + 1, sizeof *texts->item);
    texts->item[texts->count++] = text;
}

static int store_value(const ofz_cli_opt *o, char *text, void *args, complaint *c)
{
    void *field = (char *)args + o->offset;

    switch (o->kind) {
    case OFZ_OPT_INT:
        return store_int(o, text, field, c);
    case OFZ_OPT_U64:
        return store_u64(o, text, field, c);
    case OFZ_OPT_SIZE:
        return store_size(text, field, c);
    case OFZ_OPT_REAL:
        return store_real(o, text, field, c);
    case OFZ_OPT_WORD:
        return store_word(o, text, field, c);
    case OFZ_OPT_PAIR:
        return store_pair(o, text, field, c);
    case OFZ_OPT_RULE:
        return store_rule(o, text, field, c);
    case OFZ_OPT_STEP:
    case OFZ_OPT_TEXTS:
    case OFZ_OPT_TEXT:
        if (!*text) {
            snprintf(c->want, sizeof c->want, "%s", o->arg);
            return 0;
        }
        if (o->kind == OFZ_OPT_STEP)
            store_step(o, text, field);
        else if (o->kind == OFZ_OPT_TEXTS)
            store_text(text, field);
        else
            memcpy(field, &text, sizeof text);
        return 1;
    default:
        return 1;
    }
}

static void store_flag(const ofz_cli_opt *o, void *args)
{
    int value = o->value;

    if (o->kind == OFZ_OPT_STEP) {
        store_step(o, NULL, (char *)args + o->offset);
        return;
    }
    if (o->kind == OFZ_OPT_COUNT) {
        memcpy(&value, (char *)args + o->offset, sizeof value);
        value++;
    }
    memcpy((char *)args + o->offset, &value, sizeof value);
}

/* --- words ------------------------------------------------------------------------------------ */

typedef struct parser {
    ofz_cli               *cli;
    const ofz_cli_command *command;
    void                  *args;
    char                 **argv;
    int                    argc, at;
} parser;

/* The i-th option the command knows, its own first, or NULL. */
static const ofz_cli_opt *option_at(const ofz_cli_command *command, size_t i)
{
    if (i < command->option_count) return &command->options[i];
    i -= command->option_count;
    for (size_t k = 0; k < sizeof common / sizeof *common; k++)
        if (ofz_cli_opt_is_taken(command, &common[k]) && i-- == 0) return &common[k];
    return NULL;
}

static const ofz_cli_opt *option_find(const ofz_cli_command *command, const char *name, size_t size,
                                      char letter)
{
    const ofz_cli_opt *o;

    for (size_t i = 0; (o = option_at(command, i)); i++) {
        if (o->kind == OFZ_OPT_GROUP) continue;
        if (letter ? o->letter == letter : strlen(o->name) == size && !memcmp(o->name, name, size))
            return o;
    }
    return NULL;
}

static int usage_error(parser *p, const char *hint, const char *text, const char *word)
{
    char fallback[120];

    snprintf(fallback, sizeof fallback, "see onnxfreeze %s --help", p->command->name);
    return ofz_cli_error(p->cli, OFZ_EXIT_USAGE, hint ? hint : fallback, "%s: %s%s",
                         p->command->name, text, word);
}

static int option_unknown(parser *p, const char *word, size_t size)
{
    const ofz_cli_opt *o;
    ofz_cli_nearest    nearest;
    char               name[NEAREST_SIZE + 1], hint[120];

    snprintf(name, sizeof name, "%.*s", (int)size - 2, word + 2);
    ofz_cli_nearest_init(&nearest, name);
    for (size_t i = 0; (o = option_at(p->command, i)); i++)
        if (o->kind != OFZ_OPT_GROUP) ofz_cli_nearest_offer(&nearest, o->name);
    if (nearest.best)
        snprintf(hint, sizeof hint, "did you mean --%s? See onnxfreeze %s --help", nearest.best,
                 p->command->name);
    return usage_error(p, nearest.best ? hint : NULL, "unknown option ", word);
}

/* Nonzero when `word` reads as an option rather than as a value. */
static int looks_like_option(const char *word)
{
    return word[0] == '-' && word[1] && word[1] != '.' && !isdigit((unsigned char)word[1]);
}

static int option_take(parser *p, const ofz_cli_opt *o, char *value, const char *shown)
{
    ofz_cli_common *args = p->args;
    complaint       c    = { "", "" };
    char            want[200];

    if (o >= p->command->options && o < p->command->options + p->command->option_count) {
        const size_t index = (size_t)(o - p->command->options);

        assert(index < 64);
        args->given |= UINT64_C(1) << index;
    }
    if (!o->arg) {
        if (value) return usage_error(p, NULL, shown, ": takes no value");
        store_flag(o, p->args);
        return OFZ_EXIT_OK;
    }
    if (!value) {
        if (p->at >= p->argc || looks_like_option(p->argv[p->at])) {
            snprintf(want, sizeof want, ": no value, want %s", o->arg);
            return usage_error(p, NULL, shown, want);
        }
        value = p->argv[p->at++];
    }
    if (store_value(o, value, p->args, &c)) return OFZ_EXIT_OK;
    return ofz_cli_error(p->cli, OFZ_EXIT_USAGE, c.hint, "%s: %s: '%s', want %s", p->command->name,
                         shown, value, c.want);
}

static int long_take(parser *p, char *word)
{
    const size_t       size = strcspn(word, "=");
    const ofz_cli_opt *o    = option_find(p->command, word + 2, size - 2, 0);
    char               shown[NEAREST_SIZE + 8];

    if (!o) return option_unknown(p, word, size);
    snprintf(shown, sizeof shown, "--%s", o->name);
    return option_take(p, o, word[size] ? word + size + 1 : NULL, shown);
}

/* -q, -qv, -o FILE, -oFILE. */
static int short_take(parser *p, char *word)
{
    for (char *at = word + 1; *at; at++) {
        const ofz_cli_opt *o       = option_find(p->command, NULL, 0, *at);
        const char         shown[] = { '-', *at, '\0' };
        int                code;

        if (!o) return usage_error(p, NULL, "unknown option ", shown);
        code = option_take(p, o, o->arg && at[1] ? at + 1 : NULL, shown);
        if (code || o->arg) return code;
    }
    return OFZ_EXIT_OK;
}

static int word_take(parser *p, const char *word)
{
    ofz_cli_common *args = p->args;

    if (p->command->word_max >= 0 && args->word_count >= p->command->word_max)
        return usage_error(p, NULL, "unexpected argument ", word);
    args->word = ofz_cli_realloc(args->word, (size_t)args->word_count + 1, sizeof *args->word);
    args->word[args->word_count++] = word;
    return OFZ_EXIT_OK;
}

int ofz_cli_opt_parse(ofz_cli *cli, const ofz_cli_command *command, int argc, char **argv,
                      void *args)
{
    parser          p          = { cli, command, args, argv, argc, 0 };
    ofz_cli_common *c          = args;
    int             only_words = 0;

    while (p.at < argc) {
        char *word = argv[p.at++];
        int   code;

        if (only_words || word[0] != '-' || !word[1])
            code = word_take(&p, word);
        else if (word[1] != '-')
            code = short_take(&p, word);
        else if (!word[2])
            code = OFZ_EXIT_OK, only_words = 1;
        else
            code = long_take(&p, word);
        if (code) return code;
        if (c->help) return OFZ_EXIT_OK;
    }
    if (c->word_count < command->word_min) {
        char hint[200];

        snprintf(hint, sizeof hint, "onnxfreeze %s %s", command->name, command->usage);
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, hint, "%s: %d argument%s, want %s%d",
                             command->name, c->word_count, c->word_count == 1 ? "" : "s",
                             command->word_max < 0 ? "at least " : "", command->word_min);
    }
    return OFZ_EXIT_OK;
}

void ofz_cli_opt_free(const ofz_cli_command *command, void *args)
{
    ofz_cli_common *c = args;

    free(c->word);
    c->word = NULL;
    for (size_t i = 0; i < command->option_count; i++) {
        const ofz_cli_opt *o     = &command->options[i];
        void              *field = (char *)args + o->offset;

        if (o->kind == OFZ_OPT_PAIR) {
            free(((ofz_cli_opt_pairs *)field)->item);
            *(ofz_cli_opt_pairs *)field = (ofz_cli_opt_pairs){ 0 };
        } else if (o->kind == OFZ_OPT_RULE) {
            free(((ofz_cli_opt_rules *)field)->item);
            *(ofz_cli_opt_rules *)field = (ofz_cli_opt_rules){ 0 };
        } else if (o->kind == OFZ_OPT_TEXTS) {
            free(((ofz_cli_opt_texts *)field)->item);
            *(ofz_cli_opt_texts *)field = (ofz_cli_opt_texts){ 0 };
        } else if (o->kind == OFZ_OPT_STEP) {
            free(((ofz_cli_opt_steps *)field)->item);
            *(ofz_cli_opt_steps *)field = (ofz_cli_opt_steps){ 0 };
        }
    }
}

int ofz_cli_opt_given(const ofz_cli_command *command, const void *args, const char *name)
{
    const ofz_cli_common *c = args;

    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].name && strcmp(command->options[i].name, name) == 0)
            return (int)(c->given >> i & 1);
    return 0;
}
