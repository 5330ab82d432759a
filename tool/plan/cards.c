#include "plan/cards.h"
#include "core/words.h"

#include <string.h>

static const struct card_state states[] = {
	{N_("AVAILABLE"), "available", NULL},
	{N_("RESERVED"), "reserved", N_("nothing: it goes back to the pool by itself")},
	{N_("INTENT"), "in_work", N_("put the same unit in again: it is finished with this card")},
	{N_("WRITTEN"), "in_work", N_("put the same unit in again: it is finished with this card")},
	{N_("PROVEN"), "in_work", N_("put the same unit in again: it is finished with this card")},
	{N_("COMMITTED"), "committed", NULL},
	{N_("REJECTED"), "rejected",
		N_("test the unit again; if it fails again, terminate it (payjig card terminate)")},
	{N_("QUARANTINE"), "quarantined",
		N_("find the unit, then payjig card resolve; if it is lost, payjig card destroy")},
	{N_("SPOILED"), "spoiled", NULL},
};

static const struct card_move moves[] = {
	{"AVAILABLE", "RESERVED"},
	{"RESERVED", "AVAILABLE"}, /* nothing secret was sent */
	{"RESERVED", "INTENT"},
	{"INTENT", "WRITTEN"},
	{"WRITTEN", "PROVEN"},
	{"PROVEN", "COMMITTED"},
	{"INTENT", "REJECTED"}, /* a live credential in a bad unit */
	{"WRITTEN", "REJECTED"},
	{"PROVEN", "REJECTED"},
	{"REJECTED", "INTENT"},	  /* a retest finishes the same unit forward: written again ... */
	{"REJECTED", "WRITTEN"},  /* ... or found written */
	{"REJECTED", "SPOILED"},  /* blocked and read back, or destroyed by two persons */
	{"INTENT", "QUARANTINE"}, /* unit and ledger contradict each other, or a person says so */
	{"WRITTEN", "QUARANTINE"},
	{"PROVEN", "QUARANTINE"},
	{"REJECTED", "QUARANTINE"},
	{"AVAILABLE", "QUARANTINE"}, /* a restored store does not know whether it was issued */
	{"QUARANTINE", "REJECTED"},
	{"QUARANTINE", "SPOILED"},
};

const struct card_state *card_states(size_t *n)
{
	*n = sizeof(states) / sizeof(states[0]);
	return states;
}

const struct card_state *card_state_find(const char *word)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i].word, word))
			return &states[i];
	return NULL;
}

const struct card_move *card_moves(size_t *n)
{
	*n = sizeof(moves) / sizeof(moves[0]);
	return moves;
}

bool card_may_move(const char *was, const char *becomes)
{
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (!strcmp(moves[i].was, was) && !strcmp(moves[i].becomes, becomes))
			return true;
	return false;
}
