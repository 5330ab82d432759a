#include "link/nfc_reader.h"
#include "core/clock.h"
#include "core/hex.h"
#include "link/link.h"
#include "link/nfc_chip.h"

#include <string.h>

enum { ISO_14443_4 = 0x20 }; /* SAK (ISO/IEC 14443-3, 6.5.4) */

static enum nfc_target select_target(struct nfc_chip *c, nfc_modulation_type type)
{
	const nfc_modulation modulation = {.nmt = type, .nbr = NBR_106};
	nfc_target found;
	int ret = nfc_initiator_select_passive_target(c->device, modulation, NULL, 0, &found);

	if (ret == NFC_ERFTRANS || ret == NFC_ETGRELEASED || ret == 0)
		return NFC_NOTHING;
	if (ret < 0)
		return NFC_NO_READER;
	if (type == NMT_ISO14443B)
		return NFC_TYPE_B;
	return found.nti.nai.btSak & ISO_14443_4 ? NFC_PHONE : NFC_TYPE_A;
}

static enum nfc_target find(struct nfc_chip *c)
{
	enum nfc_target found;

	/* Of a session before this one, a target may still be selected. */
	if (nfc_initiator_init(c->device) < 0 ||
		nfc_device_set_property_bool(c->device, NP_INFINITE_SELECT, false) < 0)
		return NFC_NO_READER;
	found = select_target(c, NMT_ISO14443A);
	return found == NFC_NOTHING ? select_target(c, NMT_ISO14443B) : found;
}

static int answer_find(struct nfc_chip *c, const json_t *m, struct err *err)
{
	enum nfc_target found = find(c);

	return nfc_chip_tell(json_pack("{ss, sI, si, ss}", "type", "nfc_target", "id",
				     message_integer(m, "id"), "target", (int)found, "error",
				     found == NFC_NO_READER ? nfc_strerror(c->device) : ""),
		err);
}

/* The chip runs the command until the phone answers: silence is the phone's if the chip still
 * talks. */
static enum nfc_fault who_is_silent(struct nfc_chip *c)
{
	return nfc_device_set_property_bool(c->device, NP_ACTIVATE_FIELD, false) < 0 ? NFC_BROKEN
										     : NFC_SILENT;
}

static enum nfc_fault fault_of(struct nfc_chip *c, int ret)
{
	switch (ret) {
	case NFC_ETIMEOUT: return who_is_silent(c);
	case NFC_ERFTRANS:
	case NFC_ETGRELEASED: return NFC_LOST;
	case NFC_EOVFLOW: return NFC_WRONG;
	default: return ret < 2 ? ret < 0 ? NFC_BROKEN : NFC_WRONG : NFC_ANSWERED;
	}
}

static int answer_apdu(struct nfc_chip *c, const json_t *m, struct err *err)
{
	const char *hex = message_string(m, "apdu");
	uint8_t command[LINK_COMMAND], response[LINK_RESPONSE];
	char text[2 * LINK_RESPONSE + 1] = "";
	int n = hex_decode(hex, strlen(hex), command, sizeof(command));
	json_int_t timeout_ms = message_integer(m, "timeout_ms");
	int64_t started, us;
	enum nfc_fault fault;
	int ret;

	/* libnfc copies what it is given into 264 bytes, and takes 0 ms for ever. */
	if (n < 4 || timeout_ms < 1 || timeout_ms > INT32_MAX)
		return err_set(err, E_PROTOCOL, "a command of %zu hex digits, %lld ms", strlen(hex),
			(long long)timeout_ms);
	started = clock_us();
	ret = nfc_initiator_transceive_bytes(
		c->device, command, (size_t)n, response, sizeof(response), (int)timeout_ms);
	us = clock_us() - started;
	fault = fault_of(c, ret);
	if (fault == NFC_ANSWERED)
		hex_encode(response, (size_t)ret, text);
	return nfc_chip_tell(json_pack("{ss, sI, si, ss, ss, sI}", "type", "nfc_result", "id",
				     message_integer(m, "id"), "fault", (int)fault, "error",
				     fault == NFC_ANSWERED ? "" : nfc_strerror(c->device), "apdu",
				     text, "us", (json_int_t)us),
		err);
}

int nfc_reader_run(const char *connstring, struct err *err)
{
	struct nfc_chip c = {0};
	int ret = nfc_chip_open(&c, connstring, err);

	while (ret == 0) {
		json_t *m = nfc_chip_hear(&c, err);

		if (!m)
			ret = err->status;
		else if (!strcmp(message_type(m), "nfc_find"))
			ret = answer_find(&c, m, err);
		else if (!strcmp(message_type(m), "nfc_apdu"))
			ret = answer_apdu(&c, m, err);
		json_decref(m);
	}
	nfc_chip_close(&c);
	return ret == E_CANCELLED ? 0 : ret;
}
