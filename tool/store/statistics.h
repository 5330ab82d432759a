/* What the journal adds up to, for those who watch the line: queries on a store that is open for
 * reading. `from` is the id of the first attempt that counts. */
#ifndef STORE_STATISTICS_H
#define STORE_STATISTICS_H

#include "core/err.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdint.h>

/* The id of the first attempt that started at or after since_ms (Unix time); one past the newest
 * if there is none. */
int statistics_first(sqlite3 *db, int64_t since_ms, int64_t *id, struct err *err);

/*
 * {pass, fail, error, abort, first, first_pass, per_hour, cards_left, expected_ms}: ended attempts
 * by verdict; units whose first attempt ended, and those that passed at it (first-pass yield is
 * their ratio); units ended in the last hour, per hour if the first began less than an hour ago;
 * what a unit takes that passes with this plan (0: unknown).
 */
json_t *statistics_counts(sqlite3 *db, const char *job, const char *plan, int64_t from,
	int64_t now_ms, struct err *err);

/*
 * {codes: [{code, verdict, n}], the most frequent first; hours: [{hour, ended, pass, first,
 * first_pass}]; steps: [{step, n, mean_ms, most_ms}] in plan order}.
 */
json_t *statistics_make(sqlite3 *db, int64_t from, struct err *err);

/*
 * Ended attempts older than id `before` (0: any), newest first, at most `most`: [{attempt, unit,
 * try, slot, verdict, code, cause, ended, ms, operator}]. Each word of `filter` must be part of the
 * serial, begin the code, or be the verdict; case does not matter.
 */
json_t *statistics_history(
	sqlite3 *db, const char *filter, int64_t before, int64_t most, struct err *err);

/* The attempts of one unit, oldest first, in the same form. */
json_t *statistics_of_unit(sqlite3 *db, const char *unit, struct err *err);

#endif
