/* test_write_graph.c - edited graphs on disk: what was not edited keeps its bytes, what was means what
 * the graph meant. On every model at hand: testdata/odd, and ONNX's own tests where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model_file.h"
#include "model_build.h"

static void save(model_fixture *f, ofz_model *m, const char *path)
{
    if (ofz_model_relist(f->ctx, m) || ofz_model_save(f->ctx, m, path))
        fail_msg("%s: %s", path, ofz_error(f->ctx));
}

static void print_entry(void *user, const ofz_diff_entry *e)
{
    print_message("%s: %s\n", (const char *)user, e->text);
}

static void same(model_fixture *f, const char *a, const char *b)
{
    ofz_model       *x = model_load(f, a), *y = model_load(f, b);
    const ofz_status st = ofz_model_diff(f->ctx, x, y, 0, print_entry, (void *)(uintptr_t)a);

    if (st) fail_msg("%s: %s", a, ofz_error(f->ctx));
    ofz_model_free(x);
    ofz_model_free(y);
}

/* --- walking ---------------------------------------------------------------------------------- */

typedef void touch_fn(ofz_graph *g);

static void each_graph(ofz_graph *g, touch_fn *fn)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) each_graph(n->attr[k].u.g, fn);
    }
    fn(g);
}

static int identical_count, model_count; /* files that came out as they went in, and all */

/* --- touched: every node is looked at, none is different -------------------------------------- */

static void touch(ofz_graph *g)
{
    g->changed = true;
    for (size_t i = 0; i < g->node.count; i++) ((ofz_node *)g->node.item[i])->changed = true;
}

static void check_touched(void *user, const char *path)
{
    model_fixture *f   = user;
    const char    *out = ofz_test_path(f->folder, "touched.onnx");
    ofz_model     *m;

    if (ofz_model_load(f->ctx, path, &m)) return; /* not a model of ours to read */
    each_graph(m->graph, touch);
    save(f, m, out);
    ofz_model_free(m);
    same(f, path, out);
    model_count++;
    identical_count += ofz_test_same_file(f->ctx, path, out);
}

/* --- packed: nothing of the graph is taken from the file -------------------------------------- */

static void forget_origins(ofz_graph *g)
{
    g->changed = true;
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        n->origin  = -1;
        n->changed = true;
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type <= OFZ_ATTR_STRINGS) n->attr[k].file = (ofz_bytes_view){ 0 };
    }
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->constant && (!v->initializer || v->is_input || g->parent)) continue;
        if (v->kind == OFZ_KIND_TENSOR) v->declared = (ofz_bytes_view){ 0 };
        if (v->kind != OFZ_KIND_SPARSE) v->origin = -1;
    }
}

static void check_packed(void *user, const char *path)
{
    model_fixture *f   = user;
    const char    *out = ofz_test_path(f->folder, "packed.onnx");
    ofz_model     *m;

    if (ofz_model_load(f->ctx, path, &m)) return;
    if (m->ir_version >= 4) { /* below, new initializers are Constant nodes */
        each_graph(m->graph, forget_origins);
        save(f, m, out);
        same(f, path, out);
    }
    ofz_model_free(m);
}

/* --- renamed: and back ------------------------------------------------------------------------ */

/* Every value and node gets a name with `~` behind it, or loses it. */
static bool rename_value(model_fixture *f, ofz_value *v, bool back)
{
    char   name[4200];
    size_t n = strlen(v->name);

    if (n > 4000 || ofz_value_out_of_reach(v)) return false;
    if (v->graph->parent && !v->producer && !v->is_input && !v->constant) return false;
    if (!v->producer && !v->is_input && !v->constant) return false;
    memcpy(name, v->name, n + 1);
    if (back && (!n || name[n - 1] != '~')) return false;
    name[back ? n - 1 : n]     = back ? '\0' : '~';
    name[back ? n - 1 : n + 1] = '\0';
    if (ofz_value_rename(f->ctx, v, name)) fail_msg("%s", ofz_error(f->ctx));
    return true;
}

static void rename_graph(model_fixture *f, ofz_graph *g, bool back)
{
    for (size_t i = 0; i < g->value.count; i++) rename_value(f, g->value.item[i], back);
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) rename_graph(f, n->attr[k].u.g, back);
    }
}

static void check_renamed(void *user, const char *path)
{
    model_fixture *f    = user;
    const char    *out  = ofz_test_path(f->folder, "renamed.onnx");
    const char    *back = ofz_test_path(f->folder, "back.onnx");
    ofz_model     *m;

    if (ofz_model_load(f->ctx, path, &m)) return;
    rename_graph(f, m->graph, false);
    save(f, m, out);
    ofz_model_free(m);
    m = model_load(f, out);
    if (ofz_graph_verify(f->ctx, m->graph)) fail_msg("%s: %s", path, ofz_error(f->ctx));
    for (size_t i = 0; i < m->graph->output.count; i++) {
        const ofz_value *v = m->graph->output.item[i];

        if (v->producer && !ofz_value_out_of_reach(v) && v->name[strlen(v->name) - 1] != '~')
            fail_msg("%s: output '%s' kept its name", path, v->name);
    }
    rename_graph(f, m->graph, true);
    save(f, m, back);
    ofz_model_free(m);
    same(f, path, back);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void each(model_fixture *f, void (*check)(void *, const char *))
{
    const char *suites = getenv("OFZ_CONFORMANCE");

    assert_true(ofz_test_each_model(OFZ_SOURCE_DIR "/testdata/odd", check, f) > 20);
    check(f, ofz_test_data("cnn_bn.onnx"));
    if (suites && *suites) assert_true(ofz_test_each_model(suites, check, f) > 100);
}

static void test_touched(void **state)
{
    model_fixture *f = *state;

    each(f, check_touched);
    print_message("%d of %d files identical\n", identical_count, model_count);
    assert_true(identical_count * 10 > model_count * 9);
}

static void test_packed(void **state)
{
    each(*state, check_packed);
}

static void test_renamed(void **state)
{
    each(*state, check_renamed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_touched, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_packed, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_renamed, model_setup, model_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
