/*
 * A secure channel (SCP03) with the unit's security domain, for the steps that need one.
 */
#ifndef SLOT_SESSION_H
#define SLOT_SESSION_H

#include "slot/unit.h"

struct session {
	struct scp03 scp;
	struct key *enc, *mac, *dek;
};

/* How the unit's serial diversifies the transport keys: 0000, then its last 8 bytes, left-filled
 * with 00 (headset.md, personalization 1). */
void session_diversification(const char *serial, uint8_t out[10]);

/* Opens the channel. A refusal is a finding with `refused`, a unit that does not hold the keys one
 * with `strange`. The session must be zero; close it in any case. */
int session_open(struct unit *u, struct session *s, const char *refused, const char *strange);
void session_close(struct unit *u, struct session *s);

/* Sends a command wrapped and takes the answer whatever its SW. */
int session_apdu(
	struct unit *u, struct session *s, const struct apdu *plain, struct link_answer *answer);

/* The same, and any SW but 9000 is a finding with `code`. */
int session_command(struct unit *u, struct session *s, const char *name, const struct apdu *plain,
	const char *code, struct link_answer *answer);

/* An answer that must have no data: APDU-LENGTH. */
int session_must_be_empty(struct unit *u, const char *name, const struct link_answer *answer);

#endif
