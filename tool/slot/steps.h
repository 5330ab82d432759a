/*
 * The table of steps: what a plan may name. Adding one is one file and one row.
 */
#ifndef SLOT_STEPS_H
#define SLOT_STEPS_H

#include "plan/plan.h"

#include <stdbool.h>

struct link_driver;
struct unit;
struct worker;

enum { STEP_LIMITS = 6 };

struct step {
	const char *name;
	int (*run)(struct unit *u);
	const char *limits[STEP_LIMITS]; /* that plan or profile must have for it */
	bool asks;			 /* the operator: the plan says how long that may take */
	const char *link;		 /* only there can it be done; NULL: on all */
	bool power_key;			 /* needs a product that has one */
	bool keys;			 /* needs to know the keys as the carrier tells of them */
	bool nfc;			 /* needs a reader, and a phone before it */
	unsigned pays;			 /* purchases that it sees to: bits of enum paid */
};

const struct step *steps_find(const char *name); /* NULL if there is no such step */

/* E_CONFIG if the worker's plan names a step that there is not, one that can't be done on this
 * carrier, with this product or at this station, if a limit is missing, or if the job does not
 * authorize all purchases. */
int steps_check(
	const char *path, const struct worker *w, const struct link_driver *link, struct err *err);

const struct step *steps_table(size_t *n);

/* step_ask.c */
int step_ask_keys(struct unit *u);
int step_ask_led(struct unit *u);
int step_ask_plug(struct unit *u);
/* step_power.c */
int step_power_on(struct unit *u);
int step_power_off(struct unit *u);
/* step_power_key.c */
int step_battery(struct unit *u);
int step_power_key(struct unit *u);
/* step_unbond.c */
int step_unbond(struct unit *u);
/* step_identity.c */
int step_connect(struct unit *u);
int step_identify(struct unit *u);
/* step_audio.c */
int step_plug(struct unit *u);
int step_audio(struct unit *u);
/* step_keys.c */
int step_keys(struct unit *u);
/* step_personalize.c */
int step_personalize(struct unit *u);
/* step_sealed.c */
int step_read_back(struct unit *u);
int step_default_key(struct unit *u);
int step_sealed(struct unit *u);
/* step_payment.c */
int step_random(struct unit *u);
int step_load(struct unit *u);
int step_purchase(struct unit *u);
/* step_nfc.c */
int step_pay_nfc(struct unit *u);
/* step_compare.c */
int step_pay_compare(struct unit *u);
/* step_test_keys.c */
int step_test_keys(struct unit *u);
/* step_block.c */
int step_block(struct unit *u);
/* step_proof.c */
int step_refuse_wrong_mac1(struct unit *u);
int step_refuse_replay(struct unit *u);
int step_counters(struct unit *u);
int step_prove(struct unit *u);
int step_log(struct unit *u);

#endif
