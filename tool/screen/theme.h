/*
 * What things look like: one table of roles, for 256, 16, 8 and no colours. Nothing is told by
 * colour alone.
 */
#ifndef SCREEN_THEME_H
#define SCREEN_THEME_H

#include <stdbool.h>

enum role {
	ROLE_PLAIN,
	ROLE_DIM,    /* what is there but does not matter now */
	ROLE_STRONG, /* titles, numbers that count */
	ROLE_BAR,    /* header and footer */
	ROLE_KEY,    /* a key in the footer */
	ROLE_CHOSEN, /* the tile or row that keys go to */
	ROLE_INPUT,  /* where typed text goes */
	ROLE_NOTICE, /* something the operator must read */
	ROLE_WORK,   /* in work */
	ROLE_ASKS,   /* waits for the operator */
	ROLE_LAB,
	ROLE_PASS,
	ROLE_FAIL,
	ROLE_ERROR,
	ROLE_ABORT,
	ROLES,
};

/* After initscr(): makes the pairs that the terminal can show. `plain`: NO_COLOR. */
void theme_open(bool plain);

/* ncurses' attributes of a role. */
unsigned long theme_attributes(enum role role);

/* The role of a verdict's word; ROLE_PLAIN for none. */
enum role theme_verdict(const char *verdict);

#endif
