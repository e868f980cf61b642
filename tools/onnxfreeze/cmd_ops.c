/* ops - the operators this program knows. */
#include "commands.h"
#include "jsonout.h"
#include "opcard.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct ops_args {
    ofz_cli_common common;
    int            markdown;
} ops_args;

/* Neighbouring rows of one operator: its versions. */
typedef struct op_span {
    size_t first, end;
} op_span;

static op_span span_at(size_t first)
{
    const ofz_op_info a    = ofz_op_get(first);
    op_span           span = { first, first + 1 };

    for (; span.end < ofz_op_count(); span.end++) {
        const ofz_op_info b = ofz_op_get(span.end);

        if (strcmp(a.domain, b.domain) != 0 || strcmp(a.name, b.name) != 0) break;
    }
    return span;
}

/* "Conv", "conv", "ai.onnx.ml.Scaler". */
static int is_called(const ofz_op_info *op, const char *name)
{
    const size_t n = strlen(op->domain);

    return strcasecmp(op->name, name) == 0 ||
           (n && strncmp(op->domain, name, n) == 0 && name[n] == '.' &&
            strcasecmp(op->name, name + n + 1) == 0);
}

static const char *domain_shown(const char *domain)
{
    return *domain ? domain : "ai.onnx";
}

enum { CAN_ALL, CAN_INFER, CAN_EVAL, CAN_GRAD };

static int op_can(const ofz_op_info *op, int what)
{
    return op->instead         ? 0
           : what == CAN_ALL   ? 1
           : what == CAN_INFER ? op->infer
           : what == CAN_EVAL  ? op->eval
                               : op->grad;
}

/* Versions of the span that can do `what`, "7, 9, 13"; the caller frees. */
static char *versions_text(op_span span, int what)
{
    char  *text = NULL;
    size_t size = 0;
    FILE  *f    = open_memstream(&text, &size);

    if (!f) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    for (size_t i = span.first; i < span.end; i++) {
        const ofz_op_info op = ofz_op_get(i);

        if (op_can(&op, what)) fprintf(f, "%s%d", ftell(f) ? ", " : "", op.since);
    }
    if (fclose(f) || !text) return ofz_cli_realloc(NULL, SIZE_MAX, 2);
    return text;
}

/* The versions, and which of them withdraws the operator. The caller frees. */
static char *all_text(op_span span)
{
    const ofz_op_info last = ofz_op_get(span.end - 1);
    char             *all = versions_text(span, CAN_ALL), *text = NULL;

    if (!last.instead) return all;
    if (asprintf(&text, "%s (withdrawn in %d: %s)", all, last.since, last.instead) < 0)
        text = ofz_cli_realloc(NULL, SIZE_MAX, 2);
    free(all);
    return text;
}

/* "yes" when all versions can, "-" when none, else which. The caller frees. */
static char *can_text(op_span span, int what)
{
    char *all = versions_text(span, CAN_ALL), *some = versions_text(span, what);
    char *text = some;

    if (!*some || strcmp(all, some) == 0) {
        text = strdup(*some ? "yes" : "-");
        if (!text) text = ofz_cli_realloc(NULL, SIZE_MAX, 2);
        free(some);
    }
    free(all);
    return text;
}

/* infer, eval and grad of one operator, by whatever prints a cell. */
static void markdown_row(op_span span)
{
    char *text[] = { all_text(span), can_text(span, CAN_INFER), can_text(span, CAN_EVAL),
                     can_text(span, CAN_GRAD) };

    printf("| %s |", ofz_op_get(span.first).name);
    for (int i = 0; i < 4; i++) {
        printf(" %s |", text[i]);
        free(text[i]);
    }
    putchar('\n');
}

static void table_row(op_span span, ofz_cli_table *table)
{
    const ofz_op_info op = ofz_op_get(span.first);

    ofz_cli_table_cell(table, "%s", op.name);
    for (int what = CAN_ALL; what <= CAN_GRAD; what++) {
        char *text = what == CAN_ALL ? all_text(span) : can_text(span, what);

        ofz_cli_table_cell(table, "%s", text);
        free(text);
    }
    ofz_cli_table_cell(table, "%s", domain_shown(op.domain));
}

static void types_markdown(void)
{
    printf("\n## Inputs, outputs and types\n\n"
           "Each version with its inputs and outputs: `X:T` is of type T, `T?` may be left out, "
           "`T+` is one\n"
           "or more, `T*` any number, and `~` lets each of these have a type of its own. All uses "
           "of one\n"
           "variable in a node have one type. `floats` are float16, float32 and float64; `ints`, "
           "`uints`,\n"
           "`float8s` and `complexes` the whole families of those. Every type that stands here is "
           "computed,\n"
           "but for what the last column says. `onnxfreeze ops NAME` shows the attributes "
           "too.\n\n"
           "| version | inputs and outputs | types | limit |\n|---|---|---|---|\n");
    for (size_t i = 0; i < ofz_op_count(); i++) {
        const ofz_op_info op = ofz_op_get(i);

        ofz_cli_opcard_markdown(&op);
    }
}

static void ops_markdown(void)
{
    const char *domain    = NULL;
    size_t      operators = 0, versions = 0, grads = 0;

    for (size_t i = 0; i < ofz_op_count(); i++) {
        const ofz_op_info op = ofz_op_get(i);

        if (i == 0 || span_at(i - 1).end == i) operators++;
        versions += !op.instead;
        grads += op.grad != 0;
    }
    printf("# Operators\n\n"
           "What onnxfreeze can do with each operator: infer the types and shapes of its outputs,\n"
           "evaluate it, differentiate it. A cell says `yes` where every listed version can, `-` "
           "where\n"
           "none can, and otherwise names the versions. Versions are those of the operator set in "
           "which\n"
           "the operator was added or changed; an operator that is not listed is carried along "
           "unread\n"
           "and stays unsupported where its result is needed. This page is the output of\n"
           "`onnxfreeze ops --markdown`.\n\n"
           "%zu operators in %zu versions, %zu of them with gradients.\n",
           operators, versions, grads);
    for (size_t i = 0; i < ofz_op_count();) {
        const op_span     span = span_at(i);
        const ofz_op_info op   = ofz_op_get(i);

        if (!domain || strcmp(domain, op.domain) != 0)
            printf("\n## %s\n\n"
                   "| operator | versions | infer | eval | grad |\n"
                   "|---|---|---|---|---|\n",
                   domain_shown(op.domain));
        domain = op.domain;
        markdown_row(span);
        i = span.end;
    }
    types_markdown();
}

static void ops_table(const ofz_cli *cli)
{
    static const char *const head[] = { "operator", "versions", "infer", "eval", "grad", "domain" };
    ofz_cli_table           *table  = ofz_cli_table_new("llllll");

    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        ofz_cli_table_cell(table, "%s", head[i]);
    for (size_t i = 0; i < ofz_op_count();) {
        const op_span span = span_at(i);

        table_row(span, table);
        i = span.end;
    }
    ofz_cli_table_print(table, stdout, 0, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

static json_t *bound_json(int bound)
{
    return bound < 0 ? json_null() : json_integer(bound);
}

static json_t *text_json(const char *text)
{
    return text ? ofz_cli_json_text(text) : json_null();
}

/* Every operator, or those called `name`. */
static int ops_json(ofz_cli *cli, const char *name)
{
    json_t *root = json_object(), *list = json_array();

    for (size_t i = 0; i < ofz_op_count(); i++) {
        const ofz_op_info op = ofz_op_get(i);
        json_t           *object;

        if (name && !is_called(&op, name)) continue;
        object = json_object();
        ofz_cli_json_set(object, "domain", ofz_cli_json_text(op.domain));
        ofz_cli_json_set(object, "name", ofz_cli_json_text(op.name));
        ofz_cli_json_set(object, "since", json_integer(op.since));
        ofz_cli_json_set(object, "min_inputs", json_integer(op.min_inputs));
        ofz_cli_json_set(object, "max_inputs", bound_json(op.max_inputs));
        ofz_cli_json_set(object, "min_outputs", json_integer(op.min_outputs));
        ofz_cli_json_set(object, "max_outputs", bound_json(op.max_outputs));
        ofz_cli_json_set(object, "infer", ofz_cli_json_bool(op.infer));
        ofz_cli_json_set(object, "eval", ofz_cli_json_bool(op.eval));
        ofz_cli_json_set(object, "grad", ofz_cli_json_bool(op.grad));
        ofz_cli_json_set(object, "instead", text_json(op.instead));
        ofz_cli_json_set(object, "formals", text_json(op.formals));
        ofz_cli_json_set(object, "types", text_json(op.types));
        ofz_cli_json_set(object, "attributes", text_json(op.attributes));
        ofz_cli_json_set(object, "limit", text_json(op.limit));
        ofz_cli_json_append(list, object);
    }
    ofz_cli_json_set(root, "ops", list);
    return ofz_cli_json_print(cli, root, stdout);
}

/* The versions of one operator in full. */
static int ops_show(ofz_cli *cli, const char *name)
{
    ofz_cli_nearest nearest;
    char            hint[160];
    int             count = 0;

    ofz_cli_nearest_init(&nearest, name);
    for (size_t i = 0; i < ofz_op_count(); i++) {
        const ofz_op_info op = ofz_op_get(i);

        ofz_cli_nearest_offer(&nearest, op.name);
        count += is_called(&op, name);
    }
    if (!count) {
        snprintf(hint, sizeof hint, "did you mean %s?", nearest.best ? nearest.best : "");
        return ofz_cli_error(cli, OFZ_EXIT_UNSUPPORTED,
                             nearest.best ? hint : "see onnxfreeze ops for those that are known",
                             "ops: unknown operator %s", name);
    }
    if (cli->json) return ops_json(cli, name);
    for (size_t i = 0, shown = 0; i < ofz_op_count(); i++) {
        const ofz_op_info op = ofz_op_get(i);

        if (!is_called(&op, name)) continue;
        if (shown++) putchar('\n');
        if (*op.domain) printf("%s ", op.domain);
        ofz_cli_opcard_print(&op);
    }
    return OFZ_EXIT_OK;
}

static int ops_run(ofz_cli *cli, void *memory)
{
    const ops_args *args = memory;

    if (cli->json && args->markdown)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "drop one of them",
                             "ops: --json and --markdown exclude each other");
    if (args->common.word_count && args->markdown)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "drop one of them",
                             "ops: --markdown and a name exclude each other");
    if (args->common.word_count) return ops_show(cli, args->common.word[0]);
    if (cli->json) return ops_json(cli, NULL);
    if (args->markdown)
        ops_markdown();
    else
        ops_table(cli);
    return OFZ_EXIT_OK;
}

#define FIELD(name) offsetof(ops_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_FLAG(0, "markdown", FIELD(markdown), 1, "as the page docs/OPERATORS.md"),
};

static const char *const examples[] = {
    "",
    "onnxfreeze ops",
    "what Conv asks for, version by version",
    "onnxfreeze ops Conv",
    "for scripts",
    "onnxfreeze ops --json",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_ops = {
    .name    = "ops",
    .usage   = "[NAME] [--markdown | --json]",
    .summary = "list the operators that can be inferred, run, trained",
    .about =
        "List every operator this program knows, with its versions and whether their shapes can "
        "be inferred, whether they can be evaluated, and whether gradients pass. With NAME, show "
        "every version of that operator in full: inputs, outputs, attributes with their defaults, "
        "and the element types that it allows.",
    .word_max     = 1,
    .examples     = examples,
    .takes        = OFZ_TAKES_JSON,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(ops_args),
    .run          = ops_run,
};
