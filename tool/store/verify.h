/*
 * Proving offline that a store, or the report of one unit, is what the station wrote.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "core/err.h"

#include <jansson.h>
#include <stdint.h>

struct verify_options {
	const char
		*station; /* name that the signatures must be of; NULL: the one the store names */
	const char *head; /* file of the head outside; NULL: not looked at */
};

struct verify_result {
	int64_t links, heads; /* that were checked */
	json_t *findings; /* sentences: what was changed, removed, reordered, added, rolled back */
	char station[65];
	char id[33];
};

/* Checks a whole store. 0 with findings (none: it is whole), or negative if it can't be read. */
int verify_store(const char *path, const struct verify_options *options,
	struct verify_result *result, struct err *err);
/* The store's id, by which the station keeps its head. */
int verify_store_id(const char *path, char id[33], struct err *err);
void verify_finish(struct verify_result *result);

/* Checks one unit's report (JSON with its proof). 0: it is what the station signed; E_REFUSED: it
 * is not, and why; E_CONFIG: it is no such report. */
int verify_report(const json_t *report, const char *station, struct err *err);

#endif
