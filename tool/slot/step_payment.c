/* The factory payment: random numbers, load, and a full MAC1/MAC2 purchase. */
#include "core/hex.h"
#include "payment/randomness.h"
#include "slot/pay.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <stdlib.h>
#include <string.h>

int step_random(struct unit *u)
{
	size_t n = (size_t)u->plan->payment.random_reads;
	uint32_t *values = calloc(n, sizeof(*values));
	struct link_answer a;
	const char *why;
	int ret = values ? pay_select(u, "PAY-REFUSED", &a)
			 : unit_finding(u, "TOOL-WORKER", "out of memory");

	for (size_t i = 0; i < n && ret == 0; i++) {
		/* An amount of nothing: no money is at stake, only the random is wanted. */
		struct purse_terms terms = pay_terms(u, PURSE_TYPE_PURCHASE, 0);
		struct purse_start start = {0};

		ret = pay_initialize(u, &terms, &start, NULL);
		for (size_t k = 0; k < 4; k++)
			values[i] = values[i] << 8 | start.random[k];
	}
	if (ret == 0 && (why = randomness_judge(values, n)))
		ret = unit_finding(u, "PAY-RANDOM", "%zu reads: %s", n, why);
	free(values);
	return ret;
}

static int check_credit(struct unit *u, struct transaction *t, const struct apdu *credit,
	const struct link_answer *a)
{
	int ret;

	if (a->n != 4)
		return unit_finding(
			u, "APDU-LENGTH", "CREDIT FOR LOAD answers %zu bytes, must be 4", a->n);
	memcpy(t->tac, a->data, 4);
	pay_apply(u, t);
	ret = pay_verify(u, t, PURSE_LOAD_TAC, t->tac, "PAY-TAC");
	return ret < 0 ? ret : unit_judge_time(u, credit, a);
}

static int credit(struct unit *u, struct transaction *t)
{
	struct link_answer a;
	struct apdu apdu;
	int ret;

	if ((ret = pay_session(u, t)) < 0 ||
		(ret = pay_verify(u, t, PURSE_LOAD_MAC1, t->start.mac1, "PAY-LOAD-MAC")) < 0 ||
		(ret = pay_mac(u, t, PURSE_LOAD_MAC2, t->mac2)) < 0)
		return ret;
	ret = pay_announce(u, t);
	if (ret < 0)
		return ret;
	apdu = purse_credit(&t->terms, t->mac2);
	ret = unit_apdu(u, &apdu, UNIT_UNTIMED, &a);
	if (ret < 0) /* in doubt: the ledger keeps it open, the unit tells when it comes back */
		return ret;
	if (a.sw != 0x9000) {
		ret = unit_finding(u, "PAY-REFUSED", "CREDIT FOR LOAD answers SW %04X (%s)", a.sw,
			apdu_sw_text(a.sw));
		pay_conclude(u, t, PAY_UNDONE);
		return ret;
	}
	ret = check_credit(u, t, &apdu, &a);
	if (ret == 0)
		return pay_conclude(u, t, PAY_DONE);
	pay_conclude(u, t, PAY_BAD);
	return ret;
}

int step_load(struct unit *u)
{
	struct transaction *t = &u->load;
	struct link_answer a;
	int ret = pay_select(u, "PAY-REFUSED", &a);

	if (ret < 0)
		return ret;
	if (u->load.done) {
		unit_note(u, "the unit came back with its load");
		return pay_check_balance(u);
	}
	if (u->profile->purse.load_pin.n) {
		struct apdu verify = purse_verify_pin(
			u->profile->purse.load_pin.bytes, u->profile->purse.load_pin.n);

		ret = unit_command(u, "VERIFY PIN", &verify, 0, "PAY-REFUSED", &a);
		if (ret < 0)
			return ret;
	}
	t->terms = pay_terms(u, PURSE_TYPE_LOAD, pay_amount(u));
	ret = pay_initialize(u, &t->terms, &t->start, NULL);
	if (ret < 0 || (ret = credit(u, t)) < 0)
		return ret;
	return pay_check_balance(u);
}

/* ---- purchase ---- */

/* A purchase with the four exchanges of the terminal, up to the DEBIT that is about to be sent. */
static int prepare_purchase(struct unit *u, struct transaction *t, int64_t *us)
{
	struct link_answer a;
	int64_t more;
	int ret = pay_select(u, "PAY-REFUSED", &a);

	if (ret < 0)
		return ret;
	*us = a.us;
	ret = pay_read_ef15(u, "PERSO-LOST", &more);
	if (ret < 0)
		return ret;
	*us += more;
	t->terms = pay_terms(u, PURSE_TYPE_PURCHASE, pay_amount(u));
	ret = pay_initialize(u, &t->terms, &t->start, &more);
	if (ret < 0 || (ret = pay_session(u, t)) < 0)
		return ret;
	*us += more;
	ret = pay_mac(u, t, PURSE_PURCHASE_MAC1, t->mac1);
	return ret < 0 ? ret : pay_mac(u, t, PURSE_PURCHASE_MAC2, t->mac2);
}

/* Sends DEBIT once. 1: answered in *a, 0: the answer was lost, negative: a finding. */
static int send_debit(struct unit *u, const struct apdu *debit, struct link_answer *a)
{
	uint8_t bytes[APDU_COMMAND];
	size_t n = apdu_encode(debit, bytes);
	struct err err;
	int ret = link_transmit(u->link, bytes, n, 0, u->profile->timeouts.apdu_ms, a, &err);

	if (ret == 0)
		return 1;
	return err.status == E_REFUSED && (err.code == LINK_TIMEOUT || err.code == LINK_LOST ||
						  err.code == LINK_RESET)
		       ? 0
		       : unit_link_finding(u, &err);
}

static int check_debit(struct unit *u, struct transaction *t, const struct link_answer *a)
{
	int ret;

	if (a->sw != 0x9000) {
		ret = a->sw == 0x9302 ? unit_finding(u, "PAY-MAC1-REFUSED", "SW 9302")
				      : unit_finding(u, "PAY-REFUSED",
						"DEBIT FOR PURCHASE answers SW %04X (%s)", a->sw,
						apdu_sw_text(a->sw));
		pay_conclude(u, t, PAY_UNDONE);
		return ret;
	}
	if (a->n != 8)
		return unit_finding(
			u, "APDU-LENGTH", "DEBIT FOR PURCHASE answers %zu bytes, must be 8", a->n);
	memcpy(t->tac, a->data, 4);
	pay_apply(u, t);
	ret = pay_verify(u, t, PURSE_PURCHASE_MAC2, a->data + 4, "PAY-MAC2");
	return ret < 0 ? ret : pay_verify(u, t, PURSE_PURCHASE_TAC, t->tac, "PAY-TAC");
}

/* The purchase happened and is not as it must be: a retest may not build on it. */
static int spoilt(struct unit *u, struct transaction *t, int ret)
{
	pay_conclude(u, t, PAY_BAD);
	return ret;
}

/* The answer to DEBIT is lost. 1: the purchase happened, 0: it did not, negative: a finding. */
static int recover_debit(struct unit *u, struct transaction *t)
{
	struct link_answer a;
	int ret = power_cycle(u);

	if (ret < 0 || (ret = pay_select(u, "PAY-REFUSED", &a)) < 0)
		return ret;
	return pay_recover(u, t);
}

static int purchase(struct unit *u, struct transaction *t, bool again)
{
	struct link_answer a;
	struct apdu debit;
	int64_t us = 0;
	int ret = prepare_purchase(u, t, &us);

	if (ret < 0 || (ret = pay_announce(u, t)) < 0)
		return ret;
	debit = purse_debit(&t->terms, t->mac1);
	ret = send_debit(u, &debit, &a);
	if (ret < 0)
		return ret;
	if (ret == 1) {
		ret = check_debit(u, t, &a);
		if (ret == 0)
			ret = unit_measure(u, "purchase_time", "purchase_time",
				(double)(us + a.us) / 1e6, "PAY-TIME");
		if (ret == 0)
			ret = unit_judge_time(u, &debit, &a);
		return ret < 0 ? spoilt(u, t, ret) : 0;
	}
	ret = recover_debit(u, t);
	if (ret == 1) {
		pay_apply(u, t);
		ret = pay_verify(u, t, PURSE_PURCHASE_TAC, t->tac, "PAY-TAC");
		return ret < 0 ? spoilt(u, t, ret) : 0;
	}
	if (ret < 0)
		return ret;
	/* Proven not to have happened: it may be made once more. */
	ret = pay_conclude(u, t, PAY_UNDONE);
	if (ret == 0 && again)
		ret = unit_finding(u, "APDU-TIME", "DEBIT FOR PURCHASE is not answered");
	return ret < 0 ? ret : purchase(u, t, true);
}

/* The card is PROVEN, and its payment ended, in one. */
static int tell_proven(struct unit *u, struct transaction *t)
{
	json_t *proof = json_pack("{sI, sI, sI}", "online_counter", (json_int_t)u->online,
		"offline_counter", (json_int_t)u->offline, "cents",
		(json_int_t)t->terms.amount_cents);
	char tac[9];
	struct err err;

	hex_encode(t->tac, 4, tac);
	json_object_set_new(proof, "tac", json_string(tac));
	if (t->payment)
		json_object_set_new(proof, "payment", json_integer(t->payment));
	if (unit_card(u, "PROVEN", proof, NULL, &err) < 0)
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	t->payment = 0;
	return 0;
}

int step_purchase(struct unit *u)
{
	struct transaction *t = &u->purchase;
	int ret = 0;

	if (t->done) /* paid is paid: the job's money is spent once, the proof is asked for below */
		unit_note(u, "the unit came back with its purchase made");
	else
		ret = purchase(u, t, false);
	if (ret < 0 || (ret = pay_check_balance(u)) < 0 ||
		(ret = power_current(u, "current_payment", "PWR-CURRENT")) < 0)
		return ret;
	return tell_proven(u, t);
}
