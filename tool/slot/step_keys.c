/*
 * The keys: each is pressed by the jig, and every edge of the ladder, or every report of the
 * carrier, judged.
 */
#include "core/clock.h"
#include "core/num.h"
#include "plan/buttons.h"
#include "slot/audio.h"
#include "slot/power.h"
#include "slot/press.h"
#include "slot/steps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOLD_SETTLE_MS = 40, RECORD_FIELDS = 8 };

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
		run->edges[run->edge_n++] =
			(struct button_edge){.t = f[0], .closed = button_closes(f[1])};
	}
	return 0;
}

/* What the presses of a run that did not end have left: the ladder's edges are cleared by the jig.
 */
static int forget_reports(struct unit *u, struct err *err)
{
	struct link_key keys[BUTTON_REPORTS];
	size_t n = BUTTON_REPORTS;
	int ret = 0;

	while (u->carrier->driver->heard && n == BUTTON_REPORTS && ret == 0)
		ret = u->carrier->driver->heard(u->carrier, keys, &n, err);
	return ret;
}

static int ask_press(struct unit *u, const char *key, json_t **values)
{
	const struct press press = {.key = key,
		.count = (int)u->plan->keys.presses,
		.hold_s = u->plan->keys.hold_s,
		.gap_s = u->plan->keys.gap_s,
		.again = forget_reports};

	return press_key(u, &press, values);
}

/* What the carrier told since the last time, put on the jig's clock. */
static int take_reports(struct unit *u, struct button_run *run)
{
	struct link_key keys[BUTTON_REPORTS];
	struct button_report reports[BUTTON_REPORTS];
	size_t n = BUTTON_REPORTS;
	struct err err;

	if (u->carrier->driver->heard(u->carrier, keys, &n, &err) < 0)
		return unit_link_finding(u, &err);
	for (size_t i = 0; i < n; i++)
		reports[i] =
			(struct button_report){.t = (double)(keys[i].us + u->jig_ahead_us) / 1e6,
				.usage = keys[i].usage,
				.down = keys[i].down};
	for (size_t i = 0; i < run->n; i++)
		run->presses[i].t_close = run->presses[i].t_open = run->presses[i].bounce_close =
			run->presses[i].bounce_open = run->presses[i].ohm = NAN;
	button_reports(run, reports, n);
	return 0;
}

static int press(struct unit *u, struct button_run *run)
{
	json_t *values = NULL;
	const char *texts[2];
	char *data = NULL, *edges = NULL;
	int ret = ask_press(u, run->key->name, &values);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < 2; i++)
		texts[i] = json_string_value(json_array_get(values, i));
	data = texts[0] ? strdup(texts[0]) : NULL;
	edges = texts[1] ? strdup(texts[1]) : NULL;
	if (!data || !edges || parse_presses(data, run) < 0 || parse_edges(edges, run) < 0 ||
		run->n != (size_t)u->plan->keys.presses)
		ret = unit_finding(
			u, "JIG-PROTOCOL", "the record of key %s is malformed", run->key->name);
	else if (run->ladder)
		button_ladder(run);
	else
		ret = take_reports(u, run);
	free(data);
	free(edges);
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
	if (run->ladder && run->key->ohm > 0)
		measure(u, run, "deviation", "key_deviation", w.deviation, "BTN-OHM");
	else if (run->ladder)
		measure(u, run, "ohm", "key_zero", w.ohm, "BTN-OHM");
	/* Reports that tell of no bounce tell that there was none. */
	measure(u, run, "bounce", "key_bounce", run->ladder || w.bounce_s > 0 ? w.bounce_s : 0,
		"BTN-BOUNCE");
	measure(u, run, "release", "key_release", w.release_s, "BTN-RELEASE");
	code = button_edges(run);
	if (code)
		unit_finding(u, code, "while key %s was pressed %zu times", run->key->name, run->n);
}

/* The current while a key is held. */
static int held_current(struct unit *u, const char *key)
{
	char name[32];
	int ret;

	if (!u->w->supply)
		return 0;
	ret = unit_jig(u, "hold", json_pack("{ss, sb}", "key", key, "on", 1), NULL);
	if (ret < 0)
		return ret;
	clock_wait_ms(HOLD_SETTLE_MS);
	snprintf(name, sizeof(name), "current_key_%s", key);
	power_current(u, name, "PWR-CURRENT");
	ret = unit_jig(u, "hold", json_pack("{ss, sb}", "key", key, "on", 0), NULL);
	return u->finding.verdict == VERDICT_NONE ? ret : E_REFUSED;
}

/* The ladder is free for the jig, or the carrier's ear open: with no key down yet. */
static int prepare(struct unit *u)
{
	struct link_key key;
	size_t n = 1;
	struct err err;
	int ret;

	if (!u->carrier->driver->listen)
		return audio_take(u);
	ret = unit_open(u);
	if (ret < 0)
		return ret;
	if (u->carrier->driver->listen(u->carrier, &err) < 0 ||
		u->carrier->driver->heard(u->carrier, &key, &n, &err) < 0)
		return unit_link_finding(u, &err);
	if (!n)
		return 0;
	return unit_finding(u, "BTN-STUCK", "usage %08X is down without a press", key.usage);
}

static int press_all(struct unit *u, struct button_run *runs)
{
	size_t dead = 0, n = u->profile->key_n;
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		struct button_worst w;

		runs[i].profile = u->profile;
		runs[i].key = &u->profile->keys[i];
		runs[i].hold_s = u->plan->keys.hold_s;
		runs[i].ladder = !u->carrier->driver->listen;
		ret = press(u, &runs[i]);
		w = button_worst(&runs[i]);
		dead += ret == 0 && !w.closed;
	}
	/* One dead key is the unit; all of them at once is what presses them. */
	if (ret == 0 && n > 1 && dead == n)
		ret = unit_finding(u, "JIG-ACTUATOR", "slot %d", u->w->slot);
	return ret;
}

int step_keys(struct unit *u)
{
	struct button_run *runs = calloc(u->profile->key_n, sizeof(*runs));
	size_t n = u->profile->key_n;
	int ret = runs ? prepare(u) : unit_finding(u, "TOOL-WORKER", "out of memory");

	if (ret == 0)
		ret = press_all(u, runs);
	if (u->carrier->driver->silence)
		u->carrier->driver->silence(u->carrier);
	for (size_t i = 0; i < n && ret == 0; i++)
		judge(u, &runs[i]);
	for (size_t i = 0; i < n && ret == 0 && u->finding.verdict == VERDICT_NONE; i++)
		ret = held_current(u, runs[i].key->name);
	free(runs);
	return u->finding.verdict == VERDICT_NONE ? ret : E_REFUSED;
}
