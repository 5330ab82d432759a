/*
 * One command and its answer over an open GATT link: fragments out by writes, fragments in by
 * notifications, keep-alives between. What carries them is a struct of functions, so that tests can
 * be any headset.
 */
#ifndef LINK_BLE_TALK_H
#define LINK_BLE_TALK_H

#include "link/link.h"

struct ble_pipes {
	/* Writes one fragment with response. */
	int (*out)(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err);
	/* Waits for a notification: *n (in: room) bytes, 0 if none came in time. */
	int (*in)(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err);
	void *arg;
};

/*
 * Writes fragments of `size` bytes and collects the answer, *n in: room (LINK_RESPONSE). A headset
 * that is busy says so every 500 ms: one that says nothing has lost its answer (LINK_LOST, or
 * LINK_DISTURBED in the middle of it); one that is busy for longer than timeout_ms is told to give
 * up (LINK_TIMEOUT). After an error the link must be closed: only then no answer can come late.
 */
int ble_talk(const struct ble_pipes *pipes, size_t size, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, struct err *err);

#endif
