/*
 * The states of a card in the ledger and the moves between them: plain data.
 *
 * AVAILABLE -> RESERVED -> INTENT -> WRITTEN -> PROVEN -> COMMITTED is a card's good life. After
 * INTENT it never returns to the pool: its unit is finished forward, or it is REJECTED, which ends
 * in COMMITTED by a retest or in SPOILED. QUARANTINE is for what nobody can say yet.
 */
#ifndef PLAN_CARDS_H
#define PLAN_CARDS_H

#include <stdbool.h>
#include <stddef.h>

struct card_state {
	const char *word;
	const char *column; /* under which a reconciliation counts it */
	const char *action; /* the one legal next action of a person, NULL: none is due */
};

struct card_move {
	const char *was, *becomes;
};

const struct card_state *card_states(size_t *n);	    /* in the order of a card's life */
const struct card_state *card_state_find(const char *word); /* NULL if there is none */

const struct card_move *card_moves(size_t *n);
bool card_may_move(const char *was, const char *becomes);

#endif
