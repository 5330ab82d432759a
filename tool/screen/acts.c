/* What a person does to a card: the reason, and the lead or second person where one is needed. */
#include "screen/private.h"

#include <string.h>

static void reason_given(struct screen *s)
{
	if (!s->form.fields[0].text[0])
		return;
	json_object_set_new(s->act, "reason", json_string(s->form.fields[0].text));
	form_close(s);
	screen_send(s, json_pack("{ss, sO}", "type", "act", "what", s->act));
}

void act_start(struct screen *s, const char *act, const json_t *card)
{
	const char *unit = message_string(card, "unit");
	static const struct {
		const char *act, *title;
	} titles[] = {{"destroy", N_("This unit was destroyed")},
		{"quarantine", N_("Nobody can say what became of this unit")},
		{"resolve", N_("This unit was found: it is a reject")}};

	json_decref(s->act);
	s->act = json_pack("{ss, ss}", "act", act, unit[0] ? "unit" : "card",
		unit[0] ? unit : message_string(card, "card"));
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (!strcmp(titles[i].act, act))
			form_open(s, titles[i].title, unit[0] ? unit : message_string(card, "card"),
				reason_given);
	form_field(s, N_("reason"), false);
}

static void witness_given(struct screen *s)
{
	screen_send(s, json_pack("{ss, sO, s{ss, ss}}", "type", "act", "what", s->act, "witness",
			       "name", s->form.fields[0].text, "password", s->form.fields[1].text));
	form_close(s);
	screen_notice(s, ROLE_DIM, N_("the password is checked ..."));
}

void act_done(struct screen *s, const json_t *event)
{
	const char *error = message_string(event, "error");

	if (message_integer(event, "status") >= 0) {
		screen_notice(s, ROLE_STRONG, N_("done, and in the journal"));
		if (s->panel == &panel_job)
			screen_ask(s, json_object());
	} else if (message_string(event, "needs")[0] && s->act) {
		s->notice[0] = '\0';
		form_open(s, N_("Another person"), error, witness_given);
		form_field(s, N_("name"), false);
		form_field(s, N_("password"), true);
	} else {
		screen_notice(s, ROLE_NOTICE, error);
	}
}
