/* ops_pool.c - a family of rows; see ops_pool's table at the end. */
#include "ops/op.h"

static const ofz_op rows[] = {
    { 0 },
};
OFZ_OP_TABLE(pool, rows);
