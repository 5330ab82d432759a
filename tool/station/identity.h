/*
 * Who this station is: its signing key, whom it trusts to sign jobs, and its own folder, all named
 * by the fixture.
 */
#ifndef STATION_IDENTITY_H
#define STATION_IDENTITY_H

#include "plan/fixture.h"
#include "plan/profile.h"
#include "store/store.h"

struct identity {
	struct signer *signer;
	char name[SIGNER_NAME];
	char *trust, *state; /* paths */
};

/* `path` is the fixture's file: what it names is seen from there. Close it in any case. */
int identity_open(struct identity *identity, const char *path, const struct fixture *fixture,
	struct err *err);
void identity_close(struct identity *identity);

/* The same from a fixture's file alone; *fixture is filled too. */
int identity_load(
	struct identity *identity, const char *path, struct fixture *fixture, struct err *err);

/* A fixture's file alone. */
int identity_fixture(const char *path, struct fixture *fixture, struct err *err);

/* The profile of a slot, whose path is seen from the fixture's file `path`. */
int identity_profile(const char *path, const struct fixture_slot *slot, struct profile *profile,
	struct err *err);

/* The key provider with its path as seen from here, "file:PATH" (caller frees); NULL with err. */
char *identity_keys(const char *path, const struct fixture *fixture, struct err *err);

/*
 * Verifies a job's file and adds it to the store. Its product must be that of one of these
 * profiles, which must take its key set. E_CONFIG says what is wrong; nothing of it is stored then.
 * name[] of STORE_TEXT gets the job's name.
 */
int identity_import(const struct identity *identity, struct store *store, const char *path,
	const struct profile *profiles, size_t n, char name[STORE_TEXT], struct err *err);

#endif
