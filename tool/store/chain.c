#include "store/chain.h"
#include "core/hex.h"
#include "store/record.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUERIES = 3 };

/* In the order of enum chain_kind. What a query leaves out may change later: a card's state and a
 * job's follow from the moves and acts. */
static const struct {
	const char *word, *rows;
	const char *content[QUERIES]; /* none: the unit's report */
} kinds[CHAIN_KINDS] = {
	[CHAIN_ACT] = {"act", "SELECT id, 'act ' || act FROM acts",
		{"SELECT id, act, job, subject, persons, reason, at FROM acts WHERE id = ?"}},
	[CHAIN_BEGIN] = {"begin",
		"SELECT id, 'the beginning of attempt ' || id || ' of unit ' || label FROM attempts",
		{"SELECT id, label, try, slot, job, job_digest, plan, plan_digest, profile,"
		 " profile_digest, fixture, fixture_digest, steps, jig, version, lab, operator, started,"
		 " started_ms FROM attempts WHERE id = ?"}},
	[CHAIN_END] = {"end",
		"SELECT id, 'attempt ' || id || ' of unit ' || label FROM attempts"
		" WHERE verdict IS NOT NULL",
		{0}},
	[CHAIN_JOB] = {"job", "SELECT id, 'job ' || name FROM jobs",
		{"SELECT id, name, product, key_set, digest, cards, added, terms, realm, signer, allotment"
		 " FROM jobs WHERE id = ?",
			"SELECT id, number, position, valid_from, valid_to, extended, keys FROM cards"
			" WHERE job = (SELECT name FROM jobs WHERE id = ?) ORDER BY position"}},
	[CHAIN_MOVE] = {"move",
		"SELECT id, 'the move of card ' || substr(number, 1, 6) || '...' || substr(number, -4)"
		" || ' from ' || was || ' to ' || becomes FROM moves",
		{"SELECT id, number, was, becomes, unit, slot, attempt, at, proof FROM moves"
		 " WHERE id = ?"}},
	[CHAIN_PAYMENT] = {"payment",
		"SELECT id, 'the ' || kind || ' of unit ' || unit || ' in attempt ' || attempt"
		" FROM payments",
		{"SELECT id, number, unit, attempt, kind, amount_cents, terminal, sequence, date, time,"
		 " counter, balance_cents, overdraft_cents, random, key_index, at FROM payments"
		 " WHERE id = ?"}},
	[CHAIN_PAYMENT_END] = {"payment_end",
		"SELECT payment, 'the outcome of payment ' || payment FROM payment_ends",
		{"SELECT payment, outcome, tac, attempt, at FROM payment_ends WHERE payment = ?"}},
	[CHAIN_STEP] = {"step",
		"SELECT id, 'step ' || step || ' of attempt ' || attempt FROM steps",
		{"SELECT id, attempt, position, step, verdict, code, cause, note, ms, ended FROM steps"
		 " WHERE id = ?",
			"SELECT id, name, value, unit, low, high, marginal, judgement FROM measurements"
			" WHERE step = ? ORDER BY id",
			"SELECT id, carrier, command, response, us, error FROM apdus WHERE step = ?"
			" ORDER BY id"}},
};

const char *chain_word(enum chain_kind kind)
{
	return kinds[kind].word;
}

enum chain_kind chain_kind_of(const char *word)
{
	enum chain_kind kind = 0;

	while (kind < CHAIN_KINDS && strcmp(kinds[kind].word, word) != 0)
		kind++;
	return kind;
}

const char *chain_rows(enum chain_kind kind)
{
	return kinds[kind].rows;
}

/* Every column as type, length and bytes, so that no two contents look the same. */
static void add_row(EVP_MD_CTX *ctx, sqlite3_stmt *s)
{
	EVP_DigestUpdate(ctx, "\n", 1);
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		int type = sqlite3_column_type(s, i);
		double real = sqlite3_column_double(s, i);
		const void *bytes = &real;
		int n = sizeof(real);
		char head[16];

		if (type != SQLITE_FLOAT) { /* integers as their decimal text */
			bytes = sqlite3_column_text(s, i);
			n = sqlite3_column_bytes(s, i);
		}
		EVP_DigestUpdate(
			ctx, head, (size_t)snprintf(head, sizeof(head), "%d,%d:", type, n));
		if (n)
			EVP_DigestUpdate(ctx, bytes, (size_t)n);
	}
}

static int digest_rows(sqlite3 *db, EVP_MD_CTX *ctx, const char *sql, int64_t row, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err, sql, "i", row);
	int ret = E_STORE, n = 0;

	EVP_DigestUpdate(ctx, "\n", 1);
	while (s && (ret = sql_step(db, s, err)) > 0) {
		add_row(ctx, s);
		n++;
	}
	sql_done(s);
	return ret < 0 ? ret : n;
}

int chain_report_digest(const json_t *report, char digest[DIGEST_TEXT], struct err *err)
{
	json_t *bare = json_copy((json_t *)report);
	char *text;

	json_object_del(bare, "proof");
	text = json_dumps(bare, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(bare);
	if (!text)
		return err_set(err, E_SYSTEM, "out of memory");
	file_digest(text, strlen(text), digest);
	free(text);
	return 0;
}

static int report_digest(sqlite3 *db, int64_t row, char digest[DIGEST_TEXT], struct err *err)
{
	json_t *report = record_read(db, row, err);
	int ret;

	if (!report)
		return err->status == E_CONFIG ? 0 : err->status;
	ret = chain_report_digest(report, digest, err);
	json_decref(report);
	return ret < 0 ? ret : 1;
}

int chain_digest(
	sqlite3 *db, enum chain_kind kind, int64_t row, char digest[DIGEST_TEXT], struct err *err)
{
	uint8_t bytes[32];
	EVP_MD_CTX *ctx;
	int ret = 0, there = 0;

	if (!kinds[kind].content[0])
		return report_digest(db, row, digest, err);
	ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return err_set(err, E_SYSTEM, "out of memory");
	}
	for (size_t i = 0; i < QUERIES && kinds[kind].content[i] && ret >= 0; i++) {
		ret = digest_rows(db, ctx, kinds[kind].content[i], row, err);
		there |= i == 0 && ret > 0;
	}
	if (EVP_DigestFinal_ex(ctx, bytes, NULL) != 1 && ret >= 0)
		ret = err_set(err, E_SYSTEM, "the crypto library refuses to hash");
	EVP_MD_CTX_free(ctx);
	if (ret < 0)
		return ret;
	hex_encode(bytes, sizeof(bytes), digest);
	return there;
}

void chain_hash(const char *before, int64_t sequence, const char *kind, int64_t row,
	const char *digest, char hash[DIGEST_TEXT])
{
	char text[512];
	int n = snprintf(text, sizeof(text),
		"payjig-link-1\n%.64s\n%" PRId64 "\n%.32s\n%" PRId64 "\n%.64s\n", before, sequence,
		kind, row, digest);

	file_digest(text, (size_t)n, hash);
}

static void no_link(struct chain_tail *tail)
{
	tail->sequence = 0;
	memset(tail->hash, '0', DIGEST_TEXT - 1);
	tail->hash[DIGEST_TEXT - 1] = '\0';
}

int chain_read_tail(sqlite3 *db, struct chain_tail *tail, struct err *err)
{
	sqlite3_stmt *s = sql_query(
		db, err, "SELECT sequence, hash FROM chain ORDER BY sequence DESC LIMIT 1", "");
	int ret = s ? sql_step(db, s, err) : E_STORE;

	no_link(tail);
	if (ret > 0) {
		tail->sequence = sqlite3_column_int64(s, 0);
		sql_text(s, 1, tail->hash, sizeof(tail->hash));
	}
	sql_done(s);
	return ret < 0 ? ret : 0;
}

int chain_append(
	sqlite3 *db, struct chain_tail *tail, enum chain_kind kind, int64_t row, struct err *err)
{
	char digest[DIGEST_TEXT], hash[DIGEST_TEXT];
	int ret = chain_digest(db, kind, row, digest, err);

	if (ret == 0)
		return err_set(err, E_STORE, "the store forgot %s %" PRId64, kinds[kind].word, row);
	if (ret < 0)
		return ret;
	chain_hash(tail->hash, tail->sequence + 1, kinds[kind].word, row, digest, hash);
	ret = sql_run(db, err,
		"INSERT INTO chain(sequence, kind, row, digest, hash) VALUES(?, ?, ?, ?, ?)",
		"isiss", tail->sequence + 1, kinds[kind].word, row, digest, hash);
	if (ret < 0)
		return ret;
	tail->sequence++;
	strcpy(tail->hash, hash);
	return 0;
}

size_t chain_head_text(
	const char *id, const struct chain_tail *tail, int64_t issued, char text[CHAIN_HEAD_TEXT])
{
	return (size_t)snprintf(text, CHAIN_HEAD_TEXT,
		"payjig-head-1\n%.32s\n%" PRId64 "\n%.64s\n%" PRId64 "\n", id, tail->sequence,
		tail->hash, issued);
}
