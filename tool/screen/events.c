/* What the station says, beside what model.c keeps of it: which panel hears of it, what rings. */
#include "screen/private.h"

#include <stdio.h>
#include <string.h>

/* Asks who works here; what somebody types just now is not taken away. */
static void ask_person(struct screen *s, const char *note)
{
	if (s->form.title)
		snprintf(s->form.note, sizeof(s->form.note), "%s", note);
	else
		screen_login(s, note);
}

static void on_session(struct screen *s, const json_t *event)
{
	const char *error = message_string(event, "error");

	s->notice[0] = '\0';
	if (error[0])
		beep();
	if (error[0] || !s->model.person[0])
		ask_person(s, error);
}

static void on_refused(struct screen *s, const json_t *event)
{
	const char *label = message_string(event, "label"), *error = message_string(event, "error");
	json_int_t slot = message_integer(event, "slot");
	char text[ROW - 64], line[ROW];

	words_sentence(error, text, sizeof(text));
	if (slot)
		snprintf(line, sizeof(line), "%d%s%s: %s", (int)slot, label[0] ? ": " : "", label,
			text);
	else
		snprintf(line, sizeof(line), "%s%s%s", label, label[0] ? ": " : "", text);
	snprintf(s->notice, sizeof(s->notice), "%s", line);
	s->notice_role = ROLE_NOTICE;
	beep();
	if (!strcmp(error, "log in first"))
		ask_person(s, error);
}

static void on_answered(struct screen *s, const json_t *event)
{
	const char *error = message_string(event, "error");
	json_int_t chosen = page_chosen(&s->page);
	char text[ROW];

	if (message_integer(event, "id") != s->asked || !s->panel->fill)
		return;
	s->asked = 0;
	page_clear(&s->page);
	if (error[0]) {
		page_add(&s->page, ROLE_ERROR, "%s", words_sentence(error, text, sizeof(text)));
		return;
	}
	json_decref(s->data);
	s->data = json_incref(json_object_get(event, "data"));
	s->panel->fill(s, s->data);
	page_choose(&s->page, chosen); /* what came in between does not move the choice */
}

static void on_counts(struct screen *s, const json_t *event)
{
	(void)event;
	if (s->panel->live && !s->asked)
		screen_ask(s, json_incref(s->about));
}

static void on_prompt(struct screen *s, const json_t *event)
{
	const struct tile *t = model_tile(&s->model, s->chosen_slot);
	int slot = (int)message_integer(event, "slot");

	/* The keys answer where something is asked, unless they already do elsewhere. */
	if (!t || !t->prompt)
		s->chosen_slot = slot;
	beep();
	if (s->panel == &panel_board)
		return;
	snprintf(s->notice, sizeof(s->notice), _("slot %d asks the operator: Esc"), slot);
	s->notice_role = ROLE_NOTICE;
}

static void on_unit_end(struct screen *s, const json_t *event)
{
	json_int_t slot = message_integer(event, "slot");

	if (strcmp(message_string(event, "verdict"), "PASS") != 0)
		beep();
	if (s->panel == &panel_unit && s->unit_slot == slot)
		unit_show(s, message_integer(event, "attempt"));
}

static void on_step_end(struct screen *s, const json_t *event)
{
	struct tile *t = model_tile(&s->model, (int)message_integer(event, "slot"));

	if (t && s->panel == &panel_unit && s->unit_slot == t->slot) {
		page_clear(&s->page);
		s->panel->fill(s, NULL);
	}
}

static void on_station(struct screen *s, const json_t *event)
{
	bool stopped = !strcmp(s->model.state, "stopped");

	(void)event;
	if (stopped && !s->stopped) { /* it takes the screen, whatever is looked at */
		beep();
		screen_show(s, &panel_board);
	}
	s->stopped = stopped;
}

static void on_unsettled(struct screen *s, const json_t *event)
{
	(void)event;
	snprintf(s->notice, sizeof(s->notice),
		_("%d cards were in work when the station started: j"), s->model.unsettled);
	s->notice_role = ROLE_ASKS;
}

void screen_event(struct screen *s, const json_t *event)
{
	static const struct {
		const char *type;
		void (*take)(struct screen *s, const json_t *event);
	} events[] = {
		{"act_done", act_done},
		{"answered", on_answered},
		{"counts", on_counts},
		{"prompt", on_prompt},
		{"refused", on_refused},
		{"session", on_session},
		{"station", on_station},
		{"step_end", on_step_end},
		{"unit_end", on_unit_end},
		{"unsettled", on_unsettled},
	};

	model_event(&s->model, event, screen_now(s));
	if (!s->chosen_slot && s->model.tile_n)
		s->chosen_slot = s->model.tiles[0].slot;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (!strcmp(events[i].type, message_type(event)))
			events[i].take(s, event);
}

void screen_gone(struct screen *s, const char *why)
{
	words_sentence(why, s->gone, sizeof(s->gone));
	model_forget(&s->model);
	s->asked = 0;
	s->confirm = (struct confirm){0};
	beep();
}

void screen_connected(struct screen *s)
{
	s->gone[0] = '\0';
	screen_send(s, json_pack("{ss, sb}", "type", "watch", "now", 1));
	screen_login(s, "");
	screen_show(s, &panel_board);
}
