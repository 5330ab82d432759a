/*
 * The worker process of one slot: `payjig slot`. Requests come on stdin, events leave on stdout.
 *
 * It owns the headset's link and runs the plan; jig, cards and store are asked of the station. It
 * ends when its stdin ends.
 */
#ifndef SLOT_WORKER_H
#define SLOT_WORKER_H

#include "core/err.h"
#include "core/lines.h"
#include "link/link.h"
#include "payment/keys.h"
#include "plan/plan.h"
#include "slot/place.h"

#include <jansson.h>

struct worker {
	int in, out;
	struct lines lines;
	json_int_t next_id;
	int slot;
	struct plan plan;
	struct profile profile;
	struct keys *keys;
	const struct link_driver *link;
	struct fixture_slot fixture; /* what it says of this slot */
	struct place place;
	struct {
		char *reader, *standin, *phone; /* as fixture_reader() and the others say */
		bool stays;
	} nfc;
	bool supply;   /* the jig switches and measures it */
	json_t *terms; /* the job's */
};

/* Serves until the station goes. 0, or a negative status. */
int worker_run(int in, int out, struct err *err);

/* Sends an event; steals the reference. E_CANCELLED if the station is gone. */
int worker_tell(struct worker *w, json_t *message, struct err *err);

/*
 * Sends a request (its "id" is added here) and waits for the answer with that id. New reference, or
 * NULL with err if the station is gone. The station's deadlines bound the wait.
 */
json_t *worker_ask(struct worker *w, json_t *request, struct err *err);

#endif
