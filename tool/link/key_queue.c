#include "link/key_queue.h"
#include "core/clock.h"

#include <string.h>

void key_queue_init(struct key_queue *q)
{
	memset(q, 0, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
}

void key_queue_finish(struct key_queue *q)
{
	pthread_mutex_destroy(&q->lock);
}

void key_queue_add(struct key_queue *q, uint32_t usage, bool down)
{
	int64_t now = clock_us();
	struct err err;

	pthread_mutex_lock(&q->lock);
	if (q->n < KEY_QUEUE) {
		q->events[q->n++] = (struct link_key){now, usage, down};
	} else if (!q->lost) {
		link_fail(&err, LINK_DISTURBED, "key events without end");
		q->why = err;
		q->lost = true;
	}
	pthread_mutex_unlock(&q->lock);
}

void key_queue_lose(struct key_queue *q, const struct err *why)
{
	pthread_mutex_lock(&q->lock);
	if (!q->lost)
		q->why = *why;
	q->lost = true;
	pthread_mutex_unlock(&q->lock);
}

int key_queue_take(struct key_queue *q, struct link_key *out, size_t *n, struct err *err)
{
	int ret = 0;

	pthread_mutex_lock(&q->lock);
	*n = q->n < *n ? q->n : *n;
	memcpy(out, q->events, *n * sizeof(*out));
	q->n -= *n;
	memmove(q->events, q->events + *n, q->n * sizeof(*out));
	if (q->lost) {
		*err = q->why;
		ret = q->why.status;
	}
	pthread_mutex_unlock(&q->lock);
	return ret;
}
