/*
 * A link around another one that tells a sink of each exchange, with key-bearing data masked.
 */
#ifndef LINK_TRACE_H
#define LINK_TRACE_H

#include "link/link.h"

struct link_record {
	const char *carrier;
	const char *command, *response; /* hex; masked bytes are "**" */
	int64_t us;
	const char *error; /* NULL if it answered */
};

typedef void (*link_sink)(void *arg, const struct link_record *record);

/* Takes over `inner`: dropping the trace drops it too. NULL without memory (inner stays). */
struct link *link_trace(struct link *inner, link_sink sink, void *arg);

/* While true, all answers are masked: for reads that might give key bytes. */
void link_trace_hide(struct link *trace, bool hide);

#endif
