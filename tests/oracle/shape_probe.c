/* shape_probe.c - what inference says of every value of a model, and whether a run agrees.
 *
 * Usage: shape_probe [--bare] PATH...
 * PATH is a model, or a folder of ONNX's backend-test format, which is then also run on its first set of
 * inputs. --bare forgets what the model declares of all values but its inputs. Prints, of each PATH:
 *     MODEL path
 *     VALUE name dtype dims      tab-separated; dims "?" without a rank, else "[2,?,N]"
 *     WRONG name text            a run made something else than was inferred
 *     ERROR text                 inference or the run failed; SKIP where the run is not supported
 *     RUN n                      so many values were compared
 * Equal symbols must have been equal numbers. Exit code 1 after a WRONG or an ERROR. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/exec.h"
#include "model/model.h"
#include "pass/functions.h"
#include "pass/infer_shapes.h"
#include "tensor/container.h"

enum { PATH_ROOM = 4096 };

typedef struct probe {
    ofz_ctx   *ctx;
    ofz_model *model;
    ofz_graph *g; /* the model's, or one without calls */
    ofz_arena  arena;
    ofz_graph *flat;
    ofz_list   wanted; /* ofz_value with a producer */
    int64_t   *size;   /* of every symbol seen, beside `symbol` */
    int64_t   *symbol;
    size_t     count;
} probe;

static void forget(ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->producer && !v->constant) v->type = (ofz_tensor){ .rank = -1 };
    }
}

static void values_print(const probe *p)
{
    for (size_t i = 0; i < p->wanted.count; i++) {
        const ofz_value *v = p->wanted.item[i];

        printf("VALUE\t%s\t%s\t", v->name, v->type.dtype ? ofz_dtype_name(v->type.dtype) : "?");
        if (v->type.rank < 0 || ofz_dtype_is_container(v->type.dtype)) {
            printf("?\n");
            continue;
        }
        for (int k = 0; k < v->type.rank; k++) {
            printf("%s", k ? "," : "[");
            if (OFZ_DIM_KNOWN(v->type.dim[k]))
                printf("%" PRId64, v->type.dim[k]);
            else
                printf("?");
        }
        printf("%s\n", v->type.rank ? "]" : "[]");
    }
}

/* Bind `symbol`, or see whether it stands for something else. */
static bool symbol_is(probe *p, int64_t symbol, int64_t size)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->symbol[i] == symbol) return p->size[i] == size;
    p->symbol = realloc(p->symbol, (p->count + 1) * sizeof *p->symbol);
    p->size   = realloc(p->size, (p->count + 1) * sizeof *p->size);
    if (!p->symbol || !p->size) abort();
    p->symbol[p->count] = symbol;
    p->size[p->count++] = size;
    return true;
}

static bool agrees(probe *p, const ofz_tensor *inferred, const ofz_tensor *got)
{
    if (inferred->dtype && inferred->dtype != got->dtype) return false;
    if (inferred->rank < 0 || ofz_dtype_is_container(got->dtype)) return true;
    if (inferred->rank != got->rank) return false;
    for (int k = 0; k < got->rank; k++)
        if (OFZ_DIM_KNOWN(inferred->dim[k]) ? inferred->dim[k] != got->dim[k]
                                            : !symbol_is(p, inferred->dim[k], got->dim[k]))
            return false;
    return true;
}

static ofz_status feed(probe *p, ofz_exec *exec, const char *folder)
{
    char       path[PATH_ROOM];
    size_t     file = 0;
    ofz_tensor t;

    for (size_t i = 0; i < p->model->graph->input.count; i++) {
        const ofz_value *in = p->model->graph->input.item[i];
        const ofz_value *v  = ofz_value_find(p->g, in->name);
        ofz_status       st;

        if (in->constant) continue;
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%zu.pb", folder, file++);
        if (!v || access(path, F_OK)) continue;
        OFZ_TRY(ofz_value_read_pb(p->ctx, path, in->kind, &t));
        agrees(p, &v->type, &t); /* binds the inputs' symbols */
        st = ofz_exec_feed(p->ctx, exec, v, &t);
        ofz_tensor_release(&t);
        if (st) return st;
    }
    return OFZ_OK;
}

static ofz_status run(probe *p, const char *folder, int *wrong)
{
    ofz_plan  *plan = NULL;
    ofz_exec  *exec = NULL;
    ofz_status st   = OFZ_OK;
    char       a[128], b[128];
    int        compared = 0;

    OFZ_GOTO(
        ofz_plan_new(p->ctx, p->g, (ofz_value *const *)p->wanted.item, p->wanted.count, &plan));
    OFZ_GOTO(ofz_exec_new(p->ctx, plan, &exec));
    OFZ_GOTO(feed(p, exec, folder));
    OFZ_GOTO(ofz_exec_run(p->ctx, exec));
    for (size_t i = 0; i < p->wanted.count; i++) {
        const ofz_value  *v = p->wanted.item[i];
        const ofz_tensor *t = ofz_exec_get(exec, v);

        if (!t) continue;
        compared++;
        if (agrees(p, &v->type, t)) continue;
        printf("WRONG\t%s\t%s %s, a run made %s %s\n", v->name, ofz_dtype_name(v->type.dtype),
               ofz_shape_text(a, sizeof a, v->type.rank, v->type.dim), ofz_dtype_name(t->dtype),
               ofz_shape_text(b, sizeof b, t->rank, t->dim));
        ++*wrong;
    }
    printf("RUN\t%d\n", compared);
done:
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    return st;
}

static ofz_status graph_infer(probe *p, const char *model, bool bare)
{
    OFZ_TRY(ofz_model_load(p->ctx, model, &p->model));
    p->g = p->model->graph;
    if (ofz_graph_calls(p->model, p->g)) {
        OFZ_TRY(ofz_functions_clone(p->ctx, p->model, &p->arena, &p->flat));
        p->g = p->flat;
    }
    for (size_t i = 0; i < p->g->value.count; i++) {
        ofz_value *v = p->g->value.item[i];

        if (v->producer && !v->constant && !ofz_list_push(&p->wanted, v))
            return ofz_fail_nomem(p->ctx, "values", sizeof v);
    }
    if (bare) forget(p->g);
    OFZ_TRY(ofz_infer_graph(p->ctx, p->g, 0));
    values_print(p);
    return OFZ_OK;
}

static int probe_path(ofz_ctx *ctx, const char *path, bool bare)
{
    probe       p = { .ctx = ctx };
    char        model[PATH_ROOM];
    struct stat info;
    int         wrong  = 0;
    const bool  folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    ofz_status  st;

    printf("MODEL\t%s\n", path);
    snprintf(model, sizeof model, folder ? "%s/model.onnx" : "%s", path);
    st = graph_infer(&p, model, bare);
    if (!st && folder) st = run(&p, path, &wrong);
    if (st) printf("%s\t%s\n", st == OFZ_E_UNSUPPORTED ? "SKIP" : "ERROR", ofz_error(ctx));
    ofz_list_free(&p.wanted);
    ofz_graph_deinit(p.flat);
    ofz_arena_free(&p.arena);
    ofz_model_free(p.model);
    free(p.symbol);
    free(p.size);
    return wrong || (st && st != OFZ_E_UNSUPPORTED);
}

int main(int argc, char **argv)
{
    const bool bare = argc > 1 && !strcmp(argv[1], "--bare");
    int        bad  = 0;
    ofz_ctx   *ctx  = ofz_ctx_new();

    if (!ctx) return 2;
    for (int i = 1 + bare; i < argc; i++) bad |= probe_path(ctx, argv[i], bare);
    ofz_ctx_free(ctx);
    return bad;
}
