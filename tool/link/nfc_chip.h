/*
 * A chip of libnfc's, in a process of its own (payjig reader, payjig relay): libnfc can block,
 * abort, and trusts what phones say, so it never runs in a worker.
 *
 * Opened by its connection string only: looking for readers opens every serial port there is.
 * SIGTERM ends whatever the chip does; the process then closes it and leaves, or is killed two
 * seconds later by its own alarm.
 */
#ifndef LINK_NFC_CHIP_H
#define LINK_NFC_CHIP_H

#include "core/lines.h"
#include "messages/messages.h"

#include <nfc/nfc.h>

struct nfc_chip {
	nfc_context *context;
	nfc_device *device;
	struct lines lines; /* from the worker, on standard input */
};

/* Opens it and tells the worker "nfc_ready", whether it could or not. 0 or negative. */
int nfc_chip_open(struct nfc_chip *c, const char *connstring, struct err *err);
void nfc_chip_close(struct nfc_chip *c);

/* True once SIGTERM came: whatever libnfc says then means nothing. */
bool nfc_chip_ended(void);

/* Says something to the worker; steals the reference. E_CANCELLED if it is gone. */
int nfc_chip_tell(json_t *message, struct err *err);

/* The worker's next word; NULL when it is gone, or SIGTERM came. */
json_t *nfc_chip_hear(struct nfc_chip *c, struct err *err);

#endif
