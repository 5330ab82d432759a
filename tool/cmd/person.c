/* payjig person: who may work at this station, by name, role and password. */
#include "cmd/cmd.h"
#include "core/secret.h"
#include "messages/messages.h"
#include "station/identity.h"
#include "station/people.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Reads one line from stdin, without echo where it is a terminal. false at the end of input. */
static bool read_password(const char *ask, char out[PERSON_PASSWORD])
{
	struct termios before, silent;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0, got;

	if (terminal) {
		silent = before;
		silent.c_lflag &= (tcflag_t)~ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
		fprintf(stderr, "%s: ", ask);
	}
	got = fgets(out, PERSON_PASSWORD, stdin) != NULL;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	out[got ? strcspn(out, "\n") : 0] = '\0';
	return got;
}

/* The fixture's station folder; and what the person's row needs. */
struct person_options {
	const char *fixture, *role, *names[1];
	struct identity identity;
};

static int read_options(int argc, char **argv, const char *usage, bool with_role, bool with_name,
	struct person_options *o, struct err *err)
{
	const struct option_row rows[] = {
		{"fixture", "FILE", "the station", &o->fixture, NULL, true},
		{with_role ? "role" : NULL, "ROLE", "operator, lead or engineer", &o->role, NULL,
			true},
		{0},
	};
	struct fixture fixture;
	size_t n;
	int ret = options_read(argc, argv, usage, rows, o->names, with_name ? 1 : 0, &n);

	if (ret >= 0)
		return ret;
	if (with_name && !n)
		return cmd_usage("person: name the person");
	return identity_load(&o->identity, o->fixture, &fixture, err) < 0 ? cmd_failed(err) : -1;
}

static int person_add(int argc, char **argv)
{
	struct person_options o = {0};
	char password[PERSON_PASSWORD], again[PERSON_PASSWORD];
	struct err err;
	int ret = read_options(argc, argv, "person add --fixture FILE --role ROLE NAME < PASSWORD",
		true, true, &o, &err);

	if (ret >= 0)
		goto out;
	ret = 0;
	if (!read_password("password", password))
		ret = err_set(&err, E_CONFIG, "person add: no password on standard input");
	else if (isatty(STDIN_FILENO) &&
		 (!read_password("again", again) || strcmp(password, again) != 0))
		ret = err_set(&err, E_CONFIG, "person add: the two passwords differ");
	if (ret == 0)
		ret = people_set(o.identity.state, o.names[0], o.role, password, &err);
	ret = ret < 0 ? cmd_failed(&err) : EXIT_PASS;
out:
	secret_wipe(password, sizeof(password));
	secret_wipe(again, sizeof(again));
	identity_close(&o.identity);
	return ret;
}

static int person_list(int argc, char **argv)
{
	struct person_options o = {0};
	json_t *list = NULL, *p;
	struct err err;
	size_t i;
	int ret = read_options(argc, argv, "person list --fixture FILE", false, false, &o, &err);

	if (ret < 0) {
		list = people_read(o.identity.state, &err);
		ret = list ? EXIT_PASS : cmd_failed(&err);
	}
	json_array_foreach(list, i, p)
		printf("%-10s %s\n", message_string(p, "role"), message_string(p, "name"));
	json_decref(list);
	identity_close(&o.identity);
	return ret;
}

static int person_remove(int argc, char **argv)
{
	struct person_options o = {0};
	struct err err;
	int ret = read_options(
		argc, argv, "person remove --fixture FILE NAME", false, true, &o, &err);

	if (ret < 0)
		ret = people_remove(o.identity.state, o.names[0], &err) < 0 ? cmd_failed(&err)
									    : EXIT_PASS;
	identity_close(&o.identity);
	return ret;
}

/* Alphabetical. */
static const struct subcommand commands[] = {
	{"add", person_add, "add a person, or give role and password anew"},
	{"list", person_list, "who may work here"},
	{"remove", person_remove, "who may not any more"},
	{0},
};

int cmd_person(int argc, char **argv)
{
	return cmd_dispatch("person", commands, argc, argv);
}
