#include "job/job.h"
#include "core/hex.h"
#include "core/mask.h"
#include "job/signature.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { DIGITS, HEX, NAME, TEXT, INT, OBJECT, LIST };

struct member {
	const char *name;
	enum kind kind;
	size_t low, high; /* characters, or the range of an integer */
	bool optional;
};

static const struct member job_members[] = {
	{"format", TEXT, 1, 32, false},
	{"job", NAME, 1, JOB_TEXT - 1, false},
	{"allotment", OBJECT, 0, 0, false},
	{"station", HEX, SIGNER_NAME - 1, SIGNER_NAME - 1, false},
	{"product", TEXT, 1, JOB_TEXT - 1, false},
	{"key_set", OBJECT, 0, 0, false},
	{"quantity", INT, 1, 1000000, false},
	{"issuer", OBJECT, 0, 0, false},
	{"card_keys", TEXT, 1, 16, false},
	{"counters", OBJECT, 0, 0, false},
	{"factory_payment", OBJECT, 0, 0, false},
	{"cards", LIST, 0, 0, false},
	{0},
};

static const struct member allotment_members[] = {
	{"number", INT, 1, 1000, false},
	{"of", INT, 1, 1000, false},
	{"job_quantity", INT, 1, 1000000, false},
	{0},
};

static const struct member key_set_members[] = {
	{"name", TEXT, 1, 31, false},
	{"kcv", OBJECT, 0, 0, false},
	{0},
};

static const struct member kcv_members[] = {
	{"KMC", HEX, 6, 6, false},
	{"KEK", HEX, 6, 6, true},
	{"MLK", HEX, 6, 6, true},
	{"MPK", HEX, 6, 6, true},
	{"MTK", HEX, 6, 6, true},
	{0},
};

static const struct member issuer_members[] = {
	{"id", HEX, 16, 16, false},
	{"application_type", HEX, 2, 2, false},
	{"application_version", HEX, 2, 2, false},
	{"data", HEX, 4, 4, false},
	{0},
};

static const struct member counter_members[] = {
	{"online", INT, 0, 0xFFF0, false},
	{"offline", INT, 0, 0xFFF0, false},
	{0},
};

static const struct member live_members[] = {
	{"mode", TEXT, 1, 16, false},
	{"amount_cents", INT, 1, 100000000, false},
	{"terminal", HEX, 12, 12, false},
	{"count", INT, 1, 16, false}, /* of loads and of purchases with one card */
	{0},
};

static const struct member test_members[] = {
	{"mode", TEXT, 1, 16, false},
	{"amount_cents", INT, 1, 100000000, false},
	{"terminal", HEX, 12, 12, false},
	{"key_index", INT, 1, 255, false},
	{"key_version", INT, 1, 255, false},
	{0},
};

static const struct member card_members[] = {
	{"number", DIGITS, 20, 20, false},
	{"valid_from", DIGITS, 8, 8, false},
	{"valid_to", DIGITS, 8, 8, false},
	{"extended", HEX, 0, 2 * JOB_EXTENDED, true},
	{"keys", OBJECT, 0, 0, true},
	{0},
};

/* Card-unique keys by usage, each AES-wrapped (RFC 3394) under the station's KEK: 24 bytes. */
static const struct member wrapped_members[] = {
	{"34", HEX, 48, 48, false},
	{"3E", HEX, 48, 48, false},
	{"3F", HEX, 48, 48, false},
	{0},
};

static bool text_is(const char *s, enum kind kind)
{
	static const char name[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	uint8_t bytes[JOB_EXTENDED];

	if (kind == NAME) /* it becomes part of file names */
		return s[0] != '.' && !s[strspn(s, name)];
	if (kind == HEX)
		return hex_decode(s, strlen(s), bytes, sizeof(bytes)) >= 0;
	for (; *s; s++)
		if (kind == DIGITS ? !isdigit((unsigned char)*s) : !isprint((unsigned char)*s))
			return false;
	return true;
}

static bool value_is(const json_t *v, const struct member *m)
{
	switch (m->kind) {
	case OBJECT: return json_is_object(v);
	case LIST: return json_is_array(v);
	case INT:
		return json_is_integer(v) && json_integer_value(v) >= (json_int_t)m->low &&
		       json_integer_value(v) <= (json_int_t)m->high;
	case DIGITS:
	case HEX:
	case NAME:
	case TEXT:
		return json_is_string(v) && json_string_length(v) >= m->low &&
		       json_string_length(v) <= m->high && text_is(json_string_value(v), m->kind);
	}
	return false;
}

static const struct member *find_member(const struct member *members, const char *name)
{
	for (; members->name; members++)
		if (!strcmp(members->name, name))
			return members;
	return NULL;
}

static int check_object(
	const char *where, json_t *object, const struct member *members, struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return err_set(err, E_CONFIG, "%s: must be an object", where);
	for (const struct member *m = members; m->name; m++) {
		value = json_object_get(object, m->name);
		if (!value && m->optional)
			continue;
		if (!value)
			return err_set(err, E_CONFIG, "%s: \"%s\" is missing", where, m->name);
		if (!value_is(value, m))
			return err_set(err, E_CONFIG, "%s: \"%s\" is malformed", where, m->name);
	}
	json_object_foreach(object, name, value) if (!find_member(members, name)) return err_set(
		err, E_CONFIG, "%s: \"%s\": unknown member", where, name);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct job_card *const *x = a, *const *y = b;

	return strcmp((*x)->number, (*y)->number);
}

static int check_numbers(const char *path, const struct job *job, struct err *err)
{
	const struct job_card **sorted = calloc(job->card_n, sizeof(*sorted));
	int ret = 0;

	if (!sorted)
		return err_set(err, E_SYSTEM, "%s: out of memory", path);
	for (size_t i = 0; i < job->card_n; i++)
		sorted[i] = &job->cards[i];
	qsort(sorted, job->card_n, sizeof(*sorted), by_number);
	for (size_t i = 1; i < job->card_n && ret == 0; i++) {
		char masked[MASK_TEXT];

		if (strcmp(sorted[i - 1]->number, sorted[i]->number) != 0)
			continue;
		mask_number(sorted[i]->number, masked);
		ret = err_set(err, E_CONFIG, "%s: cards %td and %td have the same number %s", path,
			sorted[i - 1] - job->cards + 1, sorted[i] - job->cards + 1, masked);
	}
	free(sorted);
	return ret;
}

static int read_card(
	const char *where, json_t *card, bool wrapped, struct job_card *out, struct err *err)
{
	json_t *keys = json_object_get(card, "keys");
	const char *extended;
	char *text;
	int ret = check_object(where, card, card_members, err);

	if (ret < 0)
		return ret;
	if (wrapped != !!keys)
		return err_set(err, E_CONFIG, "%s: \"keys\" %s", where,
			wrapped ? "is missing" : "are not for a job with diversified keys");
	extended = json_string_value(json_object_get(card, "extended"));
	strcpy(out->number, json_string_value(json_object_get(card, "number")));
	strcpy(out->valid_from, json_string_value(json_object_get(card, "valid_from")));
	strcpy(out->valid_to, json_string_value(json_object_get(card, "valid_to")));
	strcpy(out->extended, extended ? extended : "");
	if (strcmp(out->valid_from, out->valid_to) > 0)
		return err_set(err, E_CONFIG, "%s: \"valid_to\" is before \"valid_from\"", where);
	if (!keys)
		return 0;
	ret = check_object(where, keys, wrapped_members, err);
	if (ret < 0)
		return ret;
	text = json_dumps(keys, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text || strlen(text) >= sizeof(out->keys))
		ret = err_set(err, E_SYSTEM, "%s: no room for its keys", where);
	else
		strcpy(out->keys, text);
	free(text);
	return ret;
}

static int read_cards(const char *path, json_t *root, struct job *job, struct err *err)
{
	json_t *list = json_object_get(root, "cards"), *card;
	json_int_t quantity = json_integer_value(json_object_get(root, "quantity"));
	bool wrapped = !strcmp(json_string_value(json_object_get(root, "card_keys")), "wrapped");
	char where[512];
	size_t i;
	int ret;

	if ((json_int_t)json_array_size(list) != quantity)
		return err_set(err, E_CONFIG, "%s: \"quantity\" is %lld, but there are %zu cards",
			path, (long long)quantity, json_array_size(list));
	job->cards = calloc(json_array_size(list), sizeof(*job->cards));
	if (!job->cards)
		return err_set(err, E_SYSTEM, "%s: out of memory", path);
	json_array_foreach(list, i, card)
	{
		snprintf(where, sizeof(where), "%s: card %zu", path, i + 1);
		ret = read_card(where, card, wrapped, &job->cards[i], err);
		if (ret < 0)
			return ret;
		job->card_n++;
	}
	return check_numbers(path, job, err);
}

static int read_payment(const char *path, json_t *root, struct err *err)
{
	json_t *payment = json_object_get(root, "factory_payment");
	const char *mode = json_string_value(json_object_get(payment, "mode"));
	char where[512];

	snprintf(where, sizeof(where), "%s: factory_payment", path);
	if (mode && !strcmp(mode, "live"))
		return check_object(where, payment, live_members, err);
	if (mode && !strcmp(mode, "test_keys"))
		return check_object(where, payment, test_members, err);
	return err_set(err, E_CONFIG, "%s: \"mode\" must be \"live\" or \"test_keys\"", where);
}

/* Keys come either wrapped, under a KEK, or diversified, from three masters. */
static int read_key_set(const char *path, json_t *root, struct job *job, struct err *err)
{
	const char *from = json_string_value(json_object_get(root, "card_keys"));
	json_t *set = json_object_get(root, "key_set"), *kcv = json_object_get(set, "kcv");
	bool wrapped = !strcmp(from, "wrapped");
	char where[512];
	int ret;

	if (!wrapped && strcmp(from, "diversify") != 0)
		return err_set(err, E_CONFIG,
			"%s: \"card_keys\" must be \"diversify\" or \"wrapped\"", path);
	snprintf(where, sizeof(where), "%s: key_set", path);
	if ((ret = check_object(where, set, key_set_members, err)) < 0 ||
		(ret = check_object(where, kcv, kcv_members, err)) < 0)
		return ret;
	if (wrapped ? !json_object_get(kcv, "KEK")
		    : !json_object_get(kcv, "MLK") || !json_object_get(kcv, "MPK") ||
				!json_object_get(kcv, "MTK"))
		return err_set(err, E_CONFIG, "%s: \"kcv\" must have %s", where,
			wrapped ? "KEK" : "MLK, MPK and MTK");
	strcpy(job->key_set, json_string_value(json_object_get(set, "name")));
	return 0;
}

static int read_head(const char *path, json_t *root, struct job *job, struct err *err)
{
	static const struct {
		const char *name;
		const struct member *members; /* NULL: read elsewhere */
	} parts[] = {{"allotment", allotment_members}, {"card_keys", NULL},
		{"counters", counter_members}, {"factory_payment", NULL},
		{"issuer", issuer_members}, {"key_set", NULL}};
	json_t *allotment = json_object_get(root, "allotment");
	char where[512];
	int ret;

	ret = check_object(path, root, job_members, err);
	if (ret < 0)
		return ret;
	if (strcmp(json_string_value(json_object_get(root, "format")), "payjig-job-2") != 0)
		return err_set(err, E_CONFIG, "%s: \"format\" must be \"payjig-job-2\"", path);
	job->terms = json_object();
	if (!job->terms)
		return err_set(err, E_SYSTEM, "%s: out of memory", path);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = json_object_get(root, parts[i].name);

		snprintf(where, sizeof(where), "%s: %s", path, parts[i].name);
		ret = parts[i].members ? check_object(where, part, parts[i].members, err) : 0;
		if (ret < 0)
			return ret;
		json_object_set(job->terms, parts[i].name, part);
	}
	if ((ret = read_payment(path, root, err)) < 0 ||
		(ret = read_key_set(path, root, job, err)) < 0)
		return ret;
	if (json_integer_value(json_object_get(allotment, "number")) >
		json_integer_value(json_object_get(allotment, "of")))
		return err_set(err, E_CONFIG, "%s: allotment: \"number\" is above \"of\"", path);
	snprintf(job->allotment, sizeof(job->allotment), "%lld of %lld",
		(long long)json_integer_value(json_object_get(allotment, "number")),
		(long long)json_integer_value(json_object_get(allotment, "of")));
	strcpy(job->name, json_string_value(json_object_get(root, "job")));
	strcpy(job->product, json_string_value(json_object_get(root, "product")));
	strcpy(job->station, json_string_value(json_object_get(root, "station")));
	return 0;
}

int job_parse(const char *path, const char *text, size_t length, struct job *job, struct err *err)
{
	json_error_t why;
	json_t *root;
	int ret;

	*job = (struct job){0};
	file_digest(text, length, job->digest);
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(err, E_CONFIG, "%s:%d: %s", path, why.line, why.text);
	ret = read_head(path, root, job, err);
	if (ret == 0)
		ret = read_cards(path, root, job, err);
	json_decref(root);
	if (ret < 0)
		job_finish(job);
	return ret;
}

int job_open(
	const char *path, const char *trust, const char *station, struct job *job, struct err *err)
{
	struct job_signature signature;
	char *text = NULL;
	size_t length = 0;
	int ret;

	*job = (struct job){0};
	ret = file_read(path, JOB_FILE_MAX, &text, &length, err);
	if (ret == 0)
		ret = signature_verify(path, text, length, trust, &signature, err);
	if (ret == 0)
		ret = job_parse(path, text, length, job, err);
	free(text);
	if (ret < 0)
		return ret;
	strcpy(job->signer, signature.signer);
	job->production = signature.production;
	if (strcasecmp(job->station, station) == 0)
		return 0;
	ret = err_set(err, E_CONFIG,
		"%s: allotment %s is for station %.16s..., this one is %.16s...", path,
		job->allotment, job->station, station);
	job_finish(job);
	return ret;
}

void job_finish(struct job *job)
{
	json_decref(job->terms);
	free(job->cards);
	*job = (struct job){0};
}
