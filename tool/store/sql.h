/*
 * A thin layer over SQLite: prepare, bind by a format, step; errors as our own.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "core/err.h"

#include <sqlite3.h>
#include <stddef.h>

/* E_STORE with SQLite's reason in words that say what to do. */
int sql_error(sqlite3 *db, struct err *err);

/*
 * Prepares and binds: 's' const char * (NULL binds NULL), 'i' int64_t, 'r' double (NaN binds NULL).
 * NULL with err on failure.
 */
sqlite3_stmt *sql_query(sqlite3 *db, struct err *err, const char *sql, const char *format, ...);

/* Runs a statement that gives no rows. Number of changed rows, or negative. */
int sql_run(sqlite3 *db, struct err *err, const char *sql, const char *format, ...);

/* 1: a row is there, 0: none left, negative: err. */
int sql_step(sqlite3 *db, sqlite3_stmt *statement, struct err *err);

/* Copies a text column ("" for NULL). */
void sql_text(sqlite3_stmt *statement, int column, char *out, size_t size);

#endif
