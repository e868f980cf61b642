/* error.c - see error.h. Never allocates, so it can report OFZ_E_NOMEM. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/meter.h"

/* A text is one line whatever it quotes; bytes above 0x7f stay, they may be UTF-8. */
static void text_tame(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f) *s = '?';
}

ofz_status ofz_fail_record(ofz_ctx *ctx, ofz_status st, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(ctx->text, sizeof ctx->text, fmt, ap);
    va_end(ap);
    text_tame(ctx->text);
    ctx->hint[0] = '\0';
    ctx->status  = st;
    return st;
}

ofz_status ofz_at(ofz_ctx *ctx, ofz_status st, const char *fmt, ...)
{
    char    where[256];
    char    whole[sizeof where + sizeof ctx->text + 3];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(where, sizeof where, fmt, ap);
    va_end(ap);
    text_tame(where);
    snprintf(whole, sizeof whole, "%s: %s", where, ctx->text);
    memcpy(ctx->text, whole, sizeof ctx->text - 1);
    ctx->text[sizeof ctx->text - 1] = '\0';
    return st;
}

ofz_status ofz_fix(ofz_ctx *ctx, ofz_status st, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(ctx->hint, sizeof ctx->hint, fmt, ap);
    va_end(ap);
    text_tame(ctx->hint);
    return st;
}

void ofz_log(ofz_ctx *ctx, ofz_log_level level, const char *fmt, ...)
{
    char    text[512];
    va_list ap;

    if (!ctx->log) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text_tame(text);
    ctx->log(ctx->log_user, level, text);
}

const char *ofz_error(const ofz_ctx *ctx)
{
    return ctx->text;
}

const char *ofz_error_hint(const ofz_ctx *ctx)
{
    return ctx->hint;
}

ofz_status ofz_error_status(const ofz_ctx *ctx)
{
    return ctx->status;
}

/* No default: -Werror=switch makes the compiler name the forgotten code. */
const char *ofz_status_name(ofz_status st)
{
    switch (st) {
    case OFZ_OK:
        return "ok";
    case OFZ_E_ARG:
        return "bad argument";
    case OFZ_E_NOMEM:
        return "out of memory";
    case OFZ_E_IO:
        return "i/o error";
    case OFZ_E_PARSE:
        return "malformed file";
    case OFZ_E_MODEL:
        return "invalid model";
    case OFZ_E_DATA:
        return "data does not fit";
    case OFZ_E_UNSUPPORTED:
        return "unsupported";
    case OFZ_E_LIMIT:
        return "limit exceeded";
    case OFZ_E_NUMERIC:
        return "numeric failure";
    case OFZ_E_CANCELLED:
        return "cancelled";
    case OFZ_E_DIFFERENT:
        return "different";
    }
    return "unknown status";
}

/* More than the machine has would only end in the kernel's killing somebody. */
static size_t memory_of_machine(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    size_t     whole;

    return pages > 0 && size > 0 && ofz_mul_size((size_t)pages, (size_t)size, &whole) ? whole
                                                                                      : SIZE_MAX;
}

ofz_ctx *ofz_ctx_new(void)
{
    ofz_ctx *ctx = calloc(1, sizeof *ctx);

    if (!ctx || !(ctx->meter = ofz_meter_new())) {
        free(ctx);
        return NULL;
    }
    ctx->limits = (ofz_limits){
        .depth           = 100,
        .tensor_size     = (size_t)64 << 30,
        .structure_count = (size_t)20 << 20,
        .structure_size  = (size_t)1 << 30,
        .loop_count      = (int64_t)1 << 28,
        .inlined_count   = (size_t)2 << 20,
        .memory_size     = memory_of_machine(),
        .work_count      = (int64_t)1 << 50,
    };
    return ctx;
}

void ofz_ctx_free(ofz_ctx *ctx)
{
    if (!ctx) return;
    ofz_meter_release(ctx->meter);
    free(ctx);
}

void ofz_ctx_set_log(ofz_ctx *ctx, ofz_log_fn *fn, void *user)
{
    ctx->log      = fn;
    ctx->log_user = user;
}

void ofz_ctx_set_threads(ofz_ctx *ctx, int threads)
{
    ctx->threads = threads > 0 ? threads : 0;
}

void ofz_ctx_set_reference(ofz_ctx *ctx, int reference)
{
    ctx->reference = reference != 0;
}

void ofz_ctx_set_follow_links(ofz_ctx *ctx, int follow)
{
    ctx->follow_links = follow != 0;
}

/* Limits by number: the largest value that each may take, since depths are walked on the stack. */
static const uint64_t limit_most[] = {
    [OFZ_LIMIT_DEPTH] = 1000,          [OFZ_LIMIT_TENSOR] = PTRDIFF_MAX,
    [OFZ_LIMIT_FIELDS] = PTRDIFF_MAX,  [OFZ_LIMIT_STRUCTURE] = PTRDIFF_MAX,
    [OFZ_LIMIT_INLINED] = PTRDIFF_MAX, [OFZ_LIMIT_LOOP] = INT64_MAX,
    [OFZ_LIMIT_MEMORY] = SIZE_MAX,     [OFZ_LIMIT_WORK] = INT64_MAX,
};

ofz_status ofz_ctx_set_limit(ofz_ctx *ctx, ofz_limit limit, uint64_t value)
{
    ofz_limits *l = &ctx->limits;

    if ((unsigned)limit > OFZ_LIMIT_WORK)
        return ofz_fail(ctx, OFZ_E_ARG, "limit %d: no such limit", (int)limit);
    if (value < 1 || value > limit_most[limit])
        return ofz_fail(ctx, OFZ_E_ARG, "limit: %" PRIu64 ", want 1 to %" PRIu64, value,
                        limit_most[limit]);
    switch (limit) {
    case OFZ_LIMIT_DEPTH:
        l->depth = (int)value;
        break;
    case OFZ_LIMIT_TENSOR:
        l->tensor_size = (size_t)value;
        break;
    case OFZ_LIMIT_FIELDS:
        l->structure_count = (size_t)value;
        break;
    case OFZ_LIMIT_STRUCTURE:
        l->structure_size = (size_t)value;
        break;
    case OFZ_LIMIT_INLINED:
        l->inlined_count = (size_t)value;
        break;
    case OFZ_LIMIT_LOOP:
        l->loop_count = (int64_t)value;
        break;
    case OFZ_LIMIT_MEMORY:
        l->memory_size = (size_t)value;
        break;
    case OFZ_LIMIT_WORK:
        l->work_count = (int64_t)value;
        break;
    }
    return OFZ_OK;
}

uint64_t ofz_ctx_get_limit(const ofz_ctx *ctx, ofz_limit limit)
{
    const ofz_limits *l = &ctx->limits;

    switch (limit) {
    case OFZ_LIMIT_DEPTH:
        return (uint64_t)l->depth;
    case OFZ_LIMIT_TENSOR:
        return l->tensor_size;
    case OFZ_LIMIT_FIELDS:
        return l->structure_count;
    case OFZ_LIMIT_STRUCTURE:
        return l->structure_size;
    case OFZ_LIMIT_INLINED:
        return l->inlined_count;
    case OFZ_LIMIT_LOOP:
        return (uint64_t)l->loop_count;
    case OFZ_LIMIT_MEMORY:
        return l->memory_size;
    case OFZ_LIMIT_WORK:
        return (uint64_t)l->work_count;
    }
    return 0;
}
