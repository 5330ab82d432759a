#include "slot/unit.h"
#include "core/clock.h"
#include "core/words.h"
#include "link/nfc.h"
#include "link/trace.h"
#include "messages/messages.h"
#include "plan/codes.h"
#include "slot/find.h"
#include "slot/identity.h"
#include "slot/power.h"
#include "slot/steps.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_APDU = 64 };

int unit_finding(struct unit *u, const char *code, const char *detail, ...)
{
	const struct code *c = code_find(code);
	char text[UNIT_CAUSE];
	va_list ap;

	if (u->finding.verdict != VERDICT_NONE)
		return E_REFUSED;
	va_start(ap, detail);
	vsnprintf(text, sizeof(text), detail, ap);
	va_end(ap);
	u->finding.verdict = c ? c->verdict : VERDICT_ERROR;
	snprintf(u->finding.code, sizeof(u->finding.code), "%s", c ? code : "TOOL-WORKER");
	snprintf(u->finding.cause, sizeof(u->finding.cause), "%.100s%s%.150s",
		c ? c->cause : "a code that is not in the table", text[0] ? ": " : "", text);
	return E_REFUSED;
}

void unit_note(struct unit *u, const char *note, ...)
{
	size_t n = strlen(u->note);
	va_list ap;

	if (n && n + 3 < sizeof(u->note)) {
		strcpy(u->note + n, "; ");
		n += 2;
	}
	va_start(ap, note);
	vsnprintf(u->note + n, sizeof(u->note) - n, note, ap);
	va_end(ap);
}

int unit_measure(
	struct unit *u, const char *name, const char *limit, double value, const char *code)
{
	const struct limit *l = plan_limit(u->plan, u->profile, limit);
	enum judgement j;

	if (!l)
		return unit_finding(u, "TOOL-WORKER", "no limit \"%s\"", limit);
	j = limit_judge(l, value);
	json_array_append_new(
		u->measurements, json_pack("{ss, so, ss, sf, sf, sf, ss}", "name", name, "value",
					 isfinite(value) ? json_real(value) : json_null(), "unit",
					 l->unit, "low", l->low, "high", l->high, "marginal",
					 l->marginal, "judgement", judgement_word(j)));
	if (j == JUDGED_FAIL)
		return unit_finding(u, code, "%s is %.6g %s, must be %.6g to %.6g", name, value,
			l->unit, l->low, l->high);
	return 0;
}

/* ---- asking the jig ---- */

/* The jig's own error numbers to codes; what is not listed is JIG-REFUSED. */
static const struct {
	int number;
	const char *code;
} jig_codes[] = {
	{101, "JIG-LID"},
	{102, "JIG-ESTOP"},
	{103, "PWR-SHORT"},
	{104, "JIG-DUTY"},
	{105, "JIG-ACTUATOR"},
	{108, "JIG-LIFE"},
	{113, "JIG-PLUG"},
	{115, "JIG-TIMEOUT"},
};

int unit_jig_finding(struct unit *u, const struct err *err)
{
	const char *code = "JIG-REFUSED";

	switch ((enum status)err->status) {
	case E_TIMEOUT: code = "JIG-TIMEOUT"; break;
	case E_LINK: code = "JIG-GONE"; break;
	case E_PROTOCOL: code = "JIG-PROTOCOL"; break;
	case E_CANCELLED: code = "ABORTED"; break;
	case E_REFUSED:
		for (size_t i = 0; i < sizeof(jig_codes) / sizeof(jig_codes[0]); i++)
			if (jig_codes[i].number == err->code)
				code = jig_codes[i].code;
		break;
	case E_CONFIG:
	case E_STORE:
	case E_SYSTEM: break;
	}
	return unit_finding(u, code, "%s", err->text);
}

int unit_jig_raw(
	struct unit *u, const char *op, json_t *args, json_t **values, int64_t *us, struct err *err)
{
	json_t *answer = worker_ask(
		u->w, json_pack("{ss, ss, so}", "type", "jig", "op", op, "args", args), err);
	int ret = 0;

	if (!answer)
		return err->status;
	*us = message_integer(answer, "us");
	if (json_object_get(answer, "ahead_us"))
		u->jig_ahead_us = message_integer(answer, "ahead_us");
	if (message_integer(answer, "status") < 0) {
		ret = err_set(err, (int)message_integer(answer, "status"), "%s",
			message_string(answer, "error"));
		err->code = (int)message_integer(answer, "code");
	} else if (values) {
		*values = json_incref(json_object_get(answer, "values"));
	}
	json_decref(answer);
	return ret;
}

int unit_jig(struct unit *u, const char *op, json_t *args, json_t **values)
{
	struct err err;
	int64_t us;
	int ret = unit_jig_raw(u, op, args, values, &us, &err);

	return ret < 0 ? unit_jig_finding(u, &err) : 0;
}

int unit_jig_number(struct unit *u, const char *what, double *value)
{
	json_t *values = NULL, *v;
	int ret = unit_jig(u, "measure", json_pack("{ss}", "what", what), &values);

	if (ret < 0)
		return ret;
	v = json_array_get(values, 0);
	*value = json_is_number(v) ? json_number_value(v) : NAN;
	json_decref(values);
	return 0;
}

/* ---- APDUs ---- */

/* In the order of enum link_fault. */
static const char *const link_codes[] = {
	[LINK_CHAIN] = "APDU-CHAIN",
	[LINK_TIMEOUT] = "APDU-TIME",
	[LINK_DISTURBED] = "LINK-PROTOCOL",
	[LINK_GONE] = "LINK-GONE",
	[LINK_ABSENT] = "LINK-GONE",
	[LINK_RESET] = "PWR-RESET",
	[LINK_CAPACITY] = "LINK-CAPACITY",
	[LINK_HELD] = "USB-HELD",
	[LINK_FORBIDDEN] = "USB-ACCESS",
	[LINK_ADAPTER] = "BLE-ADAPTER",
	[LINK_SERVICE] = "BLE-SERVICE",
	[LINK_PAIR] = "BLE-PAIR",
	[LINK_OPEN] = "BLE-OPEN",
	[LINK_BOND] = "BLE-BOND",
	[LINK_READER] = "NFC-READER",
	[LINK_NO_PHONE] = "NFC-NO-PHONE",
	[LINK_PHONE] = "NFC-PHONE",
	[LINK_FIELD] = "NFC-PHONE",
	[LINK_LOST] = "LINK-PROTOCOL",
};

bool unit_is_link_fault(const struct err *err)
{
	return err->status == E_REFUSED && err->code > 0 &&
	       err->code < (int)(sizeof(link_codes) / sizeof(link_codes[0]));
}

int unit_link_finding(struct unit *u, const struct err *err)
{
	if (err->status == E_SYSTEM || err->status == E_CONFIG)
		return unit_finding(u, err->status == E_SYSTEM ? "TOOL-WORKER" : "TOOL-CONFIG",
			"%s", err->text);
	if (!unit_is_link_fault(err))
		return unit_jig_finding(u, err);
	unit_finding(u, link_codes[err->code], "%s", err->text);
	u->finding.fault = err->code;
	return E_REFUSED;
}

int unit_open(struct unit *u)
{
	struct err err;
	int64_t us;
	int ret = u->over->driver->open(u->over, u->profile->timeouts.boot_ms, &us, &err);

	return ret < 0 ? unit_link_finding(u, &err) : 0;
}

int unit_judge_time(struct unit *u, const struct apdu *apdu, const struct link_answer *answer)
{
	bool store_data = apdu->ins == 0xE2;
	const struct limit *limit =
		plan_limit(u->plan, u->profile, store_data ? "store_data_time" : "apdu_time");
	uint8_t bytes[APDU_COMMAND];

	if (u->over != u->link) /* a purchase at the reader is judged as a whole */
		return 0;
	if (!store_data && (apdu_encode(apdu, bytes) >= SHORT_APDU || answer->n >= SHORT_APDU))
		return 0;
	if (limit_judge(limit, (double)answer->us / 1e6) == JUDGED_FAIL)
		return unit_finding(u, "APDU-TIME", "INS %02X took %.0f ms, at most %.0f",
			apdu->ins, (double)answer->us / 1e3, limit->high * 1e3);
	return 0;
}

int unit_apdu(struct unit *u, const struct apdu *apdu, unsigned flags, struct link_answer *answer)
{
	int64_t timeout_ms = apdu->ins == 0xE2 ? u->profile->timeouts.store_data_ms
					       : u->profile->timeouts.apdu_ms;
	uint8_t bytes[APDU_COMMAND];
	size_t n = apdu_encode(apdu, bytes);
	struct err err;
	int ret = unit_open(u);

	if (ret < 0)
		return ret;
	ret = link_transmit(
		u->over, bytes, n, flags & UNIT_SECURE ? LINK_SECURE : 0, timeout_ms, answer, &err);
	if (ret < 0)
		return unit_link_finding(u, &err);
	return flags & UNIT_UNTIMED ? 0 : unit_judge_time(u, apdu, answer);
}

int unit_command(struct unit *u, const char *name, const struct apdu *apdu, unsigned flags,
	const char *code, struct link_answer *answer)
{
	int ret = unit_apdu(u, apdu, flags, answer);

	if (ret < 0)
		return ret;
	if (answer->sw != 0x9000)
		return unit_finding(u, code, "%s answers SW %04X (%s)", name, answer->sw,
			apdu_sw_text(answer->sw));
	return 0;
}

int unit_card(struct unit *u, const char *op, json_t *proof, json_t **answer, struct err *err)
{
	json_t *request = json_pack("{ss, ss, ss}", "type", "card", "op", op, "unit", u->label);
	json_t *result;
	int ret = 0;

	if (proof)
		json_object_set_new(request, "proof", proof);
	result = worker_ask(u->w, request, err);
	if (!result)
		return err->status;
	if (message_integer(result, "status") < 0)
		ret = err_set(err, (int)message_integer(result, "status"), "%s",
			message_string(result, "error"));
	if (answer)
		*answer = result;
	else
		json_decref(result);
	return ret;
}

/* ---- the run ---- */

static int ask_link(
	void *arg, const char *op, json_t *args, json_t **values, int64_t *us, struct err *err)
{
	return unit_jig_raw(arg, op, args, values, us, err);
}

int unit_token(struct unit *u, const char *name, bool take, struct err *err)
{
	json_t *answer = worker_ask(
		u->w, json_pack("{ss, ss, sb}", "type", "token", "name", name, "take", take), err);

	json_decref(answer);
	return answer ? 0 : err->status;
}

static int ask_token(void *arg, const char *name, bool take, struct err *err)
{
	return unit_token(arg, name, take, err);
}

static int ask_claim(void *arg, const char *address, struct err *err)
{
	struct unit *u = arg;
	json_t *answer =
		worker_ask(u->w, json_pack("{ss, ss}", "type", "claim", "address", address), err);
	int ret = !answer ? err->status : json_is_true(json_object_get(answer, "granted"));

	json_decref(answer);
	return ret;
}

static void trace_sink(void *arg, const struct link_record *r)
{
	struct unit *u = arg;
	struct err err;
	json_t *m = json_pack("{ss, ss, ss, ss, sI}", "type", "apdu", "carrier", r->carrier,
		"command", r->command, "response", r->response, "us", (json_int_t)r->us);

	if (r->error)
		json_object_set_new(m, "error", json_string(r->error));
	worker_tell(u->w, m, &err); /* a station that is gone is noticed at the next question */
}

static int make_nfc(struct unit *u, struct err *err)
{
	const struct link_place place = {.nfc = {.reader = u->w->nfc.reader,
						 .standin = u->w->nfc.standin,
						 .behind = u->link}};

	u->reader = link_nfc.make(&place, err);
	if (!u->reader)
		return err->status;
	u->nfc = link_trace(u->reader, trace_sink, u);
	if (u->nfc)
		return 0;
	link_nfc.drop(u->reader);
	return err_set(err, E_SYSTEM, "out of memory");
}

static int make_link(struct unit *u, const char *address, struct err *err)
{
	struct link_place place = u->w->place.link;

	place.station = (struct link_station){
		.ask = ask_link, .token = ask_token, .claim = ask_claim, .arg = u};
	place.ble.address = address;
	u->carrier = u->w->link->make(&place, err);
	if (!u->carrier)
		return err->status;
	u->link = u->over = link_trace(u->carrier, trace_sink, u);
	if (u->link)
		return u->w->nfc.reader[0] ? make_nfc(u, err) : 0;
	u->carrier->driver->drop(u->carrier);
	return err_set(err, E_SYSTEM, "out of memory");
}

/* Runs one step and returns when its row is durable. */
static int run_step(struct unit *u, size_t position, struct finding *finding, struct err *err)
{
	const char *name = u->plan->steps[position].step;
	int64_t started = clock_ms();
	json_t *m, *answer;
	int ret;

	u->finding = (struct finding){0};
	u->note[0] = '\0';
	u->measurements = json_array();
	ret = worker_tell(u->w,
		json_pack("{ss, ss, sI, sI}", "type", "step_begin", "step", name, "position",
			(json_int_t)position, "steps", (json_int_t)u->plan->step_n),
		err);
	if (ret < 0)
		goto out;
	if (steps_find(name)->run(u) < 0 && u->finding.verdict == VERDICT_NONE)
		unit_finding(u, "TOOL-WORKER", "step %s ended without a reason", name);
	if (u->finding.verdict == VERDICT_NONE)
		u->finding.verdict = VERDICT_PASS;
	*finding = u->finding;
	m = json_pack("{ss, ss, sI, ss, ss, ss, ss, sI, sO}", "type", "step_end", "step", name,
		"position", (json_int_t)position, "verdict", verdict_word(finding->verdict), "code",
		finding->code, "cause", finding->cause, "note", u->note, "ms",
		(json_int_t)(clock_ms() - started), "measurements", u->measurements);
	answer = worker_ask(u->w, m, err);
	ret = answer ? 0 : err->status;
	json_decref(answer);
out:
	json_decref(u->measurements);
	u->measurements = NULL;
	return ret;
}

static void drop_unit(struct unit *u)
{
	const struct keys_driver *d = u->keys->driver;

	for (size_t i = 0; i < u->perso.key_n; i++)
		d->drop(u->keys, u->perso.keys[i].key);
	d->drop(u->keys, u->load.session);
	d->drop(u->keys, u->purchase.session);
	json_decref(u->payments);
	if (u->nfc)
		u->nfc->driver->drop(u->nfc);
	if (u->link)
		u->link->driver->drop(u->link);
	free(u);
}

static struct unit *new_unit(
	struct worker *w, const char *label, const char *address, struct err *err)
{
	struct unit *u = calloc(1, sizeof(*u));

	if (!u) {
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	u->w = w;
	u->plan = &w->plan;
	u->profile = &w->profile;
	u->keys = w->keys;
	u->label = label;
	u->terms = w->terms;
	if (make_link(u, address, err) == 0)
		return u;
	drop_unit(u);
	return NULL;
}

int unit_run(struct worker *w, const char *label, const char *address, struct err *err)
{
	struct unit *u = new_unit(w, label, address, err);
	struct finding first = {.verdict = VERDICT_PASS};
	int ret = u ? 0 : err->status;

	for (size_t i = 0; ret == 0 && i < u->plan->step_n; i++) {
		struct finding f;

		if (!plan_applies(u->plan, i, w->link->name) ||
			(first.verdict != VERDICT_PASS && !u->plan->steps[i].always))
			continue;
		ret = run_step(u, i, &f, err);
		if (ret == 0 && first.verdict == VERDICT_PASS && f.verdict != VERDICT_PASS)
			first = f;
	}
	if (ret == 0)
		ret = worker_tell(w,
			json_pack("{ss, ss, ss, ss}", "type", "unit_end", "verdict",
				verdict_word(first.verdict), "code", first.code, "cause",
				first.cause),
			err);
	if (u)
		drop_unit(u);
	return ret;
}

int unit_who(struct worker *w, struct err *err)
{
	struct unit *u = new_unit(w, "", "", err);
	struct identity id = {0};
	char why[2 * UNIT_CAUSE];
	int ret;

	if (!u)
		return err->status;
	u->measurements = json_array();
	ret = power_on(u);
	if (ret == 0)
		ret = unit_open(u);
	if (ret == 0)
		ret = find_own(u);
	if (ret == 0)
		ret = identity_read(u, &id);
	power_off(u);
	snprintf(why, sizeof(why), "%s: %s",
		N_("the unit does not tell its serial number, scan its label"), u->finding.cause);
	ret = worker_tell(w,
		json_pack("{ss, ss, ss}", "type", "serial", "serial", ret < 0 ? "" : id.serial,
			"error", ret < 0 ? why : ""),
		err);
	json_decref(u->measurements);
	drop_unit(u);
	return ret;
}
