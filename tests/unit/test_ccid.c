/* link/ccid: numbers, time extensions, packets, and what comes late. The device is a script. */
#include "unit.h"

#include "core/clock.h"
#include "link/ccid.h"

#include <stdlib.h>

enum { MOVES = 64 };

/* What the device gives at each read: a message by its parts, an empty packet, silence. */
struct give {
	uint8_t type, status, error;
	int seq; /* -1: that of the last command, else as it is */
	const char *data;
	size_t n;
	size_t cut; /* this transfer ends after so many bytes, 0: whole */
	bool empty, silent;
};

struct device {
	struct ccid ccid;
	struct give gives[MOVES];
	size_t n, at;
	uint8_t sent[MOVES][CCID_MESSAGE];
	size_t sent_n[MOVES], sends;
	unsigned aborts;
	uint8_t rest[CCID_READ];
	size_t rest_n;
	int64_t waits[MOVES]; /* how long each read would have waited */
	size_t reads;
};

static int out(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err)
{
	struct device *d = arg;

	(void)timeout_ms;
	(void)err;
	assert_true(n >= CCID_HEADER && n <= CCID_MESSAGE && d->sends < MOVES);
	assert_int_equal(bytes[1] | bytes[2] << 8, n - CCID_HEADER);
	memcpy(d->sent[d->sends], bytes, n);
	d->sent_n[d->sends++] = n;
	return 0;
}

static int in(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct device *d = arg;
	uint8_t m[CCID_READ] = {0};
	const struct give *g;
	size_t total;

	d->waits[d->reads++ % MOVES] = timeout_ms;
	if (d->rest_n) {
		memcpy(bytes, d->rest, d->rest_n);
		*n = d->rest_n;
		d->rest_n = 0;
		return 0;
	}
	if (d->at == d->n || d->gives[d->at].silent) {
		d->at += d->at < d->n;
		*n = 0;
		return link_fail(err, LINK_TIMEOUT, "nothing came");
	}
	g = &d->gives[d->at++];
	*n = 0;
	if (g->empty)
		return 0;
	m[0] = g->type;
	m[1] = (uint8_t)g->n;
	m[2] = (uint8_t)(g->n >> 8);
	m[6] = g->seq < 0 ? d->sent[d->sends - 1][6] : (uint8_t)g->seq;
	m[7] = g->status;
	m[8] = g->error;
	if (g->n)
		memcpy(m + CCID_HEADER, g->data, g->n);
	total = CCID_HEADER + g->n;
	*n = g->cut ? g->cut : total;
	memcpy(bytes, m, *n);
	d->rest_n = total - *n;
	memcpy(d->rest, m + *n, d->rest_n);
	return 0;
}

static int abort_request(void *arg, uint8_t seq, struct err *err)
{
	struct device *d = arg;

	(void)seq;
	(void)err;
	d->aborts++;
	return 0;
}

static struct device *device(const struct give *gives, size_t n)
{
	struct device *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	memcpy(d->gives, gives, n * sizeof(*gives));
	d->n = n;
	d->ccid.pipes = (struct ccid_pipes){out, in, abort_request, d};
	return d;
}

static int exchange(struct device *d, uint8_t *response, size_t *n, struct err *err)
{
	*n = LINK_RESPONSE;
	return ccid_exchange(
		&d->ccid, (const uint8_t *)"\x80\x5C\x00\x02\x04", 5, response, n, 1000, err);
}

#define BLOCK(text)                                                                                \
	{                                                                                          \
		.type = 0x80, .seq = -1, .data = text, .n = sizeof(text) - 1                       \
	}

static void an_answer_with_the_commands_number_is_taken(void **state)
{
	const struct give gives[] = {BLOCK("\x00\x00\x00\x64\x90\x00")};
	struct device *d = device(gives, ROWS(gives));
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(exchange(d, r, &n, &err), 0);
	assert_int_equal(n, 6);
	assert_memory_equal(r, "\x00\x00\x00\x64\x90\x00", 6);
	assert_memory_equal(
		d->sent[0], "\x6F\x05\x00\x00\x00\x00\x01\x00\x00\x00\x80\x5C\x00\x02\x04", 15);
	free(d);
}

static void another_number_is_an_error(void **state)
{
	const struct give gives[] = {{.type = 0x80, .seq = 9, .data = "\x90\x00", .n = 2}};
	struct device *d = device(gives, ROWS(gives));
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(exchange(d, r, &n, &err), E_REFUSED);
	assert_int_equal(err.code, LINK_DISTURBED);
	free(d);
}

/* The device answers the first command only when the third is under way. */
static void a_late_answer_never_answers_the_next_command(void **state)
{
	const struct give gives[] = {
		{.silent = true},		  /* command 1: nothing in time */
		{.type = 0x81, .seq = 2, .n = 0}, /* the abort, number 2 */
		{.type = 0x81, .seq = 3, .n = 0}, /* power off */
		{.type = 0x80, .seq = 4, .data = "\x3B\x00", .n = 2}, /* power on */
		{.type = 0x80,
			.seq = 1,
			.data = "\xDE\xAD\x90\x00",
			.n = 4}, /* command 1, at last */
		{.type = 0x80, .seq = 5, .data = "\xBE\xEF\x90\x00", .n = 4}, /* command 2 */
	};
	struct device *d = device(gives, ROWS(gives));
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(exchange(d, r, &n, &err), E_REFUSED);
	assert_int_equal(err.code, LINK_TIMEOUT);
	assert_int_equal(d->aborts, 1);
	assert_int_equal(d->sent[1][0], 0x72);
	assert_int_equal(d->sent[2][0], 0x63);
	assert_int_equal(d->sent[3][0], 0x62);
	assert_int_equal(exchange(d, r, &n, &err), 0);
	assert_memory_equal(r, "\xBE\xEF\x90\x00", 4);
	free(d);
}

static void it_may_come_while_the_abort_is_awaited_too(void **state)
{
	const struct give gives[] = {
		{.silent = true},
		{.type = 0x80, .seq = 1, .data = "\xDE\xAD\x90\x00", .n = 4},
		{.type = 0x81, .seq = 2},
		{.type = 0x81, .seq = 3},
		{.type = 0x80, .seq = 4, .data = "\x3B\x00", .n = 2},
		{.type = 0x80, .seq = 5, .data = "\x90\x00", .n = 2},
	};
	struct device *d = device(gives, ROWS(gives));
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(exchange(d, r, &n, &err), E_REFUSED);
	assert_int_equal(exchange(d, r, &n, &err), 0);
	assert_int_equal(n, 2);
	free(d);
}

static void a_time_extension_multiplies_the_wait(void **state)
{
	const struct give gives[] = {
		{.type = 0x80, .seq = -1, .status = 0x80, .error = 5}, BLOCK("\x90\x00")};
	struct device *d = device(gives, ROWS(gives));
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(exchange(d, r, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_true(d->waits[0] <= 1000 && d->waits[1] > 4000 && d->waits[1] <= 5000);
	free(d);
}

static void extensions_without_end_are_an_error(void **state)
{
	struct give gives[MOVES];
	struct device *d;
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	for (size_t i = 0; i < MOVES; i++)
		gives[i] = (struct give){.type = 0x80, .seq = -1, .status = 0x80, .error = 1};
	d = device(gives, MOVES);
	assert_int_equal(exchange(d, r, &n, &err), E_REFUSED);
	assert_int_equal(err.code, LINK_DISTURBED);
	free(d);
}

/* 54 bytes of R-APDU make a message of 64, and 246 one of 256: whole packets, with the empty packet
 * behind them that some devices send and others don't. */
static void whole_packets_end_where_their_header_says(void **state)
{
	static const size_t sizes[] = {54, 118, 182, 246};
	char data[256];

	(void)state;
	memset(data, 0x5A, sizeof(data));
	for (size_t i = 0; i < ROWS(sizes); i++) {
		for (int empty = 0; empty < 2; empty++) {
			struct give gives[] = {
				{.type = 0x80, .seq = 1, .data = data, .n = sizes[i]},
				{.empty = true}, {.type = 0x80, .seq = 2, .data = data, .n = 54}};
			struct device *d;
			uint8_t r[LINK_RESPONSE];
			struct err err;
			size_t n;

			if (!empty)
				gives[1] = gives[2];
			d = device(gives, ROWS(gives) - (size_t)!empty);
			assert_int_equal(exchange(d, r, &n, &err), 0);
			assert_int_equal(n, sizes[i]);
			assert_int_equal(exchange(d, r, &n, &err), 0);
			assert_int_equal(n, 54);
			free(d);
		}
	}
}

static void a_message_may_come_in_pieces(void **state)
{
	char data[246];
	struct give gives[] = {
		{.type = 0x80, .seq = -1, .data = data, .n = sizeof(data), .cut = 64}};
	struct device *d = device(gives, ROWS(gives));
	uint8_t r[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	memset(data, 0xA5, sizeof(data));
	assert_int_equal(exchange(d, r, &n, &err), 0);
	assert_int_equal(n, sizeof(data));
	free(d);
}

static void nonsense_is_told_apart(void **state)
{
	static const struct give rows[] = {
		{.type = 0x81, .seq = -1},				  /* the wrong kind */
		{.type = 0x80, .seq = -1, .status = 0x40, .error = 0xFE}, /* refused */
		{.type = 0x80, .seq = -1, .data = "\x90", .n = 1},	  /* no SW */
		{.type = 0x80, .seq = -1},				  /* nothing */
		{.type = 0x80, .seq = -1, .data = "\x90\x00", .n = 2, .cut = 5}, /* half a header */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct device *d = device(&rows[i], 1);
		uint8_t r[LINK_RESPONSE];
		struct err err;
		size_t n;

		assert_int_equal(exchange(d, r, &n, &err), E_REFUSED);
		assert_int_equal(err.code, LINK_DISTURBED);
		free(d);
	}
}

static void the_class_descriptor_is_read(void **state)
{
	uint8_t extra[4 + 54] = {4, 0x24, 0, 0, 54, 0x21};
	struct ccid_class class;
	struct err err;

	(void)state;
	memcpy(extra + 4 + 40, "\xBA\x04\x02\x00\x0F\x01\x00\x00", 8);
	assert_int_equal(ccid_class_read(extra, sizeof(extra), &class, &err), 0);
	assert_int_equal(class.longest, 271);
	extra[4 + 42] = 4; /* extended APDU level */
	assert_int_equal(ccid_class_read(extra, sizeof(extra), &class, &err), E_REFUSED);
	assert_int_equal(ccid_class_read(extra, 30, &class, &err), E_REFUSED);
	extra[0] = 0;
	assert_int_equal(ccid_class_read(extra, sizeof(extra), &class, &err), E_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_with_the_commands_number_is_taken),
		cmocka_unit_test(another_number_is_an_error),
		cmocka_unit_test(a_late_answer_never_answers_the_next_command),
		cmocka_unit_test(it_may_come_while_the_abort_is_awaited_too),
		cmocka_unit_test(a_time_extension_multiplies_the_wait),
		cmocka_unit_test(extensions_without_end_are_an_error),
		cmocka_unit_test(whole_packets_end_where_their_header_says),
		cmocka_unit_test(a_message_may_come_in_pieces),
		cmocka_unit_test(nonsense_is_told_apart),
		cmocka_unit_test(the_class_descriptor_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
