/*
 * Bring-up: before the first unit the jig shows who it is, that it is calibrated, measures its
 * reference resistors rightly and has life left; then events and the watchdog are switched on.
 */
#include "core/clock.h"
#include "station/private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RETRY_MS = 3000,
	WATCHDOG_MS = 800, /* so that a dead station's outputs are off within one second */
};

static const struct {
	const char *name;
	double ohm, most; /* SHORt is judged by its most, the others by the fixture's percentage */
} references[] = {
	{"SHOR", 0, 1.0}, {"R135", 135, 0}, {"R240", 240, 0}, {"R470", 470, 0}, {"R5K", 5000, 0}};

enum { REFERENCES = sizeof(references) / sizeof(references[0]) };

struct bringup {
	struct jig_request request;
	struct station *st;
	size_t stage, slot; /* a stage for each slot goes through all of them */
	int64_t insert_limit, press_limit;
	char failed[CODE];
};

static void fill_identity(struct bringup *b)
{
	snprintf(b->request.line, JIG_LINE, "*RST;*IDN?;:SYST:SLOT?;:FIXT:IDEN?");
	b->request.replies = 3;
}

static int check_identity(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	struct station *st = b->st;
	char *list = r->fields[2], *quoted = scpi_part(&list, ','), id[64];
	const char *firmware;
	int64_t slots;

	strcpy(b->failed, "JIG-IDENTITY");
	snprintf(st->jig_name, sizeof(st->jig_name), "%s", r->fields[0]);
	if (scpi_integer(r->fields[1], &slots, err) < 0 ||
		scpi_string(quoted, id, sizeof(id), err) < 0)
		return err->status;
	firmware = strrchr(st->jig_name, ',');
	if (!fixture_knows_firmware(&st->fixture, firmware ? firmware + 1 : ""))
		return err_set(err, E_REFUSED, "the jig has firmware \"%s\", %s names others",
			firmware ? firmware + 1 : "", st->fixture_file.path);
	if (strcmp(id, st->fixture.id) != 0)
		return err_set(err, E_REFUSED, "the jig holds fixture \"%s\", %s names \"%s\"", id,
			st->fixture_file.path, st->fixture.id);
	for (size_t i = 0; i < st->slot_n; i++)
		if (st->slots[i].number > slots)
			return err_set(err, E_REFUSED, "the jig has %lld slots, %s uses slot %u",
				(long long)slots, st->fixture_file.path, st->slots[i].number);
	return 0;
}

static void fill_calibration(struct bringup *b)
{
	snprintf(b->request.line, JIG_LINE, "*TST?;:CAL:DUE?");
	b->request.replies = 2;
}

static int check_calibration(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	char due[16], today[CLOCK_TEXT];
	int64_t selftest;

	strcpy(b->failed, "JIG-REFUSED");
	if (scpi_integer(r->fields[0], &selftest, err) < 0)
		return err->status;
	if (selftest != 0)
		return err_set(
			err, E_REFUSED, "the jig's self-test fails with %lld", (long long)selftest);
	strcpy(b->failed, "JIG-CALIBRATION");
	if (scpi_string(r->fields[1], due, sizeof(due), err) < 0)
		return err->status;
	clock_date(today);
	if (strlen(due) != 10 || strcmp(due, today) < 0)
		return err_set(err, E_REFUSED, "the jig's calibration was due on %s", due);
	return 0;
}

static void fill_references(struct bringup *b)
{
	size_t n = 0;

	for (size_t i = 0; i < REFERENCES; i++)
		n += (size_t)snprintf(b->request.line + n, JIG_LINE - n, "%sCAL:REF%u? %s",
			i ? ";:" : "", b->st->slots[b->slot].number, references[i].name);
	b->request.replies = REFERENCES;
}

static int check_references(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	strcpy(b->failed, "JIG-REFERENCE");
	for (size_t i = 0; i < REFERENCES; i++) {
		double ohm, most = references[i].most;

		if (!(most > 0))
			most = references[i].ohm * b->st->fixture.reference_percent / 100;
		if (scpi_real(r->fields[i], &ohm, err) < 0)
			return err->status;
		if (!(fabs(ohm - references[i].ohm) <= most))
			return err_set(err, E_REFUSED,
				"slot %u measures %.1f ohm on the reference of %.0f ohm",
				b->st->slots[b->slot].number, ohm, references[i].ohm);
	}
	return 0;
}

static void fill_limits(struct bringup *b)
{
	snprintf(b->request.line, JIG_LINE, "FIXT:LIM? INS;:FIXT:LIM? PRES");
	b->request.replies = 2;
}

static int check_limits(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	strcpy(b->failed, "JIG-LIFE");
	if (scpi_integer(r->fields[0], &b->insert_limit, err) < 0)
		return err->status;
	return scpi_integer(r->fields[1], &b->press_limit, err);
}

static void fill_counters(struct bringup *b)
{
	unsigned n = b->st->slots[b->slot].number;

	snprintf(b->request.line, JIG_LINE, "FIXT:COUN? INS,%u;:FIXT:COUN? PRES,%u", n, n);
	b->request.replies = 2;
}

static int check_counters(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	unsigned n = b->st->slots[b->slot].number;
	int64_t inserts, presses;

	strcpy(b->failed, "JIG-LIFE");
	if (scpi_integer(r->fields[0], &inserts, err) < 0 ||
		scpi_integer(r->fields[1], &presses, err) < 0)
		return err->status;
	if (inserts >= b->insert_limit)
		return err_set(err, E_REFUSED,
			"slot %u: the plug has %lld insertions, its limit is %lld", n,
			(long long)inserts, (long long)b->insert_limit);
	if (presses >= b->press_limit)
		return err_set(err, E_REFUSED,
			"slot %u: the actuators have %lld strokes, their limit is %lld", n,
			(long long)presses, (long long)b->press_limit);
	return 0;
}

static void fill_events(struct bringup *b)
{
	snprintf(b->request.line, JIG_LINE,
		"SYST:EVEN ON;:SYST:WATC %.1f;:SYST:INT:LID?;:SYST:INT:EST?",
		(double)WATCHDOG_MS / 1000);
	b->request.replies = 2;
}

static int check_events(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	int64_t lid, estop;

	strcpy(b->failed, "JIG-PROTOCOL");
	if (scpi_integer(r->fields[0], &lid, err) < 0 ||
		scpi_integer(r->fields[1], &estop, err) < 0)
		return err->status;
	b->st->lid_open = lid != 1;
	b->st->estop = estop != 0;
	jig_feed(b->st->jig);
	return 0;
}

static void fill_presence(struct bringup *b)
{
	snprintf(b->request.line, JIG_LINE, "DET%u:DUT?", b->st->slots[b->slot].number);
	b->request.replies = 1;
}

static int check_presence(struct bringup *b, struct scpi_reply *r, struct err *err)
{
	int64_t present;

	strcpy(b->failed, "JIG-PROTOCOL");
	if (scpi_integer(r->fields[0], &present, err) < 0)
		return err->status;
	unit_presence(&b->st->slots[b->slot], present == 1);
	return 0;
}

/* In the order they must be done: nothing is switched on before all checks. */
static const struct {
	void (*fill)(struct bringup *b);
	int (*check)(struct bringup *b, struct scpi_reply *r, struct err *err);
	bool each_slot;
} stages[] = {
	{fill_identity, check_identity, false},
	{fill_calibration, check_calibration, false},
	{fill_references, check_references, true},
	{fill_limits, check_limits, false},
	{fill_counters, check_counters, true},
	{fill_events, check_events, false},
	{fill_presence, check_presence, true},
};

static void answered(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err);

static void next_request(struct bringup *b)
{
	memset(&b->request, 0, sizeof(b->request));
	b->request.done = answered;
	b->request.arg = b;
	stages[b->stage].fill(b);
	jig_send(b->st->jig, &b->request);
}

static void failed(struct bringup *b, const char *code, const char *why)
{
	struct station *st = b->st;

	station_stop(st, code, why);
	if (jig_is_up(st->jig) && !st->ending) /* else the next connection starts it again */
		loop_timer(st->loop, &st->bringup_retry, RETRY_MS);
	free(b);
}

static void answered(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err)
{
	struct bringup *b = request->arg;
	struct station *st = b->st;
	struct err why;

	if (status == E_CANCELLED) { /* the station ends */
		free(b);
		return;
	}
	if (status < 0) {
		failed(b, broker_code(status), err->text);
		return;
	}
	status = stages[b->stage].check(b, reply, &why);
	if (status < 0) {
		failed(b, status == E_PROTOCOL ? "JIG-PROTOCOL" : b->failed, why.text);
		return;
	}
	if (stages[b->stage].each_slot && ++b->slot < st->slot_n) {
		next_request(b);
		return;
	}
	b->slot = 0;
	if (++b->stage < sizeof(stages) / sizeof(stages[0])) {
		next_request(b);
		return;
	}
	free(b);
	station_ready(st);
}

void bringup_start(struct station *st)
{
	struct bringup *b = calloc(1, sizeof(*b));

	if (!b) {
		station_stop(st, "JIG-GONE", "out of memory");
		return;
	}
	b->st = st;
	next_request(b);
}
