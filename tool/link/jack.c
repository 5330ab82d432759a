#include "link/jack.h"
#include "core/hex.h"

#include <stdlib.h>
#include <string.h>

struct jack {
	struct link link;
	struct link_station station;
	bool open;
};

static struct link *jack_make(const struct link_place *place, struct err *err)
{
	struct jack *j = calloc(1, sizeof(*j));

	if (!j) {
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	j->link = (struct link){.driver = &link_jack, .carrier = "jack", .state = j};
	j->station = place->station;
	return &j->link;
}

/* How often the headset restarted since OPEN, as the modem saw it; negative if it can't be told. */
static long restarts(struct jack *j)
{
	json_t *values = NULL;
	const char *text, *last;
	struct err err;
	int64_t us;
	long n;

	if (j->station.ask(j->station.arg, "data_counters", json_object(), &values, &us, &err) < 0)
		return -1;
	text = json_string_value(json_array_get(values, 0));
	last = text ? strrchr(text, ',') : NULL;
	n = last ? strtol(last + 1, NULL, 10) : -1;
	json_decref(values);
	return n;
}

/* PJ-1 "Errors": those that tell of the headset become link faults, the others stay the jig's. */
static int jack_failed(struct jack *j, struct err *err)
{
	struct err jig = *err;
	long boots;

	if (jig.status != E_REFUSED)
		return jig.status;
	switch (jig.code) {
	case 109: /* data timeout, or the headset restarted and forgot */
		boots = restarts(j);
		return boots > 0 ? link_fail(err, LINK_RESET, "it restarted %ld times", boots)
				 : link_fail(err, LINK_TIMEOUT, "no answer in time");
	case 110:
	case 111: return link_fail(err, LINK_DISTURBED, "%s", jig.text);
	case 112: return link_fail(err, LINK_GONE, "%s", jig.text);
	default: return jig.status;
	}
}

static int jack_open(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct jack *j = link->state;
	int ret;

	*us = 0;
	if (j->open)
		return 0;
	ret = j->station.ask(j->station.arg, "data_open",
		json_pack("{sI}", "timeout_ms", (json_int_t)timeout_ms), NULL, us, err);
	j->open = ret == 0;
	return ret < 0 ? jack_failed(j, err) : 0;
}

static int jack_close(struct link *link, struct err *err)
{
	struct jack *j = link->state;
	int64_t us;

	if (!j->open)
		return 0;
	j->open = false;
	return j->station.ask(j->station.arg, "data_close", json_object(), NULL, &us, err);
}

static int jack_exchange(struct link *link, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct jack *j = link->state;
	char hex[2 * LINK_COMMAND + 1];
	const char *text;
	json_t *values = NULL;
	int ret;

	if (command_n > LINK_COMMAND)
		return err_set(err, E_PROTOCOL, "a command of %zu bytes is too long", command_n);
	hex_encode(command, command_n, hex);
	ret = j->station.ask(j->station.arg, "data_apdu",
		json_pack("{ss, sI}", "apdu", hex, "timeout_ms", (json_int_t)timeout_ms), &values,
		us, err);
	if (ret < 0)
		return jack_failed(j, err);
	text = json_string_value(json_array_get(values, 0));
	ret = text ? hex_decode(text, strlen(text), response, *n) : -1;
	json_decref(values);
	if (ret < 2)
		return err_set(err, E_PROTOCOL, "the data channel gives no R-APDU");
	*n = (size_t)ret;
	return 0;
}

static void jack_drop(struct link *link)
{
	if (link)
		free(link->state);
}

const struct link_driver link_jack = {
	.name = "jack",
	.make = jack_make,
	.open = jack_open,
	.close = jack_close,
	.exchange = jack_exchange,
	.drop = jack_drop,
};
