/* nodelist.h - a model's nodes and what they cost, as table and JSON. */
#ifndef OFZ_NODELIST_H
#define OFZ_NODELIST_H

#include "options.h"

#include <jansson.h>

/* Count with the sizes given as NAME=N. OFZ_EXIT_OK, or an exit code with the error printed. */
int ofz_cli_nodes_count(ofz_cli *cli, const ofz_model *model, const ofz_cli_opt_pairs *dims,
                        ofz_costs **out);
/* One line for each node, and a last one with the sums. */
void ofz_cli_nodes_print(const ofz_cli *cli, const ofz_model *model, const ofz_costs *costs);
/* {"nodes": [{"name","op","domain","outputs","macs",...}], "macs",...}; null where unknown. */
json_t *ofz_cli_nodes_json(const ofz_model *model, const ofz_costs *costs);

#endif
