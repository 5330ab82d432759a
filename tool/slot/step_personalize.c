/*
 * Personalization: the unit was asked first, now the ledger; then one instruction over SCP03.
 *
 * RESERVED is durable before anything, INTENT before the first command that carries the card's
 * secrets.
 */
#include "core/hex.h"
#include "messages/messages.h"
#include "slot/card.h"
#include "slot/pay.h"
#include "slot/session.h"
#include "slot/steps.h"

#include <string.h>

static int reserve(struct unit *u)
{
	json_t *answer = NULL;
	struct err err;
	int ret = unit_card(u, "RESERVED", NULL, &answer, &err);

	if (ret < 0 && answer && !strcmp(message_string(answer, "state"), "NONE"))
		unit_finding(u, "CARD-NONE", "%s", err.text);
	else if (ret < 0 && answer && !strcmp(message_string(answer, "state"), "DONE"))
		unit_finding(u, "PERSO-ALREADY", "%s", err.text);
	else if (ret < 0)
		unit_finding(u, "TOOL-STORE", "%s", err.text);
	else
		strncpy(u->card_state, message_string(answer, "state"), sizeof(u->card_state) - 1);
	if (ret == 0) {
		u->payments = json_incref(json_object_get(answer, "payments"));
		u->sealed = json_is_true(json_object_get(answer, "sealed"));
		ret = card_make(u, json_object_get(answer, "card"));
	}
	json_decref(answer);
	return ret;
}

static int move(struct unit *u, const char *to, json_t *proof)
{
	struct err err;

	if (unit_card(u, to, proof, NULL, &err) < 0)
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	return 0;
}

/* A personalized unit that is not the one the ledger means: whose card does it claim? */
static int is_another(struct unit *u, const uint8_t *number)
{
	char digits[21];
	json_t *answer = NULL;
	struct err err;
	bool other;

	hex_encode(number, 10, digits);
	if (unit_card(u, "CLAIM", json_pack("{ss}", "number", digits), &answer, &err) < 0) {
		json_decref(answer);
		return unit_finding(u, "TOOL-STORE", "%s", err.text);
	}
	other = !strcmp(message_string(answer, "state"), "OTHER");
	json_decref(answer);
	if (other)
		return unit_finding(u, "CARD-DUPLICATE", "%s", "");
	/* It was to get this card and holds another one: nobody can say yet what happened. */
	if (strcmp(u->card_state, "RESERVED") != 0 &&
		move(u, "QUARANTINE", json_pack("{ss}", "found", "another card in the unit")) < 0)
		return E_REFUSED;
	return unit_finding(u, "PERSO-ALREADY", "with another card, life cycle %02X", u->life);
}

/* Only a unit that holds the very card the ledger gave it is finished forward. */
static int finish_forward(struct unit *u)
{
	struct apdu read = purse_read_ef15(u->perso.ef15_n);
	int64_t at = u->profile->ef15.number.offset;
	struct link_answer a;
	json_t *proof;
	int ret;

	if (u->life != LIFE_PERSONALIZED)
		return unit_finding(u, "PERSO-ALREADY", "life cycle %02X", u->life);
	ret = pay_select(u, "PERSO-ALREADY", &a);
	if (ret < 0 ||
		(ret = unit_command(u, "READ BINARY EF15", &read, 0, "PERSO-ALREADY", &a)) < 0)
		return ret;
	if (a.n != u->perso.ef15_n)
		return unit_finding(
			u, "APDU-LENGTH", "EF15 has %zu bytes, must be %zu", a.n, u->perso.ef15_n);
	if (!strcmp(u->card_state, "RESERVED") ||
		memcmp(a.data + at, u->number, sizeof(u->number)) != 0)
		return is_another(u, a.data + at);
	if (memcmp(a.data, u->ef15, a.n) != 0)
		return unit_finding(u, "PERSO-LOST", "EF15 is not what was stored");
	unit_note(u, "the unit came back (%s) with its own card and is finished forward",
		u->card_state);
	if (!strcmp(u->card_state, "PROVEN"))
		return 0;
	proof = card_proof(u);
	json_object_set_new(proof, "found", json_string("EF15 read from the unit"));
	return move(u, "WRITTEN", proof);
}

static int send_instruction(struct unit *u, struct session *s, struct link_answer *a)
{
	struct apdu block = perso_install(u->profile->aid.purse.bytes, u->profile->aid.purse.n);
	uint8_t last_p1 = u->profile->perso.last_block_p1.bytes[0];
	struct err err;
	int ret;

	if (perso_build(&u->perso, u->keys, s->dek, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	ret = session_command(u, s, "INSTALL", &block, "PERSO-REFUSED", a);
	if (ret == 0 && !(a->n == 1 && a->data[0] == 0x00)) /* empty or 00 */
		ret = session_must_be_empty(u, "INSTALL", a);
	for (size_t i = 0; ret == 0 && perso_block(&u->perso, i, last_p1, &block); i++) {
		ret = session_command(u, s, "STORE DATA", &block, "PERSO-REFUSED", a);
		if (ret == 0 && block.p1 != last_p1)
			ret = session_must_be_empty(u, "STORE DATA", a);
	}
	return ret;
}

static int check_receipt(struct unit *u, struct session *s, const struct link_answer *a)
{
	char receipt[17];
	json_t *proof;
	struct err err;
	int ret;

	if (a->n != 8)
		return unit_finding(u, "APDU-LENGTH", "the receipt has %zu bytes, must be 8", a->n);
	ret = perso_receipt(&u->perso, u->keys, s->scp.mac, u->serial, u->number, a->data, &err);
	if (ret < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	if (ret == 0)
		return unit_finding(u, "PERSO-RECEIPT", "%s", "");
	hex_encode(a->data, 8, receipt);
	proof = card_proof(u);
	json_object_set_new(proof, "receipt", json_string(receipt));
	return move(u, "WRITTEN", proof);
}

int step_personalize(struct unit *u)
{
	struct session s = {0};
	struct link_answer a;
	int ret = reserve(u);

	if (ret < 0)
		return ret;
	if (u->life != LIFE_BLANK)
		return finish_forward(u);
	if (!strcmp(u->card_state, "WRITTEN") || !strcmp(u->card_state, "PROVEN"))
		return unit_finding(
			u, "PERSO-LOST", "the ledger says %s, the unit is blank", u->card_state);
	ret = session_open(u, &s, "PERSO-REFUSED", "PERSO-AUTH");
	if (ret == 0)
		ret = move(u, "INTENT", NULL);
	if (ret == 0)
		ret = send_instruction(u, &s, &a);
	if (ret == 0)
		ret = check_receipt(u, &s, &a);
	session_close(u, &s);
	return ret;
}
