/*
 * A poll loop: descriptors and timers, one thread, nothing blocks.
 *
 * Watches and timers belong to their callers (struct in the caller's memory); a watch or timer that
 * is not added may be removed at any time, also from inside a callback.
 */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct watch {
	int fd;
	short events; /* POLLIN, POLLOUT; may be changed at any time */
	void (*ready)(void *arg, short revents);
	void *arg;
	struct watch *next;
	bool added;
};

struct timer {
	int64_t at_ms; /* on clock_ms() */
	void (*fired)(void *arg);
	void *arg;
	struct timer *next;
	bool added;
};

struct loop *loop_new(void);
void loop_free(struct loop *loop);

void loop_watch(struct loop *loop, struct watch *w);
void loop_unwatch(struct loop *loop, struct watch *w); /* fine if not added */

/* (Re)starts the timer: it fires once, in_ms from now. */
void loop_timer(struct loop *loop, struct timer *t, int64_t in_ms);
void loop_untimer(struct loop *loop, struct timer *t); /* fine if not added */

/* Runs until loop_stop(). 0, or -1 if poll itself fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
