/* The Bluetooth adapters of the slots: known to bluetoothd, switched on. */
#include "core/words.h"
#include "doctor/doctor.h"
#include "link/bluez.h"

#include <string.h>

static void look(struct doctor *d, const char *adapter, int slots)
{
	static const char what[] = N_("Bluetooth adapter");
	struct bluez_adapter found;
	struct err err;
	int ret = bluez_look_up(adapter, &found, &err);

	if (ret < 0)
		doctor_add(d, false, what,
			N_("systemctl enable --now bluetooth (the package bluez)"), "%s: %s",
			adapter, err.text);
	else if (!ret)
		doctor_add(d, false, what,
			N_("connect it, or correct the slot's adapter in the fixture file: bluetoothctl list shows which there are"),
			"%s: bluetoothd knows no such adapter", adapter);
	else
		doctor_add(d, found.powered, what,
			N_("rfkill unblock bluetooth; bluetoothctl power on"),
			"%s, %s: %s; slots: %d", found.name, found.address,
			found.powered ? "on" : "switched off", slots);
}

/* Each adapter once, whatever number of slots it serves. */
void doctor_ble(struct doctor *d)
{
	const struct fixture *f = d->fixture;

	for (size_t i = 0; i < f->slot_n; i++) {
		const char *adapter = f->slots[i].adapter;
		int slots = 0;
		size_t first = i;

		for (size_t k = 0; k < f->slot_n; k++) {
			if (strcmp(f->slots[k].adapter, adapter) != 0)
				continue;
			slots++;
			first = k < first ? k : first;
		}
		if (adapter[0] && first == i)
			look(d, adapter, slots);
	}
}
