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

	if (s->key_version != card_key_version(u))
		return unit_finding(u, "PAY-KEY-VERSION", "%02X, must be %02X", s->key_version,
			card_key_version(u));
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
	struct apdu apdu = purse_initialize(terms, card_key_index(u));
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

int pay_initialize(
	struct unit *u, const struct purse_terms *terms, struct purse_start *start, int64_t *us)
{
	int ret = pay_resume(u);

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

static bool tac_fits(struct unit *u, const struct transaction *t)
{
	struct err err;

	return verify(u, t, t->terms.type == PURSE_TYPE_LOAD ? PURSE_LOAD_TAC : PURSE_PURCHASE_TAC,
		       t->tac, &err) == 1;
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

int pay_check_purse(struct unit *u)
{
	struct purse_terms load = pay_terms(u, PURSE_TYPE_LOAD, 0);
	struct purse_terms purchase = pay_terms(u, PURSE_TYPE_PURCHASE, 0);
	struct purse_start start;
	struct link_answer a;
	int ret = pay_select(u, "PAY-REFUSED", &a);

	if (ret < 0 || (ret = pay_check_balance(u)) < 0)
		return ret;
	/* pay_initialize() holds both counters against loads and purchases done. */
	ret = pay_initialize(u, &load, &start, NULL);
	return ret < 0 ? ret : pay_initialize(u, &purchase, &start, NULL);
}

/* ---- payments in the ledger ---- */

static const char *const kinds[] = {[PURSE_TYPE_LOAD] = "load", [PURSE_TYPE_PURCHASE] = "purchase"};

int pay_announce(struct unit *u, struct transaction *t)
{
	char terminal[13], sequence[9], date[9], time_text[7], random[9];
	json_t *answer = NULL;
	struct err err;
	int ret;

	hex_encode(t->terms.terminal, 6, terminal);
	hex_encode(t->terms.sequence, 4, sequence);
	hex_encode(t->terms.date, 4, date);
	hex_encode(t->terms.time, 3, time_text);
	hex_encode(t->start.random, 4, random);
	ret = unit_card(u, "PAY",
		json_pack("{ss, sI, ss, ss, ss, ss, sI, sI, sI, ss, sI}", "kind",
			kinds[t->terms.type], "amount_cents", (json_int_t)t->terms.amount_cents,
			"terminal", terminal, "sequence", sequence, "date", date, "time", time_text,
			"counter", (json_int_t)t->start.counter, "balance_cents",
			(json_int_t)t->start.balance_cents, "overdraft_cents",
			(json_int_t)t->start.overdraft_cents, "random", random, "key_index",
			(json_int_t)card_key_index(u)),
		&answer, &err);
	if (ret == 0)
		t->payment = message_integer(answer, "payment");
	json_decref(answer);
	if (ret == E_REFUSED)
		return unit_finding(
			u, u->spent_badly ? "PAY-SPENT" : "CARD-PAYMENT", "%s", err.text);
	return ret < 0 ? unit_finding(u, "TOOL-STORE", "%s", err.text) : 0;
}

int pay_conclude(struct unit *u, struct transaction *t, enum pay_outcome outcome)
{
	static const char *const ops[] = {
		[PAY_DONE] = "PAID", [PAY_UNDONE] = "UNPAID", [PAY_BAD] = "MISPAID"};
	json_t *proof = json_pack("{sI}", "payment", t->payment);
	char tac[9];
	struct err err;

	if (!t->payment) {
		json_decref(proof);
		return 0;
	}
	t->payment = 0;
	hex_encode(t->tac, 4, tac);
	if (outcome != PAY_UNDONE)
		json_object_set_new(proof, "tac", json_string(tac));
	if (unit_card(u, ops[outcome], proof, NULL, &err) < 0)
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	return 0;
}

void pay_apply(struct unit *u, struct transaction *t)
{
	if (t->terms.type == PURSE_TYPE_LOAD) {
		u->online++;
		u->balance_cents += t->terms.amount_cents;
	} else {
		u->offline++;
		u->balance_cents -= t->terms.amount_cents;
	}
	t->done = true;
}

static void take(const json_t *p, const char *member, uint8_t *out, size_t n)
{
	const char *hex = message_string(p, member);

	hex_decode(hex, strlen(hex), out, n);
}

/* The transaction as it was, with its session key and MACs. */
static int restore(struct unit *u, const json_t *p, struct transaction *t)
{
	bool load = !strcmp(message_string(p, "kind"), "load");
	int ret;

	t->terms.type = (uint8_t)(load ? PURSE_TYPE_LOAD : PURSE_TYPE_PURCHASE);
	t->terms.amount_cents = (uint32_t)message_integer(p, "amount_cents");
	take(p, "terminal", t->terms.terminal, sizeof(t->terms.terminal));
	take(p, "sequence", t->terms.sequence, sizeof(t->terms.sequence));
	take(p, "date", t->terms.date, sizeof(t->terms.date));
	take(p, "time", t->terms.time, sizeof(t->terms.time));
	take(p, "random", t->start.random, sizeof(t->start.random));
	take(p, "tac", t->tac, sizeof(t->tac));
	t->start.counter = (uint16_t)message_integer(p, "counter");
	t->start.balance_cents = (uint32_t)message_integer(p, "balance_cents");
	t->start.overdraft_cents = (uint32_t)message_integer(p, "overdraft_cents");
	ret = pay_session(u, t);
	if (ret == 0 && !load)
		ret = pay_mac(u, t, PURSE_PURCHASE_MAC1, t->mac1);
	return ret < 0 ? ret : pay_mac(u, t, load ? PURSE_LOAD_MAC2 : PURSE_PURCHASE_MAC2, t->mac2);
}

/*
 * 9000 alone proves nothing: the proof's MAC must be the MAC2 of the purchase; where the product
 * proves by the TAC only, and for a load, the TAC must verify.
 */
static bool takes_as_proof(struct unit *u, struct transaction *t, const uint8_t *data, size_t n)
{
	int order = u->profile->purse.prove_order;
	const uint8_t *tac = order == PROFILE_MAC_TAC ? data + 4 : data;
	const uint8_t *mac = order == PROFILE_TAC_MAC ? data + 4 : data;

	if (n != (order == PROFILE_TAC_ONLY ? 4U : 8U))
		return false;
	memcpy(t->tac, tac, 4);
	if (order != PROFILE_TAC_ONLY && t->terms.type == PURSE_TYPE_PURCHASE)
		return !memcmp(mac, t->mac2, 4);
	return tac_fits(u, t);
}

int pay_recover(struct unit *u, struct transaction *t)
{
	struct apdu prove = pay_prove(u, t);
	struct purse_terms nothing = pay_terms(u, (enum purse_type)t->terms.type, 0);
	bool load = t->terms.type == PURSE_TYPE_LOAD, proven;
	uint32_t after = load ? u->balance_cents + t->terms.amount_cents
			      : u->balance_cents - t->terms.amount_cents;
	struct purse_start start;
	struct link_answer a;
	int ret = unit_apdu(u, &prove, 0, &a);

	if (ret < 0)
		return ret;
	proven = a.sw == 0x9000 && takes_as_proof(u, t, a.data, a.n);
	ret = initialize(u, &nothing, &start, NULL);
	if (ret < 0)
		return ret;
	if (proven && start.counter == (uint16_t)(t->start.counter + 1) &&
		start.balance_cents == after) {
		unit_note(u, "the answer to a %s was lost; it is proven", kinds[t->terms.type]);
		return 1;
	}
	if (!proven && start.counter == t->start.counter &&
		start.balance_cents == u->balance_cents) {
		unit_note(
			u, "the answer to a %s was lost; it did not happen", kinds[t->terms.type]);
		return 0;
	}
	return unit_finding(u, "PAY-TORN", "%s: proof %s, counter %u, balance %u",
		kinds[t->terms.type], proven ? "yes" : "no", start.counter, start.balance_cents);
}

/* Nothing but a unit whose test keys were about to be erased may lack them. */
static int look_for_test_keys(struct unit *u)
{
	struct purse_terms nothing = pay_terms(u, PURSE_TYPE_PURCHASE, 0);
	struct apdu apdu = purse_initialize(&nothing, card_key_index(u));
	struct link_answer a;
	int ret = unit_apdu(u, &apdu, 0, &a);

	if (ret == 0 && a.sw == 0x9403) {
		u->test_keys_gone = true;
		unit_note(u, "its test keys are erased already");
	}
	return ret;
}

int pay_settle(struct unit *u, struct transaction *t)
{
	bool load = t->terms.type == PURSE_TYPE_LOAD;
	int ret = pay_recover(u, t);

	if (ret < 0)
		return ret;
	if (ret == 0)
		return pay_conclude(u, t, PAY_UNDONE);
	ret = pay_verify(u, t, load ? PURSE_LOAD_TAC : PURSE_PURCHASE_TAC, t->tac, "PAY-TAC");
	if (ret < 0)
		pay_conclude(u, t, PAY_BAD);
	return ret < 0 || (ret = pay_conclude(u, t, PAY_DONE)) < 0 ? ret : 1;
}

/* One payment of an earlier attempt. */
static int resume_one(struct unit *u, const json_t *p)
{
	bool load = !strcmp(message_string(p, "kind"), "load");
	struct transaction *t = load ? &u->load : &u->purchase;
	const char *outcome = message_string(p, "outcome");
	int ret;

	if (!strcmp(outcome, "UNDONE"))
		return 0;
	ret = restore(u, p, t);
	if (ret == 0 && !outcome[0]) {
		t->payment = message_integer(p, "id");
		ret = pay_settle(u, t);
		if (ret == 0)
			return 0;
	}
	if (ret < 0)
		return ret;
	pay_apply(u, t);
	if (!strcmp(outcome, "BAD")) {
		/* Spent, and worth nothing: what it was to show must be shown by another one. */
		u->spent_badly = true;
		u->load.done = u->purchase.done = false;
	}
	return 0;
}

/*
 * A unit that came back: what the ledger knows to be paid is paid, and what was on its way when it
 * was cut is found out. Counters and balance follow from that; the unit must agree.
 */
int pay_resume(struct unit *u)
{
	const json_t *p;
	size_t i;

	if (u->resumed)
		return 0;
	u->online = u->perso.online_counter;
	u->offline = u->perso.offline_counter;
	json_array_foreach(u->payments, i, p)
	{
		int ret = resume_one(u, p);

		if (ret < 0)
			return ret;
	}
	u->resumed = true;
	return u->sealed && card_test_index(u) ? look_for_test_keys(u) : 0;
}
