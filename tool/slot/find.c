#include "slot/find.h"
#include "core/clock.h"
#include "slot/identity.h"
#include "slot/power.h"

#include <string.h>

enum { SILENT_MS = 3000, PLUG_IN = 2, PLUG_OMTP = 3, NO_PLUG = 113 };

/* A unit that can't be reached is dead, unless its plug tells another story. */
static int connect_finding(struct unit *u, const struct err *err)
{
	bool dead = unit_is_link_fault(err) &&
		    (err->code == LINK_TIMEOUT || err->code == LINK_RESET ||
			    err->code == LINK_GONE || err->code == LINK_ABSENT);
	bool disturbed = unit_is_link_fault(err) && err->code == LINK_DISTURBED;
	double plug;

	if (!dead && !disturbed && !(err->status == E_REFUSED && err->code == NO_PLUG))
		return unit_link_finding(u, err);
	if (!strcmp(u->carrier->driver->name, "jack")) {
		if (unit_jig_number(u, "plug", &plug) < 0)
			return E_REFUSED;
		if (plug == PLUG_OMTP)
			return unit_finding(u, "PLUG-PINOUT", "%s", "");
		if (plug != PLUG_IN)
			return unit_finding(u, "JIG-PLUG", "%s", "");
	}
	return disturbed ? unit_link_finding(u, err)
			 : unit_finding(u, "LINK-DEAD", "%.190s", err->text);
}

static int try_open(struct unit *u)
{
	struct err err;
	int64_t us;

	if (u->link->driver->open(u->link, u->profile->timeouts.boot_ms, &us, &err) < 0)
		return connect_finding(u, &err);
	return 0;
}

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

	unit_note(u, "%s is not in this slot", u->carrier->address);
	if (u->carrier->driver->another(u->carrier, &err) < 0)
		return err.code == LINK_ABSENT ? unit_finding(u, "LINK-DEAD", "%.190s", err.text)
					       : unit_link_finding(u, &err);
	clock_wait_ms(u->profile->supply.off_ms);
	ret = power_on(u);
	return ret < 0 ? ret : try_open(u);
}

/* True if what was found is said of a headset that need not be the slot's own. */
static bool may_be_anothers(const struct unit *u)
{
	const struct link_driver *d = u->carrier->driver;

	return u->finding.fault && u->finding.verdict == VERDICT_FAIL && d->proven &&
	       !d->proven(u->carrier) && u->carrier->address[0];
}

int find_open(struct unit *u)
{
	int ret = try_open(u);

	while (ret < 0 && may_be_anothers(u)) {
		struct finding found = u->finding;
		int own;

		u->finding = (struct finding){0};
		own = goes_with_supply(u);
		if (own == 0) {
			ret = look_again(u);
			continue;
		}
		if (own > 0)
			u->finding = found;
		break;
	}
	return ret;
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
