/*
 * What station, slot workers, their NFC processes and clients say to each other: one JSON object a
 * line, one table.
 *
 * Every message has a "type" that is a row of the table; a message with an unknown type, a missing,
 * unknown or wrongly typed member, or from a side that may not say it, is refused as a whole.
 */
#ifndef MESSAGES_MESSAGES_H
#define MESSAGES_MESSAGES_H

#include "core/err.h"

#include <jansson.h>
#include <stddef.h>

enum { MESSAGE_MAX = 256 * 1024 }; /* bytes a line */

enum message_side {
	FROM_STATION_TO_SLOT = 1,
	FROM_SLOT = 2,
	FROM_CLIENT = 4,
	FROM_STATION_TO_CLIENT = 8,
	FROM_SLOT_TO_NFC = 16, /* to the processes of reader and relay */
	FROM_NFC = 32,
};

/* Parses and checks one line. New reference, or NULL with err (E_PROTOCOL). */
json_t *message_parse(const char *line, size_t length, enum message_side side, struct err *err);

/* Checks a message that is about to leave and gives its line with LF (caller frees), or NULL with
 * err. Steals the reference to message. */
char *message_line(json_t *message, enum message_side side, size_t *length, struct err *err);

const char *message_type(const json_t *message);

/* Members that the table has checked; "" and 0 where an optional one is absent. */
const char *message_string(const json_t *message, const char *member);
json_int_t message_integer(const json_t *message, const char *member);

#endif
