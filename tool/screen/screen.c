/* The manager: terminal, header, footer, and which panel gets a key. */
#include "plan/labels.h"
#include "screen/private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 2, FOOTER = 2, ALIVE_MS = 2000, ESCAPE_MS = 50 };

const struct panel *const panels[] = {&panel_board, &panel_history, &panel_statistics, &panel_job,
	&panel_doctor, &panel_help, NULL};

int64_t screen_now(const struct screen *s)
{
	return s->o.now_ms(s->o.arg);
}

void screen_send(struct screen *s, json_t *message)
{
	s->o.send(s->o.arg, message);
}

void screen_notice(struct screen *s, enum role role, const char *sentence)
{
	words_sentence(sentence, s->notice, sizeof(s->notice));
	s->notice_role = role;
	if (role == ROLE_NOTICE)
		beep();
}

void screen_ask(struct screen *s, json_t *about)
{
	json_decref(s->about);
	s->about = json_incref(about);
	s->asked = ++s->last_ask;
	screen_send(s, json_pack("{ss, sI, ss, so}", "type", "ask", "id", s->asked, "what",
			       s->panel->question, "about", about));
}

void screen_show(struct screen *s, const struct panel *panel)
{
	s->panel = panel;
	s->asked = 0;
	s->notice[0] = '\0';
	s->filtering = false;
	json_decref(s->data);
	s->data = NULL;
	page_clear(&s->page);
	page_home(&s->page);
	if (panel->question)
		page_add(&s->page, ROLE_DIM, "%s", _("the station is asked ..."));
	if (panel->open)
		panel->open(s);
	else if (panel->question)
		screen_ask(s, json_object());
	else if (panel->fill)
		panel->fill(s, NULL);
}

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

static void on_session(struct screen *s, const json_t *event)
{
	const char *error = message_string(event, "error");

	s->notice[0] = '\0';
	if (error[0]) {
		beep();
		screen_login(s, error);
	} else if (!s->model.person[0]) {
		screen_login(s, "");
	}
}

/* ---- events ---- */

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
		screen_login(s, error);
}

static void on_answered(struct screen *s, const json_t *event)
{
	const char *error = message_string(event, "error");
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

	/* The keys answer where something is asked, unless they already do elsewhere. */
	if (!t || !t->prompt)
		s->chosen_slot = (int)message_integer(event, "slot");
	beep();
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
	(void)event;
	if (!strcmp(s->model.state, "stopped"))
		beep();
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

/* ---- keys that work everywhere ---- */

static void yes_abort(struct screen *s)
{
	screen_send(s, json_pack("{ss, si}", "type", "abort_unit", "slot", s->chosen_slot));
}

static void yes_abort_all(struct screen *s)
{
	screen_send(s, json_pack("{ss}", "type", "abort_unit"));
}

static void yes_leave(struct screen *s)
{
	s->leaving = true;
}

static void yes_end(struct screen *s)
{
	screen_send(s, json_pack("{ss}", "type", "stop"));
	s->leaving = true;
}

static void confirm(struct screen *s, int32_t key, void (*yes)(struct screen *s), const char *text)
{
	s->confirm = (struct confirm){.ways = {{key, yes}}};
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
	confirm(s, KEY_OF + KEY_F(8), yes_abort, text);
}

static void key_abort_all(struct screen *s)
{
	char text[ROW];

	snprintf(text, sizeof(text),
		_("Abort all %d units in work? F9 again: yes. Any other key: no."), count_work(s));
	confirm(s, KEY_OF + KEY_F(9), yes_abort_all, text);
}

static void key_leave(struct screen *s)
{
	char text[ROW];

	if (s->o.owner)
		snprintf(text, sizeof(text),
			_("Leave? F10 again: yes, the station ends after %d units in work. Any other key: no."),
			count_work(s));
	else
		snprintf(text, sizeof(text),
			_("F10 again: leave, the station goes on. F12: end it too, %d units in work are aborted. Any other key: stay."),
			count_work(s));
	confirm(s, KEY_OF + KEY_F(10), yes_leave, text);
	if (!s->o.owner) {
		s->confirm.ways[1].key = KEY_OF + KEY_F(12);
		s->confirm.ways[1].yes = yes_end;
	}
}

static void key_pause(struct screen *s)
{
	screen_send(s, json_pack("{ss, sb}", "type", "pause", "on", (int)!s->model.paused[0]));
}

static void key_language(struct screen *s)
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
	{'l', "l", N_("language"), key_language, always},
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
	const char *label;
	unsigned slot;
	struct err err;
	json_t *m;

	if (label_read(s->input, &slot, &label, &err) < 0) {
		char text[ROW - INPUT - 2], line[ROW];

		snprintf(line, sizeof(line), "%s: %s", s->input,
			words_sentence(err.text, text, sizeof(text)));
		snprintf(s->notice, sizeof(s->notice), "%s", line);
		s->notice_role = ROLE_NOTICE;
		beep();
	} else {
		m = json_pack("{ss, ss}", "type", "start", "label", label);
		if (slot)
			json_object_set_new(m, "slot", json_integer((json_int_t)slot));
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
		c.ways[i].yes(s);
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

/* ---- drawing ---- */

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

static void draw_footer(const struct screen *s, int y)
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
	draw_footer(s, LINES - 1);
	if (s->form.title)
		form_draw(s, all);
	refresh();
}

bool screen_moves(const struct screen *s)
{
	return s->panel == &panel_board && model_moves(&s->model);
}

void screen_resize(struct screen *s, int rows, int columns)
{
	(void)s;
	resizeterm(rows, columns);
	clearok(stdscr, TRUE);
}

/* ---- opening ---- */

int screen_open(struct screen **out, const struct screen_options *o, struct err *err)
{
	struct screen *s;

	if (words_open(o->catalogues) < 0)
		return err_set(err, E_SYSTEM, "no locale with UTF-8, not even C.UTF-8");
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, E_SYSTEM, "out of memory");
	s->o = *o;
	words_use(o->language);
	s->terminal = newterm(o->terminal, o->out, o->in);
	if (!s->terminal) {
		free(s);
		return err_set(err, E_SYSTEM, "ncurses knows no terminal \"%s\" ($TERM)",
			o->terminal	 ? o->terminal
			: getenv("TERM") ? getenv("TERM")
					 : "");
	}
	set_term(s->terminal);
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	theme_open(o->plain);
	model_init(&s->model);
	s->panel = &panel_board;
	*out = s;
	return 0;
}

void screen_close(struct screen *s)
{
	if (!s)
		return;
	form_close(s);
	endwin();
	delscreen(s->terminal);
	model_finish(&s->model);
	page_finish(&s->page);
	json_decref(s->data);
	json_decref(s->about);
	json_decref(s->act);
	free(s);
}
