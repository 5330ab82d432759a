/* payjig doctor: what is connected, what is missing, and how to fix it. */
#include "doctor/doctor.h"
#include "cmd/cmd.h"
#include "cmd/station_file.h"
#include "station/identity.h"

#include <stdio.h>
#include <stdlib.h>

static int examine(const char *path, const struct station_options *o, struct err *err)
{
	struct fixture fixture;
	struct profile *profiles = calloc(FIXTURE_SLOTS, sizeof(*profiles));
	struct doctor *d = calloc(1, sizeof(*d));
	size_t bad = 0;
	int ret = profiles && d ? identity_fixture(path, &fixture, err)
				: err_set(err, E_SYSTEM, "out of memory");

	for (size_t i = 0; ret == 0 && i < fixture.slot_n; i++)
		ret = identity_profile(path, &fixture.slots[i], &profiles[i], err);
	if (ret == 0)
		ret = fixture_set_nfc(path, &fixture, o->reader, o->phone, err);
	if (ret == 0) {
		if (o->jig)
			snprintf(fixture.jig, sizeof(fixture.jig), "%s", o->jig);
		d->fixture = &fixture;
		d->profiles = profiles;
		doctor_jig(d, fixture.jig);
		doctor_host(d);
		doctor_phone(d);
		for (size_t i = 0; i < d->n; i++) {
			const struct doctor_finding *f = &d->findings[i];

			bad += !f->fine;
			printf("%-5s %-20s %s\n", f->fine ? "ok" : "BAD", f->what, f->detail);
			if (!f->fine)
				printf("      -> %s\n", f->fix);
		}
		printf("%zu looked at, %zu to see to\n", d->n, bad);
		ret = bad > 0;
	}
	free(profiles);
	free(d);
	return ret;
}

int cmd_doctor(int argc, char **argv)
{
	struct station_options o = {0};
	const char *file = NULL;
	const struct option_row rows[] = {
		{"fixture", "FILE", "jig and slots (as the station file says)", &o.fixture, NULL,
			false},
		{"jig", "ADDRESS", "instead of the fixture's", &o.jig, NULL, false},
		{"phone", "PHONE", "likewise", &o.phone, NULL, false},
		{"reader", "READER", "likewise", &o.reader, NULL, false},
		{"station", "FILE", "the station file", &file, NULL, false},
		{0},
	};
	struct station_file found = {0};
	struct err err;
	size_t n;
	int ret = options_read(
		argc, argv, "doctor [--fixture FILE] [--jig ADDRESS]", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	ret = o.fixture ? 0 : station_file_find(&found, file, &o, &err);
	if (ret == 0)
		ret = examine(o.fixture, &o, &err);
	station_file_finish(&found);
	return ret < 0 ? cmd_failed(&err) : ret ? EXIT_STATION : EXIT_PASS;
}
