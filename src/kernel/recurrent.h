/* recurrent.h - the recurrent layers of ONNX: simple, GRU and LSTM cells, one or two directions.
 *
 * With G = 1, 3 (z r h) or 4 (i o f c) gates, D directions, T steps, batch N, I inputs, H hidden:
 *   x [T, N, I], w [D, G H, I], r [D, G H, H], b [D, 2 G H] or NULL, h0 and c0 [D, N, H] or NULL
 *   (zeros), p [D, 3 H] (peepholes of i o f) or NULL; y [T, D, N, H], yh and yc [D, N, H], each NULL
 *   when nobody wants it. With batch_first: x [N, T, I], h0, c0, yh, yc [N, D, H], y [N, T, D, H].
 * All are float for _f32 and double for _f64. A sequence n ends after length[n] steps (0..T): behind
 * it y is 0 and the states stay; a reverse direction begins at its last step.
 *
 * clip > 0 bounds what goes into the gates' activations; the slope there is 1 up to and including
 * the bound, 0 beyond (torch.clamp). What goes into an LSTM's third activation is not bounded.
 * Matrix products as gemm.h has them, everything else in the type, sums of biases in double.
 * Errors: OFZ_E_NOMEM, OFZ_E_LIMIT.
 * Sources: ONNX Operators.md, RNN, GRU, LSTM; Hochreiter & Schmidhuber 1997; Cho et al. 2014. */
#ifndef OFZ_KERNEL_RECURRENT_H
#define OFZ_KERNEL_RECURRENT_H

#include "base/error.h"

typedef enum ofz_cell { OFZ_CELL_RNN, OFZ_CELL_GRU, OFZ_CELL_LSTM } ofz_cell;

typedef enum ofz_gate_kind {
    OFZ_GATE_TANH,
    OFZ_GATE_SIGMOID,
    OFZ_GATE_RELU,
    OFZ_GATE_AFFINE,           /* alpha x + beta */
    OFZ_GATE_LEAKY_RELU,       /* alpha x below 0; slope alpha at 0 */
    OFZ_GATE_THRESHOLDED_RELU, /* x above alpha, else 0 */
    OFZ_GATE_SCALED_TANH,      /* alpha tanh(beta x) */
    OFZ_GATE_HARD_SIGMOID,     /* alpha x + beta within [0, 1] */
    OFZ_GATE_ELU,              /* alpha (e^x - 1) below 0 */
    OFZ_GATE_SOFTSIGN,
    OFZ_GATE_SOFTPLUS
} ofz_gate_kind;

typedef struct ofz_gate {
    ofz_gate_kind kind;
    double        alpha, beta;
} ofz_gate;

typedef struct ofz_recurrent {
    ofz_cell       cell;
    int64_t        steps, batch, in, hidden;
    int            directions;
    bool           reverse[2];
    bool           batch_first, linear_before_reset, input_forget;
    double         clip;       /* 0: none */
    const int32_t *length;     /* [N], or NULL: all steps */
    ofz_gate       gate[2][3]; /* f g h of each direction */
} ofz_recurrent;

typedef struct ofz_recurrent_data {
    const void *x, *w, *r, *b, *h0, *c0, *p;
    void       *y, *yh, *yc;
} ofz_recurrent_data;

ofz_status ofz_recurrent_forward_f32(ofz_ctx *ctx, const ofz_recurrent *s,
                                     const ofz_recurrent_data *m) OFZ_MUST_USE;
ofz_status ofz_recurrent_forward_f64(ofz_ctx *ctx, const ofz_recurrent *s,
                                     const ofz_recurrent_data *m) OFZ_MUST_USE;

/* Gradients, of the same shapes; dy, dyh, dyc are NULL where none came, the others NULL where none
 * is wanted. */
typedef struct ofz_recurrent_slopes {
    const void *dy, *dyh, *dyc;
    void       *dx, *dw, *dr, *db, *dh0, *dc0, *dp;
} ofz_recurrent_slopes;

/* Runs the forward pass again (m's outputs are not written), keeps its gates, and goes back. */
ofz_status ofz_recurrent_grad_f32(ofz_ctx *ctx, const ofz_recurrent *s, const ofz_recurrent_data *m,
                                  const ofz_recurrent_slopes *d) OFZ_MUST_USE;
ofz_status ofz_recurrent_grad_f64(ofz_ctx *ctx, const ofz_recurrent *s, const ofz_recurrent_data *m,
                                  const ofz_recurrent_slopes *d) OFZ_MUST_USE;

#endif
