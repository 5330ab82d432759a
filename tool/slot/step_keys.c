/*
 * The keys: each is pressed by the jig, and every edge of the ladder judged.
 */
#include "core/clock.h"
#include "core/num.h"
#include "plan/buttons.h"
#include "slot/audio.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DUTY = 104, DUTY_TRIES = 20, DUTY_WAIT_MS = 3000, HOLD_SETTLE_MS = 40, RECORD_FIELDS = 8 };

/* Reads `count` numbers separated by commas; what was not measured becomes NaN. */
static int numbers(char *text, double *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *field = strsep(&text, ",");

		if (!field || num_real(field, &out[i]) < 0)
			return -1;
		if (out[i] >= 9.9e37)
			out[i] = NAN;
	}
	return text ? -1 : 0;
}

static int parse_presses(char *text, struct button_run *run)
{
	char *record;

	run->n = 0;
	while ((record = strsep(&text, "|")) && *record) {
		double f[RECORD_FIELDS];

		if (run->n == BUTTON_PRESSES || numbers(record, f, RECORD_FIELDS) < 0)
			return -1;
		run->presses[run->n++] = (struct button_press){.t_cmd = f[0],
			.t_close = f[1],
			.t_open = f[2],
			.bounce_close = f[4],
			.bounce_open = f[6],
			.ohm = f[7]};
	}
	return 0;
}

static int parse_edges(char *text, struct button_run *run)
{
	char *record;

	run->edge_n = 0;
	while ((record = strsep(&text, "|")) && *record) {
		double f[2];

		if (run->edge_n == BUTTON_EDGES || numbers(record, f, 2) < 0)
			return -1;
		run->edges[run->edge_n++] = (struct button_edge){.t = f[0], .ohm = f[1]};
	}
	return 0;
}

static int ask_press(struct unit *u, const char *key, json_t **values)
{
	struct err err;
	int64_t us;
	int ret = E_REFUSED;

	for (int i = 0; i < DUTY_TRIES; i++) {
		ret = unit_jig_raw(u, "press",
			json_pack("{ss, sI, sf, sf}", "key", key, "count",
				(json_int_t)u->plan->keys.presses, "hold_s", u->plan->keys.hold_s,
				"gap_s", u->plan->keys.gap_s),
			values, &us, &err);
		if (ret != E_REFUSED || err.code != DUTY)
			break;
		clock_wait_ms(DUTY_WAIT_MS); /* the actuator cools: nothing is wrong */
	}
	return ret < 0 ? unit_jig_finding(u, &err) : 0;
}

static int press(struct unit *u, struct button_run *run)
{
	json_t *values = NULL;
	const char *data, *edges;
	char *data_copy, *edges_copy;
	int ret = ask_press(u, run->key->name, &values);

	if (ret < 0)
		return ret;
	data = json_string_value(json_array_get(values, 0));
	edges = json_string_value(json_array_get(values, 1));
	data_copy = data ? strdup(data) : NULL;
	edges_copy = edges ? strdup(edges) : NULL;
	if (!data_copy || !edges_copy || parse_presses(data_copy, run) < 0 ||
		parse_edges(edges_copy, run) < 0 || run->n != (size_t)u->plan->keys.presses)
		ret = unit_finding(
			u, "JIG-PROTOCOL", "the record of key %s is malformed", run->key->name);
	free(data_copy);
	free(edges_copy);
	json_decref(values);
	return ret;
}

static void measure(struct unit *u, const struct button_run *run, const char *what,
	const char *limit, double value, const char *code)
{
	char name[48];

	snprintf(name, sizeof(name), "key_%s_%s", run->key->name, what);
	unit_measure(u, name, limit, value, code);
}

/* The order decides which code a key gets that breaks several checks. */
static void judge(struct unit *u, const struct button_run *run)
{
	struct button_worst w = button_worst(run);
	const char *code = button_contact(run, &w);

	if (code)
		unit_finding(u, code, "key %s: %zu of %zu presses closed", run->key->name, w.closed,
			run->n);
	measure(u, run, "closed", "key_closed", w.closed_s, "BTN-MISS");
	if (run->key->ohm > 0)
		measure(u, run, "deviation", "key_deviation", w.deviation, "BTN-OHM");
	else
		measure(u, run, "ohm", "key_zero", w.ohm, "BTN-OHM");
	measure(u, run, "bounce", "key_bounce", w.bounce_s, "BTN-BOUNCE");
	measure(u, run, "release", "key_release", w.release_s, "BTN-RELEASE");
	code = button_edges(run);
	if (code)
		unit_finding(u, code, "while key %s was pressed %zu times", run->key->name, run->n);
}

/* The current while a key is held. */
static int held_current(struct unit *u, const char *key)
{
	char name[32];
	int ret = unit_jig(u, "hold", json_pack("{ss, sb}", "key", key, "on", 1), NULL);

	if (ret < 0)
		return ret;
	clock_wait_ms(HOLD_SETTLE_MS);
	snprintf(name, sizeof(name), "current_key_%s", key);
	power_current(u, name);
	ret = unit_jig(u, "hold", json_pack("{ss, sb}", "key", key, "on", 0), NULL);
	return u->finding.verdict == VERDICT_NONE ? ret : E_REFUSED;
}

int step_keys(struct unit *u)
{
	struct button_run *runs = calloc(u->profile->key_n, sizeof(*runs));
	size_t dead = 0, n = u->profile->key_n;
	int ret = runs ? audio_take(u) : unit_finding(u, "TOOL-WORKER", "out of memory");

	for (size_t i = 0; i < n && ret == 0; i++) {
		struct button_worst w;

		runs[i].profile = u->profile;
		runs[i].key = &u->profile->keys[i];
		runs[i].hold_s = u->plan->keys.hold_s;
		ret = press(u, &runs[i]);
		w = button_worst(&runs[i]);
		dead += ret == 0 && !w.closed;
	}
	/* One dead key is the unit; all of them at once is what presses them. */
	if (ret == 0 && n > 1 && dead == n)
		ret = unit_finding(u, "JIG-ACTUATOR", "slot %d", u->w->slot);
	for (size_t i = 0; i < n && ret == 0; i++)
		judge(u, &runs[i]);
	for (size_t i = 0; i < n && ret == 0 && u->finding.verdict == VERDICT_NONE; i++)
		ret = held_current(u, runs[i].key->name);
	free(runs);
	return u->finding.verdict == VERDICT_NONE ? ret : E_REFUSED;
}
