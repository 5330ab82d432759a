#include "payment/describe.h"
#include "core/hex.h"
#include "core/mask.h"
#include "core/words.h"
#include "payment/apdu.h"
#include "payment/tlv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS = 9, VALUE = 64 };

enum kind {
	AMOUNT, /* 4 or 3 bytes, cents */
	NUMBER,
	HEX,
	CARD, /* a card number in BCD, F padded in front */
	DATE, /* YYYYMMDD in BCD */
	TIME, /* HHMMSS in BCD */
};

struct field {
	const char *name; /* NULL ends */
	unsigned at, n;	  /* bytes of the data */
	enum kind kind;
};

struct row {
	unsigned header, mask; /* of CLA INS P1 P2 */
	const char *name;
	struct field command[FIELDS], answer[FIELDS];
};

/* In the order of a unit's test. */
static const struct row rows[] = {
	{0x00A40400, 0xFFFFFF00, "SELECT", {{N_("application"), 0, 8, HEX}}, {{0}}},
	{0x80CADF20, 0xFFFFFFFF, N_("GET DATA, identity"), {{0}}, {{0}}},
	{0x80CA00E0, 0xFFFFFFFF, N_("GET DATA, key information"), {{0}}, {{0}}},
	{0x80CA0000, 0xFFFF0000, "GET DATA", {{0}}, {{0}}},
	{0x80500002, 0xFFFFFFFF, "INITIALIZE FOR LOAD",
		{{N_("key index"), 0, 1, NUMBER}, {N_("amount"), 1, 4, AMOUNT},
			{N_("terminal"), 5, 6, HEX}},
		{{N_("balance"), 0, 4, AMOUNT}, {N_("online counter"), 4, 2, NUMBER},
			{N_("key version"), 6, 1, NUMBER}, {N_("algorithm"), 7, 1, HEX},
			{N_("random"), 8, 4, HEX}, {"MAC1", 12, 4, HEX}}},
	{0x80500102, 0xFFFFFFFF, "INITIALIZE FOR PURCHASE",
		{{N_("key index"), 0, 1, NUMBER}, {N_("amount"), 1, 4, AMOUNT},
			{N_("terminal"), 5, 6, HEX}},
		{{N_("balance"), 0, 4, AMOUNT}, {N_("offline counter"), 4, 2, NUMBER},
			{N_("overdraft"), 6, 3, AMOUNT}, {N_("key version"), 9, 1, NUMBER},
			{N_("algorithm"), 10, 1, HEX}, {N_("random"), 11, 4, HEX}}},
	{0x80500000, 0xFFFF00FF, "INITIALIZE UPDATE", {{0}},
		{{N_("key version"), 10, 1, NUMBER}, {"SCP", 11, 1, HEX}}},
	{0x84820000, 0xFFFF0000, "EXTERNAL AUTHENTICATE", {{0}}, {{0}}},
	{0x80E60000, 0xFBFF0000, "INSTALL", {{0}}, {{0}}},
	{0x80E20000, 0xFBFF0000, "STORE DATA", {{0}}, {{0}}},
	{0x80E40000, 0xFBFF0000, "ERASE KEY", {{0}}, {{0}}},
	{0x80F00000, 0xFBFF0000, "BLOCK", {{0}}, {{0}}},
	{0x00B09500, 0xFFFFFFFF, N_("READ BINARY, EF15"), {{0}},
		{{N_("issuer"), 0, 8, HEX}, {N_("card number"), 10, 10, CARD},
			{N_("valid from"), 20, 4, DATE}, {N_("valid to"), 24, 4, DATE}}},
	{0x00B00000, 0xFFFF0000, "READ BINARY", {{0}}, {{0}}},
	{0x00B20000, 0xFFFF0000, "READ RECORD", {{0}},
		{{N_("counter"), 0, 2, NUMBER}, {N_("overdraft"), 2, 3, AMOUNT},
			{N_("amount"), 5, 4, AMOUNT}, {N_("type"), 9, 1, HEX},
			{N_("terminal"), 10, 6, HEX}, {N_("date"), 16, 4, DATE},
			{N_("time"), 20, 3, TIME}}},
	{0x00200000, 0xFFFF0000, "VERIFY", {{0}}, {{0}}},
	{0x805C0002, 0xFFFFFFFF, "GET BALANCE", {{0}}, {{N_("balance"), 0, 4, AMOUNT}}},
	{0x80520000, 0xFFFFFFFF, "CREDIT FOR LOAD",
		{{N_("date"), 0, 4, DATE}, {N_("time"), 4, 3, TIME}, {"MAC2", 7, 4, HEX}},
		{{"TAC", 0, 4, HEX}}},
	{0x80540100, 0xFFFFFFFF, "DEBIT FOR PURCHASE",
		{{N_("terminal sequence"), 0, 4, HEX}, {N_("date"), 4, 4, DATE},
			{N_("time"), 8, 3, TIME}, {"MAC1", 11, 4, HEX}},
		{{"TAC", 0, 4, HEX}, {"MAC2", 4, 4, HEX}}},
	{0x805A0000, 0xFFFFFF00, "GET TRANSACTION PROVE", {{N_("counter"), 0, 2, NUMBER}},
		{{"MAC", 0, 4, HEX}, {"TAC", 4, 4, HEX}}},
	{0x00C00000, 0xFFFF0000, "GET RESPONSE", {{0}}, {{0}}},
};

static unsigned get_number(const uint8_t *p, size_t n)
{
	unsigned v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static void say(const uint8_t *p, const struct field *f, char out[VALUE])
{
	unsigned number = get_number(p, f->n > 4 ? 4 : f->n);
	char hex[2 * APDU_DATA + 1], masked[MASK_TEXT];

	hex_encode(p, f->n, hex);
	switch (f->kind) {
	case AMOUNT: snprintf(out, VALUE, "%u.%02u", number / 100, number % 100); break;
	case NUMBER: snprintf(out, VALUE, "%u", number); break;
	case HEX: snprintf(out, VALUE, "%.60s", hex); break;
	case DATE: snprintf(out, VALUE, "%.4s-%.2s-%.2s", hex, hex + 4, hex + 6); break;
	case TIME: snprintf(out, VALUE, "%.2s:%.2s:%.2s", hex, hex + 2, hex + 4); break;
	case CARD:
		mask_number(hex + strspn(hex, "Ff"), masked);
		snprintf(out, VALUE, "%s", masked);
		break;
	}
}

/* Fields whose bytes are all there and not hidden. */
static void say_fields(const struct field *fields, const char *hex, size_t digits, bool answer,
	describe_field field, void *arg)
{
	uint8_t bytes[APDU_DATA];
	char value[VALUE];

	for (const struct field *f = fields; f < fields + FIELDS && f->name; f++) {
		if (2 * (f->at + f->n) > digits ||
			hex_decode(hex + 2 * f->at, 2 * f->n, bytes, sizeof(bytes)) != (int)f->n)
			continue;
		say(bytes, f, value);
		field(arg, answer, f->name, value);
	}
}

/* What a headset says of itself: headset.md "Device". */
static const struct {
	unsigned tag;
	const char *name;
	bool text;
} identity[] = {
	{0xDF21, N_("serial number"), true},
	{0xDF22, N_("model"), true},
	{0xDF23, N_("firmware"), true},
	{0xDF24, N_("hardware revision"), true},
	{0xDF25, N_("life cycle"), false},
	{0xDF26, N_("link"), false},
	{0xDF27, N_("battery"), false},
};

static void say_identity(const char *hex, size_t digits, describe_field field, void *arg)
{
	uint8_t bytes[APDU_DATA];
	int n = hex_decode(hex, digits, bytes, sizeof(bytes));
	struct tlv object, t;

	if (n < 0 || tlv_find(bytes, (size_t)n, 0xDF20, &object) != 1)
		return;
	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++) {
		char value[VALUE], in_hex[VALUE];

		if (tlv_find(object.value, object.n, identity[i].tag, &t) != 1 ||
			t.n > VALUE / 2 - 1)
			continue;
		hex_encode(t.value, t.n, in_hex);
		if (identity[i].text)
			snprintf(value, sizeof(value), "%.*s", (int)t.n, (const char *)t.value);
		field(arg, true, identity[i].name, identity[i].text ? value : in_hex);
	}
}

static const struct row *find(const char *command)
{
	uint8_t header[4];

	if (strlen(command) < 8 || hex_decode(command, 8, header, sizeof(header)) != 4)
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((get_number(header, 4) & rows[i].mask) == rows[i].header)
			return &rows[i];
	return NULL;
}

const char *describe_apdu(const char *command, const char *response, const char **status,
	describe_field field, void *arg)
{
	const struct row *row = find(command);
	size_t n = strlen(response), c = strlen(command);
	uint8_t sw[2];

	*status = NULL;
	if (n >= 4 && hex_decode(response + n - 4, 4, sw, 2) == 2)
		*status = apdu_sw_text(get_number(sw, 2));
	if (!row)
		return "?";
	if (c > 10)
		say_fields(row->command, command + 10, c - 10, false, field, arg);
	if (n > 4)
		say_fields(row->answer, response, n - 4, true, field, arg);
	if (n > 4 && row->header == 0x80CADF20)
		say_identity(response, n - 4, field, arg);
	return row->name;
}
