/*
 * Start rules: a scanned label goes to a slot, and its unit begins when it is in there.
 */
#include "station/private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void refuse(struct client *client, const char *label, unsigned slot, const char *why)
{
	json_t *m = json_pack("{ss, ss, ss}", "type", "refused", "label", label, "error", why);

	if (slot)
		json_object_set_new(m, "slot", json_integer((json_int_t)slot));
	client_tell(client, m);
}

static const char *bad_label(const char *label)
{
	size_t n = strlen(label);

	if (n < 1 || n >= LABEL)
		return "a label has 1 to 16 characters";
	for (; *label; label++)
		if (!isalnum((unsigned char)*label) && *label != '-')
			return "a label has letters, digits and '-' only";
	return NULL;
}

/* A unit that was put in since the last one ended; or the same one again, by its label. */
static bool is_in(const struct slot *slot, const char *label)
{
	return slot->fresh || (slot->present && !strcmp(slot->last_label, label));
}

void unit_offer(struct station *st, struct client *client, const char *label, unsigned number,
	const char *operator)
{
	struct slot *slot = NULL;
	const char *why = bad_label(label);

	for (size_t i = 0; i < st->slot_n && !why; i++) {
		struct slot *s = &st->slots[i];

		if (s->label[0] && !strcmp(s->label, label))
			why = "this unit is in work already";
		else if (number ? s->number == number
				: !slot && s->state == SLOT_IDLE && is_in(s, label))
			slot = s;
	}
	if (!why && st->ending)
		why = "the station ends";
	if (!why && st->state != STATION_READY)
		why = st->cause[0] ? st->cause : "the station is not ready yet";
	if (!why && st->store_failed)
		why = "the store can't be written: no unit starts";
	if (!why && !slot)
		why = number ? "there is no such slot" : "no slot waits for a unit";
	if (!why && slot->state != SLOT_IDLE)
		why = slot->state == SLOT_BROKEN ? slot->broken : "the slot is not free";
	if (why) {
		refuse(client, label, number, why);
		return;
	}
	strcpy(slot->label, label);
	snprintf(slot->operator, sizeof(slot->operator), "%s", operator);
	unit_set_state(slot, SLOT_WAITING);
	if (is_in(slot, label))
		unit_begin(slot);
	else
		loop_timer(st->loop, &slot->insert_deadline,
			(int64_t)(st->fixture.insert_wait_s * 1000));
}

void unit_nobody_came(void *arg)
{
	struct slot *slot = arg;
	char label[LABEL];

	strcpy(label, slot->label);
	slot->label[0] = '\0';
	unit_set_state(slot, SLOT_IDLE);
	clients_tell(slot->station,
		json_pack("{ss, ss, si, ss, sb}", "type", "refused", "label", label, "slot",
			(int)slot->number, "error", "no unit was put into the slot", "empty", 1));
}

void unit_presence(struct slot *slot, bool present)
{
	/* A jig that starts anew tells again what is in: the unit that was there is no new one. */
	slot->fresh = present && (slot->fresh || !slot->present);
	slot->present = present;
	if (!present && slot->state == SLOT_WORKING)
		unit_end(slot, "JIG-PLUG", "the unit was taken out in the middle of the test");
	if (slot->state == SLOT_WAITING && is_in(slot, slot->label))
		unit_begin(slot);
}
