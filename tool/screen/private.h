/* What the files of screen/ share. */
#ifndef SCREEN_PRIVATE_H
#define SCREEN_PRIVATE_H

#include "messages/messages.h"
#include "screen/draw.h"
#include "screen/model.h"
#include "screen/screen.h"
#include "screen/words.h"

#include <ncurses.h>

enum {
	INPUT = 64,
	FIELD = 128,
	FIELDS = 3,
	ROW = 512,
	PADDED = 128, /* bytes of a padded word */
	KEY_OF = SCREEN_FUNCTION,
};

/* ---- pages: rows of text that scroll; some can be chosen ---- */

struct page_row {
	enum role role;
	char *text;
	json_int_t id; /* not 0: can be chosen */
};

struct page {
	struct page_row *rows;
	size_t n, size;
	int top, height;
	size_t chosen; /* a row; only if some row has an id */
};

void page_clear(struct page *page); /* keeps the place */
void page_finish(struct page *page);
void page_home(struct page *page);
void page_add(struct page *page, enum role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A text on as many rows as it takes, all indented, as wide as the terminal is now. */
void page_wrapped(struct page *page, enum role role, int indent, const char *text);
/* A row that can be chosen. */
void page_choice(struct page *page, json_int_t id, enum role role, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void page_draw(struct page *page, struct area area);
bool page_key(struct page *page, int32_t key);	    /* moves; false if it is no such key */
json_int_t page_chosen(const struct page *page);    /* 0: none */
void page_choose(struct page *page, json_int_t id); /* if there is such a row */

/* ---- forms: a few fields in a box ---- */

struct field {
	const char *label;
	bool secret;
	char text[FIELD];
};

struct form {
	const char *title; /* NULL: no form is open */
	char note[ROW];	   /* why it is asked, or why again */
	struct field fields[FIELDS];
	size_t field_n, at;
	void (*done)(struct screen *s); /* with the fields filled */
};

void form_open(
	struct screen *s, const char *title, const char *note, void (*done)(struct screen *s));
void form_field(struct screen *s, const char *label, bool secret);
void form_close(struct screen *s); /* wipes what was typed */
void form_draw(struct screen *s, struct area area);
void form_key(struct screen *s, int32_t key);

/* Adds a typed character to a text of `size` bytes, or takes the last one off. true if it was one.
 */
bool type_into(char *text, size_t size, int32_t key);

/* ---- panels ---- */

enum result { IGNORED, HANDLED };

struct panel {
	const char *title;
	char letter;			/* that opens it, 0: none */
	const char *question;		/* what the station is asked for it; NULL: nothing */
	bool live;			/* asked again whenever the counts change */
	const char *keys;		/* for the footer, beside those that always work */
	void (*open)(struct screen *s); /* may be NULL */
	void (*fill)(struct screen *s, const json_t *data); /* the page from the answer; or NULL */
	void (*draw)(struct screen *s, struct area area);   /* NULL: the page */
	enum result (*key)(struct screen *s, int32_t key);  /* may be NULL */
};

extern const struct panel panel_board, panel_doctor, panel_help, panel_history, panel_job,
	panel_statistics, panel_unit;

/* The panels that a letter opens, in the order of the help; ends with NULL. */
extern const struct panel *const panels[];

/* ---- the screen ---- */

struct confirm {
	char text[ROW];
	int slot; /* that is meant, wherever the choice goes meanwhile */
	struct {
		int32_t key;
		void (*yes)(struct screen *s, int slot);
	} ways[2];
};

struct screen {
	struct screen_options o;
	SCREEN *terminal;
	struct model model;
	const struct panel *panel;
	struct page page;
	json_t *data; /* the answer that the panel shows */
	json_int_t asked, last_ask;
	json_t *about;
	struct form form;
	struct confirm confirm;
	char input[INPUT]; /* what is typed of a label */
	char notice[ROW];
	enum role notice_role;
	char gone[ROW];	 /* why there is no station */
	int chosen_slot; /* on the board */
	int first_tile;	 /* of those that fit */
	char filter[FIELD];
	bool filtering, all_time, leaving, with_trace, stopped;
	int unit_slot;		 /* whose unit the unit panel shows while it is in work; or 0 and */
	json_int_t unit_attempt; /* ... the attempt that it shows */
	json_t *act;		 /* an act that waits for its reason or its witness */
	int64_t alive_ms;
};

void screen_send(struct screen *s, json_t *message); /* steals */
void screen_notice(struct screen *s, enum role role, const char *sentence);
void screen_show(struct screen *s, const struct panel *panel);
void screen_ask(struct screen *s, json_t *about); /* the panel's question; steals */
void screen_login(struct screen *s, const char *note);
void screen_language(struct screen *s); /* the next one */
int64_t screen_now(const struct screen *s);

/* unit.c: shows an attempt by its number, or what a slot's unit has done so far. */
void unit_show(struct screen *s, json_int_t attempt);
void unit_show_slot(struct screen *s, const struct tile *tile);

/* acts.c: what a person does to a card. */
void act_start(struct screen *s, const char *act, const json_t *card);
void act_done(struct screen *s, const json_t *event);

/* pictures.c: a prompt's picture, rows of at most 14 columns; ends with NULL. */
const char *const *picture_of(const char *prompt);

/* keys.c: the keys that work now, in one line. */
void keys_draw(const struct screen *s, int y);

/* stop.c: why no unit starts, over the whole area. */
void stop_draw(struct screen *s, struct area area);

#endif
