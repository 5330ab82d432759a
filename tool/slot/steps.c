#include "slot/steps.h"
#include "link/link.h"
#include "slot/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Alphabetical; the order of a test is the plan's. */
static const struct step steps[] = {
	{"ask_keys", step_ask_keys, .asks = true},
	{"ask_led", step_ask_led, .asks = true},
	{"ask_plug", step_ask_plug, .asks = true},
	{"audio", step_audio, {"mic_resistance", "ear_resistance"}, .link = "jack"},
	{"battery", step_battery, {"battery_level"}, .power_key = true},
	{"block", step_block, {0}},
	{"connect", step_connect, {"boot_time"}},
	{"counters", step_counters, {0}},
	{"default_key", step_default_key, {0}},
	{"identify", step_identify, {0}},
	{"keys", step_keys, {"key_closed", "key_bounce", "key_release", "current"}, .keys = true},
	{"load", step_load, {0}},
	{"log", step_log, {0}},
	{"pay_compare", step_pay_compare, {"purchase_time", "nfc_time", "nfc_headset_time"},
		.nfc = true, .pays = 1 << PAID_LINK | 1 << PAID_NFC},
	{"pay_nfc", step_pay_nfc, {"nfc_time", "nfc_headset_time"}, .nfc = true,
		.pays = 1 << PAID_NFC},
	{"personalize", step_personalize, {0}},
	{"plug", step_plug, {0}, .link = "jack"},
	{"power_key", step_power_key, {"current", "current_off", "boot_time"}, .power_key = true},
	{"power_off", step_power_off, {0}},
	{"power_on", step_power_on, {"supply_voltage", "current"}},
	{"prove", step_prove, {0}},
	{"purchase", step_purchase, {"purchase_time", "current"}, .pays = 1 << PAID_LINK},
	{"random", step_random, {0}},
	{"read_back", step_read_back, {0}},
	{"refuse_replay", step_refuse_replay, {0}},
	{"refuse_wrong_mac1", step_refuse_wrong_mac1, {0}},
	{"sealed", step_sealed, {0}},
	{"test_keys", step_test_keys, {0}},
	{"unbond", step_unbond, {0}},
};

/* Every step may send APDUs. */
static const char *const common[] = {"apdu_time", "store_data_time"};

const struct step *steps_table(size_t *n)
{
	*n = sizeof(steps) / sizeof(steps[0]);
	return steps;
}

const struct step *steps_find(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].name, name))
			return &steps[i];
	return NULL;
}

static int need_limit(const char *path, const char *step, const struct plan *plan,
	const struct profile *profile, const char *limit, struct err *err)
{
	if (plan_limit(plan, profile, limit))
		return 0;
	return err_set(err, E_CONFIG, "%s: %s%slimit \"%s\" is in neither plan nor profile %s",
		path, step, step[0] ? ": " : "", limit, profile->name);
}

/* On the ladder a key is known by its resistance, elsewhere by what it reports. */
static int check_keys(const char *path, const struct plan *plan, const struct profile *profile,
	const struct link_driver *link, struct err *err)
{
	bool ladder = !link->listen;

	for (size_t i = 0; i < profile->key_n && !link->key_names; i++)
		if (ladder ? isnan(profile->keys[i].ohm) : !profile->keys[i].usage.n)
			return err_set(err, E_CONFIG,
				"%s: step keys: profile %s: key %s needs its %s", path,
				profile->name, profile->keys[i].name, ladder ? "ohm" : "usage");
	if (!ladder)
		return 0;
	if (need_limit(path, "step keys", plan, profile, "key_zero", err) < 0)
		return E_CONFIG;
	return need_limit(path, "step keys", plan, profile, "key_deviation", err);
}

/* The stand-in, or the golden phone: who brings it is asked for it. */
static int check_nfc(const char *path, const char *name, const struct worker *w,
	const struct plan_step *at, struct err *err)
{
	if (!w->nfc.reader[0] || (!w->nfc.standin[0] && !w->nfc.phone[0]))
		return err_set(err, E_CONFIG,
			"%s: %s: the fixture has no NFC reader with a phone (reader, phone)", path,
			name);
	if (w->nfc.phone[0] && !w->nfc.stays &&
		!(w->plan.prompts.timeout_s > 0 && w->plan.prompts.timeout_s < at->deadline_s))
		return err_set(err, E_CONFIG,
			"%s: %s: the operator brings the golden phone: the plan needs prompts, and the step a longer "
			"deadline",
			path, name);
	return 0;
}

/* Every purchase of the plan is one that the job lets a card make. */
static int check_payments(const char *path, const struct worker *w, unsigned pays, struct err *err)
{
	const json_t *payment = json_object_get(w->terms, "factory_payment");
	const json_t *count = json_object_get(payment, "count");
	int purchases = __builtin_popcount(pays);

	if (!count || json_integer_value(count) >= purchases)
		return 0;
	return err_set(err, E_CONFIG,
		"%s: the plan makes %d purchases with a card, the job authorizes %lld (factory_payment: count)",
		path, purchases, (long long)json_integer_value(count));
}

static int check_step(const char *path, const struct step *step, const struct plan_step *at,
	const struct worker *w, const struct link_driver *link, struct err *err)
{
	const struct plan *plan = &w->plan;
	const struct profile *profile = &w->profile;
	char name[PLAN_TEXT + 8];

	snprintf(name, sizeof(name), "step %s", step->name);
	if (step->asks && at->deadline_s <= plan->prompts.timeout_s)
		return err_set(err, E_CONFIG,
			"%s: %s: its deadline must be longer than the operator may take (prompts: timeout_s)",
			path, name);
	if (step->asks && !(plan->prompts.timeout_s > 0))
		return err_set(err, E_CONFIG,
			"%s: %s: asks the operator, but the plan has no \"prompts\"", path, name);
	if (step->link && strcmp(step->link, link->name) != 0)
		return err_set(err, E_CONFIG,
			"%s: %s: can't be done on link %s: say links: [%s] there", path, name,
			link->name, step->link);
	if (step->keys && check_keys(path, plan, profile, link, err) < 0)
		return E_CONFIG;
	if (step->nfc && check_nfc(path, name, w, at, err) < 0)
		return E_CONFIG;
	if (step->power_key && !(profile->power_key.on_s > 0))
		return err_set(err, E_CONFIG, "%s: %s: profile %s has no power_key", path, name,
			profile->name);
	for (size_t k = 0; k < STEP_LIMITS && step->limits[k]; k++)
		if (need_limit(path, name, plan, profile, step->limits[k], err) < 0)
			return E_CONFIG;
	return 0;
}

int steps_check(
	const char *path, const struct worker *w, const struct link_driver *link, struct err *err)
{
	const struct plan *plan = &w->plan;
	unsigned pays = 0;

	for (size_t i = 0; link->facts && link->facts[i]; i++)
		if (need_limit(path, "step connect", plan, &w->profile, link->facts[i], err) < 0)
			return E_CONFIG;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (need_limit(path, "", plan, &w->profile, common[i], err) < 0)
			return E_CONFIG;
	for (size_t i = 0; i < plan->step_n; i++) {
		const struct step *step = steps_find(plan->steps[i].step);

		if (!step)
			return err_set(err, E_CONFIG, "%s: steps: \"%s\": there is no such step",
				path, plan->steps[i].step);
		if (!plan_applies(plan, i, link->name))
			continue;
		pays |= step->pays;
		if (check_step(path, step, &plan->steps[i], w, link, err) < 0)
			return E_CONFIG;
	}
	return check_payments(path, w, pays, err);
}
