/* The jig: who it is, its firmware, calibration, self-test, what makes it refuse. */
#include "core/clock.h"
#include "core/words.h"
#include "doctor/doctor.h"
#include "jig/sync.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 4000, ASKED = 7 };

static const char *answer(const json_t *values, size_t i)
{
	const char *text = json_string_value(json_array_get(values, i));

	return text ? text : "";
}

static void judge_identity(struct doctor *d, const json_t *values)
{
	const char *idn = answer(values, 0), *firmware = strrchr(idn, ',');
	const struct fixture *f = d->fixture;
	char list[FIXTURE_TEXT], *rest = list, *quoted, id[FIXTURE_TEXT];
	struct err err;

	doctor_add(d, true, N_("jig"), "", "%s", idn);
	if (f->firmware_n)
		doctor_add(d, fixture_knows_firmware(f, firmware ? firmware + 1 : ""),
			N_("jig firmware"),
			N_("update the jig, or name its firmware in the fixture file"), "%s",
			firmware ? firmware + 1 : "");
	snprintf(list, sizeof(list), "%s", answer(values, 2));
	quoted = scpi_part(&rest, ',');
	if (!quoted || scpi_string(quoted, id, sizeof(id), &err) < 0)
		snprintf(id, sizeof(id), "%.60s", answer(values, 2));
	doctor_add(d, !strcmp(id, f->id), N_("fixture in the jig"),
		N_("change the fixture, or take the fixture file that belongs to it"),
		"%s, must be %s", id, f->id);
}

static void judge_slots(struct doctor *d, const json_t *values)
{
	int64_t slots = 0, most = 0;
	struct err err;

	for (size_t i = 0; i < d->fixture->slot_n; i++)
		if (d->fixture->slots[i].slot > most)
			most = d->fixture->slots[i].slot;
	if (scpi_integer(answer(values, 1), &slots, &err) < 0)
		slots = 0;
	doctor_add(d, slots >= most, N_("slots"), N_("correct the slots in the fixture file"),
		"%lld, the fixture file uses slot %lld", (long long)slots, (long long)most);
}

static void judge_state(struct doctor *d, const json_t *values)
{
	char due[DOCTOR_DETAIL], today[CLOCK_TEXT];
	struct err err;

	doctor_add(d, !strcmp(answer(values, 6), "0"), N_("self-test"), N_("call the technician"),
		"*TST? %s", answer(values, 6));
	clock_date(today);
	snprintf(due, sizeof(due), "%s", answer(values, 3));
	if (due[0] == '"' && scpi_string(answer(values, 3), due, sizeof(due), &err) < 0)
		due[0] = '\0';
	doctor_add(d, strlen(due) == 10 && strcmp(due, today) >= 0, N_("calibration"),
		N_("have the jig calibrated"), "due on %.20s", due);
	doctor_add(d, !strcmp(answer(values, 4), "1"), N_("lid"), N_("close the lid"), "%s",
		!strcmp(answer(values, 4), "1") ? "closed" : "open");
	doctor_add(d, !strcmp(answer(values, 5), "0"), N_("emergency stop"),
		N_("clear the danger, then release it"), "%s",
		!strcmp(answer(values, 5), "0") ? "released" : "pressed");
}

void doctor_jig(struct doctor *d, const char *address)
{
	struct jig_request request = {.replies = ASKED};
	struct jig_sync s;
	struct err err;
	json_t *values;

	if (jig_sync_open(&s, address, WAIT_MS, &err) < 0) {
		doctor_add(d, false, N_("jig"),
			N_("check the jig's cable, power and address in the fixture file"),
			"%s: %.180s", address, err.text);
		return;
	}
	strcpy(request.line,
		"*IDN?;:SYST:SLOT?;:FIXT:IDEN?;:CAL:DUE?;:SYST:INT:LID?;:SYST:INT:EST?;*TST?");
	values = jig_sync_send(&s, &request, JIG_RAW, &err);
	if (values) {
		judge_identity(d, values);
		judge_slots(d, values);
		judge_state(d, values);
		json_decref(values);
	} else {
		doctor_add(d, false, N_("jig"), N_("call the technician"), "%s: %.180s", address,
			err.text);
	}
	jig_sync_close(&s);
}
