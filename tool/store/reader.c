#include "store/reader.h"
#include "plan/codes.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	sqlite3 *db;
};

int reader_open(struct reader **out, const char *path, struct err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int ret = 0;

	if (!r)
		return err_set(err, E_SYSTEM, "out of memory");
	if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		ret = err_set(err, E_STORE, "can't be read: %s", sqlite3_errmsg(r->db));
	if (ret == 0 && sqlite3_exec(r->db, "SELECT 1 FROM attempts LIMIT 1", NULL, NULL, NULL) !=
				SQLITE_OK)
		ret = err_set(err, E_STORE, "is no store of payjig (%s)", sqlite3_errmsg(r->db));
	if (ret < 0) {
		reader_close(r);
		err_prefix(err, "%s", path);
		return ret;
	}
	sqlite3_busy_timeout(r->db, 2000);
	*out = r;
	return 0;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r);
}

int reader_attempts(struct reader *r, int64_t from, int64_t **ids, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT id FROM attempts WHERE verdict IS NOT NULL AND id >= ? ORDER BY id", "i",
		from);
	int64_t *list = NULL;
	int n = 0, ret = E_STORE;

	while (s && (ret = sql_step(r->db, s, err)) > 0) {
		int64_t *more = realloc(list, ((size_t)n + 1) * sizeof(*list));

		if (!more) {
			ret = err_set(err, E_SYSTEM, "out of memory");
			break;
		}
		list = more;
		list[n++] = sqlite3_column_int64(s, 0);
	}
	sqlite3_finalize(s);
	if (ret < 0) {
		free(list);
		return ret;
	}
	*ids = list;
	return n;
}

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

typedef json_t *(*row_reader)(struct reader *r, sqlite3_stmt *s, struct err *err);

/* A list with one object a row; NULL with err. */
static json_t *rows(struct reader *r, const char *sql, int64_t key, row_reader row, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err, sql, "i", key);
	json_t *list = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(r->db, s, err)) > 0) {
		json_t *object = row(r, s, err);

		if (!object) {
			ret = E_STORE;
			break;
		}
		json_array_append_new(list, object);
	}
	sqlite3_finalize(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *measurement_row(struct reader *r, sqlite3_stmt *s, struct err *err)
{
	(void)r;
	(void)err;
	return json_pack("{so, so, so, so, so, so, so}", "name", text(s, 0), "value", real(s, 1),
		"unit", text(s, 2), "low", real(s, 3), "high", real(s, 4), "marginal", real(s, 5),
		"judgement", text(s, 6));
}

/* Header, lengths, status and time: what a person needs to follow it, nothing that is a secret. */
static json_t *apdu_row(struct reader *r, sqlite3_stmt *s, struct err *err)
{
	const char *command = (const char *)sqlite3_column_text(s, 1);
	const char *response = (const char *)sqlite3_column_text(s, 2);
	size_t c = command ? strlen(command) : 0, n = response ? strlen(response) : 0;
	json_t *o;

	(void)r;
	(void)err;
	o = json_pack("{so, ss%, si, si, ss, sf}", "carrier", text(s, 0), "header",
		c ? command : "", c < 8 ? c : (size_t)8, "command_bytes", (int)(c / 2),
		"response_bytes", (int)(n / 2), "sw", n >= 4 ? response + n - 4 : "", "ms",
		(double)sqlite3_column_int64(s, 3) / 1000);
	if (o && sqlite3_column_type(s, 4) != SQLITE_NULL)
		json_object_set_new(o, "error", text(s, 4));
	return o;
}

static json_t *step_row(struct reader *r, sqlite3_stmt *s, struct err *err)
{
	int64_t id = sqlite3_column_int64(s, 0);
	json_t *measurements = rows(r,
		"SELECT name, value, unit, low, high, marginal, judgement FROM measurements"
		" WHERE step = ? ORDER BY id",
		id, measurement_row, err);
	json_t *apdus = rows(r,
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
	char number[32];
	size_t n;

	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return json_null();
	sql_text(s, column, number, sizeof(number));
	n = strlen(number);
	for (size_t i = 6; i + 4 < n; i++)
		number[i] = '*';
	return json_string(number);
}

static json_t *file(sqlite3_stmt *s, int name)
{
	return json_pack("{so, so}", "name", text(s, name), "sha256", text(s, name + 1));
}

static json_t *attempt_row(struct reader *r, sqlite3_stmt *s, struct err *err)
{
	const struct code *code = code_find((const char *)sqlite3_column_text(s, 7));
	json_t *steps = rows(r,
		"SELECT id, step, verdict, code, cause, note, ms FROM steps WHERE attempt = ?"
		" ORDER BY position",
		sqlite3_column_int64(s, 0), step_row, err);

	if (!steps)
		return NULL;
	return json_pack(
		"{ss, so, so, so, so, sb, so, so, so, ss, so, so, so, so, so, so, so, so, so, so, so, so}",
		"format", "payjig-unit-1", "attempt", integer(s, 0), "unit", text(s, 1), "try",
		integer(s, 2), "slot", integer(s, 3), "lab", sqlite3_column_int(s, 4), "verdict",
		text(s, 6), "code", text(s, 7), "cause", text(s, 8), "action",
		code ? code->action : "ship the unit", "card", masked(s, 5), "card_state",
		text(s, 22), "started", text(s, 9), "ended", text(s, 10), "ms", integer(s, 11),
		"job", file(s, 12), "plan", file(s, 14), "profile", file(s, 16), "fixture",
		file(s, 18), "jig", text(s, 20), "version", text(s, 21), "steps", steps);
}

json_t *reader_attempt(struct reader *r, int64_t id, struct err *err)
{
	json_t *list = rows(r,
		"SELECT a.id, a.label, a.try, a.slot, a.lab, a.card, a.verdict, a.code, a.cause, a.started,"
		" a.ended, a.ms, a.job, a.job_digest, a.plan, a.plan_digest, a.profile, a.profile_digest,"
		" a.fixture, a.fixture_digest, a.jig, a.version, c.state"
		" FROM attempts a LEFT JOIN cards c ON c.number = a.card WHERE a.id = ?",
		id, attempt_row, err);
	json_t *one = list ? json_incref(json_array_get(list, 0)) : NULL;

	if (list && !one)
		err_set(err, E_CONFIG, "there is no attempt %lld", (long long)id);
	json_decref(list);
	return one;
}
