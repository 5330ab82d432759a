/* The journal: attempts, steps, measurements, APDUs. */
#include "core/clock.h"
#include "store/private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int insert_attempt(struct store *store, struct store_attempt *a, struct err *err)
{
	char now[CLOCK_TEXT];
	int64_t before = 0;
	int ret;

	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT OR IGNORE INTO units(serial, first_seen) VALUES(?, ?)", "ss", a->label,
		now);
	if (ret < 0)
		return ret;
	ret = sql_integer(store->db, &before, err, "SELECT count(*) FROM attempts WHERE label = ?",
		"s", a->label);
	if (ret < 0)
		return ret;
	a->try = (int)before + 1;
	ret = sql_run(store->db, err,
		"INSERT INTO attempts(label, try, slot, job, job_digest, plan, plan_digest, profile,"
		" profile_digest, fixture, fixture_digest, steps, jig, version, lab, operator, started,"
		" started_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"siissssssssississi", a->label, (int64_t)a->try, (int64_t)a->slot, a->job,
		a->job_digest, a->plan, a->plan_digest, a->profile, a->profile_digest, a->fixture,
		a->fixture_digest, (int64_t)a->steps, a->jig, a->version, (int64_t)a->lab,
		a->operator, now, wall_ms());
	if (ret < 0)
		return ret;
	a->id = sqlite3_last_insert_rowid(store->db);
	return store_link(store, CHAIN_BEGIN, a->id, err);
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
			"isrsrrrs", step, store_word(m, "name"),
			json_is_number(value) ? json_number_value(value) : NAN,
			store_word(m, "unit"), json_number_value(json_object_get(m, "low")),
			json_number_value(json_object_get(m, "high")),
			json_number_value(json_object_get(m, "marginal")),
			store_word(m, "judgement"));

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
			"isssis", step, store_word(a, "carrier"), store_word(a, "command"),
			store_word(a, "response"),
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
		store_word(step, "step"), store_word(step, "verdict"), store_word(step, "code"),
		store_word(step, "cause"), store_word(step, "note"),
		(int64_t)json_integer_value(json_object_get(step, "ms")), now);
	if (ret < 0)
		return ret;
	id = sqlite3_last_insert_rowid(store->db);
	ret = insert_measurements(store, id, json_object_get(step, "measurements"), err);
	if (ret < 0 || (ret = insert_apdus(store, id, apdus, err)) < 0)
		return ret;
	return store_link(store, CHAIN_STEP, id, err);
}

int store_end_step(struct store *store, int64_t attempt, const json_t *step, const json_t *apdus,
	struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret : store_end(store, insert_step(store, attempt, step, apdus, err), err);
}

/* What the end of an attempt does to its unit's card: one row a rule. */
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

/* `state` gets what the card is then; "" and no number if the unit holds none. */
static int settle_card(struct store *store, int64_t attempt, const char *unit, enum verdict verdict,
	char number[CARD_NUMBER], char state[STORE_STATE], struct err *err)
{
	int slot, ret;

	number[0] = state[0] = '\0';
	ret = store_card_of_unit(store, unit, number, state, &slot, err);
	if (ret < 0)
		return ret;
	for (size_t i = 0; ret && i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct move m = {number, state, endings[i].becomes, unit, slot, attempt, NULL};

		if (strcmp(endings[i].state, state) != 0 || endings[i].verdict != verdict)
			continue;
		ret = store_record_move(store, &m, err);
		strcpy(state, endings[i].becomes);
		if (!strcmp(state, "AVAILABLE")) /* it is no longer this unit's */
			number[0] = '\0';
		return ret;
	}
	if (verdict == VERDICT_PASS)
		return err_set(err, E_PROTOCOL, "a unit can't PASS with %s%s",
			ret ? "its card " : "no card", state);
	return 0;
}

static int check_all_passed(struct store *store, int64_t attempt, struct err *err)
{
	int64_t passed = 0;
	int ret = sql_integer(store->db, &passed, err,
		"SELECT a.steps > 0 AND a.steps = count(*) AND a.steps = sum(s.verdict = 'PASS')"
		" FROM attempts a JOIN steps s ON s.attempt = a.id WHERE a.id = ?",
		"i", attempt);

	if (ret < 0)
		return ret;
	return passed ? 0 : err_set(err, E_PROTOCOL, "a unit can't PASS without every step passed");
}

static int unit_of(struct store *store, int64_t attempt, char unit[STORE_TEXT], struct err *err)
{
	sqlite3_stmt *s = sql_query(store->db, err,
		"SELECT label FROM attempts WHERE id = ? AND verdict IS NULL", "i", attempt);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0)
		sql_text(s, 0, unit, STORE_TEXT);
	if (ret == 0)
		ret = err_set(
			err, E_PROTOCOL, "attempt %lld has ended already", (long long)attempt);
	sql_done(s);
	return ret;
}

int store_finish_attempt(struct store *store, int64_t attempt, const struct store_end *end,
	char card[CARD_NUMBER], struct err *err)
{
	char now[CLOCK_TEXT], state[STORE_STATE], unit[STORE_TEXT];
	int ret = unit_of(store, attempt, unit, err);

	if (ret >= 0 && end->torn)
		ret = insert_step(store, attempt, end->torn, end->apdus, err);
	if (ret >= 0 && end->verdict == VERDICT_PASS)
		ret = check_all_passed(store, attempt, err);
	if (ret >= 0)
		ret = settle_card(store, attempt, unit, end->verdict, card, state, err);
	if (ret < 0)
		return ret;
	clock_text(now);
	ret = sql_run(store->db, err,
		"UPDATE attempts SET ended = ?, ms = max(0, ? - started_ms), verdict = ?, code = ?,"
		" cause = ?, action = ?, card = ?, card_state = ? WHERE id = ?",
		"sissssssi", now, wall_ms(), verdict_word(end->verdict), end->code, end->cause,
		end->action, card[0] ? card : NULL, card[0] ? state : NULL, attempt);
	if (ret < 0)
		return ret;
	store->head_due = true;
	return store_link(store, CHAIN_END, attempt, err);
}

int store_end_attempt(struct store *store, int64_t attempt, const struct store_end *end,
	char card[CARD_NUMBER], struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret
		       : store_end(
				 store, store_finish_attempt(store, attempt, end, card, err), err);
}

int store_finish_open(struct store *store, struct err *err)
{
	const struct store_end torn = {.verdict = VERDICT_ERROR,
		.code = "TOOL-STATION",
		.cause = "the station ended while the unit was in work",
		.action = "test the unit again"};
	int n = 0;

	for (;; n++) {
		char card[CARD_NUMBER];
		int64_t id = 0;
		int ret = sql_integer(store->db, &id, err,
			"SELECT id FROM attempts WHERE verdict IS NULL ORDER BY id LIMIT 1", "");

		if (ret == 1)
			ret = store_finish_attempt(store, id, &torn, card, err);
		else if (ret == 0)
			return n;
		if (ret < 0)
			return ret;
	}
}
