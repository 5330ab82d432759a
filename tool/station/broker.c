/*
 * The broker: what workers may ask of the jig, as typed operations of their own slot, and the safe
 * state that the station commands itself.
 */
#include "jig/ops.h"
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
	enum jig_values kind;
};

static void answer(struct slot *slot, json_int_t id, int status, const struct err *err,
	const struct jig_request *request, json_t *values)
{
	json_t *m = json_pack("{ss, sI, si, si, sI}", "type", "jig_result", "id", id, "status",
		status < 0 ? status : 0, "code", err && status < 0 ? err->code : 0, "us",
		(json_int_t)request->us);
	double ahead = jig_clock_ahead(slot->station->jig);

	if (status < 0 && err)
		json_object_set_new(m, "error", json_string(err->text));
	if (values)
		json_object_set_new(m, "values", values);
	if (isfinite(ahead))
		json_object_set_new(m, "ahead_us", json_integer((json_int_t)(ahead * 1e6)));
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
		values = jig_op_values(reply, a->kind, &why);
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
	const json_t *args = json_object_get(message, "args");
	const struct jig_place place = {.slot = slot->number,
		.volts = slot->profile.supply.volts,
		.limit_amps = slot->profile.supply.limit_amps,
		.modem = slot->profile.modem};
	struct ask *a = calloc(1, sizeof(*a));
	struct err err;

	if (!a)
		return; /* the step's deadline ends it */
	a->slot = slot;
	a->generation = slot->generation;
	a->id = message_integer(message, "id");
	a->request.done = asked;
	a->request.arg = a;
	if (!unit_has_jig(slot)) {
		free(a);
		return;
	}
	if (jig_op_fill(&a->request, &place, op, args, &a->kind) < 0) {
		free(a);
		unit_worker_failed(slot, "it asks the jig for what there is not");
		return;
	}
	if (!strcmp(op, "hold"))
		slot->held = message_string(args, "key")[0];
	if (jig_is_up(slot->station->jig)) {
		jig_send(slot->station->jig, &a->request);
		return;
	}
	err_set(&err, E_LINK, "the jig is gone");
	answer(slot, a->id, E_LINK, &err, &a->request, NULL);
	free(a);
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
