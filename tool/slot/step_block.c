/*
 * Terminating a reject: the unit is blocked for ever, looked at, and looked at again after power
 * off. Then its card is SPOILED, with that as the proof.
 */
#include "messages/messages.h"
#include "slot/identity.h"
#include "slot/pay.h"
#include "slot/power.h"
#include "slot/session.h"
#include "slot/steps.h"

#include <string.h>

static int must_be_rejected(struct unit *u)
{
	json_t *answer = NULL;
	struct err err;
	int ret = unit_card(u, "HOLDING", NULL, &answer, &err);
	char state[16];

	strncpy(state, message_string(answer, "state"), sizeof(state) - 1);
	state[sizeof(state) - 1] = '\0';
	json_decref(answer);
	if (ret < 0)
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	if (strcmp(state, "REJECTED") != 0)
		return unit_finding(u, "CARD-STATE", "it is %s, must be REJECTED", state);
	return 0;
}

static int block(struct unit *u)
{
	struct apdu apdu = apdu_make(0x80F0807FU, NULL, 0, APDU_NO_LE);
	struct session s = {0};
	struct link_answer a;
	int ret = session_open(u, &s, "BLOCK-FAILED", "BLOCK-FAILED");

	if (ret == 0)
		ret = session_command(u, &s, "BLOCK", &apdu, "BLOCK-FAILED", &a);
	session_close(u, &s);
	return ret;
}

/* headset.md, personalization 6: SELECT answers 9000, everything else in the purse 9303. */
static int look(struct unit *u)
{
	const struct apdu refused[] = {
		purse_get_balance(), purse_read_ef15((size_t)u->profile->ef15.length)};
	struct apdu select = purse_select(u->profile->aid.purse.bytes, u->profile->aid.purse.n);
	struct identity id;
	struct link_answer a;
	/* SELECT first: it ends the secure channel, in which GET DATA would have to be wrapped. */
	int ret = unit_command(u, "SELECT", &select, UNIT_UNTIMED, "BLOCK-FAILED", &a);

	if (ret < 0 || (ret = identity_read(u, &id)) < 0)
		return ret;
	if (id.life != LIFE_BLOCKED)
		return unit_finding(u, "BLOCK-FAILED", "its life cycle is still %02X", id.life);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]) && ret == 0; i++) {
		ret = unit_apdu(u, &refused[i], 0, &a);
		if (ret == 0 && a.sw != 0x9303)
			ret = unit_finding(u, "BLOCK-FAILED", "INS %02X answers SW %04X",
				refused[i].ins, a.sw);
	}
	return ret;
}

int step_block(struct unit *u)
{
	struct err err;
	int ret = must_be_rejected(u);

	if (ret == 0 && u->life != LIFE_BLOCKED)
		ret = block(u);
	if (ret < 0 || (ret = look(u)) < 0 || (ret = power_cycle(u)) < 0 || (ret = look(u)) < 0)
		return ret;
	if (unit_card(u, "SPOILED",
		    json_pack("{ss, ss}", "reason",
			    "blocked: life cycle 7F, the purse answers 9303", "life_cycle", "7F"),
		    NULL, &err) < 0)
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	/* Never a PASS: a unit with a green lamp ends in the good bin. */
	return unit_finding(u, "CARD-TERMINATED", "%s", "");
}
