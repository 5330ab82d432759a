/*
 * Judgement of a key from what the jig recorded of its presses and of every edge of the ladder.
 *
 * Plain data in, a finding out; times in seconds on the jig's clock, NaN where it did not happen.
 */
#ifndef PLAN_BUTTONS_H
#define PLAN_BUTTONS_H

#include "plan/profile.h"

enum { BUTTON_PRESSES = 32, BUTTON_EDGES = 128 };

struct button_press {
	double t_cmd, t_close, t_open;
	double bounce_close, bounce_open; /* durations */
	double ohm;			  /* in the middle of the hold */
};

struct button_edge {
	double t, ohm; /* ohm after the change */
};

struct button_run {
	const struct profile *profile;
	const struct profile_key *key;
	double hold_s;
	size_t n, edge_n;
	struct button_press presses[BUTTON_PRESSES];
	struct button_edge edges[BUTTON_EDGES];
};

/* The worst of all presses that closed; NaN if none did. */
struct button_worst {
	size_t closed;	  /* presses that closed */
	double ohm;	  /* farthest from the nominal value */
	double deviation; /* of that, in percent of nominal (NaN for a key of 0 ohm) */
	double closed_s;  /* shortest */
	double bounce_s;  /* longest */
	double release_s; /* from the end of the hold to open, latest */
};

struct button_worst button_worst(const struct button_run *run);

/* What no limit can tell: BTN-DEAD, -SWAP, -STUCK, -MISS; NULL if none. */
const char *button_contact(const struct button_run *run, const struct button_worst *worst);

/* Edges that belong to no press: BTN-DOUBLE or BTN-GHOST; NULL if none. */
const char *button_edges(const struct button_run *run);

#endif
