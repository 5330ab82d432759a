/*
 * Start rules: a scanned label goes to a slot, and its unit begins when it is in there.
 */
#include "core/words.h"
#include "station/private.h"
#include "store/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_MS = 30000 };

static void refuse(struct client *client, const char *label, unsigned slot, const char *why)
{
	json_t *m = json_pack("{ss, ss, ss}", "type", "refused", "label", label, "error", why);

	if (slot)
		json_object_set_new(m, "slot", json_integer((json_int_t)slot));
	client_tell(client, m);
}

/* A unit that was put in since the last one ended; or the same one again, by its label. */
static bool is_in(const struct slot *slot, const char *label)
{
	return slot->fresh || (slot->present && !strcmp(slot->last_label, label));
}

/* What forbids that any unit starts; NULL: nothing. */
static const char *no_unit_starts(const struct station *st)
{
	if (st->ending)
		return N_("the station ends");
	if (st->state != STATION_READY)
		return st->cause[0] ? st->cause : N_("the station is not ready yet");
	if (st->store_failed)
		return N_("the store can't be written: no unit starts");
	return st->paused[0] ? N_("starting is paused (F6)") : NULL;
}

void unit_offer(struct station *st, struct client *client, const struct label *scanned,
	const char *operator)
{
	const char *label = scanned->serial, *why = label_wrong(label);
	unsigned number = scanned->slot;
	struct slot *slot = NULL;

	for (size_t i = 0; i < st->slot_n && !why; i++) {
		struct slot *s = &st->slots[i];

		if (s->label[0] && !strcmp(s->label, label))
			why = N_("this unit is in work already");
		else if (number ? s->number == number
				: !slot && s->state == SLOT_IDLE && is_in(s, label))
			slot = s;
	}
	if (!why)
		why = no_unit_starts(st);
	if (!why && !slot)
		why = number ? N_("there is no such slot") : N_("no slot waits for a unit");
	if (!why && slot->state != SLOT_IDLE)
		why = slot->state == SLOT_BROKEN ? slot->broken : N_("the slot is not free");
	if (why) {
		refuse(client, label, number, why);
		return;
	}
	strcpy(slot->label, label);
	strcpy(slot->address, scanned->address);
	snprintf(slot->operator, sizeof(slot->operator), "%s", operator);
	unit_set_state(slot, SLOT_WAITING);
	if (is_in(slot, label))
		unit_begin(slot);
	else
		loop_timer(st->loop, &slot->insert_deadline,
			(int64_t)(st->fixture.insert_wait_s * 1000));
}

/* ---- a person scans: a unit that is done is told at once, before it is tested again ---- */

struct scan {
	struct queue_job job;
	struct station *station;
	unsigned client;
	struct label label;
	char operator[OPERATOR];
};

static int look_up(struct store *store, struct queue_job *job, struct err *err)
{
	struct scan *s = (struct scan *)job;
	struct reader *reader = NULL;
	json_t *holding = NULL;
	const char *state;
	int ret;

	(void)store;
	ret = reader_open(&reader, s->station->options->store, err);
	if (ret == 0)
		holding = reader_holding(reader, s->label.serial, err); /* none is fine */
	reader_close(reader);
	state = message_string(holding, "state");
	if (!strcmp(state, "COMMITTED"))
		ret = err_set(err, E_REFUSED, N_("this unit has passed already"));
	else if (!strcmp(state, "SPOILED"))
		ret = err_set(err, E_REFUSED, N_("this unit is spoiled: it is not tested again"));
	json_decref(holding);
	return ret;
}

static void looked_up(struct queue_job *job, int status, const struct err *err)
{
	struct scan *s = (struct scan *)job;
	struct client *client = clients_find(s->station, s->client);

	if (status < 0)
		refuse(client, s->label.serial, s->label.slot, err->text);
	else
		unit_offer(s->station, client, &s->label, s->operator);
	free(s);
}

void unit_scanned(struct client *client, const struct label *label, const char *operator)
{
	struct station *st = client->station;
	struct scan *s;

	/* Only a plan that gives out a card minds who has one; a bad label is refused as it is. */
	if (label_wrong(label->serial) || !plan_has_step(&st->plan, "personalize") ||
		!(s = calloc(1, sizeof(*s)))) {
		unit_offer(st, client, label, operator);
		return;
	}
	s->job = (struct queue_job){.run = look_up, .done = looked_up};
	s->station = st;
	s->client = client->id;
	s->label = *label;
	snprintf(s->operator, sizeof(s->operator), "%s", operator);
	queue_add(st->asker, &s->job);
}

void unit_nobody_came(void *arg)
{
	struct slot *slot = arg;
	char label[LABEL];

	strcpy(label, slot->label);
	slot->label[0] = '\0';
	unit_set_state(slot, SLOT_IDLE);
	clients_tell(slot->station, json_pack("{ss, ss, si, ss, sb}", "type", "refused", "label",
					    label, "slot", (int)slot->number, "error",
					    N_("no unit was put into the slot"), "empty", 1));
}

/* ---- a plan whose units start when they are put in ---- */

static void made_safe(struct slot *slot, int status, const struct err *err)
{
	(void)status; /* a jig that can't be reached has stopped the station */
	(void)err;
	unit_after(slot);
}

void unit_unknown(struct slot *slot, const char *why)
{
	loop_untimer(slot->station->loop, &slot->step_deadline);
	tokens_drop(slot);
	clients_tell(slot->station, json_pack("{ss, si, ss}", "type", "refused", "slot",
					    (int)slot->number, "error", why));
	unit_set_state(slot, SLOT_ENDING);
	broker_safe(slot, made_safe);
}

void unit_inserted(struct slot *slot)
{
	struct station *st = slot->station;

	if (st->plan.start != PLAN_START_INSERT || slot->state != SLOT_IDLE || !slot->fresh ||
		no_unit_starts(st) || !session_person(st)[0])
		return;
	unit_set_state(slot, SLOT_ASKING);
	loop_timer(st->loop, &slot->step_deadline, ASK_MS);
	worker_send(slot, json_pack("{ss}", "type", "who"));
}

void unit_said_serial(struct slot *slot, json_t *message)
{
	struct station *st = slot->station;
	const char *serial = message_string(message, "serial"), *why = NULL;

	if (slot->state != SLOT_ASKING)
		return;
	if (!serial[0])
		why = message_string(message, "error");
	else
		why = label_wrong(serial);
	for (size_t i = 0; i < st->slot_n && !why; i++)
		if (!strcmp(st->slots[i].label, serial))
			why = N_("this unit is in work already");
	if (!why)
		why = no_unit_starts(st);
	if (why) {
		unit_unknown(slot, why);
		return;
	}
	loop_untimer(st->loop, &slot->step_deadline);
	strcpy(slot->label, serial);
	slot->address[0] = '\0'; /* found as it was found */
	snprintf(slot->operator, sizeof(slot->operator), "%s", session_person(st));
	unit_begin(slot);
}

/* ---- the jig says what is in ---- */

void unit_presence(struct slot *slot, bool present)
{
	bool changed = slot->present != present;

	if (prompts_expect_absence(slot)) { /* the operator reseats it: it is the same unit */
		slot->present = present;
		return;
	}
	/* A jig that starts anew tells again what is in: the unit that was there is no new one. */
	slot->fresh = present && (slot->fresh || !slot->present);
	slot->present = present;
	if (!present && slot->state == SLOT_WORKING)
		unit_end(slot, "JIG-PLUG", "the unit was taken out in the middle of the test");
	if (!present && slot->state == SLOT_ASKING)
		unit_unknown(slot, N_("the unit was taken out"));
	if (slot->state == SLOT_WAITING && is_in(slot, slot->label))
		unit_begin(slot);
	/* Not as the slot's state, which has not changed: who waits for it to be idle hears that
	 * once. */
	if (changed)
		clients_tell(slot->station, json_pack("{ss, si, sb}", "type", "presence", "slot",
						    (int)slot->number, "present", present));
	unit_inserted(slot);
}
