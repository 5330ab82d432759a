/*
 * The electronic purse, terminal side (JR/T 0025 electronic purse; headset.md "Payment").
 *
 * Pure coding: commands to APDUs, answers to structs, and the inputs of each MAC. Who sends them
 * and judges the outcome is the slot's business. Amounts are in cents, all numbers big-endian.
 */
#ifndef PAYMENT_PURSE_H
#define PAYMENT_PURSE_H

#include "payment/apdu.h"
#include "payment/keys.h"

enum purse_type { PURSE_TYPE_LOAD = 0x02, PURSE_TYPE_PURCHASE = 0x06 };

/* What the terminal says about one transaction. */
struct purse_terms {
	uint32_t amount_cents;
	uint8_t type; /* enum purse_type; cards in the field also log others */
	uint8_t terminal[6];
	uint8_t sequence[4]; /* terminal sequence, purchase only */
	uint8_t date[4];     /* BCD YYYYMMDD */
	uint8_t time[3];     /* BCD HHMMSS */
};

/* What INITIALIZE FOR LOAD or PURCHASE answered. */
struct purse_start {
	uint32_t balance_cents;
	uint16_t counter; /* online for load, offline for purchase */
	uint32_t overdraft_cents;
	uint8_t key_version, algorithm;
	uint8_t random[4];
	uint8_t mac1[4]; /* load only */
};

struct purse_log {
	uint16_t counter;
	uint32_t overdraft_cents, amount_cents;
	uint8_t type, terminal[6], date[4], time[3];
};

struct apdu purse_select(const uint8_t *aid, size_t n);
struct apdu purse_verify_pin(const uint8_t *pin, size_t n);
struct apdu purse_read_ef15(size_t length);
struct apdu purse_get_balance(void);
struct apdu purse_initialize(const struct purse_terms *terms, uint8_t key_index);
struct apdu purse_credit(const struct purse_terms *terms, const uint8_t mac2[4]);
struct apdu purse_debit(const struct purse_terms *terms, const uint8_t mac1[4]);
struct apdu purse_prove(uint8_t type, uint16_t counter);
struct apdu purse_read_log(uint8_t record); /* 1 is the newest */

/* Each takes the answer's n data bytes without SW; E_PROTOCOL if the length is not the standard's.
 */
int purse_parse_balance(const uint8_t *data, size_t n, uint32_t *cents, struct err *err);
int purse_parse_start(const uint8_t *data, size_t n, enum purse_type type,
	struct purse_start *start, struct err *err);
int purse_parse_log(const uint8_t *data, size_t n, struct purse_log *log, struct err *err);

/* The 8 bytes that the session key is made from: random, counter, and 8000 (load) or the last two
 * bytes of the terminal sequence (purchase). */
void purse_session_input(
	const struct purse_terms *terms, const struct purse_start *start, uint8_t input[8]);

enum purse_mac {
	PURSE_LOAD_MAC1,     /* from the headset */
	PURSE_LOAD_MAC2,     /* to the headset */
	PURSE_LOAD_TAC,	     /* under the TAC key */
	PURSE_PURCHASE_MAC1, /* to the headset */
	PURSE_PURCHASE_MAC2, /* from the headset */
	PURSE_PURCHASE_TAC,  /* under the TAC key */
};

enum { PURSE_MAC_INPUT = 32 };

/* The bytes that a MAC is made over, before padding; returns their number. */
size_t purse_mac_input(enum purse_mac which, const struct purse_terms *terms,
	const struct purse_start *start, uint8_t out[PURSE_MAC_INPUT]);

#endif
