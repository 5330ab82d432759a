/*
 * What only a person can tell: the operator is asked, and what the jig can check of the answer is
 * checked.
 */
#include "core/num.h"
#include "core/words.h"
#include "messages/messages.h"
#include "plan/buttons.h"
#include "plan/prompts.h"
#include "slot/ask.h"
#include "slot/audio.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLUG_IN = 2 };

int ask_operator(struct unit *u, const char *prompt, char answer[UNIT_TEXT])
{
	struct err err;
	json_t *result = worker_ask(u->w,
		json_pack("{ss, ss, sI}", "type", "prompt", "prompt", prompt, "timeout_ms",
			(json_int_t)(u->plan->prompts.timeout_s * 1000)),
		&err);

	if (!result)
		return unit_finding(u, "ABORTED", "%s", err.text);
	snprintf(answer, UNIT_TEXT, "%s", message_string(result, "answer"));
	if (answer[0])
		unit_note(u, "%s: %s says \"%s\"", prompt, message_string(result, "by"), answer);
	json_decref(result);
	return answer[0] ? 0
			 : unit_finding(u, "OPERATOR-LATE", "%s, %.0f s", prompt,
				   u->plan->prompts.timeout_s);
}

int step_ask_led(struct unit *u)
{
	const char *right = plan_led_word(u->plan);
	char answer[UNIT_TEXT];
	int ret = ask_operator(u, "led", answer);

	if (ret < 0 || !strcmp(answer, right))
		return ret;
	return unit_finding(u, "OPERATOR-NO", "the light is %s, must be %s", answer, right);
}

/* ---- keys ---- */

static int key_edges(struct unit *u, bool clear, json_t **values)
{
	return unit_jig(u, "edges", json_pack("{sb}", "clear", clear), values);
}

/* Whether the ladder ever read as this key's resistance: within the phone's limits for it. */
static bool was_pressed(const struct profile_key *key, const char *edges)
{
	char *copy = strdup(edges), *rest = copy, *record;
	bool found = false;

	while (copy && (record = strsep(&rest, "|"))) {
		char *comma = strchr(record, ',');
		double ohm;

		if (comma && num_real(comma + 1, &ohm) == 0)
			found |= ohm >= key->phone_low && ohm <= key->phone_high;
	}
	free(copy);
	return found;
}

int step_ask_keys(struct unit *u)
{
	char answer[UNIT_TEXT];
	json_t *values = NULL;
	const char *edges;
	int ret = audio_take(u);

	if (ret == 0)
		ret = key_edges(u, true, NULL);
	if (ret == 0)
		ret = ask_operator(u, "keys", answer);
	if (ret < 0)
		return ret;
	if (strcmp(answer, prompt_find("keys")->answers[0]) != 0)
		return unit_finding(u, "OPERATOR-NO", "%s", answer);
	ret = key_edges(u, false, &values);
	if (ret < 0)
		return ret;
	edges = json_string_value(json_array_get(values, 0));
	for (size_t i = 0; i < u->profile->key_n; i++)
		if (!edges || !was_pressed(&u->profile->keys[i], edges))
			unit_finding(
				u, "BTN-DEAD", "key %s, pressed by hand", u->profile->keys[i].name);
	json_decref(values);
	return u->finding.verdict == VERDICT_NONE ? 0 : E_REFUSED;
}

/* ---- plug ---- */

/* The supply is off while the plug is out. */
int step_ask_plug(struct unit *u)
{
	double before = 0, after = 0, plug = 0;
	char answer[UNIT_TEXT];
	int ret = unit_jig_number(u, "inserts", &before);

	if (ret < 0 || (ret = power_off(u)) < 0 || (ret = ask_operator(u, "plug", answer)) < 0)
		return ret;
	if (strcmp(answer, prompt_find("plug")->answers[0]) != 0)
		return unit_finding(u, "OPERATOR-NO", "%s", answer);
	if ((ret = unit_jig_number(u, "plug", &plug)) < 0 ||
		(ret = unit_jig_number(u, "inserts", &after)) < 0)
		return ret;
	if (!(plug == PLUG_IN))
		return unit_finding(u, "JIG-PLUG", "%s", "");
	if (!(after > before))
		return unit_finding(u, "JIG-PLUG", "it was not pulled");
	ret = power_on(u);
	return ret < 0 ? ret : unit_open(u);
}
