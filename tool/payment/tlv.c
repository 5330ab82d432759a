#include "payment/tlv.h"

int tlv_next(const uint8_t **bytes, size_t *n, struct tlv *out)
{
	const uint8_t *p = *bytes, *end = *bytes + *n;
	size_t length;

	if (p == end)
		return 0;
	out->tag = *p++;
	if ((out->tag & 0x1F) == 0x1F) {
		if (p == end || *p & 0x80) /* three-byte tags: not in this field */
			return -1;
		out->tag = out->tag << 8 | *p++;
	}
	if (p == end)
		return -1;
	length = *p++;
	if (length >= 0x80) {
		size_t more = length & 0x7F;

		if (more < 1 || more > 2 || (size_t)(end - p) < more)
			return -1;
		for (length = 0; more; more--)
			length = length << 8 | *p++;
	}
	if ((size_t)(end - p) < length)
		return -1;
	out->n = length;
	out->value = p;
	*bytes = p + length;
	*n = (size_t)(end - *bytes);
	return 1;
}

int tlv_find(const uint8_t *bytes, size_t n, unsigned tag, struct tlv *out)
{
	struct tlv t;
	int ret, found = 0;

	/* All of it is walked, so that broken bytes behind the object are noticed too. */
	while ((ret = tlv_next(&bytes, &n, &t)) > 0) {
		if (t.tag == tag && !found) {
			*out = t;
			found = 1;
		}
	}
	return ret < 0 ? -1 : found;
}
