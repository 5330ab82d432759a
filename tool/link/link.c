#include "link/link.h"
#include "link/ble.h"
#include "link/jack.h"
#include "link/usb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHAIN_MAX = 16 };

/* Alphabetical. */
static const struct link_driver *const drivers[] = {
	&link_ble,
	&link_jack,
	&link_usb,
};

const struct link_driver *link_find(const char *name)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	return NULL;
}

int link_fail(struct err *err, enum link_fault fault, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(err, E_REFUSED, "%s", text);
	if (err)
		err->code = (int)fault;
	return E_REFUSED;
}

int link_transmit(struct link *link, const uint8_t *command, size_t n, unsigned flags,
	int64_t timeout_ms, struct link_answer *answer, struct err *err)
{
	uint8_t send[LINK_COMMAND], response[LINK_RESPONSE];
	bool corrected = false;

	answer->n = 0;
	answer->us = 0;
	memcpy(send, command, n);
	for (int round = 0; round < CHAIN_MAX; round++) {
		size_t got = sizeof(response);
		int64_t us = 0;
		int ret =
			link->driver->exchange(link, send, n, response, &got, timeout_ms, &us, err);

		if (ret < 0)
			return ret;
		answer->us += us;
		answer->sw = (unsigned)response[got - 2] << 8 | response[got - 1];
		if (answer->sw >> 8 == 0x6C && !(flags & LINK_SECURE) && !corrected && got == 2 &&
			(n == 5 || n == (size_t)send[4] + 6)) {
			send[n - 1] = response[got - 1]; /* the command did not run */
			corrected = true;
			continue;
		}
		if (answer->sw >> 8 == 0x6C)
			break;
		if (got - 2 > sizeof(answer->data) - answer->n)
			break;
		memcpy(answer->data + answer->n, response, got - 2);
		answer->n += got - 2;
		if (answer->sw >> 8 != 0x61)
			return 0;
		memcpy(send, (const uint8_t[]){0x00, 0xC0, 0x00, 0x00, response[got - 1]}, 5);
		n = 5;
		flags |= LINK_SECURE; /* a GET RESPONSE is not corrected again */
	}
	return link_fail(err, LINK_CHAIN, "answers SW %04X again and again", answer->sw);
}
