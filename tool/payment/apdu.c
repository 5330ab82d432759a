#include "payment/apdu.h"
#include "core/words.h"

#include <string.h>

struct apdu apdu_make(uint32_t header, const void *data, size_t n, int le)
{
	struct apdu a = {.cla = (uint8_t)(header >> 24),
		.ins = (uint8_t)(header >> 16),
		.p1 = (uint8_t)(header >> 8),
		.p2 = (uint8_t)header,
		.lc = n,
		.le = le};

	if (n)
		memcpy(a.data, data, n);
	return a;
}

size_t apdu_encode(const struct apdu *a, uint8_t out[APDU_COMMAND])
{
	size_t n = 4;

	out[0] = a->cla;
	out[1] = a->ins;
	out[2] = a->p1;
	out[3] = a->p2;
	if (a->lc) {
		out[n++] = (uint8_t)a->lc;
		memcpy(out + n, a->data, a->lc);
		n += a->lc;
	}
	if (a->le != APDU_NO_LE)
		out[n++] = (uint8_t)a->le;
	return n;
}

int apdu_decode(const uint8_t *bytes, size_t n, struct apdu *a, struct err *err)
{
	*a = (struct apdu){.le = APDU_NO_LE};
	if (n < 4 || n > APDU_COMMAND)
		return err_set(err, E_CONFIG, "a command APDU has 4 to 261 bytes, not %zu", n);
	a->cla = bytes[0];
	a->ins = bytes[1];
	a->p1 = bytes[2];
	a->p2 = bytes[3];
	if (n == 4)
		return 0;
	if (n == 5) {
		a->le = bytes[4];
		return 0;
	}
	a->lc = bytes[4];
	if (!a->lc || (n != 5 + a->lc && n != 6 + a->lc))
		return err_set(err, E_CONFIG, "byte 5 (Lc) says %zu bytes of data, there are %zu",
			a->lc, n - 5);
	memcpy(a->data, bytes + 5, a->lc);
	if (n == 6 + a->lc)
		a->le = bytes[n - 1];
	return 0;
}

static const struct {
	unsigned sw;
	const char *text;
} words[] = {
	{0x6300, N_("authentication failed")},
	{0x6581, N_("memory failure")},
	{0x6700, N_("wrong length")},
	{0x6982, N_("security status not satisfied")},
	{0x6983, N_("authentication blocked")},
	{0x6985, N_("conditions of use not satisfied")},
	{0x6A80, N_("wrong data")},
	{0x6A81, N_("function not supported")},
	{0x6A82, N_("file not found")},
	{0x6A83, N_("record not found")},
	{0x6A86, N_("wrong P1 P2")},
	{0x6A88, N_("referenced data not found")},
	{0x6B00, N_("wrong parameters")},
	{0x6D00, N_("instruction not supported")},
	{0x6E00, N_("class not supported")},
	{0x9000, N_("done")},
	{0x9302, N_("MAC invalid")},
	{0x9303, N_("application permanently blocked")},
	{0x9401, N_("insufficient funds")},
	{0x9402, N_("counter at maximum")},
	{0x9403, N_("key index not supported")},
	{0x9406, N_("no such MAC")},
};

const char *apdu_sw_text(unsigned sw)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].sw == sw)
			return words[i].text;
	if (sw >> 8 == 0x61)
		return N_("more data waits");
	if (sw >> 8 == 0x6C)
		return N_("wrong Le");
	return N_("status unknown");
}
