/*
 * Reading a store: never writes, works beside a running station. A reader sees the store as it was
 * at its first question.
 */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "core/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader;

int reader_open(struct reader **reader, const char *path, struct err *err);
void reader_close(struct reader *reader); /* takes NULL */

/* All return a new reference, or NULL with err. */

/* Ids of the ended attempts from id `from` on, oldest first (caller frees). Their number or
 * negative. */
int reader_attempts(struct reader *reader, int64_t from, int64_t **ids, struct err *err);

/* One attempt with steps, measurements, APDUs and its proof, as reports/unit.schema.json describes
 * it. Card numbers are masked; APDUs are without their data. */
json_t *reader_attempt(struct reader *reader, int64_t id, struct err *err);

/* Names of the jobs, oldest first. */
json_t *reader_jobs(struct reader *reader, struct err *err);

/* balance_job(), balance_make() and balance_cards() of store/balance.h. */
json_t *reader_job(struct reader *reader, const char *job, struct err *err);
json_t *reader_reconcile(struct reader *reader, const char *job, struct err *err);
json_t *reader_cards(struct reader *reader, const char *job, bool waiting, struct err *err);

/* statistics_*() of store/statistics.h. */
int reader_first(struct reader *reader, int64_t since_ms, int64_t *id, struct err *err);
json_t *reader_counts(struct reader *reader, const char *job, const char *plan, int64_t from,
	int64_t now_ms, struct err *err);
json_t *reader_statistics(struct reader *reader, int64_t from, struct err *err);
json_t *reader_history(
	struct reader *reader, const char *filter, int64_t before, int64_t most, struct err *err);
json_t *reader_attempts_of(struct reader *reader, const char *unit, struct err *err);

/* The APDUs of an attempt, [{step: its place among the steps that ran, from 0; carrier, command,
 * response, us, error}], as the trace has them: what bears keys is starred, the rest is hex. */
json_t *reader_trace(struct reader *reader, int64_t attempt, struct err *err);

/* How often a person's login failed since the last one that succeeded, and how many seconds ago the
 * newest of these failures is. */
int reader_login_failures(struct reader *reader, const char *name, int64_t *failures,
	int64_t *seconds_ago, struct err *err);

/* The newest record of the view that this reader has. */
int reader_sequence(struct reader *reader, int64_t *sequence, struct err *err);

/* The job of a unit's card and the card's state: {job, state}; E_CONFIG if it holds none. */
json_t *reader_holding(struct reader *reader, const char *unit, struct err *err);

/*
 * The result for the issuer, a row a card in the order of the job: {number, unit, state, kcvs,
 * key_version, online_counter, offline_counter, transactions: [{kind, outcome, amount_cents,
 * terminal, sequence, date, time, counter, key_index, tac}], reason}. Numbers are whole. The same
 * ledger gives the same rows.
 */
json_t *reader_result(struct reader *reader, const char *job, struct err *err);

#endif
