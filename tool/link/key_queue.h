/*
 * What a carrier's keys did, in the order it came: filled by the thread that listens, emptied by
 * the worker, which waits for the jig meanwhile.
 */
#ifndef LINK_KEY_QUEUE_H
#define LINK_KEY_QUEUE_H

#include "link/link.h"

#include <pthread.h>

enum { KEY_QUEUE = 512 };

struct key_queue {
	pthread_mutex_t lock;
	struct link_key events[KEY_QUEUE];
	size_t n;
	bool lost;
	struct err why; /* lost: the headset went, or what it tells can't be read */
};

void key_queue_init(struct key_queue *q);
void key_queue_finish(struct key_queue *q);

/* A key changed now; a queue that is full is lost. */
void key_queue_add(struct key_queue *q, uint32_t usage, bool down);

/* Nothing comes any more; the first reason counts. */
void key_queue_lose(struct key_queue *q, const struct err *why);

/* At most *n events, oldest first, out of the queue. Negative once it is lost. */
int key_queue_take(struct key_queue *q, struct link_key *out, size_t *n, struct err *err);

#endif
