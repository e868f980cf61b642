/* test - ONNX's backend test folders. */
#include "commands.h"
#include "jsonout.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct test_args {
    ofz_cli_common common;
    double         rtol, atol;
} test_args;

typedef struct test_tally {
    ofz_cli         *cli;
    const test_args *args;
    size_t           passed, failed, skipped;
    json_t          *list;
} test_tally;

enum { FOLDER_LEVELS = 2 }; /* below DIR */

static char *path_join(const char *folder, const char *name)
{
    char        *path;
    const size_t size  = strlen(folder);
    const char  *slash = size && folder[size - 1] == '/' ? "" : "/";

    if (asprintf(&path, "%s%s%s", folder, slash, name) < 0)
        path = ofz_cli_realloc(NULL, SIZE_MAX, 2);
    return path;
}

static int is_test(const char *folder)
{
    char       *path = path_join(folder, "model.onnx");
    struct stat st;
    const int   yes = stat(path, &st) == 0 && S_ISREG(st.st_mode);

    free(path);
    return yes;
}

/* The last part of a path, whatever slashes follow it; the caller frees. */
static char *folder_name(const char *folder)
{
    size_t end = strlen(folder), start;
    char  *name;

    while (end > 1 && folder[end - 1] == '/') end--;
    for (start = end; start > 0 && folder[start - 1] != '/'; start--) continue;
    name = ofz_cli_realloc(NULL, end - start + 1, 1);
    memcpy(name, folder + start, end - start);
    name[end - start] = '\0';
    return name;
}

static void test_one(test_tally *tally, const char *folder)
{
    ofz_cli         *cli         = tally->cli;
    char            *name        = folder_name(folder);
    int              by_property = 0;
    const ofz_status st =
        ofz_backend_test(cli->ctx, folder, tally->args->rtol, tally->args->atol, &by_property);
    const char *text = st ? ofz_error(cli->ctx) : by_property ? "by property" : "";
    const char *word = st == OFZ_OK ? "PASS" : st == OFZ_E_UNSUPPORTED ? "SKIP" : "FAIL";
    json_t     *object;

    tally->passed += st == OFZ_OK;
    tally->skipped += st == OFZ_E_UNSUPPORTED;
    tally->failed += st != OFZ_OK && st != OFZ_E_UNSUPPORTED;
    if (cli->json) {
        object = json_object();
        ofz_cli_json_set(object, "name", ofz_cli_json_text(name));
        ofz_cli_json_set(object, "folder", ofz_cli_json_text(folder));
        ofz_cli_json_set(object, "result",
                         ofz_cli_json_text(st == OFZ_OK              ? "passed"
                                           : st == OFZ_E_UNSUPPORTED ? "skipped"
                                                                     : "failed"));
        ofz_cli_json_set(object, "status", ofz_cli_json_text(ofz_status_name(st)));
        ofz_cli_json_set(object, "text", *text ? ofz_cli_json_text(text) : json_null());
        ofz_cli_json_append(tally->list, object);
    } else {
        printf("%s ", word);
        ofz_cli_text_put(stdout, name);
        if (*text) fputs(": ", stdout);
        ofz_cli_text_put(stdout, text);
        putchar('\n');
    }
    free(name);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int name_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* not by the locale's rules */
}

/* Run the tests at and below `folder`; how many there were, or -1 with the error printed. */
static long folder_walk(test_tally *tally, const char *folder, int levels)
{
    struct dirent **entry;
    long            found = 0;
    int             count;

    if (is_test(folder)) {
        test_one(tally, folder);
        return 1;
    }
    count = scandir(folder, &entry, visible, name_order);
    if (count < 0) {
        ofz_cli_error(tally->cli, OFZ_EXIT_FAILED, NULL, "%s: %s", folder, strerror(errno));
        return -1;
    }
    for (int i = 0; i < count; i++) {
        char       *path = path_join(folder, entry[i]->d_name);
        struct stat st;
        long        more = 0;

        if (levels > 0 && found >= 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            more = folder_walk(tally, path, levels - 1);
        found = more < 0 ? -1 : found + more;
        free(path);
        free(entry[i]);
    }
    free(entry);
    return found;
}

static int test_run(ofz_cli *cli, void *memory)
{
    test_args *args  = memory;
    test_tally tally = { .cli = cli, .args = args, .list = json_array() };
    json_t    *root;
    int        code = OFZ_EXIT_OK;

    for (int i = 0; !code && i < args->common.word_count; i++) {
        const char *folder = args->common.word[i];
        const long  found  = folder_walk(&tally, folder, FOLDER_LEVELS);

        if (found == 0)
            code = ofz_cli_error(cli, OFZ_EXIT_BAD, "a test is a folder that holds model.onnx",
                                 "%s: no test in it", folder);
        if (found < 0) code = OFZ_EXIT_FAILED;
    }
    if (code) {
        json_decref(tally.list);
        return code;
    }
    if (cli->json) {
        root = json_object();
        ofz_cli_json_set(root, "passed", ofz_cli_json_size(tally.passed));
        ofz_cli_json_set(root, "failed", ofz_cli_json_size(tally.failed));
        ofz_cli_json_set(root, "skipped", ofz_cli_json_size(tally.skipped));
        ofz_cli_json_set(root, "tests", tally.list);
        code = ofz_cli_json_print(cli, root, stdout);
    } else {
        json_decref(tally.list);
        printf("%zu passed, %zu failed, %zu skipped\n", tally.passed, tally.failed, tally.skipped);
    }
    return code ? code : tally.failed ? OFZ_EXIT_FAILED : OFZ_EXIT_OK;
}

static void test_init(void *memory)
{
    test_args *args = memory;

    args->rtol = 1e-3;
    args->atol = 1e-7;
}

#define FIELD(name) offsetof(test_args, name)

static const ofz_cli_opt options[] = {
    OFZ_ROW_REAL("rtol", FIELD(rtol), 0, HUGE_VAL, 0, "relative tolerance"),
    OFZ_ROW_REAL("atol", FIELD(atol), 0, HUGE_VAL, 0, "absolute tolerance"),
};

static const char *const examples[] = {
    "every test below a folder",
    "onnxfreeze test suite",
    "looser, for scripts",
    "onnxfreeze test suite --rtol 1e-2 --json",
    NULL,
};

const ofz_cli_command ofz_cli_cmd_test = {
    .name    = "test",
    .usage   = "DIR... [--rtol F] [--atol F] [--json]",
    .summary = "run ONNX backend test folders",
    .about =
        "Run tests in the format of ONNX's own backend suite: a folder with model.onnx and "
        "test_data_set_N/input_I.pb and output_I.pb. DIR is one such folder or holds them, up to "
        "two levels down. A line each, then the counts; what needs an operator that is not "
        "supported is skipped.",
    .examples     = examples,
    .word_min     = 1,
    .word_max     = -1,
    .takes        = OFZ_TAKES_JSON | OFZ_TAKES_THREADS | OFZ_TAKES_MODEL,
    .options      = options,
    .option_count = sizeof options / sizeof *options,
    .args_size    = sizeof(test_args),
    .init         = test_init,
    .run          = test_run,
};
