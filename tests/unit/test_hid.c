/* link/hid: report descriptors as headsets have them, and the keys that reports tell of. */
#include "unit.h"

#include "core/hex.h"
#include "link/hid.h"

#include <stdio.h>
#include <stdlib.h>

enum { UP = 0x000C00E9, HOOK = 0x000B0020 };

static int parse(const char *hex, struct hid_map *map, struct err *err)
{
	uint8_t bytes[256];
	int n = hex_decode(hex, strlen(hex), bytes, sizeof(bytes));
	uint8_t *exact = malloc((size_t)n); /* so that a read behind it is seen */
	int ret;

	assert_true(n > 0 && exact);
	memcpy(exact, bytes, (size_t)n);
	ret = hid_parse(exact, (size_t)n, map, err);
	free(exact);
	return ret;
}

/* "+000C00E9" went down, "-..." up. */
static void report(
	const struct hid_map *map, struct hid_state *s, const char *hex, const char *expect)
{
	struct hid_change changes[2 * HID_DOWN];
	uint8_t bytes[HID_REPORT];
	int n = hex_decode(hex, strlen(hex), bytes, sizeof(bytes)), count;
	char text[256] = "";
	struct err err;

	count = hid_report(map, s, bytes, (size_t)n, changes, &err);
	assert_true(count >= 0);
	for (int i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%c%08X",
			changes[i].down ? '+' : '-', changes[i].usage);
	assert_string_equal(text, expect);
}

static void bits_of_one_report(void **state)
{
	struct hid_map map;
	struct hid_state s = {0};
	struct err err;

	(void)state;
	assert_int_equal(
		parse("050C0901A1011500250109E909EA09CD750195038102750195058103C0", &map, &err), 0);
	assert_int_equal(map.n, 3);
	assert_false(map.numbered);
	report(&map, &s, "01", "+000C00E9");
	report(&map, &s, "01", "");
	report(&map, &s, "06", "-000C00E9+000C00EA+000C00CD");
	report(&map, &s, "F8", "-000C00EA-000C00CD"); /* padding says nothing */
}

static void numbered_reports_do_not_disturb_each_other(void **state)
{
	struct hid_map map;
	struct hid_state s = {0};
	struct hid_change changes[2 * HID_DOWN];
	struct err err;

	(void)state;
	assert_int_equal(parse("050C0901A101850115002501750109E909EA9502810295068103C0"
			       "050B0905A101850215002501750109209501812295078103C0",
				 &map, &err),
		0);
	assert_true(map.numbered && map.report_n == 2);
	report(&map, &s, "0101", "+000C00E9");
	report(&map, &s, "0201", "+000B0020");
	report(&map, &s, "0100", "-000C00E9");
	report(&map, &s, "0200", "-000B0020");
	assert_int_equal(
		hid_report(&map, &s, (const uint8_t *)"\x03\x01", 2, changes, &err), E_REFUSED);
	assert_int_equal(hid_report(&map, &s, (const uint8_t *)"", 0, changes, &err), E_REFUSED);
}

/* Many consumer controls name the key that is down as a 16-bit value. */
static void an_array_names_the_key(void **state)
{
	struct hid_map map;
	struct hid_state s = {0};
	struct err err;

	(void)state;
	assert_int_equal(parse("050C0901A101150026FF0319002AFF03751095018100C0", &map, &err), 0);
	report(&map, &s, "E900", "+000C00E9");
	report(&map, &s, "EA00", "-000C00E9+000C00EA");
	report(&map, &s, "0000", "-000C00EA");
	report(&map, &s, "FF7F", ""); /* out of its range: nothing is down */
}

static void usages_of_four_bytes_bring_their_page(void **state)
{
	struct hid_map map;
	struct hid_state s = {0};
	struct err err;

	(void)state;
	assert_int_equal(
		parse("05010906A1010B20000B001500250175019501810295078103C0", &map, &err), 0);
	report(&map, &s, "01", "+000B0020");
}

static void push_and_pop_keep_the_page(void **state)
{
	struct hid_map map;
	struct err err;

	(void)state;
	assert_int_equal(
		parse("050C0901A1011500250175019501A4050B09208102B409E98102C0", &map, &err), 0);
	assert_int_equal(map.fields[0].usage, HOOK);
	assert_int_equal(map.fields[1].usage, UP);
}

static void broken_descriptors_name_the_byte(void **state)
{
	static const struct {
		const char *hex, *where;
	} rows[] = {
		{"050C09", "byte 2"},				 /* cut in an item */
		{"FE0501", "byte 0"},				 /* cut in a long item */
		{"050C0901A101C0C0", "byte 7"},			 /* one end too many */
		{"050C0901A10109E9750195018102", "byte 14"},	 /* no end */
		{"050C0901A101C0", "byte 7"},			 /* no key */
		{"8500", "byte 0"},				 /* id 0 */
		{"B4", "byte 0"},				 /* pops nothing */
		{"A4A4A4A4A4A4A4A4A4", "byte 8"},		 /* pushes too deep */
		{"050C0901A10109E9750196FFFF8102C0", "byte 13"}, /* 8 KiB of bits */
		{"0C", "byte 0"},				 /* reserved */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct hid_map map;
		struct err err;

		assert_int_equal(parse(rows[i].hex, &map, &err), E_REFUSED);
		assert_non_null(strstr(err.text, rows[i].where));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_of_one_report),
		cmocka_unit_test(numbered_reports_do_not_disturb_each_other),
		cmocka_unit_test(an_array_names_the_key),
		cmocka_unit_test(usages_of_four_bytes_bring_their_page),
		cmocka_unit_test(push_and_pop_keep_the_page),
		cmocka_unit_test(broken_descriptors_name_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
