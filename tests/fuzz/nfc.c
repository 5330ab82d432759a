/* What comes back over NFC: anything that the reader's and the stand-in's processes may say, and
 * what a terminal reads out of the answers that get through. The input is what both say: the length
 * of the reader's part in two bytes, that part, then the stand-in's. Or, where the first byte is
 * FF, what a phone answers: each time a byte for what became of it, one for its length, and it. */
#include "fuzz.h"

#include "core/clock.h"
#include "core/hex.h"
#include "link/nfc.h"
#include "link/nfc_child.h"
#include "payment/purse.h"
#include "payment/tlv.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAID = 16 * 1024, COMMANDS = 5, TIMEOUT_MS = 1 };

static struct {
	const uint8_t *said[2];
	size_t n[2];
	char lines[2][SAID];
} script;

int __wrap_nfc_child_start(
	struct nfc_child *c, const char *command, const char *connstring, struct err *err);
void __wrap_nfc_child_end(struct nfc_child *c);
void __wrap_clock_wait_ms(int64_t ms);

/* A process that has said all it will ever say, and has ended. */
int __wrap_nfc_child_start(
	struct nfc_child *c, const char *command, const char *connstring, struct err *err)
{
	int which = !strcmp(command, "relay"), pair[2];

	(void)connstring;
	(void)err;
	MUST(lines_init(&c->lines, SAID) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	MUST(write(pair[1], script.said[which], script.n[which]) == (ssize_t)script.n[which]);
	shutdown(pair[1], SHUT_WR);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	c->fd = pair[0];
	c->pid = pair[1]; /* kept open, so that what it is told arrives */
	c->asked = 0;
	return 0;
}

void __wrap_nfc_child_end(struct nfc_child *c)
{
	if (!c->pid)
		return;
	close(c->fd);
	close(c->pid);
	c->pid = 0;
	lines_finish(&c->lines);
}

void __wrap_clock_wait_ms(int64_t ms)
{
	(void)ms;
}

/* ---- the headset behind the stand-in ---- */

static int headset_open(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err)
{
	(void)link;
	(void)timeout_ms;
	(void)err;
	*us = 0;
	return 0;
}

static int headset_exchange(struct link *link, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err)
{
	(void)link;
	(void)timeout_ms;
	MUST(command_n >= 4 && command_n <= LINK_COMMAND);
	*us = 1;
	if (command[1] == 0x54)
		return link_fail(err, LINK_LOST, "it is lost");
	*n = command[1] % LINK_RESPONSE + 1;
	*n = *n < 2 ? 2 : *n;
	memset(response, command[2], *n);
	return 0;
}

static void read_answer(const struct link_answer *a)
{
	const uint8_t *rest = a->data;
	size_t left = a->n;
	struct purse_start start;
	struct purse_log log;
	struct tlv t;
	struct err err;
	uint32_t cents;

	while (tlv_next(&rest, &left, &t) == 1)
		MUST(t.value >= a->data && t.value + t.n <= a->data + a->n);
	purse_parse_balance(a->data, a->n, &cents, &err);
	purse_parse_start(a->data, a->n, PURSE_TYPE_PURCHASE, &start, &err);
	purse_parse_start(a->data, a->n, PURSE_TYPE_LOAD, &start, &err);
	purse_parse_log(a->data, a->n, &log, &err);
}

static void say(int which, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(int which, const char *fmt, ...)
{
	size_t room = SAID - script.n[which];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(script.lines[which] + script.n[which], room, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < room)
		script.n[which] += (size_t)n;
}

/* A reader that is well, and a stand-in that carries; the phone answers what the input says. */
static void well_formed(const uint8_t *data, size_t n)
{
	script.n[0] = script.n[1] = 0;
	script.said[0] = (const uint8_t *)script.lines[0];
	script.said[1] = (const uint8_t *)script.lines[1];
	say(0, "{\"type\":\"nfc_ready\",\"error\":\"\"}\n{\"type\":\"nfc_target\",\"id\":1,\"target\":1,\"error\":\"\"}\n");
	say(1, "{\"type\":\"nfc_ready\",\"error\":\"\"}\n");
	for (int id = 2; n > 2; id++) {
		size_t length = data[1] < n - 2 ? data[1] : n - 2;
		char hex[2 * 255 + 1];

		hex_encode(data + 2, length, hex);
		say(0, "{\"type\":\"nfc_result\",\"id\":%d,\"fault\":%d,\"error\":\"\",\"apdu\":\"%s\",\"us\":9}\n",
			id, data[0] > 250 ? data[0] - 250 : 0, hex);
		say(1, "{\"type\":\"relay_command\",\"id\":%d,\"apdu\":\"%s\"}\n{\"type\":\"relay_done\",\"id\":%d,\"us\":9}\n",
			id, hex, id);
		data += 2 + length;
		n -= 2 + length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t commands[COMMANDS][5] = {{0x00, 0xA4, 0x04, 0x00, 0x00},
		{0x00, 0xB0, 0x95, 0x00, 0x1E}, {0x80, 0x50, 0x01, 0x02, 0x0B},
		{0x80, 0x5C, 0x00, 0x02, 0x04}, {0x80, 0x54, 0x01, 0x00, 0x0F}};
	const struct link_driver driver = {
		.name = "headset", .open = headset_open, .exchange = headset_exchange};
	struct link headset = {.driver = &driver};
	const struct link_place place = {.nfc = {"reader", "standin", &headset}};
	struct err err;
	struct link *link;
	int64_t us;

	if (n < 2 || n > SAID)
		return 0;
	if (data[0] == 0xFF) {
		well_formed(data + 1, n - 1);
	} else {
		script.n[0] = (size_t)(data[0] << 8 | data[1]) % (n - 1);
		script.said[0] = data + 2;
		script.said[1] = data + 2 + script.n[0];
		script.n[1] = n - 2 - script.n[0];
	}
	link = link_nfc.make(&place, &err);
	if (!link)
		return 0;
	for (int i = 0; i < COMMANDS && link_nfc.open(link, TIMEOUT_MS, &us, &err) == 0; i++) {
		struct link_answer answer;

		if (link_transmit(link, commands[i], sizeof(commands[i]), 0, TIMEOUT_MS, &answer,
			    &err) == 0)
			read_answer(&answer);
		else
			MUST(err.status < 0);
	}
	nfc_take_shares(link);
	link_nfc.drop(link);
	return 0;
}
