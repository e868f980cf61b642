/* error.c - see error.h. Never allocates, so it can report OFZ_E_NOMEM. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

ofz_ctx *ofz_ctx_new(void)
{
    ofz_ctx *ctx = calloc(1, sizeof *ctx);

    if (!ctx) return NULL;
    ctx->limits = (ofz_limits){
        .depth           = 100,
        .tensor_size     = (size_t)64 << 30,
        .structure_count = (size_t)20 << 20,
        .structure_size  = (size_t)1 << 30,
        .loop_count      = (int64_t)1 << 28,
        .inlined_count   = (size_t)2 << 20,
    };
    return ctx;
}

void ofz_ctx_free(ofz_ctx *ctx)
{
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

void ofz_ctx_set_tensor_limit(ofz_ctx *ctx, size_t size)
{
    ctx->limits.tensor_size = size;
}
