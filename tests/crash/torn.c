/*
 * torn [STEP [SEEDS]]: the power goes at every STEP-th (PAYJIG_LONG=1: every) write and sync of the
 * ledger's work on eight units, each time with several choices of what of the unsynced bytes is on
 * the disk; then the store is opened again and the work goes on. Judged by what the units hold.
 */
#include "driver.h"
#include "figures.h"
#include "store/verify.h"
#include "torn_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 8, CARDS = 12 };

static struct held {
	char serial[32], card[CARD_NUMBER];
	int paid;
} held[UNITS];

static char folder[64], path[96], state[96];
static struct signer *signer;
static char why[256]; /* of the point that is bad */

static int bad(const char *what, const char *detail)
{
	if (!why[0])
		snprintf(why, sizeof(why), "%s: %.200s", what, detail);
	return -1;
}

static int on_write(void *arg, const struct store_card *card)
{
	struct held *h = arg;

	if (h->card[0] && strcmp(h->card, card->number) != 0)
		return bad("a unit gets a second card", h->serial);
	strcpy(h->card, card->number);
	return 0;
}

static int on_pay(void *arg)
{
	((struct held *)arg)->paid++;
	return 0;
}

static int attempt(struct store *s, struct held *h, enum driver_end end, struct err *err)
{
	struct driver_unit u = {.serial = h->serial,
		.arg = h,
		.write = on_write,
		.pay = on_pay,
		.written = h->card[0] != '\0',
		.paid = h->paid > 0};
	char card[CARD_NUMBER];

	return driver_attempt(s, "TORN", &u, end, card, err);
}

static int open_store(struct store **s, struct err *err)
{
	int ret = store_open(
		s, &(struct store_options){.path = path, .signer = signer, .state = state}, err);

	if (ret == 0)
		ret = store_recover(*s, err);
	return ret < 0 ? ret : driver_add_job(*s, "TORN", CARDS, err);
}

static bool is_done(struct store *s, const struct held *h)
{
	char word[STORE_STATE];
	struct err err;

	return store_holding(s, h->serial, word, &err) == 0 && !strcmp(word, "COMMITTED");
}

/* The line's work: every unit, one of them a reject first. Ends early when the power goes. */
static int work(struct err *err)
{
	struct store *s = NULL;
	int ret = open_store(&s, err);

	for (int i = 0; i < UNITS && ret >= 0; i++) {
		if (is_done(s, &held[i]))
			continue;
		if (i == 3)
			ret = attempt(s, &held[i], DRIVER_FAIL, err);
		if (ret >= 0)
			ret = attempt(s, &held[i], DRIVER_PASS, err);
	}
	store_close(s);
	return ret;
}

/* Before the work goes on: what units hold must be in the ledger, as theirs. */
static void judge_ledger(void)
{
	struct store *s = NULL;
	struct err err = {0};

	if (open_store(&s, &err) < 0) {
		bad("can't be opened again", err.text);
		store_close(s);
		return;
	}
	for (int i = 0; i < UNITS; i++) {
		char word[STORE_STATE] = "";

		if (store_holding(s, held[i].serial, word, &err) < 0)
			bad("can't be read", err.text);
		if (held[i].card[0] && (!word[0] || !strcmp(word, "RESERVED")))
			bad("lost: the ledger does not know the card of", held[i].serial);
	}
	store_close(s);
}

static void judge_end(void)
{
	struct verify_options o = {.head = NULL};
	struct verify_result r;
	struct store *s = NULL;
	struct err err = {0};
	json_t *balance = NULL;

	for (int i = 0; i < UNITS; i++) {
		if (held[i].paid != 1)
			bad("paid more or less than once", held[i].serial);
		for (int k = 0; k < i; k++)
			if (!strcmp(held[i].card, held[k].card))
				bad("duplicate: the same card as another", held[i].serial);
	}
	if (verify_store(path, &o, &r, &err) < 0)
		bad("can't be verified", err.text);
	else if (json_array_size(r.findings))
		bad("the chain is broken", json_string_value(json_array_get(r.findings, 0)));
	verify_finish(&r);
	if (open_store(&s, &err) < 0 || !(balance = store_reconcile(s, "TORN", &err)))
		bad("can't be reconciled", err.text);
	else if (json_array_size(json_object_get(balance, "differences")) ||
		 json_integer_value(json_object_get(balance, "committed")) != UNITS)
		bad("does not balance", json_string_value(json_array_get(
						json_object_get(balance, "differences"), 0)));
	json_decref(balance);
	store_close(s);
}

static void start_anew(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s/*", folder);
	if (system(command))
		abort();
	torn_forget();
	memset(held, 0, sizeof(held));
	for (int i = 0; i < UNITS; i++)
		snprintf(held[i].serial, sizeof(held[i].serial), "U%d", i);
	why[0] = '\0';
}

static bool try_point(long operation, unsigned seed, bool lying)
{
	struct err err = {0};
	char shm[128];

	start_anew();
	torn_arm(operation);
	torn_lie(lying);
	work(&err); /* ends where the power goes, unless that is the closing of the store */
	torn_lie(false);
	torn_settle(seed);
	snprintf(shm, sizeof(shm), "%s-shm", path);
	unlink(shm);
	torn_arm(0);
	judge_ledger();
	if (work(&err) < 0)
		bad("unfinishable", err.text);
	judge_end();
	if (why[0] && !lying)
		printf("FAILED: operation %ld, seed %u: %s\n", operation, seed, why);
	return !why[0];
}

int main(int argc, char **argv)
{
	const char *all = getenv("PAYJIG_LONG");
	bool long_run = all && !strcmp(all, "1");
	long step = argc > 1 ? atol(argv[1]) : long_run ? 1 : 9;
	long seeds = argc > 2 ? atol(argv[2]) : long_run ? 3 : 1, total;
	long points = 0, failed = 0, noticed = 0;
	struct err err = {0};
	char command[80];

	snprintf(folder, sizeof(folder), "%s/payjig-torn.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder) ||
		signer_open(&signer, PAYJIG_ROOT "/fixtures/lab-station.key", &err) < 0)
		return 2;
	snprintf(path, sizeof(path), "%s/s.db", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	torn_register();
	start_anew();
	torn_arm(0);
	if (work(&err) < 0) {
		printf("FAILED: without a crash: %s\n", err.text);
		return 1;
	}
	total = torn_operations();
	for (long at = 1; at <= total; at += step)
		for (unsigned seed = 1; seed <= (unsigned)seeds; seed++, points++)
			failed += !try_point(at, seed, false);
	for (long at = 100; at <= total; at += 200)
		noticed += !try_point(at, 1, true);
	if (!noticed)
		printf("FAILED: a disk that lies about its syncs is not noticed\n");
	signer_close(signer);
	torn_forget();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	figure("torn.points", (double)points, "points", "build/tests/torn");
	figure("torn.bad", (double)failed, "points", "build/tests/torn");
	printf("%ld points (of %ld operations), %ld bad; of a disk that lies %ld\n", points, total,
		failed, noticed);
	return system(command) || failed || !points || !noticed;
}
