/*
 * A plan: the ordered steps of a test, their deadlines, and limits that override the profile's.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "plan/profile.h"

enum { PLAN_STEPS = 48, PLAN_TEXT = 48 };

struct plan_step {
	char step[PLAN_TEXT]; /* the name in the table of steps */
	double deadline_s;    /* the worker is killed when it is over */
	bool always;	      /* runs even after a failed step (power off) */
};

struct plan {
	int kind;
	char name[PLAN_TEXT];
	double unit_deadline_s;
	struct {
		int64_t presses;
		double hold_s, gap_s;
	} keys;
	struct {
		int64_t random_reads;
	} payment;
	struct plan_step steps[PLAN_STEPS];
	size_t step_n;
	struct limit limits[PROFILE_LIMITS];
	size_t limit_n;
};

/* Reads a plan from the text of the file `path`; 0 or E_CONFIG. */
int plan_read(
	const char *path, const char *text, size_t length, struct plan *plan, struct err *err);

/* The limit called `name`: the plan's if it has one, else the profile's, else NULL. */
const struct limit *plan_limit(
	const struct plan *plan, const struct profile *profile, const char *name);

#endif
