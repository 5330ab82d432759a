#include "jig/sync.h"

#include <stdio.h>

enum { REPLY_MS = 1500 };

static void came_up(void *arg)
{
	struct jig_sync *s = arg;

	s->up = true;
	loop_stop(s->loop);
}

static void went_down(void *arg, const struct err *err)
{
	struct jig_sync *s = arg;

	s->up = false;
	s->why = *err;
}

static void event(void *arg, const char *node, unsigned slot, const char *word, int value)
{
	(void)arg;
	(void)node;
	(void)slot;
	(void)word;
	(void)value;
}

static void restarted(void *arg)
{
	(void)arg;
}

static void waited(void *arg)
{
	struct jig_sync *s = arg;

	s->over = true;
	loop_stop(s->loop);
}

int jig_sync_open(struct jig_sync *s, const char *address, int64_t wait_ms, struct err *err)
{
	const struct jig_listener listener = {
		.arg = s, .up = came_up, .down = went_down, .event = event, .restarted = restarted};
	struct timer timer = {.fired = waited, .arg = s};
	int ret;

	*s = (struct jig_sync){.loop = loop_new()};
	if (!s->loop)
		return err_set(err, E_SYSTEM, "out of memory");
	err_set(&s->why, E_LINK, "the jig does not answer");
	ret = jig_open(&s->jig, s->loop, address, REPLY_MS, &listener, err);
	if (ret == 0) {
		loop_timer(s->loop, &timer, wait_ms);
		jig_connect(s->jig);
		while (!s->up && !s->over)
			loop_run(s->loop);
		loop_untimer(s->loop, &timer);
		if (!s->up)
			ret = err_set(err, E_LINK, "%s", s->why.text);
	}
	if (ret < 0)
		jig_sync_close(s);
	return ret;
}

void jig_sync_close(struct jig_sync *s)
{
	jig_close(s->jig);
	if (s->loop)
		loop_free(s->loop);
	*s = (struct jig_sync){0};
}

static void done(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err)
{
	struct jig_sync *s = request->arg;

	s->status = status;
	if (status >= 0)
		s->values = jig_op_values(reply, s->kind, s->err);
	else if (s->err && err)
		*s->err = *err;
	s->over = true;
	loop_stop(s->loop);
}

json_t *jig_sync_send(
	struct jig_sync *s, struct jig_request *request, enum jig_values kind, struct err *err)
{
	request->done = done;
	request->arg = s;
	s->over = false;
	s->kind = kind;
	s->values = NULL;
	s->err = err;
	jig_send(s->jig, request);
	while (!s->over)
		loop_run(s->loop);
	return s->values;
}

json_t *jig_sync_op(struct jig_sync *s, const struct jig_place *place, const char *op,
	const json_t *args, int64_t *us, struct err *err)
{
	struct jig_request request = {0};
	enum jig_values kind = JIG_NUMBERS;
	json_t *values;

	*us = 0;
	if (jig_op_fill(&request, place, op, args, &kind) < 0) {
		err_set(err, E_CONFIG, "the jig has no operation \"%s\" like this", op);
		return NULL;
	}
	values = jig_sync_send(s, &request, kind, err);
	*us = request.us;
	return values;
}
