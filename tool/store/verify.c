#include "store/verify.h"
#include "core/hex.h"
#include "store/balance.h"
#include "store/chain.h"
#include "store/outside.h"
#include "store/record.h"
#include "store/sql.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FINDINGS = 100, KIND = 16 };

struct verifier {
	sqlite3 *db;
	struct verify_result *result;
	struct err *err;
};

struct link {
	int64_t sequence, row;
	char kind[KIND], digest[DIGEST_TEXT], hash[DIGEST_TEXT];
};

static void found(struct verifier *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void found(struct verifier *v, const char *format, ...)
{
	char sentence[400];
	va_list ap;

	if (json_array_size(v->result->findings) >= MOST_FINDINGS)
		return;
	va_start(ap, format);
	vsnprintf(sentence, sizeof(sentence), format, ap);
	va_end(ap);
	json_array_append_new(v->result->findings, json_string(sentence));
}

/* How a person knows the row, where it is still there. */
static void name_row(struct verifier *v, enum chain_kind kind, int64_t row, char out[160])
{
	char sql[512];
	sqlite3_stmt *s = NULL;

	snprintf(out, 160, "%s %" PRId64, chain_word(kind), row);
	snprintf(sql, sizeof(sql), "SELECT * FROM (%s) WHERE %s = ?", chain_rows(kind),
		kind == CHAIN_PAYMENT_END ? "payment" : "id");
	s = sql_query(v->db, NULL, sql, "i", row);
	if (s && sql_step(v->db, s, NULL) > 0)
		sql_text(s, 1, out, 160);
	sql_done(s);
}

static void check_content(struct verifier *v, const struct link *l)
{
	enum chain_kind kind = chain_kind_of(l->kind);
	char digest[DIGEST_TEXT], name[160];
	struct err why;
	int there;

	if (kind == CHAIN_KINDS) {
		found(v, "record %" PRId64 ": its kind \"%s\" was changed", l->sequence, l->kind);
		return;
	}
	name_row(v, kind, l->row, name);
	there = chain_digest(v->db, kind, l->row, digest, &why);
	if (there < 0)
		found(v, "record %" PRId64 " (%s): %.200s", l->sequence, name, why.text);
	else if (!there)
		found(v, "record %" PRId64 " (%s) was removed", l->sequence, name);
	else if (strcmp(digest, l->digest) != 0)
		found(v, "record %" PRId64 " (%s) was changed", l->sequence, name);
}

static bool fits(const struct link *l, const char *before, int64_t sequence)
{
	char hash[DIGEST_TEXT];

	chain_hash(before, sequence, l->kind, l->row, l->digest, hash);
	return !strcmp(hash, l->hash);
}

/* A link that does not fit where it stands: does another one fit there? */
static int64_t look_elsewhere(struct verifier *v, const char *before, int64_t sequence)
{
	sqlite3_stmt *s =
		sql_query(v->db, NULL, "SELECT sequence, kind, row, digest, hash FROM chain", "");
	int64_t there = 0;

	while (s && !there && sql_step(v->db, s, NULL) > 0) {
		struct link l = {
			.sequence = sqlite3_column_int64(s, 0), .row = sqlite3_column_int64(s, 2)};

		sql_text(s, 1, l.kind, sizeof(l.kind));
		sql_text(s, 3, l.digest, sizeof(l.digest));
		sql_text(s, 4, l.hash, sizeof(l.hash));
		if (l.sequence != sequence && fits(&l, before, sequence))
			there = l.sequence;
	}
	sql_done(s);
	return there;
}

static void check_place(struct verifier *v, const struct link *l, const struct chain_tail *before)
{
	int64_t other;

	if (l->sequence != before->sequence + 1) {
		if (l->sequence == before->sequence + 2)
			found(v, "record %" PRId64 " was removed from the chain", l->sequence - 1);
		else
			found(v, "records %" PRId64 " to %" PRId64 " were removed from the chain",
				before->sequence + 1, l->sequence - 1);
		return;
	}
	if (fits(l, before->hash, l->sequence))
		return;
	other = look_elsewhere(v, before->hash, l->sequence);
	if (other)
		found(v, "record %" PRId64 " was reordered: it belongs where record %" PRId64 " is",
			other, l->sequence);
	else
		found(v, "record %" PRId64 " (%s %" PRId64 ") was changed in the chain",
			l->sequence, l->kind, l->row);
}

static int check_chain(struct verifier *v, struct chain_tail *tail)
{
	sqlite3_stmt *s = sql_query(v->db, v->err,
		"SELECT sequence, kind, row, digest, hash FROM chain ORDER BY sequence", "");
	int ret = E_STORE;

	tail->sequence = 0;
	memset(tail->hash, '0', DIGEST_TEXT - 1);
	tail->hash[DIGEST_TEXT - 1] = '\0';
	while (s && (ret = sql_step(v->db, s, v->err)) > 0) {
		struct link l = {
			.sequence = sqlite3_column_int64(s, 0), .row = sqlite3_column_int64(s, 2)};

		sql_text(s, 1, l.kind, sizeof(l.kind));
		sql_text(s, 3, l.digest, sizeof(l.digest));
		sql_text(s, 4, l.hash, sizeof(l.hash));
		check_place(v, &l, tail);
		check_content(v, &l);
		tail->sequence = l.sequence;
		strcpy(tail->hash, l.hash);
		v->result->links++;
	}
	sql_done(s);
	return ret;
}

/* Rows that no link names came from somebody else. */
static int check_strangers(struct verifier *v)
{
	int made = sql_script(v->db,
		"CREATE TEMP TABLE linked(kind TEXT, row INTEGER, PRIMARY KEY(kind, row));"
		"INSERT OR IGNORE INTO linked SELECT kind, row FROM chain;",
		v->err);

	if (made < 0)
		return made;
	for (enum chain_kind kind = 0; kind < CHAIN_KINDS; kind++) {
		char sql[640];
		sqlite3_stmt *s;
		int ret = E_STORE;

		snprintf(sql, sizeof(sql),
			"SELECT * FROM (%s) AS t WHERE NOT EXISTS (SELECT 1 FROM linked c"
			" WHERE c.kind = '%s' AND c.row = t.%s)",
			chain_rows(kind), chain_word(kind),
			kind == CHAIN_PAYMENT_END ? "payment" : "id");
		s = sql_query(v->db, v->err, sql, "");
		while (s && (ret = sql_step(v->db, s, v->err)) > 0)
			found(v, "%s was added, or its record removed",
				(const char *)sqlite3_column_text(s, 1));
		sql_done(s);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int hash_at(struct verifier *v, int64_t sequence, char hash[DIGEST_TEXT])
{
	sqlite3_stmt *s = sql_query(
		v->db, v->err, "SELECT hash FROM chain WHERE sequence = ?", "i", sequence);
	int ret = s ? sql_step(v->db, s, v->err) : E_STORE;

	hash[0] = '\0';
	if (ret > 0)
		sql_text(s, 0, hash, DIGEST_TEXT);
	sql_done(s);
	return ret;
}

static void check_head(struct verifier *v, int64_t sequence, int64_t issued, const char *hex,
	const struct chain_tail *tail)
{
	struct chain_tail head = {.sequence = sequence};
	uint8_t signature[SIGNER_SIGNATURE];
	char text[CHAIN_HEAD_TEXT];
	size_t n;

	v->result->heads++;
	if (hash_at(v, sequence, head.hash) <= 0) {
		if (sequence > tail->sequence)
			found(v,
				"the chain was truncated: it ends with record %" PRId64
				", but the head of record %" PRId64 " is signed",
				tail->sequence, sequence);
		return;
	}
	n = chain_head_text(v->result->id, &head, issued, text);
	if (hex_decode(hex, strlen(hex), signature, sizeof(signature)) != SIGNER_SIGNATURE ||
		!signer_verify(v->result->station, text, n, signature))
		found(v, "the signature of record %" PRId64 "'s head is not the station's",
			sequence);
}

static int check_heads(struct verifier *v, const struct chain_tail *tail)
{
	sqlite3_stmt *s = sql_query(v->db, v->err,
		"SELECT sequence, issued, signature FROM heads ORDER BY sequence", "");
	int64_t unsigned_n = 0;
	int ret = E_STORE;

	while (s && (ret = sql_step(v->db, s, v->err)) > 0)
		check_head(v, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
			(const char *)sqlite3_column_text(s, 2), tail);
	sql_done(s);
	if (ret == 0)
		ret = sql_integer(v->db, &unsigned_n, v->err,
			"SELECT count(*) FROM chain c WHERE kind = 'end'"
			" AND NOT EXISTS (SELECT 1 FROM heads h WHERE h.sequence >= c.sequence)",
			"");
	if (ret >= 0 && unsigned_n)
		found(v, "%" PRId64 " units at the end are not signed: a head was removed",
			unsigned_n);
	return ret;
}

static int check_outside(struct verifier *v, const char *path, const struct chain_tail *tail)
{
	struct outside_head head = {0};
	char hash[DIGEST_TEXT];
	int ret = outside_look(path, v->result->id, v->result->station, &head, v->err);

	if (ret == E_STORE) { /* a record that is nobody's: a finding, not a failure */
		found(v, "%s", v->err->text);
		return 0;
	}
	if (ret <= 0 || !head.tail.sequence)
		return ret;
	ret = hash_at(v, head.tail.sequence, hash);
	if (ret < 0)
		return ret;
	if (head.tail.sequence > tail->sequence)
		found(v,
			"the store was rolled back: it ends with record %" PRId64
			", the station's newest is %" PRId64,
			tail->sequence, head.tail.sequence);
	else if (strcmp(hash, head.tail.hash) != 0)
		found(v,
			"the store was rolled back and went on: its record %" PRId64
			" is not the one that the station remembers",
			head.tail.sequence);
	return 0;
}

/* What is not linked itself must follow from what is. */
static int check_states(struct verifier *v)
{
	sqlite3_stmt *s = sql_query(v->db, v->err, "SELECT name FROM jobs ORDER BY id", "");
	int ret = E_STORE;

	while (s && (ret = sql_step(v->db, s, v->err)) > 0) {
		const char *job = (const char *)sqlite3_column_text(s, 0);
		json_t *balance = balance_make(v->db, job, v->err), *why;
		size_t i;

		if (!balance)
			break;
		json_array_foreach(json_object_get(balance, "differences"), i, why)
			found(v, "job %s does not balance: %s", job, json_string_value(why));
		json_decref(balance);
	}
	sql_done(s);
	return ret > 0 ? v->err->status : ret;
}

/* A unit was first seen when its first attempt began. */
static int check_units(struct verifier *v)
{
	sqlite3_stmt *s = sql_query(v->db, v->err,
		"SELECT serial FROM units u WHERE first_seen <> coalesce((SELECT started FROM"
		" attempts a WHERE a.label = u.serial ORDER BY id LIMIT 1), '')",
		"");
	int ret = E_STORE;

	while (s && (ret = sql_step(v->db, s, v->err)) > 0)
		found(v, "unit %s was changed or added", (const char *)sqlite3_column_text(s, 0));
	sql_done(s);
	return ret;
}

static int read_meta(struct verifier *v, const char *name, char *out, size_t size)
{
	sqlite3_stmt *s =
		sql_query(v->db, v->err, "SELECT value FROM meta WHERE name = ?", "s", name);
	int ret = s ? sql_step(v->db, s, v->err) : E_STORE;

	if (ret > 0)
		sql_text(s, 0, out, size);
	sql_done(s);
	return ret > 0 ? 0 : err_set(v->err, E_STORE, "is no store of payjig with a chain");
}

static int verify_all(struct verifier *v, const struct verify_options *o)
{
	struct chain_tail tail;
	char station[SIGNER_NAME];
	int ret;

	if ((ret = read_meta(v, "id", v->result->id, sizeof(v->result->id))) < 0 ||
		(ret = read_meta(v, "station", station, sizeof(station))) < 0)
		return ret;
	strcpy(v->result->station, o->station ? o->station : station);
	if (strcmp(v->result->station, station) != 0)
		found(v, "the store names station %.16s..., not %.16s...", station,
			v->result->station);
	if ((ret = check_chain(v, &tail)) < 0 || (ret = check_strangers(v)) < 0 ||
		(ret = check_heads(v, &tail)) < 0 || (ret = check_states(v)) < 0 ||
		(ret = check_units(v)) < 0)
		return ret;
	return o->head ? check_outside(v, o->head, &tail) : 0;
}

static int open_store(const char *path, struct verifier *v)
{
	if (sqlite3_open_v2(path, &v->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return err_set(v->err, E_STORE, "can't be read: %s", sqlite3_errmsg(v->db));
	sqlite3_busy_timeout(v->db, 2000);
	/* one view of the store, also while a station writes */
	return sql_run(v->db, v->err, "BEGIN", "");
}

int verify_store_id(const char *path, char id[33], struct err *err)
{
	struct verifier v = {.err = err};
	int ret = open_store(path, &v);

	if (ret >= 0)
		ret = read_meta(&v, "id", id, 33);
	sql_close(v.db);
	if (ret < 0)
		err_prefix(err, "%s", path);
	return ret;
}

int verify_store(const char *path, const struct verify_options *options,
	struct verify_result *result, struct err *err)
{
	struct verifier v = {.result = result, .err = err};
	int ret;

	*result = (struct verify_result){.findings = json_array()};
	ret = open_store(path, &v);
	if (ret >= 0)
		ret = verify_all(&v, options);
	sql_close(v.db);
	if (ret < 0)
		err_prefix(err, "%s", path);
	return ret < 0 ? ret : 0;
}

void verify_finish(struct verify_result *result)
{
	json_decref(result->findings);
	result->findings = NULL;
}

int verify_report(const json_t *report, const char *station, struct err *err)
{
	const json_t *proof = json_object_get(report, "proof");
	const char *id, *before, *hash, *signer, *hex;
	json_int_t sequence, issued;
	char digest[DIGEST_TEXT], right[DIGEST_TEXT], text[CHAIN_HEAD_TEXT];
	uint8_t signature[SIGNER_SIGNATURE];
	struct chain_tail head;
	size_t n;
	int ret;

	if (json_unpack((json_t *)proof, "{ss, sI, ss, ss, sI, ss, ss}", "store", &id, "sequence",
		    &sequence, "before", &before, "hash", &hash, "issued", &issued, "station",
		    &signer, "signature", &hex) < 0)
		return err_set(err, E_CONFIG, "holds no proof that can be checked");
	if (station && strcmp(station, signer) != 0)
		return err_set(err, E_REFUSED, "was signed by station %.16s..., not %.16s...",
			signer, station);
	ret = chain_report_digest(report, digest, err);
	if (ret < 0)
		return ret;
	head.sequence = sequence;
	snprintf(head.hash, sizeof(head.hash), "%s", hash);
	n = chain_head_text(id, &head, issued, text);
	if (hex_decode(hex, strlen(hex), signature, sizeof(signature)) != SIGNER_SIGNATURE ||
		!signer_verify(signer, text, n, signature))
		return err_set(err, E_REFUSED, "the signature is not the station's");
	chain_hash(before, sequence, chain_word(CHAIN_END),
		json_integer_value(json_object_get(report, "attempt")), digest, right);
	if (strcmp(right, hash) != 0)
		return err_set(err, E_REFUSED, "the report was changed after it was signed");
	return 0;
}
