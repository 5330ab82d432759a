/* The frame around every panel: header, the line of what is typed and told, footer. */
#include "screen/private.h"

#include <stdio.h>
#include <string.h>

enum { HEADER = 2, FOOTER = 2 };

static void draw_header(const struct screen *s)
{
	const struct model *m = &s->model;
	char person[2 * MODEL_TEXT], yield[16] = "-";
	int x = 0, w = COLS, right;

	draw_fill((struct area){0, 0, HEADER, w}, ROLE_BAR);
	if (m->person[0])
		snprintf(person, sizeof(person), "%s (%s)", m->person, _(m->role));
	else
		snprintf(person, sizeof(person), "%s", _("nobody is logged in"));
	right = w - draw_columns(person) - 1;
	draw_text(0, right, w - right, ROLE_BAR, person);
	x += draw_text(0, x, right - x, ROLE_BAR, " payjig ");
	if (m->connected)
		x += draw_text(0, x, right - x - 1, m->lab ? ROLE_LAB : ROLE_BAR,
			m->lab ? " LAB " : " PRODUCTION ");
	if (m->paused[0])
		x += draw_format(0, x, right - x - 1, ROLE_NOTICE, _(" paused by %s "), m->paused);
	draw_format(0, x, right - x - 1, ROLE_BAR, " %s  %s  %s", m->job, m->product, m->plan);
	if (!m->counts.known)
		return;
	if (m->counts.first)
		snprintf(yield, sizeof(yield), "%.1f %%",
			100.0 * (double)m->counts.first_pass / (double)m->counts.first);
	draw_format(1, 0, w, ROLE_BAR,
		_(" %s  PASS %lld FAIL %lld ERROR %lld ABORT %lld  first pass %s  %lld/h  cards %lld"),
		m->counts.shift, (long long)m->counts.pass, (long long)m->counts.fail,
		(long long)m->counts.error, (long long)m->counts.abort, yield,
		(long long)m->counts.per_hour, (long long)m->counts.cards_left);
}

static void draw_line(const struct screen *s, int y)
{
	int x = 0;

	if (s->confirm.text[0]) {
		draw_fill((struct area){y, 0, 1, COLS}, ROLE_NOTICE);
		draw_format(y, 0, COLS, ROLE_NOTICE, " %s", s->confirm.text);
	} else if (s->input[0]) {
		x += draw_format(y, x, COLS, ROLE_STRONG, " %s ", _("label"));
		x += draw_format(y, x, COLS - x, ROLE_INPUT, "%s", s->input);
		draw_text(y, x, 1, ROLE_CHOSEN, " ");
	} else if (s->notice[0]) {
		if (s->notice_role == ROLE_NOTICE)
			draw_fill((struct area){y, 0, 1, COLS}, ROLE_NOTICE);
		draw_format(y, 0, COLS, s->notice_role, " %s", s->notice);
	}
}

void screen_draw(struct screen *s)
{
	struct area all = {HEADER, 0, LINES - HEADER - FOOTER, COLS};

	erase();
	draw_header(s);
	if (s->panel->draw) {
		s->panel->draw(s, all);
	} else {
		draw_format(all.y, 1, all.w - 20, ROLE_STRONG, "%s", _(s->panel->title));
		page_draw(&s->page, (struct area){all.y + 1, 1, all.h - 1, all.w - 2});
	}
	draw_line(s, LINES - FOOTER);
	keys_draw(s, LINES - 1);
	if (s->form.title)
		form_draw(s, all);
	refresh();
}
