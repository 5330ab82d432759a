/*
 * What the ledger costs: reserve + intent + commit of one unit, against the bare SQLite
 * transactions and fsyncs that it needs: the same rows in the same tables, by prepared statements,
 * without chain, checks and signatures, and the same two syncs of the head outside. Both in turns,
 * on one file system; the figure is the median of the rounds.
 */
#include "core/clock.h"
#include "driver.h"
#include "figures.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 15, UNITS = 40 };

static char folder[] = "/tmp/payjig-cost.XXXXXX";

static void must(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "ledger_cost: %s\n", what);
	exit(1);
}

/* ---- the ledger ---- */

static struct store *open_ledger(struct signer *signer)
{
	struct store *s = NULL;
	char path[80], state[80];
	struct err err = {0};

	snprintf(path, sizeof(path), "%s/ledger.db", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	must(store_open(&s, &(struct store_options){.path = path, .signer = signer, .state = state},
		     &err) == 0 &&
			driver_add_job(s, "COST", ROUNDS * UNITS, &err) == 0,
		err.text);
	return s;
}

/* Microseconds of reserve, intent and commit; what a unit needs besides is not counted. */
static int64_t ledger_unit(struct store *s, int unit)
{
	struct store_attempt a;
	const struct store_end end = {VERDICT_PASS, "", "", "ship the unit"};
	struct store_card card;
	char serial[32], number[CARD_NUMBER];
	int64_t before, us;
	struct err err = {0};

	snprintf(serial, sizeof(serial), "U%d", unit);
	must(driver_begin(s, "COST", serial, &a, &err) == 0, err.text);
	before = clock_us();
	must(store_reserve_card(s, "COST", serial, 1, a.id, &card, NULL, &err) == 0 &&
			store_move_card(s, serial, "INTENT", 1, a.id, NULL, &err) == 0,
		err.text);
	us = clock_us() - before;
	must(store_move_card(s, serial, "WRITTEN", 1, a.id, NULL, &err) == 0 &&
			store_move_card(s, serial, "PROVEN", 1, a.id, NULL, &err) == 0 &&
			driver_step(s, a.id, "PASS", &err) == 0,
		err.text);
	before = clock_us();
	must(store_end_attempt(s, a.id, &end, number, &err) == 0, err.text);
	us += clock_us() - before;
	return us;
}

/* ---- bare ---- */

struct bare {
	sqlite3 *db;
	sqlite3_stmt *begin, *commit, *card, *move, *link, *attempt, *head;
	int outside;
};

static sqlite3_stmt *prepare(struct bare *b, const char *sql)
{
	sqlite3_stmt *s = NULL;

	must(sqlite3_prepare_v2(b->db, sql, -1, &s, NULL) == SQLITE_OK, sqlite3_errmsg(b->db));
	return s;
}

static void run(struct bare *b, sqlite3_stmt *s)
{
	must(sqlite3_step(s) == SQLITE_DONE, sqlite3_errmsg(b->db));
	sqlite3_reset(s);
}

/* A copy of the ledger's file: the same tables and indexes, as full. */
static void open_bare(struct bare *b)
{
	char path[80], *copy;

	snprintf(path, sizeof(path), "%s/ledger.db", folder);
	must(sqlite3_open(path, &b->db) == SQLITE_OK, "bare: can't be opened");
	snprintf(path, sizeof(path), "%s/bare.db", folder);
	copy = sqlite3_mprintf("VACUUM INTO %Q", path);
	must(sqlite3_exec(b->db, copy, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(b->db));
	sqlite3_free(copy);
	sqlite3_close(b->db);
	must(sqlite3_open(path, &b->db) == SQLITE_OK, "bare: can't be opened");
	must(sqlite3_exec(b->db,
		     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		     "PRAGMA wal_autocheckpoint = 1000; PRAGMA foreign_keys = ON;",
		     NULL, NULL, NULL) == SQLITE_OK,
		sqlite3_errmsg(b->db));
	must(sqlite3_exec(b->db,
		     "INSERT INTO units VALUES('B', 'now'); INSERT INTO attempts(id, label, try, slot, job,"
		     " job_digest, plan, plan_digest, profile, profile_digest, fixture, fixture_digest,"
		     " steps, jig, version, lab, operator, started, started_ms) VALUES(1, 'B', 1, 1, 'COST',"
		     " 'd', 'p', 'd', 'r', 'd', 'f', 'd', 1, 'jig', '0', 1, 'op', 'now', 0);",
		     NULL, NULL, NULL) == SQLITE_OK,
		sqlite3_errmsg(b->db));
	snprintf(path, sizeof(path), "%s/bare.head", folder);
	b->outside = open(path, O_RDWR | O_CREAT, 0600);
	b->begin = prepare(b, "BEGIN IMMEDIATE");
	b->commit = prepare(b, "COMMIT");
	b->card = prepare(b, "UPDATE cards SET state = ?1, unit = 'B', slot = 1 WHERE number = ?2");
	b->move = prepare(b,
		"INSERT INTO moves(number, was, becomes, unit, slot, attempt, at, proof)"
		" VALUES(?2, 'AVAILABLE', ?1, 'B', 1, 1, '2026-01-01T00:00:00.000Z', NULL)");
	b->link = prepare(b, "INSERT INTO chain(kind, row, digest, hash) VALUES('move', 1,"
			     " hex(zeroblob(32)), hex(zeroblob(32)))");
	b->attempt =
		prepare(b, "UPDATE attempts SET ended = '2026-01-01T00:00:00.000Z', ms = 1,"
			   " verdict = 'PASS', code = '', cause = '', action = 'ship the unit',"
			   " card = ?2, card_state = ?1 WHERE id = 1");
	b->head = prepare(b, "INSERT INTO heads(sequence, issued, signature)"
			     " SELECT max(sequence), 1, hex(zeroblob(64)) FROM chain");
}

static void bare_move(struct bare *b, const char *state, const char *number, bool last)
{
	sqlite3_stmt *const bound[] = {b->card, b->move, b->attempt};

	for (size_t i = 0; i < (last ? 3U : 2U); i++) {
		sqlite3_bind_text(bound[i], 1, state, -1, SQLITE_STATIC);
		sqlite3_bind_text(bound[i], 2, number, -1, SQLITE_STATIC);
	}
	run(b, b->begin);
	run(b, b->card);
	run(b, b->move);
	run(b, b->link);
	if (last) {
		run(b, b->attempt);
		run(b, b->link);
		run(b, b->head);
	}
	run(b, b->commit);
}

static void sync_outside(struct bare *b, int turn)
{
	char text[512];

	memset(text, 'x', sizeof(text));
	must(pwrite(b->outside, text, sizeof(text), turn * 4096) == sizeof(text) &&
			fdatasync(b->outside) == 0,
		"bare: the head can't be written");
}

static int64_t bare_unit(struct bare *b, int unit)
{
	char number[CARD_NUMBER];
	int64_t before;

	snprintf(number, sizeof(number), "622000000000%08d", unit + 1);
	before = clock_us();
	bare_move(b, "RESERVED", number, false);
	bare_move(b, "INTENT", number, false);
	sync_outside(b, 0);
	bare_move(b, "COMMITTED", number, true);
	sync_outside(b, 1);
	before = clock_us() - before;
	/* The unit is the same each time: its card is let go again, which nobody counts. */
	sqlite3_exec(b->db, "UPDATE cards SET state = 'SPOILED', unit = NULL WHERE unit = 'B'",
		NULL, NULL, NULL);
	return before;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	struct signer *signer = NULL;
	struct store *store;
	struct bare bare = {0};
	double ratios[ROUNDS];
	char command[64];
	struct err err = {0};

	must(mkdtemp(folder) &&
			signer_open(&signer, PAYJIG_ROOT "/fixtures/lab-station.key", &err) == 0,
		err.text);
	store = open_ledger(signer);
	open_bare(&bare);
	for (int r = 0; r < ROUNDS; r++) {
		int64_t ledger = 0, plain = 0;

		for (int i = 0; i < UNITS; i++) {
			ledger += ledger_unit(store, r * UNITS + i);
			plain += bare_unit(&bare, r * UNITS + i);
		}
		ratios[r] = (double)ledger / (double)plain;
		printf("round %2d: ledger %5.0f us a unit, bare %5.0f us, ratio %.2f\n", r + 1,
			(double)ledger / UNITS, (double)plain / UNITS, ratios[r]);
	}
	store_close(store);
	signer_close(signer);
	sqlite3_close(bare.db);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	qsort(ratios, ROUNDS, sizeof(ratios[0]), by_value);
	figure("ledger.cost_ratio", ratios[ROUNDS / 2], "ratio", "build/tests/ledger_cost");
	printf("ledger.cost_ratio = %.2f (at most 1.5)\n", ratios[ROUNDS / 2]);
	return system(command) || !(ratios[ROUNDS / 2] <= 1.5);
}
