/*
 * The unit's card: what the job and the key provider make of it, as the headset will hold it.
 */
#ifndef SLOT_CARD_H
#define SLOT_CARD_H

#include "slot/unit.h"

/* The product's algorithm and SM4 form as payment/ names them. */
enum key_algorithm card_algorithm(const struct unit *u);
enum key_sm4_form card_sm4_form(const struct unit *u);

/*
 * Fills number, EF15 image, extended information and the card-unique keys (and test keys) from the
 * card object of the ledger and the job's terms. A finding and negative on failure.
 */
int card_make(struct unit *u, const json_t *card);

/* The card key of this usage that the factory pays with; card_make() has made it. */
struct key *card_key(const struct unit *u, enum key_usage usage);

/* Index and version of the keys that the factory pays with: the issuer's own, or, where the job
 * says test_keys, the second ones, as long as the unit has them. */
uint8_t card_key_index(const struct unit *u);
uint8_t card_key_version(const struct unit *u);

/* The index of the job's test keys, 0 if it pays live. */
uint8_t card_test_index(const struct unit *u);

/* What the ledger keeps of a written card: {kcvs: {usage: KCV}, key_version} of the issuer's keys.
 */
json_t *card_proof(struct unit *u);

#endif
