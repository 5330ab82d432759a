/*
 * A unit's way through its slot: begun, stepped, ended. How it gets there is offers.c.
 *
 * Every row is durable before what follows from it: the attempt before the worker begins, each step
 * before the next and before clients see it, the end before the verdict is shown.
 */
#include "core/clock.h"
#include "core/mask.h"
#include "core/words.h"
#include "plan/codes.h"
#include "station/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BETWEEN_MS = 5000 }; /* a worker says what it does next within this */

void unit_set_state(struct slot *slot, enum slot_state state)
{
	if (slot->state == state)
		return;
	slot->state = state;
	clients_tell(slot->station, clients_slot_message(slot));
	station_check_end(slot->station);
}

void unit_slot_broken(struct slot *slot, const char *why)
{
	struct station *st = slot->station;

	worker_kill(slot);
	if (slot->broken != why)
		snprintf(slot->broken, sizeof(slot->broken), "%s", why);
	slot->label[0] = '\0';
	unit_set_state(slot, SLOT_BROKEN);
	if (st->state == STATION_STARTING) /* it never worked: nothing will */
		station_stop(st, "TOOL-CONFIG", slot->broken);
}

void unit_idle(struct slot *slot)
{
	slot->label[0] = '\0';
	unit_set_state(slot, slot->ready ? SLOT_IDLE : SLOT_STARTING);
}

/* ---- the store's jobs ---- */

struct task {
	struct queue_job job;
	struct slot *slot;
	unsigned generation;
	json_int_t id;
	json_t *message, *apdus;
	int64_t attempt;
	enum verdict verdict;
	char code[CODE], cause[CAUSE];
	char card[CARD_NUMBER];
	int64_t ms;
};

static struct task *task_new(struct slot *slot,
	int (*run)(struct store *store, struct queue_job *job, struct err *err),
	void (*done)(struct queue_job *job, int status, const struct err *err))
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		abort(); /* without memory nothing can be recorded: end here, recover at the next
			    start */
	t->job.run = run;
	t->job.done = done;
	t->slot = slot;
	t->generation = slot->generation;
	t->attempt = slot->attempt.id;
	return t;
}

static void task_free(struct task *t)
{
	json_decref(t->message);
	json_decref(t->apdus);
	free(t);
}

/* A store that failed once is not trusted again: no new unit starts, those in work end. */
void unit_store_failed(struct slot *slot, const struct err *err)
{
	slot->station->store_failed = true;
	station_stop(slot->station, "TOOL-STORE", err->text);
}

/* ---- beginning ---- */

static int run_begin(struct store *store, struct queue_job *job, struct err *err)
{
	struct task *t = (struct task *)job;

	return store_begin_attempt(store, &t->slot->attempt, err);
}

static void begun(struct queue_job *job, int status, const struct err *err)
{
	struct task *t = (struct task *)job;
	struct slot *slot = t->slot;
	struct station *st = slot->station;

	if (status < 0) {
		slot->attempt_open = false;
		unit_store_failed(slot, err);
		unit_idle(slot);
		task_free(t);
		return;
	}
	slot->attempt_open = true;
	clients_tell(st, json_pack("{ss, si, ss, sI, si}", "type", "unit_begin", "slot",
				 (int)slot->number, "label", slot->label, "attempt",
				 (json_int_t)slot->attempt.id, "try", slot->attempt.try));
	if (slot->code[0]) { /* something ended it while its row was written */
		slot->state = SLOT_WORKING;
		unit_end(slot, slot->code, slot->cause);
	} else if (!slot->ready) {
		unit_end(slot, "TOOL-WORKER", "its worker failed before it began");
	} else {
		worker_send(slot, json_pack("{ss, ss, ss}", "type", "begin", "label", slot->label,
					  "address", slot->address));
		loop_timer(
			st->loop, &slot->unit_deadline, (int64_t)(st->plan.unit_deadline_s * 1000));
		loop_timer(st->loop, &slot->step_deadline, BETWEEN_MS);
	}
	task_free(t);
}

void unit_begin(struct slot *slot)
{
	struct station *st = slot->station;

	loop_untimer(st->loop, &slot->insert_deadline);
	slot->fresh = false;
	slot->crashes = 0;
	slot->next_step = 0;
	slot->step_failed = false;
	slot->code[0] = slot->cause[0] = '\0';
	json_array_clear(slot->apdus);
	json_decref(slot->last_end);
	slot->last_end = NULL;
	slot->unit_started_ms = clock_ms();
	strcpy(slot->last_label, slot->label);
	slot->attempt = (struct store_attempt){
		.label = slot->last_label,
		.job = st->job.name,
		.job_digest = st->job.digest,
		.plan = st->plan.name,
		.plan_digest = st->plan_file.digest,
		.profile = slot->profile.name,
		.profile_digest = slot->profile_file.digest,
		.fixture = st->fixture.name,
		.fixture_digest = st->fixture_file.digest,
		.version = PAYJIG_VERSION,
		.jig = st->jig_name,
		.operator= slot->operator,
		.slot =(int) slot->number,
		.steps = (int)plan_steps_for(&st->plan, slot->fixture->link),
		.lab = slot->lab,
	};
	unit_set_state(slot, SLOT_WORKING);
	broker_led(slot, "BLIN");
	queue_add(st->writer, &task_new(slot, run_begin, begun)->job);
}

/* ---- steps ---- */

static void step_late(void *arg)
{
	struct slot *slot = arg;

	unit_worker_failed(slot, "it did not go on within the deadline");
}

static void unit_late(void *arg)
{
	struct slot *slot = arg;

	unit_end(slot, "TOOL-TIMEOUT", "the unit did not end within its deadline");
}

/* The step that must come next on this slot's carrier. */
static json_int_t next_step(const struct slot *slot)
{
	const struct plan *plan = &slot->station->plan;
	size_t next = (size_t)slot->next_step;

	while (next < plan->step_n && !plan_applies(plan, next, slot->fixture->link))
		next++;
	return (json_int_t)next;
}

static void take_step_begin(struct slot *slot, json_t *message)
{
	struct station *st = slot->station;
	json_int_t position = message_integer(message, "position");
	json_t *event;

	if (position < next_step(slot) || (size_t)position >= st->plan.step_n ||
		strcmp(st->plan.steps[position].step, message_string(message, "step")) != 0 ||
		/* Only a unit that failed leaves steps out, and never those that always run. */
		(position > next_step(slot) && !slot->step_failed) ||
		!plan_applies(&st->plan, (size_t)position, slot->fixture->link) ||
		(slot->step_failed && !st->plan.steps[position].always) || slot->step) {
		unit_worker_failed(slot, "it begins a step that is not next");
		return;
	}
	slot->next_step = position + 1;
	slot->step = json_incref(message);
	slot->step_started_ms = clock_ms();
	loop_timer(st->loop, &slot->step_deadline,
		(int64_t)(st->plan.steps[position].deadline_s * 1000));
	event = json_copy(message);
	json_object_set_new(event, "slot", json_integer((json_int_t)slot->number));
	json_object_set_new(event, "label", json_string(slot->label));
	clients_tell(st, event);
}

static int run_step(struct store *store, struct queue_job *job, struct err *err)
{
	struct task *t = (struct task *)job;

	return store_end_step(store, t->attempt, t->message, t->apdus, err);
}

static void step_stored(struct queue_job *job, int status, const struct err *err)
{
	struct task *t = (struct task *)job;
	struct slot *slot = t->slot;

	if (status < 0) {
		unit_store_failed(slot, err);
		task_free(t);
		return;
	}
	if (slot->generation == t->generation) {
		worker_send(slot, json_pack("{ss, sI}", "type", "stored", "id", t->id));
		if (slot->state == SLOT_WORKING && !slot->step)
			loop_timer(slot->station->loop, &slot->step_deadline, BETWEEN_MS);
	}
	json_object_del(t->message, "id");
	json_object_set_new(t->message, "slot", json_integer((json_int_t)slot->number));
	json_object_set_new(t->message, "label", json_string(slot->last_label));
	clients_tell(slot->station, json_incref(t->message));
	task_free(t);
}

static void take_step_end(struct slot *slot, json_t *message)
{
	struct task *t;

	if (!slot->step ||
		message_integer(slot->step, "position") != message_integer(message, "position")) {
		unit_worker_failed(slot, "it ends a step that it did not begin");
		return;
	}
	loop_untimer(slot->station->loop, &slot->step_deadline);
	json_decref(slot->step);
	slot->step = NULL;
	slot->step_failed |= strcmp(message_string(message, "verdict"), "PASS") != 0;
	t = task_new(slot, run_step, step_stored);
	t->id = message_integer(message, "id");
	t->message = json_copy(message);
	t->apdus = slot->apdus;
	slot->apdus = json_array();
	queue_add(slot->station->writer, &t->job);
}

static void take_apdu(struct slot *slot, json_t *message)
{
	json_array_append(slot->apdus, message);
}

/* ---- ending ---- */

static const char *action_of(const char *code)
{
	const struct code *c = code_find(code);

	return c ? c->action : N_("ship the unit");
}

static int run_end(struct store *store, struct queue_job *job, struct err *err)
{
	struct task *t = (struct task *)job;
	const struct store_end end = {.verdict = t->verdict,
		.code = t->code,
		.cause = t->cause,
		.action = action_of(t->code),
		.torn = t->message,
		.apdus = t->apdus};

	return store_end_attempt(store, t->attempt, &end, t->card, err);
}

static void tell_end(struct task *t)
{
	struct slot *slot = t->slot;
	char card[MASK_TEXT] = "";
	json_t *m;

	if (t->card[0])
		mask_number(t->card, card);
	m = json_pack("{ss, si, ss, ss, ss, ss, ss, sI, sI, ss, sb, si}", "type", "unit_end",
		"slot", (int)slot->number, "label", slot->last_label, "verdict",
		verdict_word(t->verdict), "code", t->code, "cause", t->cause, "action",
		action_of(t->code), "attempt", (json_int_t)t->attempt, "ms", (json_int_t)t->ms,
		"card", card, "lab", slot->lab, "try", slot->attempt.try);
	json_decref(slot->last_end);
	slot->last_end = json_incref(m);
	clients_tell(slot->station, m);
	asks_count(slot->station);
}

void unit_after(struct slot *slot)
{
	struct err err;

	if (slot->station->ending) {
		unit_idle(slot);
		return;
	}
	if (!slot->pid && worker_start(slot, &err) < 0)
		unit_slot_broken(slot, err.text);
	else
		unit_idle(slot);
}

static void end_stored(struct queue_job *job, int status, const struct err *err)
{
	static const char *const lamps[] = {"OFF", "GREEN", "RED", "YELL", "YELL"};
	struct task *t = (struct task *)job;
	struct slot *slot = t->slot;

	if (status == E_PROTOCOL && t->verdict == VERDICT_PASS) {
		/* The records do not bear a PASS: it is none, and who said so is not trusted again.
		 */
		worker_kill(slot);
		t->verdict = VERDICT_ERROR;
		strcpy(t->code, "TOOL-WORKER");
		snprintf(t->cause, sizeof(t->cause), "%.300s", err->text);
		queue_add(slot->station->writer, job);
		return;
	}
	slot->attempt_open = false;
	if (status < 0) {
		/* The row stays open: the next start completes it as ERROR. */
		t->verdict = VERDICT_ERROR;
		strcpy(t->code, "TOOL-STORE");
		snprintf(t->cause, sizeof(t->cause), "%.300s", err->text);
	}
	broker_led(slot, lamps[t->verdict]);
	tell_end(t);
	if (status < 0)
		unit_store_failed(slot, err); /* err is the task's */
	task_free(t);
	unit_after(slot);
}

static void made_safe(struct slot *slot, int status, const struct err *err)
{
	struct task *t = task_new(slot, run_end, end_stored);

	t->verdict = slot->verdict;
	strcpy(t->code, slot->code);
	strcpy(t->cause, slot->cause);
	t->ms = clock_ms() - slot->unit_started_ms;
	if (status < 0 && t->verdict == VERDICT_PASS) {
		t->verdict = VERDICT_ERROR;
		strcpy(t->code, "JIG-REFUSED");
		snprintf(t->cause, sizeof(t->cause), "the slot could not be made safe: %.250s",
			err->text);
	}
	if (slot->step) { /* torn: recorded as what it is */
		t->message = json_pack("{ss, sI, ss, ss, ss, ss, sI, s[]}", "step",
			message_string(slot->step, "step"), "position",
			message_integer(slot->step, "position"), "verdict",
			verdict_word(t->verdict), "code", t->code, "cause", t->cause, "note",
			"did not end", "ms", (json_int_t)(clock_ms() - slot->step_started_ms),
			"measurements");
		t->apdus = slot->apdus;
		slot->apdus = json_array();
		json_decref(slot->step);
		slot->step = NULL;
	}
	queue_add(slot->station->writer, &t->job);
}

static void end_with(struct slot *slot, enum verdict verdict, const char *code, const char *cause)
{
	struct loop *loop = slot->station->loop;

	if (slot->state != SLOT_WORKING)
		return;
	slot->verdict = verdict;
	if (slot->code != code)
		snprintf(slot->code, sizeof(slot->code), "%s", code);
	if (slot->cause != cause)
		snprintf(slot->cause, sizeof(slot->cause), "%s", cause);
	if (!slot->attempt_open)
		return; /* begun() ends it, when its row is there */
	loop_untimer(loop, &slot->step_deadline);
	loop_untimer(loop, &slot->unit_deadline);
	prompts_drop(slot);
	tokens_drop(slot);
	unit_set_state(slot, SLOT_ENDING);
	broker_safe(slot, made_safe);
}

void unit_end(struct slot *slot, const char *code, const char *cause)
{
	const struct code *c = code_find(code);

	worker_kill(slot); /* decided without it: whatever it does now is for nothing */
	end_with(slot, c ? c->verdict : VERDICT_ERROR, c ? code : "TOOL-WORKER", cause);
}

void unit_abort(struct slot *slot)
{
	if (slot->state == SLOT_WAITING) {
		loop_untimer(slot->station->loop, &slot->insert_deadline);
		unit_idle(slot);
	}
	if (slot->state == SLOT_ASKING)
		unit_unknown(slot, "the operator ended it");
	if (slot->state == SLOT_WORKING)
		unit_end(slot, "ABORTED", "the operator ended the test");
}

void unit_worker_failed(struct slot *slot, const char *why)
{
	char cause[CAUSE];
	struct err err;

	snprintf(cause, sizeof(cause), "the test process of the slot failed: %s", why);
	worker_kill(slot);
	if (slot->state == SLOT_WORKING) {
		unit_end(slot, "TOOL-WORKER", cause);
		return;
	}
	if (slot->state == SLOT_ASKING) {
		unit_unknown(slot, cause);
		return;
	}
	if (slot->state == SLOT_ENDING || slot->station->ending)
		return; /* started again when the unit has ended */
	if (worker_start(slot, &err) < 0)
		unit_slot_broken(slot, err.text);
}

static void take_unit_end(struct slot *slot, json_t *message)
{
	enum verdict verdict = verdict_from_word(message_string(message, "verdict"));
	const char *code = message_string(message, "code");
	const struct code *c = code_find(code);

	if (slot->step || verdict == VERDICT_NONE ||
		(verdict == VERDICT_PASS ? code[0] != '\0' : !c || c->verdict != verdict)) {
		unit_worker_failed(slot, "it ends a unit with a verdict that is none");
		return;
	}
	end_with(slot, verdict, code, message_string(message, "cause"));
}

static void take_ready(struct slot *slot, json_t *message)
{
	slot->ready = true;
	if (slot->state != SLOT_WORKING)
		loop_untimer(slot->station->loop, &slot->step_deadline);
	slot->lab = json_is_true(json_object_get(message, "lab"));
	if (slot->state == SLOT_STARTING)
		unit_set_state(slot, SLOT_IDLE);
	for (size_t i = 0; i < slot->station->slot_n; i++)
		if (!slot->station->slots[i].ready)
			return;
	jig_connect(slot->station->jig); /* not before: a wrong configuration is told first */
	clients_tell(slot->station, clients_station_message(slot->station));
}

static void take_unready(struct slot *slot, json_t *message)
{
	unit_slot_broken(slot, message_string(message, "error"));
}

static void take_jig(struct slot *slot, json_t *message)
{
	broker_ask(slot, message);
}

/* When a worker may say it; what comes at another time is dropped. */
enum when { ANY_TIME, IN_WORK, WITH_JIG };

static const struct {
	const char *type;
	enum when when;
	void (*take)(struct slot *slot, json_t *message);
} handlers[] = {
	{"apdu", IN_WORK, take_apdu},
	{"card", IN_WORK, cards_ask},
	{"claim", WITH_JIG, tokens_claim},
	{"jig", WITH_JIG, take_jig},
	{"prompt", IN_WORK, prompts_take},
	{"ready", ANY_TIME, take_ready},
	{"serial", WITH_JIG, unit_said_serial},
	{"step_begin", IN_WORK, take_step_begin},
	{"step_end", IN_WORK, take_step_end},
	{"token", WITH_JIG, tokens_take},
	{"unit_end", IN_WORK, take_unit_end},
	{"unready", ANY_TIME, take_unready},
};

bool unit_has_jig(const struct slot *slot)
{
	return slot->state == SLOT_WORKING || slot->state == SLOT_ASKING;
}

static bool is_time(const struct slot *slot, enum when when)
{
	switch (when) {
	case ANY_TIME: return true;
	case IN_WORK: return slot->state == SLOT_WORKING;
	case WITH_JIG: return unit_has_jig(slot);
	}
	return false;
}

void unit_message(struct slot *slot, json_t *message)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(handlers[i].type, message_type(message)) &&
			is_time(slot, handlers[i].when))
			handlers[i].take(slot, message);
}

void unit_init(struct slot *slot)
{
	slot->apdus = json_array();
	slot->token_wanted = -1;
	slot->step_deadline = (struct timer){.fired = step_late, .arg = slot};
	slot->unit_deadline = (struct timer){.fired = unit_late, .arg = slot};
	slot->insert_deadline = (struct timer){.fired = unit_nobody_came, .arg = slot};
}
