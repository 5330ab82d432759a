/* The purchase as a customer makes it: the station's NFC reader, a phone, the headset. */
#include "link/nfc.h"
#include "plan/prompts.h"
#include "slot/ask.h"
#include "slot/nfc.h"
#include "slot/pay.h"
#include "slot/steps.h"
#include "slot/transact.h"

#include <stdio.h>
#include <string.h>

static bool golden(const struct unit *u)
{
	return u->w->nfc.phone[0] != '\0';
}

/* By the operator, unless it lies there. */
static int bring_phone(struct unit *u)
{
	char answer[UNIT_TEXT];
	int ret;

	if (!golden(u) || u->w->nfc.stays)
		return 0;
	ret = ask_operator(u, "phone", answer);
	if (ret < 0 || !strcmp(answer, prompt_find("phone")->answers[0]))
		return ret;
	return unit_finding(u, "NFC-PHONE", "%s: %s", u->w->nfc.phone, answer);
}

/* What the chip said wrongly over NFC, and rightly over its own link: it differs. What a golden
 * phone refuses may be the phone's own word. */
static int blame(struct unit *u, bool was_right)
{
	static const char *const answers[] = {"APDU-CHAIN", "APDU-LENGTH", "PAY-ALGORITHM",
		"PAY-BALANCE", "PAY-COUNTER", "PAY-KEY-VERSION", "PAY-MAC1-REFUSED", "PAY-MAC2",
		"PAY-REFUSED", "PAY-TAC", "PERSO-LOST"};
	struct finding found = u->finding;
	const char *code = NULL;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]) && was_right; i++)
		if (!strcmp(found.code, answers[i]))
			code = "LINK-DIFFERS";
	if (golden(u) && !strcmp(found.code, "PERSO-LOST"))
		code = "NFC-PHONE"; /* it is connected to another headset */
	if (golden(u) && !strcmp(found.code, "PAY-REFUSED"))
		code = "NFC-PHONE";
	if (!code)
		return E_REFUSED;
	u->finding = (struct finding){0};
	return unit_finding(
		u, code, "over nfc, not over %s: %.150s", u->carrier->driver->name, found.cause);
}

/* The headset's share is held against its own limit first, so that the slow part is named. */
static int judge_headset(struct unit *u, const struct nfc_shares *shares)
{
	if (!u->paid[PAID_NFC].answered || !shares->exchanges)
		return 0;
	return unit_measure(u, "nfc_headset_time", "nfc_headset_time",
		(double)shares->headset_us / 1e6, "PAY-TIME");
}

static int judge_phone(struct unit *u, const struct nfc_shares *shares)
{
	const struct paid *p = &u->paid[PAID_NFC];
	double total = (double)transact_us(p) / 1e6;

	if (!p->answered)
		return 0;
	if (shares->exchanges)
		unit_note(u, "headset %.0f ms, stand-in %.1f ms, readers and field %.1f ms",
			(double)shares->headset_us / 1e3, (double)shares->relay_us / 1e3,
			(double)(transact_us(p) - shares->headset_us - shares->relay_us) / 1e3);
	else
		unit_note(u, "by the golden phone %s", u->w->nfc.phone);
	return unit_measure(u, "nfc_time", "nfc_time", total, "NFC-PHONE");
}

/* With the reader in hand. */
static int pay(struct unit *u)
{
	bool was_right = u->purchase.done;
	struct transaction t = {0};
	struct nfc_shares shares;
	int ret = bring_phone(u);

	if (ret < 0)
		return ret;
	ret = transact_purchase(u, PAID_NFC, &t);
	shares = nfc_take_shares(u->reader);
	if (ret < 0)
		ret = blame(u, was_right);
	else if ((ret = judge_headset(u, &shares)) < 0)
		ret = transact_spoilt(u, &t, ret);
	else if ((ret = transact_proven(u, &t)) == 0)
		ret = judge_phone(u, &shares);
	if (ret < 0) {
		u->keys->driver->drop(u->keys, t.session);
		return ret;
	}
	/* The newest one is what the unit proves and logs. */
	u->keys->driver->drop(u->keys, u->purchase.session);
	u->purchase = t;
	return 0;
}

int nfc_purchase(struct unit *u)
{
	struct err err;
	int ret = transact_fund(u);

	if (ret < 0)
		return ret;
	if (unit_token(u, "reader", true, &err) < 0)
		return unit_finding(u, "TOOL-STATION", "%s", err.text);
	ret = pay(u);
	u->nfc->driver->close(u->nfc, &err);
	if (unit_token(u, "reader", false, &err) < 0 && ret == 0)
		ret = unit_finding(u, "TOOL-STATION", "%s", err.text);
	if (ret == 0)
		ret = unit_open(u);
	return ret < 0 ? ret : pay_check_purse(u);
}

int step_pay_nfc(struct unit *u)
{
	int ret = transact_resume(u);

	return ret < 0 || transact_is_over(u) ? ret : nfc_purchase(u);
}
