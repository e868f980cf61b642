/* pattern_read.c - see pattern_read.h. One walk; everything that is not known to mean the same in both
 * languages is rewritten or refused. */
#include "base/pattern_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/utf8.h"

enum {
    GROWTH      = 24, /* bytes written for one that is read, at most */
    REPEAT_MOST = 1000
};

typedef struct reader {
    ofz_ctx    *ctx;
    const char *s;
    size_t      size, at;
    char       *out;
    size_t      n;
    bool        repeated; /* what was just read is a repetition */
    bool        lines;    /* ^ and $ are the edges of lines, not of the text: the flag m */
    bool       *around;   /* the flag outside of each open group */
    size_t      depth;
} reader;

static ofz_status refuse(const reader *r, size_t at, const char *what)
{
    return ofz_fail(r->ctx, OFZ_E_MODEL, "pattern: byte %zu: %s", at, what);
}

static void put(reader *r, const char *text, size_t size)
{
    memcpy(r->out + r->n, text, size);
    r->n += size;
}

static void put_text(reader *r, const char *text)
{
    put(r, text, strlen(text));
}

static void put_code(reader *r, uint32_t c)
{
    r->n += (size_t)snprintf(r->out + r->n, GROWTH, "\\x{%x}", (unsigned)c);
}

/* Byte `ahead` from here; 0 past the end. */
static char peek(const reader *r, size_t ahead)
{
    return ahead < r->size - r->at ? r->s[r->at + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* --- escapes ---------------------------------------------------------------------------------- */

/* \x41 and \x{41}. */
static ofz_status read_hex(reader *r)
{
    const size_t from   = r->at;
    const bool   braces = peek(r, 2) == '{';
    uint32_t     c      = 0;
    int          digits = 0;

    r->at += braces ? 3 : 2;
    for (; hex_value(peek(r, 0)) >= 0 && digits < (braces ? 8 : 2); digits++, r->at++)
        c = c * 16 + (uint32_t)hex_value(peek(r, 0));
    if (!digits || (braces ? peek(r, 0) != '}' : digits != 2) || !ofz_utf8_scalar(c))
        return refuse(r, from, "escape \\x, want two hexadecimal digits or a code point in braces");
    r->at += braces;
    put_code(r, c);
    return OFZ_OK;
}

/* \0, \12, \377: the first digit alone would be a reference to a group. */
static ofz_status read_octal(reader *r)
{
    const size_t from = r->at;
    uint32_t     c    = 0;

    if (peek(r, 1) != '0' && (peek(r, 1) > '7' || peek(r, 2) < '0' || peek(r, 2) > '7'))
        return refuse(r, from, "a backreference, which RE2 does not take");
    r->at++;
    for (int digits = 0; digits < 3 && peek(r, 0) >= '0' && peek(r, 0) <= '7'; digits++, r->at++)
        c = c * 8 + (uint32_t)(peek(r, 0) - '0');
    put_code(r, c);
    return OFZ_OK;
}

/* \pL, \p{Greek}, \p{^Lu}. */
static ofz_status read_property(reader *r)
{
    const char *end = peek(r, 2) == '{' ? memchr(r->s + r->at, '}', r->size - r->at) : NULL;
    size_t      n   = end ? (size_t)(end - (r->s + r->at)) + 1 : 3;

    if (!end && !is_letter(peek(r, 2)))
        return refuse(r, r->at, "escape \\p, want a letter or a name in braces");
    put(r, r->s + r->at, n);
    r->at += n;
    return OFZ_OK;
}

/* \Q...\E: everything between stands for itself. */
static void read_quoted(reader *r)
{
    for (r->at += 2; r->at < r->size && !(peek(r, 0) == '\\' && peek(r, 1) == 'E'); r->at++) {
        if ((unsigned char)peek(r, 0) < 0x80 && !is_letter(peek(r, 0)) && !is_digit(peek(r, 0)))
            put_text(r, "\\");
        put(r, r->s + r->at, 1);
    }
    r->at += r->at < r->size ? 2 : 0;
}

static ofz_status read_escape(reader *r, bool in_class)
{
    static const char same[] = "afnrtdDwW", outside[] = "AzbB";
    const char        c = peek(r, 1);

    if (r->at + 1 == r->size) return refuse(r, r->at, "a backslash at the end");
    if (c == 'x') return read_hex(r);
    if (is_digit(c)) return read_octal(r);
    if (c == 'p' || c == 'P') return read_property(r);
    if (c == 'Q') {
        read_quoted(r);
        return OFZ_OK;
    }
    if (c == 'v')
        put_code(r, 0x0b);
    else if (c == 's')
        put_text(r, in_class ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]");
    else if (c == 'S' && !in_class)
        put_text(r, "[^\\t\\n\\f\\r ]");
    else if (c == 'S')
        put_text(r, "\\S\\x{b}");
    else if ((unsigned char)c >= 0x80 ||
             (is_letter(c) && !strchr(same, c) && (in_class || !strchr(outside, c))))
        return refuse(r, r->at,
                      c == 'k' || c == 'g' ? "a backreference, which RE2 does not take"
                                           : "an escape that RE2 does not take");
    else
        put(r, r->s + r->at, 2);
    r->at += 2;
    return OFZ_OK;
}

/* --- classes ---------------------------------------------------------------------------------- */

/* [...], from the bracket to its end. */
static ofz_status read_class(reader *r)
{
    const size_t from = r->at;

    put_text(r, "[");
    r->at++;
    if (peek(r, 0) == '^' && r->at++ < r->size) put_text(r, "^");
    for (bool first = true; first || peek(r, 0) != ']'; first = false) {
        const char *end;

        if (r->at >= r->size) return refuse(r, from, "a class without an end");
        if (peek(r, 0) == '\\') {
            OFZ_TRY(read_escape(r, true));
            continue;
        }
        end = peek(r, 0) == '[' && peek(r, 1) == ':' && r->at + 2 < r->size
                  ? memmem(r->s + r->at + 2, r->size - r->at - 2, ":]", 2)
                  : NULL;
        if (end) { /* [:alpha:] */
            const size_t n = (size_t)(end - (r->s + r->at)) + 2;

            for (size_t i = 2; i < n - 2; i++)
                if (!is_letter(peek(r, i)) && !(i == 2 && peek(r, i) == '^'))
                    return refuse(r, r->at, "a class whose name is no word");
            put(r, r->s + r->at, n);
            r->at += n;
            continue;
        }
        if (peek(r, 0) == '[' || (first && peek(r, 0) == ']')) put_text(r, "\\");
        put(r, r->s + r->at++, 1);
    }
    put_text(r, "]");
    r->at++;
    return OFZ_OK;
}

/* --- groups ----------------------------------------------------------------------------------- */

static void group_open(reader *r)
{
    r->around[r->depth++] = r->lines;
}

/* One that was never opened is PCRE2's to find. */
static void group_close(reader *r)
{
    if (r->depth) r->lines = r->around[--r->depth];
}

/* (?flags) or (?flags:. */
static ofz_status read_flags(reader *r)
{
    size_t n     = 2;
    bool   lines = r->lines, on = true;

    for (; peek(r, n) == '-' || (peek(r, n) && strchr("imsU", peek(r, n))); n++) {
        if (peek(r, n) == '-') on = false;
        if (peek(r, n) == 'm') lines = on;
    }
    if (n == 2 || (peek(r, n) != ')' && peek(r, n) != ':'))
        return refuse(r, r->at, "a group that RE2 does not take");
    if (peek(r, n) == ':') group_open(r);
    r->lines = lines;
    put(r, r->s + r->at, n + 1);
    r->at += n + 1;
    return OFZ_OK;
}

static ofz_status read_group(reader *r)
{
    const char a = peek(r, 2), b = peek(r, 3);
    const bool named = a == '<' || (a == 'P' && b == '<');

    if (peek(r, 1) == '*') return refuse(r, r->at, "a verb, which RE2 does not take");
    if (peek(r, 1) != '?') {
        group_open(r);
        put(r, r->s + r->at++, 1);
        return OFZ_OK;
    }
    if (a == '=' || a == '!' || (a == '<' && (b == '=' || b == '!')))
        return refuse(r, r->at, "lookaround, which RE2 does not take");
    if (a == 'P' && b == '=') return refuse(r, r->at, "a backreference, which RE2 does not take");
    if (named) {
        const size_t n = a == 'P' ? 4 : 3;

        group_open(r);
        put(r, r->s + r->at, n);
        r->at += n;
        return OFZ_OK;
    }
    if (a == ':') {
        group_open(r);
        put(r, r->s + r->at, 3);
        r->at += 3;
        return OFZ_OK;
    }
    return read_flags(r);
}

/* --- repetitions ------------------------------------------------------------------------------ */

/* {n}, {n,} or {n,m} here: its bytes; 0 when the brace stands for itself. */
static size_t counted(const reader *r, int64_t count[2])
{
    size_t n = 1;

    count[0] = count[1] = 0;
    for (int k = 0; k < 2; k++) {
        const size_t from = n;

        for (; is_digit(peek(r, n)); n++)
            if (count[k] <= REPEAT_MOST) count[k] = count[k] * 10 + (peek(r, n) - '0');
        if (k == 0 && n == from) return 0;
        if (k == 1 && n == from) count[1] = -1;
        if (peek(r, n) == '}') {
            if (k == 0) count[1] = count[0];
            return n + 1;
        }
        if (k == 1 || peek(r, n) != ',') return 0;
        n++;
    }
    return 0;
}

static ofz_status read_repeat(reader *r, size_t n)
{
    if (r->repeated)
        return refuse(r, r->at, "a repetition of a repetition, which RE2 does not take");
    put(r, r->s + r->at, n);
    r->at += n;
    if (peek(r, 0) == '?') put(r, r->s + r->at++, 1); /* not greedy */
    r->repeated = true;
    return OFZ_OK;
}

static ofz_status read_brace(reader *r)
{
    int64_t      count[2];
    const size_t n = counted(r, count);

    if (!n) {
        put_text(r, "\\{");
        r->at++;
        r->repeated = false;
        return OFZ_OK;
    }
    if (count[0] > REPEAT_MOST || count[1] > REPEAT_MOST)
        return refuse(r, r->at, "a repetition of more than 1000 times");
    if (count[1] >= 0 && count[1] < count[0])
        return refuse(r, r->at, "a repetition whose most is below its least");
    return read_repeat(r, n);
}

static ofz_status read_one(reader *r)
{
    const char c = peek(r, 0);

    if (c == '*' || c == '+' || c == '?') return read_repeat(r, 1);
    if (c == '{') return read_brace(r);
    r->repeated = false;
    if (c == '\\') return read_escape(r, false);
    if (c == '[') return read_class(r);
    if (c == '(') return read_group(r);
    if (c == ')') group_close(r);
    if (c == '^' || c == '$') {
        put_text(r,
                 c == '^' ? (r->lines ? "(?<![^\\n])" : "\\A") : (r->lines ? "(?![^\\n])" : "\\z"));
        r->at++;
        return OFZ_OK;
    }
    put(r, r->s + r->at++, 1);
    return OFZ_OK;
}

ofz_status ofz_pattern_read(ofz_ctx *ctx, ofz_string text, char **out, size_t *size)
{
    reader       r     = { .ctx = ctx, .s = text.text, .size = text.size };
    const size_t valid = ofz_utf8_valid(text.text, text.size);
    size_t       room;
    ofz_status   st = OFZ_OK;

    if (valid < text.size) return refuse(&r, valid, "not UTF-8");
    if (!ofz_mul_size(text.size, GROWTH, &room) || room >= SIZE_MAX - GROWTH)
        return ofz_fail(ctx, OFZ_E_LIMIT, "pattern: %zu bytes are too many", text.size);
    r.out    = malloc(room + GROWTH);
    r.around = malloc(text.size + 1);
    if (!r.out || !r.around) OFZ_GOTO(ofz_fail_nomem(ctx, "pattern", room));
    while (r.at < r.size) OFZ_GOTO(read_one(&r));
    *out  = r.out;
    *size = r.n;
    r.out = NULL;
done:
    free(r.around);
    free(r.out);
    return st;
}
