/* An exchange in words: which command, which fields, what the status says. */
#ifndef PAYMENT_DESCRIBE_H
#define PAYMENT_DESCRIBE_H

#include <stdbool.h>

/* One field, of the command or of the answer: its name and its value as a person reads it. */
typedef void (*describe_field)(void *arg, bool answer, const char *name, const char *value);

/*
 * Names the command of a trace (hex; '*' where the trace hides it) and gives its fields; *status is
 * what the answer's SW says, NULL without an answer. Card numbers are masked, and what is hidden or
 * bears a key is not given. "?" for a command that nobody knows. Source: the tables of
 * profiles/headset.md.
 */
const char *describe_apdu(const char *command, const char *response, const char **status,
	describe_field field, void *arg);

#endif
