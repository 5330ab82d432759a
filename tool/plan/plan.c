#include "plan/plan.h"

#include <string.h>

static const char *const kinds[] = {"plan", NULL};
static const char *const starts[] = {"scan", "insert", NULL};
static const char *const bonds[] = {"all", "own", NULL};
static const char *const leds[] = {"red", "green", "blue", "dark", NULL};

#define AT(member) offsetof(struct plan, member)

static const struct conf_field link_item = {"links", CONF_STRING, 0, .size = PLAN_LINK};

static const struct conf_field step_fields[] = {
	{"step", CONF_STRING, offsetof(struct plan_step, step), .size = PLAN_TEXT,
		.required = true},
	{"deadline_s", CONF_REAL, offsetof(struct plan_step, deadline_s), .required = true,
		.min = 0.1, .max = 3600},
	{"always", CONF_BOOL, offsetof(struct plan_step, always)},
	{"links", CONF_LIST, offsetof(struct plan_step, links), .size = PLAN_LINK,
		.item = &link_item, .count_offset = offsetof(struct plan_step, link_n),
		.most = PLAN_LINKS},
	{0},
};

static const struct conf_field key_fields[] = {
	{"presses", CONF_INTEGER, AT(keys.presses) - AT(keys), .required = true, .min = 1,
		.max = 32},
	{"hold_s", CONF_REAL, AT(keys.hold_s) - AT(keys), .required = true, .min = 0.15, .max = 15},
	{"gap_s", CONF_REAL, AT(keys.gap_s) - AT(keys), .required = true, .min = 0.1, .max = 15},
	{0},
};

static const struct conf_field payment_fields[] = {
	{"random_reads", CONF_INTEGER, AT(payment.random_reads) - AT(payment), .required = true,
		.min = 3, .max = 1024},
	{0},
};

static const struct conf_field prompt_fields[] = {
	{"timeout_s", CONF_REAL, AT(prompts.timeout_s) - AT(prompts), .required = true, .min = 1,
		.max = 3600},
	{"led", CONF_WORD, AT(prompts.led) - AT(prompts), .required = true, .words = leds},
	{0},
};

static const struct conf_field plan_fields[] = {
	{"kind", CONF_WORD, AT(kind), .required = true, .words = kinds},
	{"name", CONF_STRING, AT(name), .size = PLAN_TEXT, .required = true},
	{"unit_deadline_s", CONF_REAL, AT(unit_deadline_s), .required = true, .min = 1,
		.max = 86400},
	{"keys", CONF_STRUCT, AT(keys), .required = true, .fields = key_fields},
	{"payment", CONF_STRUCT, AT(payment), .required = true, .fields = payment_fields},
	{"start", CONF_WORD, AT(start), .words = starts},
	{"bonds", CONF_WORD, AT(bonds), .words = bonds},
	{"prompts", CONF_STRUCT, AT(prompts), .fields = prompt_fields},
	{"steps", CONF_LIST, AT(steps), .size = sizeof(struct plan_step), .required = true,
		.fields = step_fields, .count_offset = AT(step_n), .most = PLAN_STEPS},
	{"limits", CONF_LIST, AT(limits), .size = sizeof(struct limit), .fields = limit_fields,
		.count_offset = AT(limit_n), .most = PROFILE_LIMITS},
	{0},
};

int plan_read(const char *path, const char *text, size_t length, struct plan *plan, struct err *err)
{
	int ret;

	*plan = (struct plan){0};
	ret = conf_read(path, text, length, plan_fields, plan, err);
	if (ret < 0)
		return ret;
	if (!plan->step_n)
		return err_set(err, E_CONFIG, "%s: steps: a plan needs at least one step", path);
	for (size_t i = 0; i < plan->limit_n; i++)
		if (plan->limits[i].low > plan->limits[i].high)
			return err_set(err, E_CONFIG, "%s: limits: %s: low is above high", path,
				plan->limits[i].name);
	return 0;
}

int plan_has_step(const struct plan *plan, const char *step)
{
	for (size_t i = 0; i < plan->step_n; i++)
		if (!strcmp(plan->steps[i].step, step))
			return 1;
	return 0;
}

bool plan_applies(const struct plan *plan, size_t position, const char *link)
{
	const struct plan_step *s = &plan->steps[position];

	for (size_t i = 0; i < s->link_n; i++)
		if (!strcmp(s->links[i], link))
			return true;
	return !s->link_n;
}

size_t plan_steps_for(const struct plan *plan, const char *link)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->step_n; i++)
		n += plan_applies(plan, i, link);
	return n;
}

const char *plan_led_word(const struct plan *plan)
{
	return leds[plan->prompts.led];
}

static const struct limit *find_limit(const struct limit *limits, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(limits[i].name, name))
			return &limits[i];
	return NULL;
}

const struct limit *plan_limit(
	const struct plan *plan, const struct profile *profile, const char *name)
{
	const struct limit *l = find_limit(plan->limits, plan->limit_n, name);

	return l ? l : find_limit(profile->limits, profile->limit_n, name);
}
