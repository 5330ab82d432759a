/* After personalization: what was stored is there, and nothing is open that must be shut. */
#include "core/secret.h"
#include "link/trace.h"
#include "payment/tlv.h"
#include "slot/identity.h"
#include "slot/pay.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <string.h>

enum { POWER_CYCLES = 2 }; /* some chips forget at the second power off only */

/* The EF15 image inside the FCI (6F, A5, 9F0C), where the product gives it. */
static int check_fci(struct unit *u, const struct link_answer *a)
{
	struct tlv fci, inner, image;

	if (tlv_find(a->data, a->n, 0x6F, &fci) != 1 ||
		tlv_find(fci.value, fci.n, 0xA5, &inner) != 1)
		return unit_finding(u, "APDU-LENGTH", "SELECT answers no FCI template");
	if (tlv_find(inner.value, inner.n, 0x9F0C, &image) != 1)
		return 0;
	if (image.n != u->perso.ef15_n || memcmp(image.value, u->ef15, image.n) != 0)
		return unit_finding(u, "PERSO-LOST", "EF15 in the FCI is not what was stored");
	return 0;
}

static int read_back(struct unit *u)
{
	struct identity id;
	struct link_answer a;
	int ret = power_cycle(u);

	if (ret < 0 || (ret = pay_select(u, "PERSO-LOST", &a)) < 0 ||
		(ret = check_fci(u, &a)) < 0 || (ret = pay_read_ef15(u, "PERSO-LOST", NULL)) < 0)
		return ret;
	ret = identity_read(u, &id);
	if (ret < 0)
		return ret;
	if (id.life != LIFE_PERSONALIZED)
		return unit_finding(u, "PERSO-LOST", "life cycle %02X", id.life);
	return 0;
}

int step_read_back(struct unit *u)
{
	int ret = 0;

	for (int i = 0; i < POWER_CYCLES && ret == 0; i++)
		ret = read_back(u);
	return ret;
}

static int verify_published(struct unit *u, const uint8_t challenge[8], const struct link_answer *a)
{
	struct scp03_answer answer;
	struct scp03 scp = {0};
	struct key *published = NULL;
	struct err err;
	int ret;

	if (scp03_parse(a->data, a->n, &answer, &err) < 0)
		return unit_finding(u, "APDU-LENGTH", "%s", err.text);
	ret = u->keys->driver->published(u->keys, &published, &err);
	if (ret == 0)
		ret = scp03_begin(&scp, u->keys, published, published, challenge, &answer, &err);
	scp03_finish(&scp);
	u->keys->driver->drop(u->keys, published);
	if (ret < 0)
		return unit_finding(u, "TOOL-KEYS", "%s", err.text);
	return unit_finding(u, "PERSO-DEFAULT-KEY", "%s",
		ret ? "the published key makes its cryptogram"
		    : "it answers under the default key version");
}

int step_default_key(struct unit *u)
{
	struct apdu select = purse_select(
		u->profile->aid.security_domain.bytes, u->profile->aid.security_domain.n);
	struct apdu initialize;
	struct link_answer a;
	uint8_t challenge[8];
	int ret;

	if (secret_random(challenge, sizeof(challenge)) < 0)
		return unit_finding(u, "TOOL-KEYS", "no random numbers");
	initialize =
		scp03_initialize_update((uint8_t)u->profile->perso.default_key_version, challenge);
	ret = unit_command(u, "SELECT", &select, UNIT_UNTIMED, "PERSO-LOST", &a);
	if (ret < 0 || (ret = unit_apdu(u, &initialize, 0, &a)) < 0)
		return ret;
	if (a.sw == 0x6A88)
		return 0;
	if (a.sw == 0x9000)
		return verify_published(u, challenge, &a);
	return unit_finding(
		u, "PERSO-DEFAULT-KEY", "INITIALIZE UPDATE answers SW %04X, must be 6A88", a.sw);
}

static bool gives_key(struct unit *u, const struct link_answer *a)
{
	for (size_t at = 0; at + 16 <= a->n; at++)
		for (size_t i = 0; i < u->perso.key_n; i++)
			if (u->keys->driver->is(u->keys, u->perso.keys[i].key, a->data + at))
				return true;
	return false;
}

static int try_sealed(struct unit *u)
{
	struct link_answer a = {0};
	struct apdu apdu;
	struct err err;
	int ret = 0;

	for (size_t i = 0; i < u->profile->sealed_n && ret == 0; i++) {
		const struct conf_bytes *c = &u->profile->sealed[i];

		if (apdu_decode(c->bytes, c->n, &apdu, &err) < 0)
			return unit_finding(u, "TOOL-WORKER", "%s", err.text);
		ret = unit_apdu(u, &apdu, UNIT_UNTIMED, &a);
		if (ret == 0 && gives_key(u, &a))
			ret = unit_finding(u, "PERSO-OPEN",
				"%02X %02X %02X %02X gives key bytes in clear", apdu.cla, apdu.ins,
				apdu.p1, apdu.p2);
		else if (ret == 0 && a.sw == 0x9000)
			ret = unit_finding(u, "PERSO-OPEN", "%02X %02X %02X %02X answers %zu bytes",
				apdu.cla, apdu.ins, apdu.p1, apdu.p2, a.n);
	}
	secret_wipe(&a, sizeof(a));
	return ret;
}

int step_sealed(struct unit *u)
{
	struct apdu domain = purse_select(
		u->profile->aid.security_domain.bytes, u->profile->aid.security_domain.n);
	struct link_answer a;
	int ret = pay_select(u, "PERSO-LOST", &a);

	if (ret < 0)
		return ret;
	link_trace_hide(u->link, true);
	ret = try_sealed(u);
	if (ret == 0)
		ret = unit_command(u, "SELECT", &domain, UNIT_UNTIMED, "PERSO-LOST", &a);
	if (ret == 0)
		ret = try_sealed(u);
	link_trace_hide(u->link, false);
	return ret;
}
