#include "link/nfc_relay.h"
#include "core/clock.h"
#include "core/hex.h"
#include "link/link.h"
#include "link/nfc_chip.h"

#include <string.h>

enum {
	SEND_MS = 5000,
	FOR_EVER = 0, /* libnfc's word for it; SIGTERM ends it */
	ROOM = 300,
};

/* A phone that emulates a card: type A, ISO/IEC 14443-4. The first byte of the UID is the chip's.
 */
static const nfc_target phone = {
	.nm = {.nmt = NMT_ISO14443A, .nbr = NBR_UNDEFINED},
	.nti = {.nai = {.abtAtqa = {0x00, 0x04},
			.abtUid = {0x08, 0x50, 0x4A, 0x31},
			.szUidLen = 4,
			.btSak = 0x20}},
};

/* The answer to this command, as bytes; 0 if there is none: the worker gave it up. */
static int hear_answer(
	struct nfc_chip *c, json_int_t id, uint8_t answer[LINK_RESPONSE], struct err *err)
{
	int n = -1;

	while (n < 0) {
		json_t *m = nfc_chip_hear(c, err);
		const char *hex = message_string(m, "apdu");

		if (!m)
			return err->status;
		/* An answer to an earlier command must never be taken for this one's. */
		if (!strcmp(message_type(m), "relay_answer") && message_integer(m, "id") == id)
			n = hex_decode(hex, strlen(hex), answer, LINK_RESPONSE);
		json_decref(m);
	}
	return n;
}

/* One command there and back; *lost: the reader has let go meanwhile. */
static int carry(struct nfc_chip *c, json_int_t id, const uint8_t *command, size_t n, bool *lost,
	struct err *err)
{
	int64_t started = clock_us(), us;
	uint8_t answer[LINK_RESPONSE];
	char hex[2 * LINK_COMMAND + 1];
	int ret;

	hex_encode(command, n, hex);
	ret = nfc_chip_tell(
		json_pack("{ss, sI, ss}", "type", "relay_command", "id", id, "apdu", hex), err);
	if (ret == 0)
		ret = hear_answer(c, id, answer, err);
	if (ret < 0)
		return ret;
	us = clock_us() - started;
	*lost = ret < 2 || nfc_target_send_bytes(c->device, answer, (size_t)ret, SEND_MS) < 0;
	return nfc_chip_tell(
		json_pack("{ss, sI, sI}", "type", "relay_done", "id", id, "us", (json_int_t)us),
		err);
}

/* A reader that let go, or whose field went, may come back; anything else is the chip's trouble. */
static int broke_off(struct nfc_chip *c, int why, struct err *err)
{
	if (why == NFC_ETGRELEASED || why == NFC_ERFTRANS || nfc_chip_ended())
		return 0;
	return err_set(err, E_LINK, "%s", nfc_strerror(c->device));
}

/* From a reader's selecting the chip to its letting go. */
static int serve_reader(struct nfc_chip *c, json_int_t *id, struct err *err)
{
	uint8_t command[ROOM];
	bool lost = false;

	while (!lost) {
		int n = nfc_target_receive_bytes(c->device, command, sizeof(command), FOR_EVER);
		int ret;

		if (n < 0)
			return broke_off(c, n, err);
		if (n < 4 || n > LINK_COMMAND)
			return 0; /* no APDU that a headset takes: as a phone would, it falls silent
				   */
		ret = carry(c, ++*id, command, (size_t)n, &lost, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int nfc_relay_run(const char *connstring, struct err *err)
{
	struct nfc_chip c = {0};
	uint8_t first[ROOM];
	json_int_t id = 0;
	int ret = nfc_chip_open(&c, connstring, err);

	while (ret == 0 && !nfc_chip_ended()) {
		nfc_target target = phone;
		int n = nfc_target_init(c.device, &target, first, sizeof(first), FOR_EVER);

		ret = n < 0 ? broke_off(&c, n, err) : serve_reader(&c, &id, err);
	}
	nfc_chip_close(&c);
	return ret == E_CANCELLED ? 0 : ret;
}
