#include "link/fragments.h"

#include <string.h>

enum { FIRST = 0x80, HEAD = 3 };

size_t fragments_next(struct fragments_out *out, uint8_t *bytes)
{
	size_t head = 1, n;

	if (out->begun && out->at == out->n)
		return 0;
	if (out->begun) {
		bytes[0] = out->next++ & 0x7F;
	} else {
		head = HEAD;
		bytes[0] = out->command;
		bytes[1] = (uint8_t)(out->n >> 8);
		bytes[2] = (uint8_t)out->n;
		out->begun = true;
	}
	n = out->n - out->at < out->size - head ? out->n - out->at : out->size - head;
	memcpy(bytes + head, out->data + out->at, n);
	out->at += n;
	return head + n;
}

static int take_first(struct fragments_in *in, const uint8_t *bytes, size_t n, struct err *err)
{
	if (in->begun)
		return link_fail(err, LINK_DISTURBED,
			"BLE: an answer begins (%02X) before the one of %zu bytes ended", bytes[0],
			in->total);
	if (n < HEAD)
		return link_fail(err, LINK_DISTURBED, "BLE: a first fragment of %zu bytes", n);
	in->begun = true;
	in->command = bytes[0];
	in->total = (size_t)bytes[1] << 8 | bytes[2];
	if (in->total > sizeof(in->data))
		return link_fail(err, LINK_DISTURBED, "BLE: an answer of %zu bytes, at most %zu",
			in->total, sizeof(in->data));
	return HEAD;
}

static int take_next(struct fragments_in *in, const uint8_t *bytes, size_t n, struct err *err)
{
	if (!in->begun)
		return link_fail(
			err, LINK_DISTURBED, "BLE: fragment %02X of an unknown answer", bytes[0]);
	if (bytes[0] != in->next)
		return link_fail(err, LINK_DISTURBED, "BLE: fragment %02X, must be %02X", bytes[0],
			in->next);
	in->next = (in->next + 1) & 0x7F;
	return n > 1 ? 1 : link_fail(err, LINK_DISTURBED, "BLE: an empty fragment");
}

int fragments_take(struct fragments_in *in, const uint8_t *bytes, size_t n, struct err *err)
{
	int head;

	if (!n)
		return link_fail(err, LINK_DISTURBED, "BLE: an empty fragment");
	head = bytes[0] & FIRST ? take_first(in, bytes, n, err) : take_next(in, bytes, n, err);
	if (head < 0)
		return head;
	n -= (size_t)head;
	if (n > in->total - in->n)
		return link_fail(err, LINK_DISTURBED, "BLE: %zu bytes more than the answer has",
			n - (in->total - in->n));
	memcpy(in->data + in->n, bytes + head, n);
	in->n += n;
	return in->n == in->total;
}
