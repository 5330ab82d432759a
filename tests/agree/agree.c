/*
 * Tool and virtual headset agree although they share no code and no crypto library: random loads
 * and purchases, APDU by APDU, with 3DES and with SM4 in both session-key forms. agree [N] for
 * each.
 */
#include "core/secret.h"
#include "figures.h"
#include "payment/keys_soft.h"
#include "payment/purse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cipher.h"
#include "headset.h"

static struct keys keys;
static unsigned long transactions, mismatches;

static void mismatch(const char *form, unsigned i, const char *what)
{
	mismatches++;
	printf("MISMATCH %s, transaction %u: %s\n", form, i, what);
}

static void any(void *p, size_t n)
{
	if (secret_random(p, n) < 0)
		abort();
}

/* Sends a tool's APDU to the headset's chip; returns the SW and the data. */
static unsigned send(struct headset *h, const struct apdu *a, uint8_t *data, size_t *n)
{
	uint8_t raw[APDU_COMMAND], out[RESPONSE_BYTES];
	double seconds;
	size_t got = headset_apdu(h, raw, apdu_encode(a, raw), out, &seconds);

	*n = got - 2;
	memcpy(data, out, *n);
	return (unsigned)out[got - 2] << 8 | out[got - 1];
}

struct side {
	const char *name;
	enum key_algorithm algorithm;
	enum key_sm4_form form;
	struct key *cards[3]; /* load, purchase, TAC */
	struct headset headset;
	uint32_t balance;
};

static const uint8_t usages[3] = {KEY_LOAD, KEY_PURCHASE, KEY_TAC};

/* New card keys: masters and factor at random, diversified by the tool, given to the chip. */
static void new_card(struct side *s)
{
	static const uint8_t aid[] = {0xA0, 0, 0, 0, 3, 0x86, 0x98, 7, 1};
	uint8_t kmc[16] = {0}, data[64];
	struct apdu select = purse_select(aid, sizeof(aid));
	struct err err;
	size_t n;

	headset_init(&s->headset, 1, "HW26000001", NULL, kmc, 7);
	s->headset.sm4 = s->algorithm == KEY_SM4;
	s->headset.sm4_pad80 = s->form == KEY_SM4_PAD80;
	s->headset.memory.life = 0x0F;
	s->headset.memory.has_ef15 = 1;
	any(s->headset.memory.online, 2);
	any(s->headset.memory.offline, 2);
	s->headset.memory.online[0] &= 0x7F;
	s->headset.memory.offline[0] &= 0x7F;
	for (size_t i = 0; i < 3; i++) {
		uint8_t master[16], factor[8], in[16], out[16];
		struct key *m;

		any(master, 16);
		any(factor, 8);
		m = soft_key(s->algorithm, master, 16);
		soft_drop(NULL, s->cards[i]);
		s->cards[i] = NULL;
		if (soft_diversify(m, factor, 8, &s->cards[i], &err) < 0)
			abort();
		soft_drop(NULL, m);
		for (size_t k = 0; k < 8; k++) {
			in[k] = factor[k];
			in[8 + k] = (uint8_t)~factor[k];
		}
		if (s->algorithm == KEY_SM4) {
			cipher_sm4(master, in, out);
		} else {
			cipher_tdes(master, in, out);
			cipher_tdes(master, in + 8, out + 8);
		}
		if (!soft_is(NULL, s->cards[i], out))
			mismatch(s->name, 0, "diversified key");
		s->headset.memory.keys[i] = (struct key_record){usages[i], 1, 1, 0, {0}};
		memcpy(s->headset.memory.keys[i].key, out, 16);
	}
	if (send(&s->headset, &select, data, &n) != 0x9000)
		abort();
	s->balance = 0;
}

static int verify(const struct key *key, enum purse_mac which, const struct purse_terms *t,
	const struct purse_start *st, const uint8_t mac[4])
{
	uint8_t in[PURSE_MAC_INPUT];
	struct err err;

	return soft_verify(&keys, key, in, purse_mac_input(which, t, st, in), mac, &err);
}

static void transact(struct side *s, unsigned i, bool load)
{
	struct purse_terms t = {.type = load ? PURSE_TYPE_LOAD : PURSE_TYPE_PURCHASE};
	struct purse_start st;
	struct key *session = NULL, *tac = NULL;
	uint8_t data[64], input[8], mac[4], in[PURSE_MAC_INPUT];
	struct apdu a;
	struct err err;
	size_t n;

	transactions++;
	any(&t.amount_cents, 4);
	t.amount_cents = load	      ? t.amount_cents % 100000
			 : s->balance ? t.amount_cents % (s->balance + 1)
				      : 0;
	any(t.terminal, 6);
	any(t.sequence, 4);
	any(t.date, 4);
	any(t.time, 3);
	a = purse_initialize(&t, 1);
	if (send(&s->headset, &a, data, &n) != 0x9000 ||
		purse_parse_start(data, n, (enum purse_type)t.type, &st, &err) < 0) {
		mismatch(s->name, i, "INITIALIZE");
		return;
	}
	purse_session_input(&t, &st, input);
	if (soft_session(&keys, s->cards[load ? 0 : 1], s->form, input, &session, &err) < 0 ||
		soft_tac(&keys, s->cards[2], &tac, &err) < 0)
		abort();
	if (load && verify(session, PURSE_LOAD_MAC1, &t, &st, st.mac1) != 1)
		mismatch(s->name, i, "MAC1 of the load");
	if (soft_mac(&keys, session, in,
		    purse_mac_input(load ? PURSE_LOAD_MAC2 : PURSE_PURCHASE_MAC1, &t, &st, in), mac,
		    &err) < 0)
		abort();
	a = load ? purse_credit(&t, mac) : purse_debit(&t, mac);
	if (send(&s->headset, &a, data, &n) != 0x9000 || n != (load ? 4 : 8))
		mismatch(s->name, i, load ? "CREDIT" : "DEBIT");
	else if (verify(tac, load ? PURSE_LOAD_TAC : PURSE_PURCHASE_TAC, &t, &st, data) != 1)
		mismatch(s->name, i, "TAC");
	else if (!load && verify(session, PURSE_PURCHASE_MAC2, &t, &st, data + 4) != 1)
		mismatch(s->name, i, "MAC2");
	s->balance = load ? s->balance + t.amount_cents : s->balance - t.amount_cents;
	soft_drop(&keys, session);
	soft_drop(&keys, tac);
}

int main(int argc, char **argv)
{
	struct side sides[] = {{.name = "3DES", .algorithm = KEY_3DES},
		{.name = "SM4, X || ~X", .algorithm = KEY_SM4, .form = KEY_SM4_INVERT},
		{.name = "SM4, X || 80", .algorithm = KEY_SM4, .form = KEY_SM4_PAD80}};
	unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;

	if (secret_init() < 0 || !most)
		return 2;
	cipher_start();
	for (size_t s = 0; s < 3; s++) {
		for (unsigned i = 0; i < most; i++) {
			if (i % 20 == 0)
				new_card(&sides[s]);
			transact(&sides[s], i, i % 2 == 0);
		}
		for (size_t k = 0; k < 3; k++)
			soft_drop(NULL, sides[s].cards[k]);
	}
	printf("agree: %lu transactions, %lu mismatches\n", transactions, mismatches);
	figure("agree.transactions", (double)transactions, "transactions",
		"tests/run --only agree");
	figure("agree.mismatches", (double)mismatches, "transactions", "tests/run --only agree");
	return mismatches > 0;
}
