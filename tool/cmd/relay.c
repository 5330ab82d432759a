/* payjig relay: the phone's stand-in in the reader's field, for one unit's test. */
#include "cmd/cmd.h"
#include "link/nfc_relay.h"

int cmd_relay(int argc, char **argv)
{
	return cmd_chip(argc, argv, "relay CONNSTRING < ANSWERS > COMMANDS", nfc_relay_run);
}

int cmd_chip(int argc, char **argv, const char *usage,
	int (*run)(const char *connstring, struct err *err))
{
	const struct option_row rows[] = {{0}};
	const char *connstring = NULL;
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, usage, rows, &connstring, 1, &n);

	if (ret >= 0)
		return ret;
	if (!n)
		return cmd_usage("needs the connection string of its chip, as libnfc has it");
	return run(connstring, &err) < 0 ? cmd_failed(&err) : EXIT_PASS;
}
