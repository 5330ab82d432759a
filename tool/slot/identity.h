/* The unit's identity object DF20 (headset.md "Device"). */
#ifndef SLOT_IDENTITY_H
#define SLOT_IDENTITY_H

#include "slot/unit.h"

enum { IDENTITY_TEXT = 48, IDENTITY_NO_BATTERY = 0xFF };

struct identity {
	char serial[IDENTITY_TEXT], model[IDENTITY_TEXT], firmware[IDENTITY_TEXT];
	unsigned life;		    /* 01 blank, 0F personalized, 7F blocked */
	unsigned battery;	    /* percent */
	char address[LINK_ADDRESS]; /* Bluetooth; "": it has none */
};

/* Reads it; a finding and negative on failure. */
int identity_read(struct unit *u, struct identity *identity);

#endif
