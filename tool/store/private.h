/* What the files of store/ share. */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "core/file.h"
#include "store/chain.h"
#include "store/outside.h"
#include "store/sql.h"
#include "store/store.h"

struct store {
	sqlite3 *db;
	int lock_fd;
	const struct signer *signer;
	char id[CHAIN_ID];
	char name[SIGNER_NAME];		/* of the station */
	char *state;			/* the station's folder */
	struct chain_tail tail, before; /* of the chain; when the transaction began */
	int64_t issued, issued_before;	/* highest id of a card that reached INTENT */
	bool head_due, outside_due;	/* the transaction's end signs the head; tells it outside */
	struct outside outside;
	bool failed; /* nothing is written any more */
};

/* A text member, "" where there is none. */
const char *store_word(const json_t *object, const char *member);

int store_begin(struct store *store, struct err *err);

/* Commits if ret >= 0 and returns 0, else rolls back and returns ret; E_STORE if the commit fails.
 */
int store_end(struct store *store, int ret, struct err *err);

/* Adds what was just written to the chain; inside a transaction. */
int store_link(struct store *store, enum chain_kind kind, int64_t row, struct err *err);

/* A move of a card; `unit` is the holder ("": none), attempt 0: a person's. */
struct move {
	const char *number, *was, *becomes, *unit;
	int slot;
	int64_t attempt;
	const char *proof; /* may be NULL */
};

/* Changes a card's state and writes the move; inside a transaction. */
int store_record_move(struct store *store, const struct move *move, struct err *err);

/* Writes a row of acts, links it, and gives the job the state that follows from it. */
int store_record_act(struct store *store, const char *act, const char *job, const char *subject,
	const json_t *persons, const char *reason, struct err *err);

/* Ends an attempt inside a transaction, as store_end_attempt() does. */
int store_finish_attempt(struct store *store, int64_t attempt, const struct store_end *end,
	char card[CARD_NUMBER], struct err *err);

/* Ends all attempts that are open, inside a transaction, as store_recover() does. Their number. */
int store_finish_open(struct store *store, struct err *err);

/* The state, card and slot of a unit's card. 1, 0 if it holds none, or negative. */
int store_card_of_unit(struct store *store, const char *unit, char number[CARD_NUMBER],
	char state[STORE_STATE], int *slot, struct err *err);

/* migrate.c: from the schema that the file has to STORE_SCHEMA. 1 if something was upgraded. */
int store_migrate(struct store *store, const char *path, int version, struct err *err);

#endif
