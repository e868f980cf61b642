/* ref_pool.c - pooling kernels, for float and double. */
#include "kernel/pool.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"

/* The kernel positions [first, last) of the window at output o that touch the input, and its
 * origin; `counted` of them lie within the padded input. */
typedef struct reach {
    int64_t origin, first, last, counted;
} reach;

static reach reach_of(const ofz_pool *s, int axis, int64_t o)
{
    const int64_t d = s->dilation[axis], n = s->in[axis], k = s->kernel[axis];
    const int64_t origin = o * s->stride[axis] - s->pad[axis];
    const int64_t stop   = n + s->pad_end[axis];
    reach         r      = { .origin = origin };

    if (d == 1) { /* nearly always, and divisions are what costs here */
        r.first   = origin < 0 ? -origin : 0;
        r.last    = origin >= n ? 0 : n - origin;
        r.counted = origin >= stop ? 0 : stop - origin;
    } else {
        r.first   = origin < 0 ? (-origin + d - 1) / d : 0;
        r.last    = origin >= n ? 0 : (n - 1 - origin) / d + 1;
        r.counted = origin >= stop ? 0 : (stop - 1 - origin) / d + 1;
    }
    if (r.first > k) r.first = k;
    if (r.last > k) r.last = k;
    if (r.counted > k) r.counted = k;
    if (r.last < r.first) r.last = r.first;
    return r;
}

typedef struct window {
    int64_t at[3]; /* the output that it belongs to */
    reach   r[3];
    int64_t d[3];
    double  size; /* what a mean divides by; may be 0. Three hostile kernels overflow an int64_t */
} window;

static void window_place(const ofz_pool *s, window *w, int axis)
{
    w->r[axis] = reach_of(s, axis, w->at[axis]);
    w->size    = 1;
    for (int i = 0; i < 3; i++)
        w->size *= (double)(s->count_pad ? w->r[i].counted : w->r[i].last - w->r[i].first);
}

static window window_first(const ofz_pool *s)
{
    window w = { .d = { s->dilation[0], s->dilation[1], s->dilation[2] } };

    for (int i = 0; i < 3; i++) window_place(s, &w, i);
    return w;
}

/* The window of the next output in memory order. */
static void window_next(const ofz_pool *s, window *w)
{
    int axis = 2;

    while (axis > 0 && w->at[axis] + 1 == s->out[axis]) {
        w->at[axis] = 0;
        window_place(s, w, axis--);
    }
    w->at[axis]++;
    window_place(s, w, axis);
}

/* Walk the elements of window w of a plane: `i` is the flat index within the plane. */
#define FOR_WINDOW(s, w, i)                                                                        \
    for (int64_t kd = (w).r[0].first; kd < (w).r[0].last; kd++)                                    \
        for (int64_t kh = (w).r[1].first; kh < (w).r[1].last; kh++)                                \
            for (int64_t kw = (w).r[2].first,                                                      \
                         i  = ((((w).r[0].origin + kd * (w).d[0]) * (s)->in[1] + (w).r[1].origin + \
                               kh * (w).d[1]) *                                                   \
                                  (s)->in[2] +                                                    \
                              (w).r[2].origin + kw * (w).d[2]);                                   \
                 kw < (w).r[2].last; kw++, i += (w).d[2])

static int64_t volume(const int64_t d[3])
{
    return d[0] * d[1] * d[2];
}

static int64_t work_of(const ofz_pool *s)
{
    int64_t work = s->planes;

    for (int i = 0; i < 3; i++)
        if (!ofz_mul(work, s->out[i], &work) || !ofz_mul(work, s->kernel[i], &work))
            return INT64_MAX;
    return work;
}

/* Flat index i of a plane with the first axis running fastest. */
static int64_t column_major(const ofz_pool *s, int64_t i)
{
    const int64_t v = i % s->in[2], h = i / s->in[2] % s->in[1], d = i / s->in[2] / s->in[1];

    return (v * s->in[1] + h) * s->in[0] + d;
}

/* Widest input row of the quick maximum: its buffer lies on the stack. */
enum { QUICK_ROW = 1024 };

/* Two spatial axes without dilation, and every window touches the input. */
static bool quick_max(const ofz_pool *s)
{
    for (int i = 1; i < 3; i++)
        if (s->dilation[i] != 1 || s->pad[i] >= s->kernel[i] ||
            (s->out[i] - 1) * s->stride[i] - s->pad[i] >= s->in[i])
            return false;
    return s->in[0] == 1 && s->kernel[0] == 1 && s->out[0] == 1 && s->pad[0] == 0 &&
           s->in[2] <= QUICK_ROW;
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/ref_pool_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/ref_pool_body.h"
