/* The job's balance, and the cards that need a person. */
#include "screen/private.h"

#include <string.h>

static void add_balance(struct page *p, const json_t *b)
{
	static const struct {
		const char *member, *word;
	} columns[] = {{"issued", N_("issued")}, {"available", N_("available")},
		{"reserved", N_("reserved")}, {"in_work", N_("in work")},
		{"committed", N_("committed")}, {"rejected", N_("rejected")},
		{"quarantined", N_("in quarantine")}, {"spoiled", N_("spoiled")},
		{"good_units", N_("good units")}, {"attempts", N_("attempts")}};
	const json_t *differences = json_object_get(b, "differences"), *d;
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		char name[PADDED];

		page_add(p, ROLE_PLAIN, "  %s %8lld",
			draw_padded(_(columns[i].word), 16, name, sizeof(name)),
			(long long)message_integer(b, columns[i].member));
	}
	if (!json_array_size(differences))
		page_add(p, ROLE_PASS, "  %s", _("it balances"));
	json_array_foreach(differences, i, d) page_add(p, ROLE_FAIL, "  %s", json_string_value(d));
}

static void fill(struct screen *s, const json_t *data)
{
	const json_t *facts = json_object_get(data, "facts"),
		     *cards = json_object_get(data, "cards"), *c;
	size_t i;

	page_add(&s->page, ROLE_STRONG, _("job %s: %s, product %s, key set %s, %s"),
		message_string(facts, "job"), _(message_string(facts, "state")),
		message_string(facts, "product"), message_string(facts, "key_set"),
		message_string(facts, "realm"));
	add_balance(&s->page, json_object_get(data, "balance"));
	page_add(&s->page, ROLE_PLAIN, "%s", "");
	page_add(&s->page, ROLE_STRONG, _("%lld cards wait for a person"),
		(long long)message_integer(data, "waiting"));
	json_array_foreach(cards, i, c)
	{
		char state[PADDED];

		page_choice(&s->page, (json_int_t)i + 1, ROLE_PLAIN, "  %s %-22s %s",
			draw_padded(_(message_string(c, "state")), 10, state, sizeof(state)),
			message_string(c, "card"), message_string(c, "unit"));
		page_wrapped(&s->page, ROLE_DIM, 4, _(message_string(c, "action")));
	}
}

static enum result key(struct screen *s, int32_t k)
{
	static const struct {
		int32_t key;
		const char *act;
	} acts[] = {{'u', "quarantine"}, {'r', "resolve"}, {'x', "destroy"}};
	json_int_t chosen = page_chosen(&s->page);
	const json_t *cards = json_object_get(s->data, "cards");

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (acts[i].key != k)
			continue;
		if (chosen)
			act_start(s, acts[i].act, json_array_get(cards, (size_t)chosen - 1));
		else
			screen_notice(s, ROLE_NOTICE, N_("no card waits for a person"));
		return HANDLED;
	}
	return IGNORED;
}

const struct panel panel_job = {.title = N_("job and cards"),
	.letter = 'j',
	.question = "job",
	.fill = fill,
	.key = key,
	.keys = N_("u quarantine  r resolve  x destroyed  Esc back")};
