/*
 * What a step asks the operator, and the answer. The unit's worker waits; nobody else does.
 */
#include "plan/prompts.h"
#include "core/clock.h"
#include "core/words.h"
#include "station/private.h"

#include <string.h>

enum { LONGEST_MS = 3600 * 1000 };

json_t *prompts_message(const struct slot *slot)
{
	int64_t left = slot->prompt_deadline.at_ms - clock_ms();

	return json_pack("{ss, ss, sI, si, ss}", "type", "prompt", "prompt", slot->prompt->name,
		"timeout_ms", (json_int_t)(left > 0 ? left : 0), "slot", (int)slot->number, "label",
		slot->label);
}

static void end(struct slot *slot, const char *answer, const char *by)
{
	loop_untimer(slot->station->loop, &slot->prompt_deadline);
	slot->prompt = NULL;
	clients_tell(slot->station, json_pack("{ss, si, ss, ss}", "type", "prompt_end", "slot",
					    (int)slot->number, "answer", answer, "by", by));
}

static void answer(struct slot *slot, const char *what, const char *by)
{
	json_int_t id = slot->prompt_id;

	end(slot, what, by);
	worker_send(slot, json_pack("{ss, sI, ss, ss}", "type", "prompt_result", "id", id, "answer",
				  what, "by", by));
}

static void nobody_answered(void *arg)
{
	answer(arg, "", "");
}

void prompts_take(struct slot *slot, json_t *message)
{
	const struct prompt *prompt = prompt_find(message_string(message, "prompt"));
	json_int_t ms = message_integer(message, "timeout_ms");

	if (!prompt || slot->prompt || ms < 1 || ms > LONGEST_MS ||
		!json_object_get(message, "id")) {
		unit_worker_failed(slot, "it asks the operator for what there is not");
		return;
	}
	slot->prompt = prompt;
	slot->prompt_id = message_integer(message, "id");
	slot->prompt_deadline = (struct timer){.fired = nobody_answered, .arg = slot};
	loop_timer(slot->station->loop, &slot->prompt_deadline, ms);
	clients_tell(slot->station, prompts_message(slot));
}

void prompts_drop(struct slot *slot)
{
	if (slot->prompt)
		end(slot, "", "");
}

const char *prompts_answer(struct slot *slot, const char *what, const char *by)
{
	if (!slot || !slot->prompt)
		return N_("nothing is asked here any more");
	if (!prompt_has(slot->prompt, what))
		return N_("there is no such answer");
	answer(slot, what, by);
	return NULL;
}

bool prompts_expect_absence(const struct slot *slot)
{
	return slot->prompt && !strcmp(slot->prompt->name, "plug");
}
