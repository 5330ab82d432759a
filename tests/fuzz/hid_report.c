/* Any reports, each with its length before it, to keyboards of three kinds (the first byte says
 * which): bits, numbered reports, an array. */
#include "fuzz.h"

#include "link/hid.h"

#include <string.h>

static const struct {
	const char *bytes;
	size_t n;
} descriptors[] = {
#define DESCRIPTOR(text)                                                                           \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	DESCRIPTOR(
		"\x05\x0C\x09\x01\xA1\x01\x15\x00\x25\x01\x09\xE9\x09\xEA\x09\xCD\x75\x01\x95\x03"
		"\x81\x02\x75\x01\x95\x05\x81\x03\xC0"),
	DESCRIPTOR(
		"\x05\x0C\x09\x01\xA1\x01\x85\x01\x15\x00\x25\x01\x75\x01\x09\xE9\x09\xEA\x95\x02"
		"\x81\x02\x95\x06\x81\x03\xC0\x05\x0B\x09\x05\xA1\x01\x85\x02\x75\x01\x09\x20\x95"
		"\x01\x81\x22\x95\x07\x81\x03\xC0"),
	DESCRIPTOR(
		"\x05\x0C\x09\x01\xA1\x01\x15\x00\x26\xFF\x03\x19\x00\x2A\xFF\x03\x75\x10\x95\x14"
		"\x81\x00\xC0"),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t which = n ? data[0] % (sizeof(descriptors) / sizeof(descriptors[0])) : 0;
	struct hid_state state = {0};
	struct hid_map map;
	struct err err;

	MUST(hid_parse((const uint8_t *)descriptors[which].bytes, descriptors[which].n, &map,
		     &err) == 0);
	for (size_t at = 1; at < n;) {
		struct hid_change changes[2 * HID_DOWN];
		size_t length = data[at++];
		int count;

		length = length < n - at ? length : n - at;
		count = hid_report(&map, &state, data + at, length, changes, &err);
		MUST(count <= 2 * HID_DOWN && state.n <= HID_DOWN);
		at += length;
	}
	return 0;
}
