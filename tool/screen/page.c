/* Rows of text that scroll. */
#include "screen/private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void page_clear(struct page *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->rows[i].text);
	p->n = 0;
}

void page_finish(struct page *p)
{
	page_clear(p);
	free(p->rows);
	*p = (struct page){0};
}

void page_home(struct page *p)
{
	p->top = 0;
	p->chosen = 0;
}

static void add(struct page *p, json_int_t id, enum role role, const char *format, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void add(struct page *p, json_int_t id, enum role role, const char *format, va_list ap)
{
	if (p->n == p->size) {
		size_t size = p->size ? 2 * p->size : 64;
		struct page_row *more = realloc(p->rows, size * sizeof(*more));

		if (!more)
			return;
		p->rows = more;
		p->size = size;
	}
	p->rows[p->n] = (struct page_row){.role = role, .id = id};
	if (vasprintf(&p->rows[p->n].text, format, ap) >= 0)
		p->n++;
}

void page_add(struct page *p, enum role role, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(p, 0, role, format, ap);
	va_end(ap);
}

void page_wrapped(struct page *p, enum role role, int indent, const char *text)
{
	while (*text) {
		size_t n = draw_break(text, COLS - 4 - indent);

		if (!n)
			return; /* not even one character fits */
		page_add(p, role, "%*s%.*s", indent, "", (int)n, text);
		text += n;
	}
}

void page_choice(struct page *p, json_int_t id, enum role role, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(p, id, role, format, ap);
	va_end(ap);
}

static bool has_choice(const struct page *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->rows[i].id)
			return true;
	return false;
}

/* The chosen row is one that can be chosen, and it is seen. */
static void settle(struct page *p)
{
	int most = (int)p->n - p->height;

	if (has_choice(p)) {
		if (p->chosen >= p->n)
			p->chosen = p->n - 1;
		while (!p->rows[p->chosen].id && p->chosen + 1 < p->n)
			p->chosen++;
		while (!p->rows[p->chosen].id)
			p->chosen--;
		if ((int)p->chosen < p->top)
			p->top = (int)p->chosen;
		if ((int)p->chosen >= p->top + p->height)
			p->top = (int)p->chosen - p->height + 1;
	}
	if (p->top > most)
		p->top = most;
	if (p->top < 0)
		p->top = 0;
}

void page_draw(struct page *p, struct area a)
{
	p->height = a.h;
	settle(p);
	for (int i = 0; i < a.h && p->top + i < (int)p->n; i++) {
		const struct page_row *r = &p->rows[p->top + i];
		bool chosen = r->id && p->chosen == (size_t)(p->top + i);

		if (chosen)
			draw_fill((struct area){a.y + i, a.x, 1, a.w}, ROLE_CHOSEN);
		draw_text(a.y + i, a.x, a.w, chosen ? ROLE_CHOSEN : r->role, r->text);
	}
	if ((int)p->n > a.h && a.w > 20)
		draw_format(a.y - 1, a.x + a.w - 18, 17, ROLE_DIM, " %d-%d/%zu ", p->top + 1,
			p->top + a.h < (int)p->n ? p->top + a.h : (int)p->n, p->n);
}

/* To the next row that can be chosen, or by lines where there is none. */
static void go(struct page *p, int by)
{
	int step = by < 0 ? -1 : 1;
	size_t at = p->chosen;

	if (!has_choice(p)) {
		p->top += by;
		settle(p);
		return;
	}
	for (int left = by < 0 ? -by : by; left > 0; left--) {
		size_t i = p->chosen;

		do {
			i += (size_t)step;
		} while (i < p->n && !p->rows[i].id);
		if (i >= p->n)
			break;
		p->chosen = i;
	}
	if (at == p->chosen) /* at the end: what cannot be chosen is seen by scrolling */
		p->top += by;
	settle(p);
}

bool page_key(struct page *p, int32_t key)
{
	const struct {
		int32_t key;
		int by;
	} moves[] = {{KEY_OF + KEY_UP, -1}, {KEY_OF + KEY_DOWN, 1},
		{KEY_OF + KEY_PPAGE, -p->height}, {KEY_OF + KEY_NPAGE, p->height},
		{KEY_OF + KEY_HOME, -(int)p->n}, {KEY_OF + KEY_END, (int)p->n}};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (moves[i].key != key)
			continue;
		if (p->n)
			go(p, moves[i].by);
		return true;
	}
	return false;
}

json_int_t page_chosen(const struct page *p)
{
	return p->chosen < p->n ? p->rows[p->chosen].id : 0;
}

void page_choose(struct page *p, json_int_t id)
{
	for (size_t i = 0; i < p->n; i++)
		if (id && p->rows[i].id == id)
			p->chosen = i;
}
