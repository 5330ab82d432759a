#include "link/jack.h"
#include "core/hex.h"

#include <stdlib.h>
#include <string.h>

struct jack {
	struct link link;
	struct link_station station;
	bool open;
};

static struct link *jack_make(const struct link_station *station)
{
	struct jack *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->link = (struct link){.driver = &link_jack, .state = j};
	j->station = *station;
	return &j->link;
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
	return ret;
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
		return ret;
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
