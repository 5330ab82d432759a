/*
 * Subcommands: one file each, one table in main.c. Each gets its arguments (argv[0] is its name)
 * and returns the exit status: 0 fine, 1 a unit failed, 2 wrong usage or configuration, 3 station
 * error, 4 aborted.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_PASS = 0, EXIT_FAIL = 1, EXIT_USAGE = 2, EXIT_STATION = 3, EXIT_ABORTED = 4 };

int cmd_apdu(int argc, char **argv);
int cmd_card(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_job(int argc, char **argv);
int cmd_person(int argc, char **argv);
int cmd_reader(int argc, char **argv);
int cmd_relay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_screen(int argc, char **argv);
int cmd_slot(int argc, char **argv);
int cmd_station(int argc, char **argv);
int cmd_store(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* A command with commands of its own: `payjig job import`. The table ends with a NULL name. */
struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

int cmd_dispatch(const char *command, const struct subcommand *table, int argc, char **argv);

/* A process that drives one NFC chip, which its only argument names. */
int cmd_chip(int argc, char **argv, const char *usage,
	int (*run)(const char *connstring, struct err *err));

/* Prints "payjig: TEXT" to stderr; EXIT_USAGE. */
int cmd_usage(const char *text);

/* One option of a subcommand: `--name VALUE` sets *value, `--name` alone sets *flag. */
struct option_row {
	const char *name;
	const char *value_name; /* NULL: a flag */
	const char *help;
	const char **value;
	bool *flag;
	bool required;
};

/*
 * Reads options and leaves the rest in rest[] (at most `most` of them, *rest_n). Prints what is
 * wrong, or the help for --help. Negative: go on; else the exit status to return at once.
 */
int options_read(int argc, char **argv, const char *usage, const struct option_row *rows,
	const char **rest, size_t most, size_t *rest_n);

/* Prints "payjig: TEXT" to stderr and gives the exit status for err->status. */
int cmd_failed(const struct err *err);

#endif
