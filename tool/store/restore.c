#include "store/restore.h"
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Copies into a file of its own and names it only when it is whole and durable. */
static int copy_whole(const char *from, const char *to, struct err *err)
{
	char temporary[4096];
	sqlite3 *db = NULL;
	int fd, ret = 0;

	if (snprintf(temporary, sizeof(temporary), "%s.new", to) >= (int)sizeof(temporary))
		return err_set(err, E_CONFIG, "%s: name too long", to);
	unlink(temporary);
	fd = open(
		temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* card numbers: nobody else's */
	if (fd < 0)
		return err_set(err, E_SYSTEM, "%s: %s", temporary, strerror(errno));
	close(fd);
	if (sqlite3_open_v2(from, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		ret = sql_error(db, err);
	if (ret == 0)
		ret = sql_run(db, err, "VACUUM INTO ?", "s", temporary);
	sql_close(db);
	if (ret < 0) {
		err_prefix(err, "%s", from);
		unlink(temporary);
		return ret;
	}
	fd = open(temporary, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || rename(temporary, to) < 0)
		ret = err_set(err, E_SYSTEM, "%s: %s", to, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret < 0 ? ret : 0;
}

int store_backup(const char *path, const char *copy, struct err *err)
{
	if (access(path, F_OK) < 0)
		return err_set(err, E_CONFIG, "%s: %s", path, strerror(errno));
	if (access(copy, F_OK) == 0)
		return err_set(err, E_CONFIG, "%s: is there already", copy);
	return copy_whole(path, copy, err);
}

static int set_aside(const char *path, struct err *err)
{
	static const char *const parts[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char from[4096], to[4096];

		if (snprintf(from, sizeof(from), "%s%s", path, parts[i]) >= (int)sizeof(from) ||
			snprintf(to, sizeof(to), "%s.before%s", path, parts[i]) >= (int)sizeof(to))
			return err_set(err, E_CONFIG, "%s: name too long", path);
		if (rename(from, to) < 0 && errno != ENOENT)
			return err_set(err, E_SYSTEM, "%s: %s", to, strerror(errno));
	}
	return 0;
}

int store_restore(const char *copy, const char *path, struct err *err)
{
	char lock[4096];
	int fd, ret;

	if (access(copy, R_OK) < 0)
		return err_set(err, E_CONFIG, "%s: %s", copy, strerror(errno));
	if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
		return err_set(err, E_CONFIG, "%s: name too long", path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, E_SYSTEM, "%s: %s", lock, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		ret = err_set(err, E_STORE, "%s: a station works on this store", path);
	else if ((ret = set_aside(path, err)) == 0)
		ret = copy_whole(copy, path, err);
	close(fd);
	return ret;
}

static int quarantine_unknown(struct store *store, const char *proof, struct err *err)
{
	int n = 0;

	for (;; n++) {
		char number[CARD_NUMBER];
		sqlite3_stmt *s = sql_query(store->db, err,
			"SELECT number FROM cards WHERE state = 'AVAILABLE' AND id <= ? LIMIT 1",
			"i", store->issued);
		int ret = s ? sql_step(store->db, s, err) : E_STORE;

		if (ret > 0)
			sql_text(s, 0, number, sizeof(number));
		sql_done(s);
		if (ret == 0)
			return n;
		if (ret > 0)
			ret = store_record_move(store,
				&(struct move){number, "AVAILABLE", "QUARANTINE", "", 0, 0, proof},
				err);
		if (ret < 0)
			return ret;
	}
}

int store_accept(struct store *store, const json_t *persons, const char *reason, struct err *err)
{
	char last[64];
	int ret, n = 0;

	if (json_array_size(persons) < 2 ||
		json_equal(json_array_get(persons, 0), json_array_get(persons, 1)))
		return err_set(
			err, E_CONFIG, "accept needs the names of two persons (--by, --and)");
	if (!reason || !reason[0])
		return err_set(err, E_CONFIG, "accept needs a reason");
	ret = store_begin(store, err);
	if (ret < 0)
		return ret;
	snprintf(last, sizeof(last), "record %lld", (long long)store->tail.sequence);
	ret = store_record_act(store, "accept_store", "", last, persons, reason, err);
	/* In the same transaction: what was only reserved in the copy may have been issued too. */
	if (ret >= 0)
		ret = store_finish_open(store, err);
	if (ret >= 0)
		ret = n = quarantine_unknown(store,
			"{\"act\":\"accept_store\",\"reason\":\"an old copy was accepted\"}", err);
	ret = store_end(store, ret, err);
	if (ret < 0 || (ret = store_begin(store, err)) < 0)
		return ret;
	/* The outside has two records: this one takes the place of the newer that is given up. */
	store->outside_due = true;
	ret = store_end(store, 0, err);
	return ret < 0 ? ret : n;
}
