/*
 * Who may work at this station: names, roles, and argon2id hashes of their passwords, in the file
 * people.json of the station's own folder.
 */
#ifndef STATION_PEOPLE_H
#define STATION_PEOPLE_H

#include "core/err.h"

#include <jansson.h>

enum { PERSON_NAME = 48, PERSON_ROLE = 16, PERSON_PASSWORD = 128 };

struct person {
	char name[PERSON_NAME], role[PERSON_ROLE];
};

/* operator 1, lead 2, engineer 3; 0: there is no such role. */
int people_rank(const char *role);

/* [{name, role, password: its hash}] of the folder; an empty list where there is no file. NULL with
 * err if it can't be read. */
json_t *people_read(const char *state, struct err *err);

/*
 * 1 if the password is this person's (*person is filled), 0 if not, negative with err. *known says
 * whether there is such a person; it takes as long if there is not (argon2id, 64 MiB, 3 passes).
 */
int people_check(const char *state, const char *name, const char *password, struct person *person,
	int *known, struct err *err);

/* Adds a person or changes its role and password. E_CONFIG for a bad name, role or password. */
int people_set(const char *state, const char *name, const char *role, const char *password,
	struct err *err);

/* E_CONFIG if there is no such person. */
int people_remove(const char *state, const char *name, struct err *err);

#endif
