#include "store/store.h"
#include "core/clock.h"
#include "core/hex.h"
#include "core/secret.h"
#include "store/private.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const char *store_word(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

/* ---- transactions ---- */

int store_begin(struct store *store, struct err *err)
{
	if (store->failed)
		return err_set(err, E_STORE,
			"the store failed before and takes nothing more: see to the disk, then start"
			" the station again");
	store->before = store->tail;
	store->issued_before = store->issued;
	store->head_due = store->outside_due = false;
	return sql_run(store->db, err, "BEGIN IMMEDIATE", "");
}

static int sign(struct store *store, uint8_t signature[SIGNER_SIGNATURE], struct err *err)
{
	char text[CHAIN_HEAD_TEXT];
	size_t n = chain_head_text(store->id, &store->tail, store->issued, text);

	return signer_sign(store->signer, text, n, signature, err);
}

static int write_head(
	struct store *store, const uint8_t signature[SIGNER_SIGNATURE], struct err *err)
{
	char hex[2 * SIGNER_SIGNATURE + 1];

	hex_encode(signature, SIGNER_SIGNATURE, hex);
	return sql_run(store->db, err,
		"INSERT OR IGNORE INTO heads(sequence, issued, signature) VALUES(?, ?, ?)", "iis",
		store->tail.sequence, store->issued, hex);
}

int store_end(struct store *store, int ret, struct err *err)
{
	uint8_t signature[SIGNER_SIGNATURE];
	struct outside_head head;

	if (ret >= 0 && (store->head_due || store->outside_due))
		ret = sign(store, signature, err);
	if (ret >= 0 && store->head_due)
		ret = write_head(store, signature, err);
	if (ret >= 0)
		ret = sql_run(store->db, err, "COMMIT", "");
	if (ret >= 0 && (store->head_due || store->outside_due)) {
		head = (struct outside_head){.tail = store->tail, .issued = store->issued};
		ret = outside_write(&store->outside, store->id, &head, signature, err);
		store->failed |= ret < 0;
		return ret;
	}
	if (ret >= 0)
		return 0;
	/* After a failed write or fsync nobody knows what is on the disk: nothing follows it. What
	 * SQLite finds there at the next start is whole, with or without this transaction. */
	store->failed |= ret == E_STORE;
	/* SQLite may have rolled back by itself (disk full): then this one has nothing to do. */
	if (!sqlite3_get_autocommit(store->db))
		sql_run(store->db, NULL, "ROLLBACK", "");
	store->tail = store->before;
	store->issued = store->issued_before;
	return ret;
}

int store_link(struct store *store, enum chain_kind kind, int64_t row, struct err *err)
{
	return chain_append(store->db, &store->tail, kind, row, err);
}

/* ---- opening ---- */

/* A kernel lock beside the store: it ends with the process that holds it, however that dies. */
static int take_lock(struct store *store, const char *path, struct err *err)
{
	char lock[4096];

	if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
		return err_set(err, E_STORE, "the name is too long");
	store->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return err_set(err, E_STORE, "can't be opened: %s", strerror(errno));
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	err_set(err, E_STORE, "another station works on this store");
	err->code = STORE_LOCKED;
	return E_STORE;
}

/* Whole card numbers are in it: nobody else's. SQLite's other files take its rights. */
static int create_own(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(err, E_STORE, "can't be opened: %s", strerror(errno));
	close(fd);
	return 0;
}

static int make_schema(struct store *store, struct err *err)
{
	uint8_t random[(CHAIN_ID - 1) / 2];
	char version[48], id[CHAIN_ID];
	int ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", STORE_SCHEMA);
	if (secret_random(random, sizeof(random)) < 0)
		ret = err_set(err, E_SYSTEM, "no random numbers");
	hex_encode(random, sizeof(random), id);
	for (const char *const *s = store_schema; *s && ret >= 0; s++)
		ret = sql_script(store->db, *s, err);
	if (ret >= 0)
		ret = sql_script(store->db, version, err);
	if (ret >= 0)
		ret = sql_run(store->db, err,
			"INSERT INTO meta(name, value) VALUES('id', ?), ('station', ?)", "ss", id,
			store->name);
	return store_end(store, ret, err);
}

static int read_meta(struct store *store, const char *name, char *out, size_t size, struct err *err)
{
	sqlite3_stmt *s =
		sql_query(store->db, err, "SELECT value FROM meta WHERE name = ?", "s", name);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0)
		sql_text(s, 0, out, size);
	if (ret == 0)
		ret = err_set(err, E_STORE, "the store has no %s", name);
	sql_done(s);
	return ret;
}

static int read_identity(struct store *store, struct err *err)
{
	char station[SIGNER_NAME];
	int ret;

	if ((ret = read_meta(store, "id", store->id, sizeof(store->id), err)) < 0 ||
		(ret = read_meta(store, "station", station, sizeof(station), err)) < 0 ||
		(ret = chain_read_tail(store->db, &store->tail, err)) < 0)
		return ret;
	if (strcmp(station, store->name) != 0)
		return err_set(err, E_STORE, "belongs to station %.16s..., this one is %.16s...",
			station, store->name);
	ret = sql_integer(store->db, &store->issued, err,
		"SELECT coalesce(max(c.id), 0) FROM moves m JOIN cards c ON c.number = m.number"
		" WHERE m.becomes = 'INTENT'",
		"");
	return ret < 0 ? ret : 0;
}

static int prepare(struct store *store, const char *path, struct err *err)
{
	/* The checkpoint writes and syncs again all that can be read: what a failed fsync of before
	 * left in the kernel's memory only is on the disk before anything is built on it. */
	static const char settings[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA wal_checkpoint(TRUNCATE);"
		"PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 1000;";
	int64_t version = 0;
	int ret = sql_script(store->db, settings, err);

	if (ret < 0 || (ret = sql_integer(store->db, &version, err, "PRAGMA user_version", "")) < 0)
		return ret;
	if (version > STORE_SCHEMA)
		return err_set(err, E_STORE, "schema %lld is newer than this program's %d",
			(long long)version, STORE_SCHEMA);
	ret = version == 0 ? make_schema(store, err)
			   : store_migrate(store, path, (int)version, err);
	return ret < 0 ? ret : read_identity(store, err);
}

static int behind(struct store *store, const struct outside_head *head, struct err *err)
{
	char hash[DIGEST_TEXT] = "";
	sqlite3_stmt *s = sql_query(store->db, err, "SELECT hash FROM chain WHERE sequence = ?",
		"i", head->tail.sequence);
	int ret = s ? sql_step(store->db, s, err) : E_STORE;

	if (ret > 0)
		sql_text(s, 0, hash, sizeof(hash));
	sql_done(s);
	if (ret < 0 || !strcmp(hash, head->tail.hash))
		return ret < 0 ? ret : 0;
	err_set(err, E_STORE,
		"this is an old copy: it ends with record %lld, the station's newest was %lld; no card"
		" is issued from it (payjig store accept)",
		(long long)store->tail.sequence, (long long)head->tail.sequence);
	err->code = STORE_BEHIND;
	return E_STORE;
}

/* The station's folder does not know the store: nobody remembers what was issued from it, so every
 * card may have been. */
static int forgotten(struct store *store, bool accept_behind, struct err *err)
{
	int ret = sql_integer(
		store->db, &store->issued, err, "SELECT coalesce(max(id), 0) FROM cards", "");

	if (ret < 0 || accept_behind)
		return ret < 0 ? ret : 0;
	err_set(err, E_STORE,
		"the station's folder %s does not know this store: no card is issued from it (payjig"
		" store accept)",
		store->state);
	err->code = STORE_BEHIND;
	return E_STORE;
}

/* What the station remembers of this store must be in it; then it remembers what is in it now. */
static int compare_outside(struct store *store, bool accept_behind, struct err *err)
{
	struct outside_head head = {0};
	int ret = outside_open(&store->outside, store->state, store->id, err);

	if (ret == 0)
		ret = outside_read(&store->outside, store->id, store->name, &head, err);
	if (ret < 0)
		return ret;
	if (head.tail.sequence > 0)
		ret = behind(store, &head, err);
	else if (ret == 0 && store->tail.sequence > 0)
		ret = forgotten(store, accept_behind, err);
	if (ret < 0 && !(accept_behind && err->code == STORE_BEHIND))
		return ret;
	if (head.issued > store->issued)
		store->issued = head.issued;
	if (accept_behind)
		return 0;
	ret = store_begin(store, err);
	if (ret < 0)
		return ret;
	store->outside_due = true;
	return store_end(store, 0, err);
}

int store_open(struct store **out, const struct store_options *o, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int ret;

	if (!store)
		return err_set(err, E_SYSTEM, "out of memory");
	store->lock_fd = store->outside.fd = -1;
	store->signer = o->signer;
	signer_name(o->signer, store->name);
	store->state = strdup(o->state);
	if (!store->state) {
		store_close(store);
		return err_set(err, E_SYSTEM, "out of memory");
	}
	ret = take_lock(store, o->path, err);
	if (ret == 0)
		ret = create_own(o->path, err);
	if (ret == 0 && sqlite3_open(o->path, &store->db) != SQLITE_OK)
		ret = sql_error(store->db, err);
	if (ret == 0)
		ret = prepare(store, o->path, err);
	if (ret >= 0)
		ret = compare_outside(store, o->behind, err);
	if (ret < 0) {
		store_close(store);
		err_prefix(err, "%s", o->path);
		return ret;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	/* After a failed fsync nothing is synced again as if it had not been: not at the end
	 * either. */
	if (store->failed)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sql_close(store->db);
	outside_close(&store->outside);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->state);
	free(store);
}

int store_recover(struct store *store, struct err *err)
{
	int n, ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	n = store_finish_open(store, err);
	ret = store_end(store, n, err);
	return ret < 0 ? ret : n;
}
