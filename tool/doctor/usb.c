/* The USB ports of the slots: there, with the right product, open to this user, held by nobody. */
#include "core/holder.h"
#include "core/words.h"
#include "doctor/doctor.h"
#include "link/usb_port.h"

#include <string.h>
#include <unistd.h>

#define RULE_FIX                                                                                   \
	N_("install fixtures/70-payjig.rules in /etc/udev/rules.d, put the user into the group plugdev, reconnect")

static void look(struct doctor *d, const struct fixture_slot *slot, const struct profile *profile)
{
	static const char what[] = N_("USB port");
	unsigned vendor = profile_usb(&profile->usb.vendor);
	unsigned product = profile_usb(&profile->usb.product);
	struct usb_seen seen;
	struct holder holder = {0};
	int number = (int)slot->slot;

	if (!usb_port_look(slot->port, &seen)) {
		bool there = usb_port_exists(slot->port);

		doctor_add(d, there, what,
			N_("correct the slot's port in the fixture file: lsusb -t shows which there are"),
			"slot %d, %s: %s", number, slot->port,
			there ? "empty (a unit shows when it is powered)"
			      : "there is no such port");
		return;
	}
	if (seen.vendor != vendor || seen.product != product) {
		doctor_add(d, false, what,
			N_("take it out, or correct the slot's port or the profile's numbers"),
			"slot %d, %s: %04x:%04x, %s is %04x:%04x", number, slot->port, seen.vendor,
			seen.product, profile->name, vendor, product);
		return;
	}
	if (access(seen.node, R_OK | W_OK) < 0) {
		doctor_add(d, false, what, RULE_FIX,
			"slot %d, %s: %s may not be opened by this user", number, slot->port,
			seen.node);
		return;
	}
	if (holder_find(seen.node, &holder) && strcmp(holder.name, "payjig") != 0) {
		doctor_add(d, false, what,
			N_("end that program; pcscd: systemctl stop pcscd.socket pcscd.service, or fixtures/pcscd-payjig.conf"),
			"slot %d, %s: held by %s (process %ld)", number, slot->port, holder.name,
			holder.pid);
		return;
	}
	doctor_add(d, true, what, "", "slot %d, %s: %04x:%04x %s%s", number, slot->port, vendor,
		product, seen.serial, holder.pid ? ", in use by payjig" : "");
}

void doctor_usb(struct doctor *d)
{
	for (size_t i = 0; i < d->fixture->slot_n; i++)
		if (d->fixture->slots[i].port[0])
			look(d, &d->fixture->slots[i], &d->profiles[i]);
}
