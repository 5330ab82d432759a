#include "store/record.h"
#include "core/mask.h"
#include "store/sql.h"

#include <string.h>

static json_t *text(sqlite3_stmt *s, int column)
{
	const char *t = (const char *)sqlite3_column_text(s, column);

	return t ? json_string(t) : json_null();
}

static json_t *real(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL
		       ? json_null()
		       : json_real(sqlite3_column_double(s, column));
}

static json_t *integer(sqlite3_stmt *s, int column)
{
	return json_integer(sqlite3_column_int64(s, column));
}

typedef json_t *(*row_reader)(sqlite3 *db, sqlite3_stmt *s, struct err *err);

/* A list with one object a row; NULL with err. */
static json_t *rows(sqlite3 *db, const char *sql, int64_t key, row_reader row, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err, sql, "i", key);
	json_t *list = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(db, s, err)) > 0) {
		json_t *object = row(db, s, err);

		if (!object) {
			ret = E_STORE;
			break;
		}
		json_array_append_new(list, object);
	}
	sql_done(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *measurement_row(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	(void)db;
	(void)err;
	return json_pack("{so, so, so, so, so, so, so}", "name", text(s, 0), "value", real(s, 1),
		"unit", text(s, 2), "low", real(s, 3), "high", real(s, 4), "marginal", real(s, 5),
		"judgement", text(s, 6));
}

/* Header, lengths, status and time: what a person needs to follow it, nothing that is a secret. */
static json_t *apdu_row(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	const char *command = (const char *)sqlite3_column_text(s, 1);
	const char *response = (const char *)sqlite3_column_text(s, 2);
	size_t c = command ? strlen(command) : 0, n = response ? strlen(response) : 0;
	json_t *o;

	(void)db;
	(void)err;
	o = json_pack("{so, ss%, si, si, ss, sf}", "carrier", text(s, 0), "header",
		c ? command : "", c < 8 ? c : (size_t)8, "command_bytes", (int)(c / 2),
		"response_bytes", (int)(n / 2), "sw", n >= 4 ? response + n - 4 : "", "ms",
		(double)sqlite3_column_int64(s, 3) / 1000);
	if (o && sqlite3_column_type(s, 4) != SQLITE_NULL)
		json_object_set_new(o, "error", text(s, 4));
	return o;
}

static json_t *step_row(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	int64_t id = sqlite3_column_int64(s, 0);
	json_t *measurements = rows(db,
		"SELECT name, value, unit, low, high, marginal, judgement FROM measurements"
		" WHERE step = ? ORDER BY id",
		id, measurement_row, err);
	json_t *apdus = rows(db,
		"SELECT carrier, command, response, us, error FROM apdus WHERE step = ? ORDER BY id",
		id, apdu_row, err);

	if (!measurements || !apdus) {
		json_decref(measurements);
		json_decref(apdus);
		return NULL;
	}
	return json_pack("{so, so, so, so, so, so, so, so}", "step", text(s, 1), "verdict",
		text(s, 2), "code", text(s, 3), "cause", text(s, 4), "note", text(s, 5), "ms",
		integer(s, 6), "measurements", measurements, "apdus", apdus);
}

static json_t *masked(sqlite3_stmt *s, int column)
{
	char number[MASK_TEXT];

	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return json_null();
	mask_number((const char *)sqlite3_column_text(s, column), number);
	return json_string(number);
}

static json_t *file(sqlite3_stmt *s, int name)
{
	return json_pack("{so, so}", "name", text(s, name), "sha256", text(s, name + 1));
}

static json_t *attempt_row(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	json_t *steps = rows(db,
		"SELECT id, step, verdict, code, cause, note, ms FROM steps WHERE attempt = ?"
		" ORDER BY position",
		sqlite3_column_int64(s, 0), step_row, err);

	if (!steps)
		return NULL;
	return json_pack(
		"{ss, so, so, so, so, sb, so, so, so, so, so, so, so, so, so, so, so, so, so, so, so, so, so}",
		"format", "payjig-unit-1", "attempt", integer(s, 0), "unit", text(s, 1), "try",
		integer(s, 2), "slot", integer(s, 3), "lab", sqlite3_column_int(s, 4), "verdict",
		text(s, 6), "code", text(s, 7), "cause", text(s, 8), "action", text(s, 23), "card",
		masked(s, 5), "card_state", text(s, 22), "started", text(s, 9), "ended",
		text(s, 10), "ms", integer(s, 11), "job", file(s, 12), "plan", file(s, 14),
		"profile", file(s, 16), "fixture", file(s, 18), "jig", text(s, 20), "version",
		text(s, 21), "operator", text(s, 24), "steps", steps);
}

json_t *record_read(sqlite3 *db, int64_t id, struct err *err)
{
	json_t *list = rows(db,
		"SELECT id, label, try, slot, lab, card, verdict, code, cause, started, ended, ms, job,"
		" job_digest, plan, plan_digest, profile, profile_digest, fixture, fixture_digest, jig,"
		" version, card_state, action, operator FROM attempts"
		" WHERE id = ? AND verdict IS NOT NULL",
		id, attempt_row, err);
	json_t *one = list ? json_incref(json_array_get(list, 0)) : NULL;

	if (list && !one)
		err_set(err, E_CONFIG, "there is no ended attempt %lld", (long long)id);
	json_decref(list);
	return one;
}
