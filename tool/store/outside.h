/*
 * The head outside of the store: which record was the newest, kept in the station's own folder, so
 * that an old copy of the store is noticed before a card is issued.
 *
 * A file of two records that are written in turn, each signed: a torn write leaves the other.
 */
#ifndef STORE_OUTSIDE_H
#define STORE_OUTSIDE_H

#include "store/chain.h"

#include <stdbool.h>

struct outside {
	int fd; /* -1: closed */
	int turn;
};

struct outside_head {
	struct chain_tail tail;
	int64_t issued;
};

/* Opens or creates the file of the store `id` in the folder, which is made if it is missing. */
int outside_open(struct outside *outside, const char *folder, const char *id, struct err *err);
void outside_close(struct outside *outside);

/* The newest record that the station signed. 1, 0 if the file is empty, E_STORE if what is in it is
 * not this station's. */
int outside_read(struct outside *outside, const char *id, const char *station,
	struct outside_head *head, struct err *err);

/* Durable when it returns 0. */
int outside_write(struct outside *outside, const char *id, const struct outside_head *head,
	const uint8_t signature[SIGNER_SIGNATURE], struct err *err);

/* Reads the file at `path` without opening it for writing; as outside_read(). */
int outside_look(const char *path, const char *id, const char *station, struct outside_head *head,
	struct err *err);

/* The path of a store's file in the folder. */
void outside_path(const char *folder, const char *id, char path[4096]);

/* Notes that this store has the job: E_CONFIG if another store of the station has it. */
int outside_claim_job(const char *folder, const char *id, const char *job, struct err *err);

#endif
