/* The training log. Lines are flushed one by one, so that a killed run loses at most one. */
#include "trainlog.h"

#include "jsonout.h"
#include "scores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ofz_cli_trainlog_open(ofz_cli_trainlog *log, ofz_cli *cli, const char *path, int resumed)
{
    *log   = (ofz_cli_trainlog){ .path = path, .resumed = resumed };
    log->f = fopen(path, "a+");
    if (log->f) return OFZ_EXIT_OK;
    return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "--log: %s: %s", path, strerror(errno));
}

/* Where the lines end that belong to the first `steps` steps: a run that was killed may have logged
 * steps that its last checkpoint does not hold, and the resumed run takes those again. */
static off_t kept_size(FILE *f, uint64_t steps)
{
    char   *line = NULL;
    size_t  room = 0;
    ssize_t size;
    off_t   kept = 0;

    rewind(f);
    while ((size = getline(&line, &room, f)) > 0 && line[size - 1] == '\n') {
        json_t   *object = json_loadb(line, (size_t)size, 0, NULL);
        json_t   *step   = json_object_get(object, "step");
        const int ours   = json_is_object(object);
        const int beyond = json_is_integer(step) && (uint64_t)json_integer_value(step) > steps;

        json_decref(object);
        if (!ours || beyond) break;
        kept += size;
    }
    free(line);
    return kept;
}

static int line_write(ofz_cli_trainlog *log, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;

    if (!log->failed) {
        errno = 0;
        if (!text)
            log->failed = ENOMEM;
        else if (fprintf(log->f, "%s\n", text) < 0 || fflush(log->f))
            log->failed = errno ? errno : EIO;
    }
    free(text);
    json_decref(object);
    return log->failed;
}

static json_t *step_line(const ofz_event *e)
{
    json_t *o = json_object();

    ofz_cli_json_set(o, "step", ofz_cli_json_size(e->step));
    ofz_cli_json_set(o, "epoch", json_integer(e->epoch));
    ofz_cli_json_set(o, "loss", ofz_cli_json_real(e->loss));
    ofz_cli_json_set(o, "lr", ofz_cli_json_real(e->lr));
    ofz_cli_json_set(o, "ms", ofz_cli_json_real(e->ms));
    ofz_cli_json_set(o, "grad_norm", ofz_cli_json_real(e->grad_norm));
    return o;
}

static json_t *epoch_line(const ofz_event *e)
{
    json_t            *o = json_object();
    const ofz_metrics *v = e->val;
    const int          c = v && v->class_count > 0;

    ofz_cli_json_set(o, "epoch", json_integer(e->epoch));
    ofz_cli_json_set(o, "train_loss", ofz_cli_json_real(e->loss));
    ofz_cli_json_set(o, "val_loss", v ? ofz_cli_json_real(v->loss) : json_null());
    ofz_cli_json_set(o, "val_accuracy", c ? ofz_cli_json_real(v->accuracy) : json_null());
    ofz_cli_json_set(o, "seconds", ofz_cli_json_real(e->seconds));
    ofz_cli_json_set(o, "lr", ofz_cli_json_real(e->lr));
    ofz_cli_json_set(o, "val_precision", c ? ofz_cli_json_real(v->precision) : json_null());
    ofz_cli_json_set(o, "val_recall", c ? ofz_cli_json_real(v->recall) : json_null());
    ofz_cli_json_set(o, "val_f1", c ? ofz_cli_json_real(v->f1) : json_null());
    ofz_cli_json_set(o, "val_mean_abs_error",
                     v && !c ? ofz_cli_json_real(v->mean_abs_error) : json_null());
    ofz_cli_json_set(o, "val_r2", v && !c ? ofz_cli_json_real(v->r2) : json_null());
    ofz_cli_json_set(o, "best", ofz_cli_json_bool(e->best));
    ofz_cli_json_set(o, "per_class", v ? ofz_cli_scores_json_classes(v) : json_null());
    ofz_cli_json_set(o, "confusion", v ? ofz_cli_scores_json_confusion(v) : json_null());
    return o;
}

int ofz_cli_trainlog_event(ofz_cli_trainlog *log, const ofz_event *event)
{
    struct stat st;

    if (event->kind == OFZ_EVENT_START) {
        /* Devices and pipes cannot be cut, and need not be. */
        if (fstat(fileno(log->f), &st) || !S_ISREG(st.st_mode)) return 0;
        if (ftruncate(fileno(log->f), log->resumed ? kept_size(log->f, event->step) : 0))
            log->failed = errno;
        if (fseeko(log->f, 0, SEEK_END)) log->failed = errno; /* from reading to writing */
        return log->failed;
    }
    if (event->kind == OFZ_EVENT_STEP) return line_write(log, step_line(event));
    if (event->kind == OFZ_EVENT_EPOCH) return line_write(log, epoch_line(event));
    return 0;
}

int ofz_cli_trainlog_close(ofz_cli_trainlog *log, ofz_cli *cli)
{
    if (!log->f) return OFZ_EXIT_OK;
    errno = 0;
    if (fclose(log->f) && !log->failed) log->failed = errno ? errno : EIO;
    log->f = NULL;
    if (!log->failed) return OFZ_EXIT_OK;
    return ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "--log: %s: %s", log->path,
                         strerror(log->failed));
}
