/* opcard.c - see opcard.h. The texts' notation is described beside ofz_op_info. */
#include "opcard.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_WIDTH = 12 };

/* "  label       " before the first line of several, blanks before the others. */
static void label(const char *text, int first)
{
    printf("  %-*s", LABEL_WIDTH, first ? text : "");
}

/* "B:T?" as "B: T, optional". */
static void formal_print(const char *text, size_t size)
{
    const char *colon    = memchr(text, ':', size);
    size_t      type     = colon ? strcspn(colon + 1, " ?+*~") : 0;
    const char *mark     = colon ? colon + 1 + type : text + size;
    const int   each     = memchr(mark, '~', size - (size_t)(mark - text)) != NULL;
    const int   optional = *mark == '?', some = *mark == '+', any = *mark == '*';

    if (!colon) return;
    printf("%.*s: %.*s%s%s\n", (int)(colon - text), text, (int)type, colon + 1,
           optional ? ", may be left out"
           : some   ? ", one or more"
           : any    ? ", any number"
                    : "",
           each ? ", each of a type of its own" : "");
}

static void formals_print(const char *formals)
{
    const char *what  = "inputs";
    int         count = 0;

    for (const char *p = formals; *p; p += strspn(p, " ")) {
        const size_t size = strcspn(p, " ");

        if (size == 2 && !memcmp(p, "->", 2)) {
            if (!count) printf("  %-*snone\n", LABEL_WIDTH, what);
            what  = "outputs";
            count = 0;
        } else {
            label(what, !count++);
            formal_print(p, size);
        }
        p += size;
    }
}

/* "T = floats; I = int64" as a line each. */
static void types_print(const char *types)
{
    for (const char *p = types; *p;) {
        const size_t size = strcspn(p, ";"), name = strcspn(p, " ");
        char         text[64];

        snprintf(text, sizeof text, "%.*s", (int)name, p);
        label(text, 1);
        printf("%.*s\n", (int)(size - name - 3), p + name + 3);
        p += size;
        p += strspn(p, "; ");
    }
}

static void attributes_print(const char *attributes)
{
    int count = 0;

    for (const char *p = attributes; *p; p += strspn(p, " ")) {
        const size_t size = strcspn(p, " "), name = strcspn(p, ":");
        const size_t type = strcspn(p + name + 1, " !=");
        const char  *tail = p + name + 1 + type;

        label("attributes", !count++);
        printf("%.*s: %.*s", (int)name, p, (int)type, p + name + 1);
        if (*tail == '!') printf(", required");
        if (*tail == '=') printf(", default %.*s", (int)(p + size - tail - 1), tail + 1);
        putchar('\n');
        p += size;
    }
}

void ofz_cli_opcard_print(const ofz_op_info *op)
{
    if (op->instead) {
        printf("%s-%d: withdrawn, use %s\n", op->name, op->since, op->instead);
        return;
    }
    printf("%s-%d: %s%s%s\n", op->name, op->since, op->infer ? "infer" : "",
           op->eval ? ", eval" : "", op->grad ? ", grad" : "");
    if (op->formals) {
        formals_print(op->formals);
        attributes_print(op->attributes);
        types_print(op->types);
    }
    if (op->limit) printf("  %-*s%s\n", LABEL_WIDTH, "limit", op->limit);
}

/* Stars and tildes mean something to Markdown. */
static void code_cell(const char *text)
{
    if (*text)
        printf(" `%s` |", text);
    else
        printf(" |");
}

void ofz_cli_opcard_markdown(const ofz_op_info *op)
{
    if (op->instead || !op->formals) return;
    printf("| %s-%d |", op->name, op->since);
    code_cell(op->formals);
    code_cell(op->types);
    printf(" %s |\n", op->limit ? op->limit : "");
}
