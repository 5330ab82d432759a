/*
 * Screens without a terminal: a script's events and keys, and the text that must be on the screen.
 *
 *   screens [--update] SCRIPT...
 *
 * Every script runs at each size in each language. Its lines:
 *   event JSON       the station says it         answer JSON   the data of the last question
 *   key NAME         Enter, Esc, Tab, F1.., Up.., or one character        type TEXT
 *   clock MS         the screen's time           gone TEXT, connected     the station
 *   slots N          N times the event "slot"    sent JSON, nothing       what the screen said
 *   include FILE     its lines, from this folder
 *   expect NAME      the screen now is the part NAME of expected/SCRIPT.SIZE.LANGUAGE
 * With --update what is on the screen is written there instead: look at it before it is committed.
 */
#include "figures.h"
#include "messages/messages.h"
#include "payment/describe.h"
#include "screen/screen.h"

#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

enum { LINE = 8192, MOST = 256 * 1024, CELLS = 512 };

static const struct {
	int rows, columns;
} sizes[] = {{24, 80}, {40, 120}, {60, 200}};

static const char *const languages[] = {"en", "zh_CN"};

/* The first one makes the expected text, the others must show the same. */
static const struct {
	const char *terminal;
	bool plain;
} terminals[] = {{"xterm-256color", false}, {"xterm-16color", false}, {"linux", false},
	{"vt100", false}, {"xterm-256color", true}};

struct test {
	const char *script, *language, *terminal;
	int rows, columns, line;
	bool plain, update, failed;
	struct screen *screen;
	json_t *sent; /* and not looked at yet */
	int64_t now_ms;
	json_int_t asked;
	char *wanted; /* the expected file */
	FILE *writes;
	int compared;
};

static void fail(struct test *t, const char *what, const char *detail)
{
	printf("FAILED: %s:%d %dx%d %s %s%s: %s: %s\n", t->script, t->line, t->columns, t->rows,
		t->language, t->terminal, t->plain ? " plain" : "", what, detail);
	t->failed = true;
}

static void take_sent(void *arg, json_t *message)
{
	struct test *t = arg;
	struct err err;
	size_t n;
	char *line = message_line(json_incref(message), FROM_CLIENT, &n, &err);

	if (!line)
		fail(t, "it sends what is no message", err.text);
	free(line);
	if (!strcmp(message_type(message), "ask"))
		t->asked = message_integer(message, "id");
	json_array_append_new(t->sent, message);
}

static int64_t now(void *arg)
{
	return ((struct test *)arg)->now_ms;
}

/* ---- commands ---- */

static json_t *parse(struct test *t, const char *text)
{
	json_error_t why;
	json_t *json = json_loads(text, 0, &why);

	if (!json)
		fail(t, "no JSON", why.text);
	return json;
}

static void say(struct test *t, json_t *event)
{
	struct err err;
	char *text = json_dumps(event, 0);
	json_t *checked = message_parse(text, strlen(text), FROM_STATION_TO_CLIENT, &err);

	if (checked)
		screen_event(t->screen, checked);
	else
		fail(t, "no station says this", err.text);
	json_decref(checked);
	free(text);
}

static void c_event(struct test *t, char *rest)
{
	json_t *event = parse(t, rest);

	if (event)
		say(t, event);
	json_decref(event);
}

static void c_answer(struct test *t, char *rest)
{
	json_t *data = parse(t, rest), *event;

	event = json_pack(
		"{ss, sI, ss, sO}", "type", "answered", "id", t->asked, "what", "", "data", data);
	say(t, event);
	json_decref(event);
	json_decref(data);
}

static void c_slots(struct test *t, char *rest)
{
	for (int i = 1; i <= atoi(rest); i++) {
		json_t *event = json_pack("{ss, si, ss, ss, sb}", "type", "slot", "slot", i,
			"state", "idle", "link", "jack", "present", 0);

		say(t, event);
		json_decref(event);
	}
}

static void c_key(struct test *t, char *rest)
{
	static const struct {
		const char *name;
		int32_t key;
	} names[] = {{"Enter", '\r'}, {"Esc", 27}, {"Tab", '\t'}, {"Space", ' '},
		{"Backspace", SCREEN_FUNCTION + KEY_BACKSPACE}, {"Up", SCREEN_FUNCTION + KEY_UP},
		{"Down", SCREEN_FUNCTION + KEY_DOWN}, {"Left", SCREEN_FUNCTION + KEY_LEFT},
		{"Right", SCREEN_FUNCTION + KEY_RIGHT}, {"End", SCREEN_FUNCTION + KEY_END},
		{"PgDn", SCREEN_FUNCTION + KEY_NPAGE}, {"PgUp", SCREEN_FUNCTION + KEY_PPAGE}};
	int32_t key = rest[1] ? 0 : (unsigned char)rest[0];
	bool stays;

	if (rest[0] == 'F' && rest[1])
		key = SCREEN_FUNCTION + KEY_F(atoi(rest + 1));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, rest))
			key = names[i].key;
	if (!key)
		fail(t, "no key", rest);
	stays = screen_key(t->screen, key);
	if (!stays)
		json_array_append_new(t->sent, json_string("left"));
}

static void c_type(struct test *t, char *rest)
{
	wchar_t wide[LINE];
	size_t n = mbstowcs(wide, rest, LINE);

	for (size_t i = 0; i < n && n != (size_t)-1; i++)
		screen_key(t->screen, wide[i]);
}

static void c_clock(struct test *t, char *rest)
{
	t->now_ms = atoll(rest);
}

static void c_gone(struct test *t, char *rest)
{
	screen_gone(t->screen, rest);
}

static void c_connected(struct test *t, char *rest)
{
	(void)rest;
	screen_connected(t->screen);
}

static void c_sent(struct test *t, char *rest)
{
	json_t *want = json_loads(rest, JSON_DECODE_ANY, NULL), *got = json_array_get(t->sent, 0);
	char *text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

	if (!want || !json_equal(want, got))
		fail(t, rest, text ? text : "nothing was sent");
	json_array_remove(t->sent, 0);
	free(text);
	json_decref(want);
}

static void c_nothing(struct test *t, char *rest)
{
	char *text = json_dumps(t->sent, 0);

	(void)rest;
	if (json_array_size(t->sent))
		fail(t, "something was sent", text);
	free(text);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, MOST);

	if (f && text && fread(text, 1, MOST - 1, f) == MOST - 1)
		printf("%s: too long\n", path);
	if (f)
		fclose(f);
	return text;
}

/* ---- comparing ---- */

static void read_screen(struct test *t, const char *name, char *out)
{
	size_t n = (size_t)sprintf(out, "=== %s\n", name);

	for (int y = 0; y < t->rows; y++) {
		wchar_t wide[CELLS] = {0};
		size_t last = n;

		mvwinnwstr(curscr, y, 0, wide, t->columns);
		if (wcswidth(wide, CELLS) != t->columns)
			fail(t, name, "a line has another width than the screen");
		n += wcstombs(out + n, wide, MOST / 2 - n);
		while (n > last && out[n - 1] == ' ')
			n--;
		out[n++] = '\n';
	}
	out[n] = '\0';
}

static void c_expect(struct test *t, char *rest)
{
	static char got[MOST];
	char *part;

	screen_draw(t->screen);
	read_screen(t, rest, got);
	t->compared++;
	if (t->writes) {
		fputs(got, t->writes);
		return;
	}
	part = strstr(t->wanted, got);
	if (!part || (part != t->wanted && part[-1] != '\n')) {
		fail(t, rest, "looks otherwise");
		printf("%s", got);
	}
}

static void run_lines(struct test *t, const char *path, bool count);

static void c_include(struct test *t, char *rest)
{
	char path[1024];

	snprintf(path, sizeof(path), PAYJIG_ROOT "/tests/screens/%s", rest);
	run_lines(t, path, false);
}

static const struct {
	const char *name;
	void (*run)(struct test *t, char *rest);
} commands[] = {
	{"answer", c_answer},
	{"clock", c_clock},
	{"connected", c_connected},
	{"event", c_event},
	{"expect", c_expect},
	{"gone", c_gone},
	{"include", c_include},
	{"key", c_key},
	{"nothing", c_nothing},
	{"sent", c_sent},
	{"slots", c_slots},
	{"type", c_type},
};

static void run_line(struct test *t, char *line)
{
	char *rest = line + strcspn(line, " ");

	if (!line[0] || line[0] == '#')
		return;
	if (*rest)
		*rest++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, line) != 0)
			continue;
		commands[i].run(t, rest);
		return;
	}
	fail(t, line, "there is no such command");
}

/* ---- one run of a script ---- */

static void run_lines(struct test *t, const char *path, bool count)
{
	char *text = read_file(path), *rest = text, *line;

	if (!text || !text[0])
		fail(t, path, "is empty");
	while ((line = strsep(&rest, "\n"))) {
		t->line += count;
		run_line(t, line);
	}
	free(text);
}

static void open_expected(struct test *t)
{
	const char *base = strrchr(t->script, '/');
	char path[1024];

	snprintf(path, sizeof(path), PAYJIG_ROOT "/tests/screens/expected/%.*s.%dx%d.%s",
		(int)strcspn(base ? base + 1 : t->script, "."), base ? base + 1 : t->script,
		t->columns, t->rows, t->language);
	if (t->update)
		t->writes = fopen(path, "w");
	else
		t->wanted = read_file(path);
}

static int run_script(struct test *t)
{
	FILE *in = fopen("/dev/null", "r"), *out = fopen("/dev/null", "w");
	const struct screen_options options = {.terminal = t->terminal,
		.in = in,
		.out = out,
		.language = t->language,
		.catalogues = PAYJIG_CATALOGUES,
		.plain = t->plain,
		.describe = describe_apdu,
		.send = take_sent,
		.now_ms = now,
		.arg = t};
	struct err err;

	t->sent = json_array();
	open_expected(t);
	if (screen_open(&t->screen, &options, &err) < 0) {
		fail(t, "no screen", err.text);
	} else {
		screen_resize(t->screen, t->rows, t->columns);
		run_lines(t, t->script, true);
		screen_close(t->screen);
	}
	json_decref(t->sent);
	if (t->writes)
		fclose(t->writes);
	free(t->wanted);
	fclose(in);
	fclose(out);
	return t->compared;
}

/* In a process of its own: ncurses has one terminal a process. The number of screens compared goes
 * through the pipe. */
static bool run_apart(struct test *t, int *compared)
{
	int pipe_fds[2], n = 0, status = 1;
	pid_t child;

	if (pipe(pipe_fds) < 0 || (child = fork()) < 0)
		return false;
	if (child == 0) {
		n = run_script(t);
		if (write(pipe_fds[1], &n, sizeof(n)) != sizeof(n))
			t->failed = true;
		fflush(stdout);
		exit(t->failed);
	}
	close(pipe_fds[1]);
	if (read(pipe_fds[0], &n, sizeof(n)) == sizeof(n))
		*compared += n;
	close(pipe_fds[0]);
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_all(const char *script, bool update, int *compared)
{
	bool fine = true;

	for (size_t k = 0; k < sizeof(terminals) / sizeof(terminals[0]); k++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			for (size_t l = 0; l < 2; l++) {
				struct test t = {.script = script,
					.language = languages[l],
					.terminal = terminals[k].terminal,
					.plain = terminals[k].plain,
					.rows = sizes[i].rows,
					.columns = sizes[i].columns,
					.update = update && k == 0};

				/* One size and language is enough to see that colours change no
				 * text. */
				if (k == 0 || (i == 0 && l == 0))
					fine &= run_apart(&t, compared);
			}
	return fine;
}

int main(int argc, char **argv)
{
	bool update = argc > 1 && !strcmp(argv[1], "--update"), fine = true;
	int compared = 0;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (int i = update ? 2 : 1; i < argc; i++)
		fine &= run_all(argv[i], update, &compared);
	figure("screens.tested", compared, "screens", "build/tests/screens");
	printf("%d screens compared%s\n", compared, fine ? "" : ", not all as expected");
	return fine && compared ? 0 : 1;
}
