/*
 * payjig run: provisions units without a screen. A client of the station's socket, which starts a
 * station if none runs; labels come as a scanner types them, one a line, "3:LABEL" for slot 3.
 */
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/start.h"
#include "cmd/station_options.h"
#include "core/lines.h"
#include "core/num.h"
#include "messages/messages.h"
#include "plan/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 33, BUFFER = 2 * 1024 * 1024 };

struct run {
	int socket, labels_fd, signals;
	struct lines in, labels_in;
	pid_t station; /* that this run started, else 0 */
	struct label *queue;
	size_t queue_n, queue_at;
	bool labels_end, ready, stopped, stopping, events;
	bool idle[SLOTS], busy[SLOTS];
	unsigned waiting; /* labels offered and not yet begun or refused */
	int64_t most_units, units;
	bool failed, error, aborted, configuration;
	const char *operator;
};

static void say(struct run *r, json_t *message)
{
	size_t n = 0;
	struct err err;
	char *line = message_line(message, FROM_CLIENT, &n, &err);

	/* A station that is gone is noticed when its socket ends. */
	if (line && send(r->socket, line, n, MSG_NOSIGNAL) < 0 && errno == EPIPE)
		r->error = true;
	free(line);
}

static void stop(struct run *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	if (r->station)
		say(r, json_pack("{ss}", "type", "stop"));
	else
		shutdown(r->socket, SHUT_RDWR); /* somebody else's station goes on */
}

static bool any_busy(const struct run *r)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (r->busy[i])
			return true;
	return r->waiting > 0;
}

/* Offers labels to the slots that are free, in the order they were scanned for each slot. */
static void offer(struct run *r)
{
	for (size_t i = r->queue_at; i < r->queue_n && r->ready && !r->stopping; i++) {
		struct label *l = &r->queue[i];
		json_t *m;

		if (!l->serial[0] || (r->most_units && r->units + r->waiting >= r->most_units))
			continue;
		if (l->slot >= SLOTS || (l->slot && r->busy[l->slot]))
			continue;
		if (l->slot && !r->idle[l->slot])
			continue;
		m = json_pack("{ss, ss, ss}", "type", "start", "label", l->serial, "operator",
			r->operator);
		if (l->slot) {
			json_object_set_new(m, "slot", json_integer((json_int_t)l->slot));
			r->idle[l->slot] = false;
		}
		r->waiting++;
		l->serial[0] = '\0';
		say(r, m);
	}
	while (r->queue_at < r->queue_n && !r->queue[r->queue_at].serial[0])
		r->queue_at++;
}

static void check_done(struct run *r)
{
	bool none_left = r->labels_end && r->queue_at == r->queue_n;

	if (r->most_units && r->units >= r->most_units)
		none_left = true;
	/* A station that is neither ready nor stopped has not said yet what there is to do. */
	if (!any_busy(r) && ((none_left && r->ready) || r->stopped))
		stop(r);
}

/* ---- what the station says ---- */

static void on_station(struct run *r, const json_t *m)
{
	const char *state = message_string(m, "state");

	r->ready = !strcmp(state, "ready");
	if (!strcmp(state, "stopped") && !r->stopped) {
		r->stopped = r->error = true;
		r->configuration = !strcmp(message_string(m, "code"), "TOOL-CONFIG");
		fprintf(stderr, "payjig: station: %s: %s\n", message_string(m, "code"),
			message_string(m, "error"));
	}
}

static void on_slot(struct run *r, const json_t *m)
{
	json_int_t n = message_integer(m, "slot");
	const char *state = message_string(m, "state");

	if (n < 1 || n >= SLOTS)
		return;
	/* A broken slot is offered its labels too: the station refuses them and says why. */
	r->idle[n] = !strcmp(state, "idle") || !strcmp(state, "broken");
	r->busy[n] =
		!strcmp(state, "waiting") || !strcmp(state, "working") || !strcmp(state, "ending");
	if (!strcmp(state, "waiting") && r->waiting)
		r->waiting--;
}

static void on_refused(struct run *r, const json_t *m)
{
	bool empty = json_is_true(json_object_get(m, "empty"));

	if (!empty && r->waiting)
		r->waiting--;
	r->error |= !empty;
	printf("%-10s %-16s %s\n", empty ? "SKIPPED" : "REFUSED", message_string(m, "label"),
		message_string(m, "error"));
}

static void on_unit_end(struct run *r, const json_t *m)
{
	const char *verdict = message_string(m, "verdict"), *card = message_string(m, "card");

	r->units++;
	r->failed |= !strcmp(verdict, "FAIL");
	r->error |= !strcmp(verdict, "ERROR");
	r->aborted |= !strcmp(verdict, "ABORT");
	if (r->events)
		return;
	printf("%-6s slot %-2lld %-16s %6.1f s  %s%s%s", verdict,
		(long long)message_integer(m, "slot"), message_string(m, "label"),
		(double)message_integer(m, "ms") / 1000, card[0] ? "card " : "no card", card,
		json_is_true(json_object_get(m, "lab")) ? "  LAB" : "");
	if (message_string(m, "code")[0])
		printf("  %s: %s; %s", message_string(m, "code"), message_string(m, "cause"),
			message_string(m, "action"));
	putchar('\n');
	fflush(stdout);
}

/* What was in work when the station started, before the first unit. */
static void on_unsettled(struct run *r, const json_t *m)
{
	if (!r->events)
		printf("%-10s %-16s card %s: %s\n", message_string(m, "state"),
			message_string(m, "unit"), message_string(m, "card"),
			message_string(m, "action"));
}

static const struct {
	const char *type;
	void (*handle)(struct run *r, const json_t *m);
} handlers[] = {
	{"refused", on_refused},
	{"slot", on_slot},
	{"station", on_station},
	{"unit_end", on_unit_end},
	{"unsettled", on_unsettled},
};

static void station_line(struct run *r, const char *line, size_t n)
{
	struct err err;
	json_t *m = message_parse(line, n, FROM_STATION_TO_CLIENT, &err);

	if (!m) {
		fprintf(stderr, "payjig: station: %s\n", err.text);
		r->error = true;
		return;
	}
	if (r->events) {
		printf("%s\n", line);
		fflush(stdout);
	}
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(handlers[i].type, message_type(m)))
			handlers[i].handle(r, m);
	json_decref(m);
}

/* ---- labels ---- */

static void label_line(struct run *r, const char *line)
{
	struct label *more, label;
	struct err err;

	if (!line[0])
		return;
	if (label_read(line, &label, &err) < 0) {
		printf("%-10s %-16s %s\n", "REFUSED", line, err.text);
		r->error = true;
		return;
	}
	more = realloc(r->queue, (r->queue_n + 1) * sizeof(*more));
	if (!more)
		return;
	r->queue = more;
	more[r->queue_n++] = label;
}

static void read_labels(struct run *r)
{
	int got = lines_read(&r->labels_in, r->labels_fd);
	char *line;

	while ((line = lines_next(&r->labels_in, NULL)))
		label_line(r, line);
	if (got < 0)
		r->labels_end = true;
}

/* ---- the loop ---- */

static void on_signal(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	r->aborted = true;
	say(r, json_pack("{ss}", "type", "abort_unit"));
	stop(r);
}

static void serve(struct run *r)
{
	say(r, json_pack("{ss}", "type", "watch"));
	for (;;) {
		struct pollfd p[] = {{.fd = r->socket, .events = POLLIN},
			{.fd = r->labels_end ? -1 : r->labels_fd, .events = POLLIN},
			{.fd = r->signals, .events = POLLIN}};
		char *line;
		size_t n;
		int got = 1;

		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents) {
			got = lines_read(&r->in, r->socket);
			while ((line = lines_next(&r->in, &n)))
				station_line(r, line, n);
		}
		if (p[1].revents)
			read_labels(r);
		if (p[2].revents)
			on_signal(r);
		if (got < 0) {
			if (!r->stopping) {
				fprintf(stderr, "payjig: the station is gone\n");
				r->error = true;
			}
			return;
		}
		offer(r);
		check_done(r);
	}
}

static int exit_status(const struct run *r)
{
	if (r->aborted)
		return EXIT_ABORTED;
	if (r->configuration)
		return EXIT_USAGE;
	if (r->error)
		return EXIT_STATION;
	return r->failed ? EXIT_FAIL : EXIT_PASS;
}

static int open_run(struct run *r, const char *labels, struct err *err)
{
	sigset_t set;

	if (lines_init(&r->in, BUFFER) < 0 || lines_init(&r->labels_in, 4096) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	r->labels_fd =
		!labels || !strcmp(labels, "-") ? STDIN_FILENO : open(labels, O_RDONLY | O_CLOEXEC);
	if (r->labels_fd < 0)
		return err_set(err, E_CONFIG, "%s: %s", labels, strerror(errno));
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return r->signals < 0 ? err_set(err, E_SYSTEM, "no signals: %s", strerror(errno)) : 0;
}

int cmd_run(int argc, char **argv)
{
	struct station_options o = {.notify_fd = -1};
	struct run r = {.socket = -1, .signals = -1, .labels_fd = -1, .operator= client_user()};
	const char *labels = NULL, *units = NULL;
	struct option_row rows[STATION_OPTIONS + 5] = {0};
	struct err err;
	size_t n;
	int ret, status = 0;

	station_option_rows(rows, &o);
	rows[STATION_OPTIONS] = (struct option_row){
		"events", NULL, "print the events, one JSON a line", NULL, &r.events, false};
	rows[STATION_OPTIONS + 1] = (struct option_row){"labels", "FILE",
		"scanned labels, LABEL or SLOT:LABEL a line (stdin)", &labels, NULL, false};
	rows[STATION_OPTIONS + 2] = (struct option_row){
		"operator", "NAME", "who works here (the login name)", &r.operator, NULL, false};
	rows[STATION_OPTIONS + 3] =
		(struct option_row){"units", "N", "end after N units", &units, NULL, false};
	ret = options_read(argc, argv, "run --fixture FILE --plan FILE --job FILE --store FILE",
		rows, NULL, 0, &n);
	if (ret >= 0)
		return ret;
	if (units && (num_integer(units, &r.most_units) < 0 || r.most_units < 1)) {
		fprintf(stderr, "payjig: run: --units %s: not a number of units\n", units);
		return EXIT_USAGE;
	}
	ret = station_option_defaults(&o, &err);
	if (ret == 0)
		ret = open_run(&r, labels, &err);
	o.once = true;
	if (ret == 0)
		ret = start_connect(&o, NULL, false, &r.station, &r.socket, &err);
	if (ret == 0)
		serve(&r);
	if (r.socket >= 0)
		close(r.socket);
	if (r.station)
		waitpid(r.station, &status, 0);
	lines_finish(&r.in);
	lines_finish(&r.labels_in);
	free(r.queue);
	if (ret < 0)
		return cmd_failed(&err);
	if (ret == 1)
		return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
								: EXIT_STATION;
	return exit_status(&r);
}
