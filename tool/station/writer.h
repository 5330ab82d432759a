/*
 * The writer: the one thread that touches the store, so that the poll loop never waits for a disk.
 *
 * Jobs run in the order they were given; each is one transaction. When a job is done, its outcome
 * is reported from the loop. A job's memory is the caller's until then.
 */
#ifndef STATION_WRITER_H
#define STATION_WRITER_H

#include "core/err.h"
#include "core/loop.h"
#include "store/store.h"

struct writer;

struct writer_job {
	int (*run)(
		struct store *store, struct writer_job *job, struct err *err);	 /* in the thread */
	void (*done)(struct writer_job *job, int status, const struct err *err); /* in the loop */
	/* the writer's own */
	struct writer_job *next;
	int status;
	struct err err;
};

int writer_new(struct writer **writer, struct loop *loop, struct store *store, struct err *err);
void writer_add(struct writer *writer, struct writer_job *job);

/* Runs what is queued, reports it, ends the thread; takes NULL. The store stays open. */
void writer_free(struct writer *writer);

#endif
