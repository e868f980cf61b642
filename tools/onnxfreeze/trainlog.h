/* trainlog.h - the log of a training run: JSON lines, one per step and one per epoch. */
#ifndef OFZ_TRAINLOG_H
#define OFZ_TRAINLOG_H

#include "cli.h"

typedef struct ofz_cli_trainlog {
    const char *path;
    FILE       *f;
    int         resumed;
    int         failed; /* errno of the first write that failed, or 0 */
} ofz_cli_trainlog;

/* Open `path` for appending without changing it. OFZ_EXIT_OK or an exit code, error printed. */
int ofz_cli_trainlog_open(ofz_cli_trainlog *log, ofz_cli *cli, const char *path, int resumed);
/* Write an event. At the start an old log is emptied, or, when the run was resumed, cut back to the
 * step that the checkpoint holds. Returns nonzero when the line could not be written. */
int ofz_cli_trainlog_event(ofz_cli_trainlog *log, const ofz_event *event);
/* Close; OFZ_EXIT_OK, or an exit code with the error printed. */
int ofz_cli_trainlog_close(ofz_cli_trainlog *log, ofz_cli *cli);

#endif
