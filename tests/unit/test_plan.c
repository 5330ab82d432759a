/* plan/: verdicts and limits, the table of codes, judgement of keys. */
#include "unit.h"

#include "plan/buttons.h"
#include "plan/codes.h"
#include "plan/labels.h"
#include "plan/plan.h"
#include "plan/prompts.h"
#include "plan/titles.h"

#include <math.h>

static void what_is_not_a_number_never_passes(void **state)
{
	const struct limit l = {"x", "ohm", 10, 20, 2};

	(void)state;
	assert_int_equal(limit_judge(&l, NAN), JUDGED_FAIL);
	assert_int_equal(limit_judge(&l, INFINITY), JUDGED_FAIL);
	assert_int_equal(limit_judge(&l, 9.999), JUDGED_FAIL);
	assert_int_equal(limit_judge(&l, 10), JUDGED_MARGINAL);
	assert_int_equal(limit_judge(&l, 15), JUDGED_PASS);
	assert_int_equal(limit_judge(&l, 18.5), JUDGED_MARGINAL);
	assert_int_equal(limit_judge(&l, 20), JUDGED_MARGINAL);
	assert_int_equal(limit_judge(&l, 20.001), JUDGED_FAIL);
	assert_int_equal(limit_judge(&(struct limit){"t", "s", 0, 3, 0.3}, 0.01), JUDGED_PASS);
	assert_int_equal(limit_judge(&(struct limit){"t", "s", 0, 3, 0.3}, -0.01), JUDGED_FAIL);
}

static void the_zero_of_a_verdict_is_none(void **state)
{
	(void)state;
	assert_int_equal((enum verdict)0, VERDICT_NONE);
	assert_int_equal(verdict_from_word("PASS"), VERDICT_PASS);
	assert_int_equal(verdict_from_word("pass"), VERDICT_NONE);
	assert_int_equal(verdict_from_word(""), VERDICT_NONE);
	assert_int_equal(verdict_from_word("NONE"), VERDICT_NONE);
}

static void codes_are_unique_and_say_what_to_do(void **state)
{
	size_t n;
	const struct code *t = code_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(code_find(t[i].code), &t[i]);
		assert_true(t[i].verdict == VERDICT_FAIL || t[i].verdict == VERDICT_ERROR ||
			    t[i].verdict == VERDICT_ABORT);
		assert_true(strlen(t[i].code) < 24 && t[i].cause[0] && t[i].action[0]);
		/* Codes of the station's side say so by their first word: the unit is not blamed.
		 */
		if (!strncmp(t[i].code, "JIG-", 4) || !strncmp(t[i].code, "TOOL-", 5))
			assert_int_equal(t[i].verdict, VERDICT_ERROR);
	}
	assert_null(code_find("NO-SUCH-CODE"));
}

static void a_label_is_read_as_it_was_scanned(void **state)
{
	static const struct {
		const char *text, *label, *error; /* error: NULL if it is fine */
		unsigned slot;
		const char *address;
	} rows[] = {
		{"HW26000001", "HW26000001", NULL, 0},
		{"3:HW26000001", "HW26000001", NULL, 3},
		{"32:a-b", "a-b", NULL, 32},
		{"1234567890123456", "1234567890123456", NULL, 0},
		{"", "", "1 to 16 characters", 0},
		{"12345678901234567", "", "1 to 16 characters", 0},
		{"3:", "", "1 to 16 characters", 3},
		{"HW 1", "", "letters, digits", 0},
		{"HW1;", "", "letters, digits", 0},
		{"\xE4\xB8\xAD", "", "letters, digits", 0},
		{"0:HW1", "", "number of a slot", 0},
		{"33:HW1", "", "number of a slot", 0},
		{":HW1", "", "number of a slot", 0},
		{"x:HW1", "", "number of a slot", 0},
		{"99999:HW1", "", "number of a slot", 0},
		{"1:2:HW1", "", "letters, digits", 1},
		{"HB1@c0ffee00000A", "HB1", NULL, 0, "C0:FF:EE:00:00:0A"},
		{"3:HB1@000000000000", "HB1", NULL, 3, "00:00:00:00:00:00"},
		{"HB1@", "", "12 hex digits", 0},
		{"HB1@c0ffee00000", "", "12 hex digits", 0},
		{"HB1@c0ffee0000010", "", "12 hex digits", 0},
		{"HB1@c0:ffee00000", "", "number of a slot", 0},
		{"@c0ffee000001", "", "1 to 16 characters", 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct label label;
		struct err err;
		int ret = label_read(rows[i].text, &label, &err);

		assert_int_equal(ret, rows[i].error ? E_CONFIG : 0);
		assert_int_equal(label.slot, rows[i].slot);
		if (rows[i].error)
			assert_non_null(strstr(err.text, rows[i].error));
		if (rows[i].error)
			continue;
		assert_string_equal(label.serial, rows[i].label);
		assert_string_equal(label.address, rows[i].address ? rows[i].address : "");
	}
}

static void every_colour_a_plan_may_name_is_an_answer(void **state)
{
	const struct prompt *led = prompt_find("led");
	struct plan plan = {0};

	(void)state;
	assert_non_null(led);
	for (plan.prompts.led = PLAN_LED_RED; plan.prompts.led <= PLAN_LED_DARK; plan.prompts.led++)
		assert_true(prompt_has(led, plan_led_word(&plan)));
	assert_false(prompt_has(led, "pink"));
	assert_null(prompt_find("nose"));
	assert_string_equal(step_title("refuse_replay"), "refuse a replay");
	assert_string_equal(step_title("no_such_step"), "no_such_step");
}

static struct profile profile = {
	.keys = {{"A", 0, 0, 70}, {"B", 240, 210, 290}, {"C", 470, 360, 680}}, .key_n = 3};

/* Five clean presses of key B. */
static struct button_run clean(void)
{
	struct button_run run = {
		.profile = &profile, .key = &profile.keys[1], .hold_s = 0.2, .n = 5};

	for (size_t i = 0; i < run.n; i++) {
		double t = 10 + 0.35 * (double)i;

		run.presses[i] = (struct button_press){.t_cmd = t,
			.t_close = t + 0.01,
			.t_open = t + 0.21,
			.bounce_close = 0.002,
			.bounce_open = 0.001,
			.ohm = 241};
		run.edges[run.edge_n++] = (struct button_edge){t + 0.01, true};
		run.edges[run.edge_n++] = (struct button_edge){t + 0.21, false};
	}
	return run;
}

static void expect(struct button_run *run, const char *contact, const char *edges)
{
	struct button_worst w = button_worst(run);
	const char *c, *e;

	button_ladder(run);
	c = button_contact(run, &w);
	e = button_edges(run);
	assert_string_equal(c ? c : "", contact);
	assert_string_equal(e ? e : "", edges);
}

static void a_clean_key_has_no_finding(void **state)
{
	struct button_run run = clean();
	struct button_worst w = button_worst(&run);

	(void)state;
	expect(&run, "", "");
	assert_int_equal(w.closed, 5);
	assert_true(fabs(w.closed_s - 0.2) < 1e-9 && fabs(w.release_s - 0.01) < 1e-9);
	assert_true(fabs(w.deviation - 100.0 / 240) < 1e-9);
}

static void a_key_that_never_closes_is_dead(void **state)
{
	struct button_run run = clean();
	struct button_worst w;

	(void)state;
	for (size_t i = 0; i < run.n; i++)
		run.presses[i].t_close = run.presses[i].t_open = NAN;
	run.edge_n = 0;
	expect(&run, "BTN-DEAD", "");
	w = button_worst(&run);
	assert_true(isnan(w.closed_s) && isnan(w.ohm));
	run.n = 0; /* no record at all is no pass either */
	expect(&run, "BTN-DEAD", "");
}

static void a_missed_press_is_a_miss(void **state)
{
	struct button_run run = clean();

	(void)state;
	run.presses[2].t_close = run.presses[2].t_open = NAN;
	run.edges[4].closed = run.edges[5].closed = false;
	expect(&run, "BTN-MISS", "");
}

static void another_keys_resistance_is_a_swap(void **state)
{
	struct button_run run = clean();

	(void)state;
	for (size_t i = 0; i < run.n; i++)
		run.presses[i].ohm = 468;
	expect(&run, "BTN-SWAP", "");
	run.presses[0].ohm = 241; /* not all of them: something else is wrong, no swap */
	expect(&run, "", "");
}

static void a_key_that_stays_closed_is_stuck(void **state)
{
	struct button_run run = clean();

	(void)state;
	run.presses[4].t_open = NAN;
	run.edge_n--; /* and no edge tells that it opened later */
	expect(&run, "BTN-STUCK", "");
}

static void a_late_release_is_found_in_the_edges(void **state)
{
	struct button_run run = clean();
	struct button_worst w;

	(void)state;
	run.presses[4].t_open = NAN;
	run.edges[run.edge_n - 1].t = run.presses[4].t_cmd + 0.2 + 0.3;
	w = button_worst(&run);
	expect(&run, "", "");
	assert_true(fabs(w.release_s - 0.3) < 1e-9);
}

static void a_second_closing_is_a_double_or_a_ghost(void **state)
{
	struct button_run run = clean();

	(void)state;
	run.edges[run.edge_n++] = (struct button_edge){run.presses[1].t_open + 0.02, true};
	expect(&run, "", "BTN-DOUBLE");
	run.edges[run.edge_n - 1].t = run.presses[1].t_open + 0.05;
	expect(&run, "", "BTN-GHOST");
}

static void a_key_closing_under_another_is_a_ghost(void **state)
{
	struct button_run run = clean();

	(void)state;
	run.edges[run.edge_n++] = (struct button_edge){run.presses[1].t_close + 0.1, true};
	expect(&run, "", "BTN-GHOST");
}

/* ---- what a carrier reports ---- */

enum { PLAY = 0x000C00CD, UP = 0x000C00E9, MUTE = 0x000C00E2 };

static const struct profile headset = {.keys = {{"A", NAN, NAN, NAN, {4, {0x00, 0x0C, 0x00, 0xCD}}},
					       {"B", NAN, NAN, NAN, {4, {0x00, 0x0C, 0x00, 0xE9}}}},
	.key_n = 2};

/* Two presses of key B at 10 and 10.35 s, and what was reported of them. */
static struct button_run reported(const struct button_report *reports, size_t n)
{
	struct button_run run = {
		.profile = &headset, .key = &headset.keys[1], .hold_s = 0.2, .n = 2};

	for (size_t i = 0; i < run.n; i++)
		run.presses[i] = (struct button_press){.t_cmd = 10 + 0.35 * (double)i,
			.t_close = NAN,
			.t_open = NAN,
			.bounce_close = NAN,
			.bounce_open = NAN,
			.ohm = NAN};
	button_reports(&run, reports, n);
	return run;
}

static void reports_are_judged_as_the_ladder_is(void **state)
{
	static const struct {
		struct button_report reports[8];
		size_t n;
		const char *contact, *edges;
	} rows[] = {
		{{{10.01, UP, true}, {10.21, UP, false}, {10.36, UP, true}, {10.56, UP, false}}, 4,
			"", ""},
		{{{0}}, 0, "BTN-DEAD", ""},
		{{{10.01, UP, true}, {10.21, UP, false}}, 2, "BTN-MISS", ""},
		{{{10.01, UP, true}}, 1, "BTN-STUCK", ""},
		{{{10.01, PLAY, true}, {10.21, PLAY, false}, {10.36, PLAY, true},
			 {10.56, PLAY, false}},
			4, "BTN-SWAP", ""},
		{{{10.01, MUTE, true}, {10.21, MUTE, false}, {10.36, MUTE, true},
			 {10.56, MUTE, false}},
			4, "BTN-USAGE", ""},
		/* again 15 ms after it opened; 60 ms after; another key; before any press */
		{{{10.01, UP, true}, {10.21, UP, false}, {10.225, UP, true}, {10.235, UP, false},
			 {10.36, UP, true}, {10.56, UP, false}},
			6, "", "BTN-DOUBLE"},
		{{{10.01, UP, true}, {10.21, UP, false}, {10.27, UP, true}, {10.29, UP, false},
			 {10.36, UP, true}, {10.56, UP, false}},
			6, "", "BTN-GHOST"},
		{{{10.01, UP, true}, {10.1, PLAY, true}, {10.12, PLAY, false}, {10.21, UP, false},
			 {10.36, UP, true}, {10.56, UP, false}},
			6, "", "BTN-GHOST"},
		{{{9.5, UP, true}, {9.6, UP, false}, {10.01, UP, true}, {10.21, UP, false},
			 {10.36, UP, true}, {10.56, UP, false}},
			6, "", "BTN-GHOST"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct button_run run = reported(rows[i].reports, rows[i].n);
		struct button_worst w = button_worst(&run);
		const char *c = button_contact(&run, &w), *e = button_edges(&run);

		assert_string_equal(c ? c : "", rows[i].contact);
		if (!c)
			assert_string_equal(e ? e : "", rows[i].edges);
	}
}

static void chatter_while_it_is_held_is_bounce(void **state)
{
	static const struct button_report reports[] = {{10.010, UP, true}, {10.018, UP, false},
		{10.024, UP, true}, {10.21, UP, false}, {10.36, UP, true}, {10.56, UP, false}};
	struct button_run run = reported(reports, ROWS(reports));
	struct button_worst w = button_worst(&run);

	(void)state;
	assert_null(button_contact(&run, &w));
	assert_null(button_edges(&run));
	assert_true(fabs(w.bounce_s - 0.014) < 1e-9);
	assert_true(fabs(w.closed_s - 0.2) < 1e-9 && fabs(w.release_s - 0.01) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_a_number_never_passes),
		cmocka_unit_test(the_zero_of_a_verdict_is_none),
		cmocka_unit_test(codes_are_unique_and_say_what_to_do),
		cmocka_unit_test(a_label_is_read_as_it_was_scanned),
		cmocka_unit_test(every_colour_a_plan_may_name_is_an_answer),
		cmocka_unit_test(a_clean_key_has_no_finding),
		cmocka_unit_test(a_key_that_never_closes_is_dead),
		cmocka_unit_test(a_missed_press_is_a_miss),
		cmocka_unit_test(another_keys_resistance_is_a_swap),
		cmocka_unit_test(a_key_that_stays_closed_is_stuck),
		cmocka_unit_test(a_late_release_is_found_in_the_edges),
		cmocka_unit_test(a_second_closing_is_a_double_or_a_ghost),
		cmocka_unit_test(a_key_closing_under_another_is_a_ghost),
		cmocka_unit_test(reports_are_judged_as_the_ladder_is),
		cmocka_unit_test(chatter_while_it_is_held_is_bounce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
