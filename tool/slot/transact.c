#include "slot/transact.h"
#include "core/clock.h"
#include "core/hex.h"
#include "link/nfc.h"
#include "slot/pay.h"
#include "slot/power.h"

#include <string.h>

/* ---- load ---- */

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

int transact_load(struct unit *u)
{
	struct transaction *t = &u->load;
	struct link_answer a;
	int ret = 0;

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

int transact_resume(struct unit *u)
{
	struct link_answer a;
	int ret = pay_select(u, "PAY-REFUSED", &a);

	return ret < 0 ? ret : pay_resume(u);
}

bool transact_is_over(struct unit *u)
{
	if (u->test_keys_gone)
		unit_note(u, "the unit came back with its purchases made");
	return u->test_keys_gone;
}

int transact_fund(struct unit *u)
{
	int ret = transact_resume(u);

	if (ret < 0)
		return ret;
	return u->balance_cents < pay_amount(u) ? transact_load(u) : 0;
}

/* ---- purchase ---- */

int64_t transact_us(const struct paid *paid)
{
	int64_t us = 0;

	for (size_t i = 0; i < PAID_EXCHANGES; i++)
		us += paid->us[i];
	return us;
}

/* A purchase with the four exchanges of the terminal, up to the DEBIT that is about to be sent. */
static int prepare(struct unit *u, struct transaction *t, struct paid *p)
{
	/* A golden phone without its app answers for itself. */
	bool app = u->over != u->link && u->w->nfc.phone[0];
	struct link_answer a;
	int ret = pay_select(u, app ? "NFC-AID" : "PAY-REFUSED", &a);

	if (ret < 0)
		return ret;
	p->us[PAID_SELECT] = a.us;
	p->fci_n = a.n < sizeof(p->fci) ? a.n : sizeof(p->fci);
	memcpy(p->fci, a.data, p->fci_n);
	ret = pay_read_ef15(u, "PERSO-LOST", &p->us[PAID_READ]);
	if (ret < 0)
		return ret;
	t->terms = pay_terms(u, PURSE_TYPE_PURCHASE, pay_amount(u));
	ret = pay_initialize(u, &t->terms, &t->start, &p->us[PAID_INITIALIZE]);
	if (ret < 0 || (ret = pay_session(u, t)) < 0 ||
		(ret = pay_mac(u, t, PURSE_PURCHASE_MAC1, t->mac1)) < 0)
		return ret;
	return pay_mac(u, t, PURSE_PURCHASE_MAC2, t->mac2);
}

/* Sends DEBIT once. 1: answered in *a, 0: the answer was lost (*fault), negative: a finding. */
static int send_debit(
	struct unit *u, const struct apdu *debit, struct link_answer *a, enum link_fault *fault)
{
	static const enum link_fault lost[] = {LINK_TIMEOUT, LINK_LOST, LINK_RESET, LINK_FIELD};
	uint8_t bytes[APDU_COMMAND];
	size_t n = apdu_encode(debit, bytes);
	struct err err;
	int ret = link_transmit(u->over, bytes, n, 0, u->profile->timeouts.apdu_ms, a, &err);

	if (ret == 0)
		return 1;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		if (err.status == E_REFUSED && err.code == (int)lost[i]) {
			*fault = lost[i];
			return 0;
		}
	}
	return unit_link_finding(u, &err);
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

int transact_spoilt(struct unit *u, struct transaction *t, int ret)
{
	pay_conclude(u, t, PAY_BAD);
	return ret;
}

/* The answer to DEBIT is lost. 1: the purchase happened, 0: it did not, negative: a finding. A
 * field that was lost is no trouble of the headset's: it is asked as it is. */
static int recover(struct unit *u, struct transaction *t, enum link_fault fault)
{
	struct link_answer a;
	int ret = fault == LINK_FIELD ? 0 : power_cycle(u);

	if (ret < 0 || (ret = pay_select(u, "PAY-REFUSED", &a)) < 0)
		return ret;
	return pay_recover(u, t);
}

/* Reader or phone failed in mid-purchase: what became of it is asked of the headset itself, so that
 * nothing stays open. The finding stays. */
static void settle(struct unit *u, struct transaction *t)
{
	struct finding found = u->finding;
	struct link_answer a;

	u->finding = (struct finding){0};
	if (pay_select(u, "PAY-REFUSED", &a) == 0 && pay_settle(u, t) == 1)
		pay_apply(u, t);
	u->finding = found;
}

/* A golden phone has the headset to itself while it pays; a stand-in uses the unit's own link. */
static int leave_to_phone(struct unit *u)
{
	const struct link_driver *d = u->carrier->driver;
	struct err err;

	nfc_take_shares(u->reader); /* those of this purchase are counted */
	if (u->w->nfc.phone[0] && (d->leave ? d->leave : d->close)(u->carrier, &err) < 0)
		return unit_link_finding(u, &err);
	return 0;
}

/* Up to the answer: 1: in *a, 0: lost (*fault), negative: a finding. */
static int make(struct unit *u, enum paid_over over, struct transaction *t, struct link_answer *a,
	enum link_fault *fault)
{
	struct paid *p = &u->paid[over];
	struct apdu debit;
	int ret;

	*p = (struct paid){.at_us = clock_us()};
	ret = over == PAID_NFC ? leave_to_phone(u) : 0;
	if (ret < 0)
		return ret;
	u->over = over == PAID_NFC ? u->nfc : u->link;
	ret = prepare(u, t, p);
	if (ret == 0)
		ret = pay_announce(u, t);
	if (ret == 0) {
		debit = purse_debit(&t->terms, t->mac1);
		ret = send_debit(u, &debit, a, fault);
	}
	u->over = u->link;
	p->start = t->start;
	if (ret == 1)
		p->us[PAID_DEBIT] = a->us;
	if (ret < 0 && over == PAID_NFC && t->payment)
		settle(u, t);
	return ret;
}

static int attempt(struct unit *u, enum paid_over over, struct transaction *t, bool again)
{
	struct link_answer a;
	enum link_fault fault = LINK_TIMEOUT;
	int ret = make(u, over, t, &a, &fault);

	if (ret < 0 && u->finding.fault == LINK_FIELD && !t->payment && !again) {
		u->finding = (struct finding){0}; /* nothing was sent that could count */
		unit_note(u, "the field was lost before DEBIT");
		return attempt(u, over, t, true);
	}
	if (ret == 1) {
		ret = check_debit(u, t, &a);
		u->paid[over].made = u->paid[over].answered = ret == 0;
		return ret < 0 ? transact_spoilt(u, t, ret) : 0;
	}
	if (ret < 0)
		return ret;
	ret = recover(u, t, fault);
	if (ret == 1) {
		pay_apply(u, t);
		u->paid[over].made = true;
		ret = pay_verify(u, t, PURSE_PURCHASE_TAC, t->tac, "PAY-TAC");
		return ret < 0 ? transact_spoilt(u, t, ret) : 0;
	}
	if (ret < 0)
		return ret;
	/* Proven not to have happened: it may be made once more. */
	ret = pay_conclude(u, t, PAY_UNDONE);
	if (ret == 0 && again)
		ret = fault == LINK_FIELD
			      ? unit_finding(u, "NFC-PHONE", "the field is lost again and again")
			      : unit_finding(u, "APDU-TIME", "DEBIT FOR PURCHASE is not answered");
	return ret < 0 ? ret : attempt(u, over, t, true);
}

int transact_purchase(struct unit *u, enum paid_over over, struct transaction *t)
{
	return attempt(u, over, t, false);
}

int transact_proven(struct unit *u, struct transaction *t)
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
