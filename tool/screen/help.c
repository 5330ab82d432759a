/* The keys, and what a verdict means. */
#include "screen/private.h"

#include <string.h>

static const struct {
	const char *key, *what;
} keys[] = {
	{N_("scan"), N_("starts the unit: in the slot that waits, or 3:LABEL in slot 3")},
	{N_(": or Space"), N_("opens the line for a label that begins with a small letter")},
	{N_("arrows"), N_("choose a slot or a row; PgUp and PgDn go by pages")},
	{"Enter", N_("looks into the chosen unit")},
	{"F1 .. F5", N_("answer what the chosen slot asks; set the foot pedal to F1")},
	{"F6", N_("pauses starting, and goes on")},
	{"F8, F9", N_("abort the chosen slot, or all: pressed again, that is meant")},
	{"F10", N_("leaves; the station goes on, or ends with F12")},
	{"h", N_("history, with a filter by serial, code and verdict")},
	{"p", N_("failures by code, yield by hour, time per step")},
	{"j", N_("the job's balance and the cards that need a person")},
	{"d", N_("doctor: what is missing and how to fix it")},
	{"o", N_("log out, or in")},
	{"l", N_("another language")},
	{"Esc", N_("back to the board")},
};

static const struct {
	const char *word, *what;
} verdicts[] = {
	{"PASS", N_("the unit is good and its card is committed")},
	{"FAIL", N_("the unit is bad: one code, its cause, what to do with it")},
	{"ERROR", N_("station, jig or tool: the unit is not blamed")},
	{"ABORT", N_("the operator ended it")},
};

static void add(struct page *p, enum role role, const char *left, const char *right)
{
	char padded[PADDED];

	page_add(p, role, "  %s %s", draw_padded(left, 12, padded, sizeof(padded)), right);
}

static void fill(struct screen *s, const json_t *data)
{
	(void)data;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		add(&s->page, ROLE_PLAIN, _(keys[i].key), _(keys[i].what));
	page_add(&s->page, ROLE_PLAIN, "%s", "");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		add(&s->page, theme_verdict(verdicts[i].word), verdicts[i].word,
			_(verdicts[i].what));
	page_add(&s->page, ROLE_PLAIN, "%s", "");
	page_wrapped(&s->page, ROLE_DIM, 2,
		_("first pass: of the units whose first attempt ended in this shift, those that passed at it; /h: units ended in the last hour"));
}

const struct panel panel_help = {
	.title = N_("help"), .letter = '?', .fill = fill, .keys = N_("Esc back")};
