/*
 * Judgement of a key from what the jig recorded of its presses and of every edge of the ladder, or
 * from what a carrier reported of them.
 *
 * Plain data in, a finding out; times in seconds on the jig's clock, NaN where it did not happen.
 */
#ifndef PLAN_BUTTONS_H
#define PLAN_BUTTONS_H

#include "plan/profile.h"

enum { BUTTON_PRESSES = 32, BUTTON_EDGES = 256, BUTTON_REPORTS = 256 };

struct button_press {
	double t_cmd, t_close, t_open;
	double bounce_close, bounce_open; /* durations */
	double ohm;			  /* in the middle of the hold; NaN: no ladder */
	const struct profile_key *seen;	  /* the key that it looked like, NULL: none */
	bool strange;			  /* ... because it reported what is no key at all */
};

struct button_edge {
	double t;
	bool closed; /* after it */
};

struct button_run {
	const struct profile *profile;
	const struct profile_key *key;
	double hold_s;
	bool ladder; /* the jig sees its resistance; else the carrier reports */
	size_t n, edge_n;
	struct button_press presses[BUTTON_PRESSES];
	struct button_edge edges[BUTTON_EDGES];
};

/* A key that a carrier says went down or up. */
struct button_report {
	double t;
	uint32_t usage;
	bool down;
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

/* Fills in from the ladder what each press looked like; a change to `ohm` is a closing or not. */
void button_ladder(struct button_run *run);
bool button_closes(double ohm);

/*
 * Fills presses (of which t_cmd is there) and edges from reports, oldest first. What goes up and
 * down again while the actuator holds is bounce; it lasts until the key is down to stay.
 */
void button_reports(struct button_run *run, const struct button_report *reports, size_t n);

struct button_worst button_worst(const struct button_run *run);

/* What no limit can tell: BTN-DEAD, -USAGE, -SWAP, -STUCK, -MISS; NULL if none. */
const char *button_contact(const struct button_run *run, const struct button_worst *worst);

/* Edges that belong to no press: BTN-DOUBLE or BTN-GHOST; NULL if none. */
const char *button_edges(const struct button_run *run);

#endif
