#include "slot/card.h"
#include "core/hex.h"
#include "messages/messages.h"
#include "slot/session.h"

#include <string.h>

enum key_algorithm card_algorithm(const struct unit *u)
{
	return u->profile->purse.algorithm == PROFILE_SM4 ? KEY_SM4 : KEY_3DES;
}

enum key_sm4_form card_sm4_form(const struct unit *u)
{
	return u->profile->purse.sm4_form == PROFILE_SM4_PAD80 ? KEY_SM4_PAD80 : KEY_SM4_INVERT;
}

static int put(struct unit *u, const struct profile_range *range, const char *hex)
{
	uint8_t bytes[16];

	if (hex_decode(hex, strlen(hex), bytes, sizeof(bytes)) != range->length)
		return unit_finding(u, "TOOL-WORKER", "the job's record does not fill EF15");
	memcpy(u->ef15 + range->offset, bytes, (size_t)range->length);
	return 0;
}

static int make_ef15(struct unit *u, const json_t *card)
{
	const json_t *issuer = json_object_get(u->terms, "issuer");
	const struct profile *p = u->profile;
	const struct {
		const struct profile_range *range;
		const char *hex;
	} fields[] = {
		{&p->ef15.issuer, message_string(issuer, "id")},
		{&p->ef15.type, message_string(issuer, "application_type")},
		{&p->ef15.version, message_string(issuer, "application_version")},
		{&p->ef15.number, message_string(card, "number")},
		{&p->ef15.valid_from, message_string(card, "valid_from")},
		{&p->ef15.valid_to, message_string(card, "valid_to")},
		{&p->ef15.issuer_data, message_string(issuer, "data")},
	};

	memset(u->ef15, 0, sizeof(u->ef15));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (put(u, fields[i].range, fields[i].hex) < 0)
			return E_REFUSED;
	memcpy(u->number, u->ef15 + p->ef15.number.offset, sizeof(u->number));
	return 0;
}

static const enum key_usage usages[] = {KEY_PURCHASE, KEY_LOAD, KEY_TAC};

static struct perso_key *add_key(
	struct unit *u, enum key_usage usage, uint8_t index, uint8_t version)
{
	struct perso_key *k = &u->perso.keys[u->perso.key_n++];

	*k = (struct perso_key){.usage = usage,
		.index = index,
		.version = version,
		.algorithm = u->profile->purse.key_algorithm.bytes[0]};
	return k;
}

static int unwrap_key(struct unit *u, const json_t *wrapped, struct perso_key *k, struct err *err)
{
	char usage[3];
	const char *hex;
	uint8_t bytes[KEY_WRAPPED], byte = (uint8_t)k->usage;

	hex_encode(&byte, 1, usage);
	hex = message_string(wrapped, usage);
	if (hex_decode(hex, strlen(hex), bytes, sizeof(bytes)) != KEY_WRAPPED)
		return err_set(err, E_CONFIG, "the job's record has no key %s", usage);
	return u->keys->driver->unwrap(u->keys, card_algorithm(u), bytes, &k->key, err);
}

static int diversify_key(struct unit *u, struct perso_key *k, struct err *err)
{
	size_t n = (size_t)u->profile->purse.factor_length;
	uint8_t factor[16];

	/* One level: the last 8 bytes of the card number, never of the serial. Two: the issuer
	 * first. */
	memcpy(factor, u->ef15 + u->profile->ef15.issuer.offset, 8);
	memcpy(factor + 8, u->number + 2, 8);
	return u->keys->driver->diversify(
		u->keys, k->usage, card_algorithm(u), factor + sizeof(factor) - n, n, &k->key, err);
}

static int make_keys(struct unit *u, const json_t *card)
{
	bool wrapped = !strcmp(message_string(u->terms, "card_keys"), "wrapped");
	json_t *keys = wrapped ? json_loads(message_string(card, "keys"), 0, NULL) : NULL;
	struct err err;
	int ret = 0;

	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]) && ret == 0; i++) {
		struct perso_key *k = add_key(u, usages[i], (uint8_t)u->profile->purse.key_index,
			(uint8_t)u->profile->purse.key_version);

		ret = wrapped ? unwrap_key(u, keys, k, &err) : diversify_key(u, k, &err);
	}
	json_decref(keys);
	return ret < 0 ? unit_finding(u, "TOOL-KEYS", "%s", err.text) : 0;
}

static const json_t *payment(const struct unit *u)
{
	return json_object_get(u->terms, "factory_payment");
}

static int make_test_keys(struct unit *u)
{
	uint8_t diversification[10];
	struct err err;

	session_diversification(u->serial, diversification);
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		struct perso_key *k = add_key(u, usages[i], card_test_index(u),
			(uint8_t)message_integer(payment(u), "key_version"));

		if (u->keys->driver->test(u->keys, usages[i], card_algorithm(u), diversification,
			    &k->key, &err) < 0)
			return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	}
	return 0;
}

int card_make(struct unit *u, const json_t *card)
{
	const json_t *counters = json_object_get(u->terms, "counters");
	const char *extended = message_string(card, "extended");
	int n = hex_decode(extended, strlen(extended), u->extended, sizeof(u->extended));

	if (n < 0)
		return unit_finding(
			u, "TOOL-WORKER", "the job's extended information is malformed");
	if (make_ef15(u, card) < 0)
		return E_REFUSED;
	u->perso.ef15 = u->ef15;
	u->perso.ef15_n = (size_t)u->profile->ef15.length;
	u->perso.extended = u->extended;
	u->perso.extended_n = u->extended_n = (size_t)n;
	u->perso.online_counter = (uint16_t)message_integer(counters, "online");
	u->perso.offline_counter = (uint16_t)message_integer(counters, "offline");
	if (make_keys(u, card) < 0)
		return E_REFUSED;
	return card_test_index(u) ? make_test_keys(u) : 0;
}

uint8_t card_test_index(const struct unit *u)
{
	return (uint8_t)message_integer(payment(u), "key_index");
}

uint8_t card_key_index(const struct unit *u)
{
	return card_test_index(u) && !u->test_keys_gone ? card_test_index(u)
							: (uint8_t)u->profile->purse.key_index;
}

uint8_t card_key_version(const struct unit *u)
{
	return card_test_index(u) && !u->test_keys_gone
		       ? (uint8_t)message_integer(payment(u), "key_version")
		       : (uint8_t)u->profile->purse.key_version;
}

json_t *card_proof(struct unit *u)
{
	json_t *kcvs = json_object();

	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		const struct perso_key *k = &u->perso.keys[i];
		uint8_t kcv[3], byte = (uint8_t)k->usage;
		char usage[3], hex[7];
		struct err err;

		if (u->keys->driver->kcv(u->keys, k->key, kcv, &err) < 0)
			continue;
		hex_encode(&byte, 1, usage);
		hex_encode(kcv, 3, hex);
		json_object_set_new(kcvs, usage, json_string(hex));
	}
	return json_pack(
		"{so, sI}", "kcvs", kcvs, "key_version", (json_int_t)u->profile->purse.key_version);
}

struct key *card_key(const struct unit *u, enum key_usage usage)
{
	for (size_t i = 0; i < u->perso.key_n; i++)
		if (u->perso.keys[i].usage == usage && u->perso.keys[i].index == card_key_index(u))
			return u->perso.keys[i].key;
	return NULL;
}
