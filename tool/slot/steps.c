#include "slot/steps.h"

#include <string.h>

/* Alphabetical; the order of a test is the plan's. */
static const struct step steps[] = {
	{"ask_keys", step_ask_keys, .asks = true},
	{"ask_led", step_ask_led, .asks = true},
	{"ask_plug", step_ask_plug, .asks = true},
	{"audio", step_audio, {"mic_resistance", "ear_resistance"}},
	{"block", step_block, {0}},
	{"connect", step_connect, {"boot_time"}},
	{"counters", step_counters, {0}},
	{"default_key", step_default_key, {0}},
	{"identify", step_identify, {0}},
	{"keys", step_keys,
		{"key_zero", "key_deviation", "key_closed", "key_bounce", "key_release",
			"current"}},
	{"load", step_load, {0}},
	{"log", step_log, {0}},
	{"personalize", step_personalize, {0}},
	{"plug", step_plug, {0}},
	{"power_off", step_power_off, {0}},
	{"power_on", step_power_on, {"supply_voltage", "current"}},
	{"prove", step_prove, {0}},
	{"purchase", step_purchase, {"purchase_time", "current"}},
	{"random", step_random, {0}},
	{"read_back", step_read_back, {0}},
	{"refuse_replay", step_refuse_replay, {0}},
	{"refuse_wrong_mac1", step_refuse_wrong_mac1, {0}},
	{"sealed", step_sealed, {0}},
	{"test_keys", step_test_keys, {0}},
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

int steps_check(
	const char *path, const struct plan *plan, const struct profile *profile, struct err *err)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (!plan_limit(plan, profile, common[i]))
			return err_set(err, E_CONFIG,
				"%s: limit \"%s\" is in neither plan nor profile %s", path,
				common[i], profile->name);
	for (size_t i = 0; i < plan->step_n; i++) {
		const struct step *step = steps_find(plan->steps[i].step);

		if (!step)
			return err_set(err, E_CONFIG, "%s: steps: \"%s\": there is no such step",
				path, plan->steps[i].step);
		if (step->asks && plan->steps[i].deadline_s <= plan->prompts.timeout_s)
			return err_set(err, E_CONFIG,
				"%s: step %s: its deadline must be longer than the operator may take (prompts: timeout_s)",
				path, step->name);
		if (step->asks && !(plan->prompts.timeout_s > 0))
			return err_set(err, E_CONFIG,
				"%s: step %s: asks the operator, but the plan has no \"prompts\"",
				path, step->name);
		for (size_t k = 0; k < STEP_LIMITS && step->limits[k]; k++)
			if (!plan_limit(plan, profile, step->limits[k]))
				return err_set(err, E_CONFIG,
					"%s: step %s: limit \"%s\" is in neither plan nor profile %s",
					path, step->name, step->limits[k], profile->name);
	}
	return 0;
}
