/* core/: numbers, hex, the strict YAML reader, lines, errors. */
#include "unit.h"

#include "core/conf.h"
#include "core/hex.h"
#include "core/lines.h"
#include "core/num.h"

#include <sys/socket.h>
#include <unistd.h>

static void numbers_are_whole_or_refused(void **state)
{
	static const struct {
		const char *text;
		int ret;
		double value;
	} rows[] = {{"0", 0, 0}, {"-1.5", 0, -1.5}, {"1e3", 0, 1000}, {"+2", 0, 2}, {"4x", -1, 0},
		{"3,6", -1, 0}, {"nan", -1, 0}, {"inf", -1, 0}, {"1e999", -1, 0}, {"", -1, 0},
		{" 1", -1, 0}, {"1 ", -1, 0}, {"0x10", -1, 0}, {".5", -1, 0}, {"1.", -1, 0},
		{"1e", -1, 0}};
	double v;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(num_real(rows[i].text, &v), rows[i].ret);
		if (rows[i].ret == 0)
			assert_true(v == rows[i].value);
	}
}

static void integers_take_no_fraction_and_no_overflow(void **state)
{
	int64_t v;

	(void)state;
	assert_int_equal(num_integer("-12", &v), 0);
	assert_int_equal(v, -12);
	assert_int_equal(num_integer("1.0", &v), -1);
	assert_int_equal(num_integer("1e3", &v), -1);
	assert_int_equal(num_integer("9223372036854775808", &v), -1);
	assert_int_equal(num_integer("", &v), -1);
}

static void hex_is_exact(void **state)
{
	uint8_t out[4];
	char text[9];

	(void)state;
	assert_int_equal(hex_decode("00fF", 4, out, 4), 2);
	assert_int_equal(out[1], 0xFF);
	assert_int_equal(hex_decode("0", 1, out, 4), -1);
	assert_int_equal(hex_decode("0g", 2, out, 4), -1);
	assert_int_equal(hex_decode("0011223344", 10, out, 4), -1);
	hex_encode(out, 2, text);
	assert_string_equal(text, "00FF");
}

struct sample {
	char name[8];
	int64_t cents;
	double ohm;
	bool flag;
	int word;
	struct conf_bytes aid;
	struct {
		double x;
	} items[2];
	size_t item_n;
};

static const char *const words[] = {"one", "two", NULL};
static const struct conf_field item_fields[] = {{"x", CONF_REAL, 0, .required = true}, {0}};
static const struct conf_field fields[] = {
	{"name", CONF_STRING, offsetof(struct sample, name), .size = 8, .required = true},
	{"cents", CONF_INTEGER, offsetof(struct sample, cents), .min = 0, .max = 100},
	{"ohm", CONF_REAL, offsetof(struct sample, ohm)},
	{"flag", CONF_BOOL, offsetof(struct sample, flag)},
	{"word", CONF_WORD, offsetof(struct sample, word), .words = words},
	{"aid", CONF_HEX, offsetof(struct sample, aid), .min = 2, .max = 4},
	{"items", CONF_LIST, offsetof(struct sample, items), .size = sizeof(double),
		.fields = item_fields, .count_offset = offsetof(struct sample, item_n), .most = 2},
	{0},
};

static int read_sample(const char *text, struct sample *s, struct err *err)
{
	*s = (struct sample){.cents = 7};
	return conf_read("f.yaml", text, strlen(text), fields, s, err);
}

static void a_good_file_fills_the_struct(void **state)
{
	struct sample s;
	struct err err;

	(void)state;
	assert_int_equal(read_sample("name: abc\nohm: 2.5\nflag: true\nword: two\naid: A0B1\n"
				     "items:\n  - {x: 1}\n  - {x: -2e1}\n",
				 &s, &err),
		0);
	assert_string_equal(s.name, "abc");
	assert_int_equal(s.cents, 7); /* the default stays */
	assert_true(s.ohm == 2.5 && s.flag && s.word == 1);
	assert_int_equal(s.aid.n, 2);
	assert_int_equal(s.item_n, 2);
	assert_true(s.items[1].x == -20);
}

static void a_bad_file_is_named_with_line_and_key(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"name: a\nohm: 4x\n", "f.yaml:2: ohm: not a number: \"4x\""},
		{"name: a\nohm: 3,6\n", "f.yaml:2: ohm: not a number: \"3,6\""},
		{"name: a\nohm: nan\n", "f.yaml:2: ohm: not a number: \"nan\""},
		{"name: a\nohm: .nan\n", "f.yaml:2: ohm: not a number: \".nan\""},
		{"name: a\n\nohm: 1e999\n", "f.yaml:3: ohm: not a number: \"1e999\""},
		{"name: a\nohm: \"5\"\n", "f.yaml:2: ohm: a number must not be quoted: \"5\""},
		{"name: a\ncents: 1.5\n", "f.yaml:2: cents: not an integer: \"1.5\""},
		{"name: a\ncents: 101\n", "f.yaml:2: cents: must be 0 to 100, not \"101\""},
		{"name: a\nfoo: 1\n", "f.yaml:2: foo: unknown key"},
		{"name: a\nname: b\n", "f.yaml:2: name: given twice"},
		{"ohm: 1\n", "f.yaml:1: name: missing"},
		{"name: abcdefgh\n", "f.yaml:1: name: too long: \"abcdefgh\""},
		{"name: ''\n", "f.yaml:1: name: must not be empty"},
		{"name: [a]\n", "f.yaml:1: name: must be one value"},
		{"name: a\nflag: yes\n", "f.yaml:2: flag: must be true or false, not \"yes\""},
		{"name: a\nword: three\n",
			"f.yaml:2: word: must be one of one, two; not \"three\""},
		{"name: a\naid: A0\n", "f.yaml:2: aid: must be 2 to 4 bytes in hex, not \"A0\""},
		{"name: a\nitems: {x: 1}\n", "f.yaml:2: items: must be a list"},
		{"name: a\nitems:\n  - {x: 1}\n  - {y: 1}\n", "f.yaml:4: y: unknown key"},
		{"name: a\nitems: [{x: 1}, {x: 1}, {x: 1}]\n", "f.yaml:2: items: too many entries"},
		{"", "f.yaml:1: empty"},
		{"- a\n", "f.yaml:1: file: must be a mapping"},
		{"name: a\n---\nname: b\n", "f.yaml:3: file: holds more than one document"},
	};
	struct sample s;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(read_sample(rows[i].text, &s, &err), E_CONFIG);
		assert_string_equal(err.text, rows[i].error);
	}
	assert_int_equal(read_sample("name: [\n", &s, &err), E_CONFIG);
	assert_int_equal(strncmp(err.text, "f.yaml:", 7), 0);
}

static void lines_are_cut_and_long_ones_dropped_whole(void **state)
{
	struct lines l;
	int pair[2];
	char big[64];

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(lines_init(&l, 32), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], "one\r\ntwo\nth", 11), 11);
	assert_int_equal(lines_read(&l, pair[0]), 1);
	assert_string_equal(lines_next(&l, NULL), "one");
	assert_string_equal(lines_next(&l, NULL), "two");
	assert_null(lines_next(&l, NULL));
	assert_int_equal(write(pair[1], "ree\n", 4), 4);
	lines_read(&l, pair[0]);
	assert_string_equal(lines_next(&l, NULL), "three");
	assert_int_equal(write(pair[1], big, sizeof(big)), sizeof(big));
	assert_int_equal(write(pair[1], "\nafter\n", 7), 7);
	for (int i = 0; i < 4; i++) {
		char *line;

		lines_read(&l, pair[0]);
		line = lines_next(&l, NULL);
		if (line) {
			assert_string_equal(line, "after");
			break;
		}
		assert_true(i < 3);
	}
	close(pair[1]);
	assert_int_equal(lines_read(&l, pair[0]), -1);
	close(pair[0]);
	lines_finish(&l);
}

static void a_queue_that_is_not_drained_says_so(void **state)
{
	struct lines l;

	(void)state;
	assert_int_equal(lines_init(&l, 8), 0);
	assert_int_equal(lines_queue(&l, "12345", 5), 0);
	assert_int_equal(lines_queue(&l, "6789", 4), -1);
	lines_finish(&l);
}

static void errors_say_where_and_are_never_cut_open(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, E_TIMEOUT, "no answer within %d ms", 300), E_TIMEOUT);
	assert_int_equal(err_prefix(&err, "slot %d: pay", 2), E_TIMEOUT);
	assert_string_equal(err.text, "slot 2: pay: no answer within 300 ms");
	assert_int_equal(err_set(NULL, E_LINK, "x"), E_LINK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_whole_or_refused),
		cmocka_unit_test(integers_take_no_fraction_and_no_overflow),
		cmocka_unit_test(hex_is_exact),
		cmocka_unit_test(a_good_file_fills_the_struct),
		cmocka_unit_test(a_bad_file_is_named_with_line_and_key),
		cmocka_unit_test(lines_are_cut_and_long_ones_dropped_whole),
		cmocka_unit_test(a_queue_that_is_not_drained_says_so),
		cmocka_unit_test(errors_say_where_and_are_never_cut_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
