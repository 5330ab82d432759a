/* messages/ and jig/scpi: what comes from outside is taken whole or refused. */
#include "unit.h"

#include "jig/scpi.h"
#include "messages/messages.h"

#include <math.h>
#include <stdlib.h>

static void a_message_is_checked_against_its_row(void **state)
{
	static const struct {
		const char *line;
		enum message_side side;
		const char *error; /* NULL: fine */
	} rows[] = {
		{"{\"type\":\"start\",\"label\":\"X\"}", FROM_CLIENT, NULL},
		{"{\"type\":\"start\",\"label\":\"X\",\"slot\":3}", FROM_CLIENT, NULL},
		{"{\"type\":\"start\"}", FROM_CLIENT, "\"label\" is missing"},
		{"{\"type\":\"start\",\"label\":7}", FROM_CLIENT, "\"label\" has the wrong kind"},
		{"{\"type\":\"start\",\"label\":\"X\",\"more\":1}", FROM_CLIENT, "unknown member"},
		{"{\"type\":\"start\",\"label\":\"X\"}", FROM_SLOT, "unknown type"},
		{"{\"type\":\"nonsense\"}", FROM_CLIENT, "unknown type"},
		{"{\"label\":\"X\"}", FROM_CLIENT, "unknown type"},
		{"{\"type\":\"stop\",\"type\":\"stop\"}", FROM_CLIENT, "not a message"},
		{"[]", FROM_CLIENT, "unknown type"},
		{"nonsense", FROM_CLIENT, "not a message"},
		{"", FROM_CLIENT, "not a message"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		json_t *m = message_parse(rows[i].line, strlen(rows[i].line), rows[i].side, &err);

		if (rows[i].error) {
			assert_null(m);
			assert_int_equal(err.status, E_PROTOCOL);
			assert_non_null(strstr(err.text, rows[i].error));
		} else {
			assert_non_null(m);
		}
		json_decref(m);
	}
}

static void what_leaves_is_checked_too(void **state)
{
	struct err err;
	size_t n;
	char *line;

	(void)state;
	assert_null(
		message_line(json_pack("{ss}", "type", "begin"), FROM_STATION_TO_SLOT, &n, &err));
	line = message_line(
		json_pack("{ss, si}", "type", "stored", "id", 4), FROM_STATION_TO_SLOT, &n, &err);
	assert_non_null(line);
	assert_int_equal(line[n - 1], '\n');
	free(line);
}

static void replies_are_cut_outside_of_quotes(void **state)
{
	char line[] = "1;\"a;b\";0,\"No error\"", open_quote[] = "1;\"a";
	struct scpi_reply r;
	struct err err;
	char text[32];
	int code;

	(void)state;
	assert_int_equal(scpi_split(line, &r, &err), 0);
	assert_int_equal(r.n, 3);
	assert_int_equal(scpi_string(r.fields[1], text, sizeof(text), &err), 0);
	assert_string_equal(text, "a;b");
	assert_int_equal(scpi_error(r.fields[2], &code, text, sizeof(text), &err), 0);
	assert_int_equal(code, 0);
	assert_int_equal(scpi_split(open_quote, &r, &err), E_PROTOCOL);
}

static void numbers_come_in_any_form_or_not_at_all(void **state)
{
	struct err err;
	int64_t i;
	double v;

	(void)state;
	assert_int_equal(scpi_integer("1", &i, &err), 0);
	assert_int_equal(scpi_integer("1.0", &i, &err), 0);
	assert_int_equal(scpi_integer("1.0E+00", &i, &err), 0);
	assert_int_equal(i, 1);
	assert_int_equal(scpi_integer("1.5", &i, &err), E_PROTOCOL);
	assert_int_equal(scpi_integer("", &i, &err), E_PROTOCOL);
	assert_int_equal(scpi_real("9.91E+37", &v, &err), 0);
	assert_true(isnan(v));
	assert_int_equal(scpi_real("ON", &v, &err), E_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_checked_against_its_row),
		cmocka_unit_test(what_leaves_is_checked_too),
		cmocka_unit_test(replies_are_cut_outside_of_quotes),
		cmocka_unit_test(numbers_come_in_any_form_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
