/*
 * HID: which keys a report tells of (Device Class Definition for HID 1.11, clauses 5 and 6.2.2).
 *
 * A report descriptor is read once; then each input report becomes the keys that went down or up.
 * A key is a usage: page in the upper, id in the lower 16 bits (000C00E9 volume up).
 */
#ifndef LINK_HID_H
#define LINK_HID_H

#include "link/link.h"

enum { HID_FIELDS = 128, HID_DOWN = 16, HID_REPORT = 64, HID_REPORTS = 8 };

struct hid_field {
	uint8_t report;	      /* id, 0: the device has only one */
	bool array;	      /* names the keys that are down, else one bit field a key */
	uint16_t bit, size;   /* where it begins in the report's data, how many bits */
	uint32_t usage, last; /* first and last key; the same for a bit field */
	int32_t low;	      /* array: the value of the first key */
};

struct hid_map {
	struct hid_field fields[HID_FIELDS];
	size_t n;
	bool numbered;		      /* reports begin with their id */
	uint8_t reports[HID_REPORTS]; /* ids of input reports (0 alone if not numbered) */
	size_t report_n;
};

/* What is down now. */
struct hid_state {
	struct {
		uint32_t usage;
		uint8_t report;
	} down[HID_DOWN];
	size_t n;
};

struct hid_change {
	uint32_t usage;
	bool down;
};

/* Reads a report descriptor. 0 or negative, naming the byte. Constant fields and values wider than
 * a key (over 32 bits) are stepped over. */
int hid_parse(const uint8_t *descriptor, size_t n, struct hid_map *map, struct err *err);

/* One input report: what changed goes into changes (room for 2 * HID_DOWN). Returns how many, or
 * negative if the report is none of the map's. */
int hid_report(const struct hid_map *map, struct hid_state *state, const uint8_t *report, size_t n,
	struct hid_change changes[2 * HID_DOWN], struct err *err);

#endif
