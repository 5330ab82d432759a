/* payjig slot: the worker of one slot, requests on stdin, events on stdout. */
#include "cmd/cmd.h"
#include "slot/worker.h"

#include <unistd.h>

int cmd_slot(int argc, char **argv)
{
	const struct option_row rows[] = {{0}};
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, "slot < REQUESTS > EVENTS", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	return worker_run(STDIN_FILENO, STDOUT_FILENO, &err) < 0 ? cmd_failed(&err) : EXIT_PASS;
}
