#include "payment/scp03.h"
#include "core/secret.h"

#include <string.h>

/* Derivation constants, Amendment D table 4-1. */
enum {
	CARD_CRYPTOGRAM = 0x00,
	HOST_CRYPTOGRAM = 0x01,
	S_ENC = 0x04,
	S_MAC = 0x06,
};

enum { PLAIN_MAX = 239, KDF_INPUT = 32 };

struct apdu scp03_initialize_update(uint8_t key_version, const uint8_t host_challenge[8])
{
	return apdu_make(0x80500000U | (uint32_t)key_version << 8, host_challenge, 8, 0);
}

int scp03_parse(const uint8_t *data, size_t n, struct scp03_answer *a, struct err *err)
{
	if (n < 29)
		return err_set(err, E_PROTOCOL,
			"INITIALIZE UPDATE answers %zu bytes, must be 29 or 32", n);
	memcpy(a->diversification, data, 10);
	a->key_version = data[10];
	a->protocol = data[11];
	a->i = data[12];
	memcpy(a->challenge, data + 13, 8);
	memcpy(a->cryptogram, data + 21, 8);
	if (n != (a->i & 0x10 ? 32U : 29U))
		return err_set(err, E_PROTOCOL,
			"INITIALIZE UPDATE answers %zu bytes with i = %02X: 32 with a sequence counter, 29 without",
			n, a->i);
	if (a->protocol != 3)
		return err_set(err, E_PROTOCOL,
			"INITIALIZE UPDATE names protocol SCP%02X, must be SCP03", a->protocol);
	return 0;
}

/* Amendment D clause 4.1.5: label (constant), separation 00, L in bits, counter 01, context. */
static void kdf_input(
	const struct scp03 *scp, uint8_t constant, uint8_t bits, uint8_t out[KDF_INPUT])
{
	memset(out, 0, KDF_INPUT);
	out[11] = constant;
	out[14] = bits;
	out[15] = 0x01;
	memcpy(out + 16, scp->host_challenge, 8);
	memcpy(out + 24, scp->card_challenge, 8);
}

static int cryptogram(struct scp03 *scp, uint8_t constant, uint8_t out[8], struct err *err)
{
	uint8_t input[KDF_INPUT], full[16];
	int ret;

	kdf_input(scp, constant, 0x40, input);
	ret = scp->keys->driver->cmac(scp->keys, scp->mac, input, sizeof(input), full, err);
	if (ret == 0)
		memcpy(out, full, 8);
	return ret;
}

int scp03_begin(struct scp03 *scp, struct keys *keys, const struct key *enc, const struct key *mac,
	const uint8_t host_challenge[8], const struct scp03_answer *answer, struct err *err)
{
	uint8_t input[KDF_INPUT], right[8];
	int ret;

	*scp = (struct scp03){.keys = keys};
	memcpy(scp->host_challenge, host_challenge, 8);
	memcpy(scp->card_challenge, answer->challenge, 8);
	kdf_input(scp, S_ENC, 0x80, input);
	ret = keys->driver->derive(keys, enc, input, sizeof(input), &scp->enc, err);
	if (ret < 0)
		return ret;
	kdf_input(scp, S_MAC, 0x80, input);
	ret = keys->driver->derive(keys, mac, input, sizeof(input), &scp->mac, err);
	if (ret < 0)
		return ret;
	ret = cryptogram(scp, CARD_CRYPTOGRAM, right, err);
	return ret < 0 ? ret : secret_same(right, answer->cryptogram, 8);
}

/* Appends the C-MAC over chain || header with the new Lc || data, and moves the chain on. */
static int add_mac(struct scp03 *scp, struct apdu *a, struct err *err)
{
	uint8_t input[16 + 5 + APDU_DATA], full[16];
	int ret;

	memcpy(input, scp->chain, 16);
	input[16] = a->cla;
	input[17] = a->ins;
	input[18] = a->p1;
	input[19] = a->p2;
	input[20] = (uint8_t)(a->lc + 8);
	memcpy(input + 21, a->data, a->lc);
	ret = scp->keys->driver->cmac(scp->keys, scp->mac, input, 21 + a->lc, full, err);
	if (ret < 0)
		return ret;
	memcpy(scp->chain, full, 16);
	memcpy(a->data + a->lc, full, 8);
	a->lc += 8;
	return 0;
}

int scp03_authenticate(struct scp03 *scp, struct apdu *out, struct err *err)
{
	uint8_t host[8];
	int ret = cryptogram(scp, HOST_CRYPTOGRAM, host, err);

	if (ret < 0)
		return ret;
	*out = apdu_make(0x84820300, host, sizeof(host), APDU_NO_LE);
	return add_mac(scp, out, err);
}

int scp03_wrap(struct scp03 *scp, const struct apdu *plain, struct apdu *out, struct err *err)
{
	static const uint8_t zeros[16];
	uint8_t icv[16], counter[16] = {0}, padded[PLAIN_MAX + 1 + 16] = {0};
	size_t n = (plain->lc / 16 + 1) * 16;
	int ret;

	if (plain->lc > PLAIN_MAX)
		return err_set(err, E_CONFIG, "%zu data bytes are too long for a secure channel",
			plain->lc);
	*out = *plain;
	out->cla |= 0x04;
	scp->counter++;
	if (plain->lc) {
		for (size_t i = 0; i < 4; i++)
			counter[15 - i] = (uint8_t)(scp->counter >> 8 * i);
		ret = scp->keys->driver->encrypt(scp->keys, scp->enc, zeros, counter, 16, icv, err);
		if (ret < 0)
			return ret;
		memcpy(padded, plain->data, plain->lc);
		padded[plain->lc] = 0x80;
		ret = scp->keys->driver->encrypt(
			scp->keys, scp->enc, icv, padded, n, out->data, err);
		if (ret < 0)
			return ret;
		out->lc = n;
	}
	return add_mac(scp, out, err);
}

void scp03_finish(struct scp03 *scp)
{
	if (!scp->keys)
		return;
	scp->keys->driver->drop(scp->keys, scp->enc);
	scp->keys->driver->drop(scp->keys, scp->mac);
	*scp = (struct scp03){0};
}
