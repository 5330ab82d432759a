/* Battery models: the power key by current and advertising, the battery's level and its charging.
 */
#include "core/clock.h"
#include "slot/identity.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <math.h>

enum { SETTLE_MS = 400, SILENT_MS = 6000 };

static int pressed_briefly(struct unit *u)
{
	int64_t at_us;
	int ret = power_hold_key(u, u->profile->power_key.short_s, &at_us);

	if (ret == 0)
		clock_wait_ms(SETTLE_MS);
	return ret;
}

/* Of a unit that is off: next to nothing, or what its battery is charged with. */
static int current_off(struct unit *u, const char *name)
{
	bool charged = u->w->fixture.charger;
	double amps;
	int ret;

	if (!u->w->supply)
		return 0;
	ret = unit_jig_number(u, "current", &amps);
	if (ret < 0)
		return ret;
	return unit_measure(u, charged ? "current_charge" : name,
		charged ? "current_charge" : "current_off", amps,
		charged ? "PWR-CHARGE" : "BTN-POWER");
}

static int current_on(struct unit *u, const char *name)
{
	return power_current(u, name, "BTN-POWER");
}

/* Too short to switch it off: it still answers. */
static int stays_on(struct unit *u)
{
	struct identity id;
	int ret = pressed_briefly(u);

	if (ret < 0 || (ret = current_on(u, "current_short_press")) < 0)
		return ret;
	ret = identity_read(u, &id);
	if (ret == 0 || (u->w->supply && !u->w->fixture.charger))
		return ret; /* the current has shown that it is on */
	u->finding = (struct finding){0};
	return unit_finding(
		u, "BTN-POWER", "a press of %g s switches it off", u->profile->power_key.short_s);
}

static int goes_off(struct unit *u)
{
	int64_t at_us;
	struct err err;
	int ret = power_hold_key(u, u->profile->power_key.off_s, &at_us);

	if (ret < 0)
		return ret;
	clock_wait_ms(SETTLE_MS);
	ret = current_off(u, "current_off");
	if (ret < 0)
		return ret;
	ret = u->carrier->driver->silent ? u->carrier->driver->silent(u->carrier, SILENT_MS, &err)
					 : 1;
	if (ret < 0)
		return unit_link_finding(u, &err);
	return ret ? 0
		   : unit_finding(u, "BTN-POWER", "held for %g s it is still there",
			     u->profile->power_key.off_s);
}

static int stays_off(struct unit *u)
{
	int ret = pressed_briefly(u);

	return ret < 0 ? ret : current_off(u, "current_off_short_press");
}

static int goes_on(struct unit *u)
{
	struct err err;
	int64_t us;
	int ret = 0;

	if (u->carrier->driver->ready && u->carrier->driver->ready(u->carrier, &err) < 0)
		return unit_link_finding(u, &err);
	ret = power_hold_key(u, u->profile->power_key.on_s, &u->power_on_us);
	if (ret < 0)
		return ret;
	clock_wait_ms(u->profile->supply.settle_ms);
	ret = current_on(u, "current_on");
	if (ret < 0)
		return ret;
	if (u->link->driver->open(u->link, u->profile->timeouts.boot_ms, &us, &err) == 0)
		return unit_measure(u, "power_key_on", "boot_time",
			(double)((u->carrier->there_us ? u->carrier->there_us : clock_us()) -
				 u->power_on_us) /
				1e6,
			"BTN-POWER");
	if (unit_is_link_fault(&err) && (err.code == LINK_ABSENT || err.code == LINK_GONE))
		return unit_finding(u, "BTN-POWER", "held for %g s it does not come: %.120s",
			u->profile->power_key.on_s, err.text);
	return unit_link_finding(u, &err);
}

int step_power_key(struct unit *u)
{
	int ret = unit_open(u);

	if (ret < 0 || (ret = stays_on(u)) < 0 || (ret = goes_off(u)) < 0 ||
		(ret = stays_off(u)) < 0)
		return ret;
	return goes_on(u);
}

int step_battery(struct unit *u)
{
	struct identity id;
	int ret = identity_read(u, &id);

	if (ret < 0)
		return ret;
	return unit_measure(u, "battery_level", "battery_level",
		id.battery == IDENTITY_NO_BATTERY ? (double)NAN : (double)id.battery, "BAT-LEVEL");
}
