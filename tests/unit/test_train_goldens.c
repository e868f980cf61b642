/* test_train_goldens.c - the recorded PyTorch runs of testdata/goldens, repeated through the public
 * header: the loss and the rate of every recorded step, and the trained weights and statistics at
 * the end. A golden is a JSON object with one key per line. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "onnxfreeze.h"

#define FOLDER OFZ_SOURCE_DIR "/testdata/"

enum { STEPS = 50, WORDS = 64, WORD_SIZE = 64 };

/* Relative. Past the recorded steps a run of the CNN may meet a ReLU input so close to 0 that two
 * correct programs part: PyTorch's own float32 and float64 runs end up to 1.4e-4 apart. */
static const double loss_tolerance = 1e-4, final_tolerance = 1e-3;

typedef struct golden {
    char   model[WORD_SIZE], data[WORD_SIZE];
    char   mark[WORDS][WORD_SIZE], option[WORDS][WORD_SIZE];
    size_t mark_count, option_count;
    double loss[STEPS], lr[STEPS];
    int    steps;
    char  *final, *statistics; /* the lines, to be searched */
} golden;

/* --- reading ---------------------------------------------------------------------------------- */

/* The quoted words of a line behind its key. */
static size_t line_words(const char *line, char word[][WORD_SIZE], size_t room)
{
    const char *p     = strstr(line, "\": ");
    size_t      count = 0;

    for (p = strchr(p + 2, '"'); p && count < room; p = strchr(p, '"')) {
        const char *end = strchr(p + 1, '"');

        assert_non_null(end);
        assert_true(end - p - 1 < WORD_SIZE);
        snprintf(word[count++], WORD_SIZE, "%.*s", (int)(end - p - 1), p + 1);
        p = end + 1;
    }
    return count;
}

static void line_numbers(const char *line, double *to, int count)
{
    const char *p = strchr(line, '[');
    char       *end;

    assert_non_null(p);
    for (int i = 0; i < count; i++) {
        to[i] = strtod(p + 1, &end);
        assert_ptr_not_equal(end, p + 1);
        p = end;
    }
    assert_int_equal(*p, ']');
}

static void golden_read(const char *path, golden *g)
{
    FILE  *f    = fopen(path, "r");
    char  *line = NULL;
    size_t room = 0;

    memset(g, 0, sizeof *g);
    assert_non_null(f);
    while (getline(&line, &room, f) > 0) {
        if (strstr(line, "  \"model\":")) line_words(line, &g->model, 1);
        if (strstr(line, "  \"data\":")) line_words(line, &g->data, 1);
        if (strstr(line, "  \"mark\":")) g->mark_count = line_words(line, g->mark, WORDS);
        if (strstr(line, "  \"options\":")) g->option_count = line_words(line, g->option, WORDS);
        if (strstr(line, "  \"loss\":")) line_numbers(line, g->loss, STEPS);
        if (strstr(line, "  \"lr\":")) line_numbers(line, g->lr, STEPS);
        if (strstr(line, "  \"steps\":")) g->steps = atoi(strchr(line, ':') + 1);
        if (strstr(line, "  \"final\":")) g->final = strdup(line);
        if (strstr(line, "  \"statistics\":")) g->statistics = strdup(line);
    }
    free(line);
    fclose(f);
    assert_true(g->option_count && g->mark_count && g->final && g->statistics);
}

/* --- options as the program takes them -------------------------------------------------------- */

static int word_find(const char *word, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (!strcmp(list[i], word)) return i;
    fail_msg("unknown word %s", word);
    return -1;
}

/* Consumes the value where the option has one; returns how many words it took. */
static size_t option_set(ofz_train_options *o, const char *name, const char *value)
{
    static const char *const losses[]     = { "ce", "mse", "l1", "huber", "bce", NULL };
    static const char *const optimizers[] = { "sgd", "adam", "adamw", NULL };
    static const char *const schedules[]  = { "constant", "step", "cosine", NULL };
    static const char *const norms[]      = { "frozen", "batch", NULL };
    const struct {
        const char *name;
        double     *real;
        int        *integer;
    } numbers[] = {
        { "--lr", &o->lr, NULL },
        { "--momentum", &o->momentum, NULL },
        { "--weight-decay", &o->weight_decay, NULL },
        { "--beta1", &o->beta1, NULL },
        { "--beta2", &o->beta2, NULL },
        { "--eps", &o->eps, NULL },
        { "--clip-norm", &o->clip_norm, NULL },
        { "--epochs", NULL, &o->epochs },
        { "--batch-size", NULL, &o->batch_size },
        { "--accumulate", NULL, &o->accumulate },
        { "--warmup", NULL, &o->warmup },
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].name, name)) continue;
        if (numbers[i].real) *numbers[i].real = strtod(value, NULL);
        if (numbers[i].integer) *numbers[i].integer = atoi(value);
        return 2;
    }
    if (!strcmp(name, "--nesterov")) return (size_t)(o->nesterov = 1);
    if (!strcmp(name, "--no-shuffle")) return 1 + (size_t)(o->shuffle = 0);
    if (!strcmp(name, "--loss"))
        o->loss = (ofz_loss)word_find(value, losses);
    else if (!strcmp(name, "--optimizer"))
        o->optimizer = (ofz_optimizer)word_find(value, optimizers);
    else if (!strcmp(name, "--schedule"))
        o->schedule = (ofz_schedule)word_find(value, schedules);
    else if (!strcmp(name, "--bn"))
        o->bn = (ofz_bn_mode)word_find(value, norms);
    else
        fail_msg("unknown option %s", name);
    return 2;
}

static void mark(ofz_ctx *ctx, ofz_model *model, const golden *g)
{
    ofz_mark_rule rules[WORDS];
    size_t        count = 0;

    for (size_t i = 0; i + 1 < g->mark_count; i += 2)
        rules[count++] = (ofz_mark_rule){ !strcmp(g->mark[i], "--preset")  ? OFZ_ACTION_PRESET
                                          : !strcmp(g->mark[i], "--train") ? OFZ_ACTION_TRAIN
                                                                           : OFZ_ACTION_FREEZE,
                                          g->mark[i + 1] };
    if (ofz_mark_apply(ctx, model, rules, count)) fail_msg("%s", ofz_error(ctx));
}

/* --- comparing -------------------------------------------------------------------------------- */

typedef struct watch {
    const golden *g;
    double        worst; /* relative distance of a loss */
    int           worst_step, steps;
} watch;

static int step_see(void *user, const ofz_event *e)
{
    watch    *w = user;
    const int k = (int)e->step - 1;
    double    d;

    if (e->kind != OFZ_EVENT_STEP) return 0;
    w->steps++;
    if (k >= STEPS) return 0;
    d = fabs(e->loss - w->g->loss[k]) / fabs(w->g->loss[k]);
    if (!(d <= w->worst)) {
        w->worst      = d;
        w->worst_step = k + 1;
    }
    if (fabs(e->lr - w->g->lr[k]) > 1e-8 * fabs(w->g->lr[k]) + 1e-15)
        fail_msg("step %d: rate %.9g, want %.9g", k + 1, e->lr, w->g->lr[k]);
    return 0;
}

/* "NAME": {"l2": X, "first": [...]} for every name of `line`: the largest relative distance of a
 * norm. */
static double tensors_compare(ofz_ctx *ctx, const ofz_model *model, const char *line)
{
    double worst = 0;

    for (const char *p = strchr(line, '{'); p && (p = strchr(p, '"'));) {
        const char *end = strchr(p + 1, '"'), *l2 = strstr(p, "\"l2\": ");
        char        name[128];
        ofz_arrays *arrays;
        ofz_array   a;
        double      sum = 0, want, d;
        int         index;

        assert_true(end && l2 && end - p - 1 < (long)sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)(end - p - 1), p + 1);
        want  = strtod(l2 + 6, NULL);
        index = ofz_model_find_tensor(model, name);
        if (index < 0) fail_msg("no tensor %s", name);
        assert_int_equal(ofz_arrays_new(ctx, &arrays), OFZ_OK);
        assert_int_equal(ofz_model_read_tensor(ctx, model, (size_t)index, arrays), OFZ_OK);
        a = ofz_arrays_get(arrays, 0);
        for (size_t i = 0; i < a.size / sizeof(float); i++) {
            float x;

            memcpy(&x, (const char *)a.data + i * sizeof x, sizeof x);
            sum += (double)x * (double)x;
        }
        ofz_arrays_free(arrays);
        d = fabs(sqrt(sum) - want) / want;
        if (!(d <= worst)) worst = d;
        if (!(d <= final_tolerance))
            print_error("%s: norm %.9g, want %.9g\n", name, sqrt(sum), want);
        p = strchr(l2, '}');
        if (p && p[1] == '}') break;
    }
    return worst;
}

static int golden_run(const char *path, const char *name)
{
    golden            g;
    ofz_ctx          *ctx   = ofz_ctx_new();
    ofz_model        *model = NULL;
    ofz_arrays       *data  = NULL;
    ofz_train_options o;
    ofz_train_report  report;
    watch             w = { .g = &g };
    char              file[512];
    double            weights, statistics;
    int               bad;

    golden_read(path, &g);
    ofz_ctx_set_threads(ctx, 1); /* batches are small, and tests share the machine */
    snprintf(file, sizeof file, FOLDER "%s", g.model);
    if (ofz_model_load(ctx, file, &model)) fail_msg("%s", ofz_error(ctx));
    snprintf(file, sizeof file, FOLDER "%s", g.data);
    assert_int_equal(ofz_arrays_new(ctx, &data), OFZ_OK);
    if (ofz_arrays_load(ctx, data, file, NULL)) fail_msg("%s", ofz_error(ctx));
    mark(ctx, model, &g);
    ofz_train_options_init(&o);
    for (size_t i = 0; i < g.option_count;)
        i += option_set(&o, g.option[i], i + 1 < g.option_count ? g.option[i + 1] : "");
    o.on_event = step_see;
    o.user     = &w;
    if (ofz_train(ctx, model, data, &o, &report)) fail_msg("%s: %s", name, ofz_error(ctx));
    assert_int_equal(w.steps, g.steps);
    weights    = tensors_compare(ctx, model, g.final);
    statistics = tensors_compare(ctx, model, g.statistics);
    bad        = !(w.worst <= loss_tolerance) || !(weights <= final_tolerance) ||
          !(statistics <= final_tolerance);
    print_message("%s %-28s loss within %.1e (step %d), weights %.1e, statistics %.1e\n",
                  bad ? "BAD" : "ok ", name, w.worst, w.worst_step, weights, statistics);
    free(g.final);
    free(g.statistics);
    ofz_arrays_free(data);
    ofz_model_free(model);
    ofz_ctx_free(ctx);
    return bad;
}

static void runs_follow_pytorch(void **state)
{
    struct dirent **entry;
    const int       n   = scandir(FOLDER "goldens", &entry, NULL, alphasort);
    int             bad = 0, run = 0;
    char            path[512];

    (void)state;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char *dot = strstr(entry[i]->d_name, ".json");

        if (dot) {
            snprintf(path, sizeof path, FOLDER "goldens/%s", entry[i]->d_name);
            *dot = '\0';
            bad += golden_run(path, entry[i]->d_name);
            run++;
        }
        free(entry[i]);
    }
    free(entry);
    assert_true(run >= 40); /* the folder is all there */
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_follow_pytorch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
