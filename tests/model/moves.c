/* Prints the states and moves of the code, for model.py to hold the model's against. */
#include "plan/cards.h"

#include <stdio.h>

int main(void)
{
	const struct card_state *states;
	const struct card_move *moves;
	size_t n;

	states = card_states(&n);
	for (size_t i = 0; i < n; i++)
		printf("state %s\n", states[i].word);
	moves = card_moves(&n);
	for (size_t i = 0; i < n; i++)
		printf("move %s %s\n", moves[i].was, moves[i].becomes);
	return 0;
}
