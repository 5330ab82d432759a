#include "messages/messages.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, INT, NUMBER, BOOL, OBJECT, LIST };

struct member {
	const char *name;
	enum kind kind;
	bool optional;
};

struct row {
	const char *type;
	unsigned sides;
	struct member members[20];
};

#define EVENTS (FROM_SLOT | FROM_STATION_TO_CLIENT)

static const struct row rows[] = {
	/* station -> slot */
	{"setup", FROM_STATION_TO_SLOT,
		{{"slot", INT}, {"link", TEXT}, {"port", TEXT}, {"supply", BOOL}, {"adapter", TEXT},
			{"rssi_offset_db", NUMBER}, {"charger", BOOL}, {"reader", TEXT},
			{"standin", TEXT}, {"phone", TEXT}, {"phone_stays", BOOL},
			{"plan_path", TEXT}, {"plan", TEXT}, {"profile_path", TEXT},
			{"profile", TEXT}, {"keys", TEXT}, {"terms", OBJECT},
			{"production", BOOL}}},
	{"begin", FROM_STATION_TO_SLOT, {{"label", TEXT}, {"address", TEXT}}},
	{"token_result", FROM_STATION_TO_SLOT, {{"id", INT}}},
	{"claim_result", FROM_STATION_TO_SLOT, {{"id", INT}, {"granted", BOOL}}},
	{"jig_result", FROM_STATION_TO_SLOT,
		{{"id", INT}, {"status", INT}, {"code", INT}, {"error", TEXT, true},
			{"us", INT, true}, {"ahead_us", INT, true}, {"values", LIST, true}}},
	{"card_result", FROM_STATION_TO_SLOT,
		{{"id", INT}, {"status", INT}, {"error", TEXT, true}, {"state", TEXT, true},
			{"card", OBJECT, true}, {"payments", LIST, true}, {"payment", INT, true},
			{"sealed", BOOL, true}}},
	{"stored", FROM_STATION_TO_SLOT, {{"id", INT}}},
	{"prompt_result", FROM_STATION_TO_SLOT,
		{{"id", INT}, {"answer", TEXT}, {"by", TEXT}}}, /* "": nobody answered */
	{"who", FROM_STATION_TO_SLOT, {{0}}},
	/* slot -> station; the events among them go on to the clients, with slot and unit added */
	{"ready", FROM_SLOT, {{"lab", BOOL}}},
	{"unready", FROM_SLOT, {{"error", TEXT}}},
	{"claim", FROM_SLOT, {{"id", INT}, {"address", TEXT}}}, /* of a unit in range: it is ours */
	{"token", FROM_SLOT, {{"id", INT}, {"name", TEXT}, {"take", BOOL}}},
	{"jig", FROM_SLOT, {{"id", INT}, {"op", TEXT}, {"args", OBJECT}}},
	{"serial", FROM_SLOT, {{"serial", TEXT}, {"error", TEXT}}}, /* of the unit; "": unknown */
	{"prompt", EVENTS,
		{{"prompt", TEXT}, {"timeout_ms", INT}, {"id", INT, true}, {"slot", INT, true},
			{"label", TEXT, true}}},
	{"card", FROM_SLOT, {{"id", INT}, {"op", TEXT}, {"unit", TEXT}, {"proof", OBJECT, true}}},
	{"apdu", FROM_SLOT,
		{{"carrier", TEXT}, {"command", TEXT}, {"response", TEXT}, {"us", INT},
			{"error", TEXT, true}}},
	{"step_begin", EVENTS,
		{{"step", TEXT}, {"position", INT}, {"steps", INT}, {"slot", INT, true},
			{"label", TEXT, true}, {"ms", INT, true}}},
	{"step_end", EVENTS,
		{{"step", TEXT}, {"position", INT}, {"verdict", TEXT}, {"code", TEXT},
			{"cause", TEXT}, {"note", TEXT}, {"ms", INT}, {"measurements", LIST},
			{"id", INT, true}, {"slot", INT, true}, {"label", TEXT, true}}},
	{"unit_end", EVENTS,
		{{"verdict", TEXT}, {"code", TEXT}, {"cause", TEXT}, {"slot", INT, true},
			{"label", TEXT, true}, {"action", TEXT, true}, {"attempt", INT, true},
			{"ms", INT, true}, {"card", TEXT, true}, {"lab", BOOL, true},
			{"try", INT, true}}},
	/* slot -> its NFC processes: payjig reader, payjig relay */
	{"nfc_find", FROM_SLOT_TO_NFC, {{"id", INT}}},
	{"nfc_apdu", FROM_SLOT_TO_NFC, {{"id", INT}, {"apdu", TEXT}, {"timeout_ms", INT}}},
	{"relay_answer", FROM_SLOT_TO_NFC, {{"id", INT}, {"apdu", TEXT}}},
	{"nfc_ready", FROM_NFC, {{"error", TEXT}}}, /* "": its chip is open */
	{"nfc_target", FROM_NFC, {{"id", INT}, {"target", INT}, {"error", TEXT}}},
	{"nfc_result", FROM_NFC,
		{{"id", INT}, {"fault", INT}, {"error", TEXT}, {"apdu", TEXT}, {"us", INT}}},
	{"relay_command", FROM_NFC, {{"id", INT}, {"apdu", TEXT}}},
	{"relay_done", FROM_NFC, {{"id", INT}, {"us", INT}}}, /* without its chip's time */
	/* client -> station; what a person does is the person's who logged in, or, from a client
	   without a screen, of whom it names */
	{"watch", FROM_CLIENT, {{"now", BOOL, true}}}, /* now: and what is under way */
	{"start", FROM_CLIENT,
		{{"label", TEXT}, {"slot", INT, true}, {"operator", TEXT, true},
			{"address", TEXT, true}}},
	{"act", FROM_CLIENT, {{"what", OBJECT}, {"witness", OBJECT, true}}},
	{"abort_unit", FROM_CLIENT, {{"slot", INT, true}}},
	{"stop", FROM_CLIENT, {{0}}},
	{"login", FROM_CLIENT, {{"name", TEXT}, {"password", TEXT}}},
	{"logout", FROM_CLIENT, {{0}}},
	{"alive", FROM_CLIENT, {{0}}}, /* a person is at the keys */
	{"pause", FROM_CLIENT, {{"on", BOOL}}},
	{"answer", FROM_CLIENT, {{"slot", INT}, {"answer", TEXT}}},
	{"ask", FROM_CLIENT, {{"id", INT}, {"what", TEXT}, {"about", OBJECT}}},
	/* station -> client */
	{"station", FROM_STATION_TO_CLIENT,
		{{"state", TEXT}, {"job", TEXT}, {"plan", TEXT}, {"fixture", TEXT}, {"lab", BOOL},
			{"slots", INT}, {"pid", INT}, {"code", TEXT, true}, {"error", TEXT, true},
			{"product", TEXT}, {"production", BOOL}, {"paused", TEXT, true}}},
	{"slot", FROM_STATION_TO_CLIENT,
		{{"slot", INT}, {"state", TEXT}, {"label", TEXT, true}, {"error", TEXT, true},
			{"link", TEXT}, {"present", BOOL}}},
	{"presence", FROM_STATION_TO_CLIENT, {{"slot", INT}, {"present", BOOL}}}, /* of a unit */
	{"counts", FROM_STATION_TO_CLIENT,
		{{"shift", TEXT}, {"pass", INT}, {"fail", INT}, {"error", INT}, {"abort", INT},
			{"first", INT}, {"first_pass", INT}, {"per_hour", INT}, {"cards_left", INT},
			{"expected_ms", INT}}},
	{"session", FROM_STATION_TO_CLIENT,
		{{"name", TEXT}, {"role", TEXT}, {"error", TEXT, true}}}, /* "": nobody */
	{"prompt_end", FROM_STATION_TO_CLIENT, {{"slot", INT}, {"answer", TEXT}, {"by", TEXT}}},
	{"answered", FROM_STATION_TO_CLIENT,
		{{"id", INT}, {"what", TEXT}, {"error", TEXT, true}, {"data", OBJECT, true}}},
	{"unsettled", FROM_STATION_TO_CLIENT,
		{{"job", TEXT}, {"card", TEXT}, {"unit", TEXT}, {"state", TEXT}, {"action", TEXT}}},
	{"act_done", FROM_STATION_TO_CLIENT,
		{{"status", INT}, {"error", TEXT, true}, {"needs", TEXT, true}}}, /* a role */
	{"unit_begin", FROM_STATION_TO_CLIENT,
		{{"slot", INT}, {"label", TEXT}, {"attempt", INT}, {"try", INT},
			{"ms", INT, true}}},
	{"refused", FROM_STATION_TO_CLIENT,
		{{"label", TEXT, true}, {"slot", INT, true}, {"error", TEXT},
			{"empty", BOOL, true}}},
};

static const struct row *find_row(const char *type, enum message_side side)
{
	for (size_t i = 0; type && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].sides & side && !strcmp(rows[i].type, type))
			return &rows[i];
	return NULL;
}

static bool right_kind(enum kind kind, const json_t *v)
{
	switch (kind) {
	case TEXT: return json_is_string(v);
	case INT: return json_is_integer(v);
	case NUMBER: return json_is_number(v);
	case BOOL: return json_is_boolean(v);
	case OBJECT: return json_is_object(v);
	case LIST: return json_is_array(v);
	}
	return false;
}

static int check(const json_t *message, enum message_side side, struct err *err)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	const struct row *row = find_row(type, side);
	size_t known = 1;

	if (!row)
		return err_set(
			err, E_PROTOCOL, "message \"%.40s\": unknown type", type ? type : "");
	for (const struct member *m = row->members; m->name; m++) {
		const json_t *v = json_object_get(message, m->name);

		if (!v && m->optional)
			continue;
		if (!v)
			return err_set(err, E_PROTOCOL, "message \"%s\": \"%s\" is missing", type,
				m->name);
		if (!right_kind(m->kind, v))
			return err_set(err, E_PROTOCOL, "message \"%s\": \"%s\" has the wrong kind",
				type, m->name);
		known++;
	}
	if (known != json_object_size(message))
		return err_set(err, E_PROTOCOL, "message \"%s\": has an unknown member", type);
	return 0;
}

json_t *message_parse(const char *line, size_t length, enum message_side side, struct err *err)
{
	json_error_t why;
	json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);

	if (!message) {
		err_set(err, E_PROTOCOL, "not a message: %s", why.text);
		return NULL;
	}
	if (check(message, side, err) < 0) {
		json_decref(message);
		return NULL;
	}
	return message;
}

char *message_line(json_t *message, enum message_side side, size_t *length, struct err *err)
{
	char *text = NULL, *line = NULL;

	if (!message) {
		err_set(err, E_SYSTEM, "out of memory for a message");
		return NULL;
	}
	if (check(message, side, err) < 0)
		goto out;
	text = json_dumps(message, JSON_COMPACT);
	if (text)
		line = realloc(text, strlen(text) + 2);
	if (!line) {
		free(text);
		err_set(err, E_SYSTEM, "out of memory for a message");
		goto out;
	}
	*length = strlen(line) + 1;
	line[*length - 1] = '\n';
	line[*length] = '\0';
out:
	json_decref(message);
	return line;
}

const char *message_type(const json_t *message)
{
	return message_string(message, "type");
}

const char *message_string(const json_t *message, const char *member)
{
	const char *s = json_string_value(json_object_get(message, member));

	return s ? s : "";
}

json_int_t message_integer(const json_t *message, const char *member)
{
	return json_integer_value(json_object_get(message, member));
}
