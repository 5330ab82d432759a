#include "cmd/start.h"
#include "cmd/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS = 24 };

extern char **environ;

/* `station` and its options; argv has ARGUMENTS places. */
static void fill_arguments(
	const struct station_options *o, const char *notify, const char *argv[ARGUMENTS])
{
	const char *always[] = {"payjig", "station", "--notify-fd", notify, "--fixture", o->fixture,
		"--plan", o->plan, "--job", o->job, "--store", o->store, "--socket", o->socket,
		"--worker", o->program};
	const struct {
		const char *option, *value;
	} instead[] = {{"--jig", o->jig}, {"--phone", o->phone}, {"--reader", o->reader}};
	size_t n = sizeof(always) / sizeof(always[0]);

	memcpy(argv, always, sizeof(always));
	if (o->once)
		argv[n++] = "--once";
	for (size_t i = 0; i < sizeof(instead) / sizeof(instead[0]); i++) {
		if (instead[i].value) {
			argv[n++] = instead[i].option;
			argv[n++] = instead[i].value;
		}
	}
	argv[n] = NULL;
}

static int spawn(
	const char *program, const char *const *argv, const char *log, bool apart, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int ret;

	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_init(&files);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setpgroup(&attributes, 0); /* a Ctrl-C is told to it by us */
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSIGMASK | (apart ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP));
	if (log) {
		posix_spawn_file_actions_addopen(
			&files, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
		posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	}
	ret = posix_spawn(pid, program, &files, &attributes, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return ret;
}

/* 0, 1 if it ended at once (it said why), or negative. */
static int start(
	const struct station_options *o, const char *log, bool apart, pid_t *pid, struct err *err)
{
	char notify[16], self[4096], c;
	const char *argv[ARGUMENTS];
	int pipe_fds[2], ret;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0 || pipe(pipe_fds) < 0)
		return err_set(err, E_SYSTEM, "the station can't be started: %s", strerror(errno));
	self[n] = '\0';
	fcntl(pipe_fds[0], F_SETFD, FD_CLOEXEC);
	snprintf(notify, sizeof(notify), "%d", pipe_fds[1]);
	fill_arguments(o, notify, argv);
	ret = spawn(self, argv, log, apart, pid);
	close(pipe_fds[1]);
	if (ret) {
		close(pipe_fds[0]);
		*pid = 0;
		return err_set(err, E_SYSTEM, "the station can't be started: %s", strerror(ret));
	}
	do {
		n = read(pipe_fds[0], &c, 1);
	} while (n < 0 && errno == EINTR);
	close(pipe_fds[0]);
	return n == 1 ? 0 : 1;
}

int start_connect(const struct station_options *o, const char *log, bool apart, pid_t *pid,
	int *socket, struct err *err)
{
	int ret = 0;

	*socket = client_connect(o->socket);
	if (*socket >= 0)
		return 0;
	ret = start(o, log, apart, pid, err);
	if (ret == 0 && (*socket = client_connect(o->socket)) < 0)
		ret = err_set(err, E_SYSTEM, "%s: %s", o->socket, strerror(errno));
	return ret;
}
