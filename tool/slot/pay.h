/* What the payment steps share: selecting, initializing, MACs. Each ends with a finding if it
 * fails. */
#ifndef SLOT_PAY_H
#define SLOT_PAY_H

#include "slot/unit.h"

/* Terms of a transaction of this job, with date, time and a fresh terminal sequence. */
struct purse_terms pay_terms(struct unit *u, enum purse_type type, uint32_t cents);

/* The amount the job lets the factory payment have. */
uint32_t pay_amount(const struct unit *u);

/* SELECT; the answer must be one FCI template and nothing else. Any SW but 9000 is a finding with
 * code. */
int pay_select(struct unit *u, const char *code, struct link_answer *answer);

/* READ BINARY EF15: must be the image that was stored, else a finding with code (APDU-LENGTH if it
 * is too short or too long). *us, if not NULL, gets its time. */
int pay_read_ef15(struct unit *u, const char *code, int64_t *us);

/*
 * INITIALIZE; its answer is checked against what it must be: key version, algorithm, counter,
 * balance (PAY-KEY-VERSION, PAY-ALGORITHM, PAY-COUNTER, PAY-BALANCE). *us, if not NULL, gets its
 * time.
 */
int pay_initialize(
	struct unit *u, const struct purse_terms *terms, struct purse_start *start, int64_t *us);

/* Makes the session key of a transaction whose start is there. */
int pay_session(struct unit *u, struct transaction *t);

/* One MAC of a transaction under its session key, or (TACs) under the TAC key. */
int pay_mac(struct unit *u, const struct transaction *t, enum purse_mac which, uint8_t mac[4]);

/* Checks a MAC or TAC from the headset; a wrong one is a finding with `code`. */
int pay_verify(struct unit *u, const struct transaction *t, enum purse_mac which,
	const uint8_t mac[4], const char *code);

/*
 * Tells the ledger that this transaction is about to be sent: durable on return. CARD-PAYMENT if
 * the job does not authorize it.
 */
int pay_announce(struct unit *u, struct transaction *t);

enum pay_outcome {
	PAY_DONE,   /* it happened, t->tac is its TAC */
	PAY_UNDONE, /* it is proven not to have happened */
	PAY_BAD, /* it happened, but not as it must: it is spent, and no retest may build on it */
};

/* Tells the ledger what became of it. */
int pay_conclude(struct unit *u, struct transaction *t, enum pay_outcome outcome);

/* What became of a transaction that the ledger has open, told to the ledger. 1: it happened and is
 * right; 0: it did not. The purse is selected over the unit's own link. */
int pay_settle(struct unit *u, struct transaction *t);

/* Once a unit: what the ledger knows of earlier attempts, and what was on its way then. The purse
 * is selected; pay_initialize() does it too. */
int pay_resume(struct unit *u);

/* It happened: the next INITIALIZE must answer its counter and balance. */
void pay_apply(struct unit *u, struct transaction *t);

/*
 * The answer to DEBIT or CREDIT was lost: the state is unknown, it is never sent again. The proof's
 * MAC must be the one that the terminal computed, counter and balance must agree. The purse is
 * selected. 1: it happened (t->tac), 0: it did not, negative: a finding.
 */
int pay_recover(struct unit *u, struct transaction *t);

/* GET TRANSACTION PROVE of this transaction, with the counter as the product wants it. */
struct apdu pay_prove(const struct unit *u, const struct transaction *t);

/* GET BALANCE must answer u->balance_cents: PAY-BALANCE. */
int pay_check_balance(struct unit *u);

/* The same after SELECT, and both counters are what they must be, over the unit's own link. */
int pay_check_purse(struct unit *u);

#endif
