/* What was tested, the newest first, with a filter. */
#include "screen/private.h"

#include <stdio.h>
#include <string.h>

static void ask(struct screen *s)
{
	screen_ask(s, json_pack("{ss}", "filter", s->filter));
}

static void fill(struct screen *s, const json_t *data)
{
	const json_t *list = json_object_get(data, "attempts"), *a;
	char text[ROW];
	size_t i;

	if (!json_array_size(list))
		page_add(&s->page, ROLE_DIM, "%s", _("no attempt"));
	json_array_foreach(list, i, a)
	{
		const char *verdict = message_string(a, "verdict");

		page_choice(&s->page, message_integer(a, "attempt"), theme_verdict(verdict),
			"%s  %-16s %2lld  %-5s %5.1f s  %s%s%s",
			COLS < 100 ? message_string(a, "ended") + 5 : message_string(a, "ended"),
			message_string(a, "unit"), (long long)message_integer(a, "slot"), verdict,
			(double)message_integer(a, "ms") / 1000, message_string(a, "code"),
			message_string(a, "code")[0] ? ": " : "",
			words_sentence(message_string(a, "cause"), text, sizeof(text)));
	}
}

static void draw(struct screen *s, struct area a)
{
	int x = 1 + draw_text(a.y, 1, a.w - 2, ROLE_STRONG, _("history"));

	x += draw_format(a.y, x + 2, a.w - x - 2, ROLE_DIM, "%s ",
		     _("filter (serial, code, verdict):")) +
	     2;
	x += draw_text(a.y, x, a.w - x - 20, s->filtering ? ROLE_INPUT : ROLE_STRONG, s->filter);
	if (s->filtering)
		draw_text(a.y, x, 1, ROLE_CHOSEN, " ");
	page_draw(&s->page, (struct area){a.y + 1, 1, a.h - 1, a.w - 2});
}

static enum result filter_key(struct screen *s, int32_t k)
{
	if (k == SCREEN_ENTER || k == SCREEN_ESCAPE) {
		if (k == SCREEN_ESCAPE)
			s->filter[0] = '\0';
		s->filtering = false;
		page_home(&s->page);
		ask(s);
		return HANDLED;
	}
	return type_into(s->filter, 48, k) ? HANDLED : IGNORED;
}

static enum result key(struct screen *s, int32_t k)
{
	if (s->filtering)
		return filter_key(s, k);
	if (k == '/') {
		s->filtering = true;
		return HANDLED;
	}
	if (k == SCREEN_ENTER && page_chosen(&s->page)) {
		unit_show(s, page_chosen(&s->page));
		return HANDLED;
	}
	return IGNORED;
}

const struct panel panel_history = {.title = N_("history"),
	.letter = 'h',
	.question = "history",
	.live = true,
	.open = ask,
	.fill = fill,
	.draw = draw,
	.key = key,
	.keys = N_("/ filter  Enter look in  Esc back")};
