/* The progress bar. It is redrawn at most ten times a second and fits itself to the terminal. */
#include "progress.h"

#include "text.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { BAR_MOST = 30, BAR_LEAST = 8, LINE_SIZE = 512 };

static double clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void ofz_cli_progress_init(ofz_cli_progress *progress, ofz_cli *cli)
{
    memset(progress, 0, sizeof *progress);
    progress->cli   = cli;
    progress->start = clock_seconds();
    cli->progress   = progress;
}

void ofz_cli_progress_deinit(ofz_cli_progress *progress)
{
    ofz_cli_progress_clear(progress);
    progress->cli->progress = NULL;
}

void ofz_cli_progress_clear(ofz_cli_progress *progress)
{
    if (!progress->drawn) return;
    fputs("\r\033[K", stderr);
    progress->drawn = 0;
}

static void bar_put(const ofz_cli *cli, int width, double share)
{
    const int full = (int)(share * width);

    if (cli->err_colour) fputs("\033[36m", stderr);
    for (int i = 0; i < full; i++) fputs(cli->err_utf8 ? "\u2501" : "#", stderr);
    if (cli->err_colour) fputs("\033[90m", stderr);
    for (int i = full; i < width; i++)
        fputs(cli->err_utf8 ? (cli->err_colour ? "\u2501" : "\u2500") : "-", stderr);
    if (cli->err_colour) fputs("\033[0m", stderr);
}

static void bar_draw(ofz_cli_progress *p, const ofz_event *e, double now)
{
    const double elapsed = now - p->start;
    const double done    = (double)(e->step - p->first_step);
    const double share   = e->total_steps ? (double)e->step / (double)e->total_steps : 0;
    const double left    = done > 0 ? elapsed / done * (double)(e->total_steps - e->step) : 0;
    const int    width   = ofz_cli_width(stderr);
    char         head[64], tail[LINE_SIZE], time[OFZ_TEXT_NUMBER];
    int          room;

    snprintf(head, sizeof head, "epoch %d/%d ", e->epoch, e->epochs);
    snprintf(tail, sizeof tail, " %3.0f %%  loss %-8.4g  %.0f samples/s  %s left", 100 * share,
             e->loss, elapsed > 0 ? (double)p->samples / elapsed : 0,
             ofz_cli_text_time(time, left));
    room = width - 1 - (int)strlen(head) - (int)strlen(tail); /* the last column would wrap */
    if (room < BAR_LEAST) {
        snprintf(tail, sizeof tail, " %3.0f %%  %s left", 100 * share, time);
        room = width - 1 - (int)strlen(head) - (int)strlen(tail);
    }
    fputs("\r\033[K", stderr);
    if (room < 0) return;
    fputs(head, stderr);
    if (room >= BAR_LEAST) bar_put(p->cli, room < BAR_MOST ? room : BAR_MOST, share);
    fputs(tail, stderr);
    fflush(stderr);
    p->drawn = 1;
    p->last  = now;
}

static void epoch_say(ofz_cli_progress *p, const ofz_event *e)
{
    char   line[LINE_SIZE];
    size_t at = 0;

#define ADD(...)                                                                                   \
    at += (size_t)snprintf(line + at, at < sizeof line ? sizeof line - at : 0, __VA_ARGS__)
    ADD("epoch %*d/%d  loss %.5f",
        e->epochs > 99  ? 3
        : e->epochs > 9 ? 2
                        : 1,
        e->epoch, e->epochs, e->loss);
    if (e->val) ADD("  val %.5f", e->val->loss);
    if (e->val && e->val->class_count > 0)
        ADD("  acc %6.2f %%  f1 %.4f", 100 * e->val->accuracy, e->val->f1);
    else if (e->val)
        ADD("  mean |e| %.5g", e->val->mean_abs_error);
    ADD("  %.1f s%s", e->seconds, e->best && e->val ? "  best" : "");
#undef ADD
    ofz_cli_say(p->cli, "%s", line);
}

void ofz_cli_progress_event(ofz_cli_progress *p, const ofz_event *e)
{
    double now;

    switch (e->kind) {
    case OFZ_EVENT_START:
        p->start      = clock_seconds();
        p->first_step = e->step;
        break;
    case OFZ_EVENT_STEP:
        p->samples += e->sample_count;
        now = clock_seconds();
        if (p->cli->err_tty && !p->cli->quiet && (!p->drawn || now - p->last >= 0.1))
            bar_draw(p, e, now);
        break;
    case OFZ_EVENT_EPOCH:
        epoch_say(p, e);
        break;
    case OFZ_EVENT_STOP:
        ofz_cli_progress_clear(p);
        break;
    }
}
