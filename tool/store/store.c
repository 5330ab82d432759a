#include "store/store.h"
#include "core/clock.h"
#include "store/private.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int store_begin(struct store *store, struct err *err)
{
	return sql_run(store->db, err, "BEGIN IMMEDIATE", "");
}

int store_end(struct store *store, int ret, struct err *err)
{
	if (ret >= 0) {
		int done = sql_run(store->db, err, "COMMIT", "");

		if (done >= 0)
			return 0;
		ret = done;
	}
	/* SQLite may have rolled back by itself (disk full): then this one has nothing to do. */
	if (!sqlite3_get_autocommit(store->db))
		sql_run(store->db, NULL, "ROLLBACK", "");
	return ret;
}

static int64_t user_version(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *s = sql_query(db, err, "PRAGMA user_version", "");
	int64_t version = E_STORE;

	if (s && sql_step(db, s, err) == 1)
		version = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return version;
}

static int make_schema(struct store *store, struct err *err)
{
	char version[48];
	int ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", STORE_SCHEMA);
	if (sqlite3_exec(store->db, store_schema, NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_exec(store->db, version, NULL, NULL, NULL) != SQLITE_OK)
		ret = sql_error(store->db, err);
	return store_end(store, ret, err);
}

/* A kernel lock beside the store: it ends with the process that holds it, however that dies. */
static int take_lock(struct store *store, const char *path, struct err *err)
{
	char lock[4096];

	if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
		return err_set(err, E_STORE, "the name is too long");
	store->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return err_set(err, E_STORE, "can't be opened: %s", strerror(errno));
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, E_STORE, "another station works on this store");
	return 0;
}

static int prepare(struct store *store, struct err *err)
{
	static const char settings[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 1000;";
	int64_t version;

	if (sqlite3_exec(store->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return sql_error(store->db, err);
	version = user_version(store->db, err);
	if (version < 0)
		return (int)version;
	if (version == 0)
		return make_schema(store, err);
	if (version > STORE_SCHEMA)
		return err_set(err, E_STORE, "schema %lld is newer than this program's %d",
			(long long)version, STORE_SCHEMA);
	return 0;
}

int store_open(struct store **out, const char *path, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int ret;

	if (!store)
		return err_set(err, E_SYSTEM, "out of memory");
	store->lock_fd = -1;
	ret = take_lock(store, path, err);
	if (ret == 0 && sqlite3_open(path, &store->db) != SQLITE_OK)
		ret = sql_error(store->db, err);
	if (ret == 0)
		ret = prepare(store, err);
	if (ret < 0) {
		store_close(store);
		err_prefix(err, "%s", path);
		return ret;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}

int store_recover(struct store *store, struct err *err)
{
	sqlite3_stmt *s;
	int64_t ids[256];
	size_t n = 0;
	int ret;

	s = sql_query(
		store->db, err, "SELECT id FROM attempts WHERE verdict IS NULL LIMIT 256", "");
	if (!s)
		return E_STORE;
	while ((ret = sql_step(store->db, s, err)) > 0)
		ids[n++] = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	for (size_t i = 0; i < n && ret >= 0; i++) {
		char card[CARD_NUMBER];

		ret = store_end_attempt(store, ids[i], VERDICT_ERROR, "TOOL-STATION",
			"the station ended while the unit was in work", NULL, NULL, card, err);
	}
	return ret < 0 ? ret : (int)n;
}
