#include "core/loop.h"
#include "core/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

enum { MAX_WATCHES = 256 };

struct loop {
	struct watch *watches;
	struct timer *timers; /* sorted, earliest first */
	bool stopped;
};

struct loop *loop_new(void)
{
	return calloc(1, sizeof(struct loop));
}

void loop_free(struct loop *loop)
{
	free(loop);
}

void loop_watch(struct loop *loop, struct watch *w)
{
	if (w->added)
		return;
	w->next = loop->watches;
	loop->watches = w;
	w->added = true;
}

void loop_unwatch(struct loop *loop, struct watch *w)
{
	if (!w->added)
		return;
	for (struct watch **p = &loop->watches; *p; p = &(*p)->next) {
		if (*p == w) {
			*p = w->next;
			break;
		}
	}
	w->added = false;
}

void loop_untimer(struct loop *loop, struct timer *t)
{
	if (!t->added)
		return;
	for (struct timer **p = &loop->timers; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	t->added = false;
}

void loop_timer(struct loop *loop, struct timer *t, int64_t in_ms)
{
	struct timer **p = &loop->timers;

	loop_untimer(loop, t);
	t->at_ms = clock_ms() + in_ms;
	while (*p && (*p)->at_ms <= t->at_ms)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	t->added = true;
}

static void run_timers(struct loop *loop)
{
	while (loop->timers && loop->timers->at_ms <= clock_ms() && !loop->stopped) {
		struct timer *t = loop->timers;

		loop->timers = t->next;
		t->added = false;
		t->fired(t->arg);
	}
}

static int until_next_timer(const struct loop *loop)
{
	int64_t ms;

	if (!loop->timers)
		return -1;
	ms = loop->timers->at_ms - clock_ms();
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static bool still_watched(const struct loop *loop, const struct watch *w, int fd)
{
	for (const struct watch *p = loop->watches; p; p = p->next)
		if (p == w)
			return p->fd == fd;
	return false;
}

int loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		struct pollfd fds[MAX_WATCHES];
		struct watch *who[MAX_WATCHES];
		nfds_t n = 0;

		for (struct watch *w = loop->watches; w && n < MAX_WATCHES; w = w->next) {
			fds[n] = (struct pollfd){.fd = w->fd, .events = w->events};
			who[n++] = w;
		}
		if (poll(fds, n, until_next_timer(loop)) < 0 && errno != EINTR)
			return -1;
		/* A callback may remove other watches, so each is looked up again before it is
		 * called. */
		for (nfds_t i = 0; i < n && !loop->stopped; i++)
			if (fds[i].revents && still_watched(loop, who[i], fds[i].fd))
				who[i]->ready(who[i]->arg, fds[i].revents);
		run_timers(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
