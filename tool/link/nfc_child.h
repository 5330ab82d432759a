/*
 * A worker's NFC process (`payjig reader`, `payjig relay`): started, spoken to, ended. It may hang
 * or die at any moment: then it is killed, and nothing of it is left.
 */
#ifndef LINK_NFC_CHILD_H
#define LINK_NFC_CHILD_H

#include "core/lines.h"
#include "messages/messages.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct nfc_child {
	pid_t pid; /* 0: there is none */
	int fd;	   /* to poll */
	struct lines lines;
	json_int_t asked; /* the id of the last question */
};

/* Starts this program's `command` with the connection string. 0 or E_SYSTEM. */
int nfc_child_start(
	struct nfc_child *c, const char *command, const char *connstring, struct err *err);

/* Ends it: it is asked to close its chip, and killed if it does not. Fine if there is none. */
void nfc_child_end(struct nfc_child *c);

/* Steals the message. E_LINK if it does not listen. */
int nfc_child_tell(struct nfc_child *c, json_t *message, struct err *err);

/* What it has said, new reference. NULL: nothing yet (err->status 0), or it died or talks nonsense
 * (E_LINK, E_PROTOCOL). Call it after poll() says that there is something. */
json_t *nfc_child_next(struct nfc_child *c, struct err *err);
int nfc_child_read(struct nfc_child *c, struct err *err);

#endif
