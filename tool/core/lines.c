#include "core/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int lines_init(struct lines *l, size_t max)
{
	*l = (struct lines){.max = max, .in = malloc(max + 1), .out = malloc(max)};
	if (l->in && l->out)
		return 0;
	lines_finish(l);
	return -1;
}

void lines_finish(struct lines *l)
{
	free(l->in);
	free(l->out);
	*l = (struct lines){0};
}

void lines_reset(struct lines *l)
{
	l->in_n = l->in_taken = l->out_n = 0;
	l->overflow = false;
}

int lines_read(struct lines *l, int fd)
{
	ssize_t n;

	if (l->in_taken) {
		memmove(l->in, l->in + l->in_taken, l->in_n - l->in_taken);
		l->in_n -= l->in_taken;
		l->in_taken = 0;
	}
	if (l->in_n == l->max) {
		l->in_n =
			0; /* no LF in a full buffer: the rest of that line comes and is dropped */
		l->overflow = true;
	}
	n = read(fd, l->in + l->in_n, l->max - l->in_n);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	l->in_n += (size_t)n;
	return 1;
}

char *lines_next(struct lines *l, size_t *n)
{
	for (;;) {
		char *start = l->in + l->in_taken;
		char *end = memchr(start, '\n', l->in_n - l->in_taken);
		size_t length;

		if (!end)
			return NULL;
		l->in_taken += (size_t)(end - start) + 1;
		if (l->overflow) { /* this is the tail of a line that was dropped */
			l->overflow = false;
			continue;
		}
		length = (size_t)(end - start);
		if (length && start[length - 1] == '\r')
			length--;
		start[length] = '\0';
		if (n)
			*n = length;
		return start;
	}
}

int lines_queue(struct lines *l, const char *text, size_t n)
{
	if (n > l->max - l->out_n)
		return -1;
	memcpy(l->out + l->out_n, text, n);
	l->out_n += n;
	return 0;
}

int lines_write(struct lines *l, int fd)
{
	while (l->out_n) {
		/* MSG_NOSIGNAL: a peer that went away is an error here, not a signal. */
		ssize_t n = send(fd, l->out, l->out_n, MSG_NOSIGNAL);

		if (n < 0 && errno == ENOTSOCK) /* a serial port */
			n = write(fd, l->out, l->out_n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		l->out_n -= (size_t)n;
		memmove(l->out, l->out + n, l->out_n);
	}
	return 0;
}
