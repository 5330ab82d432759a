/* The NFC reader and the phone in its field: there, open to this user, held by nobody; and, where
 * no station works, whether they answer. */
#include "link/nfc.h"
#include "core/holder.h"
#include "core/words.h"
#include "doctor/doctor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_MS = 3000, ANSWER_MS = 3000 };

static const char reader_what[] = N_("NFC reader"), phone_what[] = N_("phone");

#define READER_FIX N_("connect it, or correct reader and phone in the fixture file")

/* False if nothing can be asked of it now. */
static bool look(struct doctor *d, const char *what, const char *connstring)
{
	char port[NFC_PORT], node[PATH_MAX];
	struct holder holder;

	if (!nfc_port(connstring, port)) {
		doctor_add(d, true, what, "", "%s", connstring);
		return true;
	}
	if (!realpath(port, node)) {
		doctor_add(d, false, what, READER_FIX, "%s: there is no such port", port);
		return false;
	}
	if (access(node, R_OK | W_OK) < 0) {
		doctor_add(d, false, what, N_("put the user into the group dialout, log in again"),
			"%s: may not be opened by this user", port);
		return false;
	}
	if (holder_find(node, &holder)) {
		bool own = !strcmp(holder.name, "payjig");

		doctor_add(d, own, what, N_("end that program"), "%s: held by %s (process %ld)",
			port, own ? N_("a test") : holder.name, holder.pid);
		return false;
	}
	doctor_add(d, true, what, "", "%s", connstring);
	return true;
}

static bool look_at_all(struct doctor *d)
{
	const struct fixture *f = d->fixture;
	bool free_all = f->reader[0] && look(d, reader_what, fixture_reader(f));

	if (fixture_standin(f)[0])
		free_all &= look(d, phone_what, fixture_standin(f));
	return free_all;
}

void doctor_nfc(struct doctor *d)
{
	look_at_all(d);
}

/* S3 of the product's concept: only a golden phone has a client app, and it answers the AID. */
static void ask_application(struct doctor *d, struct link *link)
{
	const struct conf_bytes *aid = &d->profiles[0].aid.purse;
	uint8_t select[5 + CONF_BYTES + 1] = {0x00, 0xA4, 0x04, 0x00, (uint8_t)aid->n};
	const char *name = fixture_golden(d->fixture);
	struct link_answer answer;
	struct err err;

	memcpy(select + 5, aid->bytes, aid->n);
	if (link_transmit(link, select, 6 + aid->n, 0, ANSWER_MS, &answer, &err) < 0)
		doctor_add(d, false, phone_what,
			N_("open the client app on the phone, then test again"), "%s: %.150s", name,
			err.text);
	else
		doctor_add(d, answer.sw != 0x6A82, phone_what,
			N_("open the client app on the phone, then test again"),
			"%s: its application answers SW %04X", name, answer.sw);
}

void doctor_phone(struct doctor *d)
{
	const struct link_place place = {.nfc = {.reader = fixture_reader(d->fixture),
						 .standin = fixture_standin(d->fixture)}};
	struct link *link;
	struct err err;
	int64_t us;

	if (!look_at_all(d) || !d->fixture->phone[0])
		return;
	link = link_nfc.make(&place, &err);
	if (!link)
		return;
	if (link_nfc.open(link, OPEN_MS, &us, &err) < 0) {
		bool phone = err.code == LINK_NO_PHONE || err.code == LINK_PHONE;

		doctor_add(d, false, phone ? phone_what : reader_what,
			phone ? N_("put the phone on the reader, then test again") : READER_FIX,
			"%.200s", err.text);
	} else if (fixture_golden(d->fixture)[0]) {
		ask_application(d, link);
	} else {
		doctor_add(d, true, phone_what, "", "%s: in the reader's field", place.nfc.standin);
	}
	link_nfc.drop(link);
}
