/* Jobs in the store, and what of their cards a person must see. */
#include "core/clock.h"
#include "core/mask.h"
#include "plan/cards.h"
#include "store/balance.h"
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

static int job_is_there(struct store *store, const struct store_job *job, struct err *err)
{
	sqlite3_stmt *s =
		sql_query(store->db, err, "SELECT digest FROM jobs WHERE name = ?", "s", job->name);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0 && strcmp((const char *)sqlite3_column_text(s, 0), job->digest) != 0)
		ret = err_set(
			err, E_CONFIG, "job %s: was added before from another file", job->name);
	sql_done(s);
	return ret;
}

static int insert_cards(struct store *store, const struct store_job *job, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < job->card_n && ret >= 0; i++) {
		const struct store_card *c = &job->cards[i];
		char masked[MASK_TEXT];

		ret = sql_run(store->db, err,
			"INSERT INTO cards(number, job, position, valid_from, valid_to, extended, keys,"
			" state) VALUES(?, ?, ?, ?, ?, ?, ?, 'AVAILABLE')",
			"ssissss", c->number, job->name, (int64_t)i, c->valid_from, c->valid_to,
			c->extended, c->keys);
		if (ret >= 0 || sqlite3_errcode(store->db) != SQLITE_CONSTRAINT)
			continue;
		mask_number(c->number, masked);
		ret = err_set(err, E_CONFIG, "job %s: card %zu (%s): an earlier job has this card",
			job->name, i + 1, masked);
	}
	return ret;
}

static int insert_job(struct store *store, const struct store_job *job, struct err *err)
{
	char *terms = json_dumps(job->terms, JSON_COMPACT | JSON_SORT_KEYS);
	char now[CLOCK_TEXT];
	int64_t row;
	int ret;

	if (!terms)
		return err_set(err, E_SYSTEM, "out of memory");
	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT INTO jobs(name, product, key_set, digest, cards, added, terms, realm, signer,"
		" allotment) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"ssssisssss", job->name, job->product, job->key_set, job->digest,
		(int64_t)job->card_n, now, terms, job->realm, job->signer, job->allotment);
	free(terms);
	if (ret < 0)
		return ret;
	row = sqlite3_last_insert_rowid(store->db);
	ret = insert_cards(store, job, err);
	store->head_due = true;
	return ret < 0 ? ret : store_link(store, CHAIN_JOB, row, err);
}

int store_add_job(struct store *store, const struct store_job *job, struct err *err)
{
	int ret = job_is_there(store, job, err);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	ret = store_begin(store, err);
	if (ret < 0)
		return ret;
	ret = insert_job(store, job, err);
	/* Claimed before it is committed: no moment in which two stores have it. */
	if (ret >= 0)
		ret = outside_claim_job(store->state, store->id, job->name, err);
	return store_end(store, ret, err);
}

json_t *store_get_job(struct store *store, const char *job, struct err *err)
{
	return balance_job(store->db, job, err);
}

json_t *store_unsettled(struct store *store, struct err *err)
{
	return balance_cards(store->db, NULL, true, err);
}

json_t *store_reconcile(struct store *store, const char *job, struct err *err)
{
	json_t *balance = balance_make(store->db, job, err), *act, *differences;
	const char *first;
	int ret = 0;

	if (!balance)
		return NULL;
	differences = json_object_get(balance, "differences");
	first = json_string_value(json_array_get(differences, 0));
	if (first && strcmp(json_string_value(json_object_get(balance, "state")), "OPEN") == 0) {
		act = json_pack("{ss, ss, ss}", "act", "block_job", "job", job, "reason", first);
		ret = store_act(store, act, err);
		json_decref(act);
		json_object_set_new(balance, "state", json_string("BLOCKED"));
	}
	if (ret == 0)
		return balance;
	json_decref(balance);
	return NULL;
}
