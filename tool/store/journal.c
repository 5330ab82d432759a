/* The journal: attempts, steps, measurements, APDUs. */
#include "core/clock.h"
#include "store/private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text_of(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int insert_attempt(struct store *store, struct store_attempt *a, struct err *err)
{
	char now[CLOCK_TEXT];
	sqlite3_stmt *s;
	int ret;

	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT OR IGNORE INTO units(serial, first_seen) VALUES(?, ?)", "ss", a->label,
		now);
	if (ret < 0)
		return ret;
	s = sql_query(
		store->db, err, "SELECT count(*) FROM attempts WHERE label = ?", "s", a->label);
	ret = s ? sql_step(store->db, s, err) : E_STORE;
	if (ret > 0)
		a->try = sqlite3_column_int(s, 0) + 1;
	sqlite3_finalize(s);
	if (ret < 0)
		return ret;
	ret = sql_run(store->db, err,
		"INSERT INTO attempts(label, try, slot, job, job_digest, plan, plan_digest, profile,"
		" profile_digest, fixture, fixture_digest, steps, jig, version, lab, started, started_ms)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"siissssssssissisi", a->label, (int64_t)a->try, (int64_t)a->slot, a->job,
		a->job_digest, a->plan, a->plan_digest, a->profile, a->profile_digest, a->fixture,
		a->fixture_digest, (int64_t)a->steps, a->jig, a->version, (int64_t)a->lab, now,
		wall_ms());
	a->id = sqlite3_last_insert_rowid(store->db);
	return ret;
}

int store_begin_attempt(struct store *store, struct store_attempt *a, struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret : store_end(store, insert_attempt(store, a, err), err);
}

static int insert_measurements(
	struct store *store, int64_t step, const json_t *list, struct err *err)
{
	const json_t *m;
	size_t i;

	json_array_foreach(list, i, m)
	{
		const json_t *value = json_object_get(m, "value");
		int ret = sql_run(store->db, err,
			"INSERT INTO measurements(step, name, value, unit, low, high, marginal, judgement)"
			" VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
			"isrsrrrs", step, text_of(m, "name"),
			json_is_number(value) ? json_number_value(value) : NAN, text_of(m, "unit"),
			json_number_value(json_object_get(m, "low")),
			json_number_value(json_object_get(m, "high")),
			json_number_value(json_object_get(m, "marginal")), text_of(m, "judgement"));

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int insert_apdus(struct store *store, int64_t step, const json_t *list, struct err *err)
{
	const json_t *a;
	size_t i;

	json_array_foreach(list, i, a)
	{
		int ret = sql_run(store->db, err,
			"INSERT INTO apdus(step, carrier, command, response, us, error)"
			" VALUES(?, ?, ?, ?, ?, ?)",
			"isssis", step, text_of(a, "carrier"), text_of(a, "command"),
			text_of(a, "response"),
			(int64_t)json_integer_value(json_object_get(a, "us")),
			json_string_value(json_object_get(a, "error")));

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int insert_step(struct store *store, int64_t attempt, const json_t *step,
	const json_t *apdus, struct err *err)
{
	char now[CLOCK_TEXT];
	int64_t id;
	int ret;

	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT INTO steps(attempt, position, step, verdict, code, cause, note, ms, ended)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"iisssssis", attempt,
		(int64_t)json_integer_value(json_object_get(step, "position")),
		text_of(step, "step"), text_of(step, "verdict"), text_of(step, "code"),
		text_of(step, "cause"), text_of(step, "note"),
		(int64_t)json_integer_value(json_object_get(step, "ms")), now);
	if (ret < 0)
		return ret;
	id = sqlite3_last_insert_rowid(store->db);
	ret = insert_measurements(store, id, json_object_get(step, "measurements"), err);
	return ret < 0 ? ret : insert_apdus(store, id, apdus, err);
}

int store_end_step(struct store *store, int64_t attempt, const json_t *step, const json_t *apdus,
	struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret : store_end(store, insert_step(store, attempt, step, apdus, err), err);
}

/* The card this attempt moved, with its state now; 0 if it touched none. */
static int card_of_attempt(struct store *store, int64_t attempt, char number[CARD_NUMBER],
	char state[16], char unit[STORE_TEXT], int *slot, struct err *err)
{
	sqlite3_stmt *s = sql_query(store->db, err,
		"SELECT c.number, c.state, c.unit, c.slot FROM cards c JOIN moves m ON m.number = c.number"
		" WHERE m.attempt = ? AND c.unit = m.unit ORDER BY m.id DESC LIMIT 1",
		"i", attempt);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0) {
		sql_text(s, 0, number, CARD_NUMBER);
		sql_text(s, 1, state, 16);
		sql_text(s, 2, unit, STORE_TEXT);
		*slot = sqlite3_column_int(s, 3);
	}
	sqlite3_finalize(s);
	return ret;
}

/* What the end of an attempt does to its card: one row a rule. */
static const struct {
	const char *state;
	enum verdict verdict;
	const char *becomes;
} endings[] = {
	{"RESERVED", VERDICT_FAIL, "AVAILABLE"}, /* nothing secret was sent */
	{"RESERVED", VERDICT_ERROR, "AVAILABLE"},
	{"RESERVED", VERDICT_ABORT, "AVAILABLE"},
	{"INTENT", VERDICT_FAIL, "REJECTED"}, /* a live credential in a bad unit */
	{"WRITTEN", VERDICT_FAIL, "REJECTED"},
	{"PROVEN", VERDICT_FAIL, "REJECTED"},
	{"PROVEN", VERDICT_PASS, "COMMITTED"},
};

static int settle_card(struct store *store, int64_t attempt, enum verdict verdict,
	char number[CARD_NUMBER], struct err *err)
{
	char state[16], unit[STORE_TEXT];
	int slot, ret = card_of_attempt(store, attempt, number, state, unit, &slot, err);

	if (ret < 0)
		return ret;
	if (ret == 0) {
		number[0] = '\0';
		return verdict == VERDICT_PASS
			       ? err_set(err, E_PROTOCOL, "a unit can't PASS without a card")
			       : 0;
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (!strcmp(endings[i].state, state) && endings[i].verdict == verdict)
			return store_record_move(store, number, state, endings[i].becomes, unit,
				slot, attempt, NULL, err);
	if (verdict == VERDICT_PASS)
		return err_set(err, E_PROTOCOL, "a unit can't PASS with its card %s", state);
	return 0;
}

static int check_all_passed(struct store *store, int64_t attempt, struct err *err)
{
	sqlite3_stmt *s = sql_query(store->db, err,
		"SELECT a.steps, count(*), coalesce(sum(s.verdict = 'PASS'), 0) FROM attempts a"
		" JOIN steps s ON s.attempt = a.id WHERE a.id = ?",
		"i", attempt);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0 && (sqlite3_column_int(s, 0) < 1 ||
			       sqlite3_column_int(s, 0) != sqlite3_column_int(s, 1) ||
			       sqlite3_column_int(s, 0) != sqlite3_column_int(s, 2)))
		ret = err_set(err, E_PROTOCOL, "a unit can't PASS without every step passed");
	sqlite3_finalize(s);
	return ret;
}

int store_end_attempt(struct store *store, int64_t attempt, enum verdict verdict, const char *code,
	const char *cause, const json_t *torn, const json_t *apdus, char card[CARD_NUMBER],
	struct err *err)
{
	char now[CLOCK_TEXT];
	int ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	clock_text(now);
	if (torn)
		ret = insert_step(store, attempt, torn, apdus, err);
	if (ret >= 0 && verdict == VERDICT_PASS)
		ret = check_all_passed(store, attempt, err);
	if (ret >= 0)
		ret = settle_card(store, attempt, verdict, card, err);
	if (ret >= 0)
		ret = sql_run(store->db, err,
			"UPDATE attempts SET ended = ?, ms = max(0, ? - started_ms), verdict = ?, code = ?,"
			" cause = ?, card = ? WHERE id = ? AND verdict IS NULL",
			"sissssi", now, wall_ms(), verdict_word(verdict), code, cause,
			card[0] ? card : NULL, attempt);
	if (ret == 0)
		ret = err_set(
			err, E_PROTOCOL, "attempt %lld has ended already", (long long)attempt);
	return store_end(store, ret, err);
}
