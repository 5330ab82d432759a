/*
 * Drawing on the terminal, in columns: a wide character takes two, and none is ever cut in half.
 * Everything is clipped to its area; what can't be shown (controls, broken UTF-8) becomes '?'.
 */
#ifndef SCREEN_DRAW_H
#define SCREEN_DRAW_H

#include "screen/theme.h"

#include <stddef.h>

struct area {
	int y, x, h, w;
};

/* Columns that a text takes. */
int draw_columns(const char *text);

/* One line of at most w columns; with an ellipsis if it is longer. Returns the columns used. */
int draw_text(int y, int x, int w, enum role role, const char *text);

/* The same by printf's rules. */
int draw_format(int y, int x, int w, enum role role, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Wraps a text at spaces, or between wide characters, into the area. Returns the lines used. */
int draw_wrapped(struct area area, enum role role, const char *text);

/* How many bytes of the text go on one line of w columns: up to the last place where it may break.
 */
size_t draw_break(const char *text, int w);

/* The text with spaces behind it up to so many columns. Into out; returns out. */
const char *draw_padded(const char *text, int columns, char *out, size_t size);

/* Fills an area with spaces in a role. */
void draw_fill(struct area area, enum role role);

enum border { BORDER_LIGHT, BORDER_HEAVY, BORDER_DOUBLE, BORDER_DASHED };

void draw_border(struct area area, enum border border, enum role role);

/* done of all as a bar of w columns. */
void draw_bar(int y, int x, int w, enum role role, long done, long all);

/* A value between its limits: "[---|----*---]" of w columns (at least 5) into out, '|' where low
 * and high are if the value is outside. */
void draw_scale(char *out, int w, double value, double low, double high);

/* A word in letters of 5 rows; verdicts have a shape of their own. Returns the columns used, 0 if
 * it does not fit into w. */
int draw_big(int y, int x, int w, enum role role, const char *word);

#endif
