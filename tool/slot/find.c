#include "slot/find.h"
#include "slot/identity.h"
#include "slot/power.h"

#include <string.h>

enum { SILENT_MS = 3000 };

/* 1: what is at the other end went with the slot's supply, 0: it did not. */
static int goes_with_supply(struct unit *u)
{
	struct err err;
	int ret = power_cut(u);

	if (ret < 0)
		return ret;
	ret = u->carrier->driver->silent(u->carrier, SILENT_MS, &err);
	return ret < 0 ? unit_link_finding(u, &err) : ret;
}

static int look_again(struct unit *u)
{
	struct err err;
	int ret;

	if (u->carrier->driver->another(u->carrier, &err) < 0)
		return err.code == LINK_ABSENT ? unit_finding(u, "LINK-DEAD", "%.190s", err.text)
					       : unit_link_finding(u, &err);
	ret = power_on(u);
	return ret < 0 ? ret : unit_open(u);
}

int find_own(struct unit *u)
{
	const struct link_driver *d = u->carrier->driver;
	struct identity id;
	int ret = 0;

	while (d->proven && !d->proven(u->carrier) && ret == 0) {
		bool told = identity_read(u, &id) == 0;

		if (told && u->label[0] && !strcmp(id.serial, u->label)) {
			d->prove(u->carrier);
			break;
		}
		u->finding = (struct finding){0}; /* perhaps a neighbour's */
		ret = goes_with_supply(u);
		if (ret < 0)
			break;
		if (ret == 0) {
			unit_note(u, "%s is not in this slot", u->carrier->address);
			ret = look_again(u);
			continue;
		}
		d->prove(u->carrier); /* it is the slot's, whatever it says */
		ret = power_on(u);
		if (ret == 0)
			ret = unit_open(u);
	}
	return ret;
}
