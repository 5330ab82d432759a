#include "link/hid.h"

#include <string.h>

/* Clause 6.2.2.2: item prefixes without their size bits. */
enum {
	INPUT = 0x80,
	OUTPUT = 0x90,
	FEATURE = 0xB0,
	COLLECTION = 0xA0,
	END_COLLECTION = 0xC0,
	USAGE_PAGE = 0x04,
	LOGICAL_MIN = 0x14,
	REPORT_SIZE = 0x74,
	REPORT_ID = 0x84,
	REPORT_COUNT = 0x94,
	PUSH = 0xA4,
	POP = 0xB4,
	USAGE = 0x08,
	USAGE_MIN = 0x18,
	USAGE_MAX = 0x28,
	LONG_ITEM = 0xFE,
	IS_CONSTANT = 1,
	IS_VARIABLE = 2,
	USAGES = 64,
	DEPTH = 8,
	WIDEST = 32,
};

struct globals {
	uint32_t page, size, count;
	int32_t low;
	uint8_t report;
};

struct parser {
	struct hid_map *map;
	struct globals now, stack[DEPTH];
	size_t depth, collections;
	uint32_t usages[USAGES], first, last; /* local: a list, or a range */
	size_t usage_n;
	bool ranged;
	uint16_t bits[256]; /* where each report's next field begins */
};

static int bad(struct err *err, size_t at, const char *what)
{
	return link_fail(err, LINK_DISTURBED, "HID report descriptor, byte %zu: %s", at, what);
}

static uint32_t with_page(const struct parser *p, uint32_t value, size_t size)
{
	return size == 4 ? value : p->now.page << 16 | value;
}

static bool know_report(struct hid_map *map, uint8_t id)
{
	for (size_t i = 0; i < map->report_n; i++)
		if (map->reports[i] == id)
			return true;
	if (map->report_n == HID_REPORTS)
		return false;
	map->reports[map->report_n++] = id;
	return true;
}

static int add_field(struct parser *p, struct hid_field field, size_t at, struct err *err)
{
	if (p->map->n == HID_FIELDS)
		return bad(err, at, "more keys than a headset has");
	p->map->fields[p->map->n++] = field;
	return 0;
}

/* The i-th key of a field; 0: none named. */
static uint32_t usage_at(const struct parser *p, uint32_t i)
{
	if (p->ranged)
		return p->first + i <= p->last ? p->first + i : p->last;
	if (!p->usage_n)
		return 0;
	return p->usages[i < p->usage_n ? i : p->usage_n - 1];
}

static int input(struct parser *p, uint32_t flags, size_t at, struct err *err)
{
	uint16_t bit = p->bits[p->now.report];
	uint32_t total = p->now.size * p->now.count;

	if (p->now.size > 8 * HID_REPORT || p->now.count > 8 * HID_REPORT ||
		bit + total > 8 * HID_REPORT)
		return bad(err, at, "a report longer than 64 bytes");
	if (!know_report(p->map, p->now.report))
		return bad(err, at, "more reports than a headset has");
	p->bits[p->now.report] = (uint16_t)(bit + total);
	if (flags & IS_CONSTANT || !p->now.size || p->now.size > WIDEST)
		return 0;
	for (uint32_t i = 0; i < p->now.count; i++) {
		struct hid_field f = {.report = p->now.report,
			.array = !(flags & IS_VARIABLE),
			.bit = (uint16_t)(bit + i * p->now.size),
			.size = (uint16_t)p->now.size,
			.low = p->now.low};

		f.usage = f.array && p->ranged ? p->first : usage_at(p, f.array ? 0 : i);
		f.last = f.array && p->ranged ? p->last : f.usage;
		if (f.usage && add_field(p, f, at, err) < 0)
			return err->status;
	}
	return 0;
}

static int main_item(struct parser *p, uint8_t tag, uint32_t value, size_t at, struct err *err)
{
	int ret = 0;

	if (tag == INPUT)
		ret = input(p, value, at, err);
	else if (tag == COLLECTION)
		p->collections++;
	else if (tag == END_COLLECTION && !p->collections)
		ret = bad(err, at, "ends a collection that was not begun");
	else if (tag == END_COLLECTION)
		p->collections--;
	p->usage_n = 0;
	p->ranged = false;
	p->first = p->last = 0;
	return ret;
}

static int global_item(
	struct parser *p, uint8_t tag, uint32_t value, int32_t number, size_t at, struct err *err)
{
	switch (tag) {
	case USAGE_PAGE:
		if (value > 0xFFFF)
			return bad(err, at, "a usage page over FFFF");
		p->now.page = value;
		return 0;
	case LOGICAL_MIN: p->now.low = number; return 0;
	case REPORT_SIZE: p->now.size = value; return 0;
	case REPORT_COUNT: p->now.count = value; return 0;
	case REPORT_ID:
		if (!value || value > 255)
			return bad(err, at, "a report id that is not 1 to 255");
		p->now.report = (uint8_t)value;
		p->map->numbered = true;
		return 0;
	case PUSH:
		if (p->depth == DEPTH)
			return bad(err, at, "pushes too deep");
		p->stack[p->depth++] = p->now;
		return 0;
	case POP:
		if (!p->depth)
			return bad(err, at, "pops what was not pushed");
		p->now = p->stack[--p->depth];
		return 0;
	default: return 0; /* physical units and the like */
	}
}

static void local_item(struct parser *p, uint8_t tag, uint32_t value, size_t size)
{
	uint32_t usage = with_page(p, value, size);

	if (tag == USAGE && p->usage_n < USAGES)
		p->usages[p->usage_n++] = usage;
	if (tag == USAGE_MIN)
		p->first = usage;
	if (tag == USAGE_MAX)
		p->last = usage;
	p->ranged |= tag == USAGE_MAX && p->first && p->first <= p->last;
}

int hid_parse(const uint8_t *d, size_t n, struct hid_map *map, struct err *err)
{
	struct parser p = {.map = map};
	size_t at = 0;
	int ret = 0;

	memset(map, 0, sizeof(*map));
	while (at < n && ret == 0) {
		static const uint8_t sizes[] = {0, 1, 2, 4};
		uint8_t prefix = d[at], tag = prefix & 0xFC;
		size_t size = sizes[prefix & 3], start = at++;
		uint32_t value = 0;
		int32_t number;

		if (prefix == LONG_ITEM) {
			if (n - at < 2 || n - at - 2 < d[at])
				return bad(err, start, "a long item is cut off");
			at += 2 + (size_t)d[at];
			continue;
		}
		if (n - at < size)
			return bad(err, start, "an item is cut off");
		for (size_t i = 0; i < size; i++)
			value |= (uint32_t)d[at + i] << 8 * i;
		at += size;
		number = size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : (int32_t)value;
		switch (prefix & 0x0C) {
		case 0x00: ret = main_item(&p, tag, value, start, err); break;
		case 0x04: ret = global_item(&p, tag, value, number, start, err); break;
		case 0x08: local_item(&p, tag, value, size); break;
		default: ret = bad(err, start, "a reserved item"); break;
		}
	}
	if (ret == 0 && p.collections)
		ret = bad(err, n, "a collection is not ended");
	if (ret == 0 && !map->n)
		ret = bad(err, n, "no key in it");
	return ret;
}

static uint32_t bits_of(const uint8_t *data, size_t n, unsigned bit, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++)
		if ((bit + i) / 8 < n && data[(bit + i) / 8] & 1U << (bit + i) % 8)
			value |= (uint32_t)1 << i;
	return value;
}

/* The key that this field says is down; 0: none. */
static uint32_t down_in(const struct hid_field *f, const uint8_t *data, size_t n)
{
	uint32_t value = bits_of(data, n, f->bit, f->size);
	int64_t index;

	if (!f->array)
		return value ? f->usage : 0;
	/* An array's value below its range means that nothing is down (clause 6.2.2.5). A range
	 * that begins at 0 names "nothing" itself. */
	index = (int64_t)value - f->low;
	if (index < 0 || index > (int64_t)(f->last - f->usage))
		return 0;
	return (f->usage + (uint32_t)index) & 0xFFFF ? f->usage + (uint32_t)index : 0;
}

static bool holds(const struct hid_state *s, uint32_t usage, uint8_t report)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->down[i].usage == usage && s->down[i].report == report)
			return true;
	return false;
}

static void hold(struct hid_state *s, uint32_t usage, uint8_t report)
{
	if (s->n == HID_DOWN || holds(s, usage, report))
		return;
	s->down[s->n].usage = usage;
	s->down[s->n++].report = report;
}

int hid_report(const struct hid_map *map, struct hid_state *state, const uint8_t *report, size_t n,
	struct hid_change changes[2 * HID_DOWN], struct err *err)
{
	struct hid_state next = {0};
	uint8_t id = map->numbered && n ? report[0] : 0;
	const uint8_t *data = report + (map->numbered ? 1 : 0);
	bool known = false;
	int count = 0;

	if (!n || n > HID_REPORT)
		return link_fail(err, LINK_DISTURBED, "a HID report of %zu bytes", n);
	for (size_t i = 0; i < map->report_n; i++)
		known |= map->reports[i] == id;
	if (!known)
		return link_fail(err, LINK_DISTURBED, "a HID report with the unknown id %u", id);
	n -= map->numbered ? 1 : 0;
	for (size_t i = 0; i < state->n; i++) /* other reports say nothing of these */
		if (state->down[i].report != id)
			hold(&next, state->down[i].usage, state->down[i].report);
	for (size_t i = 0; i < map->n; i++) {
		const struct hid_field *f = &map->fields[i];
		uint32_t usage = f->report == id ? down_in(f, data, n) : 0;

		if (usage)
			hold(&next, usage, id);
	}
	for (size_t i = 0; i < state->n; i++)
		if (!holds(&next, state->down[i].usage, state->down[i].report))
			changes[count++] = (struct hid_change){state->down[i].usage, false};
	for (size_t i = 0; i < next.n; i++)
		if (!holds(state, next.down[i].usage, next.down[i].report))
			changes[count++] = (struct hid_change){next.down[i].usage, true};
	*state = next;
	return count;
}
