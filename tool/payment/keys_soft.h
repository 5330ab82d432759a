/*
 * Key handles whose bytes are in this process (secure heap): what the file provider is made of.
 */
#ifndef PAYMENT_KEYS_SOFT_H
#define PAYMENT_KEYS_SOFT_H

#include "payment/keys.h"

/* Copies n bytes (3DES 8 or 16, SM4 and AES 16) into a new handle; NULL without memory. */
struct key *soft_key(enum key_algorithm algorithm, const uint8_t *bytes, size_t n);
void soft_drop(struct keys *keys, struct key *key);

/* E(key, F || ~F) for each 8 bytes F of the factor in order. */
int soft_diversify(const struct key *master, const uint8_t *factor, size_t n, struct key **out,
	struct err *err);

/* AES key wrap (RFC 3394) of a key of 16 bytes under a KEK, and back. */
int soft_key_wrap(const struct key *kek, const struct key *key, uint8_t wrapped[KEY_WRAPPED],
	struct err *err);
int soft_key_unwrap(const struct key *kek, enum key_algorithm algorithm,
	const uint8_t wrapped[KEY_WRAPPED], struct key **key, struct err *err);

/* A key of another algorithm made by AES-CMAC(base, input). */
int soft_derive_as(const struct key *base, enum key_algorithm algorithm, const uint8_t *input,
	size_t n, struct key **key, struct err *err);

/* The members of struct keys_driver of the same names. */
int soft_derive(struct keys *keys, const struct key *base, const uint8_t *input, size_t n,
	struct key **key, struct err *err);
int soft_session(struct keys *keys, const struct key *card_key, enum key_sm4_form form,
	const uint8_t input[8], struct key **key, struct err *err);
int soft_tac(struct keys *keys, const struct key *card_key, struct key **key, struct err *err);
int soft_mac(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
	uint8_t mac[4], struct err *err);
int soft_verify(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
	const uint8_t mac[4], struct err *err);
int soft_cmac(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
	uint8_t mac[16], struct err *err);
int soft_encrypt(struct keys *keys, const struct key *key, const uint8_t iv[16],
	const uint8_t *data, size_t n, uint8_t *out, struct err *err);
int soft_wrap(struct keys *keys, const struct key *kek, const struct key *key, uint8_t out[16],
	struct err *err);
int soft_kcv(struct keys *keys, const struct key *key, uint8_t kcv[3], struct err *err);
bool soft_is(struct keys *keys, const struct key *key, const uint8_t bytes[16]);

#endif
