/*
 * A load or a purchase from its SELECT to its ledger entry, over the unit's own link or, through a
 * phone, over NFC. Each ends with a finding if it fails.
 */
#ifndef SLOT_TRANSACT_H
#define SLOT_TRANSACT_H

#include "slot/unit.h"

/* A load of the job's amount; the purse is selected. */
int transact_load(struct unit *u);

/* Has the purse selected over the unit's own link, and what an earlier attempt left known: before
 * it is asked whether something is done. */
int transact_resume(struct unit *u);

/* True, and noted, if no more can be paid: the unit's test keys are erased, which they are only
 * after every purchase of the plan was right. The unit is resumed. */
bool transact_is_over(struct unit *u);

/* transact_resume(), and at least the job's amount in the purse: a load if it needs one. */
int transact_fund(struct unit *u);

/*
 * A purchase of the job's amount, *t and u->paid[over] filled. Answers are checked; the time is the
 * caller's to judge. What is lost in the middle is recovered over the unit's own link, and made
 * once more if it did not happen. The ledger still has it open, unless it failed.
 */
int transact_purchase(struct unit *u, enum paid_over over, struct transaction *t);

/* It is right: the card is PROVEN, and the purchase DONE, in one. */
int transact_proven(struct unit *u, struct transaction *t);

/* It happened and is not as it must be (`ret` says so and is returned): a retest may not build on
 * it. */
int transact_spoilt(struct unit *u, struct transaction *t, int ret);

/* All exchanges of a purchase together, microseconds. */
int64_t transact_us(const struct paid *paid);

#endif
