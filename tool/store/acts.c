/* What persons do to cards and jobs: one table. */
#include "core/clock.h"
#include "plan/cards.h"
#include "store/balance.h"
#include "store/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_record_act(struct store *store, const char *act, const char *job, const char *subject,
	const json_t *persons, const char *reason, struct err *err)
{
	char *names = persons ? json_dumps(persons, JSON_COMPACT) : strdup("[]");
	char now[CLOCK_TEXT];
	int ret;

	if (!names)
		return err_set(err, E_SYSTEM, "out of memory");
	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT INTO acts(act, job, subject, persons, reason, at) VALUES(?, ?, ?, ?, ?, ?)",
		"ssssss", act, job, subject, names, reason, now);
	free(names);
	store->head_due = true;
	return ret < 0 ? ret
		       : store_link(store, CHAIN_ACT, sqlite3_last_insert_rowid(store->db), err);
}

/* ---- on a card ---- */

struct card_found {
	char number[CARD_NUMBER], state[STORE_STATE], unit[STORE_TEXT];
};

/* By the unit that holds it, or by its number, which may be masked with '*'. */
static int find_card(
	struct store *store, const json_t *act, struct card_found *card, struct err *err)
{
	const char *unit = store_word(act, "unit"), *number = store_word(act, "card");
	sqlite3_stmt *s = sql_query(store->db, err,
		unit[0] ? "SELECT number, state, unit FROM cards WHERE unit = ?"
			: "SELECT number, state, unit FROM cards WHERE number GLOB ?",
		"s", unit[0] ? unit : number);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0) {
		sql_text(s, 0, card->number, sizeof(card->number));
		sql_text(s, 1, card->state, sizeof(card->state));
		sql_text(s, 2, card->unit, sizeof(card->unit));
		ret = sql_step(store->db, s, err);
		if (ret > 0)
			ret = err_set(
				err, E_CONFIG, "card %s: several cards look like this", number);
		else if (ret == 0)
			ret = 1;
	} else if (ret == 0) {
		ret = err_set(err, E_CONFIG, "%s %s: the store knows no such card",
			unit[0] ? "unit" : "card", unit[0] ? unit : number);
	}
	sql_done(s);
	return ret;
}

static int move_card(struct store *store, const json_t *act, const char *to, struct err *err)
{
	struct card_found card;
	char *proof;
	int ret = find_card(store, act, &card, err);

	if (ret < 0)
		return ret;
	if (!card_may_move(card.state, to))
		return err_set(err, E_REFUSED, "%s %s: its card is %s and can't become %s",
			card.unit[0] ? "unit" : "card",
			card.unit[0] ? card.unit : store_word(act, "card"), card.state, to);
	if (!card.unit[0] && strcmp(to, "REJECTED") == 0)
		return err_set(err, E_REFUSED,
			"card %s: nobody knows its unit; it can only be stated to be destroyed",
			store_word(act, "card"));
	proof = json_dumps(act, JSON_COMPACT | JSON_SORT_KEYS);
	if (!proof)
		return err_set(err, E_SYSTEM, "out of memory");
	ret = store_record_move(
		store, &(struct move){card.number, card.state, to, card.unit, 0, 0, proof}, err);
	free(proof);
	store->head_due = true;
	return ret;
}

static int quarantine(struct store *store, const json_t *act, struct err *err)
{
	return move_card(store, act, "QUARANTINE", err);
}

static int resolve(struct store *store, const json_t *act, struct err *err)
{
	return move_card(store, act, "REJECTED", err);
}

static int destroy(struct store *store, const json_t *act, struct err *err)
{
	return move_card(store, act, "SPOILED", err);
}

/* ---- on a job ---- */

static int set_job(struct store *store, const json_t *act, const char *state, struct err *err)
{
	int ret = sql_run(store->db, err, "UPDATE jobs SET state = ? WHERE name = ?", "ss", state,
		store_word(act, "job"));

	if (ret == 0)
		return err_set(
			err, E_CONFIG, "job %s: is not in the store", store_word(act, "job"));
	if (ret < 0)
		return ret;
	return store_record_act(store, store_word(act, "act"), store_word(act, "job"),
		store_word(act, "subject"), json_object_get(act, "persons"),
		store_word(act, "reason"), err);
}

static int block_job(struct store *store, const json_t *act, struct err *err)
{
	return set_job(store, act, "BLOCKED", err);
}

/* 1 if the job balances, 0 with the first difference in err. */
static int balances(struct store *store, const char *job, struct err *err)
{
	json_t *balance = balance_make(store->db, job, err);
	const char *first;

	if (!balance)
		return err->status;
	first = json_string_value(json_array_get(json_object_get(balance, "differences"), 0));
	if (first)
		err_set(err, E_REFUSED, "job %s does not balance: %s", job, first);
	json_decref(balance);
	return !first;
}

static int unblock_job(struct store *store, const json_t *act, struct err *err)
{
	const char *job = store_word(act, "job");
	json_t *facts = balance_job(store->db, job, err);
	bool blocked = !strcmp(store_word(facts, "state"), "BLOCKED"),
	     signed_job = store_word(facts, "signer")[0];
	int ret;

	json_decref(facts);
	if (!facts)
		return err->status;
	if (!blocked || !signed_job)
		return err_set(err, E_REFUSED, "job %s %s", job,
			blocked ? "came unsigned: it stays blocked" : "is not blocked");
	ret = balances(store, job, err);
	if (ret <= 0)
		return ret < 0 ? ret : err->status;
	return set_job(store, act, "OPEN", err);
}

/* What an export covered: its subject is the result's SHA-256. */
#define EXPORTED_TO "to record "

static int export_job(struct store *store, const json_t *act, struct err *err)
{
	json_t *facts = balance_job(store->db, store_word(act, "job"), err);
	char to[32];

	json_decref(facts);
	if (!facts)
		return err->status;
	snprintf(to, sizeof(to), EXPORTED_TO "%lld",
		(long long)json_integer_value(json_object_get(act, "sequence")));
	return store_record_act(store, "export_job", store_word(act, "job"),
		store_word(act, "subject"), json_object_get(act, "persons"), to, err);
}

#define NEWEST_CHANGE                                                                              \
	"SELECT coalesce(max(h.sequence), 0) FROM chain h WHERE"                                   \
	" (h.kind = 'move' AND h.row IN (SELECT m.id FROM moves m JOIN cards c"                    \
	"   ON c.number = m.number WHERE c.job = ?1))"                                             \
	" OR (h.kind = 'payment_end' AND h.row IN (SELECT p.id FROM payments p JOIN cards c"       \
	"   ON c.number = p.number WHERE c.job = ?1))"

static int close_job(struct store *store, const json_t *act, struct err *err)
{
	const char *job = store_word(act, "job");
	int64_t open = 0, changed = 0, exported = 0;
	int ret = balances(store, job, err);

	if (ret <= 0)
		return ret < 0 ? ret : err->status;
	if ((ret = sql_integer(store->db, &open, err,
		     "SELECT count(*) FROM cards WHERE job = ?"
		     " AND state NOT IN ('AVAILABLE', 'COMMITTED', 'SPOILED')",
		     "s", job)) < 0 ||
		(ret = sql_integer(store->db, &changed, err, NEWEST_CHANGE, "s", job)) < 0 ||
		(ret = sql_integer(store->db, &exported, err,
			 "SELECT coalesce(max(cast(substr(reason, ?) AS INTEGER)), -1) FROM acts"
			 " WHERE act = 'export_job' AND job = ?",
			 "is", (int64_t)sizeof(EXPORTED_TO), job)) < 0)
		return ret;
	if (open)
		return err_set(err, E_REFUSED,
			"job %s: %lld cards are not accounted for (payjig card list)", job,
			(long long)open);
	if (exported < changed || exported < 0)
		return err_set(err, E_REFUSED, "job %s: its cards %s (payjig job export)", job,
			exported < 0 ? "were not exported yet" : "changed after the last export");
	return set_job(store, act, "CLOSED", err);
}

/* ---- the table ---- */

/* Alphabetical. */
static const struct {
	const char *act;
	const char *role; /* the lowest that may do it */
	size_t persons;	  /* that must be named, all different */
	bool reason;
	int (*run)(struct store *store, const json_t *act, struct err *err);
} acts[] = {
	{"block_job", "lead", 0, true, block_job},
	{"close_job", "lead", 1, false, close_job},
	{"destroy", "lead", 2, true, destroy},
	{"export_job", "operator", 0, false, export_job},
	{"quarantine", "lead", 1, true, quarantine},
	{"resolve", "lead", 1, true, resolve},
	{"unblock_job", "engineer", 1, true, unblock_job},
};

const char *store_act_role(const char *act, size_t *persons)
{
	*persons = 0;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].act, act) != 0)
			continue;
		*persons = acts[i].persons;
		return acts[i].role;
	}
	return "engineer";
}

int store_note(struct store *store, const char *act, const char *subject, const char *person,
	const char *reason, struct err *err)
{
	json_t *persons = person[0] ? json_pack("[s]", person) : json_array();
	int ret = store_begin(store, err);

	if (ret >= 0)
		ret = store_end(store,
			store_record_act(store, act, "", subject, persons, reason, err), err);
	json_decref(persons);
	return ret;
}

static int check_persons(const json_t *act, size_t wanted, struct err *err)
{
	const json_t *persons = json_object_get(act, "persons");
	size_t n = json_array_size(persons);

	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(persons, i));

		if (!name || !name[strspn(name, " ")])
			return err_set(err, E_CONFIG, "a person needs a name");
		for (size_t k = 0; k < i; k++)
			if (!strcmp(name, json_string_value(json_array_get(persons, k))))
				return err_set(err, E_CONFIG, "%s is named twice", name);
	}
	if (n < wanted)
		return err_set(err, E_CONFIG, "%s needs %s", store_word(act, "act"),
			wanted == 1 ? "the name of who says so (--by)"
				    : "the names of two persons (--by, --and)");
	return 0;
}

int store_act(struct store *store, const json_t *act, struct err *err)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int ret;

		if (strcmp(acts[i].act, store_word(act, "act")) != 0)
			continue;
		ret = check_persons(act, acts[i].persons, err);
		if (ret < 0)
			return ret;
		if (acts[i].reason && !store_word(act, "reason")[0])
			return err_set(err, E_CONFIG, "%s needs a reason", acts[i].act);
		ret = store_begin(store, err);
		return ret < 0 ? ret : store_end(store, acts[i].run(store, act, err), err);
	}
	return err_set(err, E_CONFIG, "\"%s\": there is no such act", store_word(act, "act"));
}
