/* test_rows_covered.c - every version that a row computes has a vector, and every element type that the
 * version allows, one variable at a time, was seen to work. Reads what the other programs left in the
 * folder OFZ_OP_COVERAGE (op_coverage.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op_coverage.h"

enum { SCHEMAS_MOST = 1024, NUMBERS = OFZ_SCHEMA_VARIABLES * SHELL_COUNT };

static bool     reached[SCHEMAS_MOST];
static uint32_t seen[SCHEMAS_MOST][NUMBERS];

static void read_file(const char *path)
{
    FILE    *f = fopen(path, "r");
    unsigned at, types;

    assert_non_null(f);
    while (fscanf(f, "%u", &at) == 1) {
        assert_true(at < SCHEMAS_MOST);
        reached[at] = true;
        for (int k = 0; k < NUMBERS; k++) {
            assert_int_equal(fscanf(f, "%x", &types), 1);
            seen[at][k] |= types;
        }
    }
    fclose(f);
}

static int read_folder(const char *folder)
{
    DIR                 *d = opendir(folder);
    const struct dirent *e;
    char                 path[4096];
    int                  count = 0;

    for (; d && (e = readdir(d)); count++) {
        if (!strstr(e->d_name, ".rows")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        read_file(path);
    }
    if (d) closedir(d);
    return count;
}

/* Prints and counts the types of one version that no vector had. */
static int lacking(const ofz_schema *s, size_t at)
{
    ofz_signature g;
    int           count = 0;

    assert_true(ofz_signature_read(s, &g));
    for (int k = 0; k < g.variable_count; k++)
        for (int shell = 0; shell < SHELL_COUNT; shell++) {
            const uint32_t left = *op_types_set(&g.variable[k].types, (op_shell)shell) &
                                  ~seen[at][k * SHELL_COUNT + shell];

            if (!left) continue;
            print_error("%s-%d: %.*s %s:", s->name, s->since, g.variable[k].name_size,
                        g.variable[k].name, op_shell_name[shell]);
            for (int d = 1; d < 32; d++)
                if (left >> d & 1) print_error(" %s", ofz_dtype_name((ofz_dtype)d));
            print_error("\n");
            count++;
        }
    return count;
}

static bool computed(const ofz_schema *s)
{
    const ofz_op *op = ofz_op_find(s->domain, s->name, s->since);

    return op && op->since == s->since;
}

static void test_covered(void **state)
{
    const char       *folder = getenv("OFZ_OP_COVERAGE");
    const ofz_schema *s;
    int               without = 0, types = 0, rows = 0;

    (void)state;
    if (!folder || !read_folder(folder)) {
        print_message("OFZ_OP_COVERAGE names no folder with results: nothing to look at\n");
        skip();
    }
    for (size_t i = 0; (s = ofz_schema_at(i)); i++) {
        if (!computed(s)) {
            print_message("%s-%d: no row\n", s->name, s->since);
            continue;
        }
        rows++;
        if (!reached[i]) {
            print_error("%s-%d: no vector\n", s->name, s->since);
            without++;
            continue;
        }
        /* what another pass computes is seen in no type here */
        if (ofz_op_find(s->domain, s->name, s->since)->eval) types += lacking(s, i);
    }
    if (without || types)
        fail_msg("of %d rows %d lack a vector; %d sets of types lack some", rows, without, types);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_covered) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
