/* transform.c - see transform.h. */
#include "ops/transform.h"

#include <stdlib.h>

#include "ops/move.h"

void ofz_transform_free(ofz_transform *t)
{
    ofz_fourier_free(t->f);
    free(t->block);
}

ofz_status ofz_transform_new(ofz_ctx *ctx, int64_t n, ofz_transform *t)
{
    ofz_status st;

    *t = (ofz_transform){ .n = n };
    OFZ_TRY(ofz_fourier_new(ctx, n, &t->f));
    st = ofz_scratch(ctx, 2 * n + ofz_fourier_room(t->f), sizeof(double), &t->block);
    if (st) {
        ofz_transform_free(t);
        return st;
    }
    t->re   = t->block;
    t->im   = t->re + n;
    t->room = t->im + n;
    return OFZ_OK;
}

/* Read `count` complex numbers from x, `step` apart; what the axis lacks is zero. The second half of
 * a onesided spectrum is the conjugate of the first. */
void ofz_line_load(const ofz_tensor *x, int64_t at, int64_t step, int64_t count, bool half,
                   ofz_transform *t)
{
    const int64_t parts = x->dim[x->rank - 1];

    for (int64_t i = 0; i < t->n; i++) {
        const bool    mirror = half && i > t->n / 2;
        const int64_t from   = mirror ? t->n - i : i;

        t->re[i] = t->im[i] = 0;
        if (from >= count) continue;
        t->re[i] = ofz_elem_f64(x->dtype, x->data, (at + from * step) * parts);
        if (parts == 2) t->im[i] = ofz_elem_f64(x->dtype, x->data, (at + from * step) * 2 + 1);
        if (mirror) t->im[i] = -t->im[i];
    }
}

void ofz_line_store(const ofz_transform *t, double scale, int64_t at, int64_t step, int64_t count,
                    ofz_tensor *y)
{
    const int64_t parts = y->dim[y->rank - 1];

    for (int64_t i = 0; i < count; i++) {
        ofz_elem_set_f64(y->dtype, y->data, (at + i * step) * parts, t->re[i] * scale);
        if (parts == 2)
            ofz_elem_set_f64(y->dtype, y->data, (at + i * step) * 2 + 1, t->im[i] * scale);
    }
}
