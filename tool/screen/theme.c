#include "screen/theme.h"

#include <ncurses.h>
#include <string.h>

struct look {
	short fg256, bg256, fg8, bg8; /* -1: the terminal's own */
	attr_t with, without;	      /* attributes with colours, and on a terminal that has none */
};

/* In the order of the roles. 16 colours are used as 8 with A_BOLD, which such terminals show as the
 * brighter half. */
static const struct look looks[ROLES] = {
	[ROLE_PLAIN] = {-1, -1, -1, -1, A_NORMAL, A_NORMAL},
	[ROLE_DIM] = {244, -1, -1, -1, A_NORMAL, A_DIM},
	[ROLE_STRONG] = {-1, -1, -1, -1, A_BOLD, A_BOLD},
	[ROLE_BAR] = {252, 236, COLOR_WHITE, COLOR_BLUE, A_NORMAL, A_REVERSE},
	[ROLE_KEY] = {231, 24, COLOR_BLACK, COLOR_CYAN, A_BOLD, A_BOLD},
	[ROLE_CHOSEN] = {16, 153, COLOR_BLACK, COLOR_CYAN, A_BOLD, A_REVERSE},
	[ROLE_INPUT] = {231, 238, COLOR_WHITE, COLOR_BLACK, A_BOLD, A_UNDERLINE},
	[ROLE_NOTICE] = {16, 220, COLOR_BLACK, COLOR_YELLOW, A_BOLD, A_REVERSE},
	[ROLE_WORK] = {75, -1, COLOR_CYAN, -1, A_NORMAL, A_NORMAL},
	[ROLE_ASKS] = {220, -1, COLOR_YELLOW, -1, A_BOLD, A_BOLD},
	[ROLE_LAB] = {16, 214, COLOR_BLACK, COLOR_YELLOW, A_BOLD, A_REVERSE},
	[ROLE_PASS] = {40, -1, COLOR_GREEN, -1, A_BOLD, A_BOLD},
	[ROLE_FAIL] = {196, -1, COLOR_RED, -1, A_BOLD, A_BOLD},
	[ROLE_ERROR] = {220, -1, COLOR_YELLOW, -1, A_BOLD, A_BOLD},
	[ROLE_ABORT] = {141, -1, COLOR_MAGENTA, -1, A_BOLD, A_BOLD},
};

static attr_t attributes[ROLES];

void theme_open(bool plain)
{
	bool colours = !plain && has_colors() && start_color() == OK &&
		       use_default_colors() == OK && COLORS >= 8;

	for (short i = 0; i < ROLES; i++) {
		const struct look *l = &looks[i];
		bool many = colours && COLORS >= 256;

		attributes[i] = colours ? l->with : l->without;
		if (!colours)
			continue;
		init_pair((short)(i + 1), many ? l->fg256 : l->fg8, many ? l->bg256 : l->bg8);
		attributes[i] |= (attr_t)COLOR_PAIR(i + 1);
	}
}

unsigned long theme_attributes(enum role role)
{
	return attributes[role];
}

enum role theme_verdict(const char *verdict)
{
	static const struct {
		const char *word;
		enum role role;
	} roles[] = {{"PASS", ROLE_PASS}, {"FAIL", ROLE_FAIL}, {"ERROR", ROLE_ERROR},
		{"ABORT", ROLE_ABORT}};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(roles[i].word, verdict))
			return roles[i].role;
	return ROLE_PLAIN;
}
