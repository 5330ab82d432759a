#include "slot/pay.h"
#include "core/clock.h"
#include "core/hex.h"
#include "messages/messages.h"
#include "payment/tlv.h"
#include "slot/card.h"

#include <string.h>
#include <time.h>

static const json_t *payment(const struct unit *u)
{
	return json_object_get(u->terms, "factory_payment");
}

uint32_t pay_amount(const struct unit *u)
{
	return (uint32_t)message_integer(payment(u), "amount_cents");
}

struct purse_terms pay_terms(struct unit *u, enum purse_type type, uint32_t cents)
{
	struct purse_terms t = {.amount_cents = cents, .type = (uint8_t)type};
	const char *terminal = message_string(payment(u), "terminal");
	uint32_t sequence = (uint32_t)time(NULL);

	hex_decode(terminal, strlen(terminal), t.terminal, sizeof(t.terminal));
	clock_bcd(t.date, t.time);
	for (size_t i = 0; i < 4; i++)
		t.sequence[i] = (uint8_t)(sequence >> 8 * (3 - i));
	return t;
}

int pay_select(struct unit *u, const char *code, struct link_answer *answer)
{
	struct apdu select = purse_select(u->profile->aid.purse.bytes, u->profile->aid.purse.n);
	const uint8_t *rest = answer->data;
	struct tlv fci;
	size_t left;
	int ret = unit_command(u, "SELECT", &select, UNIT_UNTIMED, code, answer);

	if (ret < 0)
		return ret;
	left = answer->n;
	if (tlv_next(&rest, &left, &fci) != 1 || fci.tag != 0x6F || left)
		return unit_finding(u, "APDU-LENGTH", "SELECT answers no FCI template");
	return 0;
}

int pay_read_ef15(struct unit *u, const char *code, int64_t *us)
{
	struct apdu read = purse_read_ef15(u->perso.ef15_n);
	struct link_answer a;
	int ret = unit_command(u, "READ BINARY EF15", &read, 0, code, &a);

	if (ret < 0)
		return ret;
	if (us)
		*us = a.us;
	if (a.n != u->perso.ef15_n)
		return unit_finding(
			u, "APDU-LENGTH", "EF15 has %zu bytes, must be %zu", a.n, u->perso.ef15_n);
	if (memcmp(a.data, u->ef15, a.n) != 0)
		return unit_finding(u, code, "EF15 is not the card's");
	return 0;
}

static int check_start(struct unit *u, const struct purse_terms *terms, const struct purse_start *s)
{
	uint16_t *expected = terms->type == PURSE_TYPE_LOAD ? &u->online : &u->offline;

	if (s->key_version != u->profile->purse.key_version)
		return unit_finding(u, "PAY-KEY-VERSION", "%02X, must be %02X", s->key_version,
			(unsigned)u->profile->purse.key_version);
	if (s->algorithm != u->profile->purse.algorithm_id.bytes[0])
		return unit_finding(u, "PAY-ALGORITHM", "%02X, must be %02X", s->algorithm,
			u->profile->purse.algorithm_id.bytes[0]);
	if (s->counter != *expected)
		return unit_finding(u, "PAY-COUNTER", "the %s counter is %u, must be %u",
			terms->type == PURSE_TYPE_LOAD ? "online" : "offline", s->counter,
			*expected);
	if (s->balance_cents != u->balance_cents)
		return unit_finding(u, "PAY-BALANCE", "INITIALIZE answers %u, must be %u",
			s->balance_cents, u->balance_cents);
	return 0;
}

static int initialize(
	struct unit *u, const struct purse_terms *terms, struct purse_start *start, int64_t *us)
{
	struct apdu apdu = purse_initialize(terms, (uint8_t)u->profile->purse.key_index);
	const char *name =
		terms->type == PURSE_TYPE_LOAD ? "INITIALIZE FOR LOAD" : "INITIALIZE FOR PURCHASE";
	struct link_answer a;
	struct err err;
	int ret = unit_command(u, name, &apdu, 0, "PAY-REFUSED", &a);

	if (ret < 0)
		return ret;
	if (us)
		*us = a.us;
	if (purse_parse_start(a.data, a.n, (enum purse_type)terms->type, start, &err) < 0)
		return unit_finding(u, "APDU-LENGTH", "%s", err.text);
	return 0;
}

/* A unit that came back in the middle of its payment says itself where it stands. */
static int learn_counters(struct unit *u)
{
	struct purse_terms load = pay_terms(u, PURSE_TYPE_LOAD, 0);
	struct purse_terms purchase = pay_terms(u, PURSE_TYPE_PURCHASE, 0);
	struct purse_start start;
	int ret = initialize(u, &load, &start, NULL);

	if (ret < 0)
		return ret;
	u->online = start.counter;
	u->balance_cents = start.balance_cents;
	ret = initialize(u, &purchase, &start, NULL);
	u->offline = start.counter;
	u->counters_known = true;
	return ret;
}

int pay_initialize(
	struct unit *u, const struct purse_terms *terms, struct purse_start *start, int64_t *us)
{
	int ret = u->counters_known ? 0 : learn_counters(u);

	if (ret < 0 || (ret = initialize(u, terms, start, us)) < 0)
		return ret;
	return check_start(u, terms, start);
}

int pay_session(struct unit *u, struct transaction *t)
{
	struct key *card = card_key(u, t->terms.type == PURSE_TYPE_LOAD ? KEY_LOAD : KEY_PURCHASE);
	uint8_t input[8];
	struct err err;

	u->keys->driver->drop(u->keys, t->session);
	t->session = NULL;
	purse_session_input(&t->terms, &t->start, input);
	if (u->keys->driver->session(u->keys, card, card_sm4_form(u), input, &t->session, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return 0;
}

int pay_mac(struct unit *u, const struct transaction *t, enum purse_mac which, uint8_t mac[4])
{
	uint8_t input[PURSE_MAC_INPUT];
	size_t n = purse_mac_input(which, &t->terms, &t->start, input);
	struct err err;

	if (u->keys->driver->mac(u->keys, t->session, input, n, mac, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return 0;
}

/* 1 right, 0 wrong, negative: err. */
static int verify(struct unit *u, const struct transaction *t, enum purse_mac which,
	const uint8_t mac[4], struct err *err)
{
	bool tac = which == PURSE_LOAD_TAC || which == PURSE_PURCHASE_TAC;
	struct key *tac_key = NULL;
	uint8_t input[PURSE_MAC_INPUT];
	size_t n = purse_mac_input(which, &t->terms, &t->start, input);
	int ret = 0;

	if (tac)
		ret = u->keys->driver->tac(u->keys, card_key(u, KEY_TAC), &tac_key, err);
	if (ret == 0)
		ret = u->keys->driver->verify(
			u->keys, tac ? tac_key : t->session, input, n, mac, err);
	u->keys->driver->drop(u->keys, tac_key);
	return ret;
}

int pay_verify(struct unit *u, const struct transaction *t, enum purse_mac which,
	const uint8_t mac[4], const char *code)
{
	struct err err;
	int ret = verify(u, t, which, mac, &err);

	if (ret < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return ret ? 0 : unit_finding(u, code, "%s", "");
}

bool pay_tac_fits(struct unit *u, const struct transaction *t)
{
	struct err err;

	return verify(u, t, PURSE_PURCHASE_TAC, t->tac, &err) == 1;
}

struct apdu pay_prove(const struct unit *u, const struct transaction *t)
{
	bool after = u->profile->purse.prove_count == PROFILE_AFTER;

	return purse_prove(t->terms.type, (uint16_t)(t->start.counter + after));
}

int pay_check_balance(struct unit *u)
{
	struct apdu get = purse_get_balance();
	struct link_answer a;
	struct err err;
	uint32_t cents;
	int ret = unit_command(u, "GET BALANCE", &get, 0, "PAY-REFUSED", &a);

	if (ret < 0)
		return ret;
	if (purse_parse_balance(a.data, a.n, &cents, &err) < 0)
		return unit_finding(u, "APDU-LENGTH", "%s", err.text);
	if (cents != u->balance_cents)
		return unit_finding(u, "PAY-BALANCE", "GET BALANCE answers %u, must be %u", cents,
			u->balance_cents);
	return 0;
}
