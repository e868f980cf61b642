/* ops_text.c - rows on text: joining, splitting, normalising, matching. Nothing here depends on a
 * locale. */
#include <stddef.h>
#include <string.h>

#include "base/casing.h"
#include "base/pattern.h"
#include "base/utf8.h"
#include "ops/lookup.h"
#include "ops/move.h"

static ofz_status want_text(ofz_infer_call *c, int k)
{
    const ofz_tensor *t = c->in[k];

    if (!t->dtype || t->dtype == OFZ_STRING) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want string", k, ofz_dtype_name(t->dtype));
}

/* --- StringConcat ----------------------------------------------------------------------------- */

static ofz_status concat_infer(ofz_infer_call *c)
{
    OFZ_TRY(want_text(c, 0));
    OFZ_TRY(want_text(c, 1));
    OFZ_TRY(ofz_infer_broadcast(c));
    if (c->out[0]) c->out[0]->dtype = OFZ_STRING;
    return OFZ_OK;
}

/* Where element i of the result reads, by strides of the broadcast input. */
static int64_t place_of(int64_t i, int rank, const int64_t *dim, const int64_t *stride)
{
    int64_t at = 0;

    for (int k = rank - 1; k >= 0; k--) {
        at += i % dim[k] * stride[k];
        i /= dim[k];
    }
    return at;
}

static ofz_status concat_eval(ofz_eval_call *c)
{
    const ofz_string *x = c->in[0]->data, *z = c->in[1]->data;
    ofz_tensor       *y   = c->out[0];
    ofz_string       *out = y->data;
    int64_t           xs[OFZ_MAX_RANK], zs[OFZ_MAX_RANK];
    ofz_arena         arena = { 0 };
    ofz_status        st    = OFZ_OK;

    ofz_broadcast_strides(c->in[0], y->rank, y->dim, xs);
    ofz_broadcast_strides(c->in[1], y->rank, y->dim, zs);
    for (int64_t i = 0; i < y->count; i++) {
        const ofz_string a = x[place_of(i, y->rank, y->dim, xs)];
        const ofz_string b = z[place_of(i, y->rank, y->dim, zs)];
        char            *text;

        if (arena.size > c->ctx->limits.tensor_size || a.size > SIZE_MAX / 4 ||
            b.size > SIZE_MAX / 4)
            OFZ_GOTO(ofz_fail(c->ctx, OFZ_E_LIMIT, "text: more than %zu bytes",
                              c->ctx->limits.tensor_size));
        text = ofz_arena_alloc(&arena, a.size + b.size + 1);
        if (!text) OFZ_GOTO(ofz_fail_nomem(c->ctx, "text", a.size + b.size));
        if (a.size) memcpy(text, a.text, a.size);
        if (b.size) memcpy(text + a.size, b.text, b.size);
        out[i] = (ofz_string){ text, a.size + b.size };
    }
    st = ofz_move_own(c->ctx, y);
done:
    ofz_arena_free(&arena);
    return st;
}

/* --- StringSplit ------------------------------------------------------------------------------ */

typedef struct split_attrs {
    ofz_string delimiter;
    int64_t    maxsplit;
} split_attrs;

/* Code point at `at`; bytes that are no UTF-8 stand for themselves. */
static bool space_at(ofz_string s, size_t at, size_t *next)
{
    uint32_t c = 0;

    *next = at;
    if (ofz_utf8_next(s.text, s.size, next, &c)) return ofz_utf8_space(c);
    *next = at + 1;
    return false;
}

static size_t spaces_skip(ofz_string s, size_t at)
{
    size_t next;

    while (at < s.size && space_at(s, at, &next)) at = next;
    return at;
}

/* The part of `s` from *at on, and *at behind its separator. false: there is none any more. */
static bool part_by_space(ofz_string s, bool last, size_t *at, ofz_string *out)
{
    const size_t from = spaces_skip(s, *at);
    size_t       to   = from, next;

    if (from >= s.size) return false;
    while (!last && to < s.size && !space_at(s, to, &next)) to = next;
    if (last) to = s.size;
    *out = (ofz_string){ s.text + from, to - from };
    *at  = to;
    return true;
}

/* *at one past the end means that the last part was taken. */
static bool part_by_text(ofz_string s, ofz_string delimiter, bool last, size_t *at, ofz_string *out)
{
    const char *found = NULL;

    if (*at > s.size) return false;
    if (!last && *at < s.size)
        found = memmem(s.text + *at, s.size - *at, delimiter.text, delimiter.size);
    if (!found) {
        *out = (ofz_string){ s.size ? s.text + *at : "", s.size - *at };
        *at  = s.size + 1;
        return true;
    }
    *out = (ofz_string){ s.text + *at, (size_t)(found - s.text) - *at };
    *at  = (size_t)(found - s.text) + delimiter.size;
    return true;
}

/* Parts of `s`; written to `out` unless that is NULL. */
static int64_t split(const split_attrs *a, ofz_string s, ofz_string *out)
{
    int64_t    n  = 0;
    size_t     at = 0;
    ofz_string part;

    for (;; n++) {
        const bool last = a->maxsplit >= 0 && n == a->maxsplit;
        const bool more = a->delimiter.size ? part_by_text(s, a->delimiter, last, &at, &part)
                                            : part_by_space(s, last, &at, &part);

        if (!more) return n;
        if (out) out[n] = part;
    }
}

static ofz_status split_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           dim[OFZ_MAX_RANK + 1];

    OFZ_TRY(want_text(c, 0));
    OFZ_TRY(ofz_infer_set(c, 1, OFZ_I64, x->rank, x->dim));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, OFZ_STRING);
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    dim[x->rank] = ofz_infer_fresh(c);
    return ofz_infer_set(c, 0, OFZ_STRING, x->rank + 1, dim);
}

static ofz_status split_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0];
    const ofz_string *s = x->data;
    int64_t           dim[OFZ_MAX_RANK + 1], widest = 0;
    ofz_string       *out;

    for (int64_t i = 0; i < x->count; i++) {
        const int64_t n = split(c->attrs, s[i], NULL);

        if (n > widest) widest = n;
        if (c->out_count > 1 && c->out[1]) ((int64_t *)c->out[1]->data)[i] = n;
    }
    if (!c->out[0]) return OFZ_OK;
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    dim[x->rank] = widest;
    OFZ_TRY(ofz_eval_output(c, 0, OFZ_STRING, x->rank + 1, dim));
    out = c->out[0]->data;
    for (int64_t i = 0; i < x->count; i++) split(c->attrs, s[i], out + i * widest);
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- StringNormalizer ------------------------------------------------------------------------- */

typedef struct normalizer_attrs {
    ofz_string  action;
    int64_t     case_sensitive;
    ofz_strings stopwords;
} normalizer_attrs;

static ofz_status action_get(ofz_ctx *ctx, const normalizer_attrs *a, ofz_casing *out)
{
    static const char *const name[] = { "NONE", "LOWER", "UPPER" };
    int                      k;

    OFZ_TRY(ofz_text_choose(ctx, "case_change_action", a->action, name, 3, &k));
    *out = k == 1 ? OFZ_CASING_LOWER : k == 2 ? OFZ_CASING_UPPER : OFZ_CASING_NONE;
    return OFZ_OK;
}

static ofz_status normalizer_infer(ofz_infer_call *c)
{
    const ofz_tensor *x      = c->in[0];
    int64_t           dim[2] = { 1, ofz_infer_fresh(c) };
    ofz_casing        casing;

    OFZ_TRY(want_text(c, 0));
    OFZ_TRY(action_get(c->ctx, c->attrs, &casing));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, OFZ_STRING);
    if (x->rank < 1 || x->rank > 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want 1 or 2", x->rank);
    if (x->rank == 2) OFZ_TRY(ofz_unify(c->ctx, "input 0, rows", 1, x->dim[0], &dim[0]));
    return ofz_infer_set(c, 0, OFZ_STRING, x->rank, dim + 2 - x->rank);
}

/* The words of x that are no stop words, into `kept`; returns how many. Both sides of a comparison are
 * in `fold`; what is kept is in `casing`. */
static ofz_status words_keep(ofz_eval_call *c, ofz_casing fold, ofz_casing casing, ofz_arena *arena,
                             ofz_string *kept, int64_t *count)
{
    const normalizer_attrs *a    = c->attrs;
    const ofz_string       *word = c->in[0]->data;
    const int64_t           n    = c->in[0]->count;
    ofz_tensor              stop = ofz_list_strings(a->stopwords), one = { .dtype = OFZ_STRING };
    ofz_lookup              stops = { 0 };
    ofz_status              st    = OFZ_OK;
    ofz_string             *folded;

    *count = 0;
    folded = OFZ_NEWS(arena, ofz_string, a->stopwords.count + 1);
    if (!folded) return ofz_fail_nomem(c->ctx, "stopwords", a->stopwords.count);
    for (size_t i = 0; i < a->stopwords.count; i++)
        OFZ_TRY(ofz_casing_apply(c->ctx, fold, a->stopwords.v[i], arena, &folded[i]));
    stop.data = folded;
    OFZ_TRY(ofz_lookup_init(c->ctx, &stops, &stop));
    for (int64_t i = 0; i < n; i++) {
        ofz_string text;

        if (stop.count) {
            OFZ_GOTO(ofz_casing_apply(c->ctx, fold, word[i], arena, &text));
            one.data = &text;
            if (ofz_lookup_find(&stops, &one, 0) >= 0) continue;
        }
        OFZ_GOTO(ofz_casing_apply(c->ctx, casing, word[i], arena, &kept[(*count)++]));
    }
done:
    ofz_lookup_free(&stops);
    return st;
}

static ofz_status normalizer_eval(ofz_eval_call *c)
{
    const normalizer_attrs *a      = c->attrs;
    const ofz_tensor       *x      = c->in[0];
    const ofz_casing        fold   = a->case_sensitive ? OFZ_CASING_NONE : OFZ_CASING_LOWER;
    ofz_arena               arena  = { 0 };
    int64_t                 dim[2] = { 1, 0 };
    ofz_status              st     = OFZ_OK;
    ofz_casing              casing;
    ofz_string             *kept;

    OFZ_TRY(action_get(c->ctx, a, &casing));
    kept = OFZ_NEWS(&arena, ofz_string, (size_t)x->count + 1);
    if (!kept) OFZ_GOTO(ofz_fail_nomem(c->ctx, "words", (size_t)x->count * sizeof *kept));
    OFZ_GOTO(words_keep(c, fold, casing, &arena, kept, &dim[1]));
    if (!dim[1]) dim[1] = 1; /* one empty text where nothing is left */
    OFZ_GOTO(ofz_eval_output(c, 0, OFZ_STRING, x->rank, dim + 2 - x->rank));
    memcpy(c->out[0]->data, kept, c->out[0]->size);
    st = ofz_move_own(c->ctx, c->out[0]);
done:
    ofz_arena_free(&arena);
    return st;
}

/* --- RegexFullMatch --------------------------------------------------------------------------- */

typedef struct regex_attrs {
    ofz_string pattern;
} regex_attrs;

static ofz_status regex_infer(ofz_infer_call *c)
{
    OFZ_TRY(want_text(c, 0));
    return ofz_infer_set(c, 0, OFZ_BOOL, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status regex_eval(ofz_eval_call *c)
{
    const ofz_tensor  *x  = c->in[0];
    const regex_attrs *a  = c->attrs;
    uint8_t           *y  = c->out[0]->data;
    ofz_status         st = OFZ_OK;
    ofz_pattern       *p;

    OFZ_TRY(ofz_pattern_new(c->ctx, a->pattern, &p));
    for (int64_t i = 0; i < x->count && !st; i++) {
        bool whole = false;

        st = ofz_pattern_match(c->ctx, p, ((const ofz_string *)x->data)[i], &whole);
        if (st) ofz_at(c->ctx, st, "element %" PRId64, i);
        y[i] = whole;
    }
    ofz_pattern_free(p);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def split_def[] = {
    { "delimiter", OFZ_ATTR_STRING, offsetof(split_attrs, delimiter) },
    { "maxsplit", OFZ_ATTR_INT, offsetof(split_attrs, maxsplit), .i = -1 },
    { 0 },
};

static const ofz_attr_def normalizer_def[] = {
    { "case_change_action", OFZ_ATTR_STRING, offsetof(normalizer_attrs, action), .s = "NONE" },
    { "is_case_sensitive", OFZ_ATTR_INT, offsetof(normalizer_attrs, case_sensitive) },
    { "locale", OFZ_ATTR_STRING, OFZ_ATTR_IGNORED },
    { "stopwords", OFZ_ATTR_STRINGS, offsetof(normalizer_attrs, stopwords) },
    { 0 },
};

static const ofz_attr_def regex_def[] = {
    { "pattern", OFZ_ATTR_STRING, offsetof(regex_attrs, pattern), .required = true },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define DYNAMIC (OFZ_OP_PURE | OFZ_OP_DYNAMIC)

static const ofz_op rows[] = {
    { "RegexFullMatch", 20, ONE, ONE, OFZ_OP_PURE, regex_def, sizeof(regex_attrs), regex_infer,
      regex_eval },
    { "StringConcat", 20, TWO, ONE, OFZ_OP_PURE, NULL, 0, concat_infer, concat_eval },
    { "StringNormalizer", 10, ONE, ONE, DYNAMIC, normalizer_def, sizeof(normalizer_attrs),
      normalizer_infer, normalizer_eval },
    { "StringSplit", 20, ONE, TWO, DYNAMIC, split_def, sizeof(split_attrs), split_infer,
      split_eval },
    { 0 },
};
OFZ_OP_TABLE(text, rows);
