/*
 * From an older schema to this program's: a copy is put beside, then one transaction.
 *
 * A store of schema 1 has no chain: it begins with the records that are there. Its jobs came
 * unsigned, so their cards are not issued any more; what was in work can be finished or terminated.
 */
#include "core/hex.h"
#include "core/secret.h"
#include "plan/codes.h"
#include "store/private.h"
#include "store/schema.h"

#include <stdio.h>
#include <string.h>

static int copy_beside(struct store *store, const char *path, int version, struct err *err)
{
	char copy[4096];

	if (snprintf(copy, sizeof(copy), "%s.schema-%d", path, version) >= (int)sizeof(copy))
		return err_set(err, E_STORE, "the name is too long");
	return sql_run(store->db, err, "VACUUM INTO ?", "s", copy);
}

/* The actions are the table's of today; the reports of before showed the same. */
static int fill_actions(struct store *store, struct err *err)
{
	const struct code *codes;
	size_t n;
	int ret;

	codes = code_table(&n);
	ret = sql_run(store->db, err,
		"UPDATE attempts SET action = 'ship the unit' WHERE verdict = 'PASS'", "");
	for (size_t i = 0; i < n && ret >= 0; i++)
		ret = sql_run(store->db, err, "UPDATE attempts SET action = ? WHERE code = ?", "ss",
			codes[i].action, codes[i].code);
	return ret;
}

static int link_all(struct store *store, struct err *err)
{
	static const enum chain_kind order[] = {
		CHAIN_JOB, CHAIN_MOVE, CHAIN_BEGIN, CHAIN_STEP, CHAIN_END};
	int ret = chain_read_tail(store->db, &store->tail, err);

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && ret >= 0; i++) {
		sqlite3_stmt *s = sql_query(store->db, err, chain_rows(order[i]), "");

		ret = s ? 0 : E_STORE;
		while (ret >= 0 && (ret = sql_step(store->db, s, err)) > 0)
			ret = store_link(store, order[i], sqlite3_column_int64(s, 0), err);
		sql_done(s);
	}
	return ret;
}

static int block_jobs(struct store *store, struct err *err)
{
	char name[STORE_TEXT];
	int ret = 0;

	for (int64_t row = 0; ret >= 0;) {
		sqlite3_stmt *s = sql_query(store->db, err,
			"SELECT id, name FROM jobs WHERE id > ? ORDER BY id LIMIT 1", "i", row);

		ret = s ? sql_step(store->db, s, err) : E_STORE;
		if (ret > 0) {
			row = sqlite3_column_int64(s, 0);
			sql_text(s, 1, name, sizeof(name));
		}
		sql_done(s);
		if (ret == 0)
			return 0;
		if (ret > 0)
			ret = store_record_act(store, "block_job", name, "", NULL,
				"it came unsigned, from schema 1", err);
	}
	return ret;
}

/* "ALTER TABLE x RENAME TO old_x" or "DROP TABLE old_x" for every table. */
static int each_table(struct store *store, const char *const *tables, bool drop, struct err *err)
{
	int ret = 0;

	for (; *tables && ret == 0; tables++) {
		char sql[128];

		snprintf(sql, sizeof(sql),
			drop ? "DROP TABLE old_%s" : "ALTER TABLE %s RENAME TO old_%s", *tables,
			*tables);
		ret = sql_script(store->db, sql, err);
	}
	return ret;
}

static int make_tables(struct store *store, const struct store_upgrade *u, struct err *err)
{
	int ret = each_table(store, u->tables, false, err);

	if (ret == 0)
		ret = sql_script(store->db, u->before, err);
	for (const char *const *s = store_schema; *s && ret == 0; s++)
		ret = sql_script(store->db, *s, err);
	if (ret == 0)
		ret = sql_script(store->db, u->copy, err);
	return ret < 0 ? ret : each_table(store, u->tables, true, err);
}

static int upgrade(struct store *store, int version, struct err *err)
{
	uint8_t random[(CHAIN_ID - 1) / 2];
	char set[48];
	int ret = store_begin(store, err);

	if (ret < 0)
		return ret;
	ret = make_tables(store, &store_upgrades[version - 1], err);
	snprintf(set, sizeof(set), "PRAGMA user_version = %d", STORE_SCHEMA);
	if (ret >= 0)
		ret = sql_script(store->db, set, err);
	if (ret >= 0 && secret_random(random, sizeof(random)) < 0)
		ret = err_set(err, E_SYSTEM, "no random numbers");
	hex_encode(random, sizeof(random), store->id);
	if (ret >= 0)
		ret = sql_run(store->db, err,
			"INSERT INTO meta(name, value) VALUES('id', ?), ('station', ?)", "ss",
			store->id, store->name);
	if (ret < 0 || (ret = fill_actions(store, err)) < 0 || (ret = link_all(store, err)) < 0 ||
		(ret = block_jobs(store, err)) < 0)
		return store_end(store, ret, err);
	/* Known outside too: else the next start would take it for a foreign copy. */
	ret = outside_open(&store->outside, store->state, store->id, err);
	store->head_due = ret == 0;
	return store_end(store, ret, err);
}

int store_migrate(struct store *store, const char *path, int version, struct err *err)
{
	static const char off[] = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;";
	static const char on[] = "PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF;";
	int ret;

	if (version == STORE_SCHEMA)
		return 0;
	ret = copy_beside(store, path, version, err);
	if (ret < 0 || (ret = sql_script(store->db, off, err)) < 0)
		return ret;
	ret = upgrade(store, version, err);
	outside_close(&store->outside);
	if (ret == 0)
		ret = sql_script(store->db, on, err);
	return ret < 0 ? ret : 1;
}
