#include "jig/line.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int jig_line_address(const char *text, struct jig_address *out, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	const char *port = strrchr(text, ':');
	char host[128];
	int ret;

	if (strncmp(text, "tcp:", 4) != 0 || port == text + 3 || !port[1] ||
		(size_t)(port - text - 4) >= sizeof(host))
		return err_set(err, E_CONFIG, "jig address \"%s\": must be tcp:HOST:PORT", text);
	snprintf(host, sizeof(host), "%.*s", (int)(port - text - 4), text + 4);
	ret = getaddrinfo(host, port + 1, &hints, &list);
	if (ret)
		return err_set(err, E_CONFIG, "jig address \"%s\": %s", text, gai_strerror(ret));
	memcpy(&out->address, list->ai_addr, list->ai_addrlen);
	out->length = list->ai_addrlen;
	freeaddrinfo(list);
	return 0;
}

int jig_line_connect(const struct jig_address *a, struct err *err)
{
	int one = 1, fd;

	fd = socket(a->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, E_SYSTEM, "no socket: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&a->address, a->length) < 0 &&
		errno != EINPROGRESS) {
		int ret = err_set(err, E_LINK, "the jig can't be reached: %s", strerror(errno));

		close(fd);
		return ret;
	}
	return fd;
}

int jig_line_connected(int fd, struct err *err)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	return error ? err_set(err, E_LINK, "the jig can't be reached: %s", strerror(error)) : 0;
}
