/*
 * The jig for commands that do one thing at a time and may wait: no station runs beside them.
 */
#ifndef JIG_SYNC_H
#define JIG_SYNC_H

#include "jig/ops.h"

struct jig_sync {
	struct loop *loop;
	struct jig *jig;
	bool up, over;
	struct err why; /* while it is not up */
	/* the request that waits */
	enum jig_values kind;
	json_t *values;
	int status;
	struct err *err;
};

/* Connects and waits until the jig's line is up. E_LINK with the last reason when wait_ms are over.
 */
int jig_sync_open(struct jig_sync *s, const char *address, int64_t wait_ms, struct err *err);
void jig_sync_close(struct jig_sync *s); /* fine if it was never opened */

/* Sends a request and waits for its end. New reference to its values, or NULL with err. */
json_t *jig_sync_send(
	struct jig_sync *s, struct jig_request *request, enum jig_values kind, struct err *err);

/* An operation of ops.h, likewise; *us: how long it took. */
json_t *jig_sync_op(struct jig_sync *s, const struct jig_place *place, const char *op,
	const json_t *args, int64_t *us, struct err *err);

#endif
