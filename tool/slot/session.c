#include "slot/session.h"
#include "core/secret.h"

#include <string.h>

void session_diversification(const char *serial, uint8_t out[10])
{
	size_t n = strlen(serial), take = n > 8 ? 8 : n;

	memset(out, 0, 10);
	memcpy(out + 10 - take, serial + n - take, take);
}

void session_close(struct unit *u, struct session *s)
{
	scp03_finish(&s->scp);
	u->keys->driver->drop(u->keys, s->enc);
	u->keys->driver->drop(u->keys, s->mac);
	u->keys->driver->drop(u->keys, s->dek);
}

static int derive_static(
	struct unit *u, const struct scp03_answer *a, struct session *s, const char *strange)
{
	const struct keys_driver *d = u->keys->driver;
	uint8_t expected[10];
	struct err err;

	session_diversification(u->serial, expected);
	if (memcmp(expected, a->diversification, sizeof(expected)) != 0)
		return unit_finding(u, strange, "its diversification data is not its serial's");
	if (d->scp_static(u->keys, KEY_SCP_ENC, a->diversification, &s->enc, &err) < 0 ||
		d->scp_static(u->keys, KEY_SCP_MAC, a->diversification, &s->mac, &err) < 0 ||
		d->scp_static(u->keys, KEY_SCP_DEK, a->diversification, &s->dek, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return 0;
}

int session_must_be_empty(struct unit *u, const char *name, const struct link_answer *a)
{
	return a->n ? unit_finding(
			      u, "APDU-LENGTH", "%s answers %zu bytes, must be none", name, a->n)
		    : 0;
}

int session_open(struct unit *u, struct session *s, const char *refused, const char *strange)
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
	ret = unit_command(u, "SELECT", &select, UNIT_UNTIMED, refused, &a);
	if (ret < 0 ||
		(ret = unit_command(u, "INITIALIZE UPDATE", &initialize, 0, refused, &a)) < 0)
		return ret;
	if (scp03_parse(a.data, a.n, &answer, &err) < 0)
		return unit_finding(u, "APDU-LENGTH", "%s", err.text);
	ret = derive_static(u, &answer, s, strange);
	if (ret < 0)
		return ret;
	ret = scp03_begin(&s->scp, u->keys, s->enc, s->mac, challenge, &answer, &err);
	if (ret < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	if (ret == 0) /* EXTERNAL AUTHENTICATE is not sent: tries must not be burnt */
		return unit_finding(u, strange, "its cryptogram is wrong");
	if (scp03_authenticate(&s->scp, &authenticate, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	ret = unit_command(u, "EXTERNAL AUTHENTICATE", &authenticate, UNIT_SECURE, strange, &a);
	return ret < 0 ? ret : session_must_be_empty(u, "EXTERNAL AUTHENTICATE", &a);
}

int session_apdu(
	struct unit *u, struct session *s, const struct apdu *plain, struct link_answer *answer)
{
	struct apdu wrapped;
	struct err err;

	if (scp03_wrap(&s->scp, plain, &wrapped, &err) < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return unit_apdu(u, &wrapped, UNIT_SECURE, answer);
}

int session_command(struct unit *u, struct session *s, const char *name, const struct apdu *plain,
	const char *code, struct link_answer *answer)
{
	int ret = session_apdu(u, s, plain, answer);

	if (ret == 0 && answer->sw != 0x9000)
		ret = unit_finding(u, code, "%s answers SW %04X (%s)", name, answer->sw,
			apdu_sw_text(answer->sw));
	return ret;
}
