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

static sqlite3_stmt *query(
	sqlite3 *db, struct err *err, const char *sql, const char *format, va_list ap)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
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
			sqlite3_finalize(s);
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
	sqlite3_finalize(s);
	return ret < 0 ? ret : sqlite3_changes(db);
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
