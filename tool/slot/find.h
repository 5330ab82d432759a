/* Which of the headsets in range is the one in the slot. */
#ifndef SLOT_FIND_H
#define SLOT_FIND_H

#include "slot/unit.h"

/* Opens the link to the unit; a unit that can't be reached is dead. 0, or negative after a
 * finding. */
int find_open(struct unit *u);

/*
 * Makes sure that the open link is to the slot's own headset, or opens it to that: it is known by
 * the label's serial number, or by falling silent when the slot's supply goes off. 0, or negative
 * after a finding.
 */
int find_own(struct unit *u);

#endif
