/* Metrics as text and as JSON. */
#include "scores.h"

#include "jsonout.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_SHOWN = 50, CONFUSION_SHOWN = 20 };

json_t *ofz_cli_scores_json_classes(const ofz_metrics *m)
{
    json_t *object, *samples;

    if (m->class_count <= 0) return json_null();
    object  = json_object();
    samples = json_array();
    ofz_cli_json_set(object, "precision", ofz_cli_json_reals(m->class_precision, m->class_count));
    ofz_cli_json_set(object, "recall", ofz_cli_json_reals(m->class_recall, m->class_count));
    ofz_cli_json_set(object, "f1", ofz_cli_json_reals(m->class_f1, m->class_count));
    for (int i = 0; i < m->class_count; i++)
        ofz_cli_json_append(samples, ofz_cli_json_size(m->class_samples[i]));
    ofz_cli_json_set(object, "samples", samples);
    return object;
}

json_t *ofz_cli_scores_json_confusion(const ofz_metrics *m)
{
    json_t *rows;

    if (m->class_count <= 0 || !m->confusion) return json_null();
    rows = json_array();
    for (int i = 0; i < m->class_count; i++) {
        json_t *row = json_array();

        for (int k = 0; k < m->class_count; k++)
            ofz_cli_json_append(
                row,
                ofz_cli_json_size(m->confusion[(size_t)i * (size_t)m->class_count + (size_t)k]));
        ofz_cli_json_append(rows, row);
    }
    return rows;
}

json_t *ofz_cli_scores_json(const ofz_metrics *m)
{
    json_t   *object = json_object();
    const int c      = m->class_count > 0;

    ofz_cli_json_set(object, "samples", ofz_cli_json_size(m->sample_count));
    ofz_cli_json_set(object, "loss", ofz_cli_json_real(m->loss));
    ofz_cli_json_set(object, "class_count", json_integer(m->class_count));
    ofz_cli_json_set(object, "accuracy", c ? ofz_cli_json_real(m->accuracy) : json_null());
    ofz_cli_json_set(object, "precision", c ? ofz_cli_json_real(m->precision) : json_null());
    ofz_cli_json_set(object, "recall", c ? ofz_cli_json_real(m->recall) : json_null());
    ofz_cli_json_set(object, "f1", c ? ofz_cli_json_real(m->f1) : json_null());
    ofz_cli_json_set(object, "mean_abs_error",
                     c ? json_null() : ofz_cli_json_real(m->mean_abs_error));
    ofz_cli_json_set(object, "r2", c ? json_null() : ofz_cli_json_real(m->r2));
    ofz_cli_json_set(object, "per_class", ofz_cli_scores_json_classes(m));
    ofz_cli_json_set(object, "confusion", ofz_cli_scores_json_confusion(m));
    return object;
}

typedef struct ranked {
    double f1;
    int class;
} ranked;

static int ranked_compare(const void *pa, const void *pb)
{
    const ranked *a = pa, *b = pb;

    if (a->f1 != b->f1) return a->f1 < b->f1 ? -1 : 1;
    return a->class - b->class;
}

static void score_cell(ofz_cli_table *table, double x)
{
    if (isfinite(x))
        ofz_cli_table_cell(table, "%.4f", x);
    else
        ofz_cli_table_cell(table, "-");
}

/* Every class, or of many the ones that went worst. */
static void classes_print(const ofz_cli *cli, const ofz_metrics *m)
{
    const int      many  = m->class_count > CLASSES_SHOWN;
    ranked        *order = ofz_cli_realloc(NULL, (size_t)m->class_count, sizeof *order);
    ofz_cli_table *table = ofz_cli_table_new("rrrrr");

    for (int i = 0; i < m->class_count; i++)
        order[i] = (ranked){ isfinite(m->class_f1[i]) ? m->class_f1[i] : 2, i };
    if (many) qsort(order, (size_t)m->class_count, sizeof *order, ranked_compare);
    ofz_cli_table_cell(table, "class");
    ofz_cli_table_cell(table, "precision");
    ofz_cli_table_cell(table, "recall");
    ofz_cli_table_cell(table, "f1");
    ofz_cli_table_cell(table, "samples");
    for (int i = 0; i < (many ? CLASSES_SHOWN : m->class_count); i++) {
        const int k = order[i].class;

        ofz_cli_table_cell(table, "%d", k);
        score_cell(table, m->class_precision[k]);
        score_cell(table, m->class_recall[k]);
        score_cell(table, m->class_f1[k]);
        ofz_cli_table_cell(table, "%" PRIu64, m->class_samples[k]);
    }
    putchar('\n');
    ofz_cli_table_print(table, stdout, 2, cli->out_width, cli->out_colour);
    if (many)
        printf("\n  the %d classes of %d with the lowest f1; --json has them all\n", CLASSES_SHOWN,
               m->class_count);
    ofz_cli_table_free(table);
    free(order);
}

static void confusion_print(const ofz_cli *cli, const ofz_metrics *m)
{
    char           columns[CONFUSION_SHOWN + 2];
    ofz_cli_table *table;

    if (m->class_count > CONFUSION_SHOWN || !m->confusion) return;
    memset(columns, 'r', sizeof columns);
    columns[m->class_count + 1] = '\0';
    table                       = ofz_cli_table_new(columns);
    ofz_cli_table_cell(table, "true");
    for (int k = 0; k < m->class_count; k++) ofz_cli_table_cell(table, "%d", k);
    for (int i = 0; i < m->class_count; i++) {
        ofz_cli_table_cell(table, "%d", i);
        for (int k = 0; k < m->class_count; k++) {
            const uint64_t n = m->confusion[(size_t)i * (size_t)m->class_count + (size_t)k];

            if (n)
                ofz_cli_table_cell(table, "%" PRIu64, n);
            else
                ofz_cli_table_cell(table, "."); /* zeros would drown the rest */
        }
    }
    puts("\n  confusion: a row per true class, a column per predicted class");
    ofz_cli_table_print(table, stdout, 2, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
}

void ofz_cli_scores_print(const ofz_cli *cli, const ofz_metrics *m)
{
    printf("  samples    %zu\n", m->sample_count);
    printf("  loss       %.6g\n", m->loss);
    if (m->class_count <= 0) {
        printf("  mean |e|   %.6g\n", m->mean_abs_error);
        printf("  R2         %.6g\n", m->r2);
        return;
    }
    printf("  accuracy   %.2f %%\n", 100 * m->accuracy);
    printf("  precision  %.4f\n", m->precision);
    printf("  recall     %.4f\n", m->recall);
    printf("  f1         %.4f  (means over the classes that occur)\n", m->f1);
    classes_print(cli, m);
    confusion_print(cli, m);
}

static void *array_copy(const void *from, size_t count, size_t size)
{
    void *to;

    if (!from) return NULL;
    to = ofz_cli_realloc(NULL, count, size);
    memcpy(to, from, count * size);
    return to;
}

void ofz_cli_scores_copy(ofz_metrics *to, const ofz_metrics *from)
{
    const size_t n = from->class_count > 0 ? (size_t)from->class_count : 0;

    ofz_cli_scores_deinit(to);
    *to                 = *from;
    to->class_precision = n ? array_copy(from->class_precision, n, sizeof(double)) : NULL;
    to->class_recall    = n ? array_copy(from->class_recall, n, sizeof(double)) : NULL;
    to->class_f1        = n ? array_copy(from->class_f1, n, sizeof(double)) : NULL;
    to->class_samples   = n ? array_copy(from->class_samples, n, sizeof(uint64_t)) : NULL;
    to->confusion       = n ? array_copy(from->confusion, n * n, sizeof(uint64_t)) : NULL;
}

void ofz_cli_scores_deinit(ofz_metrics *m)
{
    free((void *)(uintptr_t)m->class_precision);
    free((void *)(uintptr_t)m->class_recall);
    free((void *)(uintptr_t)m->class_f1);
    free((void *)(uintptr_t)m->class_samples);
    free((void *)(uintptr_t)m->confusion);
    *m = (ofz_metrics){ 0 };
}
