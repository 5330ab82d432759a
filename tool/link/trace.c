#include "link/trace.h"
#include "core/hex.h"

#include <stdlib.h>
#include <string.h>

struct trace {
	struct link link;
	struct link *inner;
	link_sink sink;
	void *arg;
	bool hide;
};

static const struct link_driver driver;

struct link *link_trace(struct link *inner, link_sink sink, void *arg)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->link = (struct link){.driver = &driver, .state = t};
	t->inner = inner;
	t->sink = sink;
	t->arg = arg;
	return &t->link;
}

void link_trace_hide(struct link *trace, bool hide)
{
	((struct trace *)trace->state)->hide = hide;
}

/* Commands whose data holds keys or what proves one, wrapped or not. */
static bool bears_keys(uint8_t ins)
{
	static const uint8_t list[] = {
		0x20, /* VERIFY */
		0x82, /* EXTERNAL AUTHENTICATE */
		0xD8, /* PUT KEY */
		0xE2, /* STORE DATA */
	};

	return memchr(list, ins, sizeof(list)) != NULL;
}

static void mask(char *hex, size_t from, size_t to)
{
	if (to > from)
		memset(hex + 2 * from, '*', 2 * (to - from));
}

static int trace_exchange(struct link *link, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct trace *t = link->state;
	char out[2 * LINK_COMMAND + 1], in[2 * LINK_RESPONSE + 1] = "";
	struct link_record r = {.carrier = t->inner->carrier, .command = out, .response = in};
	int ret = t->inner->driver->exchange(
		t->inner, command, command_n, response, n, timeout_ms, us, err);

	hex_encode(command, command_n, out);
	if (bears_keys(command[1]))
		mask(out, 5, command_n);
	if (ret == 0) {
		hex_encode(response, *n, in);
		if (t->hide || bears_keys(command[1]))
			mask(in, 0, *n - 2);
	}
	r.us = *us;
	r.error = ret < 0 && err ? err->text : NULL;
	t->sink(t->arg, &r);
	return ret;
}

static int trace_open(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct trace *t = link->state;

	return t->inner->driver->open(t->inner, timeout_ms, us, err);
}

static int trace_close(struct link *link, struct err *err)
{
	struct trace *t = link->state;

	return t->inner->driver->close(t->inner, err);
}

static void trace_drop(struct link *link)
{
	struct trace *t = link ? link->state : NULL;

	if (!t)
		return;
	t->inner->driver->drop(t->inner);
	free(t);
}

/* Not in the table of links: it is put around one, never chosen. */
static const struct link_driver driver = {
	.name = "trace",
	.open = trace_open,
	.close = trace_close,
	.exchange = trace_exchange,
	.drop = trace_drop,
};
