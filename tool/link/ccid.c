#include "link/ccid.h"
#include "core/clock.h"

#include <string.h>

/* Clause 6: message types, and bStatus of answers. */
enum {
	POWER_ON = 0x62,
	POWER_OFF = 0x63,
	TRANSFER = 0x6F,
	ABORT = 0x72,
	DATA_BLOCK = 0x80,
	SLOT_STATUS = 0x81,
	COMMAND_STATUS = 0xC0,
	STATUS_FAILED = 0x40,
	STATUS_EXTENSION = 0x80,
	CLASS_TYPE = 0x21,
	CLASS_LENGTH = 54,
	SHORT_APDU = 0x00020000, /* level of exchange in dwFeatures */
	LEVELS = 0x00070000,
	EXTENSIONS = 32, /* of one command */
	STRANGERS = 16,	 /* answers to others, before one is tired of them */
	RECOVER_MS = 1000,
};

struct answer {
	uint8_t type, seq, status, error;
	uint8_t message[CCID_READ];
	size_t n; /* of the data, behind the header */
};

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int ccid_class_read(const uint8_t *extra, size_t n, struct ccid_class *class, struct err *err)
{
	while (n >= 2 && extra[0] >= 2 && extra[0] <= n) {
		if (extra[1] == CLASS_TYPE && extra[0] >= CLASS_LENGTH) {
			class->features = le32(extra + 40);
			class->longest = le32(extra + 44);
			if ((class->features & LEVELS) != SHORT_APDU)
				return link_fail(err, LINK_DISTURBED,
					"the CCID is not at short-APDU level (dwFeatures %08X)",
					class->features);
			return 0;
		}
		n -= extra[0];
		extra += extra[0];
	}
	return link_fail(err, LINK_DISTURBED, "the CCID interface has no class descriptor");
}

static int send(struct ccid *c, uint8_t type, uint8_t seq, const uint8_t *data, size_t n,
	int64_t timeout_ms, struct err *err)
{
	uint8_t m[CCID_MESSAGE] = {type, (uint8_t)n, (uint8_t)(n >> 8), 0, 0, 0, seq};

	if (n)
		memcpy(m + CCID_HEADER, data, n);
	/* 0 would be for ever. */
	return c->pipes.out(c->pipes.arg, m, CCID_HEADER + n, timeout_ms > 0 ? timeout_ms : 1, err);
}

/* The next message, whole: it ends where its header says, whatever packets it came in. */
static int receive(struct ccid *c, struct answer *a, int64_t deadline, struct err *err)
{
	size_t have = 0, total = CCID_HEADER;

	while (have < total) {
		int64_t left = deadline - clock_ms();
		size_t n = sizeof(a->message) - have;
		int ret;

		if (left <= 0)
			return link_fail(err, LINK_TIMEOUT, "no answer in time");
		ret = c->pipes.in(c->pipes.arg, a->message + have, &n, left, err);
		if (ret < 0)
			return ret;
		have += n;
		if (have < CCID_HEADER && have > 0)
			return link_fail(err, LINK_DISTURBED, "a CCID message of %zu bytes", have);
		if (have >= CCID_HEADER)
			total = CCID_HEADER + (size_t)le32(a->message + 1);
		if (total > sizeof(a->message) || total < CCID_HEADER)
			return link_fail(err, LINK_DISTURBED,
				"a CCID message says that it has %u bytes of data",
				le32(a->message + 1));
	}
	if (have > total)
		return link_fail(
			err, LINK_DISTURBED, "%zu bytes behind a CCID message", have - total);
	a->type = a->message[0];
	a->seq = a->message[6];
	a->status = a->message[7];
	a->error = a->message[8];
	a->n = total - CCID_HEADER;
	return 0;
}

/* The answer with the number seq. Strangers are dropped: all while `any`, else those given up. */
static int await(
	struct ccid *c, uint8_t seq, bool any, struct answer *a, int64_t deadline, struct err *err)
{
	for (int i = 0; i < STRANGERS; i++) {
		int ret = receive(c, a, deadline, err);

		if (ret < 0 || a->seq == seq)
			return ret;
		if (!any && !c->given_up[a->seq])
			break;
		c->given_up[a->seq] = false;
	}
	return link_fail(
		err, LINK_DISTURBED, "a CCID answer has the number %u, must be %u", a->seq, seq);
}

static int expect(const struct answer *a, uint8_t type, struct err *err)
{
	if (a->type != type)
		return link_fail(err, LINK_DISTURBED, "a CCID answer is of type %02X, must be %02X",
			a->type, type);
	if ((a->status & COMMAND_STATUS) != 0)
		return link_fail(err, LINK_DISTURBED, "the CCID refuses: status %02X, error %02X",
			a->status, a->error);
	return 0;
}

static int power(struct ccid *c, uint8_t type, uint8_t answer_type, int64_t deadline,
	struct answer *a, struct err *err)
{
	uint8_t seq = ++c->seq;
	int ret = send(c, type, seq, NULL, 0, deadline - clock_ms(), err);

	/* Whoever used the device before may have left answers. */
	if (ret == 0)
		ret = await(c, seq, true, a, deadline, err);
	return ret < 0 ? ret : expect(a, answer_type, err);
}

int ccid_power_on(struct ccid *c, int64_t timeout_ms, struct err *err)
{
	struct answer a;
	int ret = power(c, POWER_ON, DATA_BLOCK, clock_ms() + timeout_ms, &a, err);

	if (ret == 0 && (a.n < 2 || a.n > CCID_ATR))
		ret = link_fail(err, LINK_DISTURBED, "an ATR of %zu bytes", a.n);
	return ret;
}

/* Clause 5.3.1: the request and the message, then its SlotStatus; off and on, so that the chip too
 * begins anew. */
static int give_up(struct ccid *c, uint8_t seq, struct err *err)
{
	int64_t deadline = clock_ms() + RECOVER_MS;
	struct answer a;
	int ret;

	c->given_up[seq] = true;
	seq = ++c->seq;
	ret = c->pipes.abort(c->pipes.arg, seq, err);
	if (ret == 0)
		ret = send(c, ABORT, seq, NULL, 0, RECOVER_MS, err);
	if (ret == 0)
		ret = await(c, seq, true, &a, deadline, err);
	if (ret == 0)
		ret = power(c, POWER_OFF, SLOT_STATUS, deadline, &a, err);
	return ret < 0 ? ret : ccid_power_on(c, RECOVER_MS, err);
}

int ccid_exchange(struct ccid *c, const uint8_t *command, size_t command_n, uint8_t *response,
	size_t *n, int64_t timeout_ms, struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	uint8_t seq = ++c->seq;
	struct answer a;
	int ret;

	if (command_n > LINK_COMMAND)
		return link_fail(
			err, LINK_CAPACITY, "a command of %zu bytes is too long", command_n);
	c->given_up[seq] = false;
	ret = send(c, TRANSFER, seq, command, command_n, timeout_ms, err);
	for (int i = 0; ret == 0; i++) {
		ret = await(c, seq, false, &a, deadline, err);
		if (ret < 0 || a.type != DATA_BLOCK ||
			(a.status & COMMAND_STATUS) != STATUS_EXTENSION)
			break;
		if (i == EXTENSIONS)
			return link_fail(
				err, LINK_DISTURBED, "the CCID asks for more time without end");
		deadline = clock_ms() + timeout_ms * (a.error ? a.error : 1);
	}
	if (ret < 0 && err->code == LINK_TIMEOUT) {
		struct err why;

		if (give_up(c, seq, &why) < 0)
			return link_fail(err, why.code == LINK_GONE ? LINK_GONE : LINK_TIMEOUT,
				"no answer in %lld ms, nor to an abort: %.300s",
				(long long)timeout_ms, why.text);
		return link_fail(err, LINK_TIMEOUT, "no answer in %lld ms", (long long)timeout_ms);
	}
	if (ret < 0 || (ret = expect(&a, DATA_BLOCK, err)) < 0)
		return ret;
	if (a.n < 2 || a.n > *n)
		return link_fail(err, LINK_DISTURBED, "an R-APDU of %zu bytes", a.n);
	memcpy(response, a.message + CCID_HEADER, a.n);
	*n = a.n;
	return 0;
}
