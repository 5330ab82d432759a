/*
 * A thread that works through a queue of jobs, so that the poll loop never waits for a disk.
 *
 * The station has two: the writer, the one thread that touches the store, and the asker, which
 * reads beside it. Jobs run in the order they were given. When a job is done, its outcome is
 * reported from the loop. A job's memory is the caller's until then.
 */
#ifndef STATION_QUEUE_H
#define STATION_QUEUE_H

#include "core/err.h"
#include "core/loop.h"
#include "store/store.h"

struct queue;

struct queue_job {
	int (*run)(struct store *store, struct queue_job *job, struct err *err); /* in the thread */
	void (*done)(struct queue_job *job, int status, const struct err *err);	 /* in the loop */
	/* the queue's own */
	struct queue_job *next;
	int status;
	struct err err;
};

/* `store` is handed to every job: the writer's; the asker's is NULL. */
int queue_new(struct queue **queue, struct loop *loop, struct store *store, struct err *err);
void queue_add(struct queue *queue, struct queue_job *job);

/* Runs what is queued, reports it, ends the thread; takes NULL. The store stays open. */
void queue_free(struct queue *queue);

#endif
