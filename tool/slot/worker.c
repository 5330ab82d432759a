#include "slot/worker.h"
#include "core/hex.h"
#include "core/secret.h"
#include "messages/messages.h"
#include "slot/steps.h"
#include "slot/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int gone(struct err *err)
{
	return err_set(err, E_CANCELLED, "the station is gone");
}

int worker_tell(struct worker *w, json_t *message, struct err *err)
{
	size_t n, done = 0;
	char *line = message_line(message, FROM_SLOT, &n, err);

	if (!line)
		return err->status;
	while (done < n) {
		ssize_t wrote = write(w->out, line + done, n - done);
		struct pollfd p = {.fd = w->out, .events = POLLOUT};

		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote < 0 && errno == EAGAIN)
			poll(&p, 1, -1);
		else if (wrote == 0 || errno != EINTR)
			break;
	}
	free(line);
	return done < n ? gone(err) : 0;
}

/* The next message from the station; NULL when it is gone. */
static json_t *receive(struct worker *w, struct err *err)
{
	for (;;) {
		struct pollfd p = {.fd = w->in, .events = POLLIN};
		size_t n;
		char *line = lines_next(&w->lines, &n);

		if (line)
			return message_parse(line, n, FROM_STATION_TO_SLOT, err);
		if (poll(&p, 1, -1) < 0 && errno != EINTR) {
			gone(err);
			return NULL;
		}
		if (lines_read(&w->lines, w->in) < 0) {
			gone(err);
			return NULL;
		}
	}
}

json_t *worker_ask(struct worker *w, json_t *request, struct err *err)
{
	json_int_t id = ++w->next_id;
	json_t *answer;

	if (request)
		json_object_set_new(request, "id", json_integer(id));
	if (worker_tell(w, request, err) < 0)
		return NULL;
	for (;;) {
		answer = receive(w, err);
		if (!answer)
			return NULL;
		/* An answer to an earlier question must never be taken for this one's. */
		if (json_object_get(answer, "id") && message_integer(answer, "id") == id)
			return answer;
		json_decref(answer);
	}
}

/* The station's keys must be the very keys the job was made for, lab for LAB, real for PRODUCTION.
 */
static int check_keys(struct worker *w, bool production, struct err *err)
{
	const json_t *set = json_object_get(w->terms, "key_set"), *value;
	const json_t *payment = json_object_get(w->terms, "factory_payment");
	const char *name;
	int ret;

	if (production == w->keys->lab)
		return err_set(err, E_CONFIG, "a %s job can't be run with %s keys",
			production ? "PRODUCTION" : "LAB", w->keys->lab ? "lab" : "production");
	if (message_integer(payment, "key_index") == w->profile.purse.key_index)
		return err_set(err, E_CONFIG,
			"the job's test keys have the index of the product's own keys (%lld)",
			(long long)w->profile.purse.key_index);
	if (set && strcmp(w->keys->set, message_string(set, "name")) != 0)
		return err_set(err, E_CONFIG,
			"the job wants key set \"%s\", the station has \"%s\"",
			message_string(set, "name"), w->keys->set);
	json_object_foreach(json_object_get(set, "kcv"), name, value)
	{
		uint8_t kcv[3];
		char hex[7];

		ret = w->keys->driver->kcv_of(w->keys, name, kcv, err);
		if (ret < 0)
			return ret;
		hex_encode(kcv, sizeof(kcv), hex);
		if (strcasecmp(hex, json_string_value(value)) != 0)
			return err_set(err, E_CONFIG,
				"the job's %s has the KCV %s, the station's %s", name,
				json_string_value(value), hex);
	}
	return 0;
}

/* The slot's carrier, and whether plan and product fit it: known before the first unit. */
static int find_link(struct worker *w, const json_t *m, struct err *err)
{
	const struct link_driver *driver = link_find(message_string(m, "link"));
	struct link *trial;
	int ret;

	if (!driver)
		return err_set(err, E_CONFIG, "link \"%s\": there is no such link",
			message_string(m, "link"));
	w->fixture.slot = w->slot;
	snprintf(w->fixture.port, sizeof(w->fixture.port), "%s", message_string(m, "port"));
	snprintf(
		w->fixture.adapter, sizeof(w->fixture.adapter), "%s", message_string(m, "adapter"));
	w->fixture.rssi_offset_db = json_number_value(json_object_get(m, "rssi_offset_db"));
	w->fixture.charger = json_is_true(json_object_get(m, "charger"));
	w->nfc.reader = strdup(message_string(m, "reader"));
	w->nfc.standin = strdup(message_string(m, "standin"));
	w->nfc.phone = strdup(message_string(m, "phone"));
	w->nfc.stays = json_is_true(json_object_get(m, "phone_stays"));
	if (!w->nfc.reader || !w->nfc.standin || !w->nfc.phone)
		return err_set(err, E_SYSTEM, "out of memory");
	w->supply = json_is_true(json_object_get(m, "supply"));
	place_fill(&w->place, &w->fixture, &w->profile);
	if (!strcmp(driver->name, "jack") && !w->profile.modem[0])
		return err_set(
			err, E_CONFIG, "link jack: profile %s has no modem", w->profile.name);
	ret = steps_check(message_string(m, "plan_path"), w, driver, err);
	if (ret < 0)
		return ret;
	if (!w->supply && !driver->restart)
		return err_set(err, E_CONFIG,
			"link %s: the jig must switch the unit's supply (supply: jig)",
			driver->name);
	if (w->fixture.charger && !(w->profile.power_key.on_s > 0))
		return err_set(
			err, E_CONFIG, "charger: profile %s has no power_key", w->profile.name);
	trial = driver->make(&w->place.link, err);
	if (!trial)
		return err->status;
	driver->drop(trial);
	w->link = driver;
	return 0;
}

static int setup(struct worker *w, const json_t *m, struct err *err)
{
	const char *plan = message_string(m, "plan"), *profile = message_string(m, "profile");
	int ret;

	w->slot = (int)message_integer(m, "slot");
	ret = plan_read(message_string(m, "plan_path"), plan, strlen(plan), &w->plan, err);
	if (ret == 0)
		ret = profile_read(message_string(m, "profile_path"), profile, strlen(profile),
			&w->profile, err);
	if (ret == 0)
		ret = keys_open(&w->keys, message_string(m, "keys"), err);
	if (ret < 0)
		return ret;
	w->terms = json_incref(json_object_get(m, "terms"));
	ret = check_keys(w, json_is_true(json_object_get(m, "production")), err);
	if (ret < 0)
		return ret;
	return find_link(w, m, err);
}

static int handle_setup(struct worker *w, const json_t *message, struct err *err)
{
	struct err why;
	int ret;

	if (w->link)
		return err_set(err, E_PROTOCOL, "set up twice");
	ret = setup(w, message, &why);
	if (ret < 0)
		return worker_tell(
			w, json_pack("{ss, ss}", "type", "unready", "error", why.text), err);
	return worker_tell(w, json_pack("{ss, sb}", "type", "ready", "lab", w->keys->lab), err);
}

static int handle_begin(struct worker *w, const json_t *message, struct err *err)
{
	if (!w->link)
		return err_set(err, E_PROTOCOL, "a unit before setup");
	return unit_run(
		w, message_string(message, "label"), message_string(message, "address"), err);
}

static int handle_who(struct worker *w, struct err *err)
{
	if (!w->link)
		return err_set(err, E_PROTOCOL, "a unit before setup");
	return unit_who(w, err);
}

int worker_run(int in, int out, struct err *err)
{
	struct worker w = {.in = in, .out = out};
	int ret = secret_init();

	if (ret < 0 || lines_init(&w.lines, 2 * MESSAGE_MAX) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	for (ret = 0; ret >= 0;) {
		json_t *message = receive(&w, err);

		if (!message) {
			ret = err->status;
			break;
		}
		if (!strcmp(message_type(message), "setup"))
			ret = handle_setup(&w, message, err);
		else if (!strcmp(message_type(message), "begin"))
			ret = handle_begin(&w, message, err);
		else if (!strcmp(message_type(message), "who"))
			ret = handle_who(&w, err);
		json_decref(message);
	}
	keys_close(w.keys);
	json_decref(w.terms);
	free(w.nfc.reader);
	free(w.nfc.standin);
	free(w.nfc.phone);
	lines_finish(&w.lines);
	return ret == E_CANCELLED ? 0 : ret;
}
