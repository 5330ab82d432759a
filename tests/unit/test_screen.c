/* screen/: columns, line breaks and scales; the screens themselves are tests/screens. */
#include "unit.h"

#include "screen/draw.h"
#include "screen/words.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static void columns_are_what_the_terminal_takes(void **state)
{
	(void)state;
	assert_int_equal(draw_columns(""), 0);
	assert_int_equal(draw_columns("abc"), 3);
	assert_int_equal(draw_columns("\xE4\xB8\xAD\xE6\x96\x87"), 4);
	assert_int_equal(draw_columns("\x1B[31m"), 5);	   /* a control is shown as '?' */
	assert_int_equal(draw_columns("\xFF\xE4\xB8"), 3); /* so is what is no UTF-8 */
}

static void a_line_breaks_at_spaces_or_between_wide_characters(void **state)
{
	static const struct {
		const char *text;
		int w;
		size_t n;
	} rows[] = {
		{"", 10, 0}, {"one two", 10, 7}, {"one two three", 8, 8},
		{"onetwothree", 8, 8}, /* nowhere to break: hard */
		{"\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97", 5, 6},
		{"\xE4\xB8\xAD", 1, 0}, /* not even one fits */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(draw_break(rows[i].text, rows[i].w), rows[i].n);
}

static void a_scale_shows_where_a_value_is(void **state)
{
	static const struct {
		double value, low, high;
		const char *scale;
	} rows[] = {
		{5, 0, 10, "[----|-----*----|----]"},
		{0, 0, 10, "[----*----------|----]"},
		{10, 0, 10, "[----|----------*----]"},
		{12, 0, 10, "[----|----------|-*--]"},
		{1e9, 0, 10, "[----|----------|---*]"},
		{-1e9, 0, 10, "[*---|----------|----]"},
		{NAN, 0, 10, "[?---|----------|----]"},
		{INFINITY, 0, 10, "[----|----------|---*]"},
		{7, 7, 7, "[----------*---------]"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		draw_scale(out, 22, rows[i].value, rows[i].low, rows[i].high);
		assert_string_equal(out, rows[i].scale);
	}
}

static void the_catalogue_is_used_at_once_and_only_for_what_it_has(void **state)
{
	char out[128];

	(void)state;
	assert_int_equal(words_open(PAYJIG_CATALOGUES), 0);
	words_use("zh_CN");
	assert_string_equal(
		_("the lid is open"), "\xE7\x9B\x96\xE5\xAD\x90\xE6\x89\x93\xE5\xBC\x80");
	assert_string_equal(words_sentence("the lid is open: slot 3", out, sizeof(out)),
		"\xE7\x9B\x96\xE5\xAD\x90\xE6\x89\x93\xE5\xBC\x80: slot 3");
	assert_string_equal(
		words_sentence("nobody has: this", out, sizeof(out)), "nobody has: this");
	assert_string_equal(_(""), "");
	words_use("en");
	assert_string_equal(_("the lid is open"), "the lid is open");
	assert_string_equal(words_next(), "zh_CN");
	words_use("xx");
	assert_string_equal(words_now(), "en");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_what_the_terminal_takes),
		cmocka_unit_test(a_line_breaks_at_spaces_or_between_wide_characters),
		cmocka_unit_test(a_scale_shows_where_a_value_is),
		cmocka_unit_test(the_catalogue_is_used_at_once_and_only_for_what_it_has),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
