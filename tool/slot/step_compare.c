/* The same purchase over every carrier that the unit has: it must be the same. */
#include "slot/nfc.h"
#include "slot/pay.h"
#include "slot/steps.h"
#include "slot/transact.h"

#include <stdio.h>
#include <string.h>

static const char *carrier(const struct unit *u, enum paid_over over)
{
	return over == PAID_NFC ? "nfc" : u->carrier->driver->name;
}

static int differs(struct unit *u, const char *what, unsigned over_link, unsigned over_nfc)
{
	return unit_finding(u, "LINK-DIFFERS", "%s is %u over %s, %u over nfc", what, over_link,
		carrier(u, PAID_LINK), over_nfc);
}

static int compare(struct unit *u)
{
	const struct paid *l = &u->paid[PAID_LINK], *n = &u->paid[PAID_NFC];
	const struct paid *first = l->at_us < n->at_us ? l : n, *second = first == l ? n : l;

	if (l->fci_n != n->fci_n || memcmp(l->fci, n->fci, l->fci_n) != 0)
		return unit_finding(u, "LINK-DIFFERS",
			"SELECT answers another FCI over nfc than over %s", carrier(u, PAID_LINK));
	if (l->start.key_version != n->start.key_version)
		return differs(u, "the key version", l->start.key_version, n->start.key_version);
	if (l->start.algorithm != n->start.algorithm)
		return differs(u, "the algorithm", l->start.algorithm, n->start.algorithm);
	if (l->start.overdraft_cents != n->start.overdraft_cents)
		return differs(
			u, "the overdraft", l->start.overdraft_cents, n->start.overdraft_cents);
	if ((uint16_t)(first->start.counter + 1) != second->start.counter)
		return differs(u, "the offline counter", l->start.counter, n->start.counter);
	if (!memcmp(l->start.random, n->start.random, sizeof(l->start.random)))
		return unit_finding(u, "LINK-DIFFERS", "the random number is the same over both");
	return 0;
}

/* The table of times: a measurement an exchange and carrier. */
static int tell_times(struct unit *u, enum paid_over over)
{
	static const char *const exchanges[PAID_EXCHANGES] = {[PAID_SELECT] = "select",
		[PAID_READ] = "read",
		[PAID_INITIALIZE] = "initialize",
		[PAID_DEBIT] = "debit"};
	const char *limit = over == PAID_NFC ? "nfc_time" : "purchase_time";
	const char *code = over == PAID_NFC ? "NFC-PHONE" : "PAY-TIME";
	const struct paid *p = &u->paid[over];
	char name[UNIT_TEXT];
	int ret = 0;

	if (!p->answered) {
		unit_note(u, "no times over %s: an answer was lost", carrier(u, over));
		return 0;
	}
	for (size_t i = 0; i < PAID_EXCHANGES && ret == 0; i++) {
		snprintf(name, sizeof(name), "%s_%s", carrier(u, over), exchanges[i]);
		ret = unit_measure(u, name, limit, (double)p->us[i] / 1e6, code);
	}
	snprintf(name, sizeof(name), "%s_purchase", carrier(u, over));
	return ret < 0 ? ret : unit_measure(u, name, limit, (double)transact_us(p) / 1e6, code);
}

/* A purchase over the unit's own link, if this attempt has not made one. */
static int over_link(struct unit *u)
{
	int ret = u->paid[PAID_LINK].made ? 0 : transact_fund(u);

	if (ret < 0 || u->paid[PAID_LINK].made)
		return ret;
	ret = transact_purchase(u, PAID_LINK, &u->purchase);
	if (ret < 0 || (ret = pay_check_balance(u)) < 0)
		return ret;
	return transact_proven(u, &u->purchase);
}

int step_pay_compare(struct unit *u)
{
	int ret = transact_resume(u);

	if (ret < 0 || transact_is_over(u))
		return ret;
	ret = over_link(u);
	if (ret == 0 && !u->paid[PAID_NFC].made)
		ret = nfc_purchase(u);
	if (ret < 0 || (ret = pay_check_purse(u)) < 0 || (ret = compare(u)) < 0)
		return ret;
	ret = tell_times(u, PAID_LINK);
	return ret < 0 ? ret : tell_times(u, PAID_NFC);
}
