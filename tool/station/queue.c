#include "station/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
	struct loop *loop;
	struct store *store;
	struct watch watch;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct queue_job *todo, *done; /* oldest first */
	bool ending;
};

static void append(struct queue_job **list, struct queue_job *job)
{
	while (*list)
		list = &(*list)->next;
	job->next = NULL;
	*list = job;
}

static struct queue_job *take(struct queue_job **list)
{
	struct queue_job *job = *list;

	if (job)
		*list = job->next;
	return job;
}

static void *work(void *arg)
{
	struct queue *q = arg;

	pthread_mutex_lock(&q->mutex);
	for (;;) {
		struct queue_job *job = take(&q->todo);
		uint64_t one = 1;

		if (!job && q->ending)
			break;
		if (!job) {
			pthread_cond_wait(&q->more, &q->mutex);
			continue;
		}
		pthread_mutex_unlock(&q->mutex);
		job->status = job->run(q->store, job, &job->err);
		pthread_mutex_lock(&q->mutex);
		append(&q->done, job);
		if (write(q->watch.fd, &one, sizeof(one)) < 0)
			abort(); /* an eventfd counter can't overflow here */
	}
	pthread_mutex_unlock(&q->mutex);
	return NULL;
}

static void report(void *arg, short revents)
{
	struct queue *q = arg;
	struct queue_job *job;
	uint64_t count;

	(void)revents;
	if (read(q->watch.fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	for (;;) {
		pthread_mutex_lock(&q->mutex);
		job = take(&q->done);
		pthread_mutex_unlock(&q->mutex);
		if (!job)
			return;
		job->done(job, job->status, &job->err);
	}
}

int queue_new(struct queue **out, struct loop *loop, struct store *store, struct err *err)
{
	struct queue *q = calloc(1, sizeof(*q));
	sigset_t all, before;
	int ret;

	if (!q)
		return err_set(err, E_SYSTEM, "out of memory");
	q->loop = loop;
	q->store = store;
	q->watch = (struct watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.events = POLLIN,
		.ready = report,
		.arg = q};
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->more, NULL);
	sigfillset(&all); /* signals belong to the loop */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = q->watch.fd < 0 ? errno : pthread_create(&q->thread, NULL, work, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret) {
		if (q->watch.fd >= 0)
			close(q->watch.fd);
		free(q);
		return err_set(
			err, E_SYSTEM, "the store's thread can't be started: %s", strerror(ret));
	}
	loop_watch(loop, &q->watch);
	*out = q;
	return 0;
}

void queue_add(struct queue *q, struct queue_job *job)
{
	job->err = (struct err){0};
	pthread_mutex_lock(&q->mutex);
	append(&q->todo, job);
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->mutex);
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->mutex);
	q->ending = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->mutex);
	pthread_join(q->thread, NULL);
	report(q, 0);
	loop_unwatch(q->loop, &q->watch);
	close(q->watch.fd);
	pthread_cond_destroy(&q->more);
	pthread_mutex_destroy(&q->mutex);
	free(q);
}
