/* op_text.h - the notation of op_harness.h, parsed. */
#ifndef OFZ_TESTS_OP_TEXT_H
#define OFZ_TESTS_OP_TEXT_H

#include "ir/graph.h"

/* At most `room` attributes into attr; everything lives in `arena` (tensors' buffers do not: see
 * op_text_attrs_release). -1 on a mistake. */
int  op_text_attrs(ofz_ctx *ctx, ofz_arena *arena, const char *text, ofz_attr *attr, int room);
void op_text_attrs_release(ofz_attr *attr, int count);

#endif
