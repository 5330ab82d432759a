#include "core/file.h"
#include "core/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, size_t max, char **text, size_t *length, struct err *err)
{
	char *buffer = NULL;
	size_t got = 0;
	struct stat st;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, E_CONFIG, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		ret = err_set(err, E_CONFIG, "%s: not a file", path);
		goto out;
	}
	if ((uintmax_t)st.st_size > max) {
		ret = err_set(err, E_CONFIG, "%s: too long (%jd bytes, at most %zu)", path,
			(intmax_t)st.st_size, max);
		goto out;
	}
	buffer = malloc((size_t)st.st_size + 1);
	if (!buffer) {
		ret = err_set(err, E_SYSTEM, "%s: out of memory", path);
		goto out;
	}
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, buffer + got, (size_t)st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = err_set(err, E_CONFIG, "%s: %s", path, strerror(errno));
			goto out;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	buffer[got] = '\0';
	*text = buffer;
	*length = got;
	buffer = NULL;
	ret = 0;
out:
	free(buffer);
	close(fd);
	return ret;
}

int file_write(const char *path, int mode, const char *text, size_t length, struct err *err)
{
	char temporary[4096];
	size_t done = 0;
	int fd, ret;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return err_set(err, E_SYSTEM, "%s: name too long", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return err_set(err, E_SYSTEM, "%s: %s", temporary, strerror(errno));
	while (done < length) {
		ssize_t n = write(fd, text + done, length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			goto failed;
		done += (size_t)n;
	}
	if (fsync(fd) < 0)
		goto failed;
	ret = close(fd);
	fd = -1;
	if (ret < 0 || rename(temporary, path) < 0)
		goto failed;
	return 0;
failed:
	ret = err_set(err, E_SYSTEM, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	unlink(temporary);
	return ret;
}

void file_digest(const void *bytes, size_t n, char out[DIGEST_TEXT])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256(bytes, n, digest);
	hex_encode(digest, sizeof(digest), out);
}

char *file_beside(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');
	char *path;

	if (name[0] == '/' || !slash)
		return strdup(name);
	if (asprintf(&path, "%.*s%s", (int)(slash - from + 1), from, name) < 0)
		return NULL;
	return path;
}

int file_make_folders(const char *folder, struct err *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/", folder) >= (int)sizeof(path))
		return err_set(err, E_CONFIG, "%s: name too long", folder);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_set(err, E_SYSTEM, "%s: %s", path, strerror(errno));
		*p = '/';
	}
	return 0;
}
