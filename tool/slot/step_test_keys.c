/*
 * Test keys: erased before the unit is sealed, and looked for afterwards, at once and after power
 * off. Where the job pays live, no second key index may answer.
 */
#include "slot/card.h"
#include "slot/pay.h"
#include "slot/power.h"
#include "slot/session.h"
#include "slot/steps.h"

static int must_not_answer(struct unit *u, enum purse_type type, uint8_t index)
{
	struct purse_terms nothing = pay_terms(u, type, 0);
	struct apdu initialize = purse_initialize(&nothing, index);
	struct link_answer a;
	int ret = unit_apdu(u, &initialize, 0, &a);

	if (ret < 0 || a.sw == 0x9403)
		return ret;
	return unit_finding(u, "PERSO-TEST-KEY", "INITIALIZE FOR %s with index %u answers SW %04X",
		type == PURSE_TYPE_LOAD ? "LOAD" : "PURCHASE", index, a.sw);
}

static int look(struct unit *u, uint8_t index)
{
	struct link_answer a;
	int ret = pay_select(u, "PAY-REFUSED", &a);

	if (ret == 0)
		ret = must_not_answer(u, PURSE_TYPE_PURCHASE, index);
	return ret == 0 ? must_not_answer(u, PURSE_TYPE_LOAD, index) : ret;
}

/* ERASE KEY of all three; `gone` already: each must be unknown. */
static int erase(struct unit *u, uint8_t index, bool gone)
{
	static const enum key_usage usages[] = {KEY_PURCHASE, KEY_LOAD, KEY_TAC};
	struct session s = {0};
	struct link_answer a;
	int ret = session_open(u, &s, "PERSO-REFUSED", "PERSO-AUTH");

	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]) && ret == 0; i++) {
		struct apdu erase_key = apdu_make(
			0x80E40000U | (uint32_t)usages[i] << 8 | index, NULL, 0, APDU_NO_LE);

		ret = session_apdu(u, &s, &erase_key, &a);
		/* An attempt that was cut may have erased some of them. */
		if (ret < 0 || a.sw == 0x6A88 || (a.sw == 0x9000 && !gone))
			continue;
		ret = unit_finding(u, "PERSO-TEST-KEY", "ERASE KEY %02X, index %u, answers SW %04X",
			(unsigned)usages[i], index, a.sw);
	}
	session_close(u, &s);
	return ret;
}

static int erase_test_keys(struct unit *u, uint8_t index)
{
	struct err err;
	int ret;

	/* Durable before the first key goes: a unit that comes back without them is not bad. */
	if (unit_card(u, "SEAL", NULL, NULL, &err) < 0)
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	ret = erase(u, index, false);
	if (ret < 0 || (ret = look(u, index)) < 0 || (ret = power_cycle(u)) < 0 ||
		(ret = look(u, index)) < 0)
		return ret;
	return erase(u, index, true);
}

int step_test_keys(struct unit *u)
{
	uint8_t test = card_test_index(u);

	return test ? erase_test_keys(u, test)
		    : look(u, (uint8_t)(u->profile->purse.key_index + 1));
}
