/* Worker processes: started, spoken to, killed, reaped. */
#include "core/clock.h"
#include "station/private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CRASHES = 3, READY_MS = 10000, END_MS = 2000 };

extern char **environ;

static void worker_ready(void *arg, short revents)
{
	struct slot *slot = arg;
	unsigned generation = slot->generation;
	int got = 1;
	size_t n;
	char *line;

	if (revents & POLLOUT && lines_write(&slot->lines, slot->watch.fd) < 0) {
		unit_worker_failed(slot, "it does not listen");
		return;
	}
	slot->watch.events = (short)(POLLIN | (slot->lines.out_n ? POLLOUT : 0));
	if (revents & (POLLIN | POLLHUP | POLLERR))
		got = lines_read(&slot->lines, slot->watch.fd);
	while (slot->pid && slot->generation == generation &&
		(line = lines_next(&slot->lines, &n))) {
		struct err err;
		json_t *message = message_parse(line, n, FROM_SLOT, &err);

		if (!message) {
			unit_worker_failed(slot, "it talks nonsense");
			return;
		}
		unit_message(slot, message);
		json_decref(message);
	}
	if (slot->generation != generation || !slot->pid)
		return;
	if (slot->lines.overflow)
		unit_worker_failed(slot, "it talks nonsense");
	else if (got < 0)
		unit_worker_failed(slot, "it ended");
}

void worker_send(struct slot *slot, json_t *message)
{
	size_t n = 0;
	struct err err;
	char *line = message_line(message, FROM_STATION_TO_SLOT, &n, &err);

	if (line && slot->pid) {
		if (lines_queue(&slot->lines, line, n) < 0)
			unit_worker_failed(slot, "it does not listen");
		else
			slot->watch.events = POLLIN | POLLOUT;
	}
	free(line);
}

static int spawn(struct slot *slot, int fd, struct err *err)
{
	const char *program = slot->station->options->program;
	char *argv[] = {(char *)program, (char *)"slot", NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	sigfillset(&defaults);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	/* Its own process group: a Ctrl-C at the terminal is the station's to handle. */
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	ret = posix_spawn(&slot->pid, program, &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (ret) {
		slot->pid = 0;
		return err_set(err, E_SYSTEM, "%s: can't be started: %s", program, strerror(ret));
	}
	return 0;
}

int worker_start(struct slot *slot, struct err *err)
{
	struct station *st = slot->station;
	int pair[2], ret;

	if (slot->crashes++ == MAX_CRASHES)
		return err_set(err, E_SYSTEM,
			"slot %u: its worker failed %d times in a row without a unit", slot->number,
			MAX_CRASHES);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, E_SYSTEM, "no socket: %s", strerror(errno));
	fcntl(pair[0], F_SETFL, O_NONBLOCK); /* the worker may wait, the station may not */
	ret = spawn(slot, pair[1], err);
	close(pair[1]);
	if (ret < 0) {
		close(pair[0]);
		return ret;
	}
	slot->generation++;
	slot->ready = false;
	lines_reset(&slot->lines);
	slot->watch =
		(struct watch){.fd = pair[0], .events = POLLIN, .ready = worker_ready, .arg = slot};
	loop_watch(st->loop, &slot->watch);
	loop_timer(st->loop, &slot->step_deadline, READY_MS);
	worker_send(slot,
		json_pack(
			"{ss, si, ss, ss, sb, ss, sf, sb, ss, ss, ss, sb, ss, ss, ss, ss, ss, sO, sb}",
			"type", "setup", "slot", (int)slot->number, "link", slot->fixture->link,
			"port", slot->fixture->port, "supply",
			slot->fixture->supply == FIXTURE_SUPPLY_JIG, "adapter",
			slot->fixture->adapter, "rssi_offset_db", slot->fixture->rssi_offset_db,
			"charger", slot->fixture->charger, "reader", fixture_reader(&st->fixture),
			"standin", fixture_standin(&st->fixture), "phone",
			fixture_golden(&st->fixture), "phone_stays", st->fixture.phone_stays,
			"plan_path", st->plan_file.path, "plan", st->plan_file.text, "profile_path",
			slot->profile_file.path, "profile", slot->profile_file.text, "keys",
			st->keys, "terms", st->job.terms, "production", st->job.production));
	return 0;
}

void worker_kill(struct slot *slot)
{
	if (!slot->pid)
		return;
	kill(slot->pid, SIGKILL);
	slot->pid = 0; /* reaped by worker_reap() */
	tokens_drop(slot);
	slot->ready = false;
	loop_unwatch(slot->station->loop, &slot->watch);
	close(slot->watch.fd);
}

void workers_end(struct station *st)
{
	int64_t deadline = clock_ms() + END_MS;
	bool left = true;

	for (size_t i = 0; i < st->slot_n; i++) {
		if (!st->slots[i].pid)
			continue;
		loop_unwatch(st->loop, &st->slots[i].watch);
		close(st->slots[i].watch.fd); /* its stdin ends: so does it */
	}
	while (left) {
		left = false;
		for (size_t i = 0; i < st->slot_n; i++) {
			pid_t pid = st->slots[i].pid;

			if (!pid)
				continue;
			if (clock_ms() > deadline)
				kill(pid, SIGKILL);
			if (waitpid(pid, NULL, WNOHANG) != 0)
				st->slots[i].pid = 0;
			else
				left = true;
		}
		if (left)
			clock_wait_ms(5);
	}
}

void worker_reap(struct station *st)
{
	pid_t pid;
	int status;

	/* WUNTRACED: a worker that was stopped is noticed at once, not at the step's deadline. */
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		for (size_t i = 0; i < st->slot_n; i++) {
			struct slot *slot = &st->slots[i];
			char why[64];

			if (slot->pid != pid)
				continue;
			if (WIFSTOPPED(status))
				snprintf(why, sizeof(why), "it was stopped");
			else if (WIFSIGNALED(status))
				snprintf(
					why, sizeof(why), "it died by signal %d", WTERMSIG(status));
			else
				snprintf(why, sizeof(why), "it ended with status %d",
					WEXITSTATUS(status));
			unit_worker_failed(slot, why);
		}
	}
}
