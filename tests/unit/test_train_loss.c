/* test_train_loss.c - where the classes stand, what the loss reads, how targets are fed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/loss.h"

enum { BATCH = -1 }; /* in the tables: a symbol */

typedef struct head_case {
    const char *name;
    ofz_loss    loss;
    int         opset;
    const char *last;      /* operator that makes the output; NULL: it is the graph's input */
    int         last_axis; /* its axis attribute; 99: none */
    int         rank;
    int64_t     out[4];
    ofz_dtype   target_dtype;
    int         target_rank;
    int64_t     target[4];
    int         axis;  /* wanted; cross-entropy only */
    bool        strip; /* the loss reads what feeds `last` */
    const char *fed;   /* shape of the target as it is fed, a batch of 7 */
    const char *error; /* part of the text of the failure that is wanted */
} head_case;

static const head_case CASES[] = {
    { "classes", OFZ_LOSS_CE, 13, NULL, 99, 2, { BATCH, 10 }, OFZ_I64, 1, { 7 }, 1, false, "[7]" },
    { "softmax",
      OFZ_LOSS_CE,
      13,
      "Softmax",
      -1,
      2,
      { BATCH, 10 },
      OFZ_I32,
      1,
      { 7 },
      1,
      true,
      "[7]" },
    { "old softmax",
      OFZ_LOSS_CE,
      11,
      "LogSoftmax",
      99,
      2,
      { BATCH, 10 },
      OFZ_U8,
      1,
      { 7 },
      1,
      true,
      "[7]" },
    { "old softmax over two axes",
      OFZ_LOSS_CE,
      11,
      "Softmax",
      1,
      3,
      { BATCH, 10, 5 },
      OFZ_I64,
      2,
      { 7, 5 },
      1,
      false,
      "[7, 5]" },
    { "old softmax before a pooled map",
      OFZ_LOSS_CE,
      11,
      "Softmax",
      1,
      4,
      { BATCH, 10, 1, 1 },
      OFZ_I64,
      1,
      { 7 },
      1,
      true,
      "[7, 1, 1]" },
    { "column of labels",
      OFZ_LOSS_CE,
      13,
      NULL,
      99,
      2,
      { BATCH, 3 },
      OFZ_I64,
      2,
      { 7, 1 },
      1,
      false,
      "[7]" },
    { "picture",
      OFZ_LOSS_CE,
      13,
      NULL,
      99,
      4,
      { BATCH, 4, 5, 6 },
      OFZ_I64,
      3,
      { 7, 5, 6 },
      1,
      false,
      "[7, 5, 6]" },
    { "tokens, classes last",
      OFZ_LOSS_CE,
      13,
      NULL,
      99,
      3,
      { BATCH, 5, 9 },
      OFZ_I64,
      2,
      { 7, 5 },
      2,
      false,
      "[7, 5]" },
    { "softmax decides between two axes that fit",
      OFZ_LOSS_CE,
      13,
      "Softmax",
      2,
      3,
      { BATCH, 5, 5 },
      OFZ_I64,
      2,
      { 7, 5 },
      2,
      true,
      "[7, 5]" },
    { "softmax over the wrong axis stays",
      OFZ_LOSS_CE,
      13,
      "Softmax",
      1,
      3,
      { BATCH, 5, 9 },
      OFZ_I64,
      2,
      { 7, 5 },
      2,
      false,
      "[7, 5]" },
    { "probabilities",
      OFZ_LOSS_CE,
      13,
      "Softmax",
      1,
      2,
      { BATCH, 3 },
      OFZ_F32,
      2,
      { 7, 3 },
      1,
      true,
      "[7, 3]" },
    { "unknown sizes",
      OFZ_LOSS_CE,
      13,
      NULL,
      99,
      2,
      { BATCH, BATCH },
      OFZ_I64,
      1,
      { 7 },
      1,
      false,
      "[7]" },
    { "too many labels",
      OFZ_LOSS_CE,
      13,
      NULL,
      99,
      2,
      { BATCH, 3 },
      OFZ_I64,
      2,
      { 7, 4 },
      .error = "array 'labels': shape [7, 4], want a class for each position" },
    { "logits",
      OFZ_LOSS_BCE,
      13,
      NULL,
      99,
      2,
      { BATCH, 1 },
      OFZ_F32,
      1,
      { 7 },
      0,
      false,
      "[7, 1]" },
    { "sigmoid",
      OFZ_LOSS_BCE,
      13,
      "Sigmoid",
      99,
      2,
      { BATCH, 4 },
      OFZ_F32,
      2,
      { 7, 4 },
      0,
      true,
      "[7, 4]" },
    { "numbers",
      OFZ_LOSS_MSE,
      13,
      "Sigmoid",
      99,
      1,
      { BATCH },
      OFZ_F32,
      2,
      { 7, 1 },
      0,
      false,
      "[7]" },
    { "numbers that do not fit",
      OFZ_LOSS_L1,
      13,
      NULL,
      99,
      2,
      { BATCH, 2 },
      OFZ_F32,
      2,
      { 7, 3 },
      .error = "array 'labels': shape [7, 3], want an element for each of output" },
};

static void dims_copy(ofz_graph *g, int64_t *to, const int64_t *from, int rank)
{
    for (int i = 0; i < rank; i++) to[i] = from[i] < 0 ? ofz_symbol_block(g, 1) : from[i];
}

typedef struct small {
    ofz_arena   arena;
    ofz_symbols symbol;
    ofz_opset   opset;
    ofz_attr    axis;
    ofz_graph  *g;
    ofz_value  *x, *y; /* input, and what the case's `last` makes of it */
} small;

static void small_make(ofz_ctx *ctx, const head_case *c, small *s)
{
    int64_t       dim[4];
    ofz_node_spec spec = { .op_type    = c->last,
                           .in_count   = 1,
                           .out_count  = 1,
                           .attr_count = c->last_axis != 99,
                           .in         = &s->x,
                           .out        = &s->y,
                           .attr       = &s->axis };

    *s = (small){ .opset = { "", c->opset },
                  .axis  = { .name = "axis", .type = OFZ_ATTR_INT, .u.i = c->last_axis } };
    assert_int_equal(ofz_graph_new(ctx, &s->arena, NULL, &s->symbol, &s->g), OFZ_OK);
    s->g->opset       = &s->opset;
    s->g->opset_count = 1;
    assert_int_equal(ofz_value_new(ctx, s->g, "x", &s->x), OFZ_OK);
    dims_copy(s->g, dim, c->out, c->rank);
    assert_int_equal(ofz_tensor_set(ctx, &s->x->type, OFZ_F32, c->rank, dim), OFZ_OK);
    s->x->is_input = true;
    s->y           = s->x;
    if (!c->last) return;
    assert_int_equal(ofz_value_new(ctx, s->g, "y", &s->y), OFZ_OK);
    s->y->type = s->x->type;
    assert_int_equal(ofz_node_add(ctx, s->g, &spec, NULL), OFZ_OK);
}

static void small_release(small *s)
{
    ofz_graph_deinit(s->g);
    ofz_symbols_free(&s->symbol);
    ofz_arena_free(&s->arena);
}

/* 1 when the head is not the one that is wanted, and then it says how. */
static int head_differs(ofz_ctx *ctx, const head_case *c, const small *s, const ofz_head *head,
                        ofz_dtype dtype)
{
    ofz_tensor batch, view;
    char       text[64];
    int        bad;

    assert_int_equal(ofz_tensor_new(ctx, &batch, dtype, c->target_rank, c->target), OFZ_OK);
    assert_int_equal(ofz_head_view(ctx, head, &batch, &view), OFZ_OK);
    ofz_shape_text(text, sizeof text, view.rank, view.dim);
    bad = (c->loss == OFZ_LOSS_CE && head->axis != c->axis) ||
          head->scores != (c->strip ? s->x : s->y) || strcmp(text, c->fed) != 0 ||
          view.count != batch.count || !head->target->is_input;
    if (bad)
        print_error("%s: axis %d, reads %s, fed %s\n", c->name, head->axis, head->scores->name,
                    text);
    ofz_tensor_release(&batch);
    return bad;
}

static int case_run(const head_case *c)
{
    ofz_ctx    *ctx    = ofz_ctx_new();
    ofz_tensor  target = { 0 };
    ofz_dataset ds     = { .target = { .name = "labels", .array = &target } };
    ofz_head    head;
    small       s;
    ofz_status  st;
    int         bad;

    small_make(ctx, c, &s);
    assert_int_equal(ofz_tensor_new(ctx, &target, c->target_dtype, c->target_rank, c->target),
                     OFZ_OK);
    ds.target.dtype = ofz_dtype_is_float(c->target_dtype) ? OFZ_F32 : OFZ_I64;
    st              = ofz_loss_append(ctx, s.g, &ds, c->loss, s.y, &head);
    if (c->error)
        bad = !st || !strstr(ofz_error(ctx), c->error);
    else
        bad = st || head_differs(ctx, c, &s, &head, ds.target.dtype);
    if (bad) print_error("%s: status %d: %s\n", c->name, (int)st, ofz_error(ctx));
    ofz_tensor_release(&target);
    small_release(&s);
    ofz_ctx_free(ctx);
    return bad;
}

static void heads_are_found(void **state)
{
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) bad += case_run(&CASES[i]);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
