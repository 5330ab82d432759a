#include "payment/personalization.h"
#include "core/secret.h"

#include <string.h>

static int put(struct perso *p, const void *bytes, size_t n, struct err *err)
{
	if (n > sizeof(p->string) - p->n)
		return err_set(err, E_CONFIG,
			"the personalization instruction is longer than %d bytes", PERSO_STRING);
	memcpy(p->string + p->n, bytes, n);
	p->n += n;
	return 0;
}

static int put_dgi(struct perso *p, unsigned id, const uint8_t *value, size_t n, struct err *err)
{
	uint8_t head[5] = {(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)n};
	size_t head_n = 3;
	int ret;

	if (n >= 0xFF) {
		head[2] = 0xFF;
		head[3] = (uint8_t)(n >> 8);
		head[4] = (uint8_t)n;
		head_n = 5;
	}
	ret = put(p, head, head_n, err);
	return ret < 0 ? ret : put(p, value, n, err);
}

int perso_build(struct perso *p, struct keys *keys, const struct key *dek, struct err *err)
{
	uint8_t wrapped[PERSO_KEYS * 20], checks[PERSO_KEYS * 6];
	uint8_t counters[4] = {(uint8_t)(p->online_counter >> 8), (uint8_t)p->online_counter,
		(uint8_t)(p->offline_counter >> 8), (uint8_t)p->offline_counter};
	int ret;

	p->n = 0;
	for (size_t i = 0; i < p->key_n; i++) {
		struct perso_key *k = &p->keys[i];
		uint8_t *w = wrapped + 20 * i, *c = checks + 6 * i;

		w[0] = c[0] = (uint8_t)k->usage;
		w[1] = c[1] = k->index;
		w[2] = c[2] = k->version;
		w[3] = k->algorithm;
		ret = keys->driver->wrap(keys, dek, k->key, w + 4, err);
		if (ret < 0)
			return ret;
		ret = keys->driver->kcv(keys, k->key, k->kcv, err);
		if (ret < 0)
			return ret;
		memcpy(c + 3, k->kcv, 3);
	}
	if ((ret = put_dgi(p, 0x0101, p->ef15, p->ef15_n, err)) < 0)
		return ret;
	if (p->extended_n && (ret = put_dgi(p, 0x0102, p->extended, p->extended_n, err)) < 0)
		return ret;
	if ((ret = put_dgi(p, 0x8000, wrapped, 20 * p->key_n, err)) < 0)
		return ret;
	if ((ret = put_dgi(p, 0x9000, checks, 6 * p->key_n, err)) < 0)
		return ret;
	return put_dgi(p, 0x0103, counters, sizeof(counters), err);
}

struct apdu perso_install(const uint8_t *aid, size_t n)
{
	uint8_t data[32] = {0, 0, (uint8_t)n};

	memcpy(data + 3, aid, n);
	return apdu_make(0x80E62000, data, 3 + n + 3, 0);
}

int perso_block(const struct perso *p, size_t block, uint8_t last_p1, struct apdu *out)
{
	size_t at = block * PERSO_BLOCK, left;
	bool last;

	if (at >= p->n)
		return 0;
	left = p->n - at;
	last = left <= PERSO_BLOCK;
	*out = apdu_make(0x80E20000U | (uint32_t)(last ? last_p1 : 0x08) << 8 | (uint8_t)block,
		p->string + at, last ? left : PERSO_BLOCK, last ? 0 : APDU_NO_LE);
	return 1;
}

int perso_receipt(const struct perso *p, struct keys *keys, const struct key *session_mac,
	const char *serial, const uint8_t number[10], const uint8_t receipt[8], struct err *err)
{
	uint8_t input[4 + 16 + 10 + 3 * PERSO_KEYS + 4] = {'P', 'J', 'R', '1'}, mac[16];
	size_t n = 4, serial_n = strlen(serial);
	int ret;

	if (serial_n > 16)
		return err_set(err, E_CONFIG, "serial \"%s\" is longer than 16", serial);
	memcpy(input + n, serial, serial_n);
	n += serial_n;
	memcpy(input + n, number, 10);
	n += 10;
	for (size_t i = 0; i < p->key_n; i++, n += 3)
		memcpy(input + n, p->keys[i].kcv, 3);
	input[n++] = (uint8_t)(p->online_counter >> 8);
	input[n++] = (uint8_t)p->online_counter;
	input[n++] = (uint8_t)(p->offline_counter >> 8);
	input[n++] = (uint8_t)p->offline_counter;
	ret = keys->driver->cmac(keys, session_mac, input, n, mac, err);
	return ret < 0 ? ret : secret_same(mac, receipt, 8);
}
