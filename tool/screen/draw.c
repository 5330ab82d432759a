#include "screen/draw.h"

#include <math.h>
#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { LINE = 1024, BIG_ROWS = 5, BIG_COLUMNS = 5 };

/* The next character of a UTF-8 text as it can be shown; 0 at the end. */
static wchar_t next(const char **text, int *columns)
{
	mbstate_t state = {0};
	wchar_t c = 0;
	size_t n;

	if (!**text)
		return 0;
	n = mbrtowc(&c, *text, strlen(*text), &state);
	if (n == (size_t)-1 || n == (size_t)-2) {
		c = L'?';
		n = 1;
	}
	*text += n;
	*columns = wcwidth(c);
	if (*columns < 0) {
		c = L'?';
		*columns = 1;
	}
	return c;
}

int draw_columns(const char *text)
{
	int all = 0, columns = 0;

	while (next(&text, &columns))
		all += columns;
	return all;
}

/* Puts characters of at most w columns; returns the columns, *text is behind them. */
static int put(int y, int x, int w, enum role role, const char **text)
{
	wchar_t line[LINE];
	size_t n = 0;
	int used = 0, columns = 0;

	while (n < LINE - 1) {
		const char *after = *text;
		wchar_t c = next(&after, &columns);

		if (!c || used + columns > w)
			break;
		line[n++] = c;
		used += columns;
		*text = after;
	}
	line[n] = L'\0';
	if (n && y >= 0 && y < LINES && x >= 0 && x < COLS) {
		attrset((int)theme_attributes(role));
		mvaddnwstr(y, x, line, (int)n);
		attrset((int)A_NORMAL);
	}
	return used;
}

int draw_text(int y, int x, int w, enum role role, const char *text)
{
	const char *ellipsis = "…";
	int used;

	if (w <= 0)
		return 0;
	if (draw_columns(text) <= w)
		return put(y, x, w, role, &text);
	used = put(y, x, w - 1, role, &text);
	return used + put(y, x + used, 1, role, &ellipsis);
}

int draw_format(int y, int x, int w, enum role role, const char *format, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	return draw_text(y, x, w, role, line);
}

size_t draw_break(const char *text, int w)
{
	const char *at = text, *good = NULL;
	int used = 0, columns = 0;

	for (;;) {
		const char *before = at;
		wchar_t c = next(&at, &columns);

		if (!c)
			return (size_t)(before - text);
		if (used + columns > w)
			return (size_t)((good && good > text ? good : before) - text);
		used += columns;
		if (c == L' ' || columns == 2)
			good = at;
	}
}

int draw_wrapped(struct area a, enum role role, const char *text)
{
	int lines = 0;

	if (a.w < 2)
		return 0;
	while (*text && lines < a.h) {
		char line[LINE];
		size_t n = draw_break(text, a.w);

		if (n >= sizeof(line))
			n = sizeof(line) - 1;
		memcpy(line, text, n);
		line[n] = '\0';
		if (lines == a.h - 1) /* the last line shows that there is more */
			draw_text(a.y + lines, a.x, a.w, role, text);
		else
			draw_text(a.y + lines, a.x, a.w, role, line);
		text += n;
		lines++;
	}
	return lines;
}

const char *draw_padded(const char *text, int columns, char *out, size_t size)
{
	int missing = columns - draw_columns(text);

	snprintf(out, size, "%s%*s", text, missing > 0 ? missing : 0, "");
	return out;
}

void draw_fill(struct area a, enum role role)
{
	attrset((int)theme_attributes(role));
	for (int i = 0; i < a.h && a.w > 0; i++)
		mvhline(a.y + i, a.x, ' ', a.w);
	attrset((int)A_NORMAL);
}

void draw_border(struct area a, enum border border, enum role role)
{
	/* corners: left up, right up, left down, right down; then horizontal, vertical */
	static const char *const parts[][6] = {
		[BORDER_LIGHT] = {"┌", "┐", "└", "┘", "─", "│"},
		[BORDER_HEAVY] = {"┏", "┓", "┗", "┛", "━", "┃"},
		[BORDER_DOUBLE] = {"╔", "╗", "╚", "╝", "═", "║"},
		[BORDER_DASHED] = {"┌", "┐", "└", "┘", "╌", "╎"},
	};
	const char *const *p = parts[border];
	int right = a.x + a.w - 1, down = a.y + a.h - 1;

	for (int i = 1; i < a.w - 1; i++) {
		draw_text(a.y, a.x + i, 1, role, p[4]);
		draw_text(down, a.x + i, 1, role, p[4]);
	}
	for (int i = 1; i < a.h - 1; i++) {
		draw_text(a.y + i, a.x, 1, role, p[5]);
		draw_text(a.y + i, right, 1, role, p[5]);
	}
	draw_text(a.y, a.x, 1, role, p[0]);
	draw_text(a.y, right, 1, role, p[1]);
	draw_text(down, a.x, 1, role, p[2]);
	draw_text(down, right, 1, role, p[3]);
}

void draw_bar(int y, int x, int w, enum role role, long done, long all)
{
	long full = all > 0 ? done * w / all : 0;

	for (int i = 0; i < w; i++)
		draw_text(y, x + i, 1, role, i < full ? "█" : "░");
}

void draw_scale(char *out, int w, double value, double low, double high)
{
	/* A fifth on each side shows how far outside a value is. */
	int inner = w - 2, left = inner / 5, right = inner - 1 - inner / 5, at;
	double place = (value - low) / (high - low);

	memset(out, '-', (size_t)w);
	out[0] = '[';
	out[w - 1] = ']';
	out[w] = '\0';
	if (high > low) {
		out[1 + left] = out[1 + right] = '|';
		at = isnan(place) || place < -1 ? 0
		     : place > 2		? inner - 1
						: left + (int)lround(place * (right - left));
		at = at < 0 ? 0 : at > inner - 1 ? inner - 1 : at;
	} else {
		at = inner / 2;
	}
	out[1 + at] = isnan(value) ? '?' : '*';
}

/* ---- big letters ---- */

static const struct {
	char letter;
	const char *rows[BIG_ROWS];
} letters[] = {
	{'A', {" ### ", "#   #", "#####", "#   #", "#   #"}},
	{'B', {"#### ", "#   #", "#### ", "#   #", "#### "}},
	{'E', {"#####", "#    ", "#### ", "#    ", "#####"}},
	{'F', {"#####", "#    ", "#### ", "#    ", "#    "}},
	{'I', {" ### ", "  #  ", "  #  ", "  #  ", " ### "}},
	{'L', {"#    ", "#    ", "#    ", "#    ", "#####"}},
	{'O', {" ### ", "#   #", "#   #", "#   #", " ### "}},
	{'P', {"#### ", "#   #", "#### ", "#    ", "#    "}},
	{'R', {"#### ", "#   #", "#### ", "#  # ", "#   #"}},
	{'S', {" ####", "#    ", " ### ", "    #", "#### "}},
	{'T', {"#####", "  #  ", "  #  ", "  #  ", "  #  "}},
};

/* What the letters of a verdict are made of, so that they differ without colour too. */
static const struct {
	enum role role;
	const char *ink;
} inks[] = {{ROLE_PASS, "█"}, {ROLE_FAIL, "▓"}, {ROLE_ERROR, "▒"}, {ROLE_ABORT, "░"}};

static const char *const *letter_rows(char c)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == c)
			return letters[i].rows;
	return NULL;
}

int draw_big(int y, int x, int w, enum role role, const char *word)
{
	int columns = (int)strlen(word) * (BIG_COLUMNS + 1) - 1;
	const char *ink = "█";

	if (columns > w)
		return 0;
	for (size_t i = 0; i < sizeof(inks) / sizeof(inks[0]); i++)
		if (inks[i].role == role)
			ink = inks[i].ink;
	for (size_t i = 0; word[i]; i++) {
		const char *const *rows = letter_rows(word[i]);

		for (int r = 0; rows && r < BIG_ROWS; r++)
			for (int c = 0; c < BIG_COLUMNS; c++)
				if (rows[r][c] == '#')
					draw_text(y + r, x + (int)i * (BIG_COLUMNS + 1) + c, 1,
						role, ink);
	}
	return columns;
}
