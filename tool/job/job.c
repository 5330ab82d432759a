#include "job/job.h"
#include "core/hex.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024 * 1024 };

enum kind { DIGITS, HEX, TEXT, INT, OBJECT, LIST };

struct member {
	const char *name;
	enum kind kind;
	size_t low, high; /* characters, or the range of an integer */
	bool optional;
};

static const struct member job_members[] = {
	{"format", TEXT, 1, 32, false},
	{"job", TEXT, 1, JOB_TEXT - 1, false},
	{"product", TEXT, 1, JOB_TEXT - 1, false},
	{"key_set", TEXT, 1, 31, false},
	{"quantity", INT, 1, 1000000, false},
	{"issuer", OBJECT, 0, 0, false},
	{"card_keys", TEXT, 1, 16, false},
	{"counters", OBJECT, 0, 0, false},
	{"factory_payment", OBJECT, 0, 0, false},
	{"cards", LIST, 0, 0, false},
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

static const struct member payment_members[] = {
	{"mode", TEXT, 1, 16, false},
	{"amount_cents", INT, 1, 100000000, false},
	{"terminal", HEX, 12, 12, false},
	{"count", INT, 1, 2, false},
	{0},
};

static const struct member card_members[] = {
	{"number", DIGITS, 20, 20, false},
	{"valid_from", DIGITS, 8, 8, false},
	{"valid_to", DIGITS, 8, 8, false},
	{"extended", HEX, 0, 2 * JOB_EXTENDED, true},
	{0},
};

static bool text_is(const char *s, enum kind kind)
{
	uint8_t bytes[JOB_EXTENDED];

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
		char masked[24];

		if (strcmp(sorted[i - 1]->number, sorted[i]->number) != 0)
			continue;
		job_mask(sorted[i]->number, masked);
		ret = err_set(err, E_CONFIG, "%s: cards %td and %td have the same number %s", path,
			sorted[i - 1] - job->cards + 1, sorted[i] - job->cards + 1, masked);
	}
	free(sorted);
	return ret;
}

static int read_cards(const char *path, json_t *root, struct job *job, struct err *err)
{
	json_t *list = json_object_get(root, "cards"), *card;
	json_int_t quantity = json_integer_value(json_object_get(root, "quantity"));
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
		const char *extended;

		snprintf(where, sizeof(where), "%s: card %zu", path, i + 1);
		ret = check_object(where, card, card_members, err);
		if (ret < 0)
			return ret;
		extended = json_string_value(json_object_get(card, "extended"));
		strcpy(job->cards[i].number, json_string_value(json_object_get(card, "number")));
		strcpy(job->cards[i].valid_from,
			json_string_value(json_object_get(card, "valid_from")));
		strcpy(job->cards[i].valid_to,
			json_string_value(json_object_get(card, "valid_to")));
		strcpy(job->cards[i].extended, extended ? extended : "");
		job->card_n++;
	}
	return check_numbers(path, job, err);
}

static int read_head(const char *path, json_t *root, struct job *job, struct err *err)
{
	static const struct {
		const char *name;
		const struct member *members;
	} parts[] = {{"issuer", issuer_members}, {"counters", counter_members},
		{"factory_payment", payment_members}};
	char where[512];
	int ret;

	ret = check_object(path, root, job_members, err);
	if (ret < 0)
		return ret;
	if (strcmp(json_string_value(json_object_get(root, "format")), "payjig-job-1") != 0)
		return err_set(err, E_CONFIG, "%s: \"format\" must be \"payjig-job-1\"", path);
	if (strcmp(json_string_value(json_object_get(root, "card_keys")), "diversify") != 0)
		return err_set(err, E_CONFIG,
			"%s: \"card_keys\" must be \"diversify\" with this station", path);
	job->terms = json_object();
	if (!job->terms)
		return err_set(err, E_SYSTEM, "%s: out of memory", path);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = json_object_get(root, parts[i].name);

		snprintf(where, sizeof(where), "%s: %s", path, parts[i].name);
		ret = check_object(where, part, parts[i].members, err);
		if (ret < 0)
			return ret;
		json_object_set(job->terms, parts[i].name, part);
	}
	if (strcmp(json_string_value(
			   json_object_get(json_object_get(root, "factory_payment"), "mode")),
		    "live") != 0)
		return err_set(
			err, E_CONFIG, "%s: factory_payment: \"mode\" must be \"live\" here", path);
	strcpy(job->name, json_string_value(json_object_get(root, "job")));
	strcpy(job->product, json_string_value(json_object_get(root, "product")));
	strcpy(job->key_set, json_string_value(json_object_get(root, "key_set")));
	return 0;
}

int job_read(const char *path, struct job *job, struct err *err)
{
	char *text = NULL;
	size_t length = 0;
	json_error_t why;
	json_t *root;
	int ret;

	*job = (struct job){0};
	ret = file_read(path, FILE_MAX, &text, &length, err);
	if (ret < 0)
		return ret;
	file_digest(text, length, job->digest);
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	free(text);
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

void job_finish(struct job *job)
{
	json_decref(job->terms);
	free(job->cards);
	*job = (struct job){0};
}

void job_mask(const char *number, char out[24])
{
	size_t n = strlen(number);

	if (n < 11 || n > 23) {
		strcpy(out, "?");
		return;
	}
	memset(out, '*', n);
	memcpy(out, number, 6);
	memcpy(out + n - 4, number + n - 4, 4);
	out[n] = '\0';
}
