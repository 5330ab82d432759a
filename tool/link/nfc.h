/*
 * Link "nfc": the station's reader as the payment terminal, and a phone between it and the headset:
 * a golden one, or a stand-in that carries each APDU over the headset's own link.
 *
 * Reader and stand-in are processes of their own (nfc_reader.h, nfc_relay.h); one that hangs or
 * dies costs its session, and the next open() starts it anew. The link ends both with close().
 */
#ifndef LINK_NFC_H
#define LINK_NFC_H

#include "link/link.h"

extern const struct link_driver link_nfc;

enum { NFC_PORT = 160 };

/* The serial port that a connection string of libnfc names; false: it names none. */
bool nfc_port(const char *connstring, char port[NFC_PORT]);

/* Where the time of the exchanges since the last open() went. */
struct nfc_shares {
	int64_t headset_us; /* at the headset, over its own link */
	int64_t relay_us;   /* in the stand-in, without the chips' time in the field */
	int exchanges;	    /* that it carried; 0 with a golden phone: nobody knows */
};

/* Of a link of this driver; and starts counting anew. */
struct nfc_shares nfc_take_shares(struct link *link);

#endif
