/*
 * The strict YAML reader behind every configuration file.
 *
 * A file is described by a table of fields; reading fills a struct in the caller's memory. Unknown,
 * duplicate and missing keys and malformed values are refused with "FILE:LINE: KEY: reason".
 * Numbers must be plain scalars and whole ("4x", "3,6", "nan" and "1e999" are refused); amounts are
 * integers.
 */
#ifndef CORE_CONF_H
#define CORE_CONF_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_STRING,  /* char[size], never empty */
	CONF_INTEGER, /* int64_t within min..max (both 0: no bounds) */
	CONF_REAL,    /* double within min..max (both 0: no bounds) */
	CONF_BOOL,    /* bool: true or false */
	CONF_WORD,    /* int: index into words */
	CONF_HEX,     /* struct conf_bytes: min..max bytes */
	CONF_STRUCT,  /* a mapping described by fields */
	CONF_LIST,    /* a sequence of at most `most` items of `size` bytes; size_t count at
			 count_offset */
};

enum { CONF_BYTES = 64 };

struct conf_bytes {
	size_t n;
	uint8_t bytes[CONF_BYTES];
};

struct conf_field {
	const char *name; /* NULL ends the table */
	enum conf_type type;
	size_t offset;
	size_t size; /* of a string, or of one list item */
	bool required;
	double min, max;
	const char *const *words;	 /* CONF_WORD: ends with NULL */
	const struct conf_field *fields; /* CONF_STRUCT and lists of mappings */
	const struct conf_field *item;	 /* lists of scalars: one field that describes an item */
	const void *item_default;	 /* list items start as a copy of this, or as zeros */
	size_t count_offset, most;
};

/*
 * Fills `into` (which already holds the defaults) from the text of a file called `path`.
 * Returns 0 or E_CONFIG.
 */
int conf_read(const char *path, const char *text, size_t length, const struct conf_field *fields,
	void *into, struct err *err);

#endif
