#include "plan/profile.h"

#include <math.h>
#include <string.h>

static const char *const kinds[] = {"profile", NULL};
static const char *const algorithms[] = {"3des", "sm4", NULL};
static const char *const sm4_forms[] = {"invert", "pad80", NULL};
static const char *const counts[] = {"before", "after", NULL};
static const char *const orders[] = {"mac_tac", "tac_mac", "tac_only", NULL};

#define AT(member) offsetof(struct profile, member)

const struct conf_field limit_fields[] = {
	{"name", CONF_STRING, offsetof(struct limit, name), .size = LIMIT_NAME, .required = true},
	{"unit", CONF_STRING, offsetof(struct limit, unit), .size = LIMIT_UNIT, .required = true},
	{"low", CONF_REAL, offsetof(struct limit, low), .required = true},
	{"high", CONF_REAL, offsetof(struct limit, high), .required = true},
	{"marginal", CONF_REAL, offsetof(struct limit, marginal), .min = 0, .max = 1e9},
	{0},
};

static const struct conf_field firmware_item = {"firmware", CONF_STRING, 0, .size = PROFILE_TEXT};

static const struct conf_field key_set_item = {"key_sets", CONF_STRING, 0, .size = PROFILE_TEXT};

static const struct conf_field supply_fields[] = {
	{"volts", CONF_REAL, AT(supply.volts) - AT(supply), .required = true, .min = 3.3,
		.max = 5.25},
	{"limit_amps", CONF_REAL, AT(supply.limit_amps) - AT(supply), .required = true,
		.min = 0.001, .max = 5},
	{"settle_ms", CONF_INTEGER, AT(supply.settle_ms) - AT(supply), .required = true, .min = 20,
		.max = 10000},
	{"off_ms", CONF_INTEGER, AT(supply.off_ms) - AT(supply), .required = true, .min = 10,
		.max = 10000},
	{0},
};

static const struct profile_key no_key = {.ohm = NAN, .phone_low = NAN, .phone_high = NAN};

static const struct conf_field usb_fields[] = {
	{"vendor", CONF_HEX, AT(usb.vendor) - AT(usb), .required = true, .min = 2, .max = 2},
	{"product", CONF_HEX, AT(usb.product) - AT(usb), .required = true, .min = 2, .max = 2},
	{0},
};

static const struct conf_field ble_fields[] = {
	{"name", CONF_STRING, AT(ble.name) - AT(ble), .size = PROFILE_TEXT, .required = true},
	{"passkey", CONF_STRING, AT(ble.passkey) - AT(ble), .size = 8},
	{0},
};

static const struct conf_field power_key_fields[] = {
	{"on_s", CONF_REAL, AT(power_key.on_s) - AT(power_key), .required = true, .min = 0.1,
		.max = 14},
	{"off_s", CONF_REAL, AT(power_key.off_s) - AT(power_key), .required = true, .min = 0.1,
		.max = 14},
	{"short_s", CONF_REAL, AT(power_key.short_s) - AT(power_key), .required = true, .min = 0.05,
		.max = 14},
	{"starts", CONF_BOOL, AT(power_key.starts) - AT(power_key), .required = true},
	{0},
};

static const struct conf_field key_fields[] = {
	{"key", CONF_STRING, offsetof(struct profile_key, name), .size = 2, .required = true},
	{"ohm", CONF_REAL, offsetof(struct profile_key, ohm), .max = 1e5},
	{"phone_low", CONF_REAL, offsetof(struct profile_key, phone_low), .max = 1e5},
	{"phone_high", CONF_REAL, offsetof(struct profile_key, phone_high), .max = 1e5},
	{"usage", CONF_HEX, offsetof(struct profile_key, usage), .min = 4, .max = 4},
	{0},
};

static const struct conf_field aid_fields[] = {
	{"security_domain", CONF_HEX, AT(aid.security_domain) - AT(aid), .required = true, .min = 5,
		.max = 16},
	{"purse", CONF_HEX, AT(aid.purse) - AT(aid), .required = true, .min = 5, .max = 16},
	{0},
};

static const struct conf_field perso_fields[] = {
	{"key_version", CONF_INTEGER, AT(perso.key_version) - AT(perso), .required = true, .min = 0,
		.max = 255},
	{"default_key_version", CONF_INTEGER, AT(perso.default_key_version) - AT(perso),
		.required = true, .min = 1, .max = 255},
	{"last_block_p1", CONF_HEX, AT(perso.last_block_p1) - AT(perso), .required = true, .min = 1,
		.max = 1},
	{"get_data_value_only", CONF_BOOL, AT(perso.get_data_value_only) - AT(perso)},
	{0},
};

static const struct conf_field range_fields[] = {
	{"offset", CONF_INTEGER, offsetof(struct profile_range, offset), .required = true,
		.max = 63},
	{"length", CONF_INTEGER, offsetof(struct profile_range, length), .required = true, .min = 1,
		.max = 16},
	{0},
};

#define RANGE(member)                                                                              \
	{                                                                                          \
#member, CONF_STRUCT, AT(ef15.member) - AT(ef15), .required = true,                \
								  .fields = range_fields           \
	}

static const struct conf_field ef15_fields[] = {
	{"length", CONF_INTEGER, AT(ef15.length) - AT(ef15), .required = true, .min = 16,
		.max = 64},
	RANGE(issuer),
	RANGE(type),
	RANGE(version),
	RANGE(number),
	RANGE(valid_from),
	RANGE(valid_to),
	RANGE(issuer_data),
	{0},
};

static const struct conf_field purse_fields[] = {
	{"algorithm", CONF_WORD, AT(purse.algorithm) - AT(purse), .required = true,
		.words = algorithms},
	{"sm4_form", CONF_WORD, AT(purse.sm4_form) - AT(purse), .words = sm4_forms},
	{"algorithm_id", CONF_HEX, AT(purse.algorithm_id) - AT(purse), .required = true, .min = 1,
		.max = 1},
	{"key_algorithm", CONF_HEX, AT(purse.key_algorithm) - AT(purse), .required = true, .min = 1,
		.max = 1},
	{"key_index", CONF_INTEGER, AT(purse.key_index) - AT(purse), .required = true, .max = 255},
	{"key_version", CONF_INTEGER, AT(purse.key_version) - AT(purse), .required = true,
		.max = 255},
	{"factor_length", CONF_INTEGER, AT(purse.factor_length) - AT(purse), .required = true,
		.min = 8, .max = 16},
	{"log_count", CONF_WORD, AT(purse.log_count) - AT(purse), .required = true,
		.words = counts},
	{"prove_count", CONF_WORD, AT(purse.prove_count) - AT(purse), .required = true,
		.words = counts},
	{"prove_order", CONF_WORD, AT(purse.prove_order) - AT(purse), .required = true,
		.words = orders},
	{"load_pin", CONF_HEX, AT(purse.load_pin) - AT(purse), .min = 2, .max = 8},
	{0},
};

static const struct conf_field sw_item = {"status word", CONF_HEX, 0, .min = 2, .max = 2};

#define SWS(member)                                                                                \
	{                                                                                          \
#member, CONF_LIST, AT(refusals.member.sw) - AT(refusals),                         \
			.size = sizeof(struct conf_bytes), .required = true, .item = &sw_item,     \
			.count_offset = AT(refusals.member.n) - AT(refusals), .most = PROFILE_SWS  \
	}

static const struct conf_field refusal_fields[] = {
	SWS(wrong_mac1),
	SWS(replay),
	SWS(without_initialize),
	{0},
};

static const struct conf_field sealed_item = {"sealed", CONF_HEX, 0, .min = 4, .max = 32};

static const struct conf_field timeout_fields[] = {
	{"apdu_ms", CONF_INTEGER, AT(timeouts.apdu_ms) - AT(timeouts), .required = true, .min = 50,
		.max = 60000},
	{"store_data_ms", CONF_INTEGER, AT(timeouts.store_data_ms) - AT(timeouts), .required = true,
		.min = 50, .max = 60000},
	{"boot_ms", CONF_INTEGER, AT(timeouts.boot_ms) - AT(timeouts), .required = true, .min = 50,
		.max = 60000},
	{0},
};

static const struct conf_field profile_fields[] = {
	{"kind", CONF_WORD, AT(kind), .required = true, .words = kinds},
	{"name", CONF_STRING, AT(name), .size = PROFILE_TEXT, .required = true},
	{"family", CONF_STRING, AT(family), .size = PROFILE_TEXT},
	{"model", CONF_STRING, AT(model), .size = PROFILE_TEXT, .required = true},
	{"firmware", CONF_LIST, AT(firmware), .size = PROFILE_TEXT, .required = true,
		.item = &firmware_item, .count_offset = AT(firmware_n), .most = PROFILE_FIRMWARES},
	{"key_sets", CONF_LIST, AT(key_sets), .size = PROFILE_TEXT, .required = true,
		.item = &key_set_item, .count_offset = AT(key_set_n), .most = PROFILE_KEY_SETS},
	{"modem", CONF_STRING, AT(modem), .size = PROFILE_TEXT},
	{"usb", CONF_STRUCT, AT(usb), .fields = usb_fields},
	{"ble", CONF_STRUCT, AT(ble), .fields = ble_fields},
	{"power_key", CONF_STRUCT, AT(power_key), .fields = power_key_fields},
	{"supply", CONF_STRUCT, AT(supply), .required = true, .fields = supply_fields},
	{"keys", CONF_LIST, AT(keys), .size = sizeof(struct profile_key), .required = true,
		.fields = key_fields, .item_default = &no_key, .count_offset = AT(key_n),
		.most = PROFILE_KEYS},
	{"aid", CONF_STRUCT, AT(aid), .required = true, .fields = aid_fields},
	{"perso", CONF_STRUCT, AT(perso), .required = true, .fields = perso_fields},
	{"ef15", CONF_STRUCT, AT(ef15), .required = true, .fields = ef15_fields},
	{"purse", CONF_STRUCT, AT(purse), .required = true, .fields = purse_fields},
	{"refusals", CONF_STRUCT, AT(refusals), .required = true, .fields = refusal_fields},
	{"sealed", CONF_LIST, AT(sealed), .size = sizeof(struct conf_bytes), .required = true,
		.item = &sealed_item, .count_offset = AT(sealed_n), .most = PROFILE_SEALED},
	{"timeouts", CONF_STRUCT, AT(timeouts), .required = true, .fields = timeout_fields},
	{"limits", CONF_LIST, AT(limits), .size = sizeof(struct limit), .required = true,
		.fields = limit_fields, .count_offset = AT(limit_n), .most = PROFILE_LIMITS},
	{0},
};

static int check_range(const char *path, const char *name, const struct profile *p,
	const struct profile_range *r, int64_t length, struct err *err)
{
	if (r->offset + r->length > p->ef15.length)
		return err_set(err, E_CONFIG, "%s: ef15: %s: ends behind the file's %lld bytes",
			path, name, (long long)p->ef15.length);
	if (r->length != length)
		return err_set(err, E_CONFIG, "%s: ef15: %s: must be %lld bytes long", path, name,
			(long long)length);
	return 0;
}

/* What no single field can tell. */
static int check_profile(const char *path, const struct profile *p, struct err *err)
{
	const struct {
		const char *name;
		const struct profile_range *range;
		int64_t length;
	} ranges[] = {
		{"issuer", &p->ef15.issuer, 8},
		{"type", &p->ef15.type, 1},
		{"version", &p->ef15.version, 1},
		{"number", &p->ef15.number, 10},
		{"valid_from", &p->ef15.valid_from, 4},
		{"valid_to", &p->ef15.valid_to, 4},
		{"issuer_data", &p->ef15.issuer_data, 2},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (check_range(path, ranges[i].name, p, ranges[i].range, ranges[i].length, err) <
			0)
			return err->status;
	if (p->ble.passkey[0] &&
		(strlen(p->ble.passkey) != 6 || strspn(p->ble.passkey, "0123456789") != 6))
		return err_set(err, E_CONFIG, "%s: ble: passkey: must be six digits", path);
	if (p->power_key.on_s > 0 && (p->power_key.short_s >= p->power_key.on_s ||
					     p->power_key.short_s >= p->power_key.off_s))
		return err_set(err, E_CONFIG, "%s: power_key: short_s must be the shortest", path);
	if (p->purse.factor_length != 8 && p->purse.factor_length != 16)
		return err_set(err, E_CONFIG, "%s: purse: factor_length: must be 8 or 16", path);
	for (size_t i = 0; i < p->key_n; i++) {
		const struct profile_key *key = &p->keys[i];
		bool ladder =
			isfinite(key->ohm) && isfinite(key->phone_low) && isfinite(key->phone_high);

		if ((!isnan(key->ohm) && !ladder) || (!ladder && !key->usage.n && !p->ble.name[0]))
			return err_set(err, E_CONFIG,
				"%s: keys: key %s needs ohm, phone_low and phone_high, or usage",
				path, key->name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(p->keys[i].name, p->keys[k].name))
				return err_set(err, E_CONFIG, "%s: keys: key %s is listed twice",
					path, p->keys[i].name);
	}
	for (size_t i = 0; i < p->limit_n; i++) {
		if (p->limits[i].low > p->limits[i].high)
			return err_set(err, E_CONFIG, "%s: limits: %s: low is above high", path,
				p->limits[i].name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(p->limits[i].name, p->limits[k].name))
				return err_set(err, E_CONFIG, "%s: limits: %s is listed twice",
					path, p->limits[i].name);
	}
	return 0;
}

int profile_read(
	const char *path, const char *text, size_t length, struct profile *profile, struct err *err)
{
	int ret;

	*profile = (struct profile){0};
	ret = conf_read(path, text, length, profile_fields, profile, err);
	return ret < 0 ? ret : check_profile(path, profile, err);
}

unsigned profile_usb(const struct conf_bytes *b)
{
	return b->n == 2 ? (unsigned)b->bytes[0] << 8 | b->bytes[1] : 0;
}

uint32_t profile_key_usage(const struct profile_key *key)
{
	uint32_t usage = 0;

	if (!key->usage.n)
		return (uint8_t)key->name[0];
	for (size_t i = 0; i < key->usage.n; i++)
		usage = usage << 8 | key->usage.bytes[i];
	return usage;
}

int profile_is_product(const struct profile *profile, const char *product)
{
	return !strcmp(profile->name, product) ||
	       (profile->family[0] && !strcmp(profile->family, product));
}

int profile_takes_key_set(const struct profile *profile, const char *key_set)
{
	for (size_t i = 0; i < profile->key_set_n; i++)
		if (!strcmp(profile->key_sets[i], key_set))
			return 1;
	return 0;
}
