/* payjig job: inventories of cards, from import to the issuer's result. One table of what can be
 * done with them. */
#include "cmd/job.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "core/file.h"
#include "core/hex.h"
#include "messages/messages.h"
#include "plan/cards.h"
#include "station/identity.h"
#include "store/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- import ---- */

static int import(const char *fixture_path, const char *store_path, const char *file,
	char name[STORE_TEXT], struct err *err)
{
	struct identity identity = {0};
	struct fixture fixture = {0};
	struct profile *profiles = calloc(FIXTURE_SLOTS, sizeof(*profiles));
	struct store *store = NULL;
	int ret = profiles ? identity_load(&identity, fixture_path, &fixture, err)
			   : err_set(err, E_SYSTEM, "out of memory");

	for (size_t i = 0; i < fixture.slot_n && ret == 0; i++)
		ret = identity_profile(fixture_path, &fixture.slots[i], &profiles[i], err);
	if (ret == 0)
		ret = store_open(&store,
			&(struct store_options){.path = store_path,
				.signer = identity.signer,
				.state = identity.state},
			err);
	if (ret == 0)
		ret = identity_import(&identity, store, file, profiles, fixture.slot_n, name, err);
	store_close(store);
	identity_close(&identity);
	free(profiles);
	return ret;
}

static int job_import(int argc, char **argv)
{
	const char *fixture = NULL, *store = NULL, *files[64];
	const struct option_row rows[] = {
		{"fixture", "FILE", "the station: whom it trusts, who it is", &fixture, NULL, true},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	size_t n;
	int ret = options_read(argc, argv, "job import --fixture FILE --store FILE JOB.json...",
		rows, files, 64, &n);

	if (ret >= 0)
		return ret;
	for (size_t i = 0; i < n; i++) {
		char name[STORE_TEXT];
		struct err err;

		if (import(fixture, store, files[i], name, &err) < 0)
			return cmd_failed(&err);
		printf("%s: job %s is in the store\n", files[i], name);
	}
	return n ? EXIT_PASS : cmd_usage("job import: name at least one job file");
}

/* ---- looking ---- */

/* The options of what only reads: a store and a job. Negative: go on. */
static int read_options(
	int argc, char **argv, const char *usage, const char **store, const char **job, bool *json)
{
	const struct option_row rows[] = {
		{"job", "NAME", "the job", job, NULL, true},
		{"json", NULL, "as JSON", NULL, json, false},
		{"store", "FILE", "the store", store, NULL, true},
		{0},
	};
	size_t n;

	return options_read(argc, argv, usage, rows, NULL, 0, &n);
}

static json_t *balance_of(const char *store, const char *job, struct err *err)
{
	struct reader *reader = NULL;
	json_t *balance = NULL;

	if (reader_open(&reader, store, err) == 0)
		balance = reader_reconcile(reader, job, err);
	reader_close(reader);
	return balance;
}

static int job_list(int argc, char **argv)
{
	const char *store = NULL;
	const struct option_row rows[] = {{"store", "FILE", "the store", &store, NULL, true}, {0}};
	struct reader *reader = NULL;
	json_t *jobs = NULL, *job;
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, "job list --store FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	ret = reader_open(&reader, store, &err);
	if (ret == 0)
		jobs = reader_jobs(reader, &err);
	json_array_foreach(jobs, n, job)
	{
		json_t *b = reader_reconcile(reader, json_string_value(job), &err);

		printf("%-24s %-8s %6lld cards  %6lld committed  %6lld available\n",
			json_string_value(job), message_string(b, "state"),
			message_integer(b, "issued"), message_integer(b, "committed"),
			message_integer(b, "available"));
		json_decref(b);
	}
	ret = jobs ? EXIT_PASS : cmd_failed(&err);
	json_decref(jobs);
	reader_close(reader);
	return ret;
}

static int job_show(int argc, char **argv)
{
	const char *store = NULL, *job = NULL;
	struct reader *reader = NULL;
	json_t *facts = NULL;
	bool json = false;
	struct err err;
	int ret = read_options(argc, argv, "job show --store FILE --job NAME", &store, &job, &json);

	if (ret >= 0)
		return ret;
	if (reader_open(&reader, store, &err) == 0)
		facts = reader_job(reader, job, &err);
	reader_close(reader);
	if (!facts)
		return cmd_failed(&err);
	if (json) {
		json_dumpf(facts, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
		putchar('\n');
	} else {
		const json_t *terms = json_object_get(facts, "terms");
		const json_t *pay = json_object_get(terms, "factory_payment");

		printf("job        %s, allotment %s, %s\nrealm      %s, signed by %s\n", job,
			message_string(facts, "allotment"), message_string(facts, "state"),
			message_string(facts, "realm"), message_string(facts, "signer"));
		printf("product    %s, key set %s, card keys %s\ncards      %lld\nsha256     %s\n",
			message_string(facts, "product"), message_string(facts, "key_set"),
			message_string(terms, "card_keys"), message_integer(facts, "cards"),
			message_string(facts, "digest"));
		printf("payment    %s, %lld cents at terminal %s\n", message_string(pay, "mode"),
			message_integer(pay, "amount_cents"), message_string(pay, "terminal"));
	}
	json_decref(facts);
	return EXIT_PASS;
}

/* ---- reconciliation ---- */

static void print_balance(const json_t *b)
{
	const struct card_state *states;
	const json_t *row;
	size_t n, i;

	printf("job %s, %s\n  %-12s %8lld\n", message_string(b, "job"), message_string(b, "state"),
		"issued", message_integer(b, "issued"));
	states = card_states(&n);
	for (i = 0; i < n; i++)
		if (i == 0 || strcmp(states[i].column, states[i - 1].column) != 0)
			printf("  %-12s %8lld\n", states[i].column,
				message_integer(b, states[i].column));
	printf("  %-12s %8lld\n  %-12s %8lld\n", "good units", message_integer(b, "good_units"),
		"attempts", message_integer(b, "attempts"));
	json_array_foreach(json_object_get(b, "slots"), i, row)
		printf("  slot %-7lld %8lld attempts, %lld good\n", message_integer(row, "slot"),
			message_integer(row, "attempts"), message_integer(row, "good"));
	json_array_foreach(json_object_get(b, "operators"), i, row) printf(
		"  %-12s %8lld attempts, %lld good\n",
		message_string(row, "operator")[0] ? message_string(row, "operator") : "(nobody)",
		message_integer(row, "attempts"), message_integer(row, "good"));
	json_array_foreach(json_object_get(b, "differences"), i, row)
		printf("  DIFFERENCE   %s\n", json_string_value(row));
	if (!json_array_size(json_object_get(b, "differences")))
		printf("  it balances\n");
}

static int block(const char *fixture, const char *store, const json_t *b, struct err *err)
{
	json_t *act = json_pack("{ss, ss, ss}", "act", "block_job", "job", message_string(b, "job"),
		"reason", json_string_value(json_array_get(json_object_get(b, "differences"), 0)));
	int ret = client_act(fixture, store, act, err);

	json_decref(act);
	return ret;
}

static int job_reconcile(int argc, char **argv)
{
	const char *fixture = NULL, *store = NULL, *job = NULL;
	bool json = false;
	const struct option_row rows[] = {
		{"fixture", "FILE", "the station", &fixture, NULL, true},
		{"job", "NAME", "the job", &job, NULL, true},
		{"json", NULL, "as JSON", NULL, &json, false},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	json_t *balance;
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, "job reconcile --fixture FILE --store FILE --job NAME",
		rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	balance = balance_of(store, job, &err);
	if (!balance)
		return cmd_failed(&err);
	if (json) {
		json_dumpf(balance, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
		putchar('\n');
	} else {
		print_balance(balance);
	}
	ret = EXIT_PASS;
	if (json_array_size(json_object_get(balance, "differences"))) {
		ret = EXIT_STATION;
		if (!strcmp(message_string(balance, "state"), "OPEN")) {
			if (block(fixture, store, balance, &err) < 0)
				cmd_failed(&err);
			else
				fprintf(stderr, "payjig: job %s is blocked\n", job);
		}
	}
	json_decref(balance);
	return ret;
}

/* ---- export ---- */

/* One row a line, so that two results can be compared by eye. */
static char *result_text(
	struct reader *reader, const char *job, const char *station, size_t *n, struct err *err)
{
	json_t *facts = reader_job(reader, job, err), *rows = NULL, *row, *head;
	char *out = NULL, *line;
	FILE *f;
	size_t i;

	if (facts)
		rows = reader_result(reader, job, err);
	if (!rows || !(f = open_memstream(&out, n))) {
		json_decref(facts);
		return NULL;
	}
	head = json_pack("{ss, ss, ss, ss, ss, ss}", "format", "payjig-result-1", "job", job,
		"allotment", message_string(facts, "allotment"), "job_sha256",
		message_string(facts, "digest"), "realm", message_string(facts, "realm"), "station",
		station);
	line = json_dumps(head, JSON_COMPACT);
	fprintf(f, "%.*s,\"cards\":[", (int)strlen(line) - 1, line);
	free(line);
	json_decref(head);
	json_array_foreach(rows, i, row)
	{
		line = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
		fprintf(f, "%s\n%s", i ? "," : "", line);
		free(line);
	}
	fputs("\n]}\n", f);
	json_decref(rows);
	json_decref(facts);
	if (fclose(f) == 0)
		return out;
	free(out);
	err_set(err, E_SYSTEM, "out of memory");
	return NULL;
}

static int write_signed(const struct identity *identity, const char *path, const char *result,
	size_t n, struct err *err)
{
	uint8_t signature[SIGNER_SIGNATURE];
	char beside[4096];
	int ret;

	if (snprintf(beside, sizeof(beside), "%s.sig", path) >= (int)sizeof(beside))
		return err_set(err, E_CONFIG, "%s: name too long", path);
	ret = signer_sign(identity->signer, result, n, signature, err);
	if (ret == 0)
		ret = file_write(path, FILE_OWN, result, n, err);
	return ret < 0 ? ret
		       : file_write(beside, FILE_SHARED, (char *)signature, sizeof(signature), err);
}

static int export(const char *fixture_path, const char *store, const char *job, const char *path,
	struct err *err)
{
	struct identity identity = {0};
	struct fixture fixture;
	struct reader *reader = NULL;
	char *result = NULL, digest[DIGEST_TEXT];
	int64_t sequence = 0;
	json_t *act;
	size_t n = 0;
	int ret;

	if ((ret = identity_load(&identity, fixture_path, &fixture, err)) < 0 ||
		(ret = reader_open(&reader, store, err)) < 0 ||
		(ret = reader_sequence(reader, &sequence, err)) < 0)
		goto out;
	result = result_text(reader, job, identity.name, &n, err);
	ret = result ? write_signed(&identity, path, result, n, err) : err->status;
	if (ret < 0)
		goto out;
	file_digest(result, n, digest);
	act = json_pack("{ss, ss, ss, sI}", "act", "export_job", "job", job, "subject", digest,
		"sequence", (json_int_t)sequence);
	ret = client_act(fixture_path, store, act, err);
	json_decref(act);
out:
	free(result);
	reader_close(reader);
	identity_close(&identity);
	return ret;
}

static int job_export(int argc, char **argv)
{
	const char *fixture = NULL, *store = NULL, *job = NULL, *out = NULL;
	const struct option_row rows[] = {
		{"fixture", "FILE", "the station, which signs", &fixture, NULL, true},
		{"job", "NAME", "the job", &job, NULL, true},
		{"out", "FILE", "the result, signed in FILE.sig (Ed25519)", &out, NULL, true},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	struct err err;
	size_t n;
	int ret = options_read(argc, argv,
		"job export --fixture FILE --store FILE --job NAME --out FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	if (export(fixture, store, job, out, &err) < 0)
		return cmd_failed(&err);
	printf("%s\n%s.sig\n", out, out);
	return EXIT_PASS;
}

/* ---- acts ---- */

static int act_on_job(int argc, char **argv, const char *usage, const char *what)
{
	const char *fixture = NULL, *store = NULL, *job = NULL, *by = NULL, *reason = NULL;
	const struct option_row rows[] = {
		{"by", "NAME", "who does it", &by, NULL, true},
		{"fixture", "FILE", "the station", &fixture, NULL, true},
		{"job", "NAME", "the job", &job, NULL, true},
		{"reason", "TEXT", "why", &reason, NULL, false},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	struct err err;
	json_t *act;
	size_t n;
	int ret = options_read(argc, argv, usage, rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	act = json_pack("{ss, ss, s[s], ss}", "act", what, "job", job, "persons", by, "reason",
		reason ? reason : "");
	ret = client_act(fixture, store, act, &err);
	json_decref(act);
	return ret < 0 ? cmd_failed(&err) : EXIT_PASS;
}

static int job_close(int argc, char **argv)
{
	return act_on_job(argc, argv, "job close --fixture FILE --store FILE --job NAME --by NAME",
		"close_job");
}

static int job_unblock(int argc, char **argv)
{
	return act_on_job(argc, argv,
		"job unblock --fixture FILE --store FILE --job NAME --by NAME --reason TEXT",
		"unblock_job");
}

/* Alphabetical. */
static const struct subcommand commands[] = {
	{"close", job_close, "end a job whose every card is accounted for and exported"},
	{"export", job_export, "write the issuer's signed result"},
	{"import", job_import, "verify a job's signature and add its cards"},
	{"list", job_list, "the jobs of a store"},
	{"make", job_make, "make and sign a lab job"},
	{"reconcile", job_reconcile, "count a job's cards and prove that they balance"},
	{"show", job_show, "what a job is"},
	{"unblock", job_unblock, "open a job again that balances again"},
	{0},
};

int cmd_job(int argc, char **argv)
{
	return cmd_dispatch("job", commands, argc, argv);
}
