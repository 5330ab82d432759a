/*
 * Persons at the keys: login with name and password, lockout, automatic logout; what they do that
 * needs a lead or two persons; and the journal's note of who did what.
 *
 * Passwords are checked in the asker's thread. A failure is in the journal before anybody hears of
 * it: the lockout counts what the journal says, so a restart forgives nothing.
 */
#include "core/secret.h"
#include "core/words.h"
#include "station/people.h"
#include "station/private.h"
#include "store/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILURES = 5, LOCKED_S = 300 };

/* ---- notes ---- */

struct note {
	struct queue_job job;
	struct station *station;
	const char *act;
	char subject[PERSON_NAME], person[PERSON_NAME], reason[CAUSE];
	/* in the loop, when the note is durable; may be NULL */
	void (*then)(struct note *note);
	unsigned client;
	struct person who; /* of a login */
	json_t *what;	   /* of an act */
};

static int run_note(struct store *store, struct queue_job *job, struct err *err)
{
	struct note *n = (struct note *)job;

	return store_note(store, n->act, n->subject, n->person, n->reason, err);
}

static void noted(struct queue_job *job, int status, const struct err *err)
{
	struct note *n = (struct note *)job;

	if (status < 0)
		unit_store_failed(&n->station->slots[0], err);
	else if (n->then)
		n->then(n);
	json_decref(n->what);
	free(n);
}

static struct note *note_new(struct station *st, const char *act, const char *subject,
	const char *person, const char *reason)
{
	struct note *n = calloc(1, sizeof(*n));

	if (!n)
		abort(); /* as in units.c: without memory nothing can be recorded */
	n->job = (struct queue_job){.run = run_note, .done = noted};
	n->station = st;
	n->act = act;
	snprintf(n->subject, sizeof(n->subject), "%s", subject);
	snprintf(n->person, sizeof(n->person), "%s", person);
	snprintf(n->reason, sizeof(n->reason), "%s", reason);
	return n;
}

void session_note(struct client *c, const char *act, const char *subject, const char *reason)
{
	struct station *st = c->station;

	if (c->person[0] && !st->store_failed)
		queue_add(st->writer, &note_new(st, act, subject, c->person, reason)->job);
}

/* ---- sessions ---- */

static void tell_session(struct client *c, const char *error)
{
	json_t *m =
		json_pack("{ss, ss, ss}", "type", "session", "name", c->person, "role", c->role);

	if (error)
		json_object_set_new(m, "error", json_string(error));
	client_tell(c, m);
}

void session_alive(struct client *c)
{
	if (c->person[0])
		loop_timer(c->station->loop, &c->logout,
			(int64_t)(c->station->fixture.logout_s * 1000));
}

static void end_session(struct client *c, const char *why)
{
	loop_untimer(c->station->loop, &c->logout);
	if (!c->person[0])
		return;
	session_note(c, "logout", c->person, why);
	c->person[0] = c->role[0] = '\0';
}

void session_logout(struct client *c)
{
	end_session(c, "by hand");
	tell_session(c, NULL);
}

static void nobody_there(void *arg)
{
	struct client *c = arg;

	end_session(c, "nobody touched a key");
	tell_session(c, N_("logged out: nobody touched a key"));
}

void session_init(struct client *c)
{
	c->logout = (struct timer){.fired = nobody_there, .arg = c};
}

void session_drop(struct client *c)
{
	end_session(c, "the screen is gone");
}

const char *session_person(const struct station *st)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (st->clients[i] && st->clients[i]->person[0])
			return st->clients[i]->person;
	return "";
}

/* ---- checking a password ---- */

struct check {
	struct queue_job job;
	struct station *station;
	unsigned client;
	char name[PERSON_NAME], password[PERSON_PASSWORD];
	struct person person;
	bool wrong; /* else the check itself failed, or the name is locked */
	int known;
	json_t *what; /* of an act that this person witnesses; NULL: a login */
};

static int check_lock(struct check *k, struct err *err)
{
	struct reader *reader = NULL;
	int64_t failures = 0, ago = 0;
	int ret = reader_open(&reader, k->station->options->store, err);

	if (ret == 0)
		ret = reader_login_failures(reader, k->name, &failures, &ago, err);
	reader_close(reader);
	if (ret < 0)
		return ret;
	if (failures >= FAILURES && ago < LOCKED_S)
		return err_set(err, E_REFUSED,
			N_("too many wrong passwords: wait five minutes, or ask a lead"));
	return 0;
}

static int run_check(struct store *store, struct queue_job *job, struct err *err)
{
	struct check *k = (struct check *)job;
	int ret = check_lock(k, err);

	(void)store;
	if (ret == 0)
		ret = people_check(k->station->identity.state, k->name, k->password, &k->person,
			&k->known, err);
	secret_wipe(k->password, sizeof(k->password));
	k->wrong = ret == 0;
	return ret == 0 ? err_set(err, E_REFUSED, N_("the name or the password is wrong")) : ret;
}

static void logged_in(struct note *n)
{
	struct client *c = clients_find(n->station, n->client);

	if (!c)
		return;
	end_session(c, "another person logged in");
	snprintf(c->person, sizeof(c->person), "%s", n->who.name);
	snprintf(c->role, sizeof(c->role), "%s", n->who.role);
	session_alive(c);
	tell_session(c, NULL);
}

static void tell_refusal(
	struct station *st, unsigned client, const json_t *what, int status, const char *error)
{
	struct client *c = clients_find(st, client);

	if (c && what)
		client_tell(c, json_pack("{ss, si, ss}", "type", "act_done", "status", status,
				       "error", error));
	else if (c)
		tell_session(c, error);
}

static void login_refused(struct note *n)
{
	tell_refusal(
		n->station, n->client, n->what, E_REFUSED, N_("the name or the password is wrong"));
}

static void witnessed(struct station *st, struct client *c, json_t *what, const struct person *p);

static void checked(struct queue_job *job, int status, const struct err *err)
{
	struct check *k = (struct check *)job;
	struct client *c = clients_find(k->station, k->client);
	struct note *n = NULL;

	if (status >= 0 && !k->what)
		n = note_new(k->station, "login", k->name, k->name, k->person.role);
	else if (status < 0 && k->wrong)
		/* What somebody typed that is no name may be a password: it is not written down. */
		n = note_new(k->station, "login_failed", k->known ? k->name : "(unknown)", "", "");
	if (n) {
		n->then = status < 0 ? login_refused : logged_in;
		n->client = k->client;
		n->who = k->person;
		n->what = json_incref(k->what);
		queue_add(k->station->writer, &n->job);
	} else if (status < 0) {
		tell_refusal(k->station, k->client, k->what, status, err->text);
	} else if (c) {
		witnessed(k->station, c, k->what, &k->person);
	}
	json_decref(k->what);
	free(k);
}

static void check_password(
	struct client *c, const char *name, const char *password, const json_t *what)
{
	struct check *k = calloc(1, sizeof(*k));

	if (!k)
		return;
	k->job = (struct queue_job){.run = run_check, .done = checked};
	k->station = c->station;
	k->client = c->id;
	snprintf(k->name, sizeof(k->name), "%s", name);
	snprintf(k->password, sizeof(k->password), "%s", password);
	k->what = what ? json_deep_copy(what) : NULL;
	queue_add(c->station->asker, &k->job);
}

void session_login(struct client *c, const char *name, const char *password)
{
	check_password(c, name, password, NULL);
}

/* ---- acts ---- */

static void needs(struct client *c, const char *role, const char *error)
{
	client_tell(c, json_pack("{ss, si, ss, ss}", "type", "act_done", "status", (int)E_REFUSED,
			       "error", error, "needs", role));
}

static void witnessed(struct station *st, struct client *c, json_t *what, const struct person *p)
{
	size_t persons;
	const char *role = store_act_role(message_string(what, "act"), &persons);

	if (!strcmp(p->name, c->person)) {
		needs(c, role, N_("this takes another person"));
		return;
	}
	if (people_rank(p->role) < people_rank(role) && people_rank(c->role) < people_rank(role)) {
		needs(c, role, N_("this person may not do it either"));
		return;
	}
	json_object_set_new(what, "persons", json_pack("[s, s]", c->person, p->name));
	jobs_act(st, c, what);
}

void session_act(struct client *c, const json_t *act, const json_t *witness)
{
	const char *name = message_string(witness, "name"),
		   *password = message_string(witness, "password");
	size_t persons;
	const char *role = store_act_role(message_string(act, "act"), &persons);
	json_t *what;

	if (!c->person[0]) { /* a command names its persons itself */
		jobs_act(c->station, c, act);
	} else if (name[0]) {
		check_password(c, name, password, act);
	} else if (people_rank(c->role) < people_rank(role)) {
		needs(c, role,
			!strcmp(role, "lead") ? N_("this needs a lead")
					      : N_("this needs an engineer"));
	} else if (persons > 1) {
		needs(c, role, N_("this needs two persons"));
	} else {
		what = json_deep_copy(act);
		json_object_set_new(what, "persons", json_pack("[s]", c->person));
		jobs_act(c->station, c, what);
		json_decref(what);
	}
}
