#include "jig/ops.h"
#include "core/hex.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct op {
	struct jig_request *request;
	const struct jig_place *place;
	enum jig_values kind;
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

static int overlapped(struct op *a, const char *node, int64_t timeout_ms)
{
	snprintf(a->request->node, sizeof(a->request->node), "%s", node);
	a->request->timeout_ms = timeout_ms;
	return 0;
}

/* Each fills the request's line; 0, or negative for malformed arguments. */
static int op_power(struct op *a, const json_t *args)
{
	unsigned n = a->place->slot;

	a->request->replies = 1;
	if (!json_is_true(json_object_get(args, "on"))) {
		snprintf(a->request->line, JIG_LINE, "OUTP%u OFF;:OUTP%u?", n, n);
		return 0;
	}
	snprintf(a->request->line, JIG_LINE,
		"SOUR%u:VOLT %.3f;:SOUR%u:CURR:LIM %.3f;:OUTP%u ON;:OUTP%u?", n, a->place->volts, n,
		a->place->limit_amps, n, n);
	return 0;
}

static int op_measure(struct op *a, const json_t *args)
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
		snprintf(a->request->line, JIG_LINE, queries[i].query, a->place->slot);
#pragma GCC diagnostic pop
		a->request->replies = 1;
		return 0;
	}
	return -1;
}

static int op_press(struct op *a, const json_t *args)
{
	int count = (int)json_integer_value(json_object_get(args, "count"));
	double hold = json_number_value(json_object_get(args, "hold_s"));
	double gap = json_number_value(json_object_get(args, "gap_s"));
	unsigned n = a->place->slot;

	if (!key_arg(args) || count < 1 || count > 32 || !(hold >= 0.05 && hold <= 15) ||
		!(gap >= 0 && gap <= 60))
		return -1;
	snprintf(a->request->line, JIG_LINE, "BUTT%u:EDG:CLE;:BUTT%u:CYCL %s,%d,%.3f,%.3f", n, n,
		text_arg(args, "key"), count, hold, gap);
	snprintf(a->request->after, JIG_LINE, "BUTT%u:DATA?;:BUTT%u:EDG?", n, n);
	a->request->replies = 2;
	a->kind = JIG_TEXTS;
	return overlapped(a, "BUTT", (int64_t)(1000 * count * (hold + gap)) + 3000);
}

/* What the keys do while nobody but the operator presses them. */
static int op_edges(struct op *a, const json_t *args)
{
	unsigned n = a->place->slot;

	if (json_is_true(json_object_get(args, "clear"))) {
		snprintf(a->request->line, JIG_LINE, "BUTT%u:EDG:CLE", n);
		return 0;
	}
	snprintf(a->request->line, JIG_LINE, "BUTT%u:EDG?", n);
	a->request->replies = 1;
	a->kind = JIG_TEXTS;
	return 0;
}

static int op_hold(struct op *a, const json_t *args)
{
	if (!key_arg(args))
		return -1;
	snprintf(a->request->line, JIG_LINE, "BUTT%u:HOLD %s,%s", a->place->slot,
		text_arg(args, "key"), json_is_true(json_object_get(args, "on")) ? "ON" : "OFF");
	return 0;
}

static int op_data_open(struct op *a, const json_t *args)
{
	unsigned n = a->place->slot;

	snprintf(a->request->line, JIG_LINE, "DATA%u:PROF \"%s\";:DATA%u:OPEN", n, a->place->modem,
		n);
	return overlapped(
		a, "DATA", json_integer_value(json_object_get(args, "timeout_ms")) + 3000);
}

static int op_data_close(struct op *a, const json_t *args)
{
	(void)args;
	snprintf(a->request->line, JIG_LINE, "DATA%u:CLOS", a->place->slot);
	return 0;
}

static int op_data_apdu(struct op *a, const json_t *args)
{
	const char *hex = text_arg(args, "apdu");
	json_int_t ms = json_integer_value(json_object_get(args, "timeout_ms"));
	unsigned n = a->place->slot;
	uint8_t bytes[261];

	if (hex_decode(hex, strlen(hex), bytes, sizeof(bytes)) < 4 || ms < 1 || ms > 600000)
		return -1;
	snprintf(a->request->line, JIG_LINE, "DATA%u:APDU \"%s\",%.3f", n, hex, (double)ms / 1000);
	snprintf(a->request->after, JIG_LINE, "DATA%u:APDU:RESP?", n);
	a->request->replies = 1;
	a->kind = JIG_TEXTS;
	return overlapped(a, "DATA", ms + 3000);
}

static int op_data_counters(struct op *a, const json_t *args)
{
	(void)args;
	snprintf(a->request->line, JIG_LINE, "DATA%u:COUN?", a->place->slot);
	a->request->replies = 1;
	a->kind = JIG_TEXTS;
	return 0;
}

/* Alphabetical. */
static const struct {
	const char *op;
	int (*fill)(struct op *a, const json_t *args);
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

int jig_op_fill(struct jig_request *request, const struct jig_place *place, const char *op,
	const json_t *args, enum jig_values *kind)
{
	struct op a = {.request = request, .place = place};

	request->slot = place->slot;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(ops[i].op, op) != 0)
			continue;
		if (ops[i].fill(&a, args) < 0)
			break;
		*kind = a.kind;
		return 0;
	}
	return -1;
}

json_t *jig_op_values(const struct scpi_reply *reply, enum jig_values kind, struct err *err)
{
	json_t *list = json_array();
	char text[JIG_REPLY];
	double number;

	for (size_t i = 0; i < reply->n; i++) {
		const char *f = reply->fields[i];

		if (kind == JIG_RAW) {
			json_array_append_new(list, json_string(f));
		} else if (kind == JIG_TEXTS) {
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
