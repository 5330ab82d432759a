/*
 * The screen on a real terminal: keys, the station's socket, signals and the clock in one loop.
 *
 * A key is answered at once; events are drawn together, at most ten times a second. The station is
 * never waited for, and a terminal that blocks stops this process alone: the station drops it.
 */
#include "core/clock.h"
#include "core/lines.h"
#include "core/loop.h"
#include "screen/private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { BUFFER = 4 * 1024 * 1024, DRAW_MS = 100, TICK_MS = 1000, AGAIN_MS = 1000 };

struct run {
	const struct screen_run *o;
	struct loop *loop;
	struct screen *screen;
	struct watch keys, socket, signals;
	struct lines lines;
	struct timer draw, tick, again;
};

static void draw(struct run *r)
{
	loop_untimer(r->loop, &r->draw);
	screen_draw(r->screen);
	if (screen_moves(r->screen) && !r->tick.added)
		loop_timer(r->loop, &r->tick, TICK_MS);
}

static void draw_now(void *arg)
{
	draw(arg);
}

static void draw_soon(struct run *r)
{
	if (!r->draw.added)
		loop_timer(r->loop, &r->draw, DRAW_MS);
}

static int64_t now_ms(void *arg)
{
	(void)arg;
	return clock_ms();
}

/* ---- the station ---- */

static void disconnect(struct run *r, const char *why)
{
	loop_unwatch(r->loop, &r->socket);
	close(r->socket.fd);
	r->socket.fd = -1;
	screen_gone(r->screen, why);
	loop_timer(r->loop, &r->again, AGAIN_MS);
	draw_soon(r);
}

static void send_message(void *arg, json_t *message)
{
	struct run *r = arg;
	size_t n = 0;
	struct err err;
	char *line = message_line(message, FROM_CLIENT, &n, &err);

	if (line && r->socket.fd >= 0 && lines_queue(&r->lines, line, n) == 0)
		r->socket.events = POLLIN | POLLOUT;
	free(line);
}

static void socket_ready(void *arg, short revents)
{
	struct run *r = arg;
	int got = 1;
	size_t n;
	char *line;

	if (revents & POLLOUT && lines_write(&r->lines, r->socket.fd) < 0)
		got = -1;
	r->socket.events = (short)(POLLIN | (r->lines.out_n ? POLLOUT : 0));
	if (got > 0 && revents & (POLLIN | POLLHUP | POLLERR))
		got = lines_read(&r->lines, r->socket.fd);
	while ((line = lines_next(&r->lines, &n))) {
		struct err err;
		json_t *m = message_parse(line, n, FROM_STATION_TO_CLIENT, &err);

		if (m)
			screen_event(r->screen, m);
		else
			screen_notice(r->screen, ROLE_NOTICE, err.text);
		json_decref(m);
		draw_soon(r);
	}
	if (got < 0)
		disconnect(r, N_("the station is gone"));
}

static void use_socket(struct run *r, int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	lines_reset(&r->lines);
	r->socket = (struct watch){.fd = fd, .events = POLLIN, .ready = socket_ready, .arg = r};
	loop_watch(r->loop, &r->socket);
	screen_connected(r->screen);
	draw_soon(r);
}

static void connect_again(void *arg)
{
	struct run *r = arg;
	int fd = r->o->connect(r->o->arg);

	if (fd >= 0)
		use_socket(r, fd);
	else
		loop_timer(r->loop, &r->again, AGAIN_MS);
}

/* ---- the terminal ---- */

static void keys_ready(void *arg, short revents)
{
	struct run *r = arg;
	wint_t c;
	int kind, n = 0;

	while ((kind = get_wch(&c)) != ERR) {
		n++;
		if (kind == KEY_CODE_YES && c == KEY_RESIZE)
			continue;
		if (!screen_key(r->screen, (int32_t)c + (kind == KEY_CODE_YES ? KEY_OF : 0))) {
			loop_stop(r->loop);
			return;
		}
	}
	/* The end of a terminal that is gone looks like no key at all. */
	if (revents & (POLLHUP | POLLERR) || (!n && revents & POLLIN && errno == EIO))
		loop_stop(r->loop);
	else
		draw(r);
}

static void resize(struct run *r)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		screen_resize(r->screen, size.ws_row, size.ws_col);
	draw(r);
}

static void signal_ready(void *arg, short revents)
{
	struct run *r = arg;
	struct signalfd_siginfo info;

	(void)revents;
	while (read(r->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			resize(r);
		else
			loop_stop(r->loop);
	}
}

static int catch_signals(struct run *r, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r->signals = (struct watch){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
		.events = POLLIN,
		.ready = signal_ready,
		.arg = r};
	return r->signals.fd < 0 ? err_set(err, E_SYSTEM, "no signals") : 0;
}

static void tick(void *arg)
{
	draw(arg);
}

static int open_run(struct run *r, struct err *err)
{
	const struct screen_options options = {.in = stdin,
		.out = stdout,
		.language = r->o->language,
		.catalogues = r->o->catalogues,
		.plain = r->o->plain,
		.owner = r->o->owner,
		.describe = r->o->describe,
		.send = send_message,
		.now_ms = now_ms,
		.arg = r};
	int ret;

	r->loop = loop_new();
	if (!r->loop || lines_init(&r->lines, BUFFER) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	if ((ret = catch_signals(r, err)) < 0 || (ret = screen_open(&r->screen, &options, err)) < 0)
		return ret;
	r->draw = (struct timer){.fired = draw_now, .arg = r};
	r->tick = (struct timer){.fired = tick, .arg = r};
	r->again = (struct timer){.fired = connect_again, .arg = r};
	r->keys =
		(struct watch){.fd = STDIN_FILENO, .events = POLLIN, .ready = keys_ready, .arg = r};
	loop_watch(r->loop, &r->signals);
	loop_watch(r->loop, &r->keys);
	return 0;
}

/* What was said last (to stop, to abort) must not be lost by leaving. */
static void say_the_rest(struct run *r)
{
	if (r->socket.fd < 0)
		return;
	fcntl(r->socket.fd, F_SETFL, 0);
	lines_write(&r->lines, r->socket.fd);
	close(r->socket.fd);
}

int screen_run(const struct screen_run *o, struct err *err)
{
	struct run r = {.o = o, .socket = {.fd = -1}, .signals = {.fd = -1}};
	int ret = open_run(&r, err);

	if (ret == 0) {
		use_socket(&r, o->socket);
		draw(&r);
		if (loop_run(r.loop) < 0)
			ret = err_set(err, E_SYSTEM, "poll fails");
		say_the_rest(&r);
	}
	screen_close(r.screen);
	if (r.signals.fd >= 0)
		close(r.signals.fd);
	lines_finish(&r.lines);
	loop_free(r.loop);
	return ret;
}
