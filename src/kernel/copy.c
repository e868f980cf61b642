/* copy.c - see copy.h. Boxes are first simplified (unit axes dropped, neighbours that advance
 * together merged), so that most movements end as a few long memcpys or as one plane. */
#include "kernel/copy.h"

#include <string.h>

#include "base/checked.h"

#include "base/threads.h"
/* Fewer elements than this are not worth waking a second thread for. */
#define TILE 32

void ofz_strides(int rank, const int64_t *dim, int64_t *stride)
{
    int64_t n = 1;

    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = n;
        if (!ofz_mul(n, dim[i], &n)) n = 0; /* of a tensor without elements */
    }
}

/* --- packed elements -------------------------------------------------------------------------- */

static uint8_t packed_get(int bits, const void *data, int64_t i)
{
    const int per = 8 / bits;

    return (uint8_t)(((const uint8_t *)data)[i / per] >> (i % per * bits) & ((1 << bits) - 1));
}

static void packed_set(int bits, void *data, int64_t i, uint8_t x)
{
    const int per   = 8 / bits;
    const int shift = (int)(i % per) * bits;
    uint8_t  *byte  = (uint8_t *)data + i / per;

    *byte = (uint8_t)((*byte & ~(((1 << bits) - 1) << shift)) | x << shift);
}

static void packed_run(int bits, const void *src, int64_t s, void *dst, int64_t d, int64_t n)
{
    const int per = 8 / bits;
    int64_t   i   = 0;

    if (s % per == 0 && d % per == 0) {
        i = n / per * per;
        if (i) memcpy((char *)dst + d / per, (const char *)src + s / per, (size_t)(i / per));
    }
    for (; i < n; i++) packed_set(bits, dst, d + i, packed_get(bits, src, s + i));
}

/* --- runs ------------------------------------------------------------------------------------- */

void ofz_copy_run(int bits, const void *src, int64_t src_at, void *dst, int64_t dst_at,
                  int64_t count)
{
    const int64_t width = bits / 8;

    if (count <= 0) return;
    if (bits < 8) {
        packed_run(bits, src, src_at, dst, dst_at, count);
        return;
    }
    memcpy((char *)dst + dst_at * width, (const char *)src + src_at * width,
           (size_t)(count * width));
}

/* A row: n elements of W bytes with strides; memcpy of a constant size compiles to one move and
 * asks for no alignment. */
#define ROW(W)                                                                                     \
    static void row_##W(int64_t n, const char *src, int64_t ss, char *dst, int64_t ds)             \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) memcpy(dst + i * ds * W, src + i * ss * W, W);             \
    }
ROW(1)
ROW(2)
ROW(4)
ROW(8)
ROW(16)

static void row_packed(int bits, int64_t n, const void *src, int64_t s, int64_t ss, void *dst,
                       int64_t d, int64_t ds)
{
    for (int64_t i = 0; i < n; i++)
        packed_set(bits, dst, d + i * ds, packed_get(bits, src, s + i * ss));
}

static void row_copy(int bits, int64_t n, const void *src, int64_t s, int64_t ss, void *dst,
                     int64_t d, int64_t ds)
{
    const int64_t width = bits / 8;
    const char   *from  = (const char *)src + s * width;
    char         *to    = (char *)dst + d * width;

    if (ss == 1 && ds == 1) {
        ofz_copy_run(bits, src, s, dst, d, n);
        return;
    }
    switch (bits) {
    case 8:
        row_1(n, from, ss, to, ds);
        break;
    case 16:
        row_2(n, from, ss, to, ds);
        break;
    case 32:
        row_4(n, from, ss, to, ds);
        break;
    case 64:
        row_8(n, from, ss, to, ds);
        break;
    case 128:
        row_16(n, from, ss, to, ds);
        break;
    default:
        row_packed(bits, n, src, s, ss, dst, d, ds);
        break;
    }
}

void ofz_copy_fill(int bits, const void *src, int64_t src_at, void *dst, int64_t dst_at,
                   int64_t count)
{
    row_copy(bits, count, src, src_at, 0, dst, dst_at, 1);
}

/* --- planes ----------------------------------------------------------------------------------- */

/* The two innermost axes of a simplified box. */
typedef struct plane {
    int64_t n0, n1, ss0, ss1, ds0, ds1;
} plane;

/* A transposed plane in square tiles: a tile's source and destination lines both stay in the cache.
 * */
#define TRANSPOSE(W)                                                                               \
    static void transpose_##W(const plane *p, const char *src, char *dst)                          \
    {                                                                                              \
        for (int64_t i = 0; i < p->n0; i += TILE)                                                  \
            for (int64_t j = 0; j < p->n1; j += TILE) {                                            \
                const int64_t i1 = i + TILE < p->n0 ? i + TILE : p->n0;                            \
                const int64_t j1 = j + TILE < p->n1 ? j + TILE : p->n1;                            \
                                                                                                   \
                for (int64_t a = i; a < i1; a++)                                                   \
                    for (int64_t b = j; b < j1; b++)                                               \
                        memcpy(dst + (a * p->ds0 + b) * W, src + (a + b * p->ss1) * W, W);         \
            }                                                                                      \
    }
TRANSPOSE(1)
TRANSPOSE(2)
TRANSPOSE(4)
TRANSPOSE(8)
TRANSPOSE(16)

static void plane_copy(const plane *p, int bits, const void *src, int64_t s, void *dst, int64_t d)
{
    const char *from = (const char *)src + s * (bits / 8);
    char       *to   = (char *)dst + d * (bits / 8);

    if (p->ss0 == 1 && p->ds1 == 1 && p->n0 > 1 && p->ss1 != 1 && bits >= 8) {
        switch (bits) {
        case 8:
            transpose_1(p, from, to);
            return;
        case 16:
            transpose_2(p, from, to);
            return;
        case 32:
            transpose_4(p, from, to);
            return;
        case 64:
            transpose_8(p, from, to);
            return;
        default:
            transpose_16(p, from, to);
            return;
        }
    }
    for (int64_t i = 0; i < p->n0; i++)
        row_copy(bits, p->n1, src, s + i * p->ss0, p->ss1, dst, d + i * p->ds0, p->ds1);
}

/* --- boxes ------------------------------------------------------------------------------------ */

static void box_swap(ofz_box *b, int i, int j)
{
    const int64_t n = b->dim[i], s = b->src_stride[i], d = b->dst_stride[i];

    b->dim[i]        = b->dim[j];
    b->src_stride[i] = b->src_stride[j];
    b->dst_stride[i] = b->dst_stride[j];
    b->dim[j]        = n;
    b->src_stride[j] = s;
    b->dst_stride[j] = d;
}

/* Drop unit axes, merge neighbours, and bring the axis that is contiguous in the source next to the
 * last, so that a transposition is seen as one. The order of the other axes is free: no two indices
 * share a destination. */
static void box_simplify(const ofz_box *in, ofz_box *b)
{
    b->rank   = 0;
    b->src_at = in->src_at;
    b->dst_at = in->dst_at;
    for (int i = 0; i < in->rank; i++) {
        const int     k = b->rank - 1;
        const int64_t n = in->dim[i], s = in->src_stride[i], d = in->dst_stride[i];

        if (n == 1) continue;
        if (k >= 0 && b->src_stride[k] == s * n && b->dst_stride[k] == d * n) {
            b->dim[k] *= n;
            b->src_stride[k] = s;
            b->dst_stride[k] = d;
            continue;
        }
        b->dim[k + 1]        = n;
        b->src_stride[k + 1] = s;
        b->dst_stride[k + 1] = d;
        b->rank++;
    }
    for (int i = 0; i < b->rank - 1;
         i++) /* the axis that is contiguous in the destination goes last */
        if (b->dst_stride[i] == 1 && b->dst_stride[b->rank - 1] != 1) box_swap(b, i, b->rank - 1);
    for (int i = 0; i < b->rank - 2; i++)
        if (b->src_stride[i] == 1 && b->src_stride[b->rank - 1] != 1) box_swap(b, i, b->rank - 2);
}

/* Planes [from, to) of a box, counted in row-major order of its outer axes. */
static void box_planes(const ofz_box *b, const plane *p, int outer, int64_t from, int64_t to,
                       int bits, const void *src, void *dst)
{
    int64_t index[OFZ_COPY_RANK], left = from, s = b->src_at, d = b->dst_at;

    for (int i = outer - 1; i >= 0; i--) {
        index[i] = left % b->dim[i];
        left /= b->dim[i];
        s += index[i] * b->src_stride[i];
        d += index[i] * b->dst_stride[i];
    }
    for (int64_t k = from; k < to; k++) {
        plane_copy(p, bits, src, s, dst, d);
        for (int i = outer - 1; i >= 0; i--) {
            s += b->src_stride[i];
            d += b->dst_stride[i];
            if (++index[i] < b->dim[i]) break;
            s -= b->dim[i] * b->src_stride[i];
            d -= b->dim[i] * b->dst_stride[i];
            index[i] = 0;
        }
    }
}

void ofz_copy_box(const ofz_box *box, int bits, const void *src, void *dst, int threads)
{
    ofz_box b;
    plane   p = { 1, 1, 0, 0, 0, 1 };
    int     outer;
    int64_t count = 1;

    for (int i = 0; i < box->rank; i++)
        if (box->dim[i] <= 0) return;
    box_simplify(box, &b);
    outer = b.rank > 2 ? b.rank - 2 : 0;
    if (b.rank > 0) {
        p.n1  = b.dim[b.rank - 1];
        p.ss1 = b.src_stride[b.rank - 1];
        p.ds1 = b.dst_stride[b.rank - 1];
    }
    if (b.rank > 1) {
        p.n0  = b.dim[b.rank - 2];
        p.ss0 = b.src_stride[b.rank - 2];
        p.ds0 = b.dst_stride[b.rank - 2];
    }
    for (int i = 0; i < outer; i++) count *= b.dim[i];
    if (bits < 8 || threads < 2 || count < 2 || count * p.n0 * p.n1 < OFZ_THREAD_WORK) {
        box_planes(&b, &p, outer, 0, count, bits, src, dst); /* packed neighbours share bytes */
        return;
    }
    if (threads > count) threads = (int)count;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < threads; t++)
        box_planes(&b, &p, outer, count / threads * t + (t < count % threads ? t : count % threads),
                   count / threads * (t + 1) + (t + 1 < count % threads ? t + 1 : count % threads),
                   bits, src, dst);
}

/* --- maps ------------------------------------------------------------------------------------- */

typedef struct mapping {
    int                   rank, bits;
    const int64_t        *dim, *stride;
    const int64_t *const *map;
    const void           *src, *fill;
    void                 *dst;
    int64_t               run_from, run_to; /* where the last map ascends by one */
    bool                  inside; /* the last map has no -1, and elements are whole bytes */
} mapping;

/* n elements by a table without -1. */
#define PICK(W)                                                                                    \
    static void pick_##W(int64_t n, const int64_t *map, int64_t stride, const char *src,           \
                         char *dst)                                                                \
    {                                                                                              \
        for (int64_t j = 0; j < n; j++) memcpy(dst + j * W, src + map[j] * stride * W, W);         \
    }
PICK(1)
PICK(2)
PICK(4)
PICK(8)
PICK(16)

static void map_pick(const mapping *m, int64_t base, int64_t at, int64_t n)
{
    const int64_t  width = m->bits / 8, stride = m->stride[m->rank - 1];
    const int64_t *map = m->map[m->rank - 1];
    const char    *src = (const char *)m->src + base * width;
    char          *dst = (char *)m->dst + at * width;

    switch (m->bits) {
    case 8:
        pick_1(n, map, stride, src, dst);
        break;
    case 16:
        pick_2(n, map, stride, src, dst);
        break;
    case 32:
        pick_4(n, map, stride, src, dst);
        break;
    case 64:
        pick_8(n, map, stride, src, dst);
        break;
    default:
        pick_16(n, map, stride, src, dst);
        break;
    }
}

/* One element at a time, outside the long run. */
static void map_elements(const mapping *m, int64_t base, int64_t at, int64_t from, int64_t to)
{
    const int64_t *map    = m->map[m->rank - 1];
    const int64_t  stride = m->stride[m->rank - 1];

    for (int64_t j = from; j < to; j++) {
        if (map[j] < 0)
            ofz_copy_run(m->bits, m->fill, 0, m->dst, at + j, 1);
        else
            ofz_copy_run(m->bits, m->src, base + map[j] * stride, m->dst, at + j, 1);
    }
}

/* A row whose source is that of the row before it, as when enlarging by whole numbers, is a copy of
 * it. */
static void map_rows(const mapping *m, int64_t from, int64_t to)
{
    const int     last     = m->rank - 1;
    const int64_t n        = m->dim[last];
    int64_t       previous = -1;

    for (int64_t row = from; row < to; row++) {
        int64_t left = row, base = 0;
        bool    out = false;

        for (int a = last - 1; a >= 0; a--) {
            const int64_t k = m->map[a][left % m->dim[a]];

            left /= m->dim[a];
            if (k < 0)
                out = true;
            else
                base += k * m->stride[a];
        }
        if (out) {
            ofz_copy_fill(m->bits, m->fill, 0, m->dst, row * n, n);
            previous = -1;
            continue;
        }
        if (base == previous) {
            ofz_copy_run(m->bits, m->dst, (row - 1) * n, m->dst, row * n, n);
            continue;
        }
        previous = base;
        if (m->inside && m->run_to - m->run_from < n / 2) {
            map_pick(m, base, row * n, n);
            continue;
        }
        map_elements(m, base, row * n, 0, m->run_from);
        if (m->run_to > m->run_from)
            row_copy(m->bits, m->run_to - m->run_from, m->src,
                     base + m->map[last][m->run_from] * m->stride[last], m->stride[last], m->dst,
                     row * n + m->run_from, 1);
        map_elements(m, base, row * n, m->run_to, n);
    }
}

/* The longest stretch of the innermost map that ascends by one, and whether it stays inside. */
static void map_survey(mapping *m)
{
    const int64_t *map  = m->map[m->rank - 1];
    const int64_t  n    = m->dim[m->rank - 1];
    int64_t        from = 0;

    m->run_from = m->run_to = 0;
    m->inside               = m->bits >= 8;
    for (int64_t j = 0; j < n; j++)
        if (map[j] < 0) m->inside = false;
    for (int64_t j = 1; j <= n; j++) {
        if (j < n && map[j] == map[j - 1] + 1 && map[j - 1] >= 0) continue;
        if (map[from] >= 0 && j - from > m->run_to - m->run_from) {
            m->run_from = from;
            m->run_to   = j;
        }
        from = j;
    }
}

void ofz_copy_map(int rank, const int64_t *dim, const int64_t *const *map,
                  const int64_t *src_stride, int bits, const void *src, const void *fill, void *dst,
                  int threads)
{
    mapping m    = { rank, bits, dim, src_stride, map, src, fill, dst, 0, 0 };
    int64_t rows = 1;

    if (!rank) {
        ofz_copy_run(bits, src, 0, dst, 0, 1);
        return;
    }
    for (int a = 0; a < rank; a++)
        if (dim[a] <= 0) return;
    for (int a = 0; a < rank - 1; a++) rows *= dim[a];
    map_survey(&m);
    if (bits < 8 || threads < 2 || rows < 2 || rows * dim[rank - 1] < OFZ_THREAD_WORK) {
        map_rows(&m, 0, rows);
        return;
    }
    if (threads > rows) threads = (int)rows;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < threads; t++)
        map_rows(&m, rows / threads * t + (t < rows % threads ? t : rows % threads),
                 rows / threads * (t + 1) + (t + 1 < rows % threads ? t + 1 : rows % threads));
}
