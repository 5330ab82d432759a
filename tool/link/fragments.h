/*
 * Commands and answers in fragments, as FIDO's BLE transport has them (CTAP 2.1 clause 11.4.4): the
 * first is CMD, length 2 (big-endian), data; those behind it are 00, 01, .. 7F, 00, .. and data.
 * Pure protocol: bytes in, bytes out.
 */
#ifndef LINK_FRAGMENTS_H
#define LINK_FRAGMENTS_H

#include "link/link.h"

enum {
	FRAGMENT_APDU = 0x83,
	FRAGMENT_KEEPALIVE = 0x82,
	FRAGMENT_CANCEL = 0xBE,
	FRAGMENT_ERROR = 0xBF,
	FRAGMENT_LEAST = 20, /* bytes a fragment, at the smallest ATT MTU of 23 */
	FRAGMENT_MOST = 512, /* ... at which an attribute's value ends */
};

/* A message on its way out. */
struct fragments_out {
	uint8_t command;
	const uint8_t *data; /* the caller's, until the last fragment */
	size_t n, size;	     /* bytes of data; bytes a fragment, at least FRAGMENT_LEAST */
	size_t at;	     /* bytes that are out; the fields below are fragments_next()'s */
	uint8_t next;
	bool begun;
};

/* The next fragment into bytes[size]; its length, 0 behind the last one. */
size_t fragments_next(struct fragments_out *out, uint8_t *bytes);

/* A message on its way in: zero at first, and again for the next message. */
struct fragments_in {
	uint8_t command;
	size_t total, n;
	uint8_t next;
	bool begun;
	uint8_t data[LINK_RESPONSE];
};

/* Takes a fragment. 1: the message is whole, 0: more must come, else LINK_DISTURBED. */
int fragments_take(struct fragments_in *in, const uint8_t *bytes, size_t n, struct err *err);

#endif
