/* test_ops_text.c - rows on text, and the helpers under them. */
#include "op_harness.h"

#include <string.h>

#include "base/casing.h"
#include "base/pattern.h"

/* What a build without a library says instead. */
#ifdef OFZ_HAVE_UTF8PROC
#define NEEDS_UTF8PROC(text) text
#else
#define NEEDS_UTF8PROC(text) "built without utf8proc"
#endif
#ifdef OFZ_HAVE_PCRE2
#define NEEDS_PCRE2(text) text
#else
#define NEEDS_PCRE2(text) "built without PCRE2"
#endif

static void test_concat(void **state)
{
    static const op_case c[] = {
        { "StringConcat",
          20,
          NULL,
          { "STRING[2] 'a' 'b'", "STRING[2] 'c' ''" },
          { "STRING[2] 'ac' 'b'" } },
        { "StringConcat",
          20,
          NULL,
          { "STRING[2,1] 'a' 'ü'", "STRING[3] '1' '2' '3'" },
          { "STRING[2,3] 'a1' 'a2' 'a3' 'ü1' 'ü2' 'ü3'" } },
        { "StringConcat", 20, NULL, { "STRING[] 'x'", "STRING[] 'y'" }, { "STRING[] 'xy'" } },
        { "StringConcat", 20, NULL, { "STRING[0,2]", "STRING[2] 'p' 'q'" }, { "STRING[0,2]" } },
        { "StringConcat", 20, NULL, { "STRING[2] 'a' 'b'", "STRING[3] 'c' 'd' 'e'" }, { 0 }, "3" },
        { "StringConcat",
          20,
          NULL,
          { "STRING[1] 'a'", "I64[1] 1" },
          { 0 },
          "input 1 (Y): int64, want string" },
        { "StringConcat",
          20,
          "axis=1",
          { "STRING[1] 'a'", "STRING[1] 'a'" },
          { 0 },
          "attribute axis: not defined" },
    };

    (void)state;
    OP_CASES_RUN(c);
}

static void test_split(void **state)
{
    static const op_case c[] = {
        { "StringSplit",
          20,
          "delimiter='.'",
          { "STRING[2] 'abc.com' 'a.b.c'" },
          { "STRING[2,3] 'abc' 'com' '' 'a' 'b' 'c'", "I64[2] 2 3" } },
        { "StringSplit",
          20,
          "delimiter='--' maxsplit=2",
          { "STRING[3] '--a----b--c' '' 'x--'" },
          { "STRING[3,3] '' 'a' '--b--c' '' '' '' 'x' '' ''", "I64[3] 3 1 2" } },
        { "StringSplit",
          20,
          "delimiter='a'",
          { "STRING[1] 'aa'" },
          { "STRING[1,3] '' '' ''", "I64[1] 3" } },
        { "StringSplit",
          20,
          NULL,
          { "STRING[3] '  a  b c ' '   ' ''" },
          { "STRING[3,3] 'a' 'b' 'c' '' '' '' '' '' ''", "I64[3] 3 0 0" } },
        { "StringSplit",
          20,
          "delimiter='' maxsplit=1",
          { "STRING[2] '  a  b c ' 'd \t '" },
          { "STRING[2,2] 'a' 'b c ' 'd' ''", "I64[2] 2 1" } },
        { "StringSplit",
          20,
          "maxsplit=0",
          { "STRING[] ' a b '" },
          { "STRING[1] 'a b '", "I64[] 1" } },
        { "StringSplit",
          20,
          "maxsplit=0 delimiter='x'",
          { "STRING[] 'axb'" },
          { "STRING[1] 'axb'", "I64[] 1" } },
        { "StringSplit",
          20,
          NULL,
          { "STRING[1] 'a\u00a0b\u3000c\u2003'" },
          { "STRING[1,3] 'a' 'b' 'c'", "I64[1] 3" } },
        { "StringSplit",
          20,
          NULL,
          { "STRING[1] '\xa0 \xff\xc2'" }, /* no UTF-8: no space */
          { "STRING[1,2] '\xa0' '\xff\xc2'", "I64[1] 2" } },
        { "StringSplit",
          20,
          "delimiter='é'",
          { "STRING[1,1] 'cafés'" },
          { "STRING[1,1,2] 'caf' 's'", "I64[1,1] 2" } },
        { "StringSplit", 20, NULL, { "STRING[2,0]" }, { "STRING[2,0,0]", "I64[2,0]" } },
        { "StringSplit",
          20,
          NULL,
          { "F32[1] 1" },
          { "?", "?" },
          "input 0 (X): float32, want string" },
    };

    (void)state;
    OP_CASES_RUN(c);
}

static void test_normalizer(void **state)
{
    static const op_case c[] = {
        { "StringNormalizer",
          10,
          "is_case_sensitive=1 stopwords=['monday']",
          { "STRING[4] 'monday' 'tuesday' 'Monday' 'x'" },
          { "STRING[3] 'tuesday' 'Monday' 'x'" } },
        { "StringNormalizer",
          10,
          "is_case_sensitive=1 stopwords=['a','b']",
          { "STRING[1,2] 'a' 'b'" },
          { "STRING[1,1] ''" } },
        { "StringNormalizer", 10, NULL, { "STRING[2] 'Ab' 'C'" }, { "STRING[2] 'Ab' 'C'" } },
        { "StringNormalizer", 10, NULL, { "STRING[0]" }, { "STRING[1] ''" } },
        { "StringNormalizer",
          10,
          "is_case_sensitive=1",
          { "STRING[1] '\xff'" },
          { "STRING[1] '\xff'" } },
        { "StringNormalizer",
          10,
          NULL,
          { "STRING[2,2] 'a' 'b' 'c' 'd'" },
          { 0 },
          "input 0, rows: 2, want 1" },
        { "StringNormalizer", 10, NULL, { "STRING[] 'a'" }, { 0 }, "input 0: rank 0, want 1 or 2" },
        { "StringNormalizer",
          10,
          "case_change_action='lower'",
          { "STRING[1] 'a'" },
          { 0 },
          "case_change_action: 'lower', want NONE, LOWER or UPPER" },
#ifdef OFZ_HAVE_UTF8PROC
        { "StringNormalizer",
          10,
          "stopwords=['MONDAY','Ärger']",
          { "STRING[4] 'Monday' 'tuesday' 'ärger' 'Y'" },
          { "STRING[2] 'tuesday' 'Y'" } },
        { "StringNormalizer",
          10,
          "case_change_action='UPPER' stopwords=['monday']",
          { "STRING[1,2] 'MonDay' 'éa\u03c3ß'" },
          { "STRING[1,1] 'ÉA\u03a3ß'" } },
        { "StringNormalizer",
          10,
          "case_change_action='LOWER' locale='tr_TR.UTF-8'",
          { "STRING[3] 'TITEL' 'ÀÉÎ' '\u0416\u2c00'" },
          { "STRING[3] 'titel' 'àéî' '\u0436\u2c30'" } },
        { "StringNormalizer",
          10,
          "case_change_action='UPPER'",
          { "STRING[1] '\u0250'" },
          { "STRING[1] '\u2c6f'" } }, /* grows by a byte */
#endif
        { "StringNormalizer",
          10,
          "case_change_action='UPPER'",
          { "STRING[1] 'ab\xc3'" },
          { 0 },
          NEEDS_UTF8PROC("text: byte 2 is not UTF-8") },
    };

    (void)state;
    OP_CASES_RUN(c);
}

#ifdef OFZ_HAVE_PCRE2
static void test_regex(void **state)
{
    static const op_case c[] = {
        { "RegexFullMatch",
          20,
          "pattern='[a-z]+@(gmail|yahoo)[.]com'",
          { "STRING[2,2] 'a@gmail.com' 'b@gmail.comx' ' b@yahoo.com' 'b@yahoo.com'" },
          { "BOOL[2,2] 1 0 0 1" } },
        { "RegexFullMatch", 20, "pattern=''", { "STRING[2] '' 'a'" }, { "BOOL[2] 1 0" } },
        { "RegexFullMatch",
          20,
          "pattern='a|ab|abc'",
          { "STRING[4] 'a' 'ab' 'abc' 'abcd'" },
          { "BOOL[4] 1 1 1 0" } },
        { "RegexFullMatch", 20, "pattern='a+?'", { "STRING[1] 'aaa'" }, { "BOOL[1] 1" } },
        { "RegexFullMatch",
          20,
          "pattern='.'",
          { "STRING[4] 'ü' '\n' '\r' '\u2028'" },
          { "BOOL[4] 1 0 1 1" } },
        { "RegexFullMatch",
          20,
          "pattern='(?m)a$\\n^b\\n^'",
          { "STRING[2] 'a\nb\n' 'a\nb'" },
          { "BOOL[2] 1 0" } },
        { "RegexFullMatch",
          20,
          "pattern='(?:(?m)a$)\\n(?m:^b|(?-m)^c|d(?s:.)(?m:^)e)$'",
          { "STRING[5] 'a\nb' 'a\nc' 'a\nd\ne' 'a\nd.e' 'a\nb\n'" },
          { "BOOL[5] 1 0 1 0 0" } },
        { "RegexFullMatch", 20, "pattern='a$\\n'", { "STRING[1] 'a\n'" }, { "BOOL[1] 0" } },
        { "RegexFullMatch", 20, "pattern='a$'", { "STRING[2] 'a' 'a\n'" }, { "BOOL[2] 1 0" } },
        { "RegexFullMatch",
          20,
          "pattern='(?s)(?P<first>.)\\d{2,}'",
          { "STRING[3] '\n12' 'x1' 'x\u0661\u0662'" },
          { "BOOL[3] 1 0 0" } },
        { "RegexFullMatch",
          20,
          "pattern='(?i:\u00e9)\\w'",
          { "STRING[2] '\u00c9a' 'éé'" },
          { "BOOL[2] 1 0" } },
        { "RegexFullMatch",
          20,
          "pattern='\\s\\v\\S'",
          { "STRING[2] ' \v\v' '\v\vx'" },
          { "BOOL[2] 1 0" } },
        { "RegexFullMatch",
          20,
          "pattern='[\\s\\Q]-\\E[:digit:]]+[^\\S]'",
          { "STRING[3] '1]- ' '1\v' '-x'" },
          { "BOOL[3] 1 0 0" } },
        { "RegexFullMatch",
          20,
          "pattern='\\x41\\x{e9}\\101\\pL\\p{Greek}'",
          { "STRING[2] 'AéAb\u03b1' 'AéAbb'" },
          { "BOOL[2] 1 0" } },
        { "RegexFullMatch", 20, "pattern='a{,2}'", { "STRING[2] 'a' 'a{,2}'" }, { "BOOL[2] 0 1" } },
        { "RegexFullMatch",
          20,
          "pattern='(a+)+(b|a)*'",
          { "STRING[1] 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac'" },
          { "BOOL[1] 0" } }, /* would take for ever by backtracking */
        { "RegexFullMatch", 20, "pattern='[]a]'", { "STRING[2] ']' 'b'" }, { "BOOL[2] 1 0" } },
        { "RegexFullMatch", 20, "pattern='x'", { "STRING[0]" }, { "BOOL[0]" } },
    };

    (void)state;
    OP_CASES_RUN(c);
}
#endif

static void test_regex_errors(void **state)
{
#define REFUSED(pattern, why)                                                                      \
    {                                                                                              \
        "RegexFullMatch", 20, "pattern='" pattern "'", { "STRING[1] 'a'" }, { 0 },                 \
            NEEDS_PCRE2(why)                                                                       \
    }
    static const op_case c[] = {
        REFUSED("(a)\\1", "pattern: byte 3: a backreference, which RE2 does not take"),
        REFUSED("\\k<n>", "byte 0: a backreference"),
        REFUSED("\\g1", "byte 0: a backreference"),
        REFUSED("(?P=n)", "byte 0: a backreference"),
        REFUSED("a(?=b)", "byte 1: lookaround, which RE2 does not take"),
        REFUSED("(?!b)a", "byte 0: lookaround"),
        REFUSED("(?<=b)a", "byte 0: lookaround"),
        REFUSED("(?<!b)a", "byte 0: lookaround"),
        REFUSED("(?>a)", "byte 0: a group that RE2 does not take"),
        REFUSED("(?R)", "byte 0: a group"),
        REFUSED("(?x)a", "byte 0: a group"),
        REFUSED("(?#c)", "byte 0: a group"),
        REFUSED("(*UTF)a", "byte 0: a verb, which RE2 does not take"),
        REFUSED("a++", "byte 2: a repetition of a repetition"),
        REFUSED("a{2}{3}", "byte 4: a repetition of a repetition"),
        REFUSED("a{1001}", "byte 1: a repetition of more than 1000 times"),
        REFUSED("a{3,2}", "byte 1: a repetition whose most is below its least"),
        REFUSED("\\h", "byte 0: an escape that RE2 does not take"),
        REFUSED("\\K", "byte 0: an escape"),
        REFUSED("\\C", "byte 0: an escape"),
        REFUSED("\\R", "byte 0: an escape"),
        REFUSED("[\\b]", "byte 1: an escape"),
        REFUSED("[[:<:]]", "byte 1: a class whose name is no word"),
        REFUSED("[a", "byte 0: a class without an end"),
        REFUSED("a\\", "byte 1: a backslash at the end"),
        REFUSED("\\xg", "byte 0: escape \\x"),
        REFUSED("\\x{110000}", "byte 0: escape \\x"),
        REFUSED("\\p", "byte 0: escape \\p"),
        REFUSED("a\xff", "byte 1: not UTF-8"),
        REFUSED("(a", "pattern: missing closing parenthesis"),
        REFUSED("*a", "pattern: quantifier does not follow a repeatable item"),
        REFUSED("((((a{1000}){1000}){1000}){1000})", "pattern: regular expression is too large"),
        { "RegexFullMatch",
          20,
          "pattern='a'",
          { "STRING[2] 'a' 'b\xff'" },
          { 0 },
          NEEDS_PCRE2("element 1: text: byte 1 is not UTF-8") },
        { "RegexFullMatch", 20, NULL, { "STRING[1] 'a'" }, { 0 }, "attribute pattern: missing" },
        { "RegexFullMatch",
          20,
          "pattern='a'",
          { "I64[1] 1" },
          { 0 },
          "input 0 (X): int64, want string" },
    };

    (void)state;
    OP_CASES_RUN(c);
}

/* Depth is limited, and so is what a text of a given length may cost. */
static void test_regex_limits(void **state)
{
    ofz_ctx     *ctx = ofz_ctx_new();
    ofz_pattern *p   = NULL;
    char         deep[402];

    (void)state;
    memset(deep, '(', 200);
    memset(deep + 200, ')', 200);
    assert_int_not_equal(ofz_pattern_new(ctx, (ofz_string){ deep, 400 }, &p), OFZ_OK);
    assert_non_null(strstr(ofz_error(ctx), NEEDS_PCRE2("pattern: parentheses are too deeply")));
    ofz_pattern_free(p);
#ifdef OFZ_HAVE_PCRE2
    {
        ofz_string text = { deep, (size_t)1 << 40 }; /* refused before it is looked at */
        bool       whole;

        assert_int_equal(ofz_pattern_new(ctx, (ofz_string){ "(a|b)*", 6 }, &p), OFZ_OK);
        assert_int_equal(ofz_pattern_match(ctx, p, text, &whole), OFZ_E_LIMIT);
        assert_non_null(strstr(ofz_error(ctx), "is too long for it"));
        ofz_pattern_free(p);
    }
#endif
    ofz_ctx_free(ctx);
}

/* Pool: 2 3 5 4 | 5 6, 7 8, 6 7. */
#define GRAMS                                                                                      \
    "min_gram_length=1 max_gram_length=2 ngram_counts=[0,4] ngram_indexes=[0,1,2,3,4,5,6] "        \
    "pool_int64s=[2,3,5,4,5,6,7,8,6,7] "
#define BIGRAMS                                                                                    \
    "min_gram_length=2 max_gram_length=2 ngram_counts=[0,0] ngram_indexes=[1,0] "                  \
    "pool_strings=['a','b','b','c'] mode='TF' "

static void test_ngrams(void **state)
{
    static const op_case c[] = {
        { "TfIdfVectorizer",
          9,
          GRAMS "max_skip_count=5 mode='TF'",
          { "I32[12] 1 1 3 3 3 7 8 6 7 5 6 8" },
          { "F32[7] 0 3 1 0 1 3 1" } },
        { "TfIdfVectorizer",
          9,
          GRAMS "max_skip_count=0 mode='IDF'",
          { "I64[2,6] 1 1 3 3 3 7 8 6 7 5 6 8" },
          { "F32[2,7] 0 1 0 0 0 0 0  0 0 1 0 1 0 1" } },
        { "TfIdfVectorizer",
          9,
          GRAMS "max_skip_count=0 mode='IDF' weights=[1.0,2.0,3.0,4.0,5.0,6.0,0.5]",
          { "I64[6] 3 3 6 7 5 6" },
          { "F32[7] 0 2 3 0 5 0 0.5" } },
        { "TfIdfVectorizer",
          9,
          GRAMS "max_skip_count=1 mode='TFIDF' weights=[1.0,2.0,3.0,4.0,5.0,6.0,0.5]",
          { "I64[6] 3 3 6 1 7 5" },
          { "F32[7] 0 4 3 0 0 0 0.5" } },
        { "TfIdfVectorizer",
          9,
          GRAMS "max_skip_count=0 mode='TFIDF'",
          { "I64[3] 3 3 2" },
          { "F32[7] 1 2 0 0 0 0 0" } },
        { "TfIdfVectorizer",
          9,
          BIGRAMS "max_skip_count=0",
          { "STRING[2,4] 'a' 'b' 'c' 'a' 'a' 'x' 'b' 'b'" },
          { "F32[2,2] 1 1 0 0" } },
        { "TfIdfVectorizer",
          9,
          BIGRAMS "max_skip_count=9",
          { "STRING[2,4] 'a' 'b' 'c' 'a' 'a' 'x' 'b' 'b'" },
          { "F32[2,2] 1 1 0 2" } },
        { "TfIdfVectorizer",
          9,
          BIGRAMS "max_skip_count=9223372036854775807",
          { "STRING[3] 'a' 'b' 'c'" },
          { "F32[2] 1 1" } },
        { "TfIdfVectorizer",
          9, /* weights belong to n-grams; two may share a column */
          "mode='TFIDF' min_gram_length=1 max_gram_length=1 max_skip_count=0 ngram_counts=[0] "
          "ngram_indexes=[3,0,0] pool_int64s=[7,8,9] weights=[0.5,10.0,100.0]",
          { "I64[4] 8 7 9 8" },
          { "F32[4] 120 0 0 0.5" } },
        { "TfIdfVectorizer", 9, BIGRAMS "max_skip_count=0", { "STRING[] 'a'" }, { "F32[2] 0 0" } },
        { "TfIdfVectorizer", 9, BIGRAMS "max_skip_count=0", { "STRING[0]" }, { "F32[2] 0 0" } },
        { "TfIdfVectorizer",
          9,
          BIGRAMS "max_skip_count=0",
          { "STRING[2,0]" },
          { "F32[2,2] 0 0 0 0" } },
        { "TfIdfVectorizer", 9, BIGRAMS "max_skip_count=0", { "STRING[0,3]" }, { "F32[0,2]" } },
    };

    (void)state;
    OP_CASES_RUN(c);
}

static void test_ngram_errors(void **state)
{
#define BAD(attrs, why)                                                                            \
    {                                                                                              \
        "TfIdfVectorizer", 9, attrs " max_skip_count=0", { "I64[1] 1" }, { 0 }, why                \
    }
#define POOL "mode='TF' min_gram_length=1 max_gram_length=1 "
    static const op_case c[] = {
        BAD("mode='tf' min_gram_length=1 max_gram_length=1 ngram_counts=[0] ngram_indexes=[0] "
            "pool_int64s=[1]",
            "mode: 'tf', want TF, IDF or TFIDF"),
        BAD("mode='TF' min_gram_length=0 max_gram_length=1 ngram_counts=[0] ngram_indexes=[0] "
            "pool_int64s=[1]",
            "gram lengths: 0 to 1, want within 1 to 1 as ngram_counts"),
        BAD("mode='TF' min_gram_length=1 max_gram_length=2 ngram_counts=[0] ngram_indexes=[0] "
            "pool_int64s=[1]",
            "gram lengths: 1 to 2"),
        BAD("mode='TF' min_gram_length=2 max_gram_length=1 ngram_counts=[0,0] ngram_indexes=[0] "
            "pool_int64s=[1]",
            "gram lengths: 2 to 1"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[0]", "pool: 0 numbers and 0 texts, want one"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[0] pool_int64s=[1] pool_strings=['a']",
            "pool: 1 numbers and 1 texts, want one"),
        BAD(POOL "ngram_counts=[0,5] ngram_indexes=[0] pool_int64s=[1]",
            "ngram_counts: 0 to 5, want within a pool of 1"),
        BAD(POOL "ngram_counts=[-1] ngram_indexes=[0] pool_int64s=[1]",
            "ngram_counts: -1 to 1, want within a pool of 1"),
        BAD(POOL "ngram_counts=[1,0] ngram_indexes=[0] pool_int64s=[1]",
            "ngram_counts: 1 to 0, want"),
        BAD(POOL "ngram_counts=[0,0] ngram_indexes=[0] pool_int64s=[1]",
            "pool: 1 elements, want a multiple of 2"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[0,1] pool_int64s=[1]",
            "ngram_indexes: 2, want 1 as n-grams"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[-1] pool_int64s=[1]",
            "ngram_indexes: -1, want 0 or more"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[0] pool_int64s=[1] weights=[1.0,2.0]",
            "weights: 2, want 1 as n-grams"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[0,1] pool_int64s=[1,1]",
            "pool: the same 1-gram at 0 and 1"),
        BAD(POOL "ngram_counts=[0] ngram_indexes=[0] pool_strings=['a']",
            "input 0: int64, want string as the pool"),
        { "TfIdfVectorizer",
          9,
          BIGRAMS "max_skip_count=-1",
          { "STRING[1] 'a'" },
          { 0 },
          "max_skip_count: -1, want 0 or more" },
        { "TfIdfVectorizer",
          9,
          BIGRAMS "max_skip_count=0",
          { "STRING[1,1,1] 'a'" },
          { 0 },
          "input 0: rank 3, want at most 2" },
        { "TfIdfVectorizer",
          9,
          GRAMS "mode='TF' max_skip_count=0",
          { "STRING[1] 'a'" },
          { 0 },
          "input 0: string, want int32 or int64 as the pool" },
    };

    (void)state;
    OP_CASES_RUN(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concat),       cmocka_unit_test(test_split),
        cmocka_unit_test(test_normalizer),   cmocka_unit_test(test_regex_errors),
        cmocka_unit_test(test_regex_limits), cmocka_unit_test(test_ngrams),
        cmocka_unit_test(test_ngram_errors),
#ifdef OFZ_HAVE_PCRE2
        cmocka_unit_test(test_regex),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
