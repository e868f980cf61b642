/* Text that is safe to print: names in a model may hold escape sequences, direction marks or bytes
 * in no encoding at all. */
#include "text.h"

#include "cli.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Decode one UTF-8 sequence at `s`; its length, or 0 when it is malformed. */
static int utf8_decode(const char *text, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char  *s       = (const unsigned char *)text;
    int                   size    = 0;

    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    }
    if (s[0] >= 0xf0 && s[0] < 0xf5)
        size = 4;
    else if (s[0] >= 0xe0 && s[0] < 0xf0)
        size = 3;
    else if (s[0] >= 0xc2 && s[0] < 0xe0)
        size = 2;
    else
        return 0;
    *code = s[0] & (0xffu >> (size + 1));
    for (int i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    if (*code < least[size] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000)) return 0;
    return size;
}

/* Characters that move the cursor, turn the writing direction or cannot be seen. */
static int code_is_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } unsafe[] = {
        { 0x00, 0x1f },     { 0x7f, 0x9f },       { 0xad, 0xad },     { 0x61c, 0x61c },
        { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
        { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
    };

    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        if (code >= unsafe[i].first && code <= unsafe[i].last) return 1;
    return 0;
}

char *ofz_cli_text_escape(const char *text)
{
    static const char letter[] = "abtnvfr"; /* from 7 on */
    char             *out, *to;

    out = to = ofz_cli_realloc(NULL, strlen(text) + 1, 10); /* the longest is \u{e0041}, 9 for 4 */
    while (*text) {
        uint32_t  code;
        const int size = utf8_decode(text, &code);

        if (size && !code_is_unsafe(code)) {
            memcpy(to, text, (size_t)size);
            to += size;
        } else if (size == 1 && code >= 7 && code <= 13) {
            *to++ = '\\';
            *to++ = letter[code - 7];
        } else if (size > 1) {
            to += sprintf(to, "\\u{%x}", code);
        } else {
            to += sprintf(to, "\\x%02x", (unsigned char)*text);
        }
        text += size ? size : 1;
    }
    *to = '\0';
    return out;
}

void ofz_cli_text_put(FILE *f, const char *text)
{
    char *safe = ofz_cli_text_escape(text);

    fputs(safe, f);
    free(safe);
}

int ofz_cli_text_width(const char *text)
{
    int width = 0;

    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

int ofz_cli_text_is_utf8(const char *text)
{
    while (*text) {
        uint32_t  code;
        const int size = utf8_decode(text, &code);

        if (!size) return 0;
        text += size;
    }
    return 1;
}

/* Three significant digits and the unit that fits. */
static const char *number_scale(char *out, double x, double step, const char *const *unit,
                                int units)
{
    int i = 0;

    while (i + 1 < units && x >= step * 0.9995) {
        x /= step;
        i++;
    }
    snprintf(out, OFZ_TEXT_NUMBER, "%.*f %s", x < 9.995 ? 2 : x < 99.95 ? 1 : 0, x, unit[i]);
    return out;
}

const char *ofz_cli_text_count(char out[OFZ_TEXT_NUMBER], uint64_t count)
{
    static const char *const unit[] = { "", "k", "M", "G", "T" };

    if (count < 10000) {
        snprintf(out, OFZ_TEXT_NUMBER, "%u", (unsigned)count);
        return out;
    }
    return number_scale(out, (double)count, 1000, unit, 5);
}

const char *ofz_cli_text_size(char out[OFZ_TEXT_NUMBER], uint64_t size)
{
    static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };

    if (size < 1000) {
        snprintf(out, OFZ_TEXT_NUMBER, "%u B", (unsigned)size);
        return out;
    }
    return number_scale(out, (double)size, 1024, unit, 5);
}

const char *ofz_cli_text_time(char out[OFZ_TEXT_NUMBER], double seconds)
{
    const unsigned s = seconds > 0 ? seconds < 3.5e6 ? (unsigned)(seconds + 0.5) : 3500000 : 0;

    if (s < 3600)
        snprintf(out, OFZ_TEXT_NUMBER, "%u:%02u", s / 60, s % 60);
    else
        snprintf(out, OFZ_TEXT_NUMBER, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    return out;
}

const char *ofz_cli_text_tensors(char out[OFZ_TEXT_NUMBER], uint64_t count)
{
    snprintf(out, OFZ_TEXT_NUMBER, "%" PRIu64 " tensor%s", count, count == 1 ? "" : "s");
    return out;
}

struct ofz_cli_table {
    const char *columns;
    int         column_count;
    char      **cell;
    size_t      count, room;
};

ofz_cli_table *ofz_cli_table_new(const char *columns)
{
    ofz_cli_table *table = ofz_cli_realloc(NULL, 1, sizeof *table);

    *table = (ofz_cli_table){ .columns = columns, .column_count = (int)strlen(columns) };
    return table;
}

void ofz_cli_table_free(ofz_cli_table *table)
{
    if (!table) return;
    for (size_t i = 0; i < table->count; i++) free(table->cell[i]);
    free(table->cell);
    free(table);
}

void ofz_cli_table_cell(ofz_cli_table *table, const char *format, ...)
{
    va_list list;
    char   *text;
    int     rc;

    va_start(list, format);
    rc = vasprintf(&text, format, list);
    va_end(list);
    if (rc < 0) text = ofz_cli_realloc(NULL, SIZE_MAX, 2); /* ends the program */
    if (table->count == table->room) {
        table->room = table->room ? 2 * table->room : 64;
        table->cell = ofz_cli_realloc(table->cell, table->room, sizeof *table->cell);
    }
    table->cell[table->count++] = ofz_cli_text_escape(text);
    free(text);
}

/* Widths that fit `room` columns if the shrinking ones can give enough, last column first. Width -1
 * leaves a column out. */
static void table_fit(const ofz_cli_table *table, int *width, int room)
{
    enum { LEAST = 12 };
    int excess = -room;

    for (int c = 0; c < table->column_count; c++) excess += width[c] + (c ? 2 : 0);
    for (int c = table->column_count - 1; c >= 0 && excess > 0; c--) {
        int give = width[c] > LEAST ? width[c] - LEAST : 0;

        if (table->columns[c] == 'D' && give < excess) {
            excess -= width[c] + 2;
            width[c] = -1;
        } else if (isupper((unsigned char)table->columns[c])) {
            if (give > excess) give = excess;
            width[c] -= give;
            excess -= give;
        }
    }
}

/* Print at most `width` columns of `text`: both ends of it, because names differ there. */
static void cell_put(FILE *f, const char *text, int width)
{
    const int full = ofz_cli_text_width(text), head = (width - 3) / 2,
              tail = full - (width - 3 - head);
    int at         = -1;

    for (; *text; text++) {
        const int starts = ((unsigned char)*text & 0xc0) != 0x80; /* a character, not its rest */

        at += starts;
        if (full <= width || at < head || at >= tail)
            fputc(*text, f);
        else if (at == head && starts)
            fputs("...", f);
    }
}

static void row_put(const ofz_cli_table *table, FILE *f, size_t row, const int *width)
{
    const int columns = table->column_count;
    int       blank   = 0; /* owed before the next text, so that no line ends in blanks */

    for (int c = 0; c < columns; c++) {
        const char *text  = table->cell[row * (size_t)columns + (size_t)c];
        const int   right = table->columns[c] == 'r' || table->columns[c] == 'R';
        int         used  = ofz_cli_text_width(text);

        if (width[c] < 0) continue;
        if (used > width[c]) used = width[c];
        if (right) blank += width[c] - used;
        if (used) {
            fprintf(f, "%*s", blank, "");
            blank = 0;
            cell_put(f, text, width[c]);
        }
        blank += (right ? 0 : width[c] - used) + 2;
    }
}

void ofz_cli_table_print(const ofz_cli_table *table, FILE *f, int indent, int width, int bold)
{
    const int columns = table->column_count;
    int      *column  = ofz_cli_realloc(NULL, (size_t)columns, sizeof *column);

    memset(column, 0, (size_t)columns * sizeof *column);
    for (size_t i = 0; i < table->count; i++) {
        const size_t c    = i % (size_t)columns;
        const int    used = ofz_cli_text_width(table->cell[i]);

        if (used > column[c]) column[c] = used;
    }
    if (width > 0) table_fit(table, column, width - indent);
    for (size_t row = 0; (row + 1) * (size_t)columns <= table->count; row++) {
        fprintf(f, "%*s", indent, "");
        if (bold && row == 0) fputs("\033[1m", f);
        row_put(table, f, row, column);
        fputs(bold && row == 0 ? "\033[0m\n" : "\n", f);
    }
    free(column);
}

/* Bytes up to where a line may break: brackets hold together what they enclose. */
static size_t word_size(const char *text)
{
    size_t size  = 0;
    int    depth = 0;

    for (; text[size] && text[size] != '\n' && (depth > 0 || text[size] != ' '); size++)
        depth += (text[size] == '[') - (text[size] == ']');
    return size;
}

void ofz_cli_text_wrap(FILE *f, const char *text, int at, int indent, int width)
{
    int fresh = 1; /* nothing on this line yet that a space must part from */

    while (*text) {
        const size_t size = word_size(text);
        int          used = 0;

        for (size_t i = 0; i < size; i++) used += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (!fresh && at + 1 + used > width) {
            fprintf(f, "\n%*s", indent, "");
            at    = indent;
            fresh = 1;
        }
        at += used + !fresh;
        fprintf(f, "%s%.*s", fresh ? "" : " ", (int)size, text);
        fresh = 0;
        text += size;
        if (*text == '\n') {
            fprintf(f, "\n%*s", text[1] && text[1] != '\n' ? indent : 0, "");
            at    = indent;
            fresh = 1;
        }
        if (*text) text++;
    }
    fputc('\n', f);
}
