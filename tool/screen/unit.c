/* One unit: its steps, measurements against their limits, the exchanges in words, other attempts.
 */
#include "plan/titles.h"
#include "screen/private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SCALE = 20, FIELDS_TEXT = 1024 };

static double number(const json_t *object, const char *member)
{
	const json_t *v = json_object_get(object, member);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static void add_measurement(struct page *p, const json_t *m)
{
	const char *judgement = message_string(m, "judgement"), *unit = message_string(m, "unit");
	double value = number(m, "value"), low = number(m, "low"), high = number(m, "high");
	bool failed = strcmp(judgement, "PASS") != 0 && strcmp(judgement, "MARGINAL") != 0;
	char scale[SCALE + 1], text[32] = "-";

	if (!isnan(value))
		snprintf(text, sizeof(text), "%.4g", value);
	draw_scale(scale, SCALE, value, low, high);
	page_add(p, failed ? ROLE_FAIL : ROLE_PLAIN, "  %-20s %8s %-4s %s %.4g..%.4g %s",
		message_string(m, "name"), text, unit, scale, low, high,
		strcmp(judgement, "PASS") ? _(judgement) : "");
}

static void add_step(struct page *p, const json_t *step)
{
	const char *verdict = message_string(step, "verdict"), *note = message_string(step, "note"),
		   *title = _(step_title(message_string(step, "step")));
	const json_t *list = json_object_get(step, "measurements"), *m;
	char cause[ROW], line[2 * ROW], padded[PADDED];
	size_t i;

	page_add(p, theme_verdict(verdict), "%s %s %6.2f s  %s",
		strcmp(verdict, "PASS") ? "✘" : "✔", draw_padded(title, 26, padded, sizeof(padded)),
		(double)message_integer(step, "ms") / 1000, verdict);
	if (message_string(step, "code")[0]) {
		snprintf(line, sizeof(line), "%s: %s", message_string(step, "code"),
			words_sentence(message_string(step, "cause"), cause, sizeof(cause)));
		page_wrapped(p, theme_verdict(verdict), 4, line);
	}
	if (note[0])
		page_wrapped(p, ROLE_DIM, 4, note);
	json_array_foreach(list, i, m) add_measurement(p, m);
}

/* ---- the exchanges ---- */

struct fields {
	char command[FIELDS_TEXT], answer[FIELDS_TEXT];
};

static void take_field(void *arg, bool answer, const char *name, const char *value)
{
	struct fields *f = arg;
	char *text = answer ? f->answer : f->command;
	size_t n = strlen(text);

	snprintf(text + n, FIELDS_TEXT - n, "%s%s %s", n ? ", " : "", _(name), value);
}

static void add_exchange(struct screen *s, const json_t *t)
{
	const char *response = message_string(t, "response"), *status = NULL, *name;
	const char *error = message_string(t, "error");
	size_t n = strlen(response);
	struct fields f = {0};
	char line[FIELDS_TEXT + 8];

	name = s->o.describe(message_string(t, "command"), response, &status, take_field, &f);
	page_add(&s->page, error[0] ? ROLE_FAIL : ROLE_WORK, "    %s  %.8s  %s  %.0f ms  %s %s",
		_(name), message_string(t, "command"), message_string(t, "carrier"),
		(double)message_integer(t, "us") / 1000, n >= 4 ? response + n - 4 : "",
		error[0] ? error
		: status ? _(status)
			 : "");
	if (f.command[0]) {
		snprintf(line, sizeof(line), "> %s", f.command);
		page_wrapped(&s->page, ROLE_DIM, 6, line);
	}
	if (f.answer[0]) {
		snprintf(line, sizeof(line), "< %s", f.answer);
		page_wrapped(&s->page, ROLE_DIM, 6, line);
	}
}

static void add_exchanges(struct screen *s, const json_t *trace, size_t step)
{
	const json_t *t;
	size_t i;

	json_array_foreach(trace, i, t)
	{
		if ((size_t)message_integer(t, "step") == step)
			add_exchange(s, t);
	}
}

/* ---- the page ---- */

static void add_head(struct page *p, const json_t *r)
{
	const char *verdict = message_string(r, "verdict"), *card = message_string(r, "card");
	char cause[ROW];

	page_add(p, theme_verdict(verdict), "%s  %s  %s", message_string(r, "unit"), verdict,
		message_string(r, "code"));
	if (message_string(r, "code")[0]) {
		page_wrapped(p, ROLE_PLAIN, 2,
			words_sentence(message_string(r, "cause"), cause, sizeof(cause)));
		page_add(p, ROLE_STRONG, "  → %s", _(message_string(r, "action")));
	}
	page_add(p, ROLE_PLAIN, _("  attempt %lld, slot %lld, %.1f s, %s, by %s"),
		(long long)message_integer(r, "try"), (long long)message_integer(r, "slot"),
		(double)message_integer(r, "ms") / 1000, message_string(r, "started"),
		message_string(r, "operator"));
	if (card[0])
		page_add(p, ROLE_PLAIN, _("  card %s %s"), card, message_string(r, "card_state"));
	page_add(p, ROLE_PLAIN, "%s", "");
}

static void add_attempts(struct page *p, const json_t *attempts, json_int_t shown)
{
	const json_t *a;
	size_t i;

	page_add(p, ROLE_PLAIN, "%s", "");
	page_add(p, ROLE_STRONG, "%s", _("attempts of this unit"));
	json_array_foreach(attempts, i, a)
	{
		const char *verdict = message_string(a, "verdict");

		page_add(p, theme_verdict(verdict), "%s %lld  %s  %-5s  %s  %s",
			message_integer(a, "attempt") == shown ? ">" : " ",
			(long long)message_integer(a, "try"), message_string(a, "ended"), verdict,
			message_string(a, "code"), message_string(a, "operator"));
	}
}

static void fill_live(struct screen *s)
{
	const struct tile *t = model_tile(&s->model, s->unit_slot);
	const json_t *step;
	size_t i;

	if (!t)
		return;
	page_add(&s->page, ROLE_WORK, _("%s  in work in slot %d, attempt %d"), t->label, t->slot,
		t->attempt_try);
	page_add(&s->page, ROLE_PLAIN, "%s", "");
	json_array_foreach(t->ended, i, step) add_step(&s->page, step);
	if (t->step[0] && t->done == t->at)
		page_add(&s->page, ROLE_WORK, "▸ %s", _(step_title(t->step)));
}

static void fill(struct screen *s, const json_t *data)
{
	const json_t *report = json_object_get(data, "report"),
		     *steps = json_object_get(report, "steps"), *step;
	size_t i;

	if (!data) {
		fill_live(s);
		return;
	}
	add_head(&s->page, report);
	json_array_foreach(steps, i, step)
	{
		add_step(&s->page, step);
		if (s->with_trace)
			add_exchanges(s, json_object_get(data, "trace"), i);
	}
	add_attempts(
		&s->page, json_object_get(data, "attempts"), message_integer(report, "attempt"));
}

static void open_unit(struct screen *s)
{
	if (s->unit_attempt) {
		screen_ask(s, json_pack("{sI}", "attempt", s->unit_attempt));
		return;
	}
	page_clear(&s->page);
	fill_live(s);
}

void unit_show(struct screen *s, json_int_t attempt)
{
	s->unit_attempt = attempt;
	s->unit_slot = 0;
	screen_show(s, &panel_unit);
}

void unit_show_slot(struct screen *s, const struct tile *t)
{
	if (t->state == TILE_WORKING) {
		s->unit_attempt = 0;
		s->unit_slot = t->slot;
		screen_show(s, &panel_unit);
	} else if (t->attempt) { /* also when the next unit is in already */
		unit_show(s, t->attempt);
	} else {
		screen_notice(s, ROLE_NOTICE, N_("no unit was tested in this slot yet"));
	}
}

/* To the attempt before or after this one. */
static void other_attempt(struct screen *s, int by)
{
	const json_t *attempts = json_object_get(s->data, "attempts");
	size_t n = json_array_size(attempts);

	for (size_t i = 0; i < n; i++) {
		size_t to = i + (size_t)by;

		if (message_integer(json_array_get(attempts, i), "attempt") != s->unit_attempt ||
			to >= n)
			continue;
		unit_show(s, message_integer(json_array_get(attempts, to), "attempt"));
		return;
	}
}

static enum result key(struct screen *s, int32_t k)
{
	if (k == 't' && s->data) {
		s->with_trace = !s->with_trace;
		page_clear(&s->page);
		fill(s, s->data);
		return HANDLED;
	}
	if (k != KEY_OF + KEY_LEFT && k != KEY_OF + KEY_RIGHT)
		return IGNORED;
	other_attempt(s, k == KEY_OF + KEY_LEFT ? -1 : 1);
	return HANDLED;
}

const struct panel panel_unit = {.title = N_("unit"),
	.question = "unit",
	.open = open_unit,
	.fill = fill,
	.key = key,
	.keys = N_("t exchanges  Left/Right attempts  Esc back")};
