/* payment/: APDUs, TLV, randomness, keys, SCP03 and the purse's parsers. */
#include "unit.h"

#include "core/hex.h"
#include "core/secret.h"
#include "payment/apdu.h"
#include "payment/describe.h"
#include "payment/keys.h"
#include "payment/purse.h"
#include "payment/randomness.h"
#include "payment/scp03.h"
#include "payment/tlv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void apdus_go_there_and_back(void **state)
{
	uint8_t raw[APDU_COMMAND], data[255] = {1, 2, 3};
	struct apdu a, b;
	struct err err;

	(void)state;
	for (size_t n = 0; n <= 255; n += 51) {
		for (int le = -1; le < 256; le += 128) {
			a = apdu_make(0x80E28901, data, n, le);
			assert_int_equal(apdu_decode(raw, apdu_encode(&a, raw), &b, &err), 0);
			assert_int_equal(b.lc, n);
			assert_int_equal(b.le, le);
			assert_memory_equal(b.data, data, n);
		}
	}
	assert_int_equal(apdu_decode(raw, 3, &b, &err), E_CONFIG);
	assert_int_equal(apdu_decode((const uint8_t *)"\x00\xA4\x04\x00\x05\x01\x02", 7, &b, &err),
		E_CONFIG);
}

static void tlv_never_reads_behind_the_end(void **state)
{
	static const uint8_t good[] = {0xDF, 0x21, 0x02, 'A', 'B', 0x84, 0x81, 0x01, 0xFF};
	struct tlv t;

	(void)state;
	assert_int_equal(tlv_find(good, sizeof(good), 0xDF21, &t), 1);
	assert_int_equal(t.n, 2);
	assert_int_equal(tlv_find(good, sizeof(good), 0x84, &t), 1);
	assert_int_equal(t.value[0], 0xFF);
	assert_int_equal(tlv_find(good, sizeof(good), 0x85, &t), 0);
	for (size_t cut = 1; cut < sizeof(good); cut++) {
		uint8_t *part = malloc(cut); /* so that a sanitizer sees one byte too far */

		memcpy(part, good, cut);
		assert_int_equal(tlv_find(part, cut, 0x99, &t), cut == 5 ? 0 : -1);
		free(part);
	}
}

static void randomness_sees_repeats_and_equal_steps(void **state)
{
	static const uint32_t good[] = {7, 0xFFFF0000, 3, 90000, 12, 0x80000000, 5555, 1};
	static const uint32_t constant[] = {9, 9, 9, 9, 9, 9, 9, 9};
	static const uint32_t repeat[] = {7, 1, 3, 90000, 12, 7, 5555, 2};
	static const uint32_t steps[] = {0xFFFFFFF0, 0xFFFFFFF8, 0, 8, 16, 24, 32, 40};

	(void)state;
	assert_null(randomness_judge(good, 8));
	assert_non_null(randomness_judge(constant, 8));
	assert_non_null(randomness_judge(repeat, 8));
	assert_non_null(randomness_judge(steps, 8));
	assert_non_null(randomness_judge(good, 2));
}

static void answers_of_a_wrong_length_are_refused(void **state)
{
	uint8_t data[64] = {0};
	struct purse_start start;
	struct purse_log log;
	struct scp03_answer answer;
	uint32_t cents;
	struct err err;

	(void)state;
	for (size_t n = 0; n < sizeof(data); n++) {
		assert_int_equal(
			purse_parse_balance(data, n, &cents, &err), n == 4 ? 0 : E_PROTOCOL);
		assert_int_equal(purse_parse_start(data, n, PURSE_TYPE_LOAD, &start, &err),
			n == 16 ? 0 : E_PROTOCOL);
		assert_int_equal(purse_parse_start(data, n, PURSE_TYPE_PURCHASE, &start, &err),
			n == 15 ? 0 : E_PROTOCOL);
		assert_int_equal(purse_parse_log(data, n, &log, &err), n == 23 ? 0 : E_PROTOCOL);
	}
	data[11] = 3;
	assert_int_equal(scp03_parse(data, 29, &answer, &err), 0);
	assert_int_equal(scp03_parse(data, 32, &answer, &err), E_PROTOCOL);
	assert_int_equal(scp03_parse(data, 28, &answer, &err), E_PROTOCOL);
	data[12] = 0x10; /* a sequence counter follows */
	assert_int_equal(scp03_parse(data, 32, &answer, &err), 0);
	assert_int_equal(scp03_parse(data, 29, &answer, &err), E_PROTOCOL);
	data[11] = 2;
	assert_int_equal(scp03_parse(data, 32, &answer, &err), E_PROTOCOL);
}

static void write_keys(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define Z "00000000000000000000000000000000"

static void a_bad_key_file_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"set X\nKMC 12 66E94B\n", ":2: KMC: a key is 32 hex digits"},
		{"set X\nKMC " Z " 66E94\n", ":2: KMC: a KCV is 6 hex digits"},
		{"set X\nKMC " Z " 66E94C\n", ":2: KMC: the KCV does not belong to the key"},
		{"set X\n\nFOO " Z " 66E94B\n", ":3: must be"},
		{"set X\nKMC " Z " 66E94B\nKMC " Z " 66E94B\n", ":3: KMC: given twice"},
		{"set X\nMLK " Z " 8CA64D\n", "KMC: missing"},
		{"KMC " Z " 66E94B\nMLK " Z " 8CA64D\nMPK " Z " 8CA64D\nMTK " Z " 8CA64D\n",
			"set: missing"},
	};
	char path[] = "/tmp/payjig-keys.XXXXXX", spec[64];
	struct keys *keys = NULL;
	struct err err;

	(void)state;
	close(mkstemp(path));
	snprintf(spec, sizeof(spec), "file:%s", path);
	for (size_t i = 0; i < ROWS(rows); i++) {
		write_keys(path, rows[i].text);
		assert_int_equal(keys_open(&keys, spec, &err), E_CONFIG);
		assert_non_null(strstr(err.text, rows[i].error));
		assert_null(strstr(err.text, Z)); /* no key byte in an error */
	}
	write_keys(path, "set X\nKMC " Z " 66E94B\nMLK " Z " 8CA64D\nMPK " Z " 8CA64D # c\nMTK " Z
			 " 8CA64D\n");
	assert_int_equal(keys_open(&keys, spec, &err), 0);
	assert_true(keys->lab);
	assert_string_equal(keys->set, "X");
	keys_close(keys);
	unlink(path);
	assert_int_equal(keys_open(&keys, spec, &err), E_CONFIG);
	assert_int_equal(keys_open(&keys, "hsm:x", &err), E_CONFIG);
}

/* RFC 3394, 4.1: 128 bits of key data under a 128-bit KEK. */
static void a_jobs_card_key_is_unwrapped_or_refused(void **state)
{
	static const uint8_t right[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
		0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
	uint8_t wrapped[KEY_WRAPPED], again[KEY_WRAPPED], kcv[3];
	char path[] = "/tmp/payjig-keys.XXXXXX", spec[64];
	struct keys *keys = NULL;
	struct key *key = NULL, *none = NULL;
	struct err err;

	(void)state;
	hex_decode(
		"1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5", 48, wrapped, sizeof(wrapped));
	close(mkstemp(path));
	snprintf(spec, sizeof(spec), "file:%s", path);
	write_keys(path, "set X\nKEK 000102030405060708090A0B0C0D0E0F C6A13B\nKMC " Z " 66E94B\n");
	assert_int_equal(keys_open(&keys, spec, &err), 0);
	assert_int_equal(keys->driver->unwrap(keys, KEY_3DES, wrapped, &key, &err), 0);
	assert_true(keys->driver->is(keys, key, right));
	assert_int_equal(keys->driver->wrap_for_job(keys, key, again, &err), 0);
	assert_memory_equal(again, wrapped, sizeof(again));
	wrapped[7] ^= 1;
	assert_int_equal(keys->driver->unwrap(keys, KEY_3DES, wrapped, &none, &err), E_CONFIG);
	assert_null(none);
	assert_int_equal(keys->driver->kcv_of(keys, "KEK", kcv, &err), 0);
	assert_int_equal(keys->driver->kcv_of(keys, "MPK", kcv, &err), E_CONFIG);
	keys->driver->drop(keys, key);
	keys_close(keys);
	unlink(path);
}

struct told {
	char text[512];
};

static void take_field(void *arg, bool answer, const char *name, const char *value)
{
	struct told *t = arg;
	size_t n = strlen(t->text);

	snprintf(t->text + n, sizeof(t->text) - n, "%s%s=%s;", answer ? "<" : ">", name, value);
}

static void an_exchange_is_told_in_words_and_shows_no_secret(void **state)
{
	static const struct {
		const char *command, *response, *name, *status, *fields;
	} rows[] = {
		{"805001020B01000000640000000000010F", "00002710000A00000001018899AABB9000",
			"INITIALIZE FOR PURCHASE", "done",
			">key index=1;>amount=1.00;>terminal=000000000001;<balance=100.00;"
			"<offline counter=10;<overdraft=0.00;<key version=1;<algorithm=01;"
			"<random=8899AABB;"},
		{"00B095001E",
			"11112222333344440101622000012345678900022026010120311231"
			"55669000",
			"READ BINARY, EF15", "done",
			"<issuer=1111222233334444;<card number=622000**********0002;"
			"<valid from=2026-01-01;<valid to=2031-12-31;"},
		/* a short or failed answer gives no field that is not there */
		{"00B095001E", "11226282", "READ BINARY, EF15", "status unknown", ""},
		{"805401000F0000000120261123081501AABBCCDD08", "9302", "DEBIT FOR PURCHASE",
			"MAC invalid",
			">terminal sequence=00000001;>date=2026-11-23;>time=08:15:01;"
			">MAC1=AABBCCDD;"},
		/* what the trace hides is not told */
		{"8482030010********************************", "9000", "EXTERNAL AUTHENTICATE",
			"done", ""},
		{"84E28901**********", "****************9000", "STORE DATA", "done", ""},
		{"805A000602000B08", "****************9000", "GET TRANSACTION PROVE", "done",
			">counter=11;"},
		{"805400", "", "?", NULL, ""},
		{"FFFFFFFF", "6D00", "?", "instruction not supported", ""},
		{"", "zz", "?", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct told told = {0};
		const char *status, *name = describe_apdu(rows[i].command, rows[i].response,
					    &status, take_field, &told);

		assert_string_equal(name, rows[i].name);
		assert_string_equal(told.text, rows[i].fields);
		if (rows[i].status)
			assert_string_equal(status, rows[i].status);
		else
			assert_null(status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apdus_go_there_and_back),
		cmocka_unit_test(an_exchange_is_told_in_words_and_shows_no_secret),
		cmocka_unit_test(tlv_never_reads_behind_the_end),
		cmocka_unit_test(randomness_sees_repeats_and_equal_steps),
		cmocka_unit_test(answers_of_a_wrong_length_are_refused),
		cmocka_unit_test(a_bad_key_file_is_named_with_its_line),
		cmocka_unit_test(a_jobs_card_key_is_unwrapped_or_refused),
	};

	if (secret_init() < 0)
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
