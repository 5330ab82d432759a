/*
 * The one personalization instruction: a string of DGIs (EMV Card Personalization Specification
 * v2.0 clause 3), its STORE DATA blocks, and the headset's receipt for it.
 */
#ifndef PAYMENT_PERSONALIZATION_H
#define PAYMENT_PERSONALIZATION_H

#include "payment/apdu.h"
#include "payment/keys.h"

enum { PERSO_KEYS = 8, PERSO_STRING = 1024, PERSO_BLOCK = 239 };

struct perso_key {
	enum key_usage usage;
	uint8_t index, version;
	uint8_t algorithm; /* as the product writes it: 00 3DES, 04 SM4 */
	struct key *key;
	uint8_t kcv[3]; /* filled by perso_build() */
};

struct perso {
	/* in */
	const uint8_t *ef15; /* image of EF15, ef15_n bytes */
	size_t ef15_n;
	const uint8_t *extended; /* DGI 0102, TLV; extended_n 0: left out */
	size_t extended_n;
	uint16_t online_counter, offline_counter;
	struct perso_key keys[PERSO_KEYS];
	size_t key_n;
	/* out: the instruction; card keys are in it only wrapped under the static DEK */
	uint8_t string[PERSO_STRING];
	size_t n;
};

/* Compiles the instruction. E_CONFIG if it gets too long. */
int perso_build(struct perso *perso, struct keys *keys, const struct key *dek, struct err *err);

/* INSTALL [for personalization] of the application with this AID. */
struct apdu perso_install(const uint8_t *aid, size_t n);

/* STORE DATA block number `block` from 0, plain. 1, or 0 if there is no such block. */
int perso_block(const struct perso *perso, size_t block, uint8_t last_p1, struct apdu *out);

/* 1 if the receipt (8 bytes) is the headset's for this serial, card and instruction; 0 if not. */
int perso_receipt(const struct perso *perso, struct keys *keys, const struct key *session_mac,
	const char *serial, const uint8_t number[10], const uint8_t receipt[8], struct err *err);

#endif
