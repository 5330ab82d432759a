/*
 * Which part gets a key: a form, a question that waits for its yes, the line in which a label is
 * typed, the panel, and last what works everywhere.
 */
#include "plan/labels.h"
#include "screen/private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ALIVE_MS = 500 };

/* ---- who works here ---- */

static void login_done(struct screen *s)
{
	screen_send(s, json_pack("{ss, ss, ss}", "type", "login", "name", s->form.fields[0].text,
			       "password", s->form.fields[1].text));
	form_close(s);
	screen_notice(s, ROLE_DIM, N_("the password is checked ..."));
}

void screen_login(struct screen *s, const char *note)
{
	form_open(s, N_("Who works here?"), note, login_done);
	form_field(s, N_("name"), false);
	form_field(s, N_("password"), true);
}

/* ---- keys that work everywhere ---- */

static void yes_abort(struct screen *s, int slot)
{
	screen_send(s, json_pack("{ss, si}", "type", "abort_unit", "slot", slot));
}

static void yes_abort_all(struct screen *s, int slot)
{
	(void)slot;
	screen_send(s, json_pack("{ss}", "type", "abort_unit"));
}

static void yes_leave(struct screen *s, int slot)
{
	(void)slot;
	s->leaving = true;
}

static void yes_end(struct screen *s, int slot)
{
	(void)slot;
	screen_send(s, json_pack("{ss}", "type", "stop"));
	s->leaving = true;
}

static void confirm(struct screen *s, int32_t key, void (*yes)(struct screen *s, int slot),
	int slot, const char *text)
{
	s->confirm = (struct confirm){.slot = slot, .ways = {{key, yes}}};
	snprintf(s->confirm.text, sizeof(s->confirm.text), "%s", text);
	beep();
}

static bool in_work(const struct tile *t)
{
	return t && (t->state == TILE_WORKING || t->state == TILE_WAITING);
}

static int count_work(const struct screen *s)
{
	int n = 0;

	for (size_t i = 0; i < s->model.tile_n; i++)
		n += in_work(&s->model.tiles[i]);
	return n;
}

static void key_abort(struct screen *s)
{
	const struct tile *t = model_tile(&s->model, s->chosen_slot);
	char text[ROW];

	if (!in_work(t)) {
		screen_notice(s, ROLE_NOTICE, N_("nothing is in work at this slot"));
		return;
	}
	snprintf(text, sizeof(text), _("Abort slot %d, %s? F8 again: yes. Any other key: no."),
		t->slot, t->label);
	confirm(s, KEY_OF + KEY_F(8), yes_abort, t->slot, text);
}

static void key_abort_all(struct screen *s)
{
	char text[ROW];

	snprintf(text, sizeof(text),
		_("Abort all %d units in work? F9 again: yes. Any other key: no."), count_work(s));
	confirm(s, KEY_OF + KEY_F(9), yes_abort_all, 0, text);
}

static void key_leave(struct screen *s)
{
	char text[ROW];

	if (s->o.owner)
		snprintf(text, sizeof(text),
			_("F10 again: leave, the station ends after %d units. Any other key: stay."),
			count_work(s));
	else
		snprintf(text, sizeof(text),
			_("F10: leave, the station goes on. F12: end it, %d units aborted. Else: stay."),
			count_work(s));
	confirm(s, KEY_OF + KEY_F(10), yes_leave, 0, text);
	if (!s->o.owner) {
		s->confirm.ways[1].key = KEY_OF + KEY_F(12);
		s->confirm.ways[1].yes = yes_end;
	}
}

static void key_pause(struct screen *s)
{
	screen_send(s, json_pack("{ss, sb}", "type", "pause", "on", (int)!s->model.paused[0]));
}

void screen_language(struct screen *s)
{
	words_use(words_next());
	s->notice[0] = '\0';
	s->confirm = (struct confirm){0};
	if (s->panel->fill && (s->data || !s->panel->question)) {
		page_clear(&s->page);
		s->panel->fill(s, s->data);
	}
}

static void key_person(struct screen *s)
{
	if (s->model.person[0])
		screen_send(s, json_pack("{ss}", "type", "logout"));
	else
		screen_login(s, "");
}

static bool always(const struct screen *s)
{
	(void)s;
	return true;
}

static bool can_abort(const struct screen *s)
{
	return in_work(model_tile((struct model *)&s->model, s->chosen_slot));
}

static bool can_abort_all(const struct screen *s)
{
	return count_work(s) > 0;
}

static bool is_asked(const struct screen *s)
{
	const struct tile *t = model_tile((struct model *)&s->model, s->chosen_slot);

	return t && t->prompt && s->panel == &panel_board;
}

/* In the order of the footer; a row without `act` is the panel's own. */
static const struct {
	int32_t key;
	const char *name, *word;
	void (*act)(struct screen *s);
	bool (*works)(const struct screen *s);
} keys[] = {
	{0, "F1..", N_("answer"), NULL, is_asked},
	{KEY_OF + KEY_F(6), "F6", N_("pause"), key_pause, always},
	{KEY_OF + KEY_F(8), "F8", N_("abort"), key_abort, can_abort},
	{KEY_OF + KEY_F(9), "F9", N_("abort all"), key_abort_all, can_abort_all},
	{KEY_OF + KEY_F(10), "F10", N_("leave"), key_leave, always},
	{'o', "o", N_("person"), key_person, always},
	{'l', "l", N_("language"), screen_language, always},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* ---- typing a label ---- */

/* Labels begin with a digit or a capital letter, so that small letters are commands; a colon or a
 * space opens the line for any other. */
static bool begins_label(int32_t key)
{
	return key < 128 && (isdigit(key) || isupper(key) || key == ':' || key == ' ');
}

static void scan(struct screen *s)
{
	struct label label;
	struct err err;
	json_t *m;

	if (label_read(s->input, &label, &err) < 0) {
		char text[ROW - INPUT - 2], line[ROW];

		snprintf(line, sizeof(line), "%s: %s", s->input,
			words_sentence(err.text, text, sizeof(text)));
		snprintf(s->notice, sizeof(s->notice), "%s", line);
		s->notice_role = ROLE_NOTICE;
		beep();
	} else {
		m = json_pack("{ss, ss}", "type", "start", "label", label.serial);
		if (label.slot)
			json_object_set_new(m, "slot", json_integer((json_int_t)label.slot));
		if (label.address[0])
			json_object_set_new(m, "address", json_string(label.address));
		s->notice[0] = '\0';
		screen_send(s, m);
	}
	s->input[0] = '\0';
}

static bool input_key(struct screen *s, int32_t key)
{
	if (!s->input[0] && !begins_label(key))
		return false;
	if (key == SCREEN_ENTER) {
		scan(s);
	} else if (key == SCREEN_ESCAPE) {
		s->input[0] = '\0';
	} else if (!s->input[0] && (key == ':' || key == ' ')) {
		strcpy(s->input, " ");
	} else {
		if (!strcmp(s->input, " "))
			s->input[0] = '\0';
		return type_into(s->input, INPUT, key);
	}
	return true;
}

static bool confirm_key(struct screen *s, int32_t key)
{
	struct confirm c = s->confirm;

	s->confirm = (struct confirm){0};
	for (size_t i = 0; i < 2; i++) {
		if (!c.ways[i].yes || c.ways[i].key != key)
			continue;
		c.ways[i].yes(s, c.slot);
		return true;
	}
	return false; /* it means what it always means: a scan is not lost to a question */
}

static void alive(struct screen *s)
{
	int64_t now = screen_now(s);

	if (!s->model.person[0] || now - s->alive_ms < ALIVE_MS)
		return;
	s->alive_ms = now;
	screen_send(s, json_pack("{ss}", "type", "alive"));
}

static void global_key(struct screen *s, int32_t key)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (!keys[i].act || keys[i].key != key)
			continue;
		keys[i].act(s);
		return;
	}
	for (const struct panel *const *p = panels; *p; p++) {
		if ((*p)->letter != key || !key)
			continue;
		screen_show(s, *p);
		return;
	}
	if (key == SCREEN_ESCAPE) {
		s->notice[0] = '\0';
		if (s->panel != &panel_board)
			screen_show(s, &panel_board);
	}
}

bool screen_key(struct screen *s, int32_t key)
{
	if (key == '\r')
		key = SCREEN_ENTER;
	alive(s);
	if (s->form.title) {
		form_key(s, key);
		return true;
	}
	if (s->confirm.text[0] && confirm_key(s, key))
		return !s->leaving;
	if (s->filtering && s->panel->key && s->panel->key(s, key) == HANDLED)
		return true;
	if (input_key(s, key))
		return true;
	if (s->panel->key && s->panel->key(s, key) == HANDLED)
		return true;
	if (s->panel != &panel_board && page_key(&s->page, key))
		return true;
	global_key(s, key);
	return true;
}

/* ---- the footer: the keys that work now ---- */

void keys_draw(const struct screen *s, int y)
{
	char letters[32];
	size_t n = 0;
	int x = 0, w;

	draw_fill((struct area){y, 0, 1, COLS}, ROLE_BAR);
	for (const struct panel *const *p = panels; *p; p++)
		n += (size_t)snprintf(letters + n, sizeof(letters) - n, "%c ", (*p)->letter);
	w = COLS - (int)n - 1;
	draw_format(y, w, (int)n + 1, ROLE_KEY, " %s", letters);
	if (s->panel->keys)
		x += draw_format(y, x, w - x, ROLE_BAR, " %s ", _(s->panel->keys));
	for (size_t i = 0; i < KEYS; i++) {
		int need = draw_columns(keys[i].name) + draw_columns(_(keys[i].word)) + 4;

		if (!keys[i].works(s) || x + need > w)
			continue;
		x += draw_format(y, x, w - x, ROLE_KEY, " %s ", keys[i].name);
		x += draw_format(y, x, w - x, ROLE_BAR, "%s ", _(keys[i].word));
	}
}
