/*
 * Tokens: what only one worker may use at a time (and headsets in range: which is whose), granted
 * in the order it was asked for. While a worker waits, its step's deadline does not run: nobody is
 * late because of a neighbour. A token comes back when its holder is done, or dead; the holder's
 * own deadline sees to that.
 */
#include "core/clock.h"
#include "station/private.h"

#include <stdio.h>
#include <string.h>

/* Whose turn it is among: all slots, or those with the same adapter. */
static bool everybody(const struct slot *a, const struct slot *b)
{
	(void)a;
	(void)b;
	return true;
}

static bool same_adapter(const struct slot *a, const struct slot *b)
{
	return !strcmp(a->fixture->adapter, b->fixture->adapter);
}

static const struct {
	const char *name;
	bool (*shares)(const struct slot *a, const struct slot *b);
} tokens[] = {
	{"connect", same_adapter}, /* Bluetooth: an adapter connects to one headset at a time */
	{"find", everybody},	   /* to switch on a headset and see which one comes */
	{"reader", everybody},	   /* the station's NFC reader, and the phone in its field */
};

enum { TOKENS = sizeof(tokens) / sizeof(tokens[0]) };

static bool is_free(const struct slot *slot, int which)
{
	const struct station *st = slot->station;

	for (size_t i = 0; i < st->slot_n; i++)
		if (st->slots[i].tokens & 1U << which && tokens[which].shares(slot, &st->slots[i]))
			return false;
	return true;
}

/* Its step goes on with as much time as it had. */
static void grant(struct slot *slot)
{
	slot->tokens |= 1U << slot->token_wanted;
	slot->token_wanted = -1;
	loop_timer(slot->station->loop, &slot->step_deadline, slot->token_left_ms);
	worker_send(slot, json_pack("{ss, sI}", "type", "token_result", "id", slot->token_id));
}

static void grant_next(struct station *st)
{
	for (;;) {
		struct slot *first = NULL;

		for (size_t i = 0; i < st->slot_n; i++) {
			struct slot *s = &st->slots[i];

			if (s->token_wanted >= 0 && is_free(s, s->token_wanted) &&
				(!first || s->token_turn < first->token_turn))
				first = s;
		}
		if (!first)
			return;
		grant(first);
	}
}

void tokens_take(struct slot *slot, json_t *message)
{
	struct station *st = slot->station;
	int which = 0;

	while (which < TOKENS && strcmp(tokens[which].name, message_string(message, "name")) != 0)
		which++;
	if (which == TOKENS || slot->token_wanted >= 0) {
		unit_worker_failed(slot, "it asks for a token that there is not");
		return;
	}
	slot->token_id = message_integer(message, "id");
	if (json_is_true(json_object_get(message, "take"))) {
		slot->token_wanted = which;
		slot->token_turn = ++st->token_turn;
		slot->token_left_ms = slot->step_deadline.at_ms - clock_ms();
		loop_untimer(st->loop, &slot->step_deadline);
	} else {
		slot->tokens &= ~(1U << which);
		worker_send(
			slot, json_pack("{ss, sI}", "type", "token_result", "id", slot->token_id));
	}
	grant_next(st);
}

void tokens_claim(struct slot *slot, json_t *message)
{
	const struct station *st = slot->station;
	const char *address = message_string(message, "address");
	bool others = false;

	for (size_t i = 0; i < st->slot_n && address[0]; i++)
		others |= &st->slots[i] != slot && !strcmp(st->slots[i].claimed, address);
	if (!others)
		snprintf(slot->claimed, sizeof(slot->claimed), "%s", address);
	worker_send(slot, json_pack("{ss, sI, sb}", "type", "claim_result", "id",
				  message_integer(message, "id"), "granted", !others));
}

void tokens_drop(struct slot *slot)
{
	slot->claimed[0] = '\0';
	slot->token_wanted = -1;
	slot->tokens = 0;
	grant_next(slot->station);
}
