/* payjig station: supervisor of slots, broker of the jig, writer of the store. */
#include "cmd/cmd.h"
#include "cmd/station_options.h"
#include "core/num.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void station_option_rows(struct option_row rows[STATION_OPTIONS], struct station_options *o)
{
	const struct option_row all[STATION_OPTIONS] = {
		{"fixture", "FILE", "the jig and what its slots hold", &o->fixture, NULL, true},
		{"jig", "ADDRESS", "tcp:HOST:PORT instead of the fixture's", &o->jig, NULL, false},
		{"phone", "PHONE", "standin:nfc:CONNSTRING or golden:NAME instead of the fixture's",
			&o->phone, NULL, false},
		{"reader", "READER", "nfc:CONNSTRING instead of the fixture's", &o->reader, NULL,
			false},
		{"job", "JOB", "whose cards to issue: its file, or its name once imported", &o->job,
			NULL, true},
		{"plan", "FILE", "the steps of the test", &o->plan, NULL, true},
		{"socket", "PATH", "where clients connect (STORE.sock)", &o->socket, NULL, false},
		{"store", "FILE", "journal and card ledger", &o->store, NULL, true},
		{"worker", "PROGRAM", "the program whose `slot` works the slots (this one)",
			&o->program, NULL, false},
	};

	memcpy(rows, all, sizeof(all));
}

int station_option_defaults(struct station_options *o, struct err *err)
{
	static char socket_path[4096], self[4096];
	ssize_t n;

	if (!o->socket) {
		if (snprintf(socket_path, sizeof(socket_path), "%s.sock", o->store) >=
			(int)sizeof(socket_path))
			return err_set(err, E_CONFIG, "%s: name too long", o->store);
		o->socket = socket_path;
	}
	if (!o->program) {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		if (n < 0)
			return err_set(err, E_SYSTEM, "/proc/self/exe can't be read");
		self[n] = '\0';
		o->program = self;
	}
	return 0;
}

int cmd_station(int argc, char **argv)
{
	struct station_options o = {.notify_fd = -1};
	const char *notify = NULL;
	struct option_row rows[STATION_OPTIONS + 3] = {0};
	int64_t fd = -1;
	struct err err;
	size_t n;
	int ret;

	station_option_rows(rows, &o);
	rows[STATION_OPTIONS] = (struct option_row){"notify-fd", "N",
		"descriptor that gets a line when clients may connect", &notify, NULL, false};
	rows[STATION_OPTIONS + 1] = (struct option_row){"once", NULL,
		"end when the first client has left and no unit is in work", NULL, &o.once, false};
	ret = options_read(argc, argv, "station --fixture FILE --plan FILE --job FILE --store FILE",
		rows, NULL, 0, &n);
	if (ret >= 0)
		return ret;
	if (notify && (num_integer(notify, &fd) < 0 || fd < 0 || fd > 1000000)) {
		fprintf(stderr, "payjig: station: --notify-fd %s: not a descriptor\n", notify);
		return EXIT_USAGE;
	}
	o.notify_fd = (int)fd;
	if (station_option_defaults(&o, &err) < 0 || station_run(&o, &err) < 0)
		return cmd_failed(&err);
	return EXIT_PASS;
}
