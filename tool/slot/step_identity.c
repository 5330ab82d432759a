/* Connecting, and who the unit says it is. */
#include "core/clock.h"
#include "payment/tlv.h"
#include "slot/find.h"
#include "slot/identity.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <stdio.h>
#include <string.h>

enum { STRONGEST_DBM = 20 };

static const double LATE_S = 0.5;

/* What the carrier measured when it was opened, in this order. */
static int measure_facts(struct unit *u, const struct link *opened)
{
	static const struct {
		const char *name, *code;
	} codes[] = {{"rssi", "BLE-RSSI"}, {"mtu", "LINK-CAPACITY"}};
	int ret = 0;

	for (size_t i = 0; i < opened->fact_n && ret == 0; i++) {
		const struct link_fact *f = &opened->facts[i];
		const char *code = "LINK-SLOW";

		for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++)
			if (!strcmp(codes[k].name, f->name))
				code = codes[k].code;
		/* 127 dBm: the controller does not measure it (Core 5.3, Vol 4, Part E, 7.7.65.2).
		 */
		if (!strcmp(f->name, "rssi") && f->value > STRONGEST_DBM)
			code = "BLE-ADAPTER";
		ret = unit_measure(u, f->name, f->name, f->value, code);
	}
	return ret;
}

static int64_t there_us(const struct unit *u)
{
	return u->carrier->there_us ? u->carrier->there_us : clock_us();
}

/*
 * How long the unit took to start, looked at since looked_us. A station that looked late, its disk
 * being slow, does not know when the unit came: it is switched on once more, and looked at at once.
 */
static int judge_boot(struct unit *u, int64_t looked_us, int64_t came_us)
{
	const struct limit *limit = plan_limit(u->plan, u->profile, "boot_time");
	double late = (double)(looked_us - u->power_on_us) / 1e6;
	double boot = (double)(came_us - u->power_on_us) / 1e6;
	int ret;

	if (limit_judge(limit, boot) != JUDGED_PASS && late > LATE_S) {
		unit_note(u, "switched on again: the station looked after %.1f s", late);
		u->carrier->there_us = 0;
		ret = power_cycle(u);
		if (ret < 0)
			return ret;
		boot = (double)(there_us(u) - u->power_on_us) / 1e6;
	}
	return unit_measure(u, "boot_time", "boot_time", boot, "LINK-BOOT");
}

int step_connect(struct unit *u)
{
	int64_t looked_us = clock_us(), came_us;
	struct link opened;
	int ret = find_open(u);

	if (ret < 0)
		return ret;
	came_us = there_us(u);
	ret = find_own(u);
	if (ret < 0)
		return ret;
	if (u->carrier->there_us) /* it may have been another one */
		came_us = u->carrier->there_us;
	opened = *u->carrier;
	unit_note(u, "by %s", opened.carrier);
	ret = judge_boot(u, looked_us, came_us);
	return ret < 0 ? ret : measure_facts(u, &opened);
}

int identity_read(struct unit *u, struct identity *identity)
{
	const struct apdu get = apdu_make(0x80CADF20, NULL, 0, 0);
	const struct {
		unsigned tag;
		char *out;
	} texts[] = {{0xDF21, identity->serial}, {0xDF22, identity->model},
		{0xDF23, identity->firmware}};
	struct link_answer a;
	struct tlv object = {.value = a.data}, t;
	int ret = unit_command(u, "GET DATA DF20", &get, 0, "ID-REFUSED", &a);

	if (ret < 0)
		return ret;
	memset(identity, 0, sizeof(*identity));
	identity->battery = IDENTITY_NO_BATTERY;
	object.n = a.n;
	if (!u->profile->perso.get_data_value_only && tlv_find(a.data, a.n, 0xDF20, &object) != 1)
		return unit_finding(u, "APDU-LENGTH", "GET DATA DF20 answers no DF20 object");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (tlv_find(object.value, object.n, texts[i].tag, &t) != 1 || t.n < 1 ||
			t.n >= IDENTITY_TEXT || memchr(t.value, '\0', t.n))
			return unit_finding(
				u, "APDU-LENGTH", "DF20 holds no usable %04X", texts[i].tag);
		memcpy(texts[i].out, t.value, t.n);
	}
	if (tlv_find(object.value, object.n, 0xDF25, &t) != 1 || t.n != 1)
		return unit_finding(u, "APDU-LENGTH", "DF20 holds no usable DF25");
	identity->life = t.value[0];
	if (tlv_find(object.value, object.n, 0xDF27, &t) == 1 && t.n == 1)
		identity->battery = t.value[0];
	if (tlv_find(object.value, object.n, 0xDF28, &t) == 1 && t.n == 6)
		snprintf(identity->address, sizeof(identity->address),
			"%02X:%02X:%02X:%02X:%02X:%02X", t.value[0], t.value[1], t.value[2],
			t.value[3], t.value[4], t.value[5]);
	return 0;
}

int step_identify(struct unit *u)
{
	struct identity id;
	int ret = identity_read(u, &id);

	if (ret < 0)
		return ret;
	if (strlen(id.serial) >= UNIT_SERIAL || strcmp(id.serial, u->label) != 0)
		return unit_finding(
			u, "ID-SERIAL", "the unit says %.20s, the label %s", id.serial, u->label);
	if (u->carrier->address[0] && id.address[0] && strcmp(u->carrier->address, id.address) != 0)
		return unit_finding(u, "ID-ADDRESS", "the unit says %s, it is %s", id.address,
			u->carrier->address);
	if (strcmp(id.model, u->profile->model) != 0)
		return unit_finding(u, "ID-MODEL", "the unit says %.40s, must be %s", id.model,
			u->profile->model);
	for (size_t i = 0; i < u->profile->firmware_n; i++) {
		if (strcmp(id.firmware, u->profile->firmware[i]) != 0)
			continue;
		strcpy(u->serial, id.serial);
		u->life = id.life;
		unit_note(u, "model %s, firmware %s, life cycle %02X", id.model, id.firmware,
			id.life);
		return 0;
	}
	return unit_finding(u, "ID-FIRMWARE", "the unit has %.40s", id.firmware);
}
