/* Where a jig is and how to reach it: addresses and non-blocking connections. */
#ifndef JIG_LINE_H
#define JIG_LINE_H

#include "core/err.h"

#include <sys/socket.h>

struct jig_address {
	struct sockaddr_storage address;
	socklen_t length;
};

/* Reads and resolves "tcp:HOST:PORT" (may wait for a name server: call it before the loop runs). */
int jig_line_address(const char *text, struct jig_address *out, struct err *err);

/* Starts a connection: a non-blocking descriptor that gets writable when the outcome is known, or a
 * negative status. */
int jig_line_connect(const struct jig_address *address, struct err *err);

/* The outcome, once writable: 0 or E_LINK. */
int jig_line_connected(int fd, struct err *err);

#endif
