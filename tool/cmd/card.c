/* payjig card: what of the cards waits for a person, and what persons do about it. */
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "core/file.h"
#include "messages/messages.h"
#include "store/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int card_list(int argc, char **argv)
{
	const char *store = NULL, *job = NULL;
	bool all = false;
	const struct option_row rows[] = {
		{"all", NULL, "those that are settled, too", NULL, &all, false},
		{"job", "NAME", "of this job (all)", &job, NULL, false},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	struct reader *reader = NULL;
	json_t *cards = NULL, *card;
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, "card list --store FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	if (reader_open(&reader, store, &err) == 0)
		cards = reader_cards(reader, job, !all, &err);
	reader_close(reader);
	if (!cards)
		return cmd_failed(&err);
	json_array_foreach(cards, n, card) printf("%-10s %-22s %-16s %s%s%s\n",
		message_string(card, "state"), message_string(card, "card"),
		message_string(card, "unit"), message_string(card, "job"),
		message_string(card, "action")[0] ? ": " : "", message_string(card, "action"));
	json_decref(cards);
	return EXIT_PASS;
}

/* ---- terminating ---- */

static json_t *holding(const char *store, const char *unit, struct err *err)
{
	struct reader *reader = NULL;
	json_t *out = NULL;

	if (reader_open(&reader, store, err) == 0)
		out = reader_holding(reader, unit, err);
	reader_close(reader);
	return out;
}

/* A file in memory with the one label, for `run --labels`. */
static int label_file(const char *slot, const char *unit, char path[32], struct err *err)
{
	int fd = memfd_create("label", 0);

	if (fd < 0 || dprintf(fd, "%s%s%s\n", slot ? slot : "", slot ? ":" : "", unit) < 0 ||
		lseek(fd, 0, SEEK_SET) < 0)
		return err_set(err, E_SYSTEM, "no memory for the label: %s", strerror(errno));
	snprintf(path, 32, "/dev/fd/%d", fd);
	return fd;
}

static int run_plan(const char *fixture, const char *plan, const char *job, const char *store,
	const char *jig, const char *labels)
{
	char *argv[16] = {(char *)"run", (char *)"--fixture", (char *)fixture, (char *)"--plan",
		(char *)plan, (char *)"--job", (char *)job, (char *)"--store", (char *)store,
		(char *)"--labels", (char *)labels, (char *)"--units", (char *)"1"};
	int argc = 13;

	if (jig) {
		argv[argc++] = (char *)"--jig";
		argv[argc++] = (char *)jig;
	}
	return cmd_run(argc, argv);
}

/* Through the jig: `run` with the plan that blocks the unit and reads it back. */
static int terminate(const char *fixture, const char *plan, const char *store, const char *jig,
	const char *slot, const char *unit, struct err *err)
{
	json_t *before = holding(store, unit, err), *after = NULL;
	char labels[32], socket[CLIENT_PATH], *beside = NULL;
	int fd = -1, ret = EXIT_STATION;

	if (!before)
		return cmd_failed(err);
	client_socket(store, socket);
	fd = client_connect(socket);
	if (fd >= 0) {
		err_set(err, E_STORE, "%s: a station works on this store: end it first", store);
	} else if (strcmp(message_string(before, "state"), "REJECTED") != 0) {
		err_set(err, E_REFUSED,
			"unit %s: its card is %s; only the unit of a REJECTED card is terminated",
			unit, message_string(before, "state"));
	} else if ((fd = label_file(slot, unit, labels, err)) >= 0) {
		beside = plan ? strdup(plan) : file_beside(fixture, "../profiles/terminate.yaml");
		run_plan(fixture, beside, message_string(before, "job"), store, jig, labels);
		after = holding(store, unit, err);
		ret = !strcmp(message_string(after, "state"), "SPOILED") ? EXIT_PASS : EXIT_FAIL;
		printf("unit %s: its card is %s\n", unit, message_string(after, "state"));
	}
	if (ret == EXIT_STATION)
		ret = cmd_failed(err);
	if (fd >= 0)
		close(fd);
	free(beside);
	json_decref(before);
	json_decref(after);
	return ret;
}

static int card_terminate(int argc, char **argv)
{
	const char *fixture = NULL, *store = NULL, *plan = NULL, *jig = NULL, *slot = NULL,
		   *units[1];
	const struct option_row rows[] = {
		{"fixture", "FILE", "the jig and the station", &fixture, NULL, true},
		{"jig", "ADDRESS", "tcp:HOST:PORT instead of the fixture's", &jig, NULL, false},
		{"plan", "FILE", "its steps (../profiles/terminate.yaml beside the fixture)", &plan,
			NULL, false},
		{"slot", "N", "where the unit is (the one that waits)", &slot, NULL, false},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	struct err err;
	size_t n;
	int ret = options_read(
		argc, argv, "card terminate --fixture FILE --store FILE UNIT", rows, units, 1, &n);

	if (ret >= 0)
		return ret;
	if (!n)
		return cmd_usage("card terminate: name the unit");
	return terminate(fixture, plan, store, jig, slot, units[0], &err);
}

/* ---- acts ---- */

static int act_on_card(int argc, char **argv, const char *usage, const char *what)
{
	const char *fixture = NULL, *store = NULL, *by = NULL, *and = NULL, *reason = NULL,
		   *card = NULL, *units[1];
	const struct option_row rows[] = {
		{"and", "NAME", "the second person", &and, NULL, false},
		{"by", "NAME", "who states it", &by, NULL, true},
		{"card", "NUMBER", "instead of the unit, where nobody knows it", &card, NULL,
			false},
		{"fixture", "FILE", "the station", &fixture, NULL, true},
		{"reason", "TEXT", "why", &reason, NULL, true},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	json_t *act, *persons;
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, usage, rows, units, 1, &n);

	if (ret >= 0)
		return ret;
	if (!n == !card)
		return cmd_usage("card: name either the unit or --card");
	persons = json_pack("[s]", by);
	if (and)
		json_array_append_new(persons, json_string(and));
	act = json_pack("{ss, ss, so, ss}", "act", what, card ? "card" : "unit",
		card ? card : units[0], "persons", persons, "reason", reason);
	ret = client_act(fixture, store, act, &err);
	json_decref(act);
	return ret < 0 ? cmd_failed(&err) : EXIT_PASS;
}

#define ACT_USAGE " --fixture FILE --store FILE --by NAME --reason TEXT UNIT"

static int card_destroy(int argc, char **argv)
{
	return act_on_card(argc, argv, "card destroy --and NAME" ACT_USAGE, "destroy");
}

static int card_quarantine(int argc, char **argv)
{
	return act_on_card(argc, argv, "card quarantine" ACT_USAGE, "quarantine");
}

static int card_resolve(int argc, char **argv)
{
	return act_on_card(argc, argv, "card resolve" ACT_USAGE, "resolve");
}

/* Alphabetical. */
static const struct subcommand commands[] = {
	{"destroy", card_destroy, "two persons state that a unit was destroyed"},
	{"list", card_list, "cards that wait for a person, with the next action of each"},
	{"quarantine", card_quarantine, "nobody can say what became of a unit"},
	{"resolve", card_resolve, "a unit in quarantine was found: it is a reject"},
	{"terminate", card_terminate, "block a reject for ever and read it back"},
	{0},
};

int cmd_card(int argc, char **argv)
{
	return cmd_dispatch("card", commands, argc, argv);
}
