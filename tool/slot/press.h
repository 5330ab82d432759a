/* The jig's actuator on a key of the slot. */
#ifndef SLOT_PRESS_H
#define SLOT_PRESS_H

#include "slot/unit.h"

struct press {
	const char *key; /* A, B, C, P */
	int count;
	double hold_s, gap_s;
	/* Before a run of presses that the actuator's duty limit ended is tried again; may be NULL.
	 */
	int (*again)(struct unit *u, struct err *err);
};

/* Presses, waiting while the actuator cools. 0 and the jig's records (may be NULL), or negative
 * after a finding. */
int press_key(struct unit *u, const struct press *press, json_t **values);

#endif
