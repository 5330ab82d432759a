/* The factory payment: random numbers, load, and a full MAC1/MAC2 purchase. */
#include "payment/randomness.h"
#include "slot/pay.h"
#include "slot/power.h"
#include "slot/steps.h"
#include "slot/transact.h"

#include <stdlib.h>

int step_random(struct unit *u)
{
	size_t n = (size_t)u->plan->payment.random_reads;
	uint32_t *values = calloc(n, sizeof(*values));
	struct link_answer a;
	const char *why;
	int ret = values ? pay_select(u, "PAY-REFUSED", &a)
			 : unit_finding(u, "TOOL-WORKER", "out of memory");

	for (size_t i = 0; i < n && ret == 0; i++) {
		/* An amount of nothing: no money is at stake, only the random is wanted. */
		struct purse_terms terms = pay_terms(u, PURSE_TYPE_PURCHASE, 0);
		struct purse_start start = {0};

		ret = pay_initialize(u, &terms, &start, NULL);
		for (size_t k = 0; k < 4; k++)
			values[i] = values[i] << 8 | start.random[k];
	}
	if (ret == 0 && (why = randomness_judge(values, n)))
		ret = unit_finding(u, "PAY-RANDOM", "%zu reads: %s", n, why);
	free(values);
	return ret;
}

int step_load(struct unit *u)
{
	int ret = transact_resume(u);

	if (ret < 0)
		return ret;
	if (u->load.done) {
		unit_note(u, "the unit came back with its load");
		return pay_check_balance(u);
	}
	return transact_load(u);
}

static int judge_time(struct unit *u, struct transaction *t)
{
	const struct paid *p = &u->paid[PAID_LINK];
	const struct apdu debit = purse_debit(&t->terms, t->mac1);
	const struct link_answer answer = {.n = 8, .us = p->us[PAID_DEBIT]};
	int ret;

	if (!p->answered)
		return 0;
	ret = unit_measure(
		u, "purchase_time", "purchase_time", (double)transact_us(p) / 1e6, "PAY-TIME");
	if (ret == 0)
		ret = unit_judge_time(u, &debit, &answer);
	return ret < 0 ? transact_spoilt(u, t, ret) : 0;
}

int step_purchase(struct unit *u)
{
	struct transaction *t = &u->purchase;
	int ret = transact_resume(u);

	if (ret < 0)
		return ret;
	if (t->done) /* paid is paid: the job's money is spent once, the proof is asked for below */
		unit_note(u, "the unit came back with its purchase made");
	else if ((ret = transact_purchase(u, PAID_LINK, t)) == 0)
		ret = judge_time(u, t);
	if (ret < 0 || (ret = pay_check_balance(u)) < 0 ||
		(ret = power_current(u, "current_payment", "PWR-CURRENT")) < 0)
		return ret;
	return transact_proven(u, t);
}
