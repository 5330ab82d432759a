/* Any report descriptor; what is understood of it takes reports of every id. */
#include "fuzz.h"

#include "link/hid.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t fills[] = {0x00, 0xFF, 0x01, 0x80, 0x55};
	struct hid_state state = {0};
	struct hid_map map;
	struct err err;

	if (hid_parse(data, n, &map, &err) < 0)
		return 0;
	MUST(map.n >= 1 && map.n <= HID_FIELDS && map.report_n <= HID_REPORTS);
	for (size_t i = 0; i < map.report_n * sizeof(fills); i++) {
		struct hid_change changes[2 * HID_DOWN];
		uint8_t report[HID_REPORT];

		memset(report, fills[i % sizeof(fills)], sizeof(report));
		if (map.numbered)
			report[0] = map.reports[i / sizeof(fills)];
		MUST(hid_report(&map, &state, report, 1 + i * 7 % HID_REPORT, changes, &err) <=
			2 * HID_DOWN);
		MUST(state.n <= HID_DOWN);
	}
	return 0;
}
