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
 * Fills number, EF15 image, extended information and the three card-unique keys from the card
 * object of the ledger and the job's terms. A finding and negative on failure.
 */
int card_make(struct unit *u, const json_t *card);

/* The card key of this usage; card_make() has made it. */
struct key *card_key(const struct unit *u, enum key_usage usage);

#endif
