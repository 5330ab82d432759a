/* What the ledger adds up to: queries on a store that is open for reading or writing. */
#ifndef STORE_BALANCE_H
#define STORE_BALANCE_H

#include "core/err.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>

/* {job, product, key_set, digest, realm, signer, allotment, cards, state, terms}; E_CONFIG if there
 * is no such job. */
json_t *balance_job(sqlite3 *db, const char *job, struct err *err);

/*
 * [{job, card (masked), unit, state, action}] in the order of the jobs: all cards that a unit holds
 * or held, or only those that wait for a person. job NULL: of all jobs.
 */
json_t *balance_cards(sqlite3 *db, const char *job, bool waiting, struct err *err);

/*
 * {job, state, issued, available, reserved, in_work, committed, rejected, quarantined, spoiled,
 *  good_units, attempts, slots: [{slot, attempts, good}], operators: [{operator, attempts, good}],
 *  differences: [sentence, ...]}: no difference means that it balances.
 */
json_t *balance_make(sqlite3 *db, const char *job, struct err *err);

#endif
