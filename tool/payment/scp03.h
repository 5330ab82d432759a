/*
 * SCP03 (GlobalPlatform Card Specification v2.3 Amendment D v1.1.2), AES-128, S8, security level
 * 03: C-MAC and C-DECRYPTION, no response protection.
 *
 * One struct scp03 is one session. It holds key handles, never bytes; scp03_finish() drops them.
 */
#ifndef PAYMENT_SCP03_H
#define PAYMENT_SCP03_H

#include "payment/apdu.h"
#include "payment/keys.h"

struct scp03 {
	struct keys *keys;
	struct key *enc, *mac; /* session keys */
	uint8_t host_challenge[8], card_challenge[8];
	uint8_t chain[16]; /* MAC chaining value */
	uint32_t counter;  /* of the last encrypted command */
};

/* What INITIALIZE UPDATE answered. */
struct scp03_answer {
	uint8_t diversification[10];
	uint8_t key_version, protocol, i;
	uint8_t challenge[8], cryptogram[8];
};

struct apdu scp03_initialize_update(uint8_t key_version, const uint8_t host_challenge[8]);

/* 29 bytes, or 32 if i says that a sequence counter follows; E_PROTOCOL else. */
int scp03_parse(const uint8_t *data, size_t n, struct scp03_answer *answer, struct err *err);

/*
 * Derives the session keys from the static ENC and MAC keys (which stay the caller's).
 * 1 if the card cryptogram is right, 0 if not (EXTERNAL AUTHENTICATE must not be sent), negative if
 * it could not be found out. Whatever the outcome, scp03_finish() ends it.
 */
int scp03_begin(struct scp03 *scp, struct keys *keys, const struct key *enc, const struct key *mac,
	const uint8_t host_challenge[8], const struct scp03_answer *answer, struct err *err);

/* EXTERNAL AUTHENTICATE with host cryptogram and C-MAC. */
int scp03_authenticate(struct scp03 *scp, struct apdu *out, struct err *err);

/* Encrypts and MACs a command of at most 239 data bytes. Each call counts: what is wrapped is sent.
 */
int scp03_wrap(struct scp03 *scp, const struct apdu *plain, struct apdu *out, struct err *err);

void scp03_finish(struct scp03 *scp);

#endif
