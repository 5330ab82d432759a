/*
 * payjig job make: a lab job as the data-preparation system would make it, so that anyone can try.
 * With several stations each gets an allotment of its own, bound to its key.
 */
#include "cmd/cmd.h"
#include "cmd/job.h"
#include "core/file.h"
#include "core/hex.h"
#include "core/num.h"
#include "job/signature.h"
#include "payment/keys.h"
#include "station/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATIONS = 64, STEP = 7919, LAST_DIGITS = 16 };

struct make {
	const char *out, *fixture, *name, *certificate, *key, *payment, *card_keys, *quantity_text,
		*first, *amount_text, *count_text, *stations_text;
	int64_t quantity, amount, count, station_n;
	char stations[STATIONS][SIGNER_NAME];
	struct profile profile;
	const char *product;
	struct keys *keys;
};

static const char issuer_id[] = "8601015561880001";

/* ---- reading ---- */

static int whole(const char *what, const char *text, int64_t low, int64_t high, int64_t *value,
	struct err *err)
{
	if (num_integer(text, value) < 0 || *value < low || *value > high)
		return err_set(err, E_CONFIG, "job make: --%s %s: must be %" PRId64 " to %" PRId64,
			what, text, low, high);
	return 0;
}

static int open_keys(struct make *m, const struct fixture *fixture, struct err *err)
{
	char *spec = identity_keys(m->fixture, fixture, err);
	int ret = spec ? keys_open(&m->keys, spec, err) : err->status;

	free(spec);
	return ret;
}

static int read_stations(
	struct make *m, const char **files, size_t n, const char *own, struct err *err)
{
	int ret = 0;

	if (!m->stations_text && n == 0) {
		m->station_n = 1;
		strcpy(m->stations[0], own);
		return 0;
	}
	if (m->stations_text)
		ret = whole("stations", m->stations_text, 1, STATIONS, &m->station_n, err);
	else
		m->station_n = (int64_t)n;
	if (ret < 0)
		return ret;
	if ((size_t)m->station_n != n)
		return err_set(err, E_CONFIG,
			"job make: %" PRId64 " stations need as many key files, there are %zu",
			m->station_n, n);
	for (size_t i = 0; i < n && ret == 0; i++) {
		ret = signer_read_name(files[i], m->stations[i], err);
		for (size_t k = 0; k < i && ret == 0; k++)
			if (!strcmp(m->stations[k], m->stations[i]))
				ret = err_set(err, E_CONFIG, "%s: is the same station as %s",
					files[i], files[k]);
	}
	return ret;
}

/* ---- writing ---- */

static json_t *key_set(struct make *m, struct err *err)
{
	static const char *const diversify[] = {"KMC", "MLK", "MPK", "MTK", NULL};
	static const char *const wrapped[] = {"KMC", "KEK", NULL};
	json_t *kcvs = json_object();

	for (const char *const *name = !strcmp(m->card_keys, "wrapped") ? wrapped : diversify;
		*name; name++) {
		uint8_t kcv[3];
		char hex[7];

		if (m->keys->driver->kcv_of(m->keys, *name, kcv, err) < 0) {
			json_decref(kcvs);
			return NULL;
		}
		hex_encode(kcv, sizeof(kcv), hex);
		json_object_set_new(kcvs, *name, json_string(hex));
	}
	return json_pack("{ss, so}", "name", m->keys->set, "kcv", kcvs);
}

static json_t *payment_of(const struct make *m)
{
	json_t *p = json_pack("{ss, sI, ss}", "mode", m->payment, "amount_cents",
		(json_int_t)m->amount, "terminal", "112233445566");

	if (!strcmp(m->payment, "live")) {
		json_object_set_new(p, "count", json_integer((json_int_t)m->count));
		return p;
	}
	json_object_set_new(
		p, "key_index", json_integer((json_int_t)m->profile.purse.key_index + 1));
	json_object_set_new(
		p, "key_version", json_integer((json_int_t)m->profile.purse.key_version));
	return p;
}

static json_t *wrap_keys(struct make *m, const char *number, struct err *err)
{
	static const enum key_usage usages[] = {KEY_TAC, KEY_PURCHASE, KEY_LOAD};
	enum key_algorithm algorithm =
		m->profile.purse.algorithm == PROFILE_SM4 ? KEY_SM4 : KEY_3DES;
	size_t n = (size_t)m->profile.purse.factor_length;
	json_t *out = json_object();
	uint8_t factor[16];
	int ret = 0;

	hex_decode(issuer_id, 16, factor, 8);
	hex_decode(number + 4, 16, factor + 8, 8);
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]) && ret == 0; i++) {
		uint8_t wrapped[KEY_WRAPPED], byte = (uint8_t)usages[i];
		char hex[2 * KEY_WRAPPED + 1], usage[3];
		struct key *key = NULL;

		ret = m->keys->driver->diversify(
			m->keys, usages[i], algorithm, factor + sizeof(factor) - n, n, &key, err);
		if (ret == 0)
			ret = m->keys->driver->wrap_for_job(m->keys, key, wrapped, err);
		m->keys->driver->drop(m->keys, key);
		hex_encode(&byte, 1, usage);
		hex_encode(wrapped, sizeof(wrapped), hex);
		if (ret == 0)
			json_object_set_new(out, usage, json_string(hex));
	}
	if (ret == 0)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *card_of(struct make *m, int64_t position, struct err *err)
{
	int64_t last = 0;
	char number[21];
	json_t *card, *keys;

	num_integer(m->first + strlen(m->first) - LAST_DIGITS, &last);
	snprintf(number, sizeof(number), "%.4s%016" PRId64, m->first, last + position * STEP);
	card = json_pack(
		"{ss, ss, ss}", "number", number, "valid_from", "20260101", "valid_to", "20361231");
	if (position % 5 == 1) /* some have extended information, some have none */
		json_object_set_new(card, "extended", json_string("9F0A084C41422D30303031"));
	if (strcmp(m->card_keys, "wrapped") != 0)
		return card;
	keys = wrap_keys(m, number, err);
	if (keys) {
		json_object_set_new(card, "keys", keys);
		return card;
	}
	json_decref(card);
	return NULL;
}

static int write_cards(struct make *m, FILE *f, int64_t from, int64_t n, struct err *err)
{
	for (int64_t i = 0; i < n; i++) {
		json_t *card = card_of(m, from + i, err);
		char *line = card ? json_dumps(card, 0) : NULL;

		json_decref(card);
		if (!line)
			return err->status;
		fprintf(f, "%s\n  %s", i ? "," : "", line);
		free(line);
	}
	return 0;
}

/* One allotment: cards from..from+n of the job, a card a line. */
static int write_allotment(
	struct make *m, int64_t station, const char *path, int64_t from, int64_t n, struct err *err)
{
	json_t *set = key_set(m, err), *head;
	char *text = NULL, *top;
	size_t length = 0;
	FILE *f = set ? open_memstream(&text, &length) : NULL;
	int ret;

	if (!f) {
		json_decref(set);
		return set ? err_set(err, E_SYSTEM, "out of memory") : err->status;
	}
	head = json_pack(
		"{ss, ss, s{sI, sI, sI}, ss, ss, so, sI, s{ss, ss, ss, ss}, ss, s{si, si}, so}",
		"format", "payjig-job-2", "job", m->name, "allotment", "number",
		(json_int_t)station + 1, "of", (json_int_t)m->station_n, "job_quantity",
		(json_int_t)m->quantity, "station", m->stations[station], "product", m->product,
		"key_set", set, "quantity", (json_int_t)n, "issuer", "id", issuer_id,
		"application_type", "02", "application_version", "01", "data", "0000", "card_keys",
		m->card_keys, "counters", "online", 0, "offline", 0, "factory_payment",
		payment_of(m));
	top = json_dumps(head, JSON_INDENT(1));
	json_decref(head);
	fprintf(f, "%.*s,\n \"cards\": [", (int)strlen(top) - 2, top);
	free(top);
	ret = write_cards(m, f, from, n, err);
	fputs("\n ]\n}\n", f);
	fclose(f);
	if (ret == 0)
		ret = file_write(path, FILE_OWN, text, length, err);
	if (ret == 0)
		ret = signature_make_lab(path, text, length, m->certificate, m->key, err);
	free(text);
	if (ret == 0)
		printf("%s\n%s.cms\n", path, path);
	return ret;
}

/* FILE.json, or FILE-1.json, FILE-2.json, ... */
static void path_of(const struct make *m, int64_t station, char path[4096])
{
	size_t n = strlen(m->out);
	bool json = n > 5 && !strcmp(m->out + n - 5, ".json");

	if (m->station_n == 1)
		snprintf(path, 4096, "%s", m->out);
	else
		snprintf(path, 4096, "%.*s-%" PRId64 "%s", (int)(json ? n - 5 : n), m->out,
			station + 1, json ? ".json" : "");
}

static int write_all(struct make *m, struct err *err)
{
	int64_t from = 0;
	int ret = 0;

	for (int64_t i = 0; i < m->station_n && ret == 0; i++) {
		int64_t n = m->quantity / m->station_n + (i < m->quantity % m->station_n);
		char path[4096];

		path_of(m, i, path);
		ret = write_allotment(m, i, path, from, n, err);
		from += n;
	}
	return ret;
}

static int check(struct make *m, struct err *err)
{
	int ret;

	if ((ret = whole("quantity", m->quantity_text, 1, 1000000, &m->quantity, err)) < 0 ||
		(ret = whole("amount", m->amount_text, 1, 100000000, &m->amount, err)) < 0 ||
		(ret = whole("count", m->count_text, 1, 16, &m->count, err)) < 0)
		return ret;
	if (strcmp(m->payment, "live") != 0 && strcmp(m->payment, "test_keys") != 0)
		return err_set(err, E_CONFIG, "job make: --payment %s: must be live or test_keys",
			m->payment);
	if (strcmp(m->card_keys, "diversify") != 0 && strcmp(m->card_keys, "wrapped") != 0)
		return err_set(err, E_CONFIG,
			"job make: --card-keys %s: must be diversify or wrapped", m->card_keys);
	if (strlen(m->first) != 20 || m->first[strspn(m->first, "0123456789")])
		return err_set(err, E_CONFIG, "job make: --first %s: a card number has 20 digits",
			m->first);
	return 0;
}

/* One model's profile, or the family of them all. */
static int find_product(struct make *m, const struct fixture *fixture, struct err *err)
{
	int ret = identity_profile(m->fixture, &fixture->slots[0], &m->profile, err);

	if (ret < 0)
		return ret;
	m->product = m->profile.name;
	for (size_t i = 1; i < fixture->slot_n; i++) {
		struct profile other;

		ret = identity_profile(m->fixture, &fixture->slots[i], &other, err);
		if (ret < 0)
			return ret;
		if (strcmp(other.name, m->profile.name) != 0)
			m->product = m->profile.family;
		if (!profile_is_product(&other, m->product))
			return err_set(err, E_CONFIG,
				"%s: slots %lld and %lld hold products that are no family",
				m->fixture, (long long)fixture->slots[0].slot,
				(long long)fixture->slots[i].slot);
	}
	return 0;
}

static int make(struct make *m, const char **files, size_t n, struct err *err)
{
	struct identity identity = {0};
	struct fixture fixture;
	int ret = check(m, err);

	if (ret < 0)
		return ret;
	if ((ret = identity_load(&identity, m->fixture, &fixture, err)) == 0 &&
		(ret = read_stations(m, files, n, identity.name, err)) == 0 &&
		(ret = find_product(m, &fixture, err)) == 0 &&
		(ret = open_keys(m, &fixture, err)) == 0) {
		if (m->quantity < m->station_n)
			ret = err_set(err, E_CONFIG,
				"job make: fewer cards than stations: %" PRId64, m->quantity);
		else
			ret = write_all(m, err);
	}
	keys_close(m->keys);
	identity_close(&identity);
	return ret;
}

int job_make(int argc, char **argv)
{
	struct make m = {.payment = "live",
		.card_keys = "diversify",
		.quantity_text = "400",
		.amount_text = "100",
		.count_text = "1",
		.first = "62200000002600000001"};
	const struct option_row rows[] = {
		{"amount", "CENTS", "of the factory payment (100)", &m.amount_text, NULL, false},
		{"card-keys", "WORD", "diversify or wrapped (diversify)", &m.card_keys, NULL,
			false},
		{"count", "N", "factory loads and purchases a card, 1 to 16 (1)", &m.count_text,
			NULL, false},
		{"certificate", "FILE", "the lab's, that signs (PEM)", &m.certificate, NULL, true},
		{"first", "NUMBER", "of the first card, 20 digits", &m.first, NULL, false},
		{"fixture", "FILE", "product, keys and station", &m.fixture, NULL, true},
		{"job", "NAME", "the job's name", &m.name, NULL, true},
		{"key", "FILE", "the certificate's private key (PEM)", &m.key, NULL, true},
		{"out", "FILE", "where to; signed in FILE.cms", &m.out, NULL, true},
		{"payment", "WORD", "live or test_keys (live)", &m.payment, NULL, false},
		{"quantity", "N", "cards (400)", &m.quantity_text, NULL, false},
		{"stations", "N", "allotments, for the stations with these keys (this one)",
			&m.stations_text, NULL, false},
		{0},
	};
	const char *files[STATIONS];
	struct err err;
	size_t n;
	int ret = options_read(argc, argv,
		"job make --fixture FILE --job NAME --out FILE --certificate FILE --key FILE"
		" [STATION.pub...]",
		rows, files, STATIONS, &n);

	if (ret >= 0)
		return ret;
	return make(&m, files, n, &err) < 0 ? cmd_failed(&err) : EXIT_PASS;
}
