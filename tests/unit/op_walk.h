/* op_walk.h - one vector, walked through the element types that its version allows. */
#ifndef OFZ_TESTS_OP_WALK_H
#define OFZ_TESTS_OP_WALK_H

#include "op_harness.h"

/* For every type variable and every type that no vector of the program has had yet: give the inputs (and
 * where the variable is an output's alone, the attribute that chooses it) that type and run. What works is
 * noted as covered; where no element was rounded on the way in, the results must agree with the vector's
 * own up to the new type's rounding. Set OFZ_OP_WALK to see why a type did not work.
 * False, and lines on stderr, when results disagree. */
bool op_walk_types(const op_case *c);

#endif
