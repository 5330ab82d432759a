#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static void help(const char *usage, const struct option_row *rows)
{
	printf("usage: payjig %s\n", usage);
	for (; rows->name; rows++) {
		char left[48];

		snprintf(left, sizeof(left), "--%s%s%s", rows->name, rows->value_name ? " " : "",
			rows->value_name ? rows->value_name : "");
		printf("  %-24s %s%s\n", left, rows->help, rows->required ? " (required)" : "");
	}
	printf("  %-24s %s\n", "--help", "this text");
}

static const struct option_row *find(const struct option_row *rows, const char *name)
{
	for (; rows->name; rows++)
		if (!strcmp(rows->name, name))
			return rows;
	return NULL;
}

static int wrong(const char *command, const char *what, const char *which)
{
	fprintf(stderr, "payjig: %s: %s%s (payjig %s --help)\n", command, which, what, command);
	return EXIT_USAGE;
}

int options_read(int argc, char **argv, const char *usage, const struct option_row *rows,
	const char **rest, size_t most, size_t *rest_n)
{
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		const struct option_row *row;

		if (!strcmp(argv[i], "--help")) {
			help(usage, rows);
			return EXIT_PASS;
		}
		if (strncmp(argv[i], "--", 2) != 0) {
			if (n == most)
				return wrong(argv[0], ": too many arguments", argv[i]);
			rest[n++] = argv[i];
			continue;
		}
		row = find(rows, argv[i] + 2);
		if (!row)
			return wrong(argv[0], ": there is no such option", argv[i]);
		if (!row->value_name) {
			*row->flag = true;
			continue;
		}
		if (++i == argc)
			return wrong(argv[0], ": needs a value", argv[i - 1]);
		*row->value = argv[i];
	}
	for (const struct option_row *row = rows; row->name; row++)
		if (row->required && !*row->value)
			return wrong(argv[0], " is missing", row->name);
	*rest_n = n;
	return -1;
}

int cmd_failed(const struct err *err)
{
	fprintf(stderr, "payjig: %s\n", err->text);
	return err->status == E_CONFIG ? EXIT_USAGE : EXIT_STATION;
}

int cmd_usage(const char *text)
{
	fprintf(stderr, "payjig: %s\n", text);
	return EXIT_USAGE;
}

int cmd_dispatch(const char *command, const struct subcommand *table, int argc, char **argv)
{
	bool help = argc > 1 && !strcmp(argv[1], "--help");

	for (const struct subcommand *row = table; argc > 1 && row->name; row++)
		if (!strcmp(row->name, argv[1]))
			return row->run(argc - 1, argv + 1);
	if (argc > 1 && !help) {
		fprintf(stderr, "payjig: %s: %s: there is no such command (payjig %s --help)\n",
			command, argv[1], command);
		return EXIT_USAGE;
	}
	fprintf(help ? stdout : stderr, "usage: payjig %s COMMAND [--help]\n", command);
	for (; table->name; table++)
		fprintf(help ? stdout : stderr, "  %-10s %s\n", table->name, table->help);
	return help ? EXIT_PASS : EXIT_USAGE;
}
