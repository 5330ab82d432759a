/*
 * Runs known answers from files: purse vectors ("published", "card_log", "generated"), SCP03
 * exchanges and personalization. vectors FILE.json... prints what failed and the counts; status 1
 * if any failed.
 */
#include "core/hex.h"
#include "core/secret.h"
#include "figures.h"
#include "payment/keys_file.h"
#include "payment/keys_soft.h"
#include "payment/personalization.h"
#include "payment/purse.h"
#include "payment/scp03.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct keys keys = {.driver = &keys_file, .lab = true};
static int passed, failed;

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static size_t bytes(const json_t *o, const char *name, uint8_t *out, size_t most)
{
	const char *s = text(o, name);
	int n = hex_decode(s, strlen(s), out, most);

	return n < 0 ? 0 : (size_t)n;
}

static uint32_t number(const json_t *o, const char *name)
{
	return (uint32_t)strtoul(text(o, name), NULL, 16);
}

/* Counts one expected output; a vector that lacks it expects nothing. */
static void expect(
	const char *id, const json_t *out, const char *name, const uint8_t *got, size_t n)
{
	char hex[2049];

	if (!json_object_get(out, name))
		return;
	hex_encode(got, n, hex);
	if (!strcasecmp(hex, text(out, name))) {
		passed++;
		return;
	}
	failed++;
	printf("FAILED %s: %s: got %s, must be %s\n", id, name, hex, text(out, name));
}

static void broken(const char *id, const char *why)
{
	failed++;
	printf("FAILED %s: %s\n", id, why);
}

static void check(bool right, const char *id, const char *what)
{
	if (right)
		passed++;
	else
		broken(id, what);
}

/* A key's bytes can't be read back: the handle proves itself by being told its value. */
static void expect_key(const char *id, const json_t *out, const char *name, const struct key *key)
{
	uint8_t right[16], block[16] = {0}, mine[4], theirs[4];
	size_t n = bytes(out, name, right, sizeof(right));
	struct key *other;
	struct err err;

	if (!n)
		return;
	other = soft_key(KEY_3DES, right, n);
	if (n == 16)
		check(soft_is(&keys, key, right), id, name);
	else
		check(soft_mac(&keys, key, block, 16, mine, &err) == 0 &&
				soft_mac(&keys, other, block, 16, theirs, &err) == 0 &&
				!memcmp(mine, theirs, 4),
			id, name);
	soft_drop(&keys, other);
}

/* ---- purse ---- */

struct vector {
	const char *id;
	const json_t *in, *out;
	enum key_algorithm algorithm;
	enum key_sm4_form form;
	struct key *card, *tac_card;
};

static struct key *card_key(const struct vector *v, const char *direct, const char *master)
{
	uint8_t k[16], factor[16];
	size_t n = bytes(v->in, direct, k, 16), f = bytes(v->in, "factor", factor, 16);
	struct key *m, *card = NULL;
	struct err err;

	if (n)
		return soft_key(v->algorithm, k, n);
	n = bytes(v->in, master, k, 16);
	if (n != 16 || !f)
		return NULL;
	m = soft_key(v->algorithm, k, 16);
	soft_diversify(m, factor, f, &card, &err);
	soft_drop(&keys, m);
	return card;
}

static void expect_mac(const struct vector *v, const char *name, const struct key *key,
	enum purse_mac which, const struct purse_terms *terms, const struct purse_start *start)
{
	uint8_t input[PURSE_MAC_INPUT], mac[4];
	size_t n = purse_mac_input(which, terms, start, input);
	struct err err;

	if (soft_mac(&keys, key, input, n, mac, &err) < 0)
		broken(v->id, err.text);
	else
		expect(v->id, v->out, name, mac, 4);
}

static void run_transaction(const struct vector *v, bool load)
{
	struct purse_terms terms = {.amount_cents = number(v->in, "amount"),
		.type = load ? PURSE_TYPE_LOAD : PURSE_TYPE_PURCHASE};
	struct purse_start start = {.balance_cents = number(v->in, "balance"),
		.counter = (uint16_t)number(v->in, load ? "online_no" : "offline_no")};
	uint8_t dt[7], input[8];
	struct key *session = NULL, *tac = NULL;
	struct err err;

	bytes(v->in, "rnd", start.random, 4);
	bytes(v->in, "term_no", terms.terminal, 6);
	bytes(v->in, "term_seq", terms.sequence, 4);
	bytes(v->in, "dt", dt, 7);
	memcpy(terms.date, dt, 4);
	memcpy(terms.time, dt + 4, 3);
	purse_session_input(&terms, &start, input);
	expect(v->id, v->out, "session_input", input, 8);
	terms.type = (uint8_t)number(v->in, "tt"); /* cards in the field also have others */
	if (soft_session(&keys, v->card, v->form, input, &session, &err) < 0) {
		broken(v->id, err.text);
		return;
	}
	expect_key(v->id, v->out, "card_key", v->card);
	expect_key(v->id, v->out, "session_key", session);
	expect_mac(
		v, "mac1", session, load ? PURSE_LOAD_MAC1 : PURSE_PURCHASE_MAC1, &terms, &start);
	expect_mac(
		v, "mac2", session, load ? PURSE_LOAD_MAC2 : PURSE_PURCHASE_MAC2, &terms, &start);
	if (v->tac_card && soft_tac(&keys, v->tac_card, &tac, &err) == 0) {
		expect_key(v->id, v->out, "tac_key", tac);
		expect_mac(
			v, "tac", tac, load ? PURSE_LOAD_TAC : PURSE_PURCHASE_TAC, &terms, &start);
	}
	soft_drop(&keys, session);
	soft_drop(&keys, tac);
}

static void run_fold(const struct vector *v)
{
	struct key *folded = NULL;
	struct err err;

	if (soft_tac(&keys, v->card, &folded, &err) < 0)
		broken(v->id, err.text);
	else
		expect_key(v->id, v->out, "out", folded);
	soft_drop(&keys, folded);
}

/* Files name the one input beside the key, and the one output, as they like. */
static size_t message_of(const struct vector *v, uint8_t *data, size_t most)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)v->in, name,
		value) if (strcmp(name, "key") != 0) return bytes(v->in, name, data, most);
	return 0;
}

static const char *output_of(const struct vector *v)
{
	void *first = json_object_iter((json_t *)v->out);

	return first ? json_object_iter_key(first) : "out";
}

static void run_mac_des(const struct vector *v)
{
	uint8_t data[256], mac[4];
	size_t n = message_of(v, data, sizeof(data) - 16);
	struct err err;

	if (soft_mac(&keys, v->card, data, n, mac, &err) < 0)
		broken(v->id, err.text);
	else
		expect(v->id, v->out, output_of(v), mac, 4);
}

static void run_tdes_ecb(const struct vector *v)
{
	static const uint8_t zeros[16];
	uint8_t data[256], out[256];
	size_t n = message_of(v, data, sizeof(data));
	struct err err;
	int ret = n && n % 8 == 0 ? 0 : -1;

	for (size_t at = 0; at < n && ret == 0; at += 8) /* CBC of one block from zeros is ECB */
		ret = soft_encrypt(&keys, v->card, zeros, data + at, 8, out + at, &err);
	if (ret < 0)
		broken(v->id, "needs whole blocks of 8 bytes");
	else
		expect(v->id, v->out, output_of(v), out, n);
}

static void run_purchase(const struct vector *v)
{
	run_transaction(v, false);
}

static void run_load(const struct vector *v)
{
	run_transaction(v, true);
}

static const struct {
	const char *kind;
	void (*run)(const struct vector *v);
} kinds[] = {
	{"fold", run_fold},
	{"load", run_load},
	{"mac_des", run_mac_des},
	{"purchase", run_purchase},
	{"tdes_ecb", run_tdes_ecb},
};

static void run_purse_vector(const json_t *o)
{
	struct vector v = {.id = text(o, "id"),
		.in = json_object_get(o, "in"),
		.out = json_object_get(o, "out"),
		.algorithm = !strcmp(text(o, "alg"), "sm4") ? KEY_SM4 : KEY_3DES,
		.form = !strcmp(text(o, "sm4_mode"), "pad80") ? KEY_SM4_PAD80 : KEY_SM4_INVERT};
	int before = passed + failed;

	v.card = card_key(&v, "key", "master_key");
	v.tac_card = card_key(&v, "tac_key_in", "tac_master_key");
	for (size_t i = 0; v.card && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].kind, text(o, "kind")))
			kinds[i].run(&v);
	if (passed + failed == before)
		broken(v.id, "nothing in it could be checked");
	soft_drop(&keys, v.card);
	soft_drop(&keys, v.tac_card);
}

/* ---- SCP03 ---- */

static struct key *aes_key(const json_t *o, const char *name)
{
	uint8_t k[16];

	return bytes(o, name, k, 16) == 16 ? soft_key(KEY_AES, k, 16) : NULL;
}

static void expect_apdu(const char *id, const struct apdu *a, const char *right)
{
	uint8_t raw[APDU_COMMAND];
	char hex[2 * APDU_COMMAND + 1];

	hex_encode(raw, apdu_encode(a, raw), hex);
	if (!strcasecmp(hex, right)) {
		passed++;
		return;
	}
	failed++;
	printf("FAILED %s: got %s, must be %s\n", id, hex, right);
}

static void run_scp03(const json_t *root)
{
	const json_t *k = json_object_get(root, "keys"),
		     *iu = json_object_get(root, "initialize_update");
	struct key *enc = aes_key(k, "enc"), *mac = aes_key(k, "mac");
	const json_t *wrap;
	struct scp03_answer answer;
	struct scp03 scp = {0};
	uint8_t raw[APDU_COMMAND], response[64];
	size_t n = bytes(iu, "response", response, sizeof(response)), i;
	struct apdu a;
	struct err err;

	bytes(iu, "command", raw, sizeof(raw));
	a = scp03_initialize_update(raw[2], raw + 5);
	expect_apdu("initialize_update", &a, text(iu, "command"));
	if (scp03_parse(response, n, &answer, &err) < 0)
		broken("initialize_update", err.text);
	else if (scp03_begin(&scp, &keys, enc, mac, raw + 5, &answer, &err) != 1)
		broken("card_cryptogram", "does not verify");
	else
		passed++;
	if (scp03_authenticate(&scp, &a, &err) < 0)
		broken("external_authenticate", err.text);
	else
		expect_apdu("external_authenticate", &a, text(root, "external_authenticate"));
	json_array_foreach(json_object_get(root, "wrap"), i, wrap)
	{
		struct apdu plain, out;
		size_t m = bytes(wrap, "plain", raw, sizeof(raw));
		char id[32];

		snprintf(id, sizeof(id), "wrap %zu", i + 1);
		if (apdu_decode(raw, m, &plain, &err) < 0 ||
			scp03_wrap(&scp, &plain, &out, &err) < 0)
			broken(id, err.text);
		else
			expect_apdu(id, &out, text(wrap, "wrapped"));
	}
	scp03_finish(&scp);
	soft_drop(&keys, enc);
	soft_drop(&keys, mac);
}

/* ---- personalization ---- */

static void run_static(const json_t *o)
{
	static const struct {
		const char *name;
		enum key_scp k;
	} which[] = {{"enc", KEY_SCP_ENC}, {"mac", KEY_SCP_MAC}, {"dek", KEY_SCP_DEK}};
	char path[] = "/tmp/payjig-vectors.XXXXXX", line[512];
	uint8_t div[10], kcv[3];
	char kcv_hex[7], spec[64];
	struct key *kmc = aes_key(o, "kmc");
	struct keys *file = NULL;
	struct err err;
	int fd = mkstemp(path), n;

	/* Through the provider itself: a key file with this KMC. */
	soft_kcv(&keys, kmc, kcv, &err);
	hex_encode(kcv, 3, kcv_hex);
	n = snprintf(line, sizeof(line),
		"set TEST\nKMC %s %s\nMLK %032d 8CA64D\nMPK %032d 8CA64D\nMTK %032d 8CA64D\n",
		text(o, "kmc"), kcv_hex, 0, 0, 0);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		broken(text(o, "serial"), "no temporary file");
	close(fd);
	snprintf(spec, sizeof(spec), "file:%s", path);
	bytes(o, "diversification", div, 10);
	if (keys_open(&file, spec, &err) < 0)
		broken(text(o, "serial"), err.text);
	for (size_t i = 0; file && i < 3; i++) {
		struct key *k = NULL;

		if (file->driver->scp_static(file, which[i].k, div, &k, &err) < 0)
			broken(text(o, "serial"), err.text);
		else
			expect_key(text(o, "serial"), o, which[i].name, k);
		file->driver->drop(file, k);
	}
	keys_close(file);
	unlink(path);
	soft_drop(&keys, kmc);
}

static void build(const json_t *o, struct perso *p, uint8_t *ef15, uint8_t *extended)
{
	bool sm4 = !strcmp(text(o, "algorithm"), "sm4");
	const json_t *k;
	size_t i;

	*p = (struct perso){.ef15 = ef15, .extended = extended};
	p->ef15_n = bytes(o, "ef15", ef15, 64);
	p->extended_n = bytes(o, "extended", extended, 512);
	p->online_counter = (uint16_t)json_integer_value(json_object_get(o, "online"));
	p->offline_counter = (uint16_t)json_integer_value(json_object_get(o, "offline"));
	json_array_foreach(json_object_get(o, "keys"), i, k)
	{
		uint8_t raw[16];

		bytes(k, "key", raw, 16);
		p->keys[i] = (struct perso_key){.usage = (enum key_usage)number(k, "usage"),
			.index = (uint8_t)number(k, "index"),
			.version = (uint8_t)number(k, "version"),
			.algorithm = sm4 ? 0x04 : 0x00,
			.key = soft_key(sm4 ? KEY_SM4 : KEY_3DES, raw, 16)};
		p->key_n = i + 1;
	}
}

static void drop_keys(struct perso *p)
{
	for (size_t i = 0; i < p->key_n; i++)
		soft_drop(&keys, p->keys[i].key);
}

static void run_instruction(const json_t *o)
{
	uint8_t ef15[64], extended[512];
	struct key *dek = aes_key(o, "dek");
	struct perso p;
	struct apdu block;
	const json_t *right;
	struct err err;
	size_t i;

	build(o, &p, ef15, extended);
	if (perso_build(&p, &keys, dek, &err) < 0)
		broken(text(o, "id"), err.text);
	else
		expect(text(o, "id"), o, "string", p.string, p.n);
	json_array_foreach(
		json_object_get(o, "blocks"), i, right) if (perso_block(&p, i, 0x89, &block))
		expect_apdu("block", &block, json_string_value(right));
	else broken("block", "is missing");
	if (perso_block(&p, i, 0x89, &block))
		broken("block", "is one too many");
	drop_keys(&p);
	soft_drop(&keys, dek);
}

static void run_receipt(const json_t *root, const json_t *o)
{
	uint8_t ef15[64], extended[512], receipt[8], cardnumber[10];
	struct key *mac = aes_key(o, "session_mac"), *dek;
	const json_t *instruction;
	struct perso p;
	struct err err;
	size_t i;

	bytes(o, "receipt", receipt, 8);
	bytes(o, "number", cardnumber, 10);
	json_array_foreach(json_object_get(root, "instructions"), i, instruction)
	{
		if (strcmp(text(instruction, "id"), text(o, "instruction")) != 0)
			continue;
		dek = aes_key(instruction, "dek");
		build(instruction, &p, ef15, extended);
		perso_build(&p, &keys, dek, &err);
		check(perso_receipt(&p, &keys, mac, text(o, "serial"), cardnumber, receipt, &err) ==
				1,
			text(o, "id"), "the receipt is refused");
		receipt[7] ^= 1;
		check(perso_receipt(&p, &keys, mac, text(o, "serial"), cardnumber, receipt, &err) ==
				0,
			text(o, "id"), "a wrong receipt is taken");
		drop_keys(&p);
		soft_drop(&keys, dek);
	}
	soft_drop(&keys, mac);
}

static void run_file(const char *path)
{
	static const char *const purse_lists[] = {"published", "card_log", "generated"};
	json_error_t why;
	json_t *root = json_load_file(path, 0, &why), *o;
	int before = passed + failed;
	size_t i;

	if (!root) {
		broken(path, why.text);
		return;
	}
	for (size_t l = 0; l < 3; l++)
		json_array_foreach(json_object_get(root, purse_lists[l]), i,
			o) if (!json_is_false(json_object_get(o, "verified"))) run_purse_vector(o);
	if (json_object_get(root, "initialize_update"))
		run_scp03(root);
	json_array_foreach(json_object_get(root, "static_keys"), i, o) run_static(o);
	json_array_foreach(json_object_get(root, "instructions"), i, o) run_instruction(o);
	json_array_foreach(json_object_get(root, "receipts"), i, o) run_receipt(root, o);
	if (passed + failed == before)
		broken(path, "holds no vector of a known form");
	json_decref(root);
}

int main(int argc, char **argv)
{
	if (secret_init() < 0 || argc < 2)
		return 2;
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	printf("vectors: %d passed, %d failed\n", passed, failed);
	figure("vectors.passed", passed, "values", "tests/run --vectors");
	figure("vectors.failed", failed, "values", "tests/run --vectors");
	return failed || !passed;
}
