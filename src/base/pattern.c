/* pattern.c - see pattern.h. */
#include "base/pattern.h"

#include <stdlib.h>

#ifdef OFZ_HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/checked.h"
#include "base/pattern_read.h"

enum {
    STATES_FIRST = 4096, /* numbers of work space; grown as a pattern needs */
    STATES_MOST  = 1 << 22,
    CALLS_MOST   = 1 << 26, /* matching within matching: one for each edge of a line */
    DEPTH_MOST   = 1000,
    MEMORY_MOST  = 256 << 10 /* KiB */
};

/* A byte of text costs at most the square of the states, and these follow the size of the code. */
static const size_t work_most = (size_t)1 << 42;

struct ofz_pattern {
    pcre2_code          *code;
    pcre2_match_data    *match;
    pcre2_match_context *limits;
    int                 *work;
    size_t               work_count;
    size_t               code_size;
};

void ofz_pattern_free(ofz_pattern *p)
{
    if (!p) return;
    pcre2_code_free(p->code);
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->limits);
    free(p->work);
    free(p);
}

static ofz_status compile(ofz_ctx *ctx, ofz_string text, pcre2_compile_context *how,
                          pcre2_code **out)
{
    const uint32_t flags =
        PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_POSSESS | PCRE2_NO_AUTO_CAPTURE;
    PCRE2_UCHAR8 message[120];
    PCRE2_SIZE   at;
    int          code;

    *out = pcre2_compile((PCRE2_SPTR8)text.text, text.size, flags, &code, &at, how);
    if (*out) return OFZ_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED) return ofz_fail_nomem(ctx, "pattern", text.size);
    pcre2_get_error_message(code, message, sizeof message);
    return ofz_fail(ctx, OFZ_E_MODEL, "pattern: %s", (const char *)message);
}

ofz_status ofz_pattern_new(ofz_ctx *ctx, ofz_string text, ofz_pattern **out)
{
    ofz_pattern           *p    = calloc(1, sizeof *p);
    pcre2_compile_context *how  = pcre2_compile_context_create(NULL);
    ofz_string             read = { 0 };
    char                  *own  = NULL;
    ofz_status             st   = OFZ_OK;

    if (!p || !how) OFZ_GOTO(ofz_fail_nomem(ctx, "pattern", sizeof *p));
    OFZ_GOTO(ofz_pattern_read(ctx, text, &own, &read.size));
    read.text = own;
    pcre2_set_newline(how, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(how, (uint32_t)ctx->limits.depth);
    OFZ_GOTO(compile(ctx, read, how, &p->code));
    p->work_count = STATES_FIRST;
    p->work       = malloc(p->work_count * sizeof *p->work);
    p->match      = pcre2_match_data_create(1, NULL);
    p->limits     = pcre2_match_context_create(NULL);
    if (!p->work || !p->match || !p->limits)
        OFZ_GOTO(ofz_fail_nomem(ctx, "pattern", p->work_count * sizeof *p->work));
    pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &p->code_size);
    pcre2_set_match_limit(p->limits, CALLS_MOST);
    pcre2_set_depth_limit(p->limits, DEPTH_MOST);
    pcre2_set_heap_limit(p->limits, MEMORY_MOST);
    *out = p;
    p    = NULL;
done:
    ofz_pattern_free(p);
    pcre2_compile_context_free(how);
    free(own);
    return st;
}

static ofz_status work_grow(ofz_ctx *ctx, ofz_pattern *p)
{
    const size_t count  = 4 * p->work_count;
    int         *bigger = count > STATES_MOST ? NULL : realloc(p->work, count * sizeof *bigger);

    if (count > STATES_MOST)
        return ofz_fail(ctx, OFZ_E_LIMIT, "pattern: more than %d states at once", STATES_MOST);
    if (!bigger) return ofz_fail_nomem(ctx, "pattern", count * sizeof *bigger);
    p->work       = bigger;
    p->work_count = count;
    return OFZ_OK;
}

/* The longest match comes first: the whole text matches when that one does. */
ofz_status ofz_pattern_match(ofz_ctx *ctx, ofz_pattern *p, ofz_string text, bool *out)
{
    PCRE2_UCHAR8 message[120];
    size_t       cost;
    int          rc;

    if (!ofz_mul_size(p->code_size, p->code_size, &cost) || !ofz_mul_size(cost, text.size, &cost) ||
        cost > work_most)
        return ofz_fail(ctx, OFZ_E_LIMIT, "pattern: a text of %zu bytes is too long for it",
                        text.size);
    do {
        rc = pcre2_dfa_match(p->code, (PCRE2_SPTR8)(text.size ? text.text : ""), text.size, 0,
                             PCRE2_ANCHORED, p->match, p->limits, p->work, p->work_count);
        if (rc == PCRE2_ERROR_DFA_WSSIZE) OFZ_TRY(work_grow(ctx, p));
    } while (rc == PCRE2_ERROR_DFA_WSSIZE);
    if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH) {
        *out = rc >= 0 && pcre2_get_ovector_pointer(p->match)[1] == text.size;
        return OFZ_OK;
    }
    if (rc == PCRE2_ERROR_NOMEMORY) return ofz_fail_nomem(ctx, "pattern", text.size);
    pcre2_get_error_message(rc, message, sizeof message);
    if (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21)
        return ofz_fail(ctx, OFZ_E_DATA, "text: byte %zu is not UTF-8",
                        (size_t)pcre2_get_startchar(p->match));
    return ofz_fail(ctx, OFZ_E_LIMIT, "pattern: %s", (const char *)message);
}

#else

ofz_status ofz_pattern_new(ofz_ctx *ctx, ofz_string text, ofz_pattern **out)
{
    (void)text;
    (void)out;
    ofz_fail(ctx, OFZ_E_UNSUPPORTED, "regular expressions: built without PCRE2");
    return ofz_fix(ctx, OFZ_E_UNSUPPORTED, "install libpcre2-dev and build again");
}

void ofz_pattern_free(ofz_pattern *p)
{
    free(p);
}

ofz_status ofz_pattern_match(ofz_ctx *ctx, ofz_pattern *p, ofz_string text, bool *out)
{
    (void)p;
    (void)text;
    (void)out;
    return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "regular expressions: built without PCRE2");
}

#endif
