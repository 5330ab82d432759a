/* Fragments of commands and answers on BLE, and one command against headsets that misbehave. */
#include "unit.h"

#include "link/ble_talk.h"
#include "link/fragments.h"

#include <string.h>

static void what_is_cut_is_put_together_at_any_mtu(void **state)
{
	uint8_t data[LINK_RESPONSE], bytes[FRAGMENT_MOST];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t size = FRAGMENT_LEAST; size <= FRAGMENT_MOST; size++) {
		for (size_t n = 0; n <= sizeof(data); n += n < 60 ? 1 : 37) {
			struct fragments_out out = {
				.command = FRAGMENT_APDU, .data = data, .n = n, .size = size};
			struct fragments_in in = {0};
			struct err err;
			size_t length;
			int ret = 0;

			while ((length = fragments_next(&out, bytes))) {
				assert_true(length <= size);
				assert_int_equal(ret, 0);
				ret = fragments_take(&in, bytes, length, &err);
			}
			assert_int_equal(ret, 1);
			assert_int_equal(in.command, FRAGMENT_APDU);
			assert_int_equal(in.n, n);
			assert_memory_equal(in.data, data, n);
		}
	}
}

static void the_fragments_are_fidos(void **state)
{
	static const uint8_t data[40] = {1, 2, 3};
	struct fragments_out out = {.command = FRAGMENT_APDU, .data = data, .n = 40, .size = 20};
	uint8_t bytes[20];

	(void)state;
	assert_int_equal(fragments_next(&out, bytes), 20);
	assert_memory_equal(bytes, ((uint8_t[]){0x83, 0x00, 0x28, 1, 2, 3}), 6);
	assert_int_equal(fragments_next(&out, bytes), 20);
	assert_int_equal(bytes[0], 0x00);
	assert_int_equal(fragments_next(&out, bytes), 5);
	assert_int_equal(bytes[0], 0x01);
	assert_int_equal(fragments_next(&out, bytes), 0);
}

/* What a headset sends, a notification a row. */
struct notification {
	size_t n;
	uint8_t bytes[24];
};

static void malformed_fragments_are_told(void **state)
{
	static const struct {
		struct notification sent[3];
		const char *told;
	} rows[] = {
		{{{0, {0}}}, "empty"},
		{{{2, {0x83, 0x00}}}, "first fragment of 2 bytes"},
		{{{4, {0x83, 0x01, 0x03, 1}}}, "259 bytes, at most 258"},
		{{{6, {0x83, 0x00, 0x02, 0x90, 0x00, 0xEE}}}, "1 bytes more"},
		{{{2, {0x00, 1}}}, "unknown answer"},
		{{{4, {0x83, 0x00, 0x04, 1}}, {2, {0x01, 2}}}, "fragment 01, must be 00"},
		{{{4, {0x83, 0x00, 0x04, 1}}, {1, {0x00}}}, "empty"},
		{{{4, {0x83, 0x00, 0x04, 1}}, {4, {0x82, 0x00, 0x01, 1}}}, "begins (82) before"},
		{{{4, {0x83, 0x00, 0x04, 1}}, {2, {0x00, 2}}, {4, {0x01, 3, 4, 5}}}, "more than"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fragments_in in = {0};
		struct err err;
		int ret = 0;

		for (size_t k = 0; k < 3 && ret == 0; k++)
			ret = fragments_take(&in, rows[i].sent[k].bytes, rows[i].sent[k].n, &err);
		assert_int_equal(ret, E_REFUSED);
		assert_int_equal(err.code, LINK_DISTURBED);
		assert_non_null(strstr(err.text, rows[i].told));
	}
}

/* ---- talking, on a clock that steps ---- */

static int64_t now_ms;

int64_t __wrap_clock_ms(void);

int64_t __wrap_clock_ms(void)
{
	return now_ms;
}

struct peer {
	const struct notification *sent; /* ends with an empty one */
	bool asked, cancelled;
	size_t early; /* of those, what waits before it is asked */
};

static int peer_out(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err)
{
	struct peer *p = arg;

	(void)timeout_ms;
	(void)err;
	p->asked = true;
	p->cancelled |= n == 3 && bytes[0] == FRAGMENT_CANCEL;
	return 0;
}

static int peer_in(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct peer *p = arg;

	(void)err;
	if (!p->sent->n || (!p->asked && !p->early)) {
		*n = 0;
		if (p->asked)
			now_ms += timeout_ms;
		return 0;
	}
	p->early -= p->early > 0;
	memcpy(bytes, p->sent->bytes, p->sent->n);
	*n = p->sent++->n;
	return 0;
}

static int talk(struct peer *p, int64_t timeout_ms, uint8_t *response, size_t *n, struct err *err)
{
	const struct ble_pipes pipes = {peer_out, peer_in, p};

	*n = LINK_RESPONSE;
	return ble_talk(&pipes, 20, (const uint8_t *)"\x80\x5C\x00\x02\x04", 5, response, n,
		timeout_ms, err);
}

static void a_busy_headset_is_waited_for(void **state)
{
	static const struct notification sent[] = {{4, {0x82, 0, 1, 1}}, {4, {0x82, 0, 1, 1}},
		{7, {0x83, 0, 4, 1, 2, 0x90, 0}}, {0, {0}}};
	struct peer p = {.sent = sent};
	uint8_t response[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(talk(&p, 1000, response, &n, &err), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(response, ((uint8_t[]){1, 2, 0x90, 0}), 4);
}

static void every_wrong_answer_has_its_fault(void **state)
{
	static const struct {
		struct notification sent[3];
		size_t early;
		int fault;
		bool cancelled;
	} rows[] = {
		{{{4, {0x82, 0, 1, 1}}}, 0, LINK_TIMEOUT, true}, /* busy, then time is over */
		{{{4, {0xBF, 0, 1, 6}}}, 0, LINK_DISTURBED, false},
		{{{4, {0x81, 0, 1, 6}}}, 0, LINK_DISTURBED, false},
		{{{4, {0x83, 0, 1, 6}}}, 0, LINK_DISTURBED, false},	  /* no status word */
		{{{5, {0x83, 0, 2, 0x90, 0}}}, 1, LINK_DISTURBED, false}, /* nobody asked */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct peer p = {.sent = rows[i].sent, .early = rows[i].early};
		uint8_t response[LINK_RESPONSE];
		struct err err;
		size_t n;

		assert_int_equal(talk(&p, 60, response, &n, &err), E_REFUSED);
		assert_int_equal(err.code, rows[i].fault);
		assert_int_equal(p.cancelled, rows[i].cancelled);
	}
}

static void a_silent_headset_has_lost_its_answer(void **state)
{
	static const struct notification nothing = {0, {0}};
	struct peer p = {.sent = &nothing};
	uint8_t response[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(talk(&p, 5000, response, &n, &err), E_REFUSED);
	assert_int_equal(err.code, LINK_LOST);
	assert_false(p.cancelled);
}

static void a_keep_alive_that_waits_is_no_answer(void **state)
{
	static const struct notification sent[] = {
		{4, {0x82, 0, 1, 1}}, {5, {0x83, 0, 2, 0x6A, 0x88}}, {0, {0}}};
	struct peer p = {.sent = sent, .early = 1};
	uint8_t response[LINK_RESPONSE];
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(talk(&p, 1000, response, &n, &err), 0);
	assert_int_equal(n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_is_put_together_at_any_mtu),
		cmocka_unit_test(the_fragments_are_fidos),
		cmocka_unit_test(malformed_fragments_are_told),
		cmocka_unit_test(a_busy_headset_is_waited_for),
		cmocka_unit_test(every_wrong_answer_has_its_fault),
		cmocka_unit_test(a_silent_headset_has_lost_its_answer),
		cmocka_unit_test(a_keep_alive_that_waits_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
