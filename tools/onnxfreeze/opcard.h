/* opcard.h - one version of an operator in full: inputs, outputs, types, attributes. */
#ifndef OFZ_OPCARD_H
#define OFZ_OPCARD_H

#include "cli.h"

/* A few lines on stdout. */
void ofz_cli_opcard_print(const ofz_op_info *op);
/* A row of a table in Markdown: version, formals, types. */
void ofz_cli_opcard_markdown(const ofz_op_info *op);

#endif
