/*
 * A profile: what a headset model is. Everything that headset.md marks "(profile)".
 *
 * Plain data, read once from YAML and never changed.
 */
#ifndef PLAN_PROFILE_H
#define PLAN_PROFILE_H

#include "core/conf.h"
#include "plan/verdict.h"

enum {
	PROFILE_KEYS = 4,
	PROFILE_FIRMWARES = 8,
	PROFILE_KEY_SETS = 8,
	PROFILE_SWS = 8,
	PROFILE_SEALED = 32,
	PROFILE_LIMITS = 48,
	PROFILE_TEXT = 48,
};

enum profile_algorithm { PROFILE_3DES, PROFILE_SM4 };
enum profile_sm4_form { PROFILE_SM4_INVERT, PROFILE_SM4_PAD80 };
enum profile_count { PROFILE_BEFORE, PROFILE_AFTER };
enum profile_prove { PROFILE_MAC_TAC, PROFILE_TAC_MAC, PROFILE_TAC_ONLY };

struct profile_key {
	char name[2];	  /* A answer, B volume up, C volume down */
	double ohm;	  /* total microphone to ground with the key held; NaN: not on a ladder */
	double phone_low; /* what a phone takes for this key */
	double phone_high;
	struct conf_bytes usage; /* HID usage page 2 and id 2; none: no HID */
};

struct profile_range {
	int64_t offset, length;
};

struct profile_sws {
	size_t n;
	struct conf_bytes sw[PROFILE_SWS];
};

struct profile {
	int kind;
	char name[PROFILE_TEXT];
	char family[PROFILE_TEXT]; /* models that a job for the family may be issued to; "": none */
	char model[PROFILE_TEXT];
	char firmware[PROFILE_FIRMWARES][PROFILE_TEXT];
	size_t firmware_n;
	char key_sets[PROFILE_KEY_SETS][PROFILE_TEXT]; /* that it may be personalized with */
	size_t key_set_n;
	char modem[PROFILE_TEXT]; /* the jig's name of the audio modem; "": not on 3.5 mm */
	struct {
		struct conf_bytes vendor, product; /* 2 bytes each; none: not on USB */
	} usb;
	struct {
		char name[PROFILE_TEXT]; /* that it advertises; "": not on BLE */
		char passkey[8];	 /* six digits; "": Just Works */
	} ble;
	struct {
		double on_s, off_s, short_s; /* held for: on, off, nothing; 0: it has no such key */
		bool starts;		     /* it starts by itself when its supply comes */
	} power_key;
	struct {
		double volts, limit_amps;
		int64_t settle_ms, off_ms;
	} supply;
	struct profile_key keys[PROFILE_KEYS];
	size_t key_n;
	struct {
		struct conf_bytes security_domain, purse;
	} aid;
	struct {
		int64_t key_version;	     /* of the transport keys */
		int64_t default_key_version; /* asked for to prove that no default key is left */
		bool get_data_value_only;
		struct conf_bytes last_block_p1; /* 89 or 88 */
	} perso;
	struct {
		int64_t length;
		struct profile_range issuer, type, version, number, valid_from, valid_to,
			issuer_data;
	} ef15;
	struct {
		int algorithm, sm4_form;
		struct conf_bytes algorithm_id;	 /* what INITIALIZE answers */
		struct conf_bytes key_algorithm; /* what DGI 8000 says */
		int64_t key_index, key_version;
		int64_t factor_length; /* 8: last 8 bytes of the card number; 16: as two levels */
		int log_count, prove_count, prove_order;
		struct conf_bytes load_pin; /* VERIFY before a load; none: not needed */
	} purse;
	struct {
		struct profile_sws wrong_mac1, replay, without_initialize;
	} refusals;
	struct conf_bytes sealed[PROFILE_SEALED]; /* C-APDUs that must never answer key bytes */
	size_t sealed_n;
	struct {
		int64_t apdu_ms, store_data_ms, boot_ms;
	} timeouts; /* how long the tool waits before it calls a command unanswered */
	struct limit limits[PROFILE_LIMITS];
	size_t limit_n;
};

extern const struct conf_field limit_fields[]; /* shared with plans */

/* Reads a profile from the text of the file `path`; 0 or E_CONFIG. */
int profile_read(const char *path, const char *text, size_t length, struct profile *profile,
	struct err *err);

/* A USB vendor or product number; 0: none. */
unsigned profile_usb(const struct conf_bytes *number);

/* What the key is told as: its HID usage, page in the upper 16 bits; without one its letter. */
uint32_t profile_key_usage(const struct profile_key *key);

/* 1 if a job for this product (a model's profile, or a family) may be issued to it. */
int profile_is_product(const struct profile *profile, const char *product);

/* 1 if the product may be personalized with this key set. */
int profile_takes_key_set(const struct profile *profile, const char *key_set);

#endif
