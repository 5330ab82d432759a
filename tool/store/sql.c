#include "store/sql.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

int sql_error(sqlite3 *db, struct err *err)
{
	int code = sqlite3_errcode(db);

	switch (code & 0xFF) {
	case SQLITE_FULL:
		return err_set(err, E_STORE, "the disk is full: make room, then start again");
	case SQLITE_CANTOPEN:
		return err_set(err, E_STORE, "can't be opened: check folder and rights");
	case SQLITE_READONLY:
		return err_set(err, E_STORE, "the store is read-only: check its permissions");
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return err_set(err, E_STORE, "another program has locked the store");
	case SQLITE_NOTADB: return err_set(err, E_STORE, "the file is not a store");
	case SQLITE_IOERR:
		return err_set(err, E_STORE,
			"the disk fails (%s): start no unit, call the engineer",
			sqlite3_errmsg(db));
	default: return err_set(err, E_STORE, "the store refuses: %s", sqlite3_errmsg(db));
	}
}

/* Statements stay prepared until sql_close(): the same text is compiled once. */
static sqlite3_stmt *find_prepared(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;

	while ((s = sqlite3_next_stmt(db, s)))
		if (!sqlite3_stmt_busy(s) && !strcmp(sqlite3_sql(s), sql))
			return s;
	return NULL;
}

void sql_done(sqlite3_stmt *s)
{
	if (!s)
		return;
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

void sql_close(sqlite3 *db)
{
	sqlite3_stmt *s;

	while (db && (s = sqlite3_next_stmt(db, NULL)))
		sqlite3_finalize(s);
	sqlite3_close(db);
}

static sqlite3_stmt *query(
	sqlite3 *db, struct err *err, const char *sql, const char *format, va_list ap)
{
	sqlite3_stmt *s = find_prepared(db, sql);

	if (!s &&
		sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) {
		sql_error(db, err);
		return NULL;
	}
	for (int i = 1; format[i - 1]; i++) {
		int code = SQLITE_MISUSE;
		double real;

		switch (format[i - 1]) {
		case 's':
			code = sqlite3_bind_text(
				s, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
			break;
		case 'i': code = sqlite3_bind_int64(s, i, va_arg(ap, int64_t)); break;
		case 'r':
			real = va_arg(ap, double);
			code = isnan(real) ? sqlite3_bind_null(s, i)
					   : sqlite3_bind_double(s, i, real);
			break;
		}
		if (code != SQLITE_OK) {
			sql_error(db, err);
			sql_done(s);
			return NULL;
		}
	}
	return s;
}

sqlite3_stmt *sql_query(sqlite3 *db, struct err *err, const char *sql, const char *format, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, format);
	s = query(db, err, sql, format, ap);
	va_end(ap);
	return s;
}

int sql_step(sqlite3 *db, sqlite3_stmt *s, struct err *err)
{
	switch (sqlite3_step(s)) {
	case SQLITE_ROW: return 1;
	case SQLITE_DONE: return 0;
	default: return sql_error(db, err);
	}
}

int sql_run(sqlite3 *db, struct err *err, const char *sql, const char *format, ...)
{
	sqlite3_stmt *s;
	va_list ap;
	int ret;

	va_start(ap, format);
	s = query(db, err, sql, format, ap);
	va_end(ap);
	if (!s)
		return E_STORE;
	ret = sql_step(db, s, err);
	sql_done(s);
	return ret < 0 ? ret : sqlite3_changes(db);
}

int sql_script(sqlite3 *db, const char *script, struct err *err)
{
	return sqlite3_exec(db, script, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_error(db, err);
}

int sql_integer(
	sqlite3 *db, int64_t *value, struct err *err, const char *sql, const char *format, ...)
{
	sqlite3_stmt *s;
	va_list ap;
	int ret;

	va_start(ap, format);
	s = query(db, err, sql, format, ap);
	va_end(ap);
	ret = s ? sql_step(db, s, err) : E_STORE;
	if (ret > 0)
		*value = sqlite3_column_int64(s, 0);
	sql_done(s);
	return ret;
}

void sql_text(sqlite3_stmt *s, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	size_t n = text ? strlen(text) : 0;

	if (n >= size)
		n = size - 1;
	if (n)
		memcpy(out, text, n);
	out[n] = '\0';
}
