/*
 * What steps and links may ask of the jig for their own slot, by name and arguments: one table.
 * Each becomes the lines of a request; nothing else of a worker's words reaches the jig.
 */
#ifndef JIG_OPS_H
#define JIG_OPS_H

#include "jig/jig.h"

#include <jansson.h>

struct jig_place {
	unsigned slot;
	double volts, limit_amps; /* of the supply */
	const char *modem;
};

/* What the fields of a reply are: numbers, words and quoted texts, or not looked into. */
enum jig_values { JIG_NUMBERS, JIG_TEXTS, JIG_RAW };

/* Fills the request (line, after, node, timeout, replies, slot) for an operation. *kind: what its
 * reply holds. Negative if there is no such operation or its arguments are malformed.
 */
int jig_op_fill(struct jig_request *request, const struct jig_place *place, const char *op,
	const json_t *args, enum jig_values *kind);

/* A reply's fields as a list (new reference), what was not measured as null; NULL with E_PROTOCOL.
 */
json_t *jig_op_values(const struct scpi_reply *reply, enum jig_values kind, struct err *err);

#endif
