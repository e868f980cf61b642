/* text.h - safe text, readable numbers, aligned tables. */
#ifndef OFZ_TEXT_H
#define OFZ_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `text` with control characters, direction marks and bytes that are not UTF-8 written as \n, \x1b
 * or \u{202e}. The caller frees. */
char *ofz_cli_text_escape(const char *text);
/* Print `text`, escaped. */
void ofz_cli_text_put(FILE *f, const char *text);
/* Characters, counting each UTF-8 sequence as one column. */
int ofz_cli_text_width(const char *text);
/* Nonzero when `text` is valid UTF-8. */
int ofz_cli_text_is_utf8(const char *text);

enum { OFZ_TEXT_NUMBER = 32 };
/* 1234567 -> "1.23 M"; below ten thousand the number itself. Returns `out`. */
const char *ofz_cli_text_count(char out[OFZ_TEXT_NUMBER], uint64_t count);
/* 1234567 -> "1.18 MiB". Returns `out`. */
const char *ofz_cli_text_size(char out[OFZ_TEXT_NUMBER], uint64_t size);
/* "0:07", "12:05", "3:10:00". Returns `out`. */
const char *ofz_cli_text_time(char out[OFZ_TEXT_NUMBER], double seconds);

/* "1 tensor", "14 tensors". Returns `out`. */
const char *ofz_cli_text_tensors(char out[OFZ_TEXT_NUMBER], uint64_t count);

/* Rows of cells, aligned when printed. */
typedef struct ofz_cli_table ofz_cli_table;

/* One letter per column: l left, r right; in upper case it may shrink to fit a terminal; D left,
 * may shrink and, last, be left out. */
ofz_cli_table *ofz_cli_table_new(const char *columns);
void           ofz_cli_table_free(ofz_cli_table *table);
/* The next cell; rows fill from left to right. The first row is the heading. */
void ofz_cli_table_cell(ofz_cli_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* width: columns of the terminal, 0: as wide as it comes. bold: mark the heading. */
void ofz_cli_table_print(const ofz_cli_table *table, FILE *f, int indent, int width, int bold);

/* Print `text` wrapped to `width` columns; lines after the first start `indent` columns in, and the
 * first is taken to stand at column `at`. A newline in `text` starts a new line. */
void ofz_cli_text_wrap(FILE *f, const char *text, int at, int indent, int width);

#endif
