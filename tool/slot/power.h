/* What steps share of the supply: each ends with a finding if it fails. */
#ifndef SLOT_POWER_H
#define SLOT_POWER_H

#include "slot/unit.h"

int power_on(struct unit *u);	 /* and waits until it has settled */
int power_off(struct unit *u);	 /* read back; the link is closed */
int power_cut(struct unit *u);	 /* the same, with the link as it is */
int power_cycle(struct unit *u); /* off, on, and the channel is open again */

/* Holds the power key; *at_us: when it has been held for that long (clock_us()). */
int power_hold_key(struct unit *u, double hold_s, int64_t *at_us);

/* Measures the current, where the jig can, against the limit "current". */
int power_current(struct unit *u, const char *name, const char *code);

#endif
