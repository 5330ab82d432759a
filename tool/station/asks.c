/*
 * What clients ask: one table of questions, answered from the store by the asker's thread, so that
 * a long answer delays no unit; and the counts of the shift, which everybody who watches is told.
 */
#include "core/words.h"
#include "doctor/doctor.h"
#include "plan/codes.h"
#include "station/people.h"
#include "station/private.h"
#include "store/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

enum { HISTORY = 200, CARDS = 300, MINUTE_MS = 60000, DISK_LEAST_MB = 100 };

struct ask {
	struct queue_job job;
	struct station *station;
	unsigned client;
	json_int_t id;
	const struct question *question;
	json_t *about, *data;
	int64_t from; /* the first attempt of the shift, 0: not known yet */
	int64_t since_ms;
};

struct question {
	const char *what;
	/* in the loop: what only the station knows; NULL: nothing */
	json_t *(*begin)(struct station *st);
	/* in the asker's thread; fills ask->data */
	int (*run)(struct reader *reader, struct ask *a, struct err *err);
};

/* Takes the reference. */
static int give(struct ask *a, const char *member, json_t *value, const struct err *err)
{
	if (!value)
		return err->status;
	json_object_set_new(a->data, member, value);
	return 0;
}

/* ---- the shift ---- */

/* When the shift began in which it is now, Unix time. */
static int64_t shift_since_ms(const struct fixture *f)
{
	time_t now = time(NULL), best = 0;

	/* Today's and yesterday's: the newest that is not in the future. */
	for (int day = 0; day >= -1; day--) {
		for (size_t i = 0; i < f->shift_n; i++) {
			struct tm t;
			time_t at;

			localtime_r(&now, &t);
			t.tm_mday += day;
			t.tm_hour = (f->shifts[i][0] - '0') * 10 + f->shifts[i][1] - '0';
			t.tm_min = (f->shifts[i][3] - '0') * 10 + f->shifts[i][4] - '0';
			t.tm_sec = 0;
			t.tm_isdst = -1;
			at = mktime(&t);
			if (at <= now && at > best)
				best = at;
		}
	}
	return (int64_t)best * 1000;
}

static int find_shift(struct reader *reader, struct ask *a, struct err *err)
{
	return a->from ? 0 : reader_first(reader, a->since_ms, &a->from, err);
}

static int run_counts(struct reader *reader, struct ask *a, struct err *err)
{
	const struct station *st = a->station;
	int ret = find_shift(reader, a, err);

	if (ret < 0)
		return ret;
	json_decref(a->data);
	a->data = reader_counts(
		reader, st->job.name, st->plan.name, a->from, (int64_t)time(NULL) * 1000, err);
	return a->data ? 0 : err->status;
}

/* ---- questions ---- */

static int run_history(struct reader *reader, struct ask *a, struct err *err)
{
	return give(a, "attempts",
		reader_history(reader, message_string(a->about, "filter"),
			message_integer(a->about, "before"), HISTORY, err),
		err);
}

/* An attempt by its number, or the newest one of a unit. */
static int run_unit(struct reader *reader, struct ask *a, struct err *err)
{
	int64_t id = message_integer(a->about, "attempt");
	const char *unit = message_string(a->about, "unit");
	json_t *attempts = NULL;
	int ret;

	if (!id) {
		attempts = reader_attempts_of(reader, unit, err);
		id = message_integer(
			json_array_get(attempts, json_array_size(attempts) - 1), "attempt");
		json_decref(attempts);
		if (!id)
			return err_set(err, E_CONFIG, N_("no attempt of this unit has ended yet"));
	}
	ret = give(a, "report", reader_attempt(reader, id, err), err);
	if (ret == 0)
		ret = give(a, "trace", reader_trace(reader, id, err), err);
	if (ret == 0)
		ret = give(a, "attempts",
			reader_attempts_of(reader,
				message_string(json_object_get(a->data, "report"), "unit"), err),
			err);
	return ret;
}

static int run_statistics(struct reader *reader, struct ask *a, struct err *err)
{
	bool all = json_is_true(json_object_get(a->about, "all"));
	int ret = find_shift(reader, a, err);

	return ret < 0 ? ret
		       : give(a, "statistics", reader_statistics(reader, all ? 0 : a->from, err),
				 err);
}

static int run_job(struct reader *reader, struct ask *a, struct err *err)
{
	const char *job = a->station->job.name;
	json_t *cards = reader_cards(reader, job, true, err);
	int ret = give(a, "facts", reader_job(reader, job, err), err);

	json_object_set_new(a->data, "waiting", json_integer((json_int_t)json_array_size(cards)));
	while (json_array_size(cards) > CARDS)
		json_array_remove(cards, json_array_size(cards) - 1);
	if (ret == 0)
		ret = give(a, "balance", reader_reconcile(reader, job, err), err);
	return give(a, "cards", cards, err) < 0 ? err->status : ret;
}

/* ---- the doctor ---- */

static void finding(json_t *list, bool fine, const char *what, const char *detail, const char *fix)
{
	json_array_append_new(list, json_pack("{sb, ss, ss, ss}", "fine", fine, "what", what,
					    "detail", detail, "fix", fine ? "" : fix));
}

static void look_at_slot(json_t *list, const struct slot *slot)
{
	char detail[CAUSE];

	if (slot->state == SLOT_BROKEN)
		snprintf(detail, sizeof(detail), "%u: %.400s", slot->number, slot->broken);
	else
		snprintf(detail, sizeof(detail), "%u: %s, %s", slot->number, slot->fixture->link,
			slot->profile.name);
	finding(list, slot->ready, N_("slot"), detail,
		slot->state == SLOT_BROKEN
			? N_("see to what is named, then start the station again")
			: N_("wait; its test process is being started"));
}

static json_t *begin_doctor(struct station *st)
{
	json_t *list = json_array();
	bool up = jig_is_up(st->jig);
	const struct code *code = code_find(st->code);

	finding(list, up, N_("jig"), up ? st->jig_name : st->fixture.jig,
		N_("check the jig's cable, power and address in the fixture file"));
	finding(list, !st->lid_open, N_("lid"), "", N_("close the lid"));
	finding(list, !st->estop, N_("emergency stop"), "",
		N_("clear the danger, then release it"));
	finding(list, st->state == STATION_READY, N_("station"), st->cause,
		code ? code->action : N_("wait until the jig is checked"));
	finding(list, !st->paused[0], N_("starting"), st->paused, N_("go on with F6"));
	for (size_t i = 0; i < st->slot_n; i++)
		look_at_slot(list, &st->slots[i]);
	finding(list, !st->store_failed, N_("store"), st->options->store,
		N_("see to the disk, then start the station again"));
	finding(list, true, N_("key provider"), st->job.production ? "PRODUCTION" : "LAB", "");
	return list;
}

/* This host, as `payjig doctor` sees it; the jig is the station's own. */
static void look_at_host(json_t *list, const struct station *st)
{
	struct profile *profiles = calloc(st->slot_n, sizeof(*profiles));
	struct doctor *d = calloc(1, sizeof(*d));

	for (size_t i = 0; profiles && i < st->slot_n; i++)
		profiles[i] = st->slots[i].profile;
	if (d && profiles) {
		d->fixture = &st->fixture;
		d->profiles = profiles;
		doctor_host(d);
		doctor_nfc(d);
		for (size_t i = 0; i < d->n; i++)
			finding(list, d->findings[i].fine, d->findings[i].what,
				d->findings[i].detail, d->findings[i].fix);
	}
	free(profiles);
	free(d);
}

static int run_doctor(struct reader *reader, struct ask *a, struct err *err)
{
	struct station *st = a->station;
	json_t *list = json_object_get(a->data, "findings"), *people, *balance;
	struct statvfs disk;
	char text[CAUSE];
	long long free_mb, left;

	if (statvfs(st->options->store, &disk) == 0) {
		free_mb = (long long)(disk.f_bavail * (disk.f_frsize / 1024) / 1024);
		snprintf(text, sizeof(text), "%lld MB", free_mb);
		finding(list, free_mb >= DISK_LEAST_MB, N_("free disk"), text,
			N_("make room on the store's disk"));
	}
	look_at_host(list, st);
	balance = reader_reconcile(reader, st->job.name, err);
	if (!balance)
		return err->status;
	left = message_integer(balance, "available");
	snprintf(text, sizeof(text), "%s, %lld", st->job.name, left);
	finding(list, left > 0 && !strcmp(message_string(balance, "state"), "OPEN"),
		N_("job and cards left"), text, N_("ask for a new job"));
	json_decref(balance);
	people = people_read(st->identity.state, err);
	snprintf(text, sizeof(text), "%zu", json_array_size(people));
	finding(list, json_array_size(people) > 0, N_("persons"), people ? text : err->text,
		N_("add a person: payjig person add"));
	json_decref(people);
	return 0;
}

/* Alphabetical. */
static const struct question questions[] = {
	{"doctor", begin_doctor, run_doctor},
	{"history", NULL, run_history},
	{"job", NULL, run_job},
	{"statistics", NULL, run_statistics},
	{"unit", NULL, run_unit},
};

/* ---- asking ---- */

static const struct question counts = {"counts", NULL, run_counts};

static int run(struct store *store, struct queue_job *job, struct err *err)
{
	struct ask *a = (struct ask *)job;
	struct reader *reader = NULL;
	int ret = reader_open(&reader, a->station->options->store, err);

	(void)store;
	if (ret == 0)
		ret = a->question->run(reader, a, err);
	reader_close(reader);
	return ret;
}

static struct ask *ask_new(struct station *st, const struct question *q,
	void (*done)(struct queue_job *job, int status, const struct err *err))
{
	struct ask *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->job = (struct queue_job){.run = run, .done = done};
	a->station = st;
	a->question = q;
	a->data = json_object();
	a->since_ms = shift_since_ms(&st->fixture);
	if (a->since_ms == st->shift_since_ms)
		a->from = st->shift_from;
	if (q->begin)
		json_object_set_new(a->data, "findings", q->begin(st));
	return a;
}

static void ask_free(struct ask *a)
{
	json_decref(a->about);
	json_decref(a->data);
	free(a);
}

static void answered(struct queue_job *job, int status, const struct err *err)
{
	struct ask *a = (struct ask *)job;
	json_t *m = json_pack(
		"{ss, sI, ss}", "type", "answered", "id", a->id, "what", a->question->what);

	if (status < 0)
		json_object_set_new(m, "error", json_string(err->text));
	else
		json_object_set(m, "data", a->data);
	client_tell(clients_find(a->station, a->client), m);
	ask_free(a);
}

void asks_take(struct client *c, const json_t *message)
{
	const char *what = message_string(message, "what");
	struct ask *a = NULL;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (!strcmp(questions[i].what, what))
			a = ask_new(c->station, &questions[i], answered);
	if (!a) {
		client_tell(c, json_pack("{ss, sI, ss, ss}", "type", "answered", "id",
				       (json_int_t)message_integer(message, "id"), "what", what,
				       "error", "there is no such question"));
		return;
	}
	a->client = c->id;
	a->id = message_integer(message, "id");
	a->about = json_deep_copy(json_object_get(message, "about"));
	queue_add(c->station->asker, &a->job);
}

/* ---- the counts ---- */

static void counted(struct queue_job *job, int status, const struct err *err)
{
	struct ask *a = (struct ask *)job;
	struct station *st = a->station;
	char since[CLOCK_TEXT];
	time_t t = (time_t)(a->since_ms / 1000);
	struct tm tm;

	(void)err; /* a store that can't be read is told by the writer, which stops the station */
	st->counting = false;
	if (status >= 0) {
		localtime_r(&t, &tm);
		strftime(since, sizeof(since), "%H:%M", &tm);
		st->shift_since_ms = a->since_ms;
		st->shift_from = a->from;
		json_object_set_new(a->data, "type", json_string("counts"));
		json_object_set_new(a->data, "shift", json_string(since));
		if (!json_equal(a->data, st->counts)) {
			json_decref(st->counts);
			st->counts = json_incref(a->data);
			clients_tell(st, json_incref(st->counts));
		}
	}
	ask_free(a);
	if (st->count_again)
		asks_count(st);
	else if (!st->ending)
		loop_timer(st->loop, &st->count_timer, MINUTE_MS);
}

void asks_count(void *arg)
{
	struct station *st = arg;
	struct ask *a;

	st->count_again = st->counting;
	if (st->counting || st->ending)
		return;
	a = ask_new(st, &counts, counted);
	if (!a)
		return;
	st->counting = true;
	queue_add(st->asker, &a->job);
}
