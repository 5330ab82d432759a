/* What the files of store/ share. */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "store/sql.h"
#include "store/store.h"

struct store {
	sqlite3 *db;
	int lock_fd;
};

int store_begin(struct store *store, struct err *err);

/* Commits if ret >= 0 and returns 0, else rolls back and returns ret; E_STORE if the commit fails.
 */
int store_end(struct store *store, int ret, struct err *err);

/* Changes a card's state and writes the move; inside a transaction. `unit` is the holder. */
int store_record_move(struct store *store, const char *number, const char *was, const char *becomes,
	const char *unit, int slot, int64_t attempt, const char *proof, struct err *err);

#endif
