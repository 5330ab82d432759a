#include "payment/keys_file.h"
#include "core/hex.h"
#include "core/secret.h"
#include "payment/keys_soft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 8192, KEYS = 5, KMC = 1, KEK = 0 };

/* KMC makes the transport keys, KEK wraps the card keys in jobs; the purse keys are named after
 * what they diversify into. A station whose jobs bring wrapped keys has no masters. */
static const struct {
	const char *name;
	int usage; /* enum key_usage of what a master diversifies into; 0: none */
} names[KEYS] = {
	{"KEK", 0}, {"KMC", 0}, {"MLK", KEY_LOAD}, {"MPK", KEY_PURCHASE}, {"MTK", KEY_TAC}};

struct file_state {
	struct secret *keys[KEYS]; /* in the order of names */
};

static int key_kcv(struct keys *keys, size_t i, uint8_t kcv[3], struct err *err)
{
	struct file_state *f = keys->state;
	struct key *key = soft_key(names[i].usage ? KEY_3DES : KEY_AES, f->keys[i]->bytes, 16);
	int ret;

	if (!key)
		return err_set(err, E_SYSTEM, "out of secure memory");
	ret = soft_kcv(keys, key, kcv, err);
	soft_drop(keys, key);
	return ret;
}

static int read_key_line(struct file_state *f, const char *where, int number, char *line,
	struct keys *keys, struct err *err)
{
	uint8_t kcv[3], right[3];
	char *save = NULL, *name, *hex, *check;
	size_t i;
	int ret;

	line[strcspn(line, "#")] = '\0';
	name = strtok_r(line, " \t\r", &save);
	if (!name)
		return 0;
	hex = strtok_r(NULL, " \t\r", &save);
	check = strtok_r(NULL, " \t\r", &save);
	if (!strcmp(name, "set") && hex && !check && strlen(hex) < sizeof(keys->set)) {
		memcpy(keys->set, hex, strlen(hex) + 1);
		return 0;
	}
	for (i = 0; i < KEYS && strcmp(names[i].name, name) != 0; i++)
		;
	if (i == KEYS || !hex || !check || strtok_r(NULL, " \t\r", &save))
		return err_set(err, E_CONFIG,
			"%s:%d: must be \"set NAME\" or \"KEK|KMC|MLK|MPK|MTK HEX KCV\"", where,
			number);
	if (f->keys[i])
		return err_set(err, E_CONFIG, "%s:%d: %s: given twice", where, number, name);
	f->keys[i] = secret_new(16);
	if (!f->keys[i])
		return err_set(err, E_SYSTEM, "out of secure memory");
	if (hex_decode(hex, strlen(hex), f->keys[i]->bytes, 16) != 16)
		return err_set(
			err, E_CONFIG, "%s:%d: %s: a key is 32 hex digits", where, number, name);
	if (hex_decode(check, strlen(check), kcv, 3) != 3)
		return err_set(
			err, E_CONFIG, "%s:%d: %s: a KCV is 6 hex digits", where, number, name);
	ret = key_kcv(keys, i, right, err);
	if (ret == 0 && !secret_same(kcv, right, 3))
		ret = err_set(err, E_CONFIG, "%s:%d: %s: the KCV does not belong to the key", where,
			number, name);
	return ret;
}

static void file_close(struct keys *keys)
{
	struct file_state *f = keys->state;

	for (size_t i = 0; i < KEYS; i++)
		secret_free(f->keys[i]);
	free(f);
}

static int file_open(struct keys *keys, const char *where, struct err *err)
{
	struct file_state *f = calloc(1, sizeof(*f));
	struct secret *text = secret_new(FILE_MAX);
	char *line, *next;
	int fd = -1, number = 1, ret = 0;
	ssize_t n = 0, got;

	keys->state = f;
	if (!f || !text) {
		ret = err_set(err, E_SYSTEM, "out of secure memory");
		goto out;
	}
	fd = open(where, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = err_set(err, E_CONFIG, "%s: %s", where, strerror(errno));
		goto out;
	}
	while ((got = read(fd, text->bytes + n, (size_t)(FILE_MAX - 1 - n))) > 0)
		n += got;
	if (got < 0 || n == FILE_MAX - 1) {
		ret = err_set(
			err, E_CONFIG, "%s: %s", where, got < 0 ? strerror(errno) : "too long");
		goto out;
	}
	for (line = (char *)text->bytes; line && *line && ret == 0; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		ret = read_key_line(f, where, number, line, keys, err);
	}
	if (ret == 0 && !f->keys[KMC])
		ret = err_set(err, E_CONFIG, "%s:%d: KMC: missing", where, number);
	if (ret == 0 && !keys->set[0])
		ret = err_set(err, E_CONFIG, "%s:%d: set: missing", where, number);
	keys->lab = true;
out:
	if (fd >= 0)
		close(fd);
	secret_free(text);
	if (ret < 0 && f)
		file_close(keys);
	return ret;
}

static int file_diversify(struct keys *keys, enum key_usage usage, enum key_algorithm algorithm,
	const uint8_t *factor, size_t n, struct key **card_key, struct err *err)
{
	struct file_state *f = keys->state;
	struct key *master = NULL;
	int ret;

	for (size_t i = 0; i < KEYS; i++)
		if (names[i].usage == (int)usage && f->keys[i])
			master = soft_key(algorithm, f->keys[i]->bytes, 16);
	if (!master)
		return err_set(err, E_CONFIG, "no master key for usage %02X", (unsigned)usage);
	ret = soft_diversify(master, factor, n, card_key, err);
	soft_drop(keys, master);
	return ret;
}

static int no_key(const char *name, struct err *err)
{
	return err_set(err, E_CONFIG, "the key file has no %s", name);
}

static int file_unwrap(struct keys *keys, enum key_algorithm algorithm,
	const uint8_t wrapped[KEY_WRAPPED], struct key **card_key, struct err *err)
{
	struct file_state *f = keys->state;
	struct key *kek = f->keys[KEK] ? soft_key(KEY_AES, f->keys[KEK]->bytes, 16) : NULL;
	int ret =
		kek ? soft_key_unwrap(kek, algorithm, wrapped, card_key, err) : no_key("KEK", err);

	soft_drop(keys, kek);
	return ret;
}

static int file_wrap_for_job(struct keys *keys, const struct key *card_key,
	uint8_t wrapped[KEY_WRAPPED], struct err *err)
{
	struct file_state *f = keys->state;
	struct key *kek = f->keys[KEK] ? soft_key(KEY_AES, f->keys[KEK]->bytes, 16) : NULL;
	int ret = kek ? soft_key_wrap(kek, card_key, wrapped, err) : no_key("KEK", err);

	soft_drop(keys, kek);
	return ret;
}

static int file_test(struct keys *keys, enum key_usage usage, enum key_algorithm algorithm,
	const uint8_t diversification[10], struct key **key, struct err *err)
{
	struct file_state *f = keys->state;
	uint8_t input[22] = "payjig test";
	struct key *kmc = soft_key(KEY_AES, f->keys[KMC]->bytes, 16);
	int ret;

	if (!kmc)
		return err_set(err, E_SYSTEM, "out of secure memory");
	input[11] = (uint8_t)usage;
	memcpy(input + 12, diversification, 10);
	ret = soft_derive_as(kmc, algorithm, input, sizeof(input), key, err);
	soft_drop(keys, kmc);
	return ret;
}

static int file_kcv_of(struct keys *keys, const char *name, uint8_t kcv[3], struct err *err)
{
	struct file_state *f = keys->state;

	for (size_t i = 0; i < KEYS; i++)
		if (!strcmp(names[i].name, name) && f->keys[i])
			return key_kcv(keys, i, kcv, err);
	return no_key(name, err);
}

static int file_scp_static(struct keys *keys, enum key_scp k, const uint8_t diversification[10],
	struct key **key, struct err *err)
{
	struct file_state *f = keys->state;
	uint8_t input[26] = {[11] = (uint8_t)k, [12] = 0, [13] = 0x00, [14] = 0x80, [15] = 0x01};
	struct key *kmc = soft_key(KEY_AES, f->keys[KMC]->bytes, 16);
	int ret;

	if (!kmc)
		return err_set(err, E_SYSTEM, "out of secure memory");
	memcpy(input + 16, diversification, 10);
	ret = soft_derive(keys, kmc, input, sizeof(input), key, err);
	soft_drop(keys, kmc);
	return ret;
}

static int file_published(struct keys *keys, struct key **key, struct err *err)
{
	uint8_t bytes[16];

	(void)keys;
	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (uint8_t)(0x40 + i);
	*key = soft_key(KEY_AES, bytes, 16);
	return *key ? 0 : err_set(err, E_SYSTEM, "out of secure memory");
}

const struct keys_driver keys_file = {
	.name = "file",
	.open = file_open,
	.close = file_close,
	.diversify = file_diversify,
	.unwrap = file_unwrap,
	.wrap_for_job = file_wrap_for_job,
	.test = file_test,
	.kcv_of = file_kcv_of,
	.scp_static = file_scp_static,
	.published = file_published,
	.derive = soft_derive,
	.session = soft_session,
	.tac = soft_tac,
	.mac = soft_mac,
	.verify = soft_verify,
	.cmac = soft_cmac,
	.encrypt = soft_encrypt,
	.wrap = soft_wrap,
	.kcv = soft_kcv,
	.is = soft_is,
	.drop = soft_drop,
};
