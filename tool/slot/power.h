/* What steps share of the supply: each ends with a finding if it fails. */
#ifndef SLOT_POWER_H
#define SLOT_POWER_H

#include "slot/unit.h"

int power_on(struct unit *u);	 /* and waits until it has settled */
int power_off(struct unit *u);	 /* read back */
int power_cycle(struct unit *u); /* off, on, and the channel is open again */

/* Measures the current against the limit "current": PWR-CURRENT. */
int power_current(struct unit *u, const char *name);

#endif
