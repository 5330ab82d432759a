/*
 * A fixture: where the jig is, what its slots hold, which keys the station uses,
 * and who the station is.
 */
#ifndef PLAN_FIXTURE_H
#define PLAN_FIXTURE_H

#include "core/conf.h"

enum {
	FIXTURE_SLOTS = 32,
	FIXTURE_TEXT = 128,
	FIXTURE_SHIFTS = 6,
	FIXTURE_TIME = 6,
	FIXTURE_FIRMWARES = 8,
	FIXTURE_FIRMWARE = 24
};

/* Who powers the unit: the jig, which switches and measures; or the host's port, which does
 * neither.
 */
enum fixture_supply { FIXTURE_SUPPLY_JIG, FIXTURE_SUPPLY_HOST };

struct fixture_slot {
	int64_t slot;
	char profile[FIXTURE_TEXT]; /* path, as seen from the fixture file */
	char link[16];		    /* name in the table of links */
	char port[24];		    /* USB: where its socket is, "1-1.4" */
	char adapter[18];	    /* BLE: the adapter that hears it, "hci0", or its address */
	double rssi_offset_db;	    /* ... and how much weaker it hears here than it should */
	int supply;		    /* enum fixture_supply */
	bool charger; /* the supply charges the unit's battery: the power key switches it */
};

struct fixture {
	int kind;
	char name[FIXTURE_TEXT];
	char jig[FIXTURE_TEXT]; /* tcp:HOST:PORT or serial:PORT */
	char id[FIXTURE_TEXT];	/* what FIXTure:IDENtity? must answer */
	char jig_firmware[FIXTURE_FIRMWARES][FIXTURE_FIRMWARE]; /* that the jig may have */
	size_t firmware_n;					/* 0: any */
	char keys[FIXTURE_TEXT];	/* key provider: file:PATH, as seen from the fixture file */
	char trust[FIXTURE_TEXT];	/* certificates (PEM) that may sign jobs, likewise */
	char station_key[FIXTURE_TEXT]; /* the station's private key (PEM), likewise */
	char state[FIXTURE_TEXT];	/* the station's own folder, likewise; "": the user's */
	double reference_percent;
	int64_t reply_ms;     /* how late the jig may answer a line */
	double insert_wait_s; /* how long a scanned label waits for its unit */
	double logout_s;      /* a person who touches no key for this long is logged out */
	char shifts[FIXTURE_SHIFTS][FIXTURE_TIME]; /* when shifts begin, local time, "06:00" */
	size_t shift_n;
	int64_t adapter_units;	   /* slots that may share a Bluetooth adapter */
	char reader[FIXTURE_TEXT]; /* the NFC reader, nfc:CONNSTRING as libnfc has it; "": none */
	char phone[FIXTURE_TEXT];  /* in its field: standin:nfc:CONNSTRING or golden:NAME; "": none
				    */
	bool phone_stays;	   /* the golden phone lies there: nobody brings it */
	struct fixture_slot slots[FIXTURE_SLOTS];
	size_t slot_n;
};

/* Reads a fixture from the text of the file `path`; 0 or E_CONFIG. */
int fixture_read(const char *path, const char *text, size_t length, struct fixture *fixture,
	struct err *err);

/*
 * The station's NFC reader and the phone before it, each the caller's text instead of the fixture's
 * if it is not NULL. E_CONFIG, naming the path, if one of them is not as it must be.
 */
int fixture_set_nfc(const char *path, struct fixture *fixture, const char *reader,
	const char *phone, struct err *err);

/* Connection strings and name of the above, "" where there is none. */
const char *fixture_reader(const struct fixture *fixture);
const char *fixture_standin(const struct fixture *fixture);
const char *fixture_golden(const struct fixture *fixture);

/* True if the fixture takes a jig with this firmware. */
bool fixture_knows_firmware(const struct fixture *fixture, const char *firmware);

#endif
