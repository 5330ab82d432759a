#include "payment/keys_soft.h"
#include "core/secret.h"

#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct key {
	enum key_algorithm algorithm;
	struct secret *secret;
};

struct key *soft_key(enum key_algorithm algorithm, const uint8_t *bytes, size_t n)
{
	struct key *key = calloc(1, sizeof(*key));

	if (!key)
		return NULL;
	key->algorithm = algorithm;
	key->secret = secret_new(n);
	if (!key->secret) {
		free(key);
		return NULL;
	}
	memcpy(key->secret->bytes, bytes, n);
	return key;
}

void soft_drop(struct keys *keys, struct key *key)
{
	(void)keys;
	if (!key)
		return;
	secret_free(key->secret);
	free(key);
}

static size_t block_size(enum key_algorithm a)
{
	return a == KEY_3DES ? 8 : 16;
}

static const EVP_CIPHER *cipher_of(enum key_algorithm a)
{
	switch (a) {
	case KEY_3DES: return EVP_des_ede_cbc();
	case KEY_SM4: return EVP_sm4_cbc();
	case KEY_AES: return EVP_aes_128_cbc();
	}
	return NULL;
}

/* CBC over whole blocks without padding; with one block and IV 0 it is ECB. iv NULL: zeros. */
static int cbc(const struct key *key, const uint8_t *iv, const uint8_t *in, size_t n, uint8_t *out,
	struct err *err)
{
	static const uint8_t zeros[16];
	/* OpenSSL's default provider has no single DES: EDE with K|K is the same. */
	bool single = key->algorithm == KEY_3DES && key->secret->n == 8;
	struct secret *doubled = NULL;
	const uint8_t *k = key->secret->bytes;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int length = 0, ret = -1;

	if (single) {
		doubled = secret_new(16);
		if (!doubled)
			goto out;
		memcpy(doubled->bytes, k, 8);
		memcpy(doubled->bytes + 8, k, 8);
		k = doubled->bytes;
	}
	if (ctx && EVP_EncryptInit_ex2(ctx, cipher_of(key->algorithm), k, iv ? iv : zeros, NULL) &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) &&
		EVP_EncryptUpdate(ctx, out, &length, in, (int)n) && (size_t)length == n)
		ret = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	secret_free(doubled);
	return ret < 0 ? err_set(err, E_SYSTEM, "the crypto library refuses to encrypt") : 0;
}

/* Encrypts 16 bytes as ECB into a fresh handle. */
static int key_from_ecb(const struct key *key, const uint8_t in[16], size_t n,
	enum key_algorithm algorithm, struct key **out, struct err *err)
{
	struct secret *s = secret_new(16);
	size_t block = block_size(key->algorithm);
	int ret = 0;

	if (!s)
		return err_set(err, E_SYSTEM, "out of secure memory");
	for (size_t i = 0; i < n && ret == 0; i += block)
		ret = cbc(key, NULL, in + i, block, s->bytes + i, err);
	if (ret == 0) {
		*out = soft_key(algorithm, s->bytes, n);
		if (!*out)
			ret = err_set(err, E_SYSTEM, "out of secure memory");
	}
	secret_free(s);
	return ret;
}

int soft_diversify(const struct key *master, const uint8_t *factor, size_t n, struct key **out,
	struct err *err)
{
	const struct key *from = master;
	struct key *made = NULL;

	for (size_t level = 0; level + 8 <= n; level += 8) {
		struct key *next = NULL;
		uint8_t in[16];
		int ret;

		for (size_t i = 0; i < 8; i++) {
			in[i] = factor[level + i];
			in[8 + i] = (uint8_t)~factor[level + i];
		}
		ret = key_from_ecb(from, in, 16, master->algorithm, &next, err);
		soft_drop(NULL, made);
		if (ret < 0)
			return ret;
		from = made = next;
	}
	if (!made)
		return err_set(err, E_CONFIG, "diversification needs at least 8 bytes");
	*out = made;
	return 0;
}

int soft_session(struct keys *keys, const struct key *card_key, enum key_sm4_form form,
	const uint8_t input[8], struct key **key, struct err *err)
{
	uint8_t in[16] = {0};

	(void)keys;
	memcpy(in, input, 8);
	if (card_key->algorithm == KEY_3DES)
		return key_from_ecb(card_key, in, 8, KEY_3DES, key, err);
	switch (form) {
	case KEY_SM4_INVERT:
		for (size_t i = 0; i < 8; i++)
			in[8 + i] = (uint8_t)~input[i];
		break;
	case KEY_SM4_PAD80: in[8] = 0x80; break;
	}
	return key_from_ecb(card_key, in, 16, card_key->algorithm, key, err);
}

int soft_tac(struct keys *keys, const struct key *card_key, struct key **key, struct err *err)
{
	struct secret *folded;

	(void)keys;
	if (card_key->algorithm != KEY_3DES) {
		*key = soft_key(card_key->algorithm, card_key->secret->bytes, card_key->secret->n);
		return *key ? 0 : err_set(err, E_SYSTEM, "out of secure memory");
	}
	folded = secret_new(8);
	if (!folded)
		return err_set(err, E_SYSTEM, "out of secure memory");
	for (size_t i = 0; i < 8; i++)
		folded->bytes[i] = card_key->secret->bytes[i] ^ card_key->secret->bytes[8 + i];
	*key = soft_key(KEY_3DES, folded->bytes, 8);
	secret_free(folded);
	return *key ? 0 : err_set(err, E_SYSTEM, "out of secure memory");
}

int soft_mac(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
	uint8_t mac[4], struct err *err)
{
	uint8_t padded[256] = {0}, out[256];
	size_t block = block_size(key->algorithm);
	size_t total = (n / block + 1) * block;
	int ret;

	(void)keys;
	if (total > sizeof(padded))
		return err_set(err, E_CONFIG, "%zu bytes are too long for a MAC here", n);
	memcpy(padded, data, n);
	padded[n] = 0x80;
	ret = cbc(key, NULL, padded, total, out, err);
	if (ret == 0)
		memcpy(mac, out + total - block, 4);
	return ret;
}

int soft_verify(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
	const uint8_t mac[4], struct err *err)
{
	uint8_t right[4];
	int ret = soft_mac(keys, key, data, n, right, err);

	return ret < 0 ? ret : secret_same(right, mac, 4);
}

int soft_cmac(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
	uint8_t mac[16], struct err *err)
{
	char name[] = "AES-128-CBC";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("cipher", name, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
	uint8_t out[16];
	size_t length = 0;
	int ok;

	(void)keys;
	ok = ctx && EVP_MAC_init(ctx, key->secret->bytes, key->secret->n, params) &&
	     EVP_MAC_update(ctx, data, n) && EVP_MAC_final(ctx, out, &length, sizeof(out)) &&
	     length == 16;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(algorithm);
	if (!ok)
		return err_set(err, E_SYSTEM, "the crypto library refuses to make a CMAC");
	memcpy(mac, out, 16);
	return 0;
}

int soft_derive(struct keys *keys, const struct key *base, const uint8_t *input, size_t n,
	struct key **key, struct err *err)
{
	struct secret *s = secret_new(16);
	int ret;

	if (!s)
		return err_set(err, E_SYSTEM, "out of secure memory");
	ret = soft_cmac(keys, base, input, n, s->bytes, err);
	if (ret == 0) {
		*key = soft_key(KEY_AES, s->bytes, 16);
		if (!*key)
			ret = err_set(err, E_SYSTEM, "out of secure memory");
	}
	secret_free(s);
	return ret;
}

int soft_encrypt(struct keys *keys, const struct key *key, const uint8_t iv[16],
	const uint8_t *data, size_t n, uint8_t *out, struct err *err)
{
	(void)keys;
	return cbc(key, iv, data, n, out, err);
}

int soft_wrap(struct keys *keys, const struct key *kek, const struct key *key, uint8_t out[16],
	struct err *err)
{
	(void)keys;
	if (key->secret->n != 16)
		return err_set(err, E_CONFIG, "only keys of 16 bytes are wrapped");
	return cbc(kek, NULL, key->secret->bytes, 16, out, err);
}

int soft_kcv(struct keys *keys, const struct key *key, uint8_t kcv[3], struct err *err)
{
	uint8_t zeros[16] = {0}, out[16];
	int ret = cbc(key, NULL, zeros, block_size(key->algorithm), out, err);

	(void)keys;
	if (ret == 0)
		memcpy(kcv, out, 3);
	return ret;
}

bool soft_is(struct keys *keys, const struct key *key, const uint8_t bytes[16])
{
	(void)keys;
	return key->secret->n == 16 && secret_same(key->secret->bytes, bytes, 16);
}

static int key_wrap(const struct key *kek, bool wrap, const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int length = 0, ok;

	if (ctx)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = ctx &&
	     EVP_CipherInit_ex2(ctx, EVP_aes_128_wrap(), kek->secret->bytes, NULL, wrap, NULL) ==
		     1 &&
	     EVP_CipherUpdate(ctx, out, &length, in, (int)n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? length : -1;
}

int soft_key_wrap(
	const struct key *kek, const struct key *key, uint8_t wrapped[KEY_WRAPPED], struct err *err)
{
	if (key->secret->n != 16 ||
		key_wrap(kek, true, key->secret->bytes, 16, wrapped) != KEY_WRAPPED)
		return err_set(err, E_SYSTEM, "the crypto library refuses to wrap the key");
	return 0;
}

int soft_key_unwrap(const struct key *kek, enum key_algorithm algorithm,
	const uint8_t wrapped[KEY_WRAPPED], struct key **key, struct err *err)
{
	struct secret *s = secret_new(KEY_WRAPPED);
	int ret = 0;

	if (!s)
		return err_set(err, E_SYSTEM, "out of secure memory");
	if (key_wrap(kek, false, wrapped, KEY_WRAPPED, s->bytes) != 16)
		ret = err_set(err, E_CONFIG, "a card key of the job is not wrapped under this KEK");
	else if (!(*key = soft_key(algorithm, s->bytes, 16)))
		ret = err_set(err, E_SYSTEM, "out of secure memory");
	secret_free(s);
	return ret;
}

int soft_derive_as(const struct key *base, enum key_algorithm algorithm, const uint8_t *input,
	size_t n, struct key **key, struct err *err)
{
	struct key *derived = NULL;
	int ret = soft_derive(NULL, base, input, n, &derived, err);

	if (ret == 0)
		derived->algorithm = algorithm;
	if (ret == 0)
		*key = derived;
	return ret;
}
