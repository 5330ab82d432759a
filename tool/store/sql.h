/*
 * A thin layer over SQLite: prepare, bind by a format, step; errors as our own.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "core/err.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* E_STORE with SQLite's reason in words that say what to do. */
int sql_error(sqlite3 *db, struct err *err);

/*
 * Prepares and binds: 's' const char * (NULL binds NULL), 'i' int64_t, 'r' double (NaN binds NULL).
 * NULL with err on failure.
 */
sqlite3_stmt *sql_query(sqlite3 *db, struct err *err, const char *sql, const char *format, ...);

/* Ends a query: every one that sql_query() gave; takes NULL. */
void sql_done(sqlite3_stmt *statement);

/* Closes the database with all its prepared statements; takes NULL. */
void sql_close(sqlite3 *db);

/* The first column of a query's first row. 1, 0 if it has no row (value untouched), negative. */
int sql_integer(
	sqlite3 *db, int64_t *value, struct err *err, const char *sql, const char *format, ...);

/* Runs a statement that gives no rows. Number of changed rows, or negative. */
int sql_run(sqlite3 *db, struct err *err, const char *sql, const char *format, ...);

/* Runs several statements whose rows nobody wants. */
int sql_script(sqlite3 *db, const char *script, struct err *err);

/* 1: a row is there, 0: none left, negative: err. */
int sql_step(sqlite3 *db, sqlite3_stmt *statement, struct err *err);

/* Copies a text column ("" for NULL). */
void sql_text(sqlite3_stmt *statement, int column, char *out, size_t size);

#endif
