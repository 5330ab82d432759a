/*
 * APDUs, ISO/IEC 7816-4 short form: coding, and what a status word says.
 */
#ifndef PAYMENT_APDU_H
#define PAYMENT_APDU_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
	APDU_DATA = 255,
	APDU_COMMAND = 261,  /* header 4, Lc, data, Le */
	APDU_RESPONSE = 258, /* data 256 and SW */
	APDU_NO_LE = -1,
};

struct apdu {
	uint8_t cla, ins, p1, p2;
	size_t lc; /* bytes of data, 0: no Lc field */
	uint8_t data[APDU_DATA];
	int le; /* 0..255 as coded, or APDU_NO_LE */
};

/* header: CLA INS P1 P2 as one number; n <= 255 bytes of data; le as in struct apdu. */
struct apdu apdu_make(uint32_t header, const void *data, size_t n, int le);

/* Writes the command; returns its length, 4..261. */
size_t apdu_encode(const struct apdu *a, uint8_t out[APDU_COMMAND]);

/* Reads a short-form command of n bytes; 0, or E_CONFIG if it is none. */
int apdu_decode(const uint8_t *bytes, size_t n, struct apdu *a, struct err *err);

/* What a status word says, in plain words; never NULL. */
const char *apdu_sw_text(unsigned sw);

#endif
