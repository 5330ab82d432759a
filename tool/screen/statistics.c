/* Failures by code, yield by hour, time per step. */
#include "plan/codes.h"
#include "plan/titles.h"
#include "screen/private.h"

#include <string.h>

enum { BAR = 24, NARROW = 12 };

/* n of all as a bar of text. */
static void bar_text(char out[BAR * 4], json_int_t n, json_int_t all)
{
	json_int_t w = COLS < 100 ? NARROW : BAR, full = all > 0 ? (n * w + all - 1) / all : 0;

	out[0] = '\0';
	for (json_int_t i = 0; i < w; i++)
		strcat(out, i < full ? "█" : " ");
}

static void add_codes(struct page *p, const json_t *list)
{
	const json_t *c;
	json_int_t most = 0, all = 0, sum = 0;
	size_t i;

	json_array_foreach(list, i, c)
	{
		json_int_t n = message_integer(c, "n");

		most = n > most ? n : most;
		all += n;
	}
	page_add(p, ROLE_STRONG, "%s", _("failures by code"));
	if (!all)
		page_add(p, ROLE_DIM, "  %s", _("none"));
	json_array_foreach(list, i, c)
	{
		const struct code *code = code_find(message_string(c, "code"));
		char bar[BAR * 4];

		sum += message_integer(c, "n");
		bar_text(bar, message_integer(c, "n"), most);
		page_add(p, theme_verdict(message_string(c, "verdict")),
			"  %-20s %5lld %s %3lld %%  %s", message_string(c, "code"),
			(long long)message_integer(c, "n"), bar, (long long)(100 * sum / all),
			code ? _(code->cause) : "");
	}
}

static void add_hours(struct page *p, const json_t *list)
{
	const json_t *h;
	size_t i;

	page_add(p, ROLE_PLAIN, "%s", "");
	page_add(p, ROLE_STRONG, "%s", _("first-pass yield by hour"));
	json_array_foreach(list, i, h)
	{
		json_int_t first = message_integer(h, "first"),
			   pass = message_integer(h, "first_pass");
		char bar[BAR * 4];

		bar_text(bar, pass, first);
		page_add(p, ROLE_PLAIN, _("  %s  %4lld ended %4lld passed  %s %5.1f %%"),
			message_string(h, "hour"), (long long)message_integer(h, "ended"),
			(long long)message_integer(h, "pass"), bar,
			first ? 100.0 * (double)pass / (double)first : 0);
	}
}

static void add_steps(struct page *p, const json_t *list)
{
	const json_t *t;
	json_int_t most = 0;
	size_t i;

	page_add(p, ROLE_PLAIN, "%s", "");
	page_add(p, ROLE_STRONG, "%s", _("time per step that passed: mean, longest"));
	json_array_foreach(list, i, t) if (message_integer(t, "mean_ms") > most) most =
		message_integer(t, "mean_ms");
	json_array_foreach(list, i, t)
	{
		const char *title = _(step_title(message_string(t, "step")));
		char bar[BAR * 4], padded[PADDED];

		bar_text(bar, message_integer(t, "mean_ms"), most);
		page_add(p, ROLE_PLAIN, "  %s %6.2f s %s %6.2f s",
			draw_padded(title, 24, padded, sizeof(padded)),
			(double)message_integer(t, "mean_ms") / 1000, bar,
			(double)message_integer(t, "most_ms") / 1000);
	}
}

static void fill(struct screen *s, const json_t *data)
{
	const json_t *all = json_object_get(data, "statistics");

	page_add(&s->page, ROLE_DIM, "%s",
		s->all_time ? _("of the whole store") : _("of this shift"));
	page_add(&s->page, ROLE_PLAIN, "%s", "");
	add_codes(&s->page, json_object_get(all, "codes"));
	add_hours(&s->page, json_object_get(all, "hours"));
	add_steps(&s->page, json_object_get(all, "steps"));
}

static void ask(struct screen *s)
{
	screen_ask(s, json_pack("{sb}", "all", (int)s->all_time));
}

static enum result key(struct screen *s, int32_t k)
{
	if (k != 's')
		return IGNORED;
	s->all_time = !s->all_time;
	ask(s);
	return HANDLED;
}

const struct panel panel_statistics = {.title = N_("failures, yield, times"),
	.letter = 'p',
	.question = "statistics",
	.live = true,
	.open = ask,
	.fill = fill,
	.key = key,
	.keys = N_("s shift or all  Esc back")};
