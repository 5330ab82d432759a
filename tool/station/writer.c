#include "station/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct writer {
	struct loop *loop;
	struct store *store;
	struct watch watch;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct writer_job *todo, *done; /* oldest first */
	bool ending;
};

static void append(struct writer_job **list, struct writer_job *job)
{
	while (*list)
		list = &(*list)->next;
	job->next = NULL;
	*list = job;
}

static struct writer_job *take(struct writer_job **list)
{
	struct writer_job *job = *list;

	if (job)
		*list = job->next;
	return job;
}

static void *work(void *arg)
{
	struct writer *w = arg;

	pthread_mutex_lock(&w->mutex);
	for (;;) {
		struct writer_job *job = take(&w->todo);
		uint64_t one = 1;

		if (!job && w->ending)
			break;
		if (!job) {
			pthread_cond_wait(&w->more, &w->mutex);
			continue;
		}
		pthread_mutex_unlock(&w->mutex);
		job->status = job->run(w->store, job, &job->err);
		pthread_mutex_lock(&w->mutex);
		append(&w->done, job);
		if (write(w->watch.fd, &one, sizeof(one)) < 0)
			abort(); /* an eventfd counter can't overflow here */
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static void report(void *arg, short revents)
{
	struct writer *w = arg;
	struct writer_job *job;
	uint64_t count;

	(void)revents;
	if (read(w->watch.fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	for (;;) {
		pthread_mutex_lock(&w->mutex);
		job = take(&w->done);
		pthread_mutex_unlock(&w->mutex);
		if (!job)
			return;
		job->done(job, job->status, &job->err);
	}
}

int writer_new(struct writer **out, struct loop *loop, struct store *store, struct err *err)
{
	struct writer *w = calloc(1, sizeof(*w));
	sigset_t all, before;
	int ret;

	if (!w)
		return err_set(err, E_SYSTEM, "out of memory");
	w->loop = loop;
	w->store = store;
	w->watch = (struct watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.events = POLLIN,
		.ready = report,
		.arg = w};
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->more, NULL);
	sigfillset(&all); /* signals belong to the loop */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = w->watch.fd < 0 ? errno : pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret) {
		if (w->watch.fd >= 0)
			close(w->watch.fd);
		free(w);
		return err_set(
			err, E_SYSTEM, "the store's thread can't be started: %s", strerror(ret));
	}
	loop_watch(loop, &w->watch);
	*out = w;
	return 0;
}

void writer_add(struct writer *w, struct writer_job *job)
{
	job->err = (struct err){0};
	pthread_mutex_lock(&w->mutex);
	append(&w->todo, job);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->mutex);
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->ending = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	report(w, 0);
	loop_unwatch(w->loop, &w->watch);
	close(w->watch.fd);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}
