/* error.h - how a failure travels: a code up the stack, a text in the ctx. */
#ifndef OFZ_BASE_ERROR_H
#define OFZ_BASE_ERROR_H

#include <inttypes.h>
#include <stdbool.h>

#include "onnxfreeze.h"

#define OFZ_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

typedef struct ofz_limits {
    int     depth;           /* nested messages, graphs, functions */
    size_t  tensor_size;     /* bytes of one tensor */
    size_t  structure_count; /* nodes, attributes, values, tensors of one file together */
    size_t  structure_size;  /* bytes of a file that are not tensor payload */
    int64_t loop_count;      /* iterations of one loop */
    size_t  inlined_count;   /* nodes of a graph after calls are replaced by bodies */
    size_t  memory_size;     /* bytes of all tensors that are held at once */
    int64_t work_count;      /* elements read, made and multiplied in one run */
} ofz_limits;

struct ofz_ctx {
    ofz_status        status;
    char              text[768];
    char              hint[256];
    ofz_log_fn       *log;
    void             *log_user;
    int               threads; /* 0: as many as the machine offers */
    bool              reference, follow_links;
    ofz_limits        limits;
    struct ofz_meter *meter; /* of the tensors made for this ctx */
};

/* Return early when `expr` fails and nothing needs releasing. */
#define OFZ_TRY(expr)                                                                              \
    do {                                                                                           \
        ofz_status try_st_ = (expr);                                                               \
        if (try_st_ != OFZ_OK) return try_st_;                                                     \
    } while (0)

/* Same, when something does: the function has `ofz_status st` and `done:`. */
#define OFZ_GOTO(expr)                                                                             \
    do {                                                                                           \
        st = (expr);                                                                               \
        if (st != OFZ_OK) goto done;                                                               \
    } while (0)

/* Record the failure where it is noticed; returns `st` for `return ofz_fail()`. Control characters
 * are replaced by '?': texts may quote names from hostile files. A macro, so that the compiler sees
 * that a failure is never OFZ_OK and does not suspect outputs behind it. */
#define ofz_fail(...) ofz_failed(ofz_fail_record(__VA_ARGS__))

ofz_status ofz_fail_record(ofz_ctx *ctx, ofz_status st, const char *fmt, ...) OFZ_PRINTF(3, 4);

static inline ofz_status ofz_failed(ofz_status st)
{
    return st != OFZ_OK ? st : OFZ_E_ARG;
}

/* Put "<where>: " before the recorded text, on the way up. Returns `st`. */
ofz_status ofz_at(ofz_ctx *ctx, ofz_status st, const char *fmt, ...) OFZ_PRINTF(3, 4);

/* Say what would mend the failure just recorded. Returns `st`. */
ofz_status ofz_fix(ofz_ctx *ctx, ofz_status st, const char *fmt, ...) OFZ_PRINTF(3, 4);

/* Out of memory while asking for `size` bytes for `what`. */
static inline ofz_status ofz_fail_nomem(ofz_ctx *ctx, const char *what, size_t size)
{
    return ofz_fail(ctx, OFZ_E_NOMEM, "%s: no memory for %zu bytes", what, size);
}

void ofz_log(ofz_ctx *ctx, ofz_log_level level, const char *fmt, ...) OFZ_PRINTF(3, 4);

#endif
