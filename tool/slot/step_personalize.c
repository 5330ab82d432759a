/*
 * Personalization: the unit was asked first, now the ledger; then one instruction over SCP03.
 *
 * RESERVED is durable before anything, INTENT before the first command that carries the card's
 * secrets.
 */
#include "core/hex.h"
#include "core/secret.h"
#include "messages/messages.h"
#include "slot/card.h"
#include "slot/pay.h"
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
	if (ret == 0)
		ret = card_make(u, json_object_get(answer, "card"));
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

/* Only a unit that holds the very card the ledger gave it is finished forward. */
static int finish_forward(struct unit *u)
{
	struct link_answer a;
	int ret;

	if (u->life != LIFE_PERSONALIZED || !strcmp(u->card_state, "RESERVED"))
		return unit_finding(u, "PERSO-ALREADY", "life cycle %02X", u->life);
	ret = pay_select(u, "PERSO-ALREADY", &a);
	if (ret < 0 || (ret = pay_read_ef15(u, "PERSO-ALREADY", NULL)) < 0)
		return ret;
	unit_note(u, "the unit came back (%s) with its own card and is finished forward",
		u->card_state);
	return strcmp(u->card_state, "PROVEN") == 0
		       ? 0
		       : move(u, "WRITTEN", json_pack("{ss}", "found", "EF15 read from the unit"));
}

struct session {
	struct scp03 scp;
	struct key *enc, *mac, *dek;
};

static void drop_session(struct unit *u, struct session *s)
{
	scp03_finish(&s->scp);
	u->keys->driver->drop(u->keys, s->enc);
	u->keys->driver->drop(u->keys, s->mac);
	u->keys->driver->drop(u->keys, s->dek);
}

static int derive_static(struct unit *u, const struct scp03_answer *a, struct session *s)
{
	uint8_t expected[10] = {0};
	size_t n = strlen(u->serial), take = n > 8 ? 8 : n;
	const struct keys_driver *d = u->keys->driver;
	struct err err;

	memcpy(expected + 10 - take, u->serial + n - take, take);
	if (memcmp(expected, a->diversification, sizeof(expected)) != 0)
		return unit_finding(
			u, "PERSO-AUTH", "its diversification data is not its serial's");
	if (d->scp_static(u->keys, KEY_SCP_ENC, a->diversification, &s->enc, &err) < 0 ||
		d->scp_static(u->keys, KEY_SCP_MAC, a->diversification, &s->mac, &err) < 0 ||
		d->scp_static(u->keys, KEY_SCP_DEK, a->diversification, &s->dek, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return 0;
}

static int must_be_empty(struct unit *u, const char *name, const struct link_answer *a)
{
	return a->n ? unit_finding(
			      u, "APDU-LENGTH", "%s answers %zu bytes, must be none", name, a->n)
		    : 0;
}

static int open_session(struct unit *u, struct session *s)
{
	struct apdu select = purse_select(
		u->profile->aid.security_domain.bytes, u->profile->aid.security_domain.n);
	struct apdu authenticate, initialize;
	struct scp03_answer answer;
	struct link_answer a;
	uint8_t challenge[8];
	struct err err;
	int ret;

	if (secret_random(challenge, sizeof(challenge)) < 0)
		return unit_finding(u, "TOOL-KEYS", "no random numbers");
	initialize = scp03_initialize_update((uint8_t)u->profile->perso.key_version, challenge);
	ret = unit_command(u, "SELECT", &select, UNIT_UNTIMED, "PERSO-REFUSED", &a);
	if (ret < 0 || (ret = unit_command(
				u, "INITIALIZE UPDATE", &initialize, 0, "PERSO-REFUSED", &a)) < 0)
		return ret;
	if (scp03_parse(a.data, a.n, &answer, &err) < 0)
		return unit_finding(u, "APDU-LENGTH", "%s", err.text);
	ret = derive_static(u, &answer, s);
	if (ret < 0)
		return ret;
	ret = scp03_begin(&s->scp, u->keys, s->enc, s->mac, challenge, &answer, &err);
	if (ret < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	if (ret == 0) /* EXTERNAL AUTHENTICATE is not sent: tries must not be burnt */
		return unit_finding(u, "PERSO-AUTH", "its cryptogram is wrong");
	if (scp03_authenticate(&s->scp, &authenticate, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	ret = unit_command(
		u, "EXTERNAL AUTHENTICATE", &authenticate, UNIT_SECURE, "PERSO-AUTH", &a);
	return ret < 0 ? ret : must_be_empty(u, "EXTERNAL AUTHENTICATE", &a);
}

static int send_wrapped(struct unit *u, struct session *s, const char *name,
	const struct apdu *plain, struct link_answer *a)
{
	struct apdu wrapped;
	struct err err;

	if (scp03_wrap(&s->scp, plain, &wrapped, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return unit_command(u, name, &wrapped, UNIT_SECURE, "PERSO-REFUSED", a);
}

static int send_instruction(struct unit *u, struct session *s, struct link_answer *a)
{
	struct apdu block = perso_install(u->profile->aid.purse.bytes, u->profile->aid.purse.n);
	uint8_t last_p1 = u->profile->perso.last_block_p1.bytes[0];
	struct err err;
	int ret;

	if (perso_build(&u->perso, u->keys, s->dek, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	ret = send_wrapped(u, s, "INSTALL", &block, a);
	if (ret == 0 && !(a->n == 1 && a->data[0] == 0x00)) /* empty or 00 */
		ret = must_be_empty(u, "INSTALL", a);
	for (size_t i = 0; ret == 0 && perso_block(&u->perso, i, last_p1, &block); i++) {
		ret = send_wrapped(u, s, "STORE DATA", &block, a);
		if (ret == 0 && block.p1 != last_p1)
			ret = must_be_empty(u, "STORE DATA", a);
	}
	return ret;
}

static int check_receipt(struct unit *u, struct session *s, const struct link_answer *a)
{
	char receipt[17], kcvs[6 * PERSO_KEYS + 1];
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
	for (size_t i = 0; i < u->perso.key_n; i++)
		hex_encode(u->perso.keys[i].kcv, 3, kcvs + 6 * i);
	return move(u, "WRITTEN", json_pack("{ss, ss}", "receipt", receipt, "kcvs", kcvs));
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
	u->counters_known = true;
	ret = open_session(u, &s);
	if (ret == 0)
		ret = move(u, "INTENT", NULL);
	if (ret == 0)
		ret = send_instruction(u, &s, &a);
	if (ret == 0)
		ret = check_receipt(u, &s, &a);
	drop_session(u, &s);
	return ret;
}
