/*
 * The station: supervisor of slots, broker of the jig, the only writer of the store.
 *
 * One poll loop that never blocks. Whatever happens to a worker costs its unit one ERROR; the
 * station puts the slot into the safe state itself (commanded and read back) and starts a new
 * worker.
 */
#ifndef STATION_STATION_H
#define STATION_STATION_H

#include "core/err.h"

#include <stdbool.h>

struct station_options {
	const char *fixture, *plan, *job, *store, *socket; /* paths */
	const char *jig;				   /* NULL: the fixture's address */
	const char *reader, *phone;			   /* likewise */
	const char *program;				   /* the worker: PROGRAM slot */
	bool once;     /* end when the first client has left and no unit is in work */
	int notify_fd; /* gets a line when the socket is there; -1: none */
};

/* Runs until a signal or a client ends it. 0, or a negative status with the reason. */
int station_run(const struct station_options *options, struct err *err);

#endif
