/*
 * A plan: the ordered steps of a test, their deadlines, and limits that override the profile's.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "plan/profile.h"

enum { PLAN_STEPS = 48, PLAN_TEXT = 48, PLAN_LINKS = 4, PLAN_LINK = 16 };

/* What starts a unit: its label, scanned; or that it was put in, then it says its serial itself. */
enum plan_start { PLAN_START_SCAN, PLAN_START_INSERT };

/* What a headset forgets at the end: every bond, or only the station's own (a customer's unit). */
enum plan_bonds { PLAN_BONDS_ALL, PLAN_BONDS_OWN };

enum plan_led { PLAN_LED_RED, PLAN_LED_GREEN, PLAN_LED_BLUE, PLAN_LED_DARK };

struct plan_step {
	char step[PLAN_TEXT];		   /* the name in the table of steps */
	double deadline_s;		   /* the worker is killed when it is over */
	bool always;			   /* runs even after a failed step (power off) */
	char links[PLAN_LINKS][PLAN_LINK]; /* only on these carriers */
	size_t link_n;			   /* 0: on all */
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
	int start; /* enum plan_start */
	int bonds; /* enum plan_bonds */
	struct {
		double timeout_s; /* for the operator's answer; 0: the plan asks nothing */
		int led;	  /* enum plan_led: the colour that is right */
	} prompts;
	struct plan_step steps[PLAN_STEPS];
	size_t step_n;
	struct limit limits[PROFILE_LIMITS];
	size_t limit_n;
};

int plan_has_step(const struct plan *plan, const char *step);

/* True if the step at this position is one for units on this carrier. */
bool plan_applies(const struct plan *plan, size_t position, const char *link);
size_t plan_steps_for(const struct plan *plan, const char *link); /* how many of them */

/* The answer to the prompt "led" that is right. */
const char *plan_led_word(const struct plan *plan);

/* Reads a plan from the text of the file `path`; 0 or E_CONFIG. */
int plan_read(
	const char *path, const char *text, size_t length, struct plan *plan, struct err *err);

/* The limit called `name`: the plan's if it has one, else the profile's, else NULL. */
const struct limit *plan_limit(
	const struct plan *plan, const struct profile *profile, const char *name);

#endif
