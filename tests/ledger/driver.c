#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int driver_add_job(struct store *s, const char *name, size_t n, struct err *err)
{
	struct store_card *cards = calloc(n, sizeof(*cards));
	json_t *terms = json_pack("{s{ss, si, ss, si}}", "factory_payment", "mode", "live",
		"amount_cents", 100, "terminal", "112233445566", "count", 1);
	const struct store_job job = {.name = name,
		.product = "P",
		.key_set = "K",
		.digest = "d",
		.allotment = "1 of 1",
		.realm = "LAB",
		.signer = "S",
		.terms = terms,
		.cards = cards,
		.card_n = n};
	int ret = cards ? 0 : err_set(err, E_SYSTEM, "out of memory");

	for (size_t i = 0; cards && i < n; i++) {
		char number[48];

		snprintf(number, sizeof(number), "622000000000%08zu", i + 1);
		memcpy(cards[i].number, number, CARD_NUMBER - 1);
		strcpy(cards[i].valid_from, "20260101");
		strcpy(cards[i].valid_to, "20361231");
	}
	if (ret == 0)
		ret = store_add_job(s, &job, err);
	json_decref(terms);
	free(cards);
	return ret;
}

int driver_begin(struct store *s, const char *job, const char *serial, struct store_attempt *a,
	struct err *err)
{
	*a = (struct store_attempt){.label = serial,
		.job = job,
		.plan = "p",
		.plan_digest = "d",
		.profile = "r",
		.profile_digest = "d",
		.fixture = "f",
		.fixture_digest = "d",
		.job_digest = "d",
		.version = "0",
		.jig = "jig",
		.operator= "op",
		.slot = 1,
		.steps = 1,
		.lab = true};
	return store_begin_attempt(s, a, err);
}

int driver_step(struct store *s, int64_t attempt, const char *verdict, struct err *err)
{
	json_t *m = json_pack("{si, ss, ss, ss, ss, ss, si, s[{ss, sf, ss, sf, sf, sf, ss}]}",
		"position", 0, "step", "x", "verdict", verdict, "code", "", "cause", "", "note", "",
		"ms", 5, "measurements", "name", "n", "value", 1.5, "unit", "V", "low", 1.0, "high",
		2.0, "marginal", 0.0, "judgement", "PASS");
	int ret = store_end_step(s, attempt, m, NULL, err);

	json_decref(m);
	return ret;
}

/* 1 if a purchase is done, 2 if one is on its way: *id. */
static int paid_before(const json_t *payments, int64_t *id)
{
	const json_t *p;
	size_t i;
	int found = 0;

	json_array_foreach(payments, i, p)
	{
		const char *outcome = json_string_value(json_object_get(p, "outcome"));

		if (outcome && !strcmp(outcome, "UNDONE"))
			continue;
		found = outcome ? 1 : 2;
		*id = json_integer_value(json_object_get(p, "id"));
	}
	return found;
}

static int purchase(struct store *s, const struct driver_unit *u, int64_t attempt,
	const json_t *payments, json_t **proof, struct err *err)
{
	int64_t id = 0;
	int before = paid_before(payments, &id), ret = 0;
	json_t *payment;

	*proof = json_pack("{si, si}", "online_counter", 0, "offline_counter", 1);
	if (before == 1)
		return 0;
	if (before == 2 && !u->paid) { /* asked: it did not happen */
		ret = store_end_payment(s, u->serial, attempt, id, "UNDONE", "", err);
		before = 0;
	}
	if (before == 0 && ret == 0) {
		payment = json_pack("{ss, si, ss, ss, ss, ss, si, si, si, ss, si}", "kind",
			"purchase", "amount_cents", 100, "terminal", "112233445566", "sequence",
			"00000001", "date", "20260101", "time", "120000", "counter", 0,
			"balance_cents", 100, "overdraft_cents", 0, "random", "01020304",
			"key_index", 1);
		ret = store_begin_payment(s, u->serial, attempt, payment, &id, err);
		json_decref(payment);
		if (ret == 0 && u->pay && u->pay(u->arg) < 0)
			return err_set(err, E_CANCELLED, "the worker died");
	}
	json_object_set_new(*proof, "payment", json_integer(id));
	json_object_set_new(*proof, "tac", json_string("A1B2C3D4"));
	return ret;
}

static int work(struct store *s, const char *job, const struct driver_unit *u, int64_t attempt,
	struct store_card *card, struct err *err)
{
	json_t *payments = NULL, *proof = NULL;
	int ret = store_reserve_card(s, job, u->serial, 1, attempt, card, &payments, err);

	if (ret == 0 && !u->written) {
		ret = store_move_card(s, u->serial, "INTENT", 1, attempt, NULL, err);
		if (ret == 0 && u->write && u->write(u->arg, card) < 0)
			ret = err_set(err, E_CANCELLED, "the worker died");
	}
	if (ret == 0 && strcmp(card->state, "PROVEN") != 0)
		ret = store_move_card(s, u->serial, "WRITTEN", 1, attempt, NULL, err);
	if (ret == 0)
		ret = purchase(s, u, attempt, payments, &proof, err);
	if (ret == 0)
		ret = store_move_card(s, u->serial, "PROVEN", 1, attempt, proof, err);
	json_decref(payments);
	json_decref(proof);
	return ret;
}

int driver_attempt(struct store *s, const char *job, const struct driver_unit *u,
	enum driver_end end, char card[CARD_NUMBER], struct err *err)
{
	static const struct store_end ends[] = {{VERDICT_PASS, "", "", "ship the unit"},
		{VERDICT_FAIL, "PAY-MAC2", "bad", "put the unit into the reject bin"},
		{VERDICT_ERROR, "TOOL-WORKER", "its worker died", "test the unit again"}};
	struct store_attempt a;
	struct store_card c = {0};
	int ret = driver_begin(s, job, u->serial, &a, err);

	if (ret < 0)
		return ret;
	ret = work(s, job, u, a.id, &c, err);
	if (ret == E_CANCELLED || ret == E_REFUSED)
		end = DRIVER_ERROR;
	else if (ret < 0)
		return ret;
	strcpy(card, c.number);
	ret = driver_step(s, a.id,
		end == DRIVER_PASS   ? "PASS"
		: end == DRIVER_FAIL ? "FAIL"
				     : "ERROR",
		err);
	return ret < 0 ? ret : store_end_attempt(s, a.id, &ends[end], card, err);
}
