/*
 * payjig without a subcommand: the station screen. What station it is stands in a station file, or
 * on the command line; if none runs on the store, it is started, in a session of its own.
 */
#include "screen/screen.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/start.h"
#include "cmd/station_file.h"
#include "cmd/station_options.h"
#include "core/secret.h"
#include "payment/describe.h"
#include "screen/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int connect_again(void *arg)
{
	const struct station_options *o = arg;

	return client_connect(o->socket);
}

/* What a station that ended at once wrote: it goes to the terminal, which has no screen yet. */
static int ended(const char *log, long from, int status)
{
	FILE *f = fopen(log, "r");
	char line[1024];

	if (f && fseek(f, from, SEEK_SET) == 0)
		while (fgets(line, sizeof(line), f))
			fputs(line, stderr);
	if (f)
		fclose(f);
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_STATION;
}

static long size_of(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = 0;

	if (f && fseek(f, 0, SEEK_END) == 0)
		n = ftell(f);
	if (f)
		fclose(f);
	return n;
}

static int open_screen(struct station_options *o, const char *language, struct err *err)
{
	const char *no_color = getenv("NO_COLOR");
	struct screen_run run = {.language = language ? language : words_wanted(),
		.catalogues = PAYJIG_CATALOGUES,
		.plain = no_color && no_color[0],
		.owner = o->once,
		.describe = describe_apdu,
		.connect = connect_again,
		.arg = o};
	char log[CLIENT_PATH];
	pid_t station = 0;
	int ret, status = 0;
	long before;

	snprintf(log, sizeof(log), "%s.log", o->store);
	before = size_of(log);
	ret = start_connect(o, log, true, &station, &run.socket, err);
	if (ret == 0)
		ret = screen_run(&run, err);
	/* One that goes on is nobody's child when this process has ended. */
	if (station && (ret == 1 || o->once))
		waitpid(station, &status, 0);
	return ret == 1 ? ended(log, before, status) : ret;
}

int cmd_screen(int argc, char **argv)
{
	struct station_options o = {.notify_fd = -1};
	const char *language = NULL, *file = NULL;
	struct option_row rows[STATION_OPTIONS + 4] = {0};
	struct station_file station;
	struct err err;
	size_t n;
	int ret;

	station_option_rows(rows, &o);
	for (size_t i = 0; i < STATION_OPTIONS; i++)
		rows[i].required = false; /* the station file has it */
	rows[STATION_OPTIONS] = (struct option_row){"language", "en|zh_CN",
		"of the screen (the environment's)", &language, NULL, false};
	rows[STATION_OPTIONS + 1] = (struct option_row){"once", NULL,
		"a station that is started for this screen ends with it", NULL, &o.once, false};
	rows[STATION_OPTIONS + 2] = (struct option_row){"station", "FILE",
		"the station file (payjig.yaml here, or ~/.config/payjig/station.yaml)", &file,
		NULL, false};
	ret = options_read(argc, argv, "[screen] [OPTIONS]", rows, NULL, 0, &n);
	if (ret >= 0)
		return ret;
	if (language && strcmp(language, "en") != 0 && strcmp(language, "zh_CN") != 0) {
		fprintf(stderr, "payjig: --language %s: must be en or zh_CN\n", language);
		return EXIT_USAGE;
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cmd_usage("the screen needs a terminal (payjig run works without one; "
				 "payjig --help lists the commands)");
	secret_init(); /* passwords are typed here: no core dumps */
	if (station_file_find(&station, file, &o, &err) < 0 ||
		station_option_defaults(&o, &err) < 0 ||
		(ret = open_screen(&o, language, &err)) < 0) {
		ret = cmd_failed(&err);
	}
	station_file_finish(&station);
	return ret;
}
