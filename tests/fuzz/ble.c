/* A BLE headset that notifies anything: notifications, each with its length before it (FF: nothing
 * comes in time), while a host sends commands in fragments of a size that the input chooses. */
#include "fuzz.h"

#include "link/ble_talk.h"
#include "link/fragments.h"

#include <string.h>

enum { NOTHING = 0xFF, COMMANDS = 6 };

struct script {
	const uint8_t *data;
	size_t n, size;
	bool asked;
};

static int out(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err)
{
	struct script *s = arg;

	(void)bytes;
	(void)timeout_ms;
	(void)err;
	MUST(n >= 1 && n <= s->size);
	s->asked = true;
	return 0;
}

static int in(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct script *s = arg;
	size_t length = s->n ? s->data[0] : NOTHING;

	if (s->n) {
		s->data++;
		s->n--;
	}
	if (length == NOTHING) {
		*n = 0;
		return timeout_ms && s->asked ? link_fail(err, LINK_GONE, "nothing more") : 0;
	}
	length = length < s->n ? length : s->n;
	*n = length < *n ? length : *n;
	memcpy(bytes, s->data, *n);
	s->data += *n;
	s->n -= *n;
	if (!*n)
		return link_fail(err, LINK_GONE, "nothing more");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t command[LINK_COMMAND] = {0x80, 0xCA, 0xDF, 0x20, 0x00};
	struct script s = {data + 2, n > 2 ? n - 2 : 0, 0, false};
	const struct ble_pipes pipes = {out, in, &s};
	struct err err;

	if (n < 2)
		return 0;
	s.size = FRAGMENT_LEAST +
		 (size_t)(data[0] << 8 | data[1]) % (FRAGMENT_MOST - FRAGMENT_LEAST + 1);
	for (int i = 0; i < COMMANDS; i++) {
		uint8_t response[LINK_RESPONSE];
		size_t got = sizeof(response), length = i % 2 ? sizeof(command) : 5;

		if (ble_talk(&pipes, s.size, command, length, response, &got, 1000, &err) == 0)
			MUST(got >= 2 && got <= sizeof(response));
		else
			MUST(err.status < 0);
		s.asked = false;
	}
	return 0;
}
