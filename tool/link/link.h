/*
 * Links: carriers of APDUs to a headset. One contract, one file a carrier, one table (link.c).
 *
 * After any carrier error the headset's state is unknown: the caller reads it again and never
 * resends what changes state.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "core/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_COMMAND = 261, LINK_RESPONSE = 258 };

struct link;

/*
 * How a link reaches what belongs to the station (the jig): sends a request and waits for its
 * result. 0 and a new reference in *values (a list, may be NULL), or a negative status; err->code
 * is the device's own error number. *us is the time the device took, as the station saw it.
 */
struct link_station {
	int (*ask)(void *arg, const char *op, json_t *args, json_t **values, int64_t *us,
		struct err *err);
	void *arg;
};

struct link_driver {
	const char *name; /* as fixtures write it; also the carrier in records */
	/* Makes a closed link; NULL without memory. */
	struct link *(*make)(const struct link_station *station);
	/* Finds the headset and gets ready for APDUs; *us: how long it took. */
	int (*open)(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err);
	/* Gives the channel up; fine when closed. */
	int (*close)(struct link *link, struct err *err);
	/* One C-APDU of 4..261 bytes out, one R-APDU of 2..258 bytes in *n (in: room). */
	int (*exchange)(struct link *link, const uint8_t *command, size_t command_n,
		uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err);
	void (*drop)(struct link *link); /* frees; takes NULL */
};

struct link {
	const struct link_driver *driver;
	void *state; /* the driver's */
};

/* The driver called name, or NULL. */
const struct link_driver *link_find(const char *name);

/* One command and its whole answer, SW apart. */
struct link_answer {
	uint8_t data[4096];
	size_t n;
	unsigned sw;
	int64_t us; /* all exchanges together */
};

enum link_flags {
	LINK_SECURE = 1, /* wrapped: a 6Cxx is final, it closed the secure channel */
};

/*
 * Sends a command and collects its answer: 61xx is followed by GET RESPONSE (CLA 00), 6Cxx by the
 * same command with the right Le. The same for every carrier; ISO/IEC 7816-4 clause 5.1.3 and 7.6.
 * E_PROTOCOL with code LINK_CHAIN for a chain without end.
 */
int link_transmit(struct link *link, const uint8_t *command, size_t n, unsigned flags,
	int64_t timeout_ms, struct link_answer *answer, struct err *err);

enum { LINK_CHAIN = 1 }; /* err.code of an endless 61xx or 6Cxx chain */

#endif
