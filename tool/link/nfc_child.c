#include "link/nfc_child.h"
#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 16 * 1024, END_MS = 1000, LOOK_MS = 2 };

extern char **environ;

int nfc_child_start(
	struct nfc_child *c, const char *command, const char *connstring, struct err *err)
{
	char *argv[] = {(char *)"payjig", (char *)command, (char *)connstring, NULL};
	posix_spawn_file_actions_t files;
	int pair[2], ret;

	if (lines_init(&c->lines, LINE) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		lines_finish(&c->lines);
		return err_set(err, E_SYSTEM, "no socket: %s", strerror(errno));
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, pair[1], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, pair[1], STDOUT_FILENO);
	ret = posix_spawn(&c->pid, "/proc/self/exe", &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(pair[1]);
	c->fd = pair[0];
	c->asked = 0;
	if (!ret)
		return 0;
	c->pid = 0;
	close(c->fd);
	lines_finish(&c->lines);
	return err_set(err, E_SYSTEM, "payjig %s can't be started: %s", command, strerror(ret));
}

void nfc_child_end(struct nfc_child *c)
{
	int64_t deadline = clock_ms() + END_MS;

	if (!c->pid)
		return;
	kill(c->pid, SIGTERM);
	shutdown(c->fd, SHUT_RDWR);
	while (waitpid(c->pid, NULL, WNOHANG) == 0) {
		if (clock_ms() > deadline)
			kill(c->pid, SIGKILL);
		clock_wait_ms(LOOK_MS);
	}
	c->pid = 0;
	close(c->fd);
	lines_finish(&c->lines);
}

int nfc_child_tell(struct nfc_child *c, json_t *message, struct err *err)
{
	size_t n;
	char *line = message_line(message, FROM_SLOT_TO_NFC, &n, err);
	int ret;

	if (!line)
		return err->status;
	/* What is said is short, and answered before more is said: it fits into the socket. */
	ret = lines_queue(&c->lines, line, n) < 0 || lines_write(&c->lines, c->fd) < 0 ||
	      c->lines.out_n;
	free(line);
	return ret ? err_set(err, E_LINK, "it does not listen") : 0;
}

json_t *nfc_child_next(struct nfc_child *c, struct err *err)
{
	size_t n;
	char *line = lines_next(&c->lines, &n);

	err->status = 0;
	if (c->lines.overflow)
		err_set(err, E_PROTOCOL, "it says too much");
	return line ? message_parse(line, n, FROM_NFC, err) : NULL;
}

int nfc_child_read(struct nfc_child *c, struct err *err)
{
	return lines_read(&c->lines, c->fd) < 0 ? err_set(err, E_LINK, "it ended") : 0;
}
