#include "link/ble_talk.h"
#include "core/clock.h"
#include "link/fragments.h"

#include <string.h>

enum {
	SILENCE_MS = 1600, /* three keep-alives missed */
	CANCEL_MS = 500,
	LISTEN_MS = 2, /* a copy of the last answer is here by then */
};

static int send(const struct ble_pipes *pipes, uint8_t command, const uint8_t *data, size_t n,
	size_t size, int64_t timeout_ms, struct err *err)
{
	struct fragments_out out = {.command = command, .data = data, .n = n, .size = size};
	uint8_t bytes[FRAGMENT_MOST];
	int ret = 0;

	while (ret == 0 && (n = fragments_next(&out, bytes)))
		ret = pipes->out(pipes->arg, bytes, n, timeout_ms, err);
	return ret;
}

/* A whole message; 1: it is the answer. */
static int take_message(const struct fragments_in *in, struct err *err)
{
	switch (in->command) {
	case FRAGMENT_APDU:
		return in->n >= 2 ? 1
				  : link_fail(err, LINK_DISTURBED, "BLE: an answer of %zu bytes",
					    in->n);
	case FRAGMENT_KEEPALIVE: return 0;
	case FRAGMENT_ERROR:
		return link_fail(err, LINK_DISTURBED, "BLE: the headset reports error %02X",
			in->n ? in->data[0] : 0);
	default: return link_fail(err, LINK_DISTURBED, "BLE: a message of kind %02X", in->command);
	}
}

static int give_up(const struct ble_pipes *pipes, size_t size, int64_t timeout_ms, struct err *err)
{
	static const uint8_t nothing[1];
	struct err later;

	send(pipes, FRAGMENT_CANCEL, nothing, 0, size, CANCEL_MS, &later);
	return link_fail(err, LINK_TIMEOUT, "no answer in %lld ms", (long long)timeout_ms);
}

static int receive(
	const struct ble_pipes *pipes, struct fragments_in *in, int64_t deadline, struct err *err)
{
	int64_t heard = clock_ms();
	int ret = 0;

	while (ret == 0) {
		int64_t now = clock_ms(), until = heard + SILENCE_MS;
		uint8_t bytes[FRAGMENT_MOST];
		size_t n = sizeof(bytes);

		if (now >= deadline)
			return 0;
		if (now >= until)
			return link_fail(err, in->begun ? LINK_DISTURBED : LINK_LOST,
				in->begun ? "BLE: an answer stops after %zu bytes"
					  : "BLE: neither answer nor keep-alive (%zu bytes)",
				in->n);
		ret = pipes->in(
			pipes->arg, bytes, &n, (until < deadline ? until : deadline) - now, err);
		if (ret < 0 || !n)
			continue;
		heard = clock_ms();
		ret = fragments_take(in, bytes, n, err);
		if (ret == 1) {
			ret = take_message(in, err);
			if (ret == 0)
				*in = (struct fragments_in){0};
		}
	}
	return ret;
}

/* What nobody asked for, a fragment that came twice, must not pass for the next answer. */
static int nothing_waits(const struct ble_pipes *pipes, struct err *err)
{
	uint8_t bytes[FRAGMENT_MOST];
	size_t n;
	int ret;

	do {
		n = sizeof(bytes);
		ret = pipes->in(pipes->arg, bytes, &n, LISTEN_MS, err);
	} while (ret == 0 && n && bytes[0] == FRAGMENT_KEEPALIVE);
	return ret == 0 && n
		       ? link_fail(err, LINK_DISTURBED, "BLE: %zu bytes that nobody asked for", n)
		       : ret;
}

int ble_talk(const struct ble_pipes *pipes, size_t size, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct fragments_in in = {0};
	int64_t deadline = clock_ms() + timeout_ms;
	int ret = nothing_waits(pipes, err);

	if (ret == 0)
		ret = send(pipes, FRAGMENT_APDU, command, command_n, size, timeout_ms, err);
	if (ret == 0)
		ret = receive(pipes, &in, deadline, err);
	if (ret == 0)
		return give_up(pipes, size, timeout_ms, err);
	if (ret < 0)
		return ret;
	memcpy(response, in.data, in.n);
	*n = in.n;
	return 0;
}
