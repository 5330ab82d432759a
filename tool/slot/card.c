#include "slot/card.h"
#include "core/hex.h"
#include "messages/messages.h"

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

static int make_keys(struct unit *u)
{
	static const enum key_usage usages[] = {KEY_PURCHASE, KEY_LOAD, KEY_TAC};
	uint8_t factor[16];
	size_t n = (size_t)u->profile->purse.factor_length;
	struct err err;

	/* One level: the last 8 bytes of the card number, never of the serial. Two: the issuer
	 * first. */
	memcpy(factor, u->ef15 + u->profile->ef15.issuer.offset, 8);
	memcpy(factor + 8, u->number + 2, 8);
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		struct perso_key *k = &u->perso.keys[i];

		*k = (struct perso_key){.usage = usages[i],
			.index = (uint8_t)u->profile->purse.key_index,
			.version = (uint8_t)u->profile->purse.key_version,
			.algorithm = u->profile->purse.key_algorithm.bytes[0]};
		if (u->keys->driver->diversify(u->keys, usages[i], card_algorithm(u),
			    factor + sizeof(factor) - n, n, &k->key, &err) < 0)
			return unit_finding(u, "TOOL-KEYS", "%s", err.text);
		u->perso.key_n = i + 1;
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
	u->perso.online_counter = u->online = (uint16_t)message_integer(counters, "online");
	u->perso.offline_counter = u->offline = (uint16_t)message_integer(counters, "offline");
	return make_keys(u);
}

struct key *card_key(const struct unit *u, enum key_usage usage)
{
	for (size_t i = 0; i < u->perso.key_n; i++)
		if (u->perso.keys[i].usage == usage)
			return u->perso.keys[i].key;
	return NULL;
}
