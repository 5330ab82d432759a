/*
 * The station screen: what an operator sees. A client of the station with no logic of its own: it
 * shows what the station tells and says what the operator types. One at a time in a process
 * (ncurses and gettext are).
 *
 * The caller brings events, keys and the time, and carries messages away; screen_run() does all
 * that on a real terminal and a real socket.
 */
#ifndef SCREEN_SCREEN_H
#define SCREEN_SCREEN_H

#include "core/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct screen;

/* describe_apdu() of payment/, which this folder does not know. */
typedef const char *(*screen_describe)(const char *command, const char *response,
	const char **status,
	void (*field)(void *arg, bool answer, const char *name, const char *value), void *arg);

struct screen_options {
	const char *terminal; /* of terminfo; NULL: $TERM */
	FILE *in, *out;	      /* the terminal */
	const char *language; /* "en" or "zh_CN" */
	const char *catalogues;
	bool plain; /* no colours (NO_COLOR) */
	bool owner; /* the station was started for this screen and ends with it */
	screen_describe describe;
	void (*send)(void *arg, json_t *message); /* to the station; steals */
	int64_t (*now_ms)(void *arg);
	void *arg;
};

/* A key: a character, or one of ncurses' function keys with SCREEN_FUNCTION added. */
enum { SCREEN_FUNCTION = 0x200000, SCREEN_ESCAPE = 27, SCREEN_ENTER = '\n' };

/* E_SYSTEM if there is no such terminal or no locale with wide characters. */
int screen_open(struct screen **screen, const struct screen_options *options, struct err *err);
void screen_close(struct screen *screen); /* takes NULL; gives the terminal back */

void screen_event(struct screen *screen, const json_t *event);

/* The connection to the station is gone (with a reason), or there again. */
void screen_gone(struct screen *screen, const char *why);
void screen_connected(struct screen *screen);

/* false: the operator leaves. */
bool screen_key(struct screen *screen, int32_t key);

/* The terminal has another size. */
void screen_resize(struct screen *screen, int rows, int columns);

/* Draws everything; the terminal gets what changed. */
void screen_draw(struct screen *screen);

/* Whether the picture changes by itself, with the clock. */
bool screen_moves(const struct screen *screen);

/* ---- on a real terminal ---- */

struct screen_run {
	const char *language, *catalogues;
	bool plain, owner;
	screen_describe describe;
	/* A socket to the station, or -1. */
	int (*connect)(void *arg);
	void *arg;
	int socket; /* the first one */
};

/* Runs until the operator leaves, the terminal is gone or a signal ends it. A station that is gone
 * is connected to again as soon as it is there. 0, or negative with err. */
int screen_run(const struct screen_run *run, struct err *err);

#endif
