/* Power: on and within limits, off and read back; and the power cycle other steps use. */
#include "core/clock.h"
#include "slot/power.h"
#include "slot/press.h"
#include "slot/steps.h"

static const double GAP_S = 0.1;

static int switch_output(struct unit *u, bool on)
{
	json_t *values = NULL;
	bool right;
	int ret = unit_jig(u, "power", json_pack("{sb}", "on", on), &values);

	if (ret < 0)
		return ret;
	right = json_number_value(json_array_get(values, 0)) > 0.5 ? on : !on;
	json_decref(values);
	return right ? 0 : unit_finding(u, "JIG-REFUSED", "the output stays %s", on ? "off" : "on");
}

/* Those that do not start by themselves are started by their key. */
static int start(struct unit *u)
{
	u->power_on_us = clock_us();
	if (!(u->profile->power_key.on_s > 0) || u->profile->power_key.starts)
		return 0;
	return power_hold_key(u, u->profile->power_key.on_s, &u->power_on_us);
}

int power_hold_key(struct unit *u, double hold_s, int64_t *at_us)
{
	const struct press press = {.key = "P", .count = 1, .hold_s = hold_s, .gap_s = GAP_S};

	*at_us = clock_us() + (int64_t)(hold_s * 1e6);
	return press_key(u, &press, NULL);
}

int power_on(struct unit *u)
{
	struct err err;
	int64_t at_us;
	int ret = 0;

	if (u->carrier->driver->ready && u->carrier->driver->ready(u->carrier, &err) < 0)
		return unit_link_finding(u, &err);
	if (u->w->fixture.charger && !u->power_on_us) /* it may be on already */
		ret = power_hold_key(u, u->profile->power_key.off_s, &at_us);
	if (ret == 0 && u->w->supply)
		ret = switch_output(u, true);
	if (ret == 0)
		ret = start(u);
	if (ret == 0)
		clock_wait_ms(u->profile->supply.settle_ms);
	return ret;
}

int power_cut(struct unit *u)
{
	int64_t at_us;
	int ret =
		u->w->fixture.charger ? power_hold_key(u, u->profile->power_key.off_s, &at_us) : 0;

	return ret == 0 && u->w->supply ? switch_output(u, false) : ret;
}

int power_off(struct unit *u)
{
	struct err err;
	int ret = u->link->driver->close(u->link, &err);

	if (ret < 0 && err.status != E_REFUSED)
		return unit_jig_finding(u, &err);
	return power_cut(u);
}

/* Without a supply to switch, the next best: the carrier restarts the headset. */
static int restart(struct unit *u)
{
	struct err err;

	return u->carrier->driver->restart(u->carrier, &err) < 0 ? unit_link_finding(u, &err) : 0;
}

int power_cycle(struct unit *u)
{
	int ret = u->w->supply ? 0 : restart(u);

	if (ret < 0 || (ret = power_off(u)) < 0)
		return ret;
	clock_wait_ms(u->profile->supply.off_ms);
	ret = power_on(u);
	return ret < 0 ? ret : unit_open(u);
}

int power_current(struct unit *u, const char *name, const char *code)
{
	double amps;
	int ret;

	if (!u->w->supply || u->w->fixture.charger) /* charging would hide it */
		return 0;
	ret = unit_jig_number(u, "current", &amps);
	return ret < 0 ? ret : unit_measure(u, name, "current", amps, code);
}

int step_power_on(struct unit *u)
{
	double volts;
	int ret = power_on(u);

	if (ret < 0)
		return ret;
	if (!u->w->supply) {
		unit_note(u,
			"the host's port powers the unit: neither voltage nor current is measured");
		return 0;
	}
	ret = unit_jig_number(u, "voltage", &volts);
	if (ret < 0)
		return ret;
	ret = power_current(u, "current_idle", "PWR-CURRENT");
	return ret < 0 ? ret
		       : unit_measure(u, "supply_voltage", "supply_voltage", volts, "JIG-REFUSED");
}

int step_power_off(struct unit *u)
{
	return power_off(u);
}
