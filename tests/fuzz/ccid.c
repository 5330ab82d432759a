/* A CCID that answers anything: a class descriptor, then transfers, each with its length before it
 * (FF: nothing comes in time), while a host powers it on and sends commands. */
#include "fuzz.h"

#include "link/ccid.h"

#include <string.h>

enum { NOTHING = 0xFF, COMMANDS = 6, CLASS = 54 };

struct script {
	const uint8_t *data;
	size_t n;
};

static int out(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err)
{
	(void)arg;
	(void)bytes;
	(void)timeout_ms;
	(void)err;
	MUST(n >= CCID_HEADER && n <= CCID_MESSAGE);
	return 0;
}

static int in(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct script *s = arg;
	size_t length = s->n ? s->data[0] : NOTHING;

	(void)timeout_ms;
	if (s->n) {
		s->data++;
		s->n--;
	}
	if (length == NOTHING) {
		*n = 0;
		return link_fail(err, LINK_TIMEOUT, "nothing");
	}
	length = length < s->n ? length : s->n;
	*n = length < *n ? length : *n;
	memcpy(bytes, s->data, *n);
	s->data += *n;
	s->n -= *n;
	return 0;
}

static int give_up(void *arg, uint8_t seq, struct err *err)
{
	(void)arg;
	(void)seq;
	(void)err;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t head = n < CLASS ? n : CLASS;
	struct script s = {data + head, n - head};
	struct ccid c = {.pipes = {out, in, give_up, &s}};
	struct ccid_class class;
	struct err err;

	ccid_class_read(data, n, &class, &err);
	ccid_power_on(&c, 1000, &err);
	for (int i = 0; i < COMMANDS; i++) {
		uint8_t response[LINK_RESPONSE];
		size_t got = sizeof(response);

		if (ccid_exchange(&c, (const uint8_t *)"\x80\x5C\x00\x02\x04", 5, response, &got,
			    1000, &err) == 0)
			MUST(got >= 2 && got <= sizeof(response));
		else
			MUST(err.status < 0);
	}
	return 0;
}
