/*
 * Lines over a non-blocking descriptor: what arrives is cut at LF, what leaves is queued.
 * Used by the jig line (SCPI) and by every socket that carries messages.
 */
#ifndef CORE_LINES_H
#define CORE_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
	size_t max; /* longest line accepted and most bytes queued to leave */
	char *in;
	size_t in_n, in_taken;
	char *out;
	size_t out_n;
	bool overflow; /* a line was too long */
};

int lines_init(struct lines *l, size_t max); /* 0, or -1 without memory */
void lines_finish(struct lines *l);
void lines_reset(struct lines *l); /* drops what is in it */

/* Reads what is there. 1: something came, 0: nothing now, -1: closed or broken. */
int lines_read(struct lines *l, int fd);

/* The next whole line without its end (CR LF and LF both), or NULL. Valid until the next call.
 * A line longer than max is dropped whole and sets overflow. */
char *lines_next(struct lines *l, size_t *n);

/* Queues text; -1 if more than max bytes would wait (the reader does not drain). */
int lines_queue(struct lines *l, const char *text, size_t n);

/* Writes what can be written. 0, or -1 if the descriptor is broken. */
int lines_write(struct lines *l, int fd);

#endif
