/* A purchase at the NFC reader, for the steps that want one. */
#ifndef SLOT_NFC_H
#define SLOT_NFC_H

#include "slot/unit.h"

/*
 * Takes the station's reader, has the phone there, makes a purchase over it into u->paid[PAID_NFC],
 * names the slow part, and gives the reader back. A difference to the unit's own link is
 * LINK-DIFFERS. 0, or negative after a finding.
 */
int nfc_purchase(struct unit *u);

#endif
