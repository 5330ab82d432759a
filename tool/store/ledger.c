/* The card ledger: who holds which card, and in what state. */
#include "core/clock.h"
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

/* The legal moves, in the order of a card's life. Those at the end of an attempt are journal.c's.
 */
static const struct {
	const char *was, *becomes;
} moves[] = {
	{"AVAILABLE", "RESERVED"}, {"RESERVED", "AVAILABLE"}, {"RESERVED", "INTENT"},
	{"INTENT", "WRITTEN"}, {"INTENT", "REJECTED"}, {"WRITTEN", "PROVEN"},
	{"WRITTEN", "REJECTED"}, {"PROVEN", "COMMITTED"}, {"PROVEN", "REJECTED"},
	{"REJECTED", "INTENT"},	 /* a retest finishes the same unit forward: written again ... */
	{"REJECTED", "WRITTEN"}, /* ... or found written */
};

int store_record_move(struct store *store, const char *number, const char *was, const char *becomes,
	const char *unit, int slot, int64_t attempt, const char *proof, struct err *err)
{
	bool legal = false, back = !strcmp(becomes, "AVAILABLE");
	char now[CLOCK_TEXT];
	int ret;

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		legal |= !strcmp(moves[i].was, was) && !strcmp(moves[i].becomes, becomes);
	if (!legal)
		return err_set(err, E_PROTOCOL, "a card can't go from %s to %s", was, becomes);
	clock_text(now);
	ret = sql_run(store->db, err,
		"UPDATE cards SET state = ?, unit = ?, slot = ? WHERE number = ? AND state = ?",
		"ssiss", becomes, back ? NULL : unit, (int64_t)slot, number, was);
	if (ret == 0)
		return err_set(err, E_PROTOCOL, "the card is no longer %s", was);
	if (ret < 0)
		return ret;
	return sql_run(store->db, err,
		"INSERT INTO moves(number, was, becomes, unit, slot, attempt, at, proof)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		"ssssiiss", number, was, becomes, unit, (int64_t)slot, attempt, now, proof);
}

static int job_is_there(struct store *store, const char *job, const char *digest, struct err *err)
{
	sqlite3_stmt *s =
		sql_query(store->db, err, "SELECT digest FROM jobs WHERE name = ?", "s", job);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0 && strcmp((const char *)sqlite3_column_text(s, 0), digest) != 0)
		ret = err_set(err, E_CONFIG, "job %s: was added before from another file", job);
	sqlite3_finalize(s);
	return ret;
}

int store_add_job(struct store *store, const char *job, const char *product, const char *key_set,
	const char *digest, const struct store_card *cards, size_t n, struct err *err)
{
	char now[CLOCK_TEXT];
	int ret = job_is_there(store, job, digest, err);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	ret = store_begin(store, err);
	if (ret < 0)
		return ret;
	clock_text(now);
	ret = sql_run(store->db, err,
		"INSERT INTO jobs(name, product, key_set, digest, cards, added) VALUES(?, ?, ?, ?, ?, ?)",
		"ssssis", job, product, key_set, digest, (int64_t)n, now);
	for (size_t i = 0; i < n && ret >= 0; i++) {
		ret = sql_run(store->db, err,
			"INSERT INTO cards(number, job, position, valid_from, valid_to, extended, state)"
			" VALUES(?, ?, ?, ?, ?, ?, 'AVAILABLE')",
			"ssisss", cards[i].number, job, (int64_t)i, cards[i].valid_from,
			cards[i].valid_to, cards[i].extended);
		if (ret < 0 && sqlite3_errcode(store->db) == SQLITE_CONSTRAINT)
			ret = err_set(err, E_CONFIG, "job %s: card %zu: another job has this card",
				job, i + 1);
	}
	return store_end(store, ret, err);
}

static int read_card(struct store *store, sqlite3_stmt *s, struct store_card *card, struct err *err)
{
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0) {
		sql_text(s, 0, card->number, sizeof(card->number));
		sql_text(s, 1, card->valid_from, sizeof(card->valid_from));
		sql_text(s, 2, card->valid_to, sizeof(card->valid_to));
		sql_text(s, 3, card->extended, sizeof(card->extended));
		sql_text(s, 4, card->state, sizeof(card->state));
	}
	sqlite3_finalize(s);
	return ret;
}

#define CARD "SELECT number, valid_from, valid_to, extended, state FROM cards "

static int card_of_unit(
	struct store *store, const char *unit, struct store_card *card, struct err *err)
{
	return read_card(
		store, sql_query(store->db, err, CARD "WHERE unit = ?", "s", unit), card, err);
}

static int reserve(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, struct err *err)
{
	int ret = card_of_unit(store, unit, card, err);

	if (ret < 0)
		return ret;
	if (ret > 0 && (!strcmp(card->state, "COMMITTED") || !strcmp(card->state, "SPOILED") ||
			       !strcmp(card->state, "QUARANTINE"))) {
		err_set(err, E_REFUSED, "unit %s has its card already: %s", unit, card->state);
		err->code = STORE_CARD_DONE;
		return E_REFUSED;
	}
	if (ret >
		0) /* the same unit again: the same card; the attempt is noted with the next move */
		return sql_run(store->db, err,
			"INSERT INTO moves(number, was, becomes, unit, slot, attempt, at, proof)"
			" VALUES(?, ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'), 'same unit again')",
			"ssssii", card->number, card->state, card->state, unit, (int64_t)slot,
			attempt);
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
	ret = store_record_move(
		store, card->number, "AVAILABLE", "RESERVED", unit, slot, attempt, NULL, err);
	strcpy(card->state, "RESERVED");
	return ret;
}

int store_reserve_card(struct store *store, const char *job, const char *unit, int slot,
	int64_t attempt, struct store_card *card, struct err *err)
{
	int ret = store_begin(store, err);

	return ret < 0 ? ret
		       : store_end(store, reserve(store, job, unit, slot, attempt, card, err), err);
}

int store_move_card(struct store *store, const char *unit, const char *to, int slot,
	int64_t attempt, const json_t *proof, struct err *err)
{
	struct store_card card;
	char *text = NULL;
	int ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	ret = card_of_unit(store, unit, &card, err);
	if (ret == 0)
		ret = err_set(err, E_PROTOCOL, "unit %s holds no card", unit);
	if (ret > 0 && strcmp(card.state, to) != 0) {
		text = proof ? json_dumps(proof, JSON_COMPACT) : NULL;
		ret = store_record_move(
			store, card.number, card.state, to, unit, slot, attempt, text, err);
		free(text);
	}
	return store_end(store, ret, err);
}
