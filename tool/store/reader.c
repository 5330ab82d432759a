#include "store/reader.h"
#include "store/balance.h"
#include "store/private.h"
#include "store/record.h"
#include "store/sql.h"
#include "store/statistics.h"

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
	if (ret == 0 &&
		sqlite3_exec(r->db, "SELECT 1 FROM chain LIMIT 1", NULL, NULL, NULL) != SQLITE_OK)
		ret = err_set(err, E_STORE,
			"is no store of payjig, or of an older schema (payjig store migrate): %s",
			sqlite3_errmsg(r->db));
	if (ret < 0) {
		reader_close(r);
		err_prefix(err, "%s", path);
		return ret;
	}
	sqlite3_busy_timeout(r->db, 2000);
	ret = sql_run(r->db, err, "BEGIN", "");
	if (ret < 0) {
		reader_close(r);
		return ret;
	}
	*out = r;
	return 0;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	sql_close(r->db);
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
	sql_done(s);
	if (ret < 0) {
		free(list);
		return ret;
	}
	*ids = list;
	return n;
}

int reader_sequence(struct reader *r, int64_t *sequence, struct err *err)
{
	return sql_integer(
		r->db, sequence, err, "SELECT coalesce(max(sequence), 0) FROM chain", "");
}

/* ---- attempts ---- */

static json_t *text(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return t ? json_string(t) : json_null();
}

static json_t *integer(sqlite3_stmt *s, int i)
{
	return sqlite3_column_type(s, i) == SQLITE_NULL
		       ? json_null()
		       : json_integer((json_int_t)sqlite3_column_int64(s, i));
}

/* What verify_report() needs; null for a unit from before the chain. */
static json_t *read_proof(struct reader *r, int64_t id, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT (SELECT value FROM meta WHERE name = 'id'), c.sequence,"
		" coalesce((SELECT b.hash FROM chain b WHERE b.sequence = c.sequence - 1),"
		"  substr(hex(zeroblob(32)), 1, 64)), c.hash, h.issued,"
		" (SELECT value FROM meta WHERE name = 'station'), h.signature"
		" FROM chain c JOIN heads h ON h.sequence = c.sequence"
		" WHERE c.kind = 'end' AND c.row = ?",
		"i", id);
	int ret = s ? sql_step(r->db, s, err) : E_STORE;
	json_t *proof = ret < 0 ? NULL : json_null();

	if (ret > 0)
		proof = json_pack("{so, so, so, so, so, so, so}", "store", text(s, 0), "sequence",
			integer(s, 1), "before", text(s, 2), "hash", text(s, 3), "issued",
			integer(s, 4), "station", text(s, 5), "signature", text(s, 6));
	sql_done(s);
	return proof;
}

json_t *reader_attempt(struct reader *r, int64_t id, struct err *err)
{
	json_t *unit = record_read(r->db, id, err);
	json_t *proof = unit ? read_proof(r, id, err) : NULL;

	if (!proof) {
		json_decref(unit);
		return NULL;
	}
	json_object_set_new(unit, "proof", proof);
	return unit;
}

/* ---- statistics ---- */

int reader_first(struct reader *r, int64_t since_ms, int64_t *id, struct err *err)
{
	return statistics_first(r->db, since_ms, id, err);
}

json_t *reader_counts(struct reader *r, const char *job, const char *plan, int64_t from,
	int64_t now_ms, struct err *err)
{
	return statistics_counts(r->db, job, plan, from, now_ms, err);
}

json_t *reader_statistics(struct reader *r, int64_t from, struct err *err)
{
	return statistics_make(r->db, from, err);
}

json_t *reader_history(
	struct reader *r, const char *filter, int64_t before, int64_t most, struct err *err)
{
	return statistics_history(r->db, filter, before, most, err);
}

json_t *reader_attempts_of(struct reader *r, const char *unit, struct err *err)
{
	return statistics_of_unit(r->db, unit, err);
}

json_t *reader_trace(struct reader *r, int64_t attempt, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT (SELECT count(*) FROM steps b WHERE b.attempt = s.attempt"
		" AND b.position < s.position), a.carrier, a.command, a.response, a.us, a.error FROM apdus a"
		" JOIN steps s ON s.id = a.step WHERE s.attempt = ? ORDER BY a.id",
		"i", attempt);
	json_t *list = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(r->db, s, err)) > 0)
		json_array_append_new(
			list, json_pack("{so, so, so, so, so, so}", "step", integer(s, 0),
				      "carrier", text(s, 1), "command", text(s, 2), "response",
				      text(s, 3), "us", integer(s, 4), "error", text(s, 5)));
	sql_done(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* ---- persons ---- */

int reader_login_failures(struct reader *r, const char *name, int64_t *failures,
	int64_t *seconds_ago, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT count(*), coalesce(cast((julianday('now') - julianday(max(at))) * 86400"
		" AS INTEGER), 0) FROM acts WHERE act = 'login_failed' AND subject = ?1"
		" AND id > coalesce((SELECT max(id) FROM acts WHERE act = 'login'"
		" AND subject = ?1), 0)",
		"s", name);
	int ret = s ? sql_step(r->db, s, err) : E_STORE;

	if (ret > 0) {
		*failures = sqlite3_column_int64(s, 0);
		*seconds_ago = sqlite3_column_int64(s, 1);
	}
	sql_done(s);
	return ret < 0 ? ret : 0;
}

/* ---- jobs and cards ---- */

json_t *reader_jobs(struct reader *r, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err, "SELECT name FROM jobs ORDER BY id", "");
	json_t *list = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(r->db, s, err)) > 0)
		json_array_append_new(list, text(s, 0));
	sql_done(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *reader_job(struct reader *r, const char *job, struct err *err)
{
	return balance_job(r->db, job, err);
}

json_t *reader_reconcile(struct reader *r, const char *job, struct err *err)
{
	return balance_make(r->db, job, err);
}

json_t *reader_cards(struct reader *r, const char *job, bool waiting, struct err *err)
{
	return balance_cards(r->db, job, waiting, err);
}

json_t *reader_holding(struct reader *r, const char *unit, struct err *err)
{
	sqlite3_stmt *s =
		sql_query(r->db, err, "SELECT job, state FROM cards WHERE unit = ?", "s", unit);
	int ret = s ? sql_step(r->db, s, err) : E_STORE;
	json_t *out =
		ret > 0 ? json_pack("{so, so}", "job", text(s, 0), "state", text(s, 1)) : NULL;

	sql_done(s);
	if (ret == 0)
		err_set(err, E_CONFIG, "unit %s: holds no card of this store", unit);
	return out;
}

/* ---- the result for the issuer ---- */

static int add_transactions(struct reader *r, const char *number, json_t *list, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT p.kind, e.outcome, p.amount_cents, p.terminal, p.sequence, p.date, p.time,"
		" p.counter, p.key_index, e.tac FROM payments p"
		" LEFT JOIN payment_ends e ON e.payment = p.id WHERE p.number = ? ORDER BY p.id",
		"s", number);
	int ret = E_STORE;

	while (s && (ret = sql_step(r->db, s, err)) > 0)
		json_array_append_new(list,
			json_pack("{so, so, so, so, so, so, so, so, so, so}", "kind", text(s, 0),
				"outcome", text(s, 1), "amount_cents", integer(s, 2), "terminal",
				text(s, 3), "sequence", text(s, 4), "date", text(s, 5), "time",
				text(s, 6), "counter", integer(s, 7), "key_index", integer(s, 8),
				"tac", text(s, 9)));
	sql_done(s);
	return ret;
}

/* What the newest move that says it says: KCVs and key version when it was written, counters when
 * it was proven, the reason when it was spoiled. */
static int add_proofs(struct reader *r, const char *number, json_t *row, struct err *err)
{
	static const struct {
		const char *member, *column;
	} wanted[] = {{"kcvs", "kcvs"}, {"key_version", "key_version"},
		{"online_counter", "online_counter"}, {"offline_counter", "offline_counter"},
		{"reason", "reason"}};
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT proof, becomes FROM moves WHERE number = ? AND proof IS NOT NULL ORDER BY id",
		"s", number);
	int ret = E_STORE;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		json_object_set_new(row, wanted[i].column, json_null());
	while (s && (ret = sql_step(r->db, s, err)) > 0) {
		json_t *proof = json_loads((const char *)sqlite3_column_text(s, 0), 0, NULL);
		bool spoiled = !strcmp((const char *)sqlite3_column_text(s, 1), "SPOILED");

		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			json_t *v = json_object_get(proof, wanted[i].member);

			if (v && (spoiled || strcmp(wanted[i].member, "reason") != 0))
				json_object_set(row, wanted[i].column, v);
		}
		json_decref(proof);
	}
	sql_done(s);
	return ret;
}

/* A card that paid since it was proven has counted on: each transaction that happened counts one. */
static void raise_counters(json_t *row, const json_t *transactions)
{
	const json_t *t;
	size_t i;

	json_array_foreach(transactions, i, t)
	{
		const char *outcome = store_word(t, "outcome");
		const char *counter = !strcmp(store_word(t, "kind"), "load") ? "online_counter"
									     : "offline_counter";
		json_int_t after = json_integer_value(json_object_get(t, "counter")) + 1;
		const json_t *known = json_object_get(row, counter);

		if ((!strcmp(outcome, "DONE") || !strcmp(outcome, "BAD")) &&
			json_is_integer(known) && after > json_integer_value(known))
			json_object_set_new(row, counter, json_integer(after));
	}
}

static json_t *result_row(struct reader *r, sqlite3_stmt *s, struct err *err)
{
	const char *number = (const char *)sqlite3_column_text(s, 0);
	json_t *transactions = json_array();
	json_t *row = json_pack("{so, so, so, so}", "number", text(s, 0), "unit", text(s, 1),
		"state", text(s, 2), "transactions", transactions);

	if (add_proofs(r, number, row, err) < 0 ||
		add_transactions(r, number, transactions, err) < 0) {
		json_decref(row);
		return NULL;
	}
	raise_counters(row, transactions);
	return row;
}

json_t *reader_result(struct reader *r, const char *job, struct err *err)
{
	sqlite3_stmt *s = sql_query(r->db, err,
		"SELECT number, unit, state FROM cards WHERE job = ? ORDER BY position", "s", job);
	json_t *list = json_array(), *row;
	int ret = E_STORE;

	while (s && (ret = sql_step(r->db, s, err)) > 0) {
		row = result_row(r, s, err);
		if (!row)
			ret = err->status;
		if (ret < 0)
			break;
		json_array_append_new(list, row);
	}
	sql_done(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}
