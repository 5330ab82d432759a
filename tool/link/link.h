/*
 * Links: carriers of APDUs to a headset. One contract, one file a carrier, one table (link.c).
 *
 * After any carrier error the headset's state is unknown: the caller reads it again and never
 * resends what changes state.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "core/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_COMMAND = 261, LINK_RESPONSE = 258 };

struct link;

/*
 * How a link reaches what belongs to the station (the jig): sends a request and waits for its
 * result. 0 and a new reference in *values (a list, may be NULL), or a negative status; err->code
 * is the device's own error number. *us is the time the device took, as the station saw it.
 */
struct link_station {
	int (*ask)(void *arg, const char *op, json_t *args, json_t **values, int64_t *us,
		struct err *err);
	/* Takes, or gives back, what only one worker may use at a time ("find": to switch on and
	 * look for a headset; "connect": an adapter's connecting; "reader": the NFC reader), and
	 * waits until it is there.
	 * NULL: nobody else is there. */
	int (*token)(void *arg, const char *name, bool take, struct err *err);
	/* Says that the headset with this address is the slot's until its test ends, or until it
	 * names another ("": none): 1, or 0 if it is another slot's. NULL: there is no other. */
	int (*claim)(void *arg, const char *address, struct err *err);
	void *arg;
};

/* Where the headset of a slot is. Texts are the caller's and outlive the link. */
struct link_place {
	struct link_station station;
	const char *port;	  /* USB: bus and ports, "1-1.4"; "": none */
	unsigned vendor, product; /* USB: of the product, 0: none */
	struct {
		const char *adapter;   /* "hci0", or its address; "": none */
		const char *name;      /* that the product advertises */
		const char *address;   /* of the unit, if it is known; "" */
		const char *passkey;   /* six digits; "": Just Works */
		const char *mark;      /* what this slot's bonds are called at the station */
		double rssi_offset_db; /* of the slot, added to what the adapter says */
	} ble;
	struct {
		const char *reader;  /* connection string as libnfc has it; NULL: none */
		const char *standin; /* likewise, of the reader that stands in for a phone; "" */
		struct link *behind; /* the headset that a stand-in carries APDUs to */
	} nfc;
};

/* A key that went down or up, as carriers other than the ladder tell it. */
struct link_key {
	int64_t us;	/* clock_us() */
	uint32_t usage; /* HID usage page and id, 000C00E9 */
	bool down;
};

struct link_driver {
	const char *name; /* as fixtures write it; also the carrier in records */
	/* What opening measures, and profiles limit: names of link facts, NULL at the end. */
	const char *const *facts;
	bool key_names; /* its keys are told by their names, not by HID usages */
	/* Makes a closed link; NULL if the place lacks what it needs, or without memory. */
	struct link *(*make)(const struct link_place *place, struct err *err);
	/* Finds the headset and gets ready for APDUs; *us: how long it took. */
	int (*open)(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err);
	/* Gives the channel up; fine when closed. */
	int (*close)(struct link *link, struct err *err);
	/* One C-APDU of 4..261 bytes out, one R-APDU of 2..258 bytes in *n (in: room). */
	int (*exchange)(struct link *link, const uint8_t *command, size_t command_n,
		uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err);
	/* Keys, where the carrier tells of them (else NULL: the jig's ladder does). listen() opens
	 * the link's ear; what is down at that moment comes first. heard() takes at most *n events,
	 * oldest first; silence() ends it. */
	int (*listen)(struct link *link, struct err *err);
	int (*heard)(struct link *link, struct link_key *keys, size_t *n, struct err *err);
	void (*silence)(struct link *link);
	/* Where headsets are found by how they come: called before this one is switched on. */
	int (*ready)(struct link *link, struct err *err);
	/* True if the headset is known to be the slot's own; prove() makes it so, and another()
	 * has the next open() find one that none of the refused ones is. NULL: it always is. */
	bool (*proven)(const struct link *link);
	void (*prove)(struct link *link);
	int (*another)(struct link *link, struct err *err);
	/* Waits for the headset to fall silent, which was switched off: 1, or 0 if it did not. */
	int (*silent)(struct link *link, int64_t timeout_ms, struct err *err);
	/* Bonds, where there are any: true if there is one; and, after the headset was told to
	 * forget it and to leave, whether it did (else LINK_BOND): then ours is removed too. */
	bool (*bonded)(const struct link *link);
	int (*unbond)(struct link *link, struct err *err);
	/* Closes, and lets the headset go at once, so that a phone may have it; NULL: close() does.
	 */
	int (*leave)(struct link *link, struct err *err);
	/* Restarts the headset where nobody switches its supply; NULL: can't. The link is closed
	 * after it. */
	int (*restart)(struct link *link, struct err *err);
	void (*drop)(struct link *link); /* frees; takes NULL */
};

enum { LINK_FACTS = 8, LINK_ADDRESS = 18 };

struct link_fact {
	const char *name; /* also its limit's */
	double value;	  /* s, dBm, bytes */
};

struct link {
	const struct link_driver *driver;
	char carrier[40]; /* for records: the driver's name, and which one where there are several
			   */
	char address[LINK_ADDRESS]; /* "C0:FF:EE:00:00:01", once it is known; "": it has none */
	int64_t there_us; /* when open() saw that the headset is there; 0: when it was through */
	struct link_fact facts[LINK_FACTS]; /* of the last open() */
	size_t fact_n;
	void *state; /* the driver's */
};

/*
 * What went wrong between carrier and headset: err.status is E_REFUSED, err.code is one of these.
 * A jig's own numbers are beyond them (101 and up, or negative).
 */
enum link_fault {
	LINK_CHAIN = 1, /* 61xx or 6Cxx without end */
	LINK_TIMEOUT,	/* no answer; the command may have run */
	LINK_DISTURBED, /* answers that can't be read */
	LINK_GONE,	/* there, then not any more */
	LINK_ABSENT,	/* never came */
	LINK_RESET,	/* the headset restarted */
	LINK_CAPACITY,	/* it can't carry a whole command */
	LINK_HELD,	/* another program has it */
	LINK_FORBIDDEN, /* this user may not open it */
	LINK_ADAPTER,	/* the station's own adapter, or what drives it, can't be used */
	LINK_SERVICE,	/* it does not have what a headset must have */
	LINK_PAIR,	/* it can't be paired with */
	LINK_OPEN,	/* it answers before the link is encrypted */
	LINK_LOST,	/* its answer never came, and it is not busy: it may have run */
	LINK_BOND,	/* it kept a bond that it was told to forget */
	LINK_READER,	/* the station's NFC reader can't be used */
	LINK_NO_PHONE,	/* nothing is in its field */
	LINK_PHONE,	/* what is in its field is no phone, or does not answer as one */
	LINK_FIELD,	/* the field was lost: the command may have run */
};

/* Fills err with a link fault and returns E_REFUSED. */
int link_fail(struct err *err, enum link_fault fault, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The driver called name, or NULL. */
const struct link_driver *link_find(const char *name);

/* One command and its whole answer, SW apart. */
struct link_answer {
	uint8_t data[4096];
	size_t n;
	unsigned sw;
	int64_t us; /* all exchanges together */
};

enum link_flags {
	LINK_SECURE = 1, /* wrapped: a 6Cxx is final, it closed the secure channel */
};

/*
 * Sends a command and collects its answer: 61xx is followed by GET RESPONSE (CLA 00), 6Cxx by the
 * same command with the right Le. The same for every carrier; ISO/IEC 7816-4 clause 5.1.3 and 7.6.
 * LINK_CHAIN for a chain without end.
 */
int link_transmit(struct link *link, const uint8_t *command, size_t n, unsigned flags,
	int64_t timeout_ms, struct link_answer *answer, struct err *err);

#endif
