/* ops_index.c - a family of rows; see ops_index's table at the end. */
#include "ops/op.h"

static const ofz_op rows[] = {
    { 0 },
};
OFZ_OP_TABLE(index, rows);
