/* progress.h - the bar on a terminal, or a line per epoch where there is none. */
#ifndef OFZ_PROGRESS_H
#define OFZ_PROGRESS_H

#include "cli.h"

typedef struct ofz_cli_progress {
    ofz_cli *cli;
    int      drawn;       /* the bar stands on the terminal's last line */
    double   start, last; /* seconds of the monotonic clock */
    uint64_t first_step;  /* steps done before this run */
    uint64_t samples;     /* since the start */
} ofz_cli_progress;

/* Follow a training run; draws through cli, which clears the bar before it talks. */
void ofz_cli_progress_init(ofz_cli_progress *progress, ofz_cli *cli);
void ofz_cli_progress_deinit(ofz_cli_progress *progress);
void ofz_cli_progress_event(ofz_cli_progress *progress, const ofz_event *event);
void ofz_cli_progress_clear(ofz_cli_progress *progress);

#endif
