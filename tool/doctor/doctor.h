/*
 * The doctor: what is connected to this station, what is missing, and how to fix it.
 *
 * It looks and asks, and changes nothing: no unit is powered, no interface claimed, the jig is not
 * reset.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "plan/fixture.h"
#include "plan/profile.h"

enum { DOCTOR_FINDINGS = 128, DOCTOR_DETAIL = 240 };

struct doctor_finding {
	bool fine;
	const char *what;	    /* marked for translation */
	char detail[DOCTOR_DETAIL]; /* names, numbers */
	const char *fix;	    /* marked; what to do if it is not fine, "" */
};

struct doctor {
	const struct fixture *fixture;
	const struct profile *profiles; /* one a slot of the fixture */
	struct doctor_finding findings[DOCTOR_FINDINGS];
	size_t n;
};

/* Of this host: USB ports and Bluetooth adapters of the slots, serial ports, programs that grab
 * them, the udev rule. */
void doctor_host(struct doctor *d);

/* Of the NFC reader and the phone, which no test may use meanwhile. */
void doctor_phone(struct doctor *d);

/* Of the jig, which no station may use meanwhile. `address` as fixtures have it. */
void doctor_jig(struct doctor *d, const char *address);

/* ---- between the files of the doctor ---- */

void doctor_add(struct doctor *d, bool fine, const char *what, const char *fix, const char *detail,
	...) __attribute__((format(printf, 5, 6)));

void doctor_ble(struct doctor *d);
void doctor_nfc(struct doctor *d);
void doctor_usb(struct doctor *d);
void doctor_serial(struct doctor *d);
void doctor_programs(struct doctor *d);

#endif
