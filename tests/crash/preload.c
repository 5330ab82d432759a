/*
 * Strikes at the disk of a process under test, from outside of it: preloaded, it counts what is
 * written to one store and does something at the N-th time.
 *
 *   STRIKE_FILE   part of the store's path; its -wal, and the head outside, count too
 *   STRIKE_AT     which write or sync, from 1; or a file: the first one after it is there, which
 *                 takes it away
 *   STRIKE_WHEN   before or after it
 *   STRIKE_DO     "kill" this process, or a shell command
 *   STRIKE_FAIL   instead: which operation (write or sync) fails from STRIKE_AT on, with
 *   STRIKE_ERRNO  this error
 *   STRIKE_LOG    a file that gets a line for each operation (to count them)
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int count;

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static int is_store(int fd)
{
	const char *part = setting("STRIKE_FILE");
	char link[64], path[4096];
	ssize_t n;

	if (!part[0])
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	/* What SQLite keeps in shared memory is no journal. */
	return (strstr(path, part) && !strstr(path, "-shm") && !strstr(path, ".lock")) ||
	       strstr(path, ".head");
}

static int is_time(const char *at)
{
	return at[0] == '/' ? unlink(at) == 0 : count == atoi(at);
}

static void strike(const char *when)
{
	const char *how = setting("STRIKE_DO");

	if (!how[0] || strcmp(setting("STRIKE_WHEN"), when) != 0 || !is_time(setting("STRIKE_AT")))
		return;
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	else if (system(how))
		perror("preload");
}

/* 1 if this operation fails. */
static int begin(const char *operation)
{
	const char *log = setting("STRIKE_LOG"), *fails = setting("STRIKE_FAIL");
	int at = atomic_fetch_add(&count, 1) + 1;

	if (log[0]) {
		FILE *f = fopen(log, "ae");

		if (f) {
			fprintf(f, "%d %s\n", at, operation);
			fclose(f);
		}
	}
	if (!strcmp(fails, operation) && at >= atoi(setting("STRIKE_AT"))) {
		errno = atoi(setting("STRIKE_ERRNO"));
		return 1;
	}
	strike("before");
	return 0;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t);
	int counts = is_store(fd);
	ssize_t ret;

	*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (counts && begin("write"))
		return -1;
	ret = real(fd, bytes, n, at);
	if (counts)
		strike("after");
	return ret;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite64(fd, bytes, n, at);
}

static int synced(int fd, const char *name)
{
	int (*real)(int);
	int counts = is_store(fd), ret;

	*(void **)&real = dlsym(RTLD_NEXT, name);
	if (counts && begin("sync"))
		return -1;
	ret = real(fd);
	if (counts)
		strike("after");
	return ret;
}

int fdatasync(int fd)
{
	return synced(fd, "fdatasync");
}

int fsync(int fd)
{
	return synced(fd, "fsync");
}
