/* ops_gradient.c - a family of rows; see ops_gradient's table at the end. */
#include "ops/op.h"

static const ofz_op rows[] = {
    { 0 },
};
OFZ_OP_TABLE(gradient, rows);
