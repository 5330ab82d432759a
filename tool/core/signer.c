#include "core/signer.h"
#include "core/hex.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct signer {
	EVP_PKEY *key;
};

static int key_name(const EVP_PKEY *key, char name[SIGNER_NAME])
{
	uint8_t raw[SIGNER_KEY];
	size_t n = sizeof(raw);

	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
		EVP_PKEY_get_raw_public_key(key, raw, &n) != 1 || n != sizeof(raw))
		return -1;
	hex_encode(raw, n, name);
	return 0;
}

/* The first key in the file: private if `private_key`, else either kind. NULL with err. */
static EVP_PKEY *read_key(const char *path, int private_key, struct err *err)
{
	char name[SIGNER_NAME];
	EVP_PKEY *key = NULL;
	FILE *f = fopen(path, "re");

	if (!f) {
		err_set(err, E_CONFIG, "%s: %s", path, strerror(errno));
		return NULL;
	}
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	if (!key && !private_key) {
		rewind(f);
		key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	}
	fclose(f);
	if (!key || key_name(key, name) < 0) {
		EVP_PKEY_free(key);
		err_set(err, E_CONFIG, "%s: is no Ed25519 %s key in PEM", path,
			private_key ? "private" : "public");
		return NULL;
	}
	return key;
}

int signer_open(struct signer **out, const char *path, struct err *err)
{
	struct signer *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(err, E_SYSTEM, "out of memory");
	s->key = read_key(path, 1, err);
	if (!s->key) {
		free(s);
		return err->status;
	}
	*out = s;
	return 0;
}

void signer_close(struct signer *s)
{
	if (!s)
		return;
	EVP_PKEY_free(s->key);
	free(s);
}

void signer_name(const struct signer *s, char name[SIGNER_NAME])
{
	if (key_name(s->key, name) < 0)
		name[0] = '\0'; /* signer_open() has seen that it can be had */
}

int signer_read_name(const char *path, char name[SIGNER_NAME], struct err *err)
{
	EVP_PKEY *key = read_key(path, 0, err);
	int ret = key ? key_name(key, name) : err->status;

	EVP_PKEY_free(key);
	return ret;
}

int signer_sign(const struct signer *s, const void *bytes, size_t n,
	uint8_t signature[SIGNER_SIGNATURE], struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t length = SIGNER_SIGNATURE;
	int ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->key) == 1 &&
		 EVP_DigestSign(ctx, signature, &length, bytes, n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok ? 0 : err_set(err, E_SYSTEM, "the crypto library refuses to sign");
}

int signer_verify(
	const char *name, const void *bytes, size_t n, const uint8_t signature[SIGNER_SIGNATURE])
{
	uint8_t raw[SIGNER_KEY];
	EVP_PKEY *key = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	if (hex_decode(name, strlen(name), raw, sizeof(raw)) == SIGNER_KEY)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
	ok = ctx && key && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	     EVP_DigestVerify(ctx, signature, SIGNER_SIGNATURE, bytes, n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}
