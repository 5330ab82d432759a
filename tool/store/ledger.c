/* The card ledger: who holds which card, and in what state. */
#include "core/clock.h"
#include "plan/cards.h"
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

int store_record_move(struct store *store, const struct move *m, struct err *err)
{
	const char *unit = m->unit[0] && strcmp(m->becomes, "AVAILABLE") != 0 ? m->unit : NULL;
	char now[CLOCK_TEXT];
	int ret;

	if (!card_may_move(m->was, m->becomes))
		return err_set(
			err, E_PROTOCOL, "a card can't go from %s to %s", m->was, m->becomes);
	clock_text(now);
	ret = sql_run(store->db, err,
		"UPDATE cards SET state = ?, unit = ?, slot = ? WHERE number = ? AND state = ?",
		"ssiss", m->becomes, unit, (int64_t)m->slot, m->number, m->was);
	if (ret == 0)
		return err_set(err, E_PROTOCOL, "the card is no longer %s", m->was);
	if (ret < 0)
		return ret;
	ret = sql_run(store->db, err,
		"INSERT INTO moves(number, was, becomes, unit, slot, attempt, at, proof)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		"ssssiiss", m->number, m->was, m->becomes, m->unit, (int64_t)m->slot, m->attempt,
		now, m->proof);
	return ret < 0 ? ret
		       : store_link(store, CHAIN_MOVE, sqlite3_last_insert_rowid(store->db), err);
}

#define CARD "SELECT number, valid_from, valid_to, extended, keys, state FROM cards "

static int read_card(struct store *store, sqlite3_stmt *s, struct store_card *card, struct err *err)
{
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0) {
		sql_text(s, 0, card->number, sizeof(card->number));
		sql_text(s, 1, card->valid_from, sizeof(card->valid_from));
		sql_text(s, 2, card->valid_to, sizeof(card->valid_to));
		sql_text(s, 3, card->extended, sizeof(card->extended));
		sql_text(s, 4, card->keys, sizeof(card->keys));
		sql_text(s, 5, card->state, sizeof(card->state));
	}
	sql_done(s);
	return ret;
}

int store_card_of_unit(struct store *store, const char *unit, char number[CARD_NUMBER],
	char state[STORE_STATE], int *slot, struct err *err)
{
	sqlite3_stmt *s = sql_query(
		store->db, err, "SELECT number, state, slot FROM cards WHERE unit = ?", "s", unit);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0) {
		sql_text(s, 0, number, CARD_NUMBER);
		sql_text(s, 1, state, STORE_STATE);
		*slot = sqlite3_column_int(s, 2);
	}
	sql_done(s);
	return ret;
}

/* ---- reserving ---- */

static int check_open(struct store *store, const char *job, struct err *err)
{
	char state[STORE_STATE] = "";
	sqlite3_stmt *s =
		sql_query(store->db, err, "SELECT state FROM jobs WHERE name = ?", "s", job);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0)
		sql_text(s, 0, state, sizeof(state));
	sql_done(s);
	if (ret < 0 || !strcmp(state, "OPEN"))
		return ret < 0 ? ret : 0;
	err_set(err, E_REFUSED, "job %s is %s", job, state[0] ? state : "not in the store");
	err->code = STORE_NO_CARD;
	return E_REFUSED;
}

static int take_card(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, struct err *err)
{
	int ret = check_open(store, job, err);

	if (ret < 0)
		return ret;
	ret = read_card(store,
		sql_query(store->db, err,
			CARD "WHERE job = ? AND state = 'AVAILABLE' ORDER BY position LIMIT 1", "s",
			job),
		card, err);
	if (ret < 0)
		return ret;
	if (ret == 0) {
		err_set(err, E_REFUSED, "job %s has no card left", job);
		err->code = STORE_NO_CARD;
		return E_REFUSED;
	}
	strcpy(card->state, "RESERVED");
	return store_record_move(store,
		&(struct move){card->number, "AVAILABLE", "RESERVED", unit, slot, attempt, NULL},
		err);
}

static int reserve(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, struct err *err)
{
	int ret = read_card(
		store, sql_query(store->db, err, CARD "WHERE unit = ?", "s", unit), card, err);

	if (ret == 0)
		return take_card(store, job, unit, slot, attempt, card, err);
	if (ret > 0 && (!strcmp(card->state, "COMMITTED") || !strcmp(card->state, "SPOILED") ||
			       !strcmp(card->state, "QUARANTINE"))) {
		err_set(err, E_REFUSED, "unit %s has its card already: %s", unit, card->state);
		err->code = STORE_CARD_DONE;
		return E_REFUSED;
	}
	return ret;
}

#define PAYMENTS                                                                                   \
	"SELECT p.id, p.kind, p.amount_cents, p.terminal, p.sequence, p.date, p.time, p.counter,"  \
	" p.balance_cents, p.overdraft_cents, p.random, p.key_index, e.outcome, e.tac"             \
	" FROM payments p LEFT JOIN payment_ends e ON e.payment = p.id"                            \
	" WHERE p.number = ? ORDER BY p.id"

static json_t *column(sqlite3_stmt *s, int i)
{
	const char *text;

	if (sqlite3_column_type(s, i) == SQLITE_INTEGER)
		return json_integer(sqlite3_column_int64(s, i));
	text = (const char *)sqlite3_column_text(s, i);
	return text ? json_string(text) : json_null();
}

static int read_payments(struct store *store, const char *number, json_t **list, struct err *err)
{
	static const char *const names[] = {"id", "kind", "amount_cents", "terminal", "sequence",
		"date", "time", "counter", "balance_cents", "overdraft_cents", "random",
		"key_index", "outcome", "tac"};
	sqlite3_stmt *s = sql_query(store->db, err, PAYMENTS, "s", number);
	json_t *out = json_array();
	int ret = E_STORE;

	while (s && (ret = sql_step(store->db, s, err)) > 0) {
		json_t *p = json_object();

		for (int i = 0; i < sqlite3_column_count(s); i++)
			json_object_set_new(p, names[i], column(s, i));
		json_array_append_new(out, p);
	}
	sql_done(s);
	if (ret < 0)
		json_decref(out);
	else
		*list = out;
	return ret;
}

int store_reserve_card(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, json_t **payments, struct err *err)
{
	json_t *list = NULL;
	int ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	ret = reserve(store, job, unit, slot, attempt, card, err);
	if (ret >= 0 && payments)
		ret = read_payments(store, card->number, &list, err);
	ret = store_end(store, ret, err);
	if (ret == 0 && payments)
		*payments = list;
	else
		json_decref(list);
	return ret;
}

/* ---- moving ---- */

static int note_issued(struct store *store, const char *number, struct err *err)
{
	int64_t row = 0;
	int ret = sql_integer(
		store->db, &row, err, "SELECT id FROM cards WHERE number = ?", "s", number);

	if (row > store->issued)
		store->issued = row;
	store->outside_due = true;
	return ret;
}

static int end_payment(struct store *store, const char *number, int64_t attempt, int64_t payment,
	const char *outcome, const char *tac, struct err *err)
{
	char now[CLOCK_TEXT];
	int64_t open = 0;
	int ret = sql_integer(store->db, &open, err,
		"SELECT count(*) FROM payments p LEFT JOIN payment_ends e ON e.payment = p.id"
		" WHERE p.id = ? AND p.number = ? AND e.payment IS NULL",
		"is", payment, number);

	if (ret < 0)
		return ret;
	if (!open)
		return err_set(
			err, E_PROTOCOL, "the card has no open payment %lld", (long long)payment);
	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT INTO payment_ends(payment, outcome, tac, attempt, at) VALUES(?, ?, ?, ?, ?)",
		"issis", payment, outcome, tac, attempt, now);
	return ret < 0 ? ret : store_link(store, CHAIN_PAYMENT_END, payment, err);
}

static int move_card(struct store *store, const char *unit, const char *to, int slot,
	int64_t attempt, const json_t *proof, struct err *err)
{
	const json_t *payment = json_object_get(proof, "payment");
	char number[CARD_NUMBER], state[STORE_STATE], *text = NULL;
	int was, ret = store_card_of_unit(store, unit, number, state, &was, err);

	if (ret == 0)
		ret = err_set(err, E_PROTOCOL, "unit %s holds no card", unit);
	if (ret < 0)
		return ret;
	if (payment) {
		ret = end_payment(store, number, attempt, json_integer_value(payment), "DONE",
			store_word(proof, "tac"), err);
		if (ret < 0)
			return ret;
	}
	if (!strcmp(state, to))
		return 0;
	text = proof ? json_dumps(proof, JSON_COMPACT) : NULL;
	ret = store_record_move(
		store, &(struct move){number, state, to, unit, slot, attempt, text}, err);
	free(text);
	return ret >= 0 && !strcmp(to, "INTENT") ? note_issued(store, number, err) : ret;
}

int store_move_card(struct store *store, const char *unit, const char *to, int slot,
	int64_t attempt, const json_t *proof, struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret
		       : store_end(
				 store, move_card(store, unit, to, slot, attempt, proof, err), err);
}

int store_other_holder(struct store *store, const char *unit, const char *number, struct err *err)
{
	int64_t n = 0;
	int ret = sql_integer(store->db, &n, err,
		"SELECT count(*) FROM cards WHERE number = ? AND unit IS NOT NULL AND unit <> ?",
		"ss", number, unit);

	return ret < 0 ? ret : n > 0;
}

int store_holding(struct store *store, const char *unit, char state[STORE_STATE], struct err *err)
{
	char number[CARD_NUMBER];
	int slot, ret;

	state[0] = '\0';
	ret = store_card_of_unit(store, unit, number, state, &slot, err);
	return ret < 0 ? ret : 0;
}

int store_seal(struct store *store, const char *unit, struct err *err)
{
	char number[CARD_NUMBER], state[STORE_STATE];
	int slot, ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	ret = store_card_of_unit(store, unit, number, state, &slot, err);
	if (ret >= 0 && (ret == 0 || strcmp(state, "PROVEN") != 0))
		ret = err_set(err, E_PROTOCOL, "unit %s holds no proven card", unit);
	if (ret > 0)
		ret = store_record_act(store, "erase_test_keys", "", unit, NULL, "", err);
	return store_end(store, ret, err);
}

int store_is_sealed(struct store *store, const char *unit, struct err *err)
{
	int64_t n = 0;
	int ret = sql_integer(store->db, &n, err,
		"SELECT count(*) FROM acts WHERE act = 'erase_test_keys' AND subject = ?", "s",
		unit);

	return ret < 0 ? ret : n > 0;
}

/* ---- factory payments ---- */

static int64_t whole(const json_t *payment, const char *member)
{
	return (int64_t)json_integer_value(json_object_get(payment, member));
}

static json_t *terms_of(struct store *store, const char *number, struct err *err)
{
	sqlite3_stmt *s = sql_query(store->db, err,
		"SELECT j.terms FROM jobs j JOIN cards c ON c.job = j.name WHERE c.number = ?", "s",
		number);
	json_t *terms = NULL;
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0)
		terms = json_loads((const char *)sqlite3_column_text(s, 0), 0, NULL);
	sql_done(s);
	if (!terms && ret >= 0)
		err_set(err, E_STORE, "the card's job has no terms");
	return terms;
}

/* Within amount, terminal and count, whatever the worker believes. */
static int authorize(struct store *store, const char *number, const json_t *terms,
	const json_t *payment, struct err *err)
{
	const json_t *may = json_object_get(terms, "factory_payment");
	const char *kind = store_word(payment, "kind");
	int64_t most = whole(may, "amount_cents"), own = whole(may, "key_index"), before = 0;
	int ret;

	if (whole(payment, "amount_cents") > most)
		return err_set(
			err, E_REFUSED, "the job authorizes at most %lld cents", (long long)most);
	if (strcmp(store_word(payment, "terminal"), store_word(may, "terminal")) != 0)
		return err_set(err, E_REFUSED, "the job authorizes terminal %s only",
			store_word(may, "terminal"));
	if (!strcmp(store_word(may, "mode"), "test_keys"))
		return whole(payment, "key_index") == own
			       ? 0
			       : err_set(err, E_REFUSED,
					 "the job lets its test keys (index %lld) pay only",
					 (long long)own);
	ret = sql_integer(store->db, &before, err,
		"SELECT count(*) FROM payments p LEFT JOIN payment_ends e ON e.payment = p.id"
		" WHERE p.number = ? AND p.kind = ? AND coalesce(e.outcome, '') <> 'UNDONE'",
		"ss", number, kind);
	if (ret < 0)
		return ret;
	if (before >= whole(may, "count"))
		return err_set(
			err, E_REFUSED, "the job authorizes no further %s with this card", kind);
	return 0;
}

static int begin_payment(struct store *store, const char *unit, int64_t attempt, const json_t *p,
	int64_t *id, struct err *err)
{
	char number[CARD_NUMBER], state[STORE_STATE], now[CLOCK_TEXT];
	json_t *terms = NULL;
	int slot, ret = store_card_of_unit(store, unit, number, state, &slot, err);

	if (ret == 0 || (ret > 0 && strcmp(state, "WRITTEN") != 0 && strcmp(state, "PROVEN") != 0))
		return err_set(err, E_PROTOCOL, "unit %s holds no written card", unit);
	if (ret > 0)
		terms = terms_of(store, number, err);
	ret = terms ? authorize(store, number, terms, p, err) : err->status;
	json_decref(terms);
	if (ret < 0)
		return ret;
	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT INTO payments(number, unit, attempt, kind, amount_cents, terminal, sequence,"
		" date, time, counter, balance_cents, overdraft_cents, random, key_index, at)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"ssisissssiiisis", number, unit, attempt, store_word(p, "kind"),
		whole(p, "amount_cents"), store_word(p, "terminal"), store_word(p, "sequence"),
		store_word(p, "date"), store_word(p, "time"), whole(p, "counter"),
		whole(p, "balance_cents"), whole(p, "overdraft_cents"), store_word(p, "random"),
		whole(p, "key_index"), now);
	if (ret < 0)
		return ret;
	*id = sqlite3_last_insert_rowid(store->db);
	return store_link(store, CHAIN_PAYMENT, *id, err);
}

int store_begin_payment(struct store *store, const char *unit, int64_t attempt,
	const json_t *payment, int64_t *id, struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret
		       : store_end(
				 store, begin_payment(store, unit, attempt, payment, id, err), err);
}

int store_end_payment(struct store *store, const char *unit, int64_t attempt, int64_t payment,
	const char *outcome, const char *tac, struct err *err)
{
	char number[CARD_NUMBER], state[STORE_STATE];
	int slot, ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	ret = store_card_of_unit(store, unit, number, state, &slot, err);
	if (ret == 0)
		ret = err_set(err, E_PROTOCOL, "unit %s holds no card", unit);
	if (ret > 0)
		ret = end_payment(store, number, attempt, payment, outcome, tac, err);
	return store_end(store, ret, err);
}
