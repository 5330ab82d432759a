#include "store/balance.h"
#include "core/mask.h"
#include "plan/cards.h"
#include "store/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *text(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return json_string(t ? t : "");
}

json_t *balance_job(sqlite3 *db, const char *job, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err,
		"SELECT product, key_set, digest, realm, signer, allotment, cards, state, terms"
		" FROM jobs WHERE name = ?",
		"s", job);
	json_t *out = NULL;
	int ret = s ? sql_step(db, s, err) : E_STORE;

	if (ret > 0)
		out = json_pack("{ss, so, so, so, so, so, so, sI, so, so}", "job", job, "product",
			text(s, 0), "key_set", text(s, 1), "digest", text(s, 2), "realm",
			text(s, 3), "signer", text(s, 4), "allotment", text(s, 5), "cards",
			(json_int_t)sqlite3_column_int64(s, 6), "state", text(s, 7), "terms",
			json_loads((const char *)sqlite3_column_text(s, 8), 0, NULL));
	sql_done(s);
	if (ret == 0)
		err_set(err, E_CONFIG, "job %s: is not in the store (payjig job import)", job);
	else if (ret > 0 && !out)
		err_set(err, E_STORE, "job %s: its terms in the store are damaged", job);
	return out;
}

static json_t *card_row(sqlite3_stmt *s)
{
	const struct card_state *state = card_state_find((const char *)sqlite3_column_text(s, 3));
	char number[MASK_TEXT];

	mask_number((const char *)sqlite3_column_text(s, 1), number);
	return json_pack("{so, ss, so, so, ss}", "job", text(s, 0), "card", number, "unit",
		text(s, 2), "state", text(s, 3), "action",
		state && state->action ? state->action : "");
}

json_t *balance_cards(sqlite3 *db, const char *job, bool waiting, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err,
		"SELECT job, number, unit, state FROM cards WHERE state <> 'AVAILABLE'"
		" AND (? IS NULL OR job = ?) AND (? = 0 OR state NOT IN ('COMMITTED', 'SPOILED'))"
		" ORDER BY id",
		"ssi", job, job, (int64_t)waiting);
	json_t *list = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(db, s, err)) > 0)
		json_array_append_new(list, card_row(s));
	sql_done(s);
	if (ret == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* ---- reconciliation ---- */

static void add_count(json_t *balance, const char *column, int64_t n)
{
	json_t *was = json_object_get(balance, column);

	json_object_set_new(balance, column, json_integer(json_integer_value(was) + (json_int_t)n));
}

static int count_states(sqlite3 *db, const char *job, json_t *balance, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err,
		"SELECT state, count(*) FROM cards WHERE job = ? GROUP BY state", "s", job);
	const struct card_state *states;
	size_t n;
	int ret = E_STORE;

	states = card_states(&n);
	for (size_t i = 0; i < n; i++)
		add_count(balance, states[i].column, 0);
	while (s && (ret = sql_step(db, s, err)) > 0) {
		const struct card_state *state =
			card_state_find((const char *)sqlite3_column_text(s, 0));

		add_count(balance, state ? state->column : "unknown", sqlite3_column_int64(s, 1));
	}
	sql_done(s);
	return ret;
}

static int count_by(sqlite3 *db, const char *job, const char *sql, const char *member, bool number,
	json_t *list, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err, sql, "s", job);
	int ret = E_STORE;

	while (s && (ret = sql_step(db, s, err)) > 0)
		json_array_append_new(list,
			json_pack("{so, sI, sI}", member,
				number ? json_integer(sqlite3_column_int64(s, 0)) : text(s, 0),
				"attempts", (json_int_t)sqlite3_column_int64(s, 1), "good",
				(json_int_t)sqlite3_column_int64(s, 2)));
	sql_done(s);
	return ret;
}

static void difference(json_t *balance, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void difference(json_t *balance, const char *format, ...)
{
	char sentence[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(sentence, sizeof(sentence), format, ap);
	va_end(ap);
	json_array_append_new(json_object_get(balance, "differences"), json_string(sentence));
}

/* Each query finds rows that must not be; its first column names one. */
static const struct {
	const char *sql, *sentence;
} checks[] = {
	{"SELECT c.number FROM cards c WHERE c.job = ? AND c.state <> coalesce("
	 "(SELECT becomes FROM moves m WHERE m.number = c.number ORDER BY m.id DESC LIMIT 1),"
	 " 'AVAILABLE')",
		"state of a card is not where its moves led"},
	{"SELECT m.number FROM moves m JOIN cards c ON c.number = m.number WHERE c.job = ?"
	 " AND m.was <> coalesce((SELECT b.becomes FROM moves b WHERE b.number = m.number"
	 " AND b.id < m.id ORDER BY b.id DESC LIMIT 1), 'AVAILABLE')",
		"moves of a card do not follow from each other"},
	{"SELECT c.number FROM cards c WHERE c.job = ? AND c.state = 'COMMITTED'"
	 " AND (SELECT count(*) FROM attempts a WHERE a.verdict = 'PASS' AND a.card = c.number"
	 " AND a.label = c.unit) <> 1",
		"committed card has not one PASS of its unit"},
	{"SELECT a.card FROM attempts a WHERE a.job = ? AND a.verdict = 'PASS'"
	 " AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.number = a.card AND c.unit = a.label"
	 " AND c.state = 'COMMITTED')",
		"PASS has no committed card"},
	{"SELECT c.number FROM cards c WHERE c.job = ?"
	 " AND c.state IN ('INTENT', 'WRITTEN', 'PROVEN', 'COMMITTED', 'REJECTED')"
	 " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.label = c.unit)",
		"card's unit was never tested"},
};

static int look_for(sqlite3 *db, const char *job, size_t i, json_t *balance, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err, checks[i].sql, "s", job);
	char number[MASK_TEXT] = "";
	int ret = E_STORE, n = 0;

	while (s && (ret = sql_step(db, s, err)) > 0)
		if (!n++)
			mask_number((const char *)sqlite3_column_text(s, 0), number);
	sql_done(s);
	if (ret == 0 && n)
		difference(
			balance, "%d times: the %s (the first: %s)", n, checks[i].sentence, number);
	return ret;
}

static int add_up(sqlite3 *db, const char *job, json_t *balance, struct err *err)
{
	const struct card_state *states;
	json_int_t issued = json_integer_value(json_object_get(balance, "issued")), sum = 0, good,
		   committed;
	size_t n;

	states = card_states(&n);
	for (size_t i = 0; i < n; i++) /* each column once */
		if (i == 0 || strcmp(states[i].column, states[i - 1].column) != 0)
			sum += json_integer_value(json_object_get(balance, states[i].column));
	if (sum != issued)
		difference(balance, "the states add up to %lld cards, the job issued %lld",
			(long long)sum, (long long)issued);
	good = json_integer_value(json_object_get(balance, "good_units"));
	committed = json_integer_value(json_object_get(balance, "committed"));
	if (good != committed)
		difference(balance, "%lld good units, but %lld committed cards", (long long)good,
			(long long)committed);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (look_for(db, job, i, balance, err) < 0)
			return err->status;
	return 0;
}

json_t *balance_make(sqlite3 *db, const char *job, struct err *err)
{
	json_t *facts = balance_job(db, job, err), *balance, *slots, *operators;
	int64_t good = 0, attempts = 0;
	int ret;

	if (!facts)
		return NULL;
	balance = json_pack("{ss, sO, sO, so, so, so}", "job", job, "state",
		json_object_get(facts, "state"), "issued", json_object_get(facts, "cards"), "slots",
		slots = json_array(), "operators", operators = json_array(), "differences",
		json_array());
	json_decref(facts);
	if ((ret = count_states(db, job, balance, err)) < 0 ||
		(ret = sql_integer(db, &good, err,
			 "SELECT count(DISTINCT label) FROM attempts WHERE job = ?"
			 " AND verdict = 'PASS'",
			 "s", job)) < 0 ||
		(ret = sql_integer(db, &attempts, err,
			 "SELECT count(*) FROM attempts WHERE job = ?", "s", job)) < 0 ||
		(ret = count_by(db, job,
			 "SELECT slot, count(*), coalesce(sum(verdict = 'PASS'), 0) FROM attempts"
			 " WHERE job = ? GROUP BY slot ORDER BY slot",
			 "slot", true, slots, err)) < 0 ||
		(ret = count_by(db, job,
			 "SELECT operator, count(*), coalesce(sum(verdict = 'PASS'), 0)"
			 " FROM attempts WHERE job = ? GROUP BY operator ORDER BY operator",
			 "operator", false, operators, err)) < 0) {
		json_decref(balance);
		return NULL;
	}
	json_object_set_new(balance, "good_units", json_integer((json_int_t)good));
	json_object_set_new(balance, "attempts", json_integer((json_int_t)attempts));
	if (add_up(db, job, balance, err) == 0)
		return balance;
	json_decref(balance);
	return NULL;
}
