#include "plan/fixture.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"fixture", NULL};
static const char *const supplies[] = {"jig", "host", NULL};

#define AT(member) offsetof(struct fixture, member)

static const struct conf_field slot_fields[] = {
	{"slot", CONF_INTEGER, offsetof(struct fixture_slot, slot), .required = true, .min = 1,
		.max = FIXTURE_SLOTS},
	{"profile", CONF_STRING, offsetof(struct fixture_slot, profile), .size = FIXTURE_TEXT,
		.required = true},
	{"link", CONF_STRING, offsetof(struct fixture_slot, link), .size = 16, .required = true},
	{"port", CONF_STRING, offsetof(struct fixture_slot, port), .size = 24},
	{"supply", CONF_WORD, offsetof(struct fixture_slot, supply), .words = supplies},
	{"adapter", CONF_STRING, offsetof(struct fixture_slot, adapter), .size = 18},
	{"rssi_offset_db", CONF_REAL, offsetof(struct fixture_slot, rssi_offset_db), .min = -60,
		.max = 60},
	{"charger", CONF_BOOL, offsetof(struct fixture_slot, charger)},
	{0},
};

static const struct conf_field firmware_item = {
	"jig_firmware", CONF_STRING, 0, .size = FIXTURE_FIRMWARE};

static const struct conf_field shift_item = {"shifts", CONF_STRING, 0, .size = FIXTURE_TIME};

static const struct conf_field fixture_fields[] = {
	{"kind", CONF_WORD, AT(kind), .required = true, .words = kinds},
	{"name", CONF_STRING, AT(name), .size = FIXTURE_TEXT, .required = true},
	{"jig", CONF_STRING, AT(jig), .size = FIXTURE_TEXT, .required = true},
	{"id", CONF_STRING, AT(id), .size = FIXTURE_TEXT, .required = true},
	{"jig_firmware", CONF_LIST, AT(jig_firmware), .size = FIXTURE_FIRMWARE,
		.item = &firmware_item, .count_offset = AT(firmware_n), .most = FIXTURE_FIRMWARES},
	{"keys", CONF_STRING, AT(keys), .size = FIXTURE_TEXT, .required = true},
	{"trust", CONF_STRING, AT(trust), .size = FIXTURE_TEXT, .required = true},
	{"station_key", CONF_STRING, AT(station_key), .size = FIXTURE_TEXT, .required = true},
	{"state", CONF_STRING, AT(state), .size = FIXTURE_TEXT},
	{"reference_percent", CONF_REAL, AT(reference_percent), .required = true, .min = 0.1,
		.max = 10},
	{"reply_ms", CONF_INTEGER, AT(reply_ms), .min = 20, .max = 60000},
	{"insert_wait_s", CONF_REAL, AT(insert_wait_s), .required = true, .min = 1, .max = 3600},
	{"logout_s", CONF_REAL, AT(logout_s), .min = 1, .max = 86400},
	{"shifts", CONF_LIST, AT(shifts), .size = FIXTURE_TIME, .item = &shift_item,
		.count_offset = AT(shift_n), .most = FIXTURE_SHIFTS},
	{"adapter_units", CONF_INTEGER, AT(adapter_units), .min = 1, .max = 16},
	{"reader", CONF_STRING, AT(reader), .size = FIXTURE_TEXT},
	{"phone", CONF_STRING, AT(phone), .size = FIXTURE_TEXT},
	{"phone_stays", CONF_BOOL, AT(phone_stays)},
	{"slots", CONF_LIST, AT(slots), .size = sizeof(struct fixture_slot), .required = true,
		.fields = slot_fields, .count_offset = AT(slot_n), .most = FIXTURE_SLOTS},
	{0},
};

bool fixture_knows_firmware(const struct fixture *fixture, const char *firmware)
{
	for (size_t i = 0; i < fixture->firmware_n; i++)
		if (!strcmp(fixture->jig_firmware[i], firmware))
			return true;
	return !fixture->firmware_n;
}

/* "HH:MM" */
static bool is_time(const char *text)
{
	int hour, minute;
	char more;

	return strlen(text) == 5 && sscanf(text, "%2d:%2d%c", &hour, &minute, &more) == 2 &&
	       hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

static bool is_address(const char *adapter)
{
	return strchr(adapter, ':') != NULL;
}

/* An address is the same in small letters. */
static void capitals(char *address)
{
	for (; *address; address++)
		if (*address >= 'a' && *address <= 'f')
			*address = (char)(*address - 'a' + 'A');
}

/*
 * An adapter carries a few links at a time: more of them starve each other. Who uses the same one
 * is told by what it is called, so it may not be called two ways.
 */
static int check_adapters(const char *path, struct fixture *f, struct err *err)
{
	for (size_t i = 0; i < f->slot_n; i++) {
		char *adapter = f->slots[i].adapter;
		int64_t n = 0;

		if (is_address(adapter))
			capitals(adapter);
		for (size_t k = 0; k <= i && adapter[0]; k++) {
			const char *other = f->slots[k].adapter;

			n += !strcmp(other, adapter);
			if (other[0] && is_address(other) != is_address(adapter))
				return err_set(err, E_CONFIG,
					"%s: slots: slot %lld names its adapter %s, slot %lld %s: "
					"all by name or all by address",
					path, (long long)f->slots[k].slot, other,
					(long long)f->slots[i].slot, adapter);
		}
		if (n > f->adapter_units)
			return err_set(err, E_CONFIG,
				"%s: slots: slot %lld is number %lld on adapter %s, at most %lld "
				"(adapter_units)",
				path, (long long)f->slots[i].slot, (long long)n, adapter,
				(long long)f->adapter_units);
	}
	return 0;
}

/* ---- NFC ---- */

/* What comes behind the prefix; "" if it does not begin so, or nothing does. */
static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? "" : text + n;
}

const char *fixture_reader(const struct fixture *f)
{
	return behind(f->reader, "nfc:");
}

const char *fixture_standin(const struct fixture *f)
{
	return behind(f->phone, "standin:nfc:");
}

const char *fixture_golden(const struct fixture *f)
{
	return behind(f->phone, "golden:");
}

int fixture_set_nfc(
	const char *path, struct fixture *f, const char *reader, const char *phone, struct err *err)
{
	if (reader)
		snprintf(f->reader, sizeof(f->reader), "%s", reader);
	if (phone)
		snprintf(f->phone, sizeof(f->phone), "%s", phone);
	if (f->reader[0] && !fixture_reader(f)[0])
		return err_set(err, E_CONFIG,
			"%s: reader: \"%s\" must be nfc:CONNSTRING, as in nfc:pn532_uart:/dev/ttyUSB0",
			path, f->reader);
	if (f->phone[0] && !fixture_standin(f)[0] && !fixture_golden(f)[0])
		return err_set(err, E_CONFIG,
			"%s: phone: \"%s\" must be standin:nfc:CONNSTRING or golden:NAME", path,
			f->phone);
	if (f->phone[0] && !f->reader[0])
		return err_set(err, E_CONFIG, "%s: phone: there is no reader for it", path);
	if (f->reader[0] && !strcmp(fixture_reader(f), fixture_standin(f)))
		return err_set(
			err, E_CONFIG, "%s: phone: the stand-in needs a reader of its own", path);
	if (f->phone_stays && !fixture_golden(f)[0])
		return err_set(err, E_CONFIG, "%s: phone_stays: is for a golden phone", path);
	return 0;
}

int fixture_read(
	const char *path, const char *text, size_t length, struct fixture *fixture, struct err *err)
{
	int ret;

	*fixture = (struct fixture){.reply_ms = 1500, .logout_s = 600, .adapter_units = 4};
	ret = conf_read(path, text, length, fixture_fields, fixture, err);
	if (ret < 0)
		return ret;
	if (!fixture->slot_n)
		return err_set(err, E_CONFIG, "%s: slots: a fixture needs at least one slot", path);
	if (!fixture->shift_n) {
		static const char usual[][FIXTURE_TIME] = {"06:00", "14:00", "22:00"};

		memcpy(fixture->shifts, usual, sizeof(usual));
		fixture->shift_n = sizeof(usual) / sizeof(usual[0]);
	}
	for (size_t i = 0; i < fixture->shift_n; i++)
		if (!is_time(fixture->shifts[i]))
			return err_set(err, E_CONFIG, "%s: shifts: \"%s\" is no HH:MM", path,
				fixture->shifts[i]);
	for (size_t i = 0; i < fixture->slot_n; i++)
		for (size_t k = 0; k < i; k++)
			if (fixture->slots[i].slot == fixture->slots[k].slot)
				return err_set(err, E_CONFIG,
					"%s: slots: slot %lld is listed twice", path,
					(long long)fixture->slots[i].slot);
			else if (fixture->slots[i].port[0] &&
				 !strcmp(fixture->slots[i].port, fixture->slots[k].port))
				return err_set(err, E_CONFIG,
					"%s: slots: slots %lld and %lld have the same port", path,
					(long long)fixture->slots[k].slot,
					(long long)fixture->slots[i].slot);
	ret = fixture_set_nfc(path, fixture, NULL, NULL, err);
	return ret < 0 ? ret : check_adapters(path, fixture, err);
}
