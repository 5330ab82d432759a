#include "jig/jig.h"
#include "core/clock.h"
#include "core/lines.h"
#include "jig/line.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESYNC_MS = 500, /* between two nonces */
	RESYNC_TRIES = 4,
	RECONNECT_MS = 500,
	CONNECT_MS = 3000,
	IN_USE_MS = 2000,
	IN_USE_RETRY_MS = 250,
	FEED_MS = 200, /* a quarter of the watchdog */
	CLOCK_SLACK_MS = 50,
	LOOKS = 8, /* at the jig's clock, 1.6 s of them: the quickest tells best */
	BUFFER = 65536,
};

enum state { DOWN, CONNECTING, READY, WAITING, RESYNC };

struct jig {
	struct loop *loop;
	struct jig_line line;
	int64_t reply_ms;
	struct jig_listener listener;
	struct watch watch;
	struct timer reconnect, reply, feed;
	struct lines lines;
	enum state state;
	struct jig_request *queue;   /* not yet sent */
	struct jig_request *current; /* sent, no reply yet */
	struct jig_request *running; /* overlapped, waiting for events */
	unsigned feeds;		     /* SYST:TIM? without answer yet */
	int64_t fed_us;		     /* when the oldest unanswered SYST:TIM? left */
	double clock_ahead;	     /* of the jig's clock before ours, at its last SYST:TIM? */
	struct {
		double ahead, trip; /* in the middle of the question's way; how long that was */
	} looks[LOOKS];
	size_t look_n; /* all ever */
	bool clock_known, fed_exactly;
	unsigned nonce;
	int resync_tries;
	int lost_status;   /* why the line is being resynchronised */
	bool greeting;	   /* connected, not yet up */
	int64_t in_use_ms; /* since when another host has been seen; 0: none */
};

static void take_down(struct jig *jig, int status, const char *why);
static void pump(struct jig *jig);
static void disconnect(struct jig *jig);

static void unlink_request(struct jig_request **list, struct jig_request *r)
{
	for (; *list; list = &(*list)->next) {
		if (*list == r) {
			*list = r->next;
			return;
		}
	}
}

static void finish(struct jig *jig, struct jig_request *r, int status, struct scpi_reply *reply,
	const struct err *err)
{
	struct scpi_reply none = {0};

	loop_untimer(jig->loop, &r->timer);
	if (!r->fetching)
		r->us = r->sent_us ? clock_us() - r->sent_us : 0;
	r->done(r, status, reply ? reply : &none, err);
}

static void fail(struct jig *jig, struct jig_request *r, int status, int code, const char *why)
{
	struct err err;

	err_set(&err, status, "%s", why);
	err.code = code;
	finish(jig, r, status, NULL, &err);
}

static void queue_line(struct jig *jig, const char *text)
{
	if (lines_queue(&jig->lines, text, strlen(text)) < 0 ||
		lines_write(&jig->lines, jig->watch.fd) < 0)
		take_down(jig, E_LINK, "the jig takes no more commands");
	else
		jig->watch.events = (short)(POLLIN | (jig->lines.out_n ? POLLOUT : 0));
}

static void resync(struct jig *jig)
{
	char line[64];

	if (jig->resync_tries++ == RESYNC_TRIES) {
		take_down(jig, jig->lost_status,
			jig->lost_status == E_PROTOCOL ? "the jig talks nonsense"
						       : "the jig does not answer any more");
		return;
	}
	jig->state = RESYNC;
	jig->feeds = 0;
	snprintf(line, sizeof(line), "\nSYST:ECHO? N%u\n", ++jig->nonce);
	loop_timer(jig->loop, &jig->reply, RESYNC_MS);
	queue_line(jig, line);
}

/* The reply that is due did not come, or is none: nobody knows which reply would be next. */
static void lost_reply(struct jig *jig, int status, const char *why)
{
	struct jig_request *r = jig->current;

	jig->current = NULL;
	jig->resync_tries = 0;
	jig->lost_status = status;
	resync(jig);
	if (r)
		fail(jig, r, status, 0, why);
	/* Nonsense may have been somebody's event: no running operation can be trusted. */
	while (status == E_PROTOCOL && jig->running) {
		r = jig->running;
		jig->running = r->next;
		fail(jig, r, status, 0, why);
	}
}

static void reply_late(void *arg)
{
	struct jig *jig = arg;

	if (jig->state == CONNECTING)
		take_down(jig, E_LINK, "the jig does not take the connection");
	else if (jig->state == RESYNC)
		resync(jig);
	else
		lost_reply(jig, E_TIMEOUT, "the jig does not answer");
}

static void operation_late(void *arg)
{
	struct jig_request *r = arg;

	unlink_request(&r->jig->running, r);
	fail(r->jig, r, E_TIMEOUT, 0, "the jig does not end the operation in time");
}

static void feed(void *arg)
{
	struct jig *jig = arg;

	loop_timer(jig->loop, &jig->feed, FEED_MS);
	if (jig->state != READY && jig->state != WAITING)
		return; /* resynchronising: its lines feed too */
	if (!jig->feeds) {
		jig->fed_us = clock_us();
		jig->fed_exactly = true;
	}
	if (!jig->feeds++ && jig->state == READY)
		loop_timer(jig->loop, &jig->reply, jig->reply_ms);
	queue_line(jig, "SYST:TIM?\n");
}

void jig_feed(struct jig *jig)
{
	loop_timer(jig->loop, &jig->feed, 0);
}

/* Sends what is next, if the line is free. */
static void pump(struct jig *jig)
{
	struct jig_request *r = jig->queue;
	char line[JIG_LINE + 32];

	if (jig->state != READY || !r)
		return;
	jig->queue = r->next;
	jig->current = r;
	jig->state = WAITING;
	if (!r->sent_us)
		r->sent_us = clock_us();
	snprintf(line, sizeof(line), "*CLS;:%s;:SYST:ERR?\n", r->fetching ? r->after : r->line);
	loop_timer(jig->loop, &jig->reply, jig->reply_ms);
	queue_line(jig, line);
}

void jig_send(struct jig *jig, struct jig_request *r)
{
	struct jig_request **p = &jig->queue;

	r->jig = jig;
	r->sent_us = 0;
	r->fetching = r->early = false;
	r->timer = (struct timer){.fired = operation_late, .arg = r};
	while (*p && (!r->urgent || (*p)->urgent))
		p = &(*p)->next;
	r->next = *p;
	*p = r;
	pump(jig);
}

static void fetch_after(struct jig *jig, struct jig_request *r)
{
	r->fetching = true;
	r->next = jig->queue; /* at the head: its operation is over */
	jig->queue = r;
	pump(jig);
}

/* The operation of r is over: its event came. */
static void operation_ended(struct jig *jig, struct jig_request *r, int code)
{
	char why[64];

	loop_untimer(jig->loop, &r->timer);
	if (code) {
		snprintf(why, sizeof(why), "the jig's operation ends with error %d", code);
		fail(jig, r, E_REFUSED, code, why);
	} else if (r->after[0]) {
		r->us = clock_us() - r->sent_us;
		fetch_after(jig, r);
	} else {
		finish(jig, r, 0, NULL, NULL);
	}
}

static void accepted(struct jig *jig, struct jig_request *r, struct scpi_reply *reply)
{
	char why[128], text[96];
	int code = 0;
	struct err err;

	if (!reply->n ||
		scpi_error(reply->fields[--reply->n], &code, text, sizeof(text), &err) < 0) {
		jig->current = r;
		lost_reply(jig, E_PROTOCOL, "the jig talks nonsense instead of a reply");
		return;
	}
	jig->state = READY;
	if (code) {
		snprintf(why, sizeof(why), "the jig refuses: %d \"%s\"", code, text);
		fail(jig, r, E_REFUSED, code, why);
	} else if (r->node[0] && !r->fetching && r->early) {
		operation_ended(jig, r, r->early_code);
	} else if (r->node[0] && !r->fetching) {
		r->next = jig->running;
		jig->running = r;
		loop_timer(jig->loop, &r->timer, r->timeout_ms);
	} else if (reply->n != r->replies) {
		jig->current = r;
		lost_reply(jig, E_PROTOCOL,
			"the jig talks nonsense: a reply with the wrong number of fields");
		return;
	} else {
		finish(jig, r, 0, reply, NULL);
	}
	pump(jig);
}

static void fed(struct jig *jig, const char *field)
{
	double t, asked = (double)jig->fed_us / 1e6;
	double trip = (double)clock_us() / 1e6 - asked;
	struct err err;
	bool back;

	if (scpi_real(field, &t, &err) < 0 || !(t >= 0)) {
		lost_reply(jig, E_PROTOCOL, "the jig talks nonsense instead of a reply");
		return;
	}
	if (!--jig->feeds && jig->state == READY)
		loop_untimer(jig->loop, &jig->reply);
	if (jig->fed_exactly) {
		jig->looks[jig->look_n % LOOKS].trip = trip;
		jig->looks[jig->look_n++ % LOOKS].ahead = t - asked - trip / 2;
	}
	/* Both clocks run alike, and an answer is never older than its question: a jig whose clock
	 * fell behind since the last answer has started anew. */
	back = jig->clock_known && t - asked < jig->clock_ahead - CLOCK_SLACK_MS / 1000.0;
	jig->clock_ahead = t - (double)clock_us() / 1e6;
	jig->clock_known = true;
	jig->fed_us = clock_us();
	jig->fed_exactly = false; /* the next ones left earlier */
	if (back) {
		jig->look_n = 0;
		jig->listener.restarted(jig->listener.arg);
	}
}

double jig_clock_ahead(const struct jig *jig)
{
	size_t n = jig->look_n < LOOKS ? jig->look_n : LOOKS, best = 0;

	for (size_t i = 1; i < n; i++)
		if (jig->looks[i].trip < jig->looks[best].trip)
			best = i;
	return n ? jig->looks[best].ahead : NAN;
}

/* PJ-1 "Line": one client at a time; a host that comes second tries again for 2 s. */
static void in_use(struct jig *jig)
{
	if (!jig->in_use_ms)
		jig->in_use_ms = clock_ms();
	if (clock_ms() - jig->in_use_ms > IN_USE_MS) {
		take_down(jig, E_LINK, "another host uses the jig");
		return;
	}
	disconnect(jig);
	loop_timer(jig->loop, &jig->reconnect, IN_USE_RETRY_MS);
}

static void resync_line(struct jig *jig, const char *line)
{
	char nonce[24];

	snprintf(nonce, sizeof(nonce), "N%u", jig->nonce);
	if (jig->greeting && !strncmp(line, "-200,", 5)) {
		in_use(jig);
		return;
	}
	if (strcmp(line, nonce) != 0) {
		if (line[0] != 'N') /* an earlier nonce is late, not nonsense */
			jig->lost_status = E_PROTOCOL;
		return; /* dropped: nobody knows whose it was */
	}
	loop_untimer(jig->loop, &jig->reply);
	jig->state = READY;
	jig->in_use_ms = 0;
	if (jig->greeting) {
		jig->greeting = false;
		jig->listener.up(jig->listener.arg);
	}
	pump(jig);
}

static void reply_line(struct jig *jig, char *line)
{
	struct scpi_reply reply;
	struct err err;
	struct jig_request *r = jig->current;

	if (jig->state == RESYNC) {
		resync_line(jig, line);
		return;
	}
	if (scpi_split(line, &reply, &err) < 0) {
		lost_reply(jig, E_PROTOCOL, "the jig talks nonsense instead of a reply");
		return;
	}
	/* A fed watchdog answers one bare number; every request's reply ends with an error report.
	 */
	if (jig->feeds && reply.n == 1 && !strchr(reply.fields[0], '"')) {
		fed(jig, reply.fields[0]);
		return;
	}
	if (!r) {
		lost_reply(jig, E_PROTOCOL, "the jig talks nonsense: it answers what nobody asked");
		return;
	}
	jig->current = NULL;
	loop_untimer(jig->loop, &jig->reply);
	if (jig->feeds)
		loop_timer(jig->loop, &jig->reply, jig->reply_ms);
	accepted(jig, r, &reply);
}

static bool is_node(const struct jig_request *r, const char *node, int64_t slot)
{
	return r->slot == (unsigned)slot && !r->fetching && !strcmp(r->node, node);
}

/* "!BUTT3 DONE", "!DATA1 ERR 109", "!DET2 1", "!SYST:INT LID 0", "!SYST ERR 115" */
static void event_line(struct jig *jig, char *line)
{
	char *rest = line + 1, *node = scpi_part(&rest, ' '), *word = scpi_part(&rest, ' ');
	char *value = rest, *digit = node + strlen(node);
	int64_t slot = 0, number = 0;
	struct err err;

	while (digit > node && digit[-1] >= '0' && digit[-1] <= '9')
		digit--;
	if (*digit && scpi_integer(digit, &slot, &err) < 0)
		slot = 0;
	*digit = '\0';
	if (!word || (value && scpi_integer(value, &number, &err) < 0))
		return; /* garbled: the operation it may have ended has its deadline */
	if (!value && scpi_integer(word, &number, &err) == 0)
		word = (char *)"";
	if (strcmp(word, "DONE") == 0 || strcmp(word, "ERR") == 0) {
		int code = word[0] == 'E' ? (int)number : 0;
		struct jig_request *r = jig->running;

		while (r && !is_node(r, node, slot))
			r = r->next;
		if (r) {
			unlink_request(&jig->running, r);
			operation_ended(jig, r, code);
			return;
		}
		if (jig->current && is_node(jig->current, node, slot)) {
			jig->current->early = true;
			jig->current->early_code = code;
			return;
		}
	}
	jig->listener.event(jig->listener.arg, node, (unsigned)slot, word, (int)number);
}

static void fail_all(struct jig *jig, int status, const char *why)
{
	struct jig_request *lists[] = {jig->current, jig->running, jig->queue};

	if (jig->current)
		jig->current->next = NULL;
	jig->current = jig->running = jig->queue = NULL;
	for (size_t i = 0; i < 3; i++) {
		while (lists[i]) {
			struct jig_request *r = lists[i];

			lists[i] = r->next;
			fail(jig, r, status, 0, why);
		}
	}
}

static void disconnect(struct jig *jig)
{
	loop_unwatch(jig->loop, &jig->watch);
	loop_untimer(jig->loop, &jig->reply);
	loop_untimer(jig->loop, &jig->feed);
	jig->line.transport->close(&jig->line);
	jig->watch.fd = -1;
	jig->feeds = 0;
	jig->clock_known = jig->greeting = false;
	jig->look_n = 0;
	jig->state = DOWN;
	lines_reset(&jig->lines);
}

static void take_down(struct jig *jig, int status, const char *why)
{
	struct err err;

	if (jig->state == DOWN)
		return;
	disconnect(jig);
	loop_timer(jig->loop, &jig->reconnect, RECONNECT_MS);
	fail_all(jig, status, why);
	err_set(&err, status, "%s", why);
	jig->listener.down(jig->listener.arg, &err);
}

static void connected(struct jig *jig)
{
	struct err err;

	if (jig->line.transport->connected(&jig->line, &err) < 0) {
		take_down(jig, E_LINK, err.text);
		return;
	}
	/* A nonce first: a jig that another host uses, or that is none, is told apart before it is
	 * up. */
	jig->watch.events = POLLIN;
	jig->greeting = true;
	jig->resync_tries = 0;
	jig->lost_status = E_TIMEOUT;
	resync(jig);
}

static void line_ready(void *arg, short revents)
{
	struct jig *jig = arg;
	char *line;
	int got;

	if (jig->state == CONNECTING) {
		connected(jig);
		return;
	}
	if (revents & POLLOUT) {
		if (lines_write(&jig->lines, jig->watch.fd) < 0) {
			take_down(jig, E_LINK, "the jig is gone");
			return;
		}
		jig->watch.events = (short)(POLLIN | (jig->lines.out_n ? POLLOUT : 0));
	}
	if (!(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	got = lines_read(&jig->lines, jig->watch.fd);
	while (jig->state != DOWN && (line = lines_next(&jig->lines, NULL))) {
		if (line[0] == '!')
			event_line(jig, line);
		else if (line[0])
			reply_line(jig, line);
	}
	if (got < 0)
		take_down(jig, E_LINK, "the jig is gone");
}

static void try_connect(void *arg)
{
	struct jig *jig = arg;
	struct err err;
	int ret = jig->line.transport->connect(&jig->line, &err);

	jig->state = CONNECTING;
	jig->watch.fd = jig->line.fd;
	if (ret < 0) {
		take_down(jig, E_LINK, err.text);
		return;
	}
	jig->watch.events = POLLOUT;
	loop_watch(jig->loop, &jig->watch);
	loop_timer(jig->loop, &jig->reply, CONNECT_MS);
}

int jig_open(struct jig **out, struct loop *loop, const char *address, int64_t reply_ms,
	const struct jig_listener *listener, struct err *err)
{
	struct jig *jig = calloc(1, sizeof(*jig));

	if (!jig || lines_init(&jig->lines, BUFFER) < 0) {
		free(jig);
		return err_set(err, E_SYSTEM, "out of memory");
	}
	if (jig_line_init(&jig->line, address, err) < 0) {
		lines_finish(&jig->lines);
		free(jig);
		return err ? err->status : E_CONFIG;
	}
	jig->loop = loop;
	jig->reply_ms = reply_ms;
	jig->listener = *listener;
	jig->watch = (struct watch){.fd = -1, .ready = line_ready, .arg = jig};
	jig->reconnect = (struct timer){.fired = try_connect, .arg = jig};
	jig->reply = (struct timer){.fired = reply_late, .arg = jig};
	jig->feed = (struct timer){.fired = feed, .arg = jig};
	*out = jig;
	return 0;
}

void jig_connect(struct jig *jig)
{
	if (jig->state == DOWN)
		loop_timer(jig->loop, &jig->reconnect, 0);
}

void jig_close(struct jig *jig)
{
	if (!jig)
		return;
	disconnect(jig);
	loop_untimer(jig->loop, &jig->reconnect);
	fail_all(jig, E_CANCELLED, "the station ends");
	jig_line_finish(&jig->line);
	lines_finish(&jig->lines);
	free(jig);
}

void jig_forget(struct jig *jig, unsigned slot)
{
	struct jig_request *r = jig->queue;

	while (r) {
		if (r->slot != slot || r->urgent) {
			r = r->next;
			continue;
		}
		unlink_request(&jig->queue, r);
		fail(jig, r, E_CANCELLED, 0, "the unit has ended");
		r = jig->queue; /* the callback may have changed the queue */
	}
}

bool jig_is_up(const struct jig *jig)
{
	if (!jig)
		return false;
	return jig->state == READY || jig->state == WAITING ||
	       (jig->state == RESYNC && !jig->greeting);
}
