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

/* Fills the request (line, after, node, timeout, replies, slot) for an operation. *texts: its reply
 * holds texts, not numbers. Negative if there is no such operation or its arguments are malformed.
 */
int jig_op_fill(struct jig_request *request, const struct jig_place *place, const char *op,
	const json_t *args, bool *texts);

/* A reply's fields as a list (new reference), what was not measured as null; NULL with E_PROTOCOL.
 */
json_t *jig_op_values(const struct scpi_reply *reply, bool texts, struct err *err);

#endif
