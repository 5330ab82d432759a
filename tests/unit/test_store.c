/* store/: the card ledger's moves and what the end of an attempt does to a card. */
#include "unit.h"

#include "driver.h"

#include "store/reader.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/payjig-store.XXXXXX";
static char path[64], own[64];
static struct signer *signer;
static const struct store_card cards[] = {
	{.number = "62200000000000000001", .valid_from = "20260101", .valid_to = "20361231"},
	{.number = "62200000000000000002", .valid_from = "20260101", .valid_to = "20361231"}};

static int open_store(struct store **s, bool behind, struct err *err)
{
	const struct store_options options = {
		.path = path, .signer = signer, .state = own, .behind = behind};

	return store_open(s, &options, err);
}

static int add_job(struct store *s, const char *name, const char *digest, struct err *err)
{
	json_t *terms = json_pack("{s{ss, si, ss, si}}", "factory_payment", "mode", "live",
		"amount_cents", 100, "terminal", "112233445566", "count", 1);
	const struct store_job job = {.name = name,
		.product = "P",
		.key_set = "K",
		.digest = digest,
		.allotment = "1 of 1",
		.realm = "LAB",
		.signer = "S",
		.terms = terms,
		.cards = cards,
		.card_n = 2};
	int ret = store_add_job(s, &job, err);

	json_decref(terms);
	return ret;
}

static struct store *fresh(void)
{
	struct store *s = NULL;
	char command[160];
	struct err err;

	snprintf(command, sizeof(command), "rm -rf %s* %s", path, own);
	assert_int_equal(system(command), 0);
	assert_int_equal(open_store(&s, false, &err), 0);
	assert_int_equal(add_job(s, "J", "d", &err), 0);
	return s;
}

static int reserve(
	struct store *s, const char *unit, int64_t attempt, struct store_card *c, struct err *err)
{
	return store_reserve_card(s, "J", unit, 1, attempt, c, NULL, err);
}

static struct store_attempt begin(struct store *s, const char *label)
{
	struct store_attempt a;
	struct err err;

	assert_int_equal(driver_begin(s, "J", label, &a, &err), 0);
	return a;
}

static void step(struct store *s, int64_t attempt, const char *verdict)
{
	struct err err;

	assert_int_equal(driver_step(s, attempt, verdict, &err), 0);
}

static int end(struct store *s, int64_t attempt, enum verdict v, char card[CARD_NUMBER])
{
	const struct store_end how = {.verdict = v, .code = "", .cause = "", .action = ""};
	struct err err;

	return store_end_attempt(s, attempt, &how, card, &err);
}

static void expect_state(struct store *s, const char *unit, const char *state)
{
	struct store_attempt a = begin(s, unit);
	struct store_card c;
	struct err err;
	int ret = reserve(s, unit, a.id, &c, &err);

	assert_true(ret == 0 || err.code == STORE_CARD_DONE);
	assert_string_equal(c.state, state);
}

static void a_pass_needs_its_steps_and_a_proven_card(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1");
	struct store_card c;
	char card[CARD_NUMBER];
	struct err err;

	(void)unused;
	assert_int_equal(end(s, a.id, VERDICT_PASS, card), E_PROTOCOL); /* no step at all */
	step(s, a.id, "PASS");
	assert_int_equal(end(s, a.id, VERDICT_PASS, card), E_PROTOCOL); /* no card */
	assert_int_equal(reserve(s, "U1", a.id, &c, &err), 0);
	assert_string_equal(c.number, cards[0].number);
	assert_int_equal(end(s, a.id, VERDICT_PASS, card), E_PROTOCOL); /* card only RESERVED */
	assert_int_equal(store_move_card(s, "U1", "WRITTEN", 1, a.id, NULL, &err), E_PROTOCOL);
	assert_int_equal(store_move_card(s, "U1", "INTENT", 1, a.id, NULL, &err), 0);
	assert_int_equal(store_move_card(s, "U1", "WRITTEN", 1, a.id, NULL, &err), 0);
	assert_int_equal(end(s, a.id, VERDICT_PASS, card), E_PROTOCOL);
	assert_int_equal(store_move_card(s, "U1", "PROVEN", 1, a.id, NULL, &err), 0);
	assert_int_equal(end(s, a.id, VERDICT_PASS, card), 0);
	assert_string_equal(card, cards[0].number);
	assert_int_equal(end(s, a.id, VERDICT_FAIL, card), E_PROTOCOL); /* attempts end once */
	expect_state(s, "U1", "COMMITTED");
	store_close(s);
}

static void a_failed_step_is_never_a_pass(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1");
	struct store_card c;
	char card[CARD_NUMBER];
	struct err err;

	(void)unused;
	step(s, a.id, "FAIL");
	reserve(s, "U1", a.id, &c, &err);
	store_move_card(s, "U1", "INTENT", 1, a.id, NULL, &err);
	store_move_card(s, "U1", "WRITTEN", 1, a.id, NULL, &err);
	store_move_card(s, "U1", "PROVEN", 1, a.id, NULL, &err);
	assert_int_equal(end(s, a.id, VERDICT_PASS, card), E_PROTOCOL);
	assert_int_equal(end(s, a.id, VERDICT_FAIL, card), 0);
	expect_state(s, "U1", "REJECTED");
	store_close(s);
}

static void a_card_only_reserved_goes_back(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1");
	struct store_card c;
	char card[CARD_NUMBER];
	struct err err;

	(void)unused;
	reserve(s, "U1", a.id, &c, &err);
	assert_int_equal(end(s, a.id, VERDICT_FAIL, card), 0);
	a = begin(s, "U2");
	assert_int_equal(reserve(s, "U2", a.id, &c, &err), 0);
	assert_string_equal(c.number, cards[0].number);
	store_close(s);
}

static void after_intent_a_card_never_goes_to_another_unit(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1"), b, d;
	struct store_card c;
	char card[CARD_NUMBER];
	struct err err;

	(void)unused;
	reserve(s, "U1", a.id, &c, &err);
	store_move_card(s, "U1", "INTENT", 1, a.id, NULL, &err);
	assert_int_equal(end(s, a.id, VERDICT_ERROR, card), 0);
	b = begin(s, "U2");
	assert_int_equal(reserve(s, "U2", b.id, &c, &err), 0);
	assert_string_equal(c.number, cards[1].number);
	d = begin(s, "U3");
	assert_int_equal(reserve(s, "U3", d.id, &c, &err), E_REFUSED);
	assert_int_equal(err.code, STORE_NO_CARD);
	expect_state(s, "U1", "INTENT"); /* the same unit: the same card */
	store_close(s);
}

static int pay(
	struct store *s, int64_t attempt, int cents, const char *terminal, int index, int64_t *id)
{
	json_t *p = json_pack("{ss, si, ss, ss, ss, ss, si, si, si, ss, si}", "kind", "purchase",
		"amount_cents", cents, "terminal", terminal, "sequence", "00000001", "date",
		"20260101", "time", "120000", "counter", 0, "balance_cents", 100, "overdraft_cents",
		0, "random", "01020304", "key_index", index);
	struct err err;
	int ret = store_begin_payment(s, "U1", attempt, p, id, &err);

	json_decref(p);
	return ret;
}

static void a_payment_is_what_the_job_authorizes_and_once(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1");
	struct store_card c;
	int64_t id = 0;
	struct err err;

	(void)unused;
	reserve(s, "U1", a.id, &c, &err);
	assert_int_equal(pay(s, a.id, 100, "112233445566", 1, &id), E_PROTOCOL); /* not written */
	store_move_card(s, "U1", "INTENT", 1, a.id, NULL, &err);
	store_move_card(s, "U1", "WRITTEN", 1, a.id, NULL, &err);
	assert_int_equal(pay(s, a.id, 101, "112233445566", 1, &id), E_REFUSED);
	assert_int_equal(pay(s, a.id, 100, "112233445567", 1, &id), E_REFUSED);
	assert_int_equal(pay(s, a.id, 100, "112233445566", 1, &id), 0);
	/* On its way is as good as done, until it is proven not to have happened. */
	assert_int_equal(pay(s, a.id, 100, "112233445566", 1, &id), E_REFUSED);
	assert_int_equal(store_end_payment(s, "U1", a.id, id, "UNDONE", "", &err), 0);
	assert_int_equal(store_end_payment(s, "U1", a.id, id, "UNDONE", "", &err), E_PROTOCOL);
	assert_int_equal(pay(s, a.id, 100, "112233445566", 1, &id), 0);
	assert_int_equal(store_end_payment(s, "U1", a.id, id, "BAD", "A1B2C3D4", &err), 0);
	assert_int_equal(pay(s, a.id, 100, "112233445566", 1, &id), E_REFUSED);
	store_close(s);
}

static void an_old_copy_is_noticed(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a;
	char command[400], card[CARD_NUMBER];
	struct err err;

	(void)unused;
	store_close(s);
	snprintf(command, sizeof(command), "cp %s %s.old", path, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(open_store(&s, false, &err), 0);
	a = begin(s, "U1");
	assert_int_equal(end(s, a.id, VERDICT_ERROR, card), 0);
	store_close(s);
	snprintf(command, sizeof(command), "cp %s.old %s; rm -f %s-wal %s-shm", path, path, path,
		path);
	assert_int_equal(system(command), 0);
	s = NULL;
	assert_int_equal(open_store(&s, false, &err), E_STORE);
	assert_int_equal(err.code, STORE_BEHIND);
	assert_null(s);
}

static void a_torn_head_outside_leaves_the_other(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1");
	char command[400], card[CARD_NUMBER];
	struct err err;

	(void)unused;
	assert_int_equal(end(s, a.id, VERDICT_ERROR, card), 0);
	store_close(s);
	/* One of the two records is half written: the other one, a record older, still holds. */
	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
			"printf x | dd of=$(echo %s/*.head) bs=1 seek=%d conv=notrunc 2>/dev/null",
			own, 4096 * i + 40);
		assert_int_equal(system(command), 0);
		assert_int_equal(open_store(&s, false, &err), 0);
		store_close(s);
	}
	snprintf(command, sizeof(command), "printf nonsense > $(echo %s/*.head)", own);
	assert_int_equal(system(command), 0);
	assert_int_equal(open_store(&s, false, &err), E_STORE);
	assert_non_null(strstr(err.text, "not signed by this station"));
}

static void a_crash_leaves_an_error_not_a_gap(void **unused)
{
	struct store *s = fresh();
	struct store_attempt a = begin(s, "U1");
	struct reader *r = NULL;
	int64_t *ids = NULL;
	json_t *unit;
	struct err err;

	(void)unused;
	store_close(s); /* as if the station had died: the attempt is open */
	assert_int_equal(open_store(&s, false, &err), 0);
	assert_int_equal(store_recover(s, &err), 1);
	assert_int_equal(store_recover(s, &err), 0);
	assert_int_equal(reader_open(&r, path, &err), 0);
	assert_int_equal(reader_attempts(r, 1, &ids, &err), 1);
	assert_int_equal(ids[0], a.id);
	unit = reader_attempt(r, a.id, &err);
	assert_string_equal(json_string_value(json_object_get(unit, "code")), "TOOL-STATION");
	json_decref(unit);
	free(ids);
	reader_close(r);
	store_close(s);
}

static void a_second_station_and_a_changed_job_are_refused(void **unused)
{
	struct store *s = fresh(), *other = NULL;
	struct err err;

	(void)unused;
	assert_int_equal(open_store(&other, false, &err), E_STORE);
	assert_non_null(strstr(err.text, "another station"));
	assert_int_equal(add_job(s, "J", "d", &err), 0); /* again: fine */
	assert_int_equal(add_job(s, "J", "other", &err), E_CONFIG);
	assert_int_equal(add_job(s, "J2", "e", &err), E_CONFIG);
	assert_non_null(strstr(err.text, "card 1"));
	store_close(s);
}

static json_int_t count(const json_t *counts, const char *name)
{
	return json_integer_value(json_object_get(counts, name));
}

static void attempt(struct store *s, const char *label, const char *verdict)
{
	struct store_attempt a = begin(s, label);
	const struct store_end end = {.verdict = verdict_from_word(verdict),
		.code = !strcmp(verdict, "FAIL") ? "BTN-DEAD" : "JIG-LID",
		.cause = "c",
		.action = "a"};
	char card[CARD_NUMBER];
	struct err err;

	assert_int_equal(store_end_attempt(s, a.id, &end, card, &err), 0);
}

static void a_second_attempt_is_no_first_pass(void **state)
{
	const int64_t now_ms = (int64_t)time(NULL) * 1000;
	char card[CARD_NUMBER];
	struct store *s = fresh();
	struct reader *r = NULL;
	json_t *counts, *list;
	int64_t first = 0;
	struct err err;

	(void)state;
	attempt(s, "U1", "FAIL");
	assert_int_equal(driver_attempt(s, "J", &(struct driver_unit){.serial = "U1"}, DRIVER_PASS,
				 card, &err),
		0);
	attempt(s, "U2", "ERROR");
	assert_int_equal(driver_attempt(s, "J", &(struct driver_unit){.serial = "U3"}, DRIVER_PASS,
				 card, &err),
		0);
	begin(s, "U4"); /* still in work: counts nowhere */
	store_close(s);
	assert_int_equal(reader_open(&r, path, &err), 0);
	assert_int_equal(reader_first(r, now_ms - 60000, &first, &err), 1);
	assert_int_equal(first, 1);
	counts = reader_counts(r, "J", "no such plan", first, now_ms, &err);
	assert_int_equal(count(counts, "pass"), 2);
	assert_int_equal(count(counts, "fail"), 1);
	assert_int_equal(count(counts, "error"), 1);
	assert_int_equal(count(counts, "abort"), 0);
	assert_int_equal(count(counts, "first"), 3);
	assert_int_equal(count(counts, "first_pass"), 1);
	assert_int_equal(count(counts, "cards_left"), 0);
	assert_int_equal(count(counts, "expected_ms"), 0);
	assert_int_equal(count(counts, "per_hour"), 4 * 60); /* a minute is the least */
	json_decref(counts);
	/* Of the next shift nothing has happened yet. */
	assert_int_equal(reader_first(r, now_ms + 3600000, &first, &err), 1);
	counts = reader_counts(r, "J", "no such plan", first, now_ms, &err);
	assert_int_equal(count(counts, "first") + count(counts, "pass"), 0);
	json_decref(counts);
	list = reader_history(r, "u1", 0, 10, &err);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(count(json_array_get(list, 0), "try"), 2);
	json_decref(list);
	list = reader_history(r, "btn fail u", 0, 10, &err);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	list = reader_history(r, "", 3, 10, &err);
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
	list = reader_history(r, "%", 0, 10, &err);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	reader_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pass_needs_its_steps_and_a_proven_card),
		cmocka_unit_test(a_failed_step_is_never_a_pass),
		cmocka_unit_test(a_card_only_reserved_goes_back),
		cmocka_unit_test(after_intent_a_card_never_goes_to_another_unit),
		cmocka_unit_test(a_payment_is_what_the_job_authorizes_and_once),
		cmocka_unit_test(a_second_attempt_is_no_first_pass),
		cmocka_unit_test(an_old_copy_is_noticed),
		cmocka_unit_test(a_torn_head_outside_leaves_the_other),
		cmocka_unit_test(a_crash_leaves_an_error_not_a_gap),
		cmocka_unit_test(a_second_station_and_a_changed_job_are_refused),
	};
	char command[64];
	int ret;

	if (!mkdtemp(folder) ||
		signer_open(&signer, PAYJIG_ROOT "/fixtures/lab-station.key", NULL) < 0)
		return 2;
	snprintf(path, sizeof(path), "%s/s.db", folder);
	snprintf(own, sizeof(own), "%s/state", folder);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	signer_close(signer);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) ? 2 : ret;
}
