/* payjig store: copies of a store, and its schema. */
#include "cmd/cmd.h"
#include "station/identity.h"
#include "store/restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int store_backup_command(int argc, char **argv)
{
	const char *store = NULL, *out = NULL;
	const struct option_row rows[] = {
		{"out", "FILE", "the copy", &out, NULL, true},
		{"store", "FILE", "the store; a station may work on it", &store, NULL, true},
		{0},
	};
	struct err err;
	size_t n;
	int ret =
		options_read(argc, argv, "store backup --store FILE --out FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	return store_backup(store, out, &err) < 0 ? cmd_failed(&err) : EXIT_PASS;
}

static int store_restore_command(int argc, char **argv)
{
	const char *store = NULL, *from = NULL;
	const struct option_row rows[] = {
		{"from", "FILE", "the copy", &from, NULL, true},
		{"store", "FILE", "the store; what is there stays as FILE.before", &store, NULL,
			true},
		{0},
	};
	struct err err;
	size_t n;
	int ret = options_read(
		argc, argv, "store restore --store FILE --from FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	if (store_restore(from, store, &err) < 0)
		return cmd_failed(&err);
	printf("%s: restored; if it lacks records, the next start says so\n", store);
	return EXIT_PASS;
}

/* Opens an existing store as this station; close both in any case. */
static int open_store(const char *fixture_path, const char *path, bool behind,
	struct identity *identity, struct store **store, struct err *err)
{
	struct fixture fixture;
	int ret;

	*identity = (struct identity){0};
	if (access(path, F_OK) < 0)
		return err_set(err, E_CONFIG, "%s: %s", path, strerror(errno));
	ret = identity_load(identity, fixture_path, &fixture, err);
	return ret < 0 ? ret
		       : store_open(store,
				 &(struct store_options){.path = path,
					 .signer = identity->signer,
					 .state = identity->state,
					 .behind = behind},
				 err);
}

static int store_migrate_command(int argc, char **argv)
{
	const char *fixture = NULL, *path = NULL;
	const struct option_row rows[] = {
		{"fixture", "FILE", "the station that the store is of", &fixture, NULL, true},
		{"store", "FILE", "the store; what it was stays as FILE.schema-N", &path, NULL,
			true},
		{0},
	};
	struct identity identity = {0};
	struct store *store = NULL;
	struct err err;
	size_t n;
	int ret = options_read(
		argc, argv, "store migrate --fixture FILE --store FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	ret = open_store(fixture, path, false, &identity, &store, &err);
	store_close(store);
	identity_close(&identity);
	if (ret < 0)
		return cmd_failed(&err);
	printf("%s: schema %d\n", path, STORE_SCHEMA);
	return EXIT_PASS;
}

static int store_accept_command(int argc, char **argv)
{
	const char *fixture = NULL, *path = NULL, *by = NULL, *and = NULL, *reason = NULL;
	const struct option_row rows[] = {
		{"and", "NAME", "the second person", &and, NULL, true},
		{"by", "NAME", "who states it", &by, NULL, true},
		{"fixture", "FILE", "the station", &fixture, NULL, true},
		{"reason", "TEXT", "why an old copy must do", &reason, NULL, true},
		{"store", "FILE", "the store that was restored", &path, NULL, true},
		{0},
	};
	struct identity identity = {0};
	struct store *store = NULL;
	json_t *persons;
	struct err err;
	size_t n;
	int cards, ret = options_read(argc, argv,
			   "store accept --fixture FILE --store FILE --by NAME --and NAME"
			   " --reason TEXT",
			   rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	cards = open_store(fixture, path, true, &identity, &store, &err);
	persons = json_pack("[s, s]", by, and);
	if (cards == 0)
		cards = store_accept(store, persons, reason, &err);
	json_decref(persons);
	store_close(store);
	identity_close(&identity);
	if (cards < 0)
		return cmd_failed(&err);
	printf("%s: accepted; %d cards that may have been issued are in QUARANTINE\n", path, cards);
	return EXIT_PASS;
}

/* Alphabetical. */
static const struct subcommand commands[] = {
	{"accept", store_accept_command, "take an old copy for the store, as two persons"},
	{"backup", store_backup_command, "a whole copy, also while a station works"},
	{"migrate", store_migrate_command, "upgrade an older schema"},
	{"restore", store_restore_command, "put a copy in the store's place"},
	{0},
};

int cmd_store(int argc, char **argv)
{
	return cmd_dispatch("store", commands, argc, argv);
}
