/* recurrent_body.h - activations and the forward pass, which recurrent.c compiles once per REAL. */

/* a[i] = f(a[i]), bounded by clip first where it is positive; slope (or NULL) the derivative. */
static void NAME(gate_apply)(const ofz_gate *f, double clip, int64_t n, REAL *a, REAL *slope)
{
    const REAL c = (REAL)clip, al = (REAL)f->alpha, be = (REAL)f->beta;

    for (int64_t i = 0; slope && i < n; i++) slope[i] = clip > 0 && ABS(a[i]) > c ? 0 : 1;
    if (clip > 0)
        for (int64_t i = 0; i < n; i++) a[i] = a[i] > c ? c : a[i] < -c ? -c : a[i];
#define CASE(kind, value, derivative)                                                              \
    case kind:                                                                                     \
        if (!slope) {                                                                              \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const REAL x = a[i];                                                               \
                a[i]         = (value);                                                            \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const REAL x = a[i], y = (value);                                                  \
                slope[i] *= (derivative);                                                          \
                a[i] = y;                                                                          \
            }                                                                                      \
        }                                                                                          \
        break
    switch (f->kind) {
        CASE(OFZ_GATE_TANH, TANH(x), 1 - y * y);
        CASE(OFZ_GATE_SIGMOID, SIGMOID(x), y * (1 - y));
        CASE(OFZ_GATE_RELU, x < 0 ? 0 : x, y > 0 ? 1 : 0);
        CASE(OFZ_GATE_AFFINE, al * x + be, y == y ? al : y);
        CASE(OFZ_GATE_LEAKY_RELU, x < 0 ? al * x : x, y == y && x > 0 ? 1 : al);
        CASE(OFZ_GATE_THRESHOLDED_RELU, x > al ? x : 0, y == y && x > al ? 1 : 0);
        CASE(OFZ_GATE_SCALED_TANH, al * TANH(be * x),
             (y == y) * al * be * (1 - TANH(be * x) * TANH(be * x)));
        CASE(OFZ_GATE_HARD_SIGMOID,
             al * x + be > 1   ? 1
             : al * x + be < 0 ? 0
                               : al * x + be,
             y > 0 && y < 1 ? al : 0);
        CASE(OFZ_GATE_ELU, x < 0 ? al * (EXP(x) - 1) : x, x < 0 ? y + al : 1);
        CASE(OFZ_GATE_SOFTSIGN, x / (1 + ABS(x)), (1 - ABS(y)) * (1 - ABS(y)));
        CASE(OFZ_GATE_SOFTPLUS, (x > 0 ? x : 0) + LOG1P(EXP(-ABS(x))), y == y ? SIGMOID(x) : y);
    }
#undef CASE
}

/* One direction: views into one block. Slot k of a kept array is step k's. */
typedef struct NAME(pass) {
    const ofz_recurrent *s;
    int                  d;
    bool                 keep;
    int64_t              N, H, GH;
    sizes                z;
    const REAL          *x, *w, *r, *b, *p; /* of this direction */
    REAL                *block;
    REAL                *xg;       /* [T N, G H]: x w^T and biases, rows as x has them */
    REAL                *a, *da;   /* [kept, N, G H]: gates and their slopes */
    REAL                *h, *c;    /* [states, N, H] */
    REAL                *q;        /* [kept, N, H], GRU: h r^T + rb, or reset * h */
    REAL                *hc, *dhc; /* [kept, N, H], LSTM: the third activation and its slope */
} NAME(pass);

static REAL *NAME(state)(const NAME(pass) * p, REAL *base, int64_t k)
{
    return base + (p->keep ? k : k & 1) * p->z.cells;
}

static int64_t NAME(slot)(const NAME(pass) * p, int64_t k)
{
    return p->keep ? k : 0;
}

/* c (with ldc) = a r[from..from + count)^T: a product of all sequences with rows of r. */
static ofz_status NAME(times_r)(ofz_ctx *ctx, const NAME(pass) * p, const REAL *h, int64_t from,
                                int64_t count, REAL *c, int64_t ldc)
{
    const ofz_gemm g = { .trans_b = true,
                         .m       = p->N,
                         .n       = count,
                         .k       = p->H,
                         .lda     = p->H,
                         .ldb     = p->H,
                         .ldc     = ldc,
                         .alpha   = 1 };

    return NAME(ofz_gemm)(ctx, &g, h, p->r + from * p->H, c);
}

/* x w^T + wb + rb. Where rb of a GRU's third gate is multiplied by the reset gate it is left out. */
static ofz_status NAME(inputs)(ofz_ctx *ctx, const NAME(pass) * p)
{
    const ofz_recurrent *s    = p->s;
    const int64_t        rows = s->steps * s->batch, GH = p->GH;
    const int64_t        both = s->cell == OFZ_CELL_GRU && s->linear_before_reset ? GH - p->H : GH;
    const ofz_gemm       g    = { .trans_b = true,
                                  .m       = rows,
                                  .n       = GH,
                                  .k       = s->in,
                                  .lda     = s->in,
                                  .ldb     = s->in,
                                  .ldc     = GH,
                                  .alpha   = 1,
                                  .beta    = p->b ? 1 : 0 };

    for (int64_t i = 0; p->b && i < rows; i++)
        for (int64_t j = 0; j < GH; j++)
            p->xg[i * GH + j] = p->b[j] + (j < both ? p->b[GH + j] : 0);
    return NAME(ofz_gemm)(ctx, &g, p->x, p->w, p->xg);
}

static void NAME(lstm_row)(const NAME(pass) * p, int64_t k, int64_t n, const REAL *xg)
{
    const ofz_gate *f = p->s->gate[p->d];
    const int64_t   H = p->H, at = NAME(slot)(p, k) * p->z.gates + n * p->GH;
    const int64_t   cell = NAME(slot)(p, k) * p->z.cells + n * H;
    const double    clip = p->s->clip;
    REAL           *i = p->a + at, *o = i + H, *fg = o + H, *g = fg + H;
    REAL           *di = p->keep ? p->da + at : NULL;
    const REAL     *c0 = NAME(state)(p, p->c, k) + n * H;
    REAL           *c1 = NAME(state)(p, p->c, k + 1) + n * H;
    REAL           *h1 = NAME(state)(p, p->h, k + 1) + n * H, *hc = p->hc + cell;

    for (int64_t j = 0; j < 4 * H; j++) i[j] += xg[j];
    for (int64_t j = 0; p->p && j < H; j++) {
        i[j] += p->p[j] * c0[j];
        fg[j] += p->p[2 * H + j] * c0[j];
    }
    NAME(gate_apply)(&f[0], clip, H, i, di);
    if (p->s->input_forget)
        for (int64_t j = 0; j < H; j++) fg[j] = 1 - i[j];
    else
        NAME(gate_apply)(&f[0], clip, H, fg, di ? di + 2 * H : NULL);
    NAME(gate_apply)(&f[1], clip, H, g, di ? di + 3 * H : NULL);
    for (int64_t j = 0; j < H; j++) {
        c1[j] = fg[j] * c0[j] + i[j] * g[j];
        hc[j] = c1[j];
        if (p->p) o[j] += p->p[H + j] * c1[j];
    }
    NAME(gate_apply)(&f[0], clip, H, o, di ? di + H : NULL);
    NAME(gate_apply)(&f[2], 0, H, hc, di ? p->dhc + cell : NULL);
    for (int64_t j = 0; j < H; j++) h1[j] = o[j] * hc[j];
}

static void NAME(rnn_row)(const NAME(pass) * p, int64_t k, int64_t n, const REAL *xg)
{
    const int64_t at = NAME(slot)(p, k) * p->z.gates + n * p->GH;
    REAL         *a = p->a + at, *h1 = NAME(state)(p, p->h, k + 1) + n * p->H;

    for (int64_t j = 0; j < p->H; j++) a[j] += xg[j];
    NAME(gate_apply)(&p->s->gate[p->d][0], p->s->clip, p->H, a, p->keep ? p->da + at : NULL);
    memcpy(h1, a, (size_t)p->H * sizeof *a);
}

/* Update and reset gates, and what the third gate's product needs. */
static void NAME(gru_first)(const NAME(pass) * p, int64_t k, int64_t n, const REAL *xg)
{
    const int64_t H = p->H, at = NAME(slot)(p, k) * p->z.gates + n * p->GH;
    REAL         *a = p->a + at, *q = p->q + NAME(slot)(p, k) * p->z.cells + n * H;
    const REAL   *h0 = NAME(state)(p, p->h, k) + n * H;

    for (int64_t j = 0; j < 2 * H; j++) a[j] += xg[j];
    NAME(gate_apply)(&p->s->gate[p->d][0], p->s->clip, 2 * H, a, p->keep ? p->da + at : NULL);
    if (!p->s->linear_before_reset)
        for (int64_t j = 0; j < H; j++) q[j] = a[H + j] * h0[j];
    else if (p->b)
        for (int64_t j = 0; j < H; j++) q[j] += p->b[5 * H + j];
}

static void NAME(gru_second)(const NAME(pass) * p, int64_t k, int64_t n, const REAL *xg)
{
    const int64_t H = p->H, at = NAME(slot)(p, k) * p->z.gates + n * p->GH;
    REAL         *z = p->a + at, *r = z + H, *g = r + H;
    const REAL   *q  = p->q + NAME(slot)(p, k) * p->z.cells + n * H;
    const REAL   *h0 = NAME(state)(p, p->h, k) + n * H;
    REAL         *h1 = NAME(state)(p, p->h, k + 1) + n * H;

    for (int64_t j = 0; j < H; j++)
        g[j] = xg[2 * H + j] + (p->s->linear_before_reset ? r[j] * q[j] : g[j]);
    NAME(gate_apply)(&p->s->gate[p->d][1], p->s->clip, H, g, p->keep ? p->da + at + 2 * H : NULL);
    for (int64_t j = 0; j < H; j++) h1[j] = (1 - z[j]) * g[j] + z[j] * h0[j];
}

/* row(p, k, n, inputs) for every sequence that has not ended. */
static void NAME(each_row)(ofz_ctx *ctx, const NAME(pass) * p, int64_t k,
                           void (*row)(const NAME(pass) *, int64_t, int64_t, const REAL *))
{
    OFZ_PARALLEL_FOR(ctx, 8 * p->z.gates)
    for (int64_t n = 0; n < p->N; n++) {
        const int64_t t = time_of(p->s, p->d, n, k);

        if (t >= 0) row(p, k, n, p->xg + row_x(p->s, n, t) * p->GH);
    }
}

static ofz_status NAME(step)(ofz_ctx *ctx, const NAME(pass) * p, int64_t k)
{
    const int64_t H = p->H, GH = p->GH;
    const REAL   *h0 = NAME(state)(p, p->h, k);
    REAL         *a  = p->a + NAME(slot)(p, k) * p->z.gates;
    REAL         *q  = p->q + NAME(slot)(p, k) * p->z.cells;

    if (p->s->cell != OFZ_CELL_GRU) {
        OFZ_TRY(NAME(times_r)(ctx, p, h0, 0, GH, a, GH));
        NAME(each_row)(ctx, p, k, p->s->cell == OFZ_CELL_RNN ? NAME(rnn_row) : NAME(lstm_row));
        return OFZ_OK;
    }
    OFZ_TRY(NAME(times_r)(ctx, p, h0, 0, 2 * H, a, GH));
    if (p->s->linear_before_reset) OFZ_TRY(NAME(times_r)(ctx, p, h0, 2 * H, H, q, H));
    NAME(each_row)(ctx, p, k, NAME(gru_first));
    if (!p->s->linear_before_reset) OFZ_TRY(NAME(times_r)(ctx, p, q, 2 * H, H, a + 2 * H, GH));
    NAME(each_row)(ctx, p, k, NAME(gru_second));
    return OFZ_OK;
}

/* States of ended sequences go on; the others' outputs go out. */
static void NAME(settle)(const NAME(pass) * p, int64_t k, REAL *y)
{
    const size_t size = (size_t)p->H * sizeof(REAL);

    for (int64_t n = 0; n < p->N; n++) {
        const int64_t t  = time_of(p->s, p->d, n, k);
        REAL         *h1 = NAME(state)(p, p->h, k + 1) + n * p->H;

        if (t < 0) {
            memcpy(h1, NAME(state)(p, p->h, k) + n * p->H, size);
            memcpy(NAME(state)(p, p->c, k + 1) + n * p->H, NAME(state)(p, p->c, k) + n * p->H,
                   size);
        } else if (y) {
            memcpy(y + row_y(p->s, p->d, n, t) * p->H, h1, size);
        }
    }
}

static void NAME(states_load)(const NAME(pass) * p, const REAL *from, REAL *to)
{
    for (int64_t n = 0; from && n < p->N; n++)
        memcpy(to + n * p->H, from + row_state(p->s, p->d, n) * p->H, (size_t)p->H * sizeof *to);
}

static void NAME(states_store)(const NAME(pass) * p, const REAL *from, REAL *to)
{
    for (int64_t n = 0; to && n < p->N; n++)
        memcpy(to + row_state(p->s, p->d, n) * p->H, from + n * p->H, (size_t)p->H * sizeof *to);
}

/* free(p->block) when done with it, also after a failure. */
static ofz_status NAME(pass_init)(ofz_ctx *ctx, const ofz_recurrent *s, const ofz_recurrent_data *m,
                                  int d, bool keep, NAME(pass) * p)
{
    const int64_t H = s->hidden, GH = gates_of(s) * H;
    const REAL   *w = m->w, *r = m->r, *b = m->b, *peep = m->p;
    REAL         *at;

    *p = (NAME(pass)){ .s = s, .d = d, .keep = keep, .N = s->batch, .H = H, .GH = GH, .x = m->x };
    OFZ_TRY(sizes_get(ctx, s, keep, &p->z));
    OFZ_TRY(block_new(ctx, p->z.total, sizeof(REAL), &p->block));
    p->w  = w + d * GH * s->in;
    p->r  = r + d * GH * H;
    p->b  = b ? b + d * 2 * GH : NULL;
    p->p  = peep ? peep + d * 3 * H : NULL;
    p->xg = at = p->block;
    p->a       = at += p->z.inputs;
    p->da      = at += p->z.kept * p->z.gates;
    p->h       = at += p->z.kept * p->z.gates;
    p->c       = at += p->z.states * p->z.cells;
    p->q       = at += p->z.states * p->z.cells;
    p->hc      = at += p->z.kept * p->z.cells;
    p->dhc     = at + p->z.kept * p->z.cells;
    return OFZ_OK;
}

static ofz_status NAME(pass_run)(ofz_ctx *ctx, const ofz_recurrent_data *m, const NAME(pass) * p,
                                 REAL *y)
{
    NAME(states_load)(p, m->h0, p->h);
    NAME(states_load)(p, m->c0, p->c);
    OFZ_TRY(NAME(inputs)(ctx, p));
    for (int64_t k = 0; k < p->s->steps; k++) {
        OFZ_TRY(NAME(step)(ctx, p, k));
        NAME(settle)(p, k, y);
    }
    return OFZ_OK;
}

ofz_status NAME(ofz_recurrent_forward)(ofz_ctx *ctx, const ofz_recurrent *s,
                                       const ofz_recurrent_data *m)
{
    if (s->length && m->y)
        memset(m->y, 0, (size_t)(s->steps * s->directions * s->batch * s->hidden) * sizeof(REAL));
    for (int d = 0; d < s->directions; d++) {
        NAME(pass) p;
        ofz_status st = NAME(pass_init)(ctx, s, m, d, false, &p);

        if (!st) st = NAME(pass_run)(ctx, m, &p, m->y);
        if (!st) {
            NAME(states_store)(&p, NAME(state)(&p, p.h, s->steps), m->yh);
            NAME(states_store)(&p, NAME(state)(&p, p.c, s->steps), m->yc);
        }
        free(p.block);
        if (st) return st;
    }
    return OFZ_OK;
}
