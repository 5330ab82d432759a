#include "slot/place.h"

#include <stdio.h>

void place_fill(struct place *place, const struct fixture_slot *slot, const struct profile *profile)
{
	snprintf(place->mark, sizeof(place->mark), "payjig slot %d", (int)slot->slot);
	place->link = (struct link_place){.port = slot->port,
		.vendor = profile_usb(&profile->usb.vendor),
		.product = profile_usb(&profile->usb.product),
		.ble = {.adapter = slot->adapter,
			.name = profile->ble.name,
			.address = "",
			.passkey = profile->ble.passkey,
			.mark = place->mark,
			.rssi_offset_db = slot->rssi_offset_db}};
}
