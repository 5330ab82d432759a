/*
 * Where a jig is and how to reach it: a non-blocking descriptor to its line, over TCP or a serial
 * port. The transports are one table.
 */
#ifndef JIG_LINE_H
#define JIG_LINE_H

#include "core/err.h"

#include <stddef.h>

struct jig_line {
	const struct jig_transport *transport;
	char *where; /* behind "tcp:" or "serial:" */
	void *state; /* the transport's */
	int fd;	     /* -1: closed */
};

struct jig_transport {
	const char *prefix, *usage; /* "tcp:", "tcp:HOST:PORT" */
	/* Reads `where`, may wait for a name server: before the loop runs. */
	int (*init)(struct jig_line *line, struct err *err);
	/* Starts to connect: 0 and fd, which gets writable when the outcome is known. E_LINK. */
	int (*connect)(struct jig_line *line, struct err *err);
	/* The outcome, once writable: 0 or E_LINK. */
	int (*connected)(struct jig_line *line, struct err *err);
	void (*close)(struct jig_line *line); /* fine when closed */
	void (*finish)(struct jig_line *line);
};

extern const struct jig_transport jig_serial, jig_tcp;

/* Reads an address, "tcp:HOST:PORT" or "serial:PORT". E_CONFIG if it is malformed. */
int jig_line_init(struct jig_line *line, const char *address, struct err *err);
void jig_line_finish(struct jig_line *line);

#endif
