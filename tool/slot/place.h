/* Where a slot's headset is, as its link must know it: what the fixture says of the slot and the
 * profile of the product. */
#ifndef SLOT_PLACE_H
#define SLOT_PLACE_H

#include "link/link.h"
#include "plan/fixture.h"
#include "plan/profile.h"

/* The place with its texts. */
struct place {
	struct link_place link;
	char mark[24];
};

/* Slot and profile must outlive the place; the unit's address and the station are left open. */
void place_fill(
	struct place *place, const struct fixture_slot *slot, const struct profile *profile);

#endif
