/* A jig's line over raw TCP, as networked instruments have it. */
#include "jig/line.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp {
	struct sockaddr_storage address;
	socklen_t length;
};

static int tcp_init(struct jig_line *line, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	const char *port = strrchr(line->where, ':');
	struct tcp *t;
	char host[128];
	int ret;

	if (!port || port == line->where || !port[1] ||
		(size_t)(port - line->where) >= sizeof(host))
		return err_set(err, E_CONFIG, "must be %s", jig_tcp.usage);
	snprintf(host, sizeof(host), "%.*s", (int)(port - line->where), line->where);
	ret = getaddrinfo(host, port + 1, &hints, &list);
	if (ret)
		return err_set(err, E_CONFIG, "%s", gai_strerror(ret));
	t = calloc(1, sizeof(*t));
	if (t) {
		memcpy(&t->address, list->ai_addr, list->ai_addrlen);
		t->length = list->ai_addrlen;
	}
	line->state = t;
	freeaddrinfo(list);
	return t ? 0 : err_set(err, E_SYSTEM, "out of memory");
}

static void tcp_close(struct jig_line *line)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
}

static int tcp_connect(struct jig_line *line, struct err *err)
{
	const struct tcp *t = line->state;
	int one = 1;

	line->fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (line->fd < 0)
		return err_set(err, E_SYSTEM, "no socket: %s", strerror(errno));
	setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(line->fd, (const struct sockaddr *)&t->address, t->length) == 0 ||
		errno == EINPROGRESS)
		return 0;
	err_set(err, E_LINK, "the jig can't be reached: %s", strerror(errno));
	tcp_close(line);
	return E_LINK;
}

static int tcp_connected(struct jig_line *line, struct err *err)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	return error ? err_set(err, E_LINK, "the jig can't be reached: %s", strerror(error)) : 0;
}

static void tcp_finish(struct jig_line *line)
{
	free(line->state);
}

const struct jig_transport jig_tcp = {
	.prefix = "tcp:",
	.usage = "tcp:HOST:PORT",
	.init = tcp_init,
	.connect = tcp_connect,
	.connected = tcp_connected,
	.close = tcp_close,
	.finish = tcp_finish,
};
