/* link/: GET RESPONSE and wrong Le above any carrier, and the trace that masks keys. */
#include "unit.h"

#include "core/hex.h"
#include "link/trace.h"

struct script {
	struct link link;
	struct {
		const char *command, *response; /* hex */
	} rounds[32];
	size_t n, at;
	int fail_at; /* the exchange that fails, -1: none */
};

static int play(struct link *link, const uint8_t *command, size_t command_n, uint8_t *response,
	size_t *n, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct script *s = link->state;
	char hex[600];

	(void)timeout_ms;
	*us = 1000;
	if ((int)s->at == s->fail_at)
		return err_set(err, E_TIMEOUT, "no answer");
	assert_true(s->at < s->n);
	hex_encode(command, command_n, hex);
	assert_string_equal(hex, s->rounds[s->at].command);
	*n = (size_t)hex_decode(
		s->rounds[s->at].response, strlen(s->rounds[s->at].response), response, *n);
	s->at++;
	return 0;
}

static void drop_nothing(struct link *link)
{
	(void)link;
}

static const struct link_driver driver = {.name = "script", .exchange = play, .drop = drop_nothing};

static int transmit(
	struct script *s, const char *hex, unsigned flags, struct link_answer *a, struct err *err)
{
	uint8_t command[300];
	int n = hex_decode(hex, strlen(hex), command, sizeof(command));

	s->link = (struct link){.driver = &driver, .state = s};
	s->fail_at = -1;
	return link_transmit(&s->link, command, (size_t)n, flags, 100, a, err);
}

static void get_response_collects_all_parts(void **state)
{
	struct script s = {.rounds = {{"00A4040000", "01026102"}, {"00C0000002", "03046101"},
				   {"00C0000001", "059000"}},
		.n = 3};
	struct link_answer a;
	struct err err;

	(void)state;
	assert_int_equal(transmit(&s, "00A4040000", 0, &a, &err), 0);
	assert_int_equal(a.n, 5);
	assert_memory_equal(a.data, "\1\2\3\4\5", 5);
	assert_int_equal(a.sw, 0x9000);
	assert_int_equal(a.us, 3000);
}

static void a_wrong_le_is_corrected_once(void **state)
{
	struct script s = {
		.rounds = {{"805C000204", "6C08"}, {"805C000208", "00010203040506079000"}}, .n = 2};
	struct script again = {.rounds = {{"805C000204", "6C08"}, {"805C000208", "6C04"}}, .n = 2};
	struct link_answer a;
	struct err err;

	(void)state;
	assert_int_equal(transmit(&s, "805C000204", 0, &a, &err), 0);
	assert_int_equal(a.n, 8);
	assert_int_equal(transmit(&again, "805C000204", 0, &a, &err), E_REFUSED);
	assert_int_equal(err.code, LINK_CHAIN);
}

static void a_wrapped_command_is_never_sent_again(void **state)
{
	struct script s = {.rounds = {{"84E2890001AA00", "6C08"}}, .n = 1};
	struct link_answer a;
	struct err err;

	(void)state;
	assert_int_equal(transmit(&s, "84E2890001AA00", LINK_SECURE, &a, &err), E_REFUSED);
	assert_int_equal(s.at, 1);
}

static void a_command_without_le_gets_no_other_one(void **state)
{
	struct script s = {.rounds = {{"80E2080001AA", "6C08"}}, .n = 1};
	struct link_answer a;
	struct err err;

	(void)state;
	assert_int_equal(transmit(&s, "80E2080001AA", 0, &a, &err), E_REFUSED);
}

static void an_endless_chain_ends(void **state)
{
	struct script s = {.n = 32};
	struct link_answer a;
	struct err err;

	(void)state;
	for (size_t i = 0; i < 32; i++) {
		s.rounds[i].command = i ? "00C0000010" : "80CADF2000";
		s.rounds[i].response = "6110";
	}
	assert_int_equal(transmit(&s, "80CADF2000", 0, &a, &err), E_REFUSED);
	assert_int_equal(err.code, LINK_CHAIN);
	assert_true(s.at < 32);
}

static void a_failure_anywhere_is_the_carriers(void **state)
{
	for (int at = 0; at < 3; at++) {
		struct script s = {.rounds = {{"00A4040000", "6102"}, {"00C0000002", "03046101"},
					   {"00C0000001", "059000"}},
			.n = 3};
		struct link_answer a;
		struct err err;
		uint8_t command[] = {0x00, 0xA4, 0x04, 0x00, 0x00};

		(void)state;
		s.link = (struct link){.driver = &driver, .state = &s};
		s.fail_at = at;
		assert_int_equal(link_transmit(&s.link, command, 5, 0, 100, &a, &err), E_TIMEOUT);
	}
}

static char seen_command[600], seen_response[600];

static void look(void *arg, const struct link_record *r)
{
	(void)arg;
	strcpy(seen_command, r->command);
	strcpy(seen_response, r->response);
}

static void the_trace_masks_what_bears_keys(void **state)
{
	struct script s = {.rounds = {{"84E2890002AABB00", "11229000"}, {"00B095001E", "AABB9000"},
				   {"00B0810000", "CCDD9000"}},
		.n = 3};
	struct link_answer a;
	struct err err;
	struct link *trace;

	(void)state;
	s.fail_at = -1;
	s.link = (struct link){.driver = &driver, .state = &s};
	trace = link_trace(&s.link, look, NULL);
	assert_int_equal(link_transmit(trace, (const uint8_t *)"\x84\xE2\x89\x00\x02\xAA\xBB\x00",
				 8, LINK_SECURE, 100, &a, &err),
		0);
	assert_string_equal(seen_command, "84E2890002******");
	assert_string_equal(seen_response, "****9000");
	assert_int_equal(a.n, 2); /* the caller gets it all */
	assert_int_equal(
		link_transmit(trace, (const uint8_t *)"\x00\xB0\x95\x00\x1E", 5, 0, 100, &a, &err),
		0);
	assert_string_equal(seen_response, "AABB9000");
	link_trace_hide(trace, true);
	assert_int_equal(
		link_transmit(trace, (const uint8_t *)"\x00\xB0\x81\x00\x00", 5, 0, 100, &a, &err),
		0);
	assert_string_equal(seen_response, "****9000");
	trace->driver->drop(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_response_collects_all_parts),
		cmocka_unit_test(a_wrong_le_is_corrected_once),
		cmocka_unit_test(a_wrapped_command_is_never_sent_again),
		cmocka_unit_test(a_command_without_le_gets_no_other_one),
		cmocka_unit_test(an_endless_chain_ends),
		cmocka_unit_test(a_failure_anywhere_is_the_carriers),
		cmocka_unit_test(the_trace_masks_what_bears_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
