/*
 * BER-TLV, ISO/IEC 7816-4 clause 5.2.2: tags of one or two bytes, lengths up to 65535.
 */
#ifndef PAYMENT_TLV_H
#define PAYMENT_TLV_H

#include <stddef.h>
#include <stdint.h>

struct tlv {
	unsigned tag;
	size_t n;
	const uint8_t *value; /* inside the caller's bytes */
};

/*
 * Takes the next object from *bytes (of *n bytes) and moves on behind it.
 * 1: an object, 0: nothing left, -1: the bytes are no TLV.
 */
int tlv_next(const uint8_t **bytes, size_t *n, struct tlv *out);

/* The first object with this tag at this level: 1, 0 if there is none, -1 if the bytes are no TLV.
 */
int tlv_find(const uint8_t *bytes, size_t n, unsigned tag, struct tlv *out);

#endif
