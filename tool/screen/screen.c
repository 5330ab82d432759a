/* The screen as a whole: the terminal, the panels, and what they ask the station. */
#include "screen/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPE_MS = 50 };

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
