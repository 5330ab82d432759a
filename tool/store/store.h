/*
 * The store: one SQLite file with the journal of attempts and the card ledger, both in one hash
 * chain.
 *
 * One writer: whoever holds the kernel lock beside the file. Every function is one transaction,
 * durable (fsync) when it returns 0; on failure nothing of it is in the file and E_STORE says why.
 * After E_STORE the store takes nothing more: a failed fsync is never followed by another write.
 * Attempts are never changed once ended.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "core/err.h"
#include "core/signer.h"
#include "plan/verdict.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct store;

enum { STORE_SCHEMA = 2, CARD_NUMBER = 21, STORE_TEXT = 64, STORE_STATE = 16 };

/* What a refusal says in err.code. */
enum store_refusal {
	STORE_NO_CARD = 1, /* the job has no card left */
	STORE_CARD_DONE,   /* the unit's card is COMMITTED, SPOILED or in QUARANTINE */
	STORE_LOCKED,	   /* another station works on this store */
	STORE_BEHIND,	   /* the store is older than the head that is kept outside of it */
};

struct store_options {
	const char *path;
	const struct signer *signer; /* the station's */
	/* The station's own folder, outside of the store: the heads of its stores, so that an old
	 * copy is noticed, and which store has which job. */
	const char *state;
	bool behind; /* open an old copy too: only store_accept() can be done then */
};

/*
 * Opens or creates the store for writing. Refused (E_STORE): a newer schema, a store that another
 * station holds (STORE_LOCKED), another station's store, a file that is no store, and a store that
 * was rolled back (STORE_BEHIND). An older schema is upgraded, after a copy of it was put beside.
 */
int store_open(struct store **store, const struct store_options *options, struct err *err);
void store_close(struct store *store); /* takes NULL */

/* Attempts that a crash left open end as ERROR TOOL-STATION; their number, or negative. */
int store_recover(struct store *store, struct err *err);

/* ---- jobs ---- */

/* What a job says of a card; state is the ledger's. */
struct store_card {
	char number[CARD_NUMBER];
	char valid_from[9], valid_to[9];
	char extended[129];
	char keys[192]; /* wrapped card keys, JSON; "" if they are diversified */
	char state[STORE_STATE];
};

struct store_job {
	const char *name, *product, *key_set, *digest, *allotment, *realm, *signer;
	const json_t *terms;
	const struct store_card *cards;
	size_t card_n;
};

/*
 * Adds a job and its cards, all AVAILABLE. The same file again is fine (0). E_CONFIG: another file
 * under the same name, a card that another job has, a job that this station has in another store.
 */
int store_add_job(struct store *store, const struct store_job *job, struct err *err);

/* The job as JSON: name, product, key_set, realm, state, digest and terms. NULL with E_CONFIG if
 * there is none. */
json_t *store_get_job(struct store *store, const char *job, struct err *err);

/* Cards that a person must see before the first unit: [{unit, card, state, action, job}], masked.
 */
json_t *store_unsettled(struct store *store, struct err *err);

/* Counts a job's cards and holds them against its attempts; if they do not balance, the job is
 * blocked. NULL with err. The same object as reader_reconcile(). */
json_t *store_reconcile(struct store *store, const char *job, struct err *err);

/*
 * What a person or a command does to a card or a job, named in the chain:
 * {"act", "job" or "unit" or "card", "persons": [...], "reason", ...}. The acts are the table in
 * acts.c. E_REFUSED or E_CONFIG says what it lacks.
 */
int store_act(struct store *store, const json_t *act, struct err *err);

/* The lowest role that may do the act: "operator", "lead" or "engineer"; and how many persons it
 * must name. "engineer" and 0 for an unknown act. */
const char *store_act_role(const char *act, size_t *persons);

/* Notes in the chain what a person did that changes no card and no job (login, pause, abort, ...).
 */
int store_note(struct store *store, const char *act, const char *subject, const char *person,
	const char *reason, struct err *err);

/* ---- attempts ---- */

struct store_attempt {
	/* in */
	const char *label, *job, *plan, *plan_digest, *profile, *profile_digest, *fixture,
		*fixture_digest, *job_digest, *version, *jig, *operator;
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

struct store_end {
	enum verdict verdict;
	const char *code, *cause, *action;
	const json_t *torn, *apdus; /* the step that was running, stored as it is; NULL: none */
};

/*
 * Ends an attempt. A PASS needs every step PASS and the card PROVEN, which becomes COMMITTED in the
 * same transaction; a FAIL after INTENT makes the card REJECTED; a card only RESERVED goes back to
 * AVAILABLE. The chain's head is signed.
 */
int store_end_attempt(struct store *store, int64_t attempt, const struct store_end *end,
	char card[CARD_NUMBER], struct err *err);

/* ---- the card ledger ---- */

/*
 * The same unit always gets the same card; else the next AVAILABLE one of the job becomes RESERVED
 * for it. E_REFUSED with code STORE_NO_CARD or STORE_CARD_DONE. *payments, if not NULL, gets the
 * factory payments that were made with the card before, oldest first (new reference).
 */
int store_reserve_card(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, json_t **payments, struct err *err);

/*
 * Moves the card of this unit, with a proof (JSON, may be NULL). Only the moves of plan/cards.c are
 * allowed; to the state it is in already is no move and fine. INTENT is known outside of the store
 * too when this returns. A proof with "payment" and "tac" ends that payment as done.
 */
int store_move_card(struct store *store, const char *unit, const char *to, int slot,
	int64_t attempt, const json_t *proof, struct err *err);

/*
 * A payment is about to be sent: {kind: load|purchase, amount_cents, terminal, sequence, date,
 * time, counter, balance_cents, overdraft_cents, random, key_index}. E_REFUSED if the job does not
 * authorize it (amount, terminal number, count). *id for store_end_payment().
 */
int store_begin_payment(struct store *store, const char *unit, int64_t attempt,
	const json_t *payment, int64_t *id, struct err *err);

/*
 * What became of it: "DONE" (happened, with its TAC), "UNDONE" (proven not to have happened), "BAD"
 * (happened, but its answer was wrong: it counts, and proves nothing).
 */
int store_end_payment(struct store *store, const char *unit, int64_t attempt, int64_t payment,
	const char *outcome, const char *tac, struct err *err);

/* The state of the unit's card, "" if it holds none. */
int store_holding(struct store *store, const char *unit, char state[STORE_STATE], struct err *err);

/* The unit's test keys are about to be erased; store_is_sealed() tells it when it comes back. */
int store_seal(struct store *store, const char *unit, struct err *err);
int store_is_sealed(struct store *store, const char *unit, struct err *err); /* 1 or 0 */

/* 1 if another unit than `unit` holds this card number, else 0. */
int store_other_holder(struct store *store, const char *unit, const char *number, struct err *err);

#endif
