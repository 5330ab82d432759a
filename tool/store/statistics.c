#include "store/statistics.h"
#include "store/sql.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORDS = 3, WORD = 24, HOUR_MS = 3600000, MINUTE_MS = 60000 };

int statistics_first(sqlite3 *db, int64_t since_ms, int64_t *id, struct err *err)
{
	return sql_integer(db, id, err,
		"SELECT coalesce((SELECT min(id) FROM attempts WHERE started_ms >= ?),"
		" (SELECT max(id) + 1 FROM attempts), 1)",
		"i", since_ms);
}

/* ---- rows ---- */

/* A list with one object a row, {name: column, ...}; the names are those of the columns. */
static json_t *rows(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	json_t *list = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(db, s, err)) > 0) {
		json_t *row = json_object();

		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const char *text = (const char *)sqlite3_column_text(s, i);
			bool number = sqlite3_column_type(s, i) == SQLITE_INTEGER;

			json_object_set_new(row, sqlite3_column_name(s, i),
				number ? json_integer(sqlite3_column_int64(s, i))
				       : json_string(text ? text : ""));
		}
		json_array_append_new(list, row);
	}
	sql_done(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* The one row of a query. */
static json_t *one_row(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	json_t *list = rows(db, s, err), *row = json_incref(json_array_get(list, 0));

	json_decref(list);
	return row;
}

/* ---- counts ---- */

static json_int_t per_hour(int64_t ended, int64_t since_ms, int64_t now_ms)
{
	int64_t span = now_ms - since_ms;

	if (span > HOUR_MS)
		span = HOUR_MS;
	if (span < MINUTE_MS)
		span = MINUTE_MS;
	return ended * HOUR_MS / span;
}

json_t *statistics_counts(sqlite3 *db, const char *job, const char *plan, int64_t from,
	int64_t now_ms, struct err *err)
{
	json_t *counts = one_row(db,
		sql_query(db, err,
			"SELECT coalesce(sum(verdict = 'PASS'), 0) AS pass,"
			" coalesce(sum(verdict = 'FAIL'), 0) AS fail,"
			" coalesce(sum(verdict = 'ERROR'), 0) AS error,"
			" coalesce(sum(verdict = 'ABORT'), 0) AS abort,"
			" coalesce(sum(try = 1), 0) AS first,"
			" coalesce(sum(try = 1 AND verdict = 'PASS'), 0) AS first_pass"
			" FROM attempts WHERE id >= ? AND verdict IS NOT NULL",
			"i", from),
		err);
	int64_t ended = 0, since = now_ms, left = 0, expected = 0;

	if (!counts)
		return NULL;
	if (sql_integer(db, &ended, err,
		    "SELECT count(*) FROM attempts WHERE id >= ? AND started_ms + ms >= ?", "ii",
		    from, now_ms - HOUR_MS) < 0 ||
		sql_integer(db, &since, err,
			"SELECT coalesce(min(started_ms), ?) FROM attempts WHERE id >= ?", "ii",
			now_ms, from) < 0 ||
		sql_integer(db, &left, err,
			"SELECT count(*) FROM cards WHERE job = ? AND state = 'AVAILABLE'", "s",
			job) < 0 ||
		sql_integer(db, &expected, err,
			"SELECT coalesce(cast(avg(ms) AS INTEGER), 0) FROM (SELECT ms FROM attempts"
			" WHERE verdict = 'PASS' AND plan = ? ORDER BY id DESC LIMIT 20)",
			"s", plan) < 0) {
		json_decref(counts);
		return NULL;
	}
	json_object_set_new(counts, "per_hour", json_integer(per_hour(ended, since, now_ms)));
	json_object_set_new(counts, "cards_left", json_integer(left));
	json_object_set_new(counts, "expected_ms", json_integer(expected));
	return counts;
}

/* ---- failures, yield, times ---- */

json_t *statistics_make(sqlite3 *db, int64_t from, struct err *err)
{
	static const struct {
		const char *name, *sql;
	} parts[] = {
		{"codes", "SELECT code, verdict, count(*) AS n FROM attempts WHERE id >= ?"
			  " AND verdict IS NOT NULL AND verdict <> 'PASS' GROUP BY code, verdict"
			  " ORDER BY n DESC, code"},
		{"hours", "SELECT strftime('%Y-%m-%d %H:00', started_ms / 1000, 'unixepoch',"
			  " 'localtime') AS hour, count(*) AS ended, sum(verdict = 'PASS') AS pass,"
			  " sum(try = 1) AS first, sum(try = 1 AND verdict = 'PASS') AS first_pass"
			  " FROM attempts WHERE id >= ? AND verdict IS NOT NULL GROUP BY hour"
			  " ORDER BY hour DESC LIMIT 24"},
		{"steps", "SELECT step, count(*) AS n, cast(avg(ms) AS INTEGER) AS mean_ms,"
			  " max(ms) AS most_ms FROM steps WHERE attempt >= ? AND verdict = 'PASS'"
			  " GROUP BY step ORDER BY min(position), step"},
	};
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = rows(db, sql_query(db, err, parts[i].sql, "i", from), err);

		if (!part) {
			json_decref(all);
			return NULL;
		}
		json_object_set_new(all, parts[i].name, part);
	}
	return all;
}

/* ---- attempts ---- */

#define ATTEMPTS                                                                                   \
	"SELECT id AS attempt, label AS unit, try, slot, verdict, code, cause,"                    \
	" strftime('%Y-%m-%d %H:%M:%S', ended, 'localtime') AS ended, ms, operator"                \
	" FROM attempts WHERE verdict IS NOT NULL AND "

#define HAS_WORD                                                                                   \
	"(instr(lower(label), ?) OR instr(lower(code), ?) = 1 OR instr(lower(verdict), ?) = 1)"

static void split(const char *filter, char words[WORDS][WORD])
{
	size_t n = 0;

	memset(words, 0, WORDS * WORD);
	while (n < WORDS && *(filter += strspn(filter, " "))) {
		size_t length = strcspn(filter, " ");

		for (size_t i = 0; i < length && i < WORD - 1; i++)
			words[n][i] = (char)tolower((unsigned char)filter[i]);
		filter += length;
		n++;
	}
}

json_t *statistics_history(
	sqlite3 *db, const char *filter, int64_t before, int64_t most, struct err *err)
{
	char w[WORDS][WORD];

	split(filter, w);
	return rows(db,
		sql_query(db, err,
			ATTEMPTS "(? = 0 OR id < ?) AND " HAS_WORD " AND " HAS_WORD " AND " HAS_WORD
				 " ORDER BY id DESC LIMIT ?",
			"iisssssssssi", before, before, w[0], w[0], w[0], w[1], w[1], w[1], w[2],
			w[2], w[2], most),
		err);
}

json_t *statistics_of_unit(sqlite3 *db, const char *unit, struct err *err)
{
	return rows(db, sql_query(db, err, ATTEMPTS "label = ? ORDER BY id", "s", unit), err);
}
