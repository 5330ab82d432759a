#include "link/nfc_chip.h"
#include "core/clock.h"
#include "core/holder.h"
#include "link/nfc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE = 40, TICK_US = 50000, FAREWELL_MS = 500 };

/* libnfc marks a serial port as taken by this bit of c_iflag (1.8.0, buses/uart.c). */
static const tcflag_t CLAIMED = 0x80000000U;

static volatile sig_atomic_t ended;
static nfc_device *running; /* for the signal handler: the one chip of this process */

/* Again and again: an abort that comes just before libnfc begins to wait is lost on it. */
static void on_tick(int number)
{
	static int ticks;

	(void)number;
	if (++ticks > PATIENCE)
		_exit(1);
	if (running)
		nfc_abort_command(running);
}

static void start_ticking(void)
{
	const struct itimerval every = {{0, TICK_US}, {0, 1}};

	setitimer(ITIMER_REAL, &every, NULL);
}

static void on_term(int number)
{
	(void)number;
	ended = 1;
	start_ticking();
}

bool nfc_chip_ended(void)
{
	return ended;
}

static void end_with_the_worker(void)
{
	const struct sigaction term = {.sa_handler = on_term}, tick = {.sa_handler = on_tick};

	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGALRM, &tick, NULL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "payjig"); /* for who asks who has the port open */
}

/* The one before us, whose worker was killed, may not be through with closing it. */
static bool still_held(const char *node, struct holder *holder)
{
	int64_t deadline = clock_ms() + PATIENCE * TICK_US / 1000 + FAREWELL_MS;

	while (holder_find(node, holder)) {
		if (strcmp(holder->name, "payjig") != 0 || clock_ms() > deadline)
			return true;
		clock_wait_ms(TICK_US / 1000);
	}
	return false;
}

/*
 * A process that was killed leaves its mark on the port, and libnfc would refuse it for ever. If
 * nobody has the port open, the mark means nothing.
 */
static int clear_mark(const char *connstring, struct err *err)
{
	char port[NFC_PORT], node[PATH_MAX];
	struct holder holder;
	struct termios t;
	int fd;

	if (!nfc_port(connstring, port))
		return 0;
	if (realpath(port, node) && still_held(node, &holder))
		return err_set(
			err, E_REFUSED, "it is held by %s (process %ld)", holder.name, holder.pid);
	fd = open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, E_LINK, "%s", strerror(errno));
	if (tcgetattr(fd, &t) == 0 && t.c_iflag & CLAIMED) {
		t.c_iflag &= ~CLAIMED;
		tcsetattr(fd, TCSANOW, &t);
	}
	close(fd);
	return 0;
}

static int open_device(struct nfc_chip *c, const char *connstring, struct err *err)
{
	nfc_connstring name;

	if (strlen(connstring) >= sizeof(name))
		return err_set(err, E_CONFIG,
			"%.40s...: a connection string is at most %zu characters long", connstring,
			sizeof(name) - 1);
	strcpy(name, connstring);
	if (clear_mark(connstring, err) < 0)
		return err->status;
	setenv("LIBNFC_LOG_LEVEL", "0", 0); /* what it has to say is told here */
	setenv("LIBNFC_AUTO_SCAN", "false", 1);
	nfc_init(&c->context);
	c->device = c->context ? nfc_open(c->context, name) : NULL;
	running = c->device;
	return c->device ? 0 : err_set(err, E_LINK, "no chip answers");
}

int nfc_chip_open(struct nfc_chip *c, const char *connstring, struct err *err)
{
	struct err told;
	int ret;

	end_with_the_worker();
	if (lines_init(&c->lines, MESSAGE_MAX) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	ret = open_device(c, connstring, err);
	if (nfc_chip_tell(
		    json_pack("{ss, ss}", "type", "nfc_ready", "error", ret < 0 ? err->text : ""),
		    &told) < 0)
		return told.status;
	return ret;
}

void nfc_chip_close(struct nfc_chip *c)
{
	running = NULL;
	start_ticking(); /* a chip that hangs does not keep the process */
	if (c->device)
		nfc_close(c->device);
	if (c->context)
		nfc_exit(c->context);
	lines_finish(&c->lines);
}

int nfc_chip_tell(json_t *message, struct err *err)
{
	size_t n, done = 0;
	char *line = message_line(message, FROM_NFC, &n, err);

	if (!line)
		return err->status;
	while (done < n) {
		ssize_t wrote = write(STDOUT_FILENO, line + done, n - done);

		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote == 0 || errno != EINTR)
			break;
	}
	free(line);
	return done < n ? err_set(err, E_CANCELLED, "the worker is gone") : 0;
}

json_t *nfc_chip_hear(struct nfc_chip *c, struct err *err)
{
	while (!ended) {
		size_t n;
		char *line = lines_next(&c->lines, &n);

		if (line)
			return message_parse(line, n, FROM_SLOT_TO_NFC, err);
		if (lines_read(&c->lines, STDIN_FILENO) < 0)
			break;
	}
	err_set(err, E_CANCELLED, "the worker is gone");
	return NULL;
}
