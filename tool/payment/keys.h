/*
 * Keys: a provider offers operations, never bytes.
 *
 * Masters stay inside the provider; what it derives is a handle (struct key) that only the same
 * provider understands. Lengths are fixed by the algorithms; buffers are the caller's. All
 * functions return 0 or a negative status with the reason in err and outputs untouched.
 */
#ifndef PAYMENT_KEYS_H
#define PAYMENT_KEYS_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key; /* a handle */

enum { KEY_WRAPPED = 24 };

enum key_algorithm { KEY_3DES, KEY_SM4, KEY_AES };

/* JR/T 0025 key usages of the purse. */
enum key_usage { KEY_PURCHASE = 0x3E, KEY_LOAD = 0x3F, KEY_TAC = 0x34 };

/* GlobalPlatform static keys, by the constant k of their derivation. */
enum key_scp { KEY_SCP_ENC = 0xC1, KEY_SCP_MAC = 0xC2, KEY_SCP_DEK = 0xC3 };

/* No public source settles how SM4 session keys are made; the profile says which. */
enum key_sm4_form { KEY_SM4_INVERT, KEY_SM4_PAD80 };

struct keys {
	const struct keys_driver *driver;
	void *state;
	char set[32]; /* name of the key set */
	bool lab;     /* lab keys: every record is stamped LAB */
};

struct keys_driver {
	const char *name; /* as in "file:PATH" */
	int (*open)(struct keys *keys, const char *where, struct err *err);
	void (*close)(struct keys *keys);

	/* Card-unique key: E(MK, F || ~F) for each 8 bytes F of the factor in order (n = 8 or 16).
	 */
	int (*diversify)(struct keys *keys, enum key_usage usage, enum key_algorithm algorithm,
		const uint8_t *factor, size_t n, struct key **card_key, struct err *err);
	/* Card-unique key from a job: 16 bytes wrapped under the station's KEK (AES key wrap,
	 * RFC 3394; NIST SP 800-38F). A wrapping that was altered is E_CONFIG. */
	int (*unwrap)(struct keys *keys, enum key_algorithm algorithm,
		const uint8_t wrapped[KEY_WRAPPED], struct key **card_key, struct err *err);
	/* The same the other way: for who makes jobs. */
	int (*wrap_for_job)(struct keys *keys, const struct key *card_key,
		uint8_t wrapped[KEY_WRAPPED], struct err *err);
	/* A unit's own key for the factory payment of a test_keys job, always the same for the same
	 * unit: AES-CMAC(KMC, "payjig test" || usage || diversification data). */
	int (*test)(struct keys *keys, enum key_usage usage, enum key_algorithm algorithm,
		const uint8_t diversification[10], struct key **key, struct err *err);
	/* The KCV of a key of the set by its name (KMC, KEK, MLK, MPK, MTK); E_CONFIG if the set
	 * has no such key. */
	int (*kcv_of)(struct keys *keys, const char *name, uint8_t kcv[3], struct err *err);
	/* Static SCP03 key: AES-CMAC(KMC, eleven 00 || k || 00 || 0080 || 01 || diversification).
	 */
	int (*scp_static)(struct keys *keys, enum key_scp k, const uint8_t diversification[10],
		struct key **key, struct err *err);
	/* The published GlobalPlatform default key 40..4F. */
	int (*published)(struct keys *keys, struct key **key, struct err *err);
	/* A 16-byte AES key made by AES-CMAC(base, input): SCP03 session keys. */
	int (*derive)(struct keys *keys, const struct key *base, const uint8_t *input, size_t n,
		struct key **key, struct err *err);
	/* Purse session key over the 8 bytes of input. */
	int (*session)(struct keys *keys, const struct key *card_key, enum key_sm4_form form,
		const uint8_t input[8], struct key **key, struct err *err);
	/* Key of the TAC: 3DES left half XOR right half, SM4 the whole key. */
	int (*tac)(
		struct keys *keys, const struct key *card_key, struct key **key, struct err *err);

	int (*mac)(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
		uint8_t mac[4], struct err *err); /* CBC-MAC, 80 00 padding, first 4 bytes */
	/* 1 if mac is right, 0 if not, negative if it could not be found out. */
	int (*verify)(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
		const uint8_t mac[4], struct err *err);
	int (*cmac)(struct keys *keys, const struct key *key, const uint8_t *data, size_t n,
		uint8_t mac[16], struct err *err); /* AES-CMAC, NIST SP 800-38B */
	int (*encrypt)(struct keys *keys, const struct key *key, const uint8_t iv[16],
		const uint8_t *data, size_t n, uint8_t *out,
		struct err *err); /* AES-CBC, n % 16 = 0 */
	int (*wrap)(struct keys *keys, const struct key *kek, const struct key *key,
		uint8_t out[16], struct err *err); /* AES-CBC, IV 0 */
	int (*kcv)(struct keys *keys, const struct key *key, uint8_t kcv[3], struct err *err);
	/* true if these 16 bytes are the key: proves that a device gave it away. */
	bool (*is)(struct keys *keys, const struct key *key, const uint8_t bytes[16]);
	void (*drop)(struct keys *keys, struct key *key); /* takes NULL */
};

/* Opens "PROVIDER:WHERE". E_CONFIG if the provider is unknown or its keys are malformed. */
int keys_open(struct keys **keys, const char *spec, struct err *err);
void keys_close(struct keys *keys); /* takes NULL */

#endif
