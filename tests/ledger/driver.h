/* A unit's way through the store, as a station takes it, without a bench. */
#ifndef LEDGER_DRIVER_H
#define LEDGER_DRIVER_H

#include "store/store.h"

enum driver_end { DRIVER_PASS, DRIVER_FAIL, DRIVER_ERROR };

/* What the unit would do at each step: called when the ledger allows it, before it is told of it.
 * May be NULL. Negative ends the unit as if its worker had died. */
struct driver_unit {
	const char *serial;
	void *arg;
	int (*write)(void *arg, const struct store_card *card); /* STORE DATA */
	int (*pay)(void *arg);					/* DEBIT */
	bool written, paid;					/* what it holds already */
};

/* A lab job of n cards that pays live: 100 cents, once. */
int driver_add_job(struct store *store, const char *name, size_t n, struct err *err);

/* Begins an attempt of one step; ends that step. */
int driver_begin(struct store *store, const char *job, const char *serial,
	struct store_attempt *attempt, struct err *err);
int driver_step(struct store *store, int64_t attempt, const char *verdict, struct err *err);

/* One whole attempt: reserve, INTENT, WRITTEN, a purchase, PROVEN, the end. 0, or the
 * store's error. *card gets the card's number. */
int driver_attempt(struct store *store, const char *job, const struct driver_unit *unit,
	enum driver_end end, char card[CARD_NUMBER], struct err *err);

#endif
