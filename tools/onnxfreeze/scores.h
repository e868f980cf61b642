/* scores.h - metrics as text and as JSON. */
#ifndef OFZ_SCORES_H
#define OFZ_SCORES_H

#include "cli.h"

#include <jansson.h>

/* {"samples","loss","accuracy",...,"per_class","confusion"}; null where there is no number. */
json_t *ofz_cli_scores_json(const ofz_metrics *metrics);
/* {"precision":[],"recall":[],"f1":[],"samples":[]}, or null. */
json_t *ofz_cli_scores_json_classes(const ofz_metrics *metrics);
json_t *ofz_cli_scores_json_confusion(const ofz_metrics *metrics);
/* Summary, table of classes and confusion matrix on stdout. */
void ofz_cli_scores_print(const ofz_cli *cli, const ofz_metrics *metrics);

/* A copy that outlives the event that delivered it; release with ofz_cli_scores_deinit. */
void ofz_cli_scores_copy(ofz_metrics *to, const ofz_metrics *from);
void ofz_cli_scores_deinit(ofz_metrics *metrics);

#endif
