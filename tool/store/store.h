/*
 * The store: one SQLite file with the journal of attempts and the card ledger.
 *
 * One writer: the station. Every function is one transaction, durable (fsync) when it returns 0;
 * on failure nothing of it is in the file and E_STORE says why. Attempts are never changed once
 * ended.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "core/err.h"
#include "plan/verdict.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct store;

enum { STORE_SCHEMA = 1, CARD_NUMBER = 21, STORE_TEXT = 64 };

/* Opens or creates the store for writing. A newer schema, a store that another station holds, or a
 * file that is no store is refused. */
int store_open(struct store **store, const char *path, struct err *err);
void store_close(struct store *store); /* takes NULL */

/* What a job says of a card; state and unit are the ledger's. */
struct store_card {
	char number[CARD_NUMBER];
	char valid_from[9], valid_to[9];
	char extended[129];
	char state[16];
};

/* Adds a job and its cards, all AVAILABLE. The same file again is fine; another file under the same
 * name, or a card that another job has, is refused whole (E_CONFIG). */
int store_add_job(struct store *store, const char *job, const char *product, const char *key_set,
	const char *digest, const struct store_card *cards, size_t n, struct err *err);

/* Attempts that a crash left open end as ERROR TOOL-STATION; their number, or negative. */
int store_recover(struct store *store, struct err *err);

struct store_attempt {
	/* in */
	const char *label, *job, *plan, *plan_digest, *profile, *profile_digest, *fixture,
		*fixture_digest, *job_digest, *version, *jig;
	int slot;
	int steps; /* that the plan has: a PASS needs them all */
	bool lab;
	/* out */
	int64_t id;
	int try; /* which attempt of this unit, from 1 */
};

int store_begin_attempt(struct store *store, struct store_attempt *attempt, struct err *err);

/* The step_end message of a worker, and the apdu messages that came before it. */
int store_end_step(struct store *store, int64_t attempt, const json_t *step, const json_t *apdus,
	struct err *err);

/*
 * Ends an attempt. `torn`, if not NULL, is the step that was running, stored as ERROR with its
 * apdus. A PASS needs every step PASS and the card PROVEN, which becomes COMMITTED in the same
 * transaction; a FAIL after INTENT makes the card REJECTED; a card only RESERVED goes back to
 * AVAILABLE.
 */
int store_end_attempt(struct store *store, int64_t attempt, enum verdict verdict, const char *code,
	const char *cause, const json_t *torn, const json_t *apdus, char card[CARD_NUMBER],
	struct err *err);

/*
 * The card ledger. The same unit always gets the same card; else the next AVAILABLE one of the job
 * becomes RESERVED for it. E_REFUSED with code STORE_NO_CARD or STORE_CARD_DONE.
 */
int store_reserve_card(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, struct err *err);

/* Moves the card of this unit to state INTENT, WRITTEN or PROVEN, with a proof (JSON, may be NULL).
 * Only the moves of the ledger are allowed; to the state it is in already is no move and fine. */
int store_move_card(struct store *store, const char *unit, const char *to, int slot,
	int64_t attempt, const json_t *proof, struct err *err);

enum { STORE_NO_CARD = 1, STORE_CARD_DONE = 2 }; /* err.code */

#endif
