/* payjig: the table of subcommands. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

/* Alphabetical. */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"apdu", cmd_apdu, "send raw commands to the unit in a slot"},
	{"card", cmd_card, "what waits for a person; terminate, resolve, destroy"},
	{"check", cmd_check, "check configuration and job files"},
	{"doctor", cmd_doctor, "what is connected, what is missing, how to fix it"},
	{"job", cmd_job, "inventories of cards: import, reconcile, export, close"},
	{"person", cmd_person, "who may work at this station"},
	{"reader", cmd_reader, "be the NFC reader of one unit (its worker starts it)"},
	{"relay", cmd_relay, "be the phone's stand-in for one unit (its worker starts it)"},
	{"report", cmd_report, "write the reports of a store"},
	{"run", cmd_run, "provision units without a screen"},
	{"screen", cmd_screen, "the station screen (what payjig does without a command)"},
	{"slot", cmd_slot, "be the worker of one slot (the station starts it)"},
	{"station", cmd_station, "be the station"},
	{"store", cmd_store, "back up, restore, upgrade a store"},
	{"verify", cmd_verify, "prove that a store or a report is what the station wrote"},
};

static void usage(FILE *f)
{
	fprintf(f,
		"payjig %s: hardware-in-the-loop test and manufacturing of payment headsets\n"
		"usage: payjig [OPTIONS]           the station screen\n"
		"       payjig COMMAND [--help]\n",
		PAYJIG_VERSION);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return cmd_screen(argc, argv);
	if (!strcmp(argv[1], "--help")) {
		usage(stdout);
		return EXIT_PASS;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("payjig %s\n", PAYJIG_VERSION);
		return EXIT_PASS;
	}
	if (!strncmp(argv[1], "--", 2))
		return cmd_screen(argc, argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "payjig: %s: there is no such command (payjig --help)\n", argv[1]);
	return EXIT_USAGE;
}
