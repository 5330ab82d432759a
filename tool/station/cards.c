/* What a worker may ask of the card ledger, for its own unit: one table of operations. */
#include "station/private.h"

#include <stdlib.h>
#include <string.h>

struct ask {
	struct queue_job job;
	struct slot *slot;
	unsigned generation;
	json_int_t id;
	const struct operation *op;
	char unit[LABEL];
	int64_t attempt;
	json_t *proof;
	json_t *answer; /* card_result, filled by the operation */
};

struct operation {
	const char *name;
	/* in the writer's thread */
	int (*run)(struct store *store, struct ask *a, struct err *err);
	const char *outcome; /* of a payment */
};

static void say(struct ask *a, const char *member, json_t *value)
{
	json_object_set_new(a->answer, member, value);
}

static int run_reserve(struct store *store, struct ask *a, struct err *err)
{
	struct store_card card = {0};
	json_t *payments = NULL;
	int ret = store_reserve_card(store, a->slot->attempt.job, a->unit, (int)a->slot->number,
		a->attempt, &card, &payments, err);

	if (ret < 0) {
		if (err->code)
			say(a, "state", json_string(err->code == STORE_NO_CARD ? "NONE" : "DONE"));
		return ret;
	}
	say(a, "payments", payments);
	say(a, "state", json_string(card.state));
	say(a, "card",
		json_pack("{ss, ss, ss, ss, ss}", "number", card.number, "valid_from",
			card.valid_from, "valid_to", card.valid_to, "extended", card.extended,
			"keys", card.keys));
	ret = store_is_sealed(store, a->unit, err);
	say(a, "sealed", json_boolean(ret == 1));
	return ret;
}

static int run_move(struct store *store, struct ask *a, struct err *err)
{
	return store_move_card(
		store, a->unit, a->op->name, (int)a->slot->number, a->attempt, a->proof, err);
}

static int run_holding(struct store *store, struct ask *a, struct err *err)
{
	char state[STORE_STATE];
	int ret = store_holding(store, a->unit, state, err);

	say(a, "state", json_string(state));
	return ret;
}

static int run_claim(struct store *store, struct ask *a, struct err *err)
{
	int ret = store_other_holder(store, a->unit, message_string(a->proof, "number"), err);

	say(a, "state", json_string(ret == 1 ? "OTHER" : "NONE"));
	return ret;
}

static int run_pay(struct store *store, struct ask *a, struct err *err)
{
	int64_t id = 0;
	int ret = store_begin_payment(store, a->unit, a->attempt, a->proof, &id, err);

	say(a, "payment", json_integer((json_int_t)id));
	return ret;
}

static int run_end_payment(struct store *store, struct ask *a, struct err *err)
{
	return store_end_payment(store, a->unit, a->attempt, message_integer(a->proof, "payment"),
		a->op->outcome, message_string(a->proof, "tac"), err);
}

static int run_seal(struct store *store, struct ask *a, struct err *err)
{
	return store_seal(store, a->unit, err);
}

/* Moves are named after the state they lead to. */
static const struct operation operations[] = {
	{"CLAIM", run_claim},	  /* does another unit hold this card number? */
	{"HOLDING", run_holding}, /* the state of the unit's card */
	{"INTENT", run_move},
	{"MISPAID", run_end_payment, "BAD"}, /* it happened, its answer was wrong */
	{"PAID", run_end_payment, "DONE"},
	{"PAY", run_pay}, /* a payment is about to be sent */
	{"PROVEN", run_move},
	{"QUARANTINE", run_move},
	{"RESERVED", run_reserve},
	{"SEAL", run_seal}, /* test keys are about to be erased */
	{"SPOILED", run_move},
	{"UNPAID", run_end_payment, "UNDONE"},
	{"WRITTEN", run_move},
};

static int run(struct store *store, struct queue_job *job, struct err *err)
{
	struct ask *a = (struct ask *)job;

	return a->op->run(store, a, err);
}

static void done(struct queue_job *job, int status, const struct err *err)
{
	struct ask *a = (struct ask *)job;

	if (status == E_STORE) {
		json_decref(a->answer);
		unit_store_failed(a->slot, err);
	} else {
		say(a, "status", json_integer(status < 0 ? status : 0));
		if (status < 0)
			say(a, "error", json_string(err->text));
		if (a->slot->generation == a->generation)
			worker_send(a->slot, a->answer);
		else
			json_decref(a->answer);
	}
	json_decref(a->proof);
	free(a);
}

void cards_ask(struct slot *slot, json_t *message)
{
	const char *op = message_string(message, "op");
	const struct operation *operation = NULL;
	struct ask *a;

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, op))
			operation = &operations[i];
	if (!operation || strcmp(message_string(message, "unit"), slot->label) != 0) {
		unit_worker_failed(slot, "it asks for a card that is not its unit's");
		return;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		abort(); /* as in units.c: without memory nothing can be recorded */
	a->job = (struct queue_job){.run = run, .done = done};
	a->slot = slot;
	a->generation = slot->generation;
	a->id = message_integer(message, "id");
	a->op = operation;
	strcpy(a->unit, slot->label);
	a->attempt = slot->attempt.id;
	a->proof = json_incref(json_object_get(message, "proof"));
	a->answer = json_pack("{ss, sI}", "type", "card_result", "id", a->id);
	queue_add(slot->station->writer, &a->job);
}
