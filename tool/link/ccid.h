/*
 * CCID: short APDUs in messages on a pair of bulk pipes (USB Device Class: Smart Card CCID, 1.1).
 *
 * The pipes are the caller's, so that tests play a device without USB. An answer is taken only if
 * it has the number (bSeq) of the command it belongs to: what a command that was given up still has
 * to say is dropped, anything else with a wrong number is an error.
 */
#ifndef LINK_CCID_H
#define LINK_CCID_H

#include "link/link.h"

enum {
	CCID_HEADER = 10,
	CCID_MESSAGE = CCID_HEADER + LINK_COMMAND,
	CCID_READ = 320, /* room for the longest message, whole packets of 64 */
	CCID_ATR = 33,
};

/* 0 or more, or a negative status with a link fault in err->code. */
struct ccid_pipes {
	int (*out)(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err);
	/* One transfer: *n is room for whole packets, then what came (0: an empty packet). */
	int (*in)(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err);
	/* The ABORT request on the control pipe (clause 5.3.1). */
	int (*abort)(void *arg, uint8_t seq, struct err *err);
	void *arg;
};

struct ccid {
	struct ccid_pipes pipes;
	uint8_t seq;
	bool given_up[256]; /* commands whose answer may still come */
};

/* What the class descriptor says (clause 5.1), of which payjig needs these. */
struct ccid_class {
	uint32_t features, longest; /* dwFeatures, dwMaxCCIDMessageLength */
};

/* Finds the class descriptor among the extra bytes of an interface. 0 or negative. */
int ccid_class_read(const uint8_t *extra, size_t n, struct ccid_class *class, struct err *err);

/* Switches the chip on: IccPowerOn, answered by an ATR of 2..33 bytes. */
int ccid_power_on(struct ccid *c, int64_t timeout_ms, struct err *err);

/* One C-APDU out, one R-APDU of at least 2 bytes in *n (in: room). A time extension multiplies the
 * wait that is left. After LINK_TIMEOUT the command was aborted and the chip switched off and on:
 * its answer is never taken for another's. */
int ccid_exchange(struct ccid *c, const uint8_t *command, size_t command_n, uint8_t *response,
	size_t *n, int64_t timeout_ms, struct err *err);

#endif
