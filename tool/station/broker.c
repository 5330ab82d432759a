/*
 * The broker: what workers may ask of the jig, as typed operations of their own slot, and the safe
 * state that the station commands itself.
 */
#include "core/hex.h"
#include "station/private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask {
	struct jig_request request;
	struct slot *slot;
	unsigned generation;
	json_int_t id;
	bool texts; /* values are texts, not numbers */
};

static const char *text_arg(const json_t *args, const char *name)
{
	const char *s = json_string_value(json_object_get(args, name));

	return s ? s : "";
}

static bool one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

static bool key_arg(const json_t *args)
{
	static const char *const keys[] = {"A", "B", "C", "P", NULL};

	return one_of(text_arg(args, "key"), keys);
}

static int overlapped(struct ask *a, const char *node, int64_t timeout_ms)
{
	snprintf(a->request.node, sizeof(a->request.node), "%s", node);
	a->request.timeout_ms = timeout_ms;
	return 0;
}

/* Each fills the request's line; 0, or negative for malformed arguments. */
static int op_power(struct ask *a, const json_t *args)
{
	unsigned n = a->slot->number;

	a->request.replies = 1;
	if (!json_is_true(json_object_get(args, "on"))) {
		snprintf(a->request.line, JIG_LINE, "OUTP%u OFF;:OUTP%u?", n, n);
		return 0;
	}
	snprintf(a->request.line, JIG_LINE,
		"SOUR%u:VOLT %.3f;:SOUR%u:CURR:LIM %.3f;:OUTP%u ON;:OUTP%u?", n,
		a->slot->profile.supply.volts, n, a->slot->profile.supply.limit_amps, n, n);
	return 0;
}

static int op_measure(struct ask *a, const json_t *args)
{
	static const struct {
		const char *what, *query;
	} queries[] = {
		{"current", "MEAS%u:CURR?"},
		{"ear_left", "MEAS%u:RES:EAR? L"},
		{"ear_right", "MEAS%u:RES:EAR? R"},
		{"inserts", "FIXT:COUN? INS,%u"},
		{"mic", "MEAS%u:RES:MIC?"},
		{"plug", "DET%u:PLUG?"},
		{"voltage", "MEAS%u:VOLT?"},
	};

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		if (strcmp(queries[i].what, text_arg(args, "what")) != 0)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(a->request.line, JIG_LINE, queries[i].query, a->slot->number);
#pragma GCC diagnostic pop
		a->request.replies = 1;
		return 0;
	}
	return -1;
}

static int op_press(struct ask *a, const json_t *args)
{
	int count = (int)json_integer_value(json_object_get(args, "count"));
	double hold = json_number_value(json_object_get(args, "hold_s"));
	double gap = json_number_value(json_object_get(args, "gap_s"));
	unsigned n = a->slot->number;

	if (!key_arg(args) || count < 1 || count > 32 || !(hold >= 0.05 && hold <= 15) ||
		!(gap >= 0 && gap <= 60))
		return -1;
	snprintf(a->request.line, JIG_LINE, "BUTT%u:EDG:CLE;:BUTT%u:CYCL %s,%d,%.3f,%.3f", n, n,
		text_arg(args, "key"), count, hold, gap);
	/* The jig's clock, so that what others saw of the presses can be put on it. */
	snprintf(a->request.after, JIG_LINE, "BUTT%u:DATA?;:BUTT%u:EDG?;:SYST:TIM?", n, n);
	a->request.replies = 3;
	a->texts = true;
	return overlapped(a, "BUTT", (int64_t)(1000 * count * (hold + gap)) + 3000);
}

/* What the keys do while nobody but the operator presses them. */
static int op_edges(struct ask *a, const json_t *args)
{
	unsigned n = a->slot->number;

	if (json_is_true(json_object_get(args, "clear"))) {
		snprintf(a->request.line, JIG_LINE, "BUTT%u:EDG:CLE", n);
		return 0;
	}
	snprintf(a->request.line, JIG_LINE, "BUTT%u:EDG?", n);
	a->request.replies = 1;
	a->texts = true;
	return 0;
}

static int op_hold(struct ask *a, const json_t *args)
{
	if (!key_arg(args))
		return -1;
	a->slot->held = text_arg(args, "key")[0];
	snprintf(a->request.line, JIG_LINE, "BUTT%u:HOLD %s,%s", a->slot->number,
		text_arg(args, "key"), json_is_true(json_object_get(args, "on")) ? "ON" : "OFF");
	return 0;
}

static int op_data_open(struct ask *a, const json_t *args)
{
	unsigned n = a->slot->number;

	snprintf(a->request.line, JIG_LINE, "DATA%u:PROF \"%s\";:DATA%u:OPEN", n,
		a->slot->profile.modem, n);
	return overlapped(
		a, "DATA", json_integer_value(json_object_get(args, "timeout_ms")) + 3000);
}

static int op_data_close(struct ask *a, const json_t *args)
{
	(void)args;
	snprintf(a->request.line, JIG_LINE, "DATA%u:CLOS", a->slot->number);
	return 0;
}

static int op_data_apdu(struct ask *a, const json_t *args)
{
	const char *hex = text_arg(args, "apdu");
	json_int_t ms = json_integer_value(json_object_get(args, "timeout_ms"));
	unsigned n = a->slot->number;
	uint8_t bytes[261];

	if (hex_decode(hex, strlen(hex), bytes, sizeof(bytes)) < 4 || ms < 1 || ms > 600000)
		return -1;
	snprintf(a->request.line, JIG_LINE, "DATA%u:APDU \"%s\",%.3f", n, hex, (double)ms / 1000);
	snprintf(a->request.after, JIG_LINE, "DATA%u:APDU:RESP?", n);
	a->request.replies = 1;
	a->texts = true;
	return overlapped(a, "DATA", ms + 3000);
}

static int op_data_counters(struct ask *a, const json_t *args)
{
	(void)args;
	snprintf(a->request.line, JIG_LINE, "DATA%u:COUN?", a->slot->number);
	a->request.replies = 1;
	a->texts = true;
	return 0;
}

/* Alphabetical. */
static const struct {
	const char *op;
	int (*fill)(struct ask *a, const json_t *args);
} ops[] = {
	{"data_apdu", op_data_apdu},
	{"data_close", op_data_close},
	{"data_counters", op_data_counters},
	{"data_open", op_data_open},
	{"edges", op_edges},
	{"hold", op_hold},
	{"measure", op_measure},
	{"power", op_power},
	{"press", op_press},
};

static json_t *values_of(const struct ask *a, const struct scpi_reply *reply, struct err *err)
{
	json_t *list = json_array();
	char text[JIG_REPLY];
	double number;

	for (size_t i = 0; i < reply->n; i++) {
		const char *f = reply->fields[i];

		if (a->texts) {
			if (f[0] == '"' && scpi_string(f, text, sizeof(text), err) < 0)
				goto bad;
			json_array_append_new(list, json_string(f[0] == '"' ? text : f));
		} else if (scpi_real(f, &number, err) < 0) {
			goto bad;
		} else {
			json_array_append_new(
				list, isnan(number) ? json_null() : json_real(number));
		}
	}
	return list;
bad:
	json_decref(list);
	return NULL;
}

static void answer(struct slot *slot, json_int_t id, int status, const struct err *err,
	const struct jig_request *request, json_t *values)
{
	json_t *m = json_pack("{ss, sI, si, si, sI, sI}", "type", "jig_result", "id", id, "status",
		status < 0 ? status : 0, "code", err && status < 0 ? err->code : 0, "us",
		(json_int_t)request->us, "at_us", (json_int_t)request->replied_us);

	if (status < 0 && err)
		json_object_set_new(m, "error", json_string(err->text));
	if (values)
		json_object_set_new(m, "values", values);
	worker_send(slot, m);
}

static void asked(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err)
{
	struct ask *a = request->arg;
	struct err why = {0};
	json_t *values = NULL;

	if (err)
		why = *err;
	if (status >= 0) {
		values = values_of(a, reply, &why);
		status = values ? 0 : E_PROTOCOL;
	}
	if (a->slot->generation == a->generation)
		answer(a->slot, a->id, status, &why, request, values);
	else
		json_decref(values);
	free(a);
}

void broker_ask(struct slot *slot, const json_t *message)
{
	const char *op = message_string(message, "op");
	struct ask *a = calloc(1, sizeof(*a));
	struct err err;

	if (!a)
		return; /* the step's deadline ends it */
	a->slot = slot;
	a->generation = slot->generation;
	a->id = message_integer(message, "id");
	a->request.slot = slot->number;
	a->request.done = asked;
	a->request.arg = a;
	if (!unit_has_jig(slot)) {
		free(a);
		return;
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(ops[i].op, op) != 0)
			continue;
		if (ops[i].fill(a, json_object_get(message, "args")) < 0)
			break;
		if (!jig_is_up(slot->station->jig)) {
			err_set(&err, E_LINK, "the jig is gone");
			answer(slot, a->id, E_LINK, &err, &a->request, NULL);
			free(a);
			return;
		}
		jig_send(slot->station->jig, &a->request);
		return;
	}
	free(a);
	unit_worker_failed(slot, "it asks the jig for what there is not");
}

struct safe {
	struct jig_request request;
	struct slot *slot;
	broker_safe_done done;
};

static void made_safe(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err)
{
	struct safe *s = request->arg;
	struct slot *slot = s->slot;
	broker_safe_done done = s->done;
	struct err why = {0};
	int64_t on = 1;

	if (err)
		why = *err;
	if (status >= 0)
		status = scpi_integer(reply->fields[0], &on, &why);
	if (status >= 0 && on != 0)
		status = err_set(&why, E_REFUSED, "the output stays on");
	free(s);
	done(slot, status, &why);
}

void broker_safe(struct slot *slot, broker_safe_done done)
{
	struct safe *s = calloc(1, sizeof(*s));
	unsigned n = slot->number;
	char release[32] = "";
	struct err err;

	if (!s || !jig_is_up(slot->station->jig)) {
		free(s);
		err_set(&err, E_LINK, "the jig is gone; its watchdog switches everything off");
		done(slot, E_LINK, &err);
		return;
	}
	s->slot = slot;
	s->done = done;
	s->request = (struct jig_request){
		.slot = n, .urgent = true, .replies = 1, .done = made_safe, .arg = s};
	jig_forget(slot->station->jig, n); /* an OUTP ON must not come behind this */
	if (slot->held)
		snprintf(release, sizeof(release), ";:BUTT%u:HOLD %c,OFF", n, slot->held);
	slot->held = '\0';
	/* Output off ends an exchange and closes the data channel. */
	snprintf(s->request.line, JIG_LINE, "OUTP%u OFF%s;:OUTP%u?", n, release, n);
	jig_send(slot->station->jig, &s->request);
}

const char *broker_code(int status)
{
	switch ((enum status)status) {
	case E_PROTOCOL: return "JIG-PROTOCOL";
	case E_REFUSED: return "JIG-REFUSED";
	case E_TIMEOUT: return "JIG-TIMEOUT";
	case E_LINK:
	case E_CONFIG:
	case E_STORE:
	case E_CANCELLED:
	case E_SYSTEM: break;
	}
	return "JIG-GONE";
}

static void led_done(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err)
{
	struct slot *slot = request->arg;

	(void)reply;
	/* A lamp decides nothing, but a jig whose line fails is not trusted with the unit. */
	if (status < 0 && slot && slot->state == SLOT_WORKING)
		unit_end(slot, broker_code(status), err->text);
	free(request);
}

void broker_led(struct slot *slot, const char *colour)
{
	struct jig_request *r = calloc(1, sizeof(*r));

	if (!r || !jig_is_up(slot->station->jig)) {
		free(r);
		return;
	}
	r->done = led_done;
	r->arg = slot->state == SLOT_WORKING ? slot : NULL;
	snprintf(r->line, JIG_LINE, "LED%u %s", slot->number, colour);
	jig_send(slot->station->jig, r);
}
