/*
 * Reports of a store: one table of formats, one file a format.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "core/err.h"

#include <jansson.h>

struct report_format {
	const char *name;
	const char *extension;
	/* Makes the report of these attempts (a list as reader_attempt() gives them). Text of
	 * *length bytes, malloc'd, or NULL with err. */
	char *(*make)(const json_t *attempts, size_t *length, struct err *err);
	int per_unit; /* one file an attempt, else one for all of them */
};

const struct report_format *report_find(const char *name); /* NULL if there is none */
const struct report_format *report_formats(size_t *n);

/* Member access that never fails: "" and 0 where there is nothing. */
const char *report_text(const json_t *object, const char *member);

/* report_json.c, report_junit.c, report_text.c */
char *report_make_json(const json_t *attempts, size_t *length, struct err *err);
char *report_make_junit(const json_t *attempts, size_t *length, struct err *err);
char *report_make_text(const json_t *attempts, size_t *length, struct err *err);

#endif
