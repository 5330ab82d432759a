/* Clients: the event stream on a Unix socket. One that does not drain its socket is dropped. */
#include "core/secret.h"
#include "core/words.h"
#include "station/private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 1024 * 1024, UNSETTLED = 1000 };

static const char *const slot_words[] = {
	"starting", "idle", "waiting", "asking", "working", "ending", "broken"};
static const char *const station_words[] = {"starting", "ready", "stopped"};

json_t *clients_station_message(struct station *st)
{
	bool lab = true;
	json_t *m;

	for (size_t i = 0; i < st->slot_n; i++)
		lab &= st->slots[i].lab;
	m = json_pack("{ss, ss, ss, ss, ss, sb, si, si, ss, sb}", "type", "station", "state",
		station_words[st->state], "job", st->job.name, "plan", st->plan.name, "fixture",
		st->fixture.name, "lab", lab, "slots", (int)st->slot_n, "pid", (int)getpid(),
		"product", st->job.product, "production", st->job.production);
	if (st->paused[0])
		json_object_set_new(m, "paused", json_string(st->paused));
	if (st->code[0]) {
		json_object_set_new(m, "code", json_string(st->code));
		json_object_set_new(m, "error", json_string(st->cause));
	}
	return m;
}

json_t *clients_slot_message(struct slot *slot)
{
	json_t *m = json_pack("{ss, si, ss, ss, sb}", "type", "slot", "slot", (int)slot->number,
		"state", slot_words[slot->state], "link", slot->fixture->link, "present",
		slot->present);

	if (slot->label[0])
		json_object_set_new(m, "label", json_string(slot->label));
	if (slot->state == SLOT_BROKEN)
		json_object_set_new(m, "error", json_string(slot->broken));
	return m;
}

static void drop(struct client *c)
{
	struct station *st = c->station;

	for (size_t i = 0; i < CLIENTS; i++)
		if (st->clients[i] == c)
			st->clients[i] = NULL;
	session_drop(c);
	loop_unwatch(st->loop, &c->watch);
	close(c->watch.fd);
	lines_finish(&c->lines);
	free(c);
	station_check_end(st);
}

static void send_line(struct client *c, const char *line, size_t n)
{
	if (lines_queue(&c->lines, line, n) < 0) {
		/* It does not drain. The loop sees its end and drops it: never under a caller's
		 * feet. */
		shutdown(c->watch.fd, SHUT_RDWR);
		c->watches = false;
		return;
	}
	c->watch.events = POLLIN | POLLOUT;
}

void client_tell(struct client *c, json_t *message)
{
	size_t n = 0;
	struct err err;
	char *line = message_line(message, FROM_STATION_TO_CLIENT, &n, &err);

	if (line && c)
		send_line(c, line, n);
	free(line);
}

void clients_tell(struct station *st, json_t *message)
{
	size_t n = 0;
	struct err err;
	char *line = message_line(message, FROM_STATION_TO_CLIENT, &n, &err);

	for (size_t i = 0; line && i < CLIENTS; i++)
		if (st->clients[i] && st->clients[i]->watches)
			send_line(st->clients[i], line, n);
	free(line);
}

/* What was in work when the station started: each with its one next action, the newest left out
 * where there are very many (payjig card list has them all). */
static void tell_unsettled(struct client *c)
{
	const json_t *card;
	size_t i;

	json_array_foreach(c->station->unsettled, i, card)
	{
		json_t *m;

		if (i == UNSETTLED)
			return;
		m = json_deep_copy(card);
		json_object_set_new(m, "type", json_string("unsettled"));
		client_tell(c, m);
	}
}

/* To one who comes in the middle: how far the unit of a slot is, or how its last one ended. */
static void tell_now(struct client *c, struct slot *slot)
{
	json_t *m;

	if (slot->state == SLOT_IDLE && slot->last_end)
		client_tell(c, json_incref(slot->last_end));
	if (slot->state != SLOT_WORKING || !slot->attempt_open)
		return;
	client_tell(c, json_pack("{ss, si, ss, sI, si, sI}", "type", "unit_begin", "slot",
			       (int)slot->number, "label", slot->label, "attempt",
			       (json_int_t)slot->attempt.id, "try", slot->attempt.try, "ms",
			       (json_int_t)(clock_ms() - slot->unit_started_ms)));
	if (slot->step) {
		m = json_copy(slot->step);
		json_object_set_new(m, "slot", json_integer((json_int_t)slot->number));
		json_object_set_new(m, "label", json_string(slot->label));
		json_object_set_new(
			m, "ms", json_integer((json_int_t)(clock_ms() - slot->step_started_ms)));
		client_tell(c, m);
	}
	if (slot->prompt)
		client_tell(c, prompts_message(slot));
}

static void handle_watch(struct client *c, const json_t *message)
{
	struct station *st = c->station;
	bool now = json_is_true(json_object_get(message, "now"));

	c->watches = true;
	tell_unsettled(c);
	client_tell(c, clients_station_message(st));
	for (size_t i = 0; i < st->slot_n; i++) {
		client_tell(c, clients_slot_message(&st->slots[i]));
		if (now)
			tell_now(c, &st->slots[i]);
	}
	if (st->counts)
		client_tell(c, json_incref(st->counts));
}

static void refuse(struct client *c, const char *why)
{
	client_tell(c, json_pack("{ss, ss}", "type", "refused", "error", why));
}

static void handle_start(struct client *c, const json_t *message)
{
	const char *operator= message_string(message, "operator");
	struct label label = {.slot = (unsigned)message_integer(message, "slot")};

	snprintf(label.serial, sizeof(label.serial), "%s", message_string(message, "label"));
	snprintf(label.address, sizeof(label.address), "%s", message_string(message, "address"));
	if (strlen(message_string(message, "label")) >= sizeof(label.serial))
		label.serial[0] = '\0'; /* refused as what it is not */
	if (c->person[0])
		unit_scanned(c, &label, c->person);
	else if (operator[0])
		unit_offer(c->station, c, &label, operator);
	else
		client_tell(c, json_pack("{ss, ss, ss}", "type", "refused", "label", label.serial,
				       "error", N_("log in first")));
}

static void handle_act(struct client *c, const json_t *message)
{
	session_act(c, json_object_get(message, "what"), json_object_get(message, "witness"));
}

static void handle_login(struct client *c, const json_t *message)
{
	const char *password = message_string(message, "password");

	session_login(c, message_string(message, "name"), password);
	secret_wipe((char *)password, strlen(password)); /* the message ends here */
}

static void handle_logout(struct client *c, const json_t *message)
{
	(void)message;
	session_logout(c);
}

static void handle_alive(struct client *c, const json_t *message)
{
	(void)message;
	session_alive(c);
}

static void handle_pause(struct client *c, const json_t *message)
{
	struct station *st = c->station;
	bool on = json_is_true(json_object_get(message, "on"));

	if (!c->person[0]) {
		refuse(c, N_("log in first"));
		return;
	}
	snprintf(st->paused, sizeof(st->paused), "%s", on ? c->person : "");
	session_note(c, on ? "pause" : "go_on", "", "");
	clients_tell(st, clients_station_message(st));
	for (size_t i = 0; i < st->slot_n && !on; i++)
		unit_inserted(&st->slots[i]);
}

static void handle_answer(struct client *c, const json_t *message)
{
	struct slot *slot = station_slot(c->station, (unsigned)message_integer(message, "slot"));
	const char *why = N_("log in first");

	if (c->person[0])
		why = prompts_answer(slot, message_string(message, "answer"), c->person);
	if (why)
		refuse(c, why);
}

static void handle_ask(struct client *c, const json_t *message)
{
	asks_take(c, message);
}

static void handle_abort(struct client *c, const json_t *message)
{
	struct station *st = c->station;
	unsigned number = (unsigned)message_integer(message, "slot");

	for (size_t i = 0; i < st->slot_n; i++) {
		struct slot *slot = &st->slots[i];

		if (number && slot->number != number)
			continue;
		if (slot->label[0])
			session_note(c, "abort", slot->label, "");
		unit_abort(slot);
	}
}

static void handle_stop(struct client *c, const json_t *message)
{
	(void)message;
	session_note(c, "end_station", "", "");
	station_end(c->station);
}

static const struct {
	const char *type;
	void (*handle)(struct client *c, const json_t *message);
} handlers[] = {
	{"abort_unit", handle_abort},
	{"act", handle_act},
	{"alive", handle_alive},
	{"answer", handle_answer},
	{"ask", handle_ask},
	{"login", handle_login},
	{"logout", handle_logout},
	{"pause", handle_pause},
	{"start", handle_start},
	{"stop", handle_stop},
	{"watch", handle_watch},
};

static void handle_line(struct client *c, char *line, size_t n)
{
	struct err err;
	json_t *message = message_parse(line, n, FROM_CLIENT, &err);

	secret_wipe(line, n); /* it may hold a password */

	if (!message) {
		refuse(c, err.text);
		return;
	}
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(handlers[i].type, message_type(message)))
			handlers[i].handle(c, message);
	json_decref(message);
}

static bool is_there(struct station *st, const struct client *c)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (st->clients[i] == c)
			return true;
	return false;
}

struct client *clients_find(struct station *st, unsigned id)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (st->clients[i] && st->clients[i]->id == id)
			return st->clients[i];
	return NULL;
}

static void client_ready(void *arg, short revents)
{
	struct client *c = arg;
	struct station *st = c->station;
	int got = 1;
	size_t n;
	char *line;

	if (revents & POLLOUT && lines_write(&c->lines, c->watch.fd) < 0) {
		drop(c);
		return;
	}
	c->watch.events = (short)(POLLIN | (c->lines.out_n ? POLLOUT : 0));
	if (revents & (POLLIN | POLLHUP | POLLERR))
		got = lines_read(&c->lines, c->watch.fd);
	while (is_there(st, c) && (line = lines_next(&c->lines, &n)))
		handle_line(c, line, n);
	if (got < 0 && is_there(st, c))
		drop(c);
}

static void accept_client(void *arg, short revents)
{
	struct station *st = arg;
	int fd = accept4(st->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	(void)revents;
	if (fd < 0)
		return;
	for (size_t i = 0; i < CLIENTS; i++) {
		if (st->clients[i])
			continue;
		c = calloc(1, sizeof(*c));
		if (!c || lines_init(&c->lines, BUFFER) < 0) {
			free(c);
			break;
		}
		c->station = st;
		c->id = ++st->last_client;
		session_init(c);
		c->watch =
			(struct watch){.fd = fd, .events = POLLIN, .ready = client_ready, .arg = c};
		loop_watch(st->loop, &c->watch);
		st->clients[i] = c;
		st->had_client = true;
		return;
	}
	close(fd);
}

int clients_listen(struct station *st, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *path = st->options->socket;
	int fd;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(err, E_CONFIG, "%s: a socket's path has at most %zu characters",
			path, sizeof(a.sun_path) - 1);
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, E_SYSTEM, "no socket: %s", strerror(errno));
	/* The store's lock says that no other station lives here: what is left over may go. */
	unlink(path);
	umask(0177);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, CLIENTS) < 0) {
		close(fd);
		return err_set(err, E_SYSTEM, "%s: %s", path, strerror(errno));
	}
	umask(022);
	st->listener =
		(struct watch){.fd = fd, .events = POLLIN, .ready = accept_client, .arg = st};
	loop_watch(st->loop, &st->listener);
	return 0;
}

void clients_close(struct station *st)
{
	if (!st->listener.added)
		return;
	loop_unwatch(st->loop, &st->listener);
	close(st->listener.fd);
	unlink(st->options->socket);
	for (size_t i = 0; i < CLIENTS; i++) {
		if (!st->clients[i])
			continue;
		lines_write(&st->clients[i]->lines, st->clients[i]->watch.fd);
		drop(st->clients[i]);
	}
}
