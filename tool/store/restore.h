/* Copies of a store, and taking one of them for the store again. */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include "store/store.h"

/* A whole copy of a store, also while a station works on it. The copy must not be there yet. */
int store_backup(const char *path, const char *copy, struct err *err);

/* Puts a copy in the store's place; what was there stays beside it as PATH.before. The next start
 * notices what the copy lacks. Refused while a station works on the store. */
int store_restore(const char *copy, const char *path, struct err *err);

/*
 * Two persons take an old copy for the store. Cards that may have been issued after it was made go
 * to QUARANTINE: every AVAILABLE one up to the last that the station knows to have been issued,
 * all of them if it knows nothing.
 * Number of them, or negative. The store must have been opened with .behind.
 */
int store_accept(struct store *store, const json_t *persons, const char *reason, struct err *err);

#endif
