/* What must be refused after the payment, and what must prove it. */
#include "slot/pay.h"
#include "slot/steps.h"

#include <stdio.h>
#include <string.h>

/* Judges a DEBIT that must be refused: only the refusals that the profile accepts will do. */
static int must_refuse(struct unit *u, const struct purse_terms *terms, const uint8_t mac1[4],
	const struct profile_sws *accepted, const char *code, const char *what)
{
	struct apdu debit = purse_debit(terms, mac1);
	struct link_answer a;
	int ret = unit_apdu(u, &debit, 0, &a);

	if (ret < 0)
		return ret;
	if (a.sw == 0x9000)
		return unit_finding(u, code, "%s", what);
	for (size_t i = 0; i < accepted->n; i++)
		if (a.sw == ((unsigned)accepted->sw[i].bytes[0] << 8 | accepted->sw[i].bytes[1]))
			return 0;
	return unit_finding(u, "PAY-REFUSED",
		"%s: refused with SW %04X (%s), which the profile does not list", what, a.sw,
		apdu_sw_text(a.sw));
}

/* A transaction of nothing, initialized, with its right MAC1. */
static int start_nothing(struct unit *u, struct transaction *t)
{
	int ret;

	t->terms = pay_terms(u, PURSE_TYPE_PURCHASE, 0);
	ret = pay_initialize(u, &t->terms, &t->start, NULL);
	if (ret < 0 || (ret = pay_session(u, t)) < 0)
		return ret;
	return pay_mac(u, t, PURSE_PURCHASE_MAC1, t->mac1);
}

int step_refuse_wrong_mac1(struct unit *u)
{
	struct transaction t = {0};
	char what[48];
	int ret = 0;

	/* Each byte alone: a chip that compares only some of them must not pass. */
	for (size_t i = 0; i < 4 && ret == 0; i++) {
		ret = start_nothing(u, &t);
		if (ret < 0)
			break;
		t.mac1[i] ^= 0x5A;
		snprintf(what, sizeof(what), "MAC1 with byte %zu wrong", i + 1);
		ret = must_refuse(u, &t.terms, t.mac1, &u->profile->refusals.wrong_mac1,
			"PAY-ACCEPTS-BAD-MAC1", what);
	}
	u->keys->driver->drop(u->keys, t.session);
	return ret < 0 ? ret : pay_check_balance(u);
}

int step_refuse_replay(struct unit *u)
{
	struct transaction t = {0};
	int ret = start_nothing(u, &t);

	if (ret == 0)
		ret = must_refuse(u, &u->purchase.terms, u->purchase.mac1,
			&u->profile->refusals.replay, "PAY-ACCEPTS-REPLAY", "the DEBIT of before");
	/* That DEBIT ended the INITIALIZE: this one, though rightly signed, comes without. */
	if (ret == 0)
		ret = must_refuse(u, &t.terms, t.mac1, &u->profile->refusals.without_initialize,
			"PAY-ACCEPTS-NO-INIT", "a DEBIT without INITIALIZE");
	u->keys->driver->drop(u->keys, t.session);
	return ret < 0 ? ret : pay_check_balance(u);
}

int step_counters(struct unit *u)
{
	int ret = pay_check_purse(u);

	if (ret < 0)
		return ret;
	if (u->balance_cents != 0)
		return unit_finding(
			u, "PAY-BALANCE", "%u cents are left, must be 0", u->balance_cents);
	unit_note(u, "online counter %u, offline counter %u", u->online, u->offline);
	return 0;
}

int step_prove(struct unit *u)
{
	const struct transaction *t = &u->purchase;
	int order = u->profile->purse.prove_order;
	struct apdu apdu = pay_prove(u, t);
	struct link_answer a;
	const uint8_t *mac = order == PROFILE_TAC_MAC ? a.data + 4 : a.data;
	const uint8_t *tac = order == PROFILE_MAC_TAC ? a.data + 4 : a.data;
	int ret = unit_command(u, "GET TRANSACTION PROVE", &apdu, 0, "PAY-PROVE", &a);

	if (ret < 0)
		return ret;
	if (a.n != (order == PROFILE_TAC_ONLY ? 4U : 8U))
		return unit_finding(
			u, "APDU-LENGTH", "GET TRANSACTION PROVE answers %zu bytes", a.n);
	if (order != PROFILE_TAC_ONLY && memcmp(mac, t->mac2, 4) != 0)
		return unit_finding(u, "PAY-PROVE", "its MAC is not the purchase's MAC2");
	if (memcmp(tac, t->tac, 4) != 0)
		return unit_finding(u, "PAY-PROVE", "its TAC is not the purchase's");
	return 0;
}

static int check_log(struct unit *u, uint8_t record, const struct transaction *t)
{
	struct apdu read = purse_read_log(record);
	uint16_t counter =
		(uint16_t)(t->start.counter + (u->profile->purse.log_count == PROFILE_AFTER));
	struct purse_log log;
	struct link_answer a;
	struct err err;
	const char *wrong = NULL;
	int ret = unit_command(u, "READ RECORD", &read, 0, "PAY-LOG", &a);

	if (ret < 0)
		return ret;
	if (purse_parse_log(a.data, a.n, &log, &err) < 0)
		return unit_finding(u, "APDU-LENGTH", "%s", err.text);
	if (log.counter != counter)
		wrong = "counter";
	else if (log.amount_cents != t->terms.amount_cents)
		wrong = "amount";
	else if (log.type != t->terms.type)
		wrong = "type";
	else if (log.overdraft_cents != t->start.overdraft_cents)
		wrong = "overdraft";
	else if (memcmp(log.terminal, t->terms.terminal, sizeof(log.terminal)) != 0)
		wrong = "terminal";
	else if (memcmp(log.date, t->terms.date, sizeof(log.date)) != 0)
		wrong = "date";
	else if (memcmp(log.time, t->terms.time, sizeof(log.time)) != 0)
		wrong = "time";
	return wrong ? unit_finding(u, "PAY-LOG", "record %u has a wrong %s", record, wrong) : 0;
}

int step_log(struct unit *u)
{
	int ret = check_log(u, 1, &u->purchase);

	return ret == 0 && u->load.done ? check_log(u, 2, &u->load) : ret;
}
