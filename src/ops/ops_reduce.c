/* ops_reduce.c - a family of rows; see ops_reduce's table at the end. */
#include "ops/op.h"

static const ofz_op rows[] = {
    { 0 },
};
OFZ_OP_TABLE(reduce, rows);
