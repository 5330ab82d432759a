/*
 * The hash chain: every unit record and ledger change is a link.
 *
 *   hash[n] = SHA-256("payjig-link-1\n" hash[n-1] "\n" n "\n" kind "\n" row "\n" digest "\n")
 *
 * in hex, hash[0] being 64 zeros; digest is that of the row's content with all that belongs to it
 * (a step with its measurements and APDUs). At every unit the head is signed (Ed25519) over
 * "payjig-head-1\n" store "\n" n "\n" hash "\n" issued "\n".
 */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include "core/err.h"
#include "core/file.h"
#include "core/signer.h"
#include "store/sql.h"

#include <jansson.h>
#include <stdint.h>

enum { CHAIN_ID = 33, CHAIN_HEAD_TEXT = 256 };

enum chain_kind {
	CHAIN_ACT,
	CHAIN_BEGIN,
	CHAIN_END,
	CHAIN_JOB,
	CHAIN_MOVE,
	CHAIN_PAYMENT,
	CHAIN_PAYMENT_END,
	CHAIN_STEP,
	CHAIN_KINDS
};

struct chain_tail {
	int64_t sequence; /* 0: nothing yet */
	char hash[DIGEST_TEXT];
};

const char *chain_word(enum chain_kind kind);

/* The kind of this word, CHAIN_KINDS if there is none. */
enum chain_kind chain_kind_of(const char *word);

/* Query for the rows of this kind: id, and a sentence that names the row. */
const char *chain_rows(enum chain_kind kind);

/* The digest of a row's content. 1, 0 if the row is not there, negative with err. */
int chain_digest(
	sqlite3 *db, enum chain_kind kind, int64_t row, char digest[DIGEST_TEXT], struct err *err);

/* hash[sequence] from the hash before. */
void chain_hash(const char *before, int64_t sequence, const char *kind, int64_t row,
	const char *digest, char hash[DIGEST_TEXT]);

/* The newest link. */
int chain_read_tail(sqlite3 *db, struct chain_tail *tail, struct err *err);

/* Appends a link for a row and moves the tail on. */
int chain_append(
	sqlite3 *db, struct chain_tail *tail, enum chain_kind kind, int64_t row, struct err *err);

/* What a head's signature is over. Returns its length. */
size_t chain_head_text(
	const char *id, const struct chain_tail *tail, int64_t issued, char text[CHAIN_HEAD_TEXT]);

/* The digest of a unit's report without its proof, as its end is linked. */
int chain_report_digest(const json_t *report, char digest[DIGEST_TEXT], struct err *err);

#endif
