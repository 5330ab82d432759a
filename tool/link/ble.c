#include "link/ble.h"
#include "core/clock.h"
#include "link/ble_keys.h"
#include "link/ble_talk.h"
#include "link/bluez.h"
#include "link/fragments.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TRIES = 3,
	REFUSED = 32,	      /* headsets that are known to be others' */
	NOTIFY_HEAD = 3,      /* of an ATT notification or write: opcode, handle */
	MTU_LEAST = 23,	      /* Core 5.3, Vol 3, Part F, clause 5.2.1 */
	NEIGHBOURS_MS = 500,  /* to hear who is there before the headset is switched on */
	STRONGER_MS = 150,    /* to hear a stronger one after the first */
	FRESH_MS = 1500,      /* who was not heard for longer may be gone */
	CONTESTED_MS = 10000, /* another slot may need this to see that it has the wrong one */
	UNSEEN_MS = 1000,     /* a bonded one that is not seen by then is connected unseen */
	CONNECT_MS = 4000,
	RESOLVE_MS = 5000,
	PAIR_MS = 6000,
	LEAVE_MS = 5000,
	REMOVE_MS = 3000,
	QUIET_MS = 700, /* who is on advertises within this */
	EARLY_MS = 1700,
	LISTEN_MS = 150, /* until it has told of keys that are down */
	LOOK_MS = 50,
};

enum { CONTROL, STATUS, LENGTH, BUTTONS, CHARACTERISTICS };

/* HP-1, Carriers; the service is ...01. */
static const char *const uuids[CHARACTERISTICS] = {
	[CONTROL] = "6a7e0002-1f5b-4e6c-9d0a-50414a494701",
	[STATUS] = "6a7e0003-1f5b-4e6c-9d0a-50414a494701",
	[LENGTH] = "6a7e0004-1f5b-4e6c-9d0a-50414a494701",
	[BUTTONS] = "6a7e0005-1f5b-4e6c-9d0a-50414a494701",
};

/* GET DATA, device information: asked for before the link is encrypted, it must be refused. */
static const uint8_t hello[] = {0x80, 0xCA, 0xDF, 0x20, 0x00};

struct ble {
	struct link link;
	struct link_place place;
	struct bluez *bluez;
	char refused[REFUSED][LINK_ADDRESS];
	size_t refused_n;
	bool proven, bonded;
	bool finding;	   /* the token "find" is ours */
	bool contested;	   /* one that came is another slot's, it says */
	int64_t ready_us;  /* when the headset was not switched on yet */
	int64_t waited_us; /* for others that connect, while it was opened */
	char paths[CHARACTERISTICS][BLUEZ_PATH];
	int status; /* its notifications, -1: not connected */
	uint16_t mtu;
	size_t fragment;
	struct ble_keys *keys;
};

/* ---- the station's tokens ---- */

static int token(struct ble *u, const char *name, bool take, struct err *err)
{
	const struct link_station *s = &u->place.station;

	return s->token ? s->token(s->arg, name, take, err) : 0;
}

static void end_finding(struct ble *u)
{
	struct err err;

	if (u->finding)
		token(u, "find", false, &err);
	u->finding = false;
}

/* ---- beginning and ending ---- */

/* What a worker left that was killed: its bonds carry this slot's mark. */
static int remove_left_over(struct ble *u, struct err *err)
{
	size_t n;
	int ret = 0;

	for (size_t i = 0; ret == 0 && bluez_devices(u->bluez, &n) && i < n; i++) {
		struct bluez_device *d = &bluez_devices(u->bluez, &n)[i];
		char address[LINK_ADDRESS];

		if (strcmp(d->alias, u->place.ble.mark) != 0)
			continue;
		strcpy(address, d->address);
		ret = bluez_remove(u->bluez, address, err);
	}
	return ret;
}

static int begin(struct ble *u, struct err *err)
{
	int ret;

	if (u->bluez)
		return 0;
	ret = bluez_open(&u->bluez, u->place.ble.adapter, u->place.ble.passkey, err);
	return ret < 0 ? ret : remove_left_over(u, err);
}

static void hang_up(struct ble *u)
{
	ble_keys_stop(u->keys);
	u->keys = NULL;
	if (u->status >= 0)
		close(u->status);
	u->status = -1;
}

/* A headset is not blamed for a BlueZ that went; then nothing of the connection to it is worth
 * keeping.
 */
static int settle(struct ble *u, int ret, struct err *err)
{
	struct err gone;

	if (ret < 0 && u->bluez && err->status == E_REFUSED && bluez_there(u->bluez, &gone) < 0) {
		*err = gone;
		ret = gone.status;
	}
	if (ret < 0 && err->code == LINK_ADAPTER) {
		hang_up(u);
		bluez_close(u->bluez);
		u->bluez = NULL;
	}
	return ret;
}

static bool connected(struct ble *u)
{
	const struct bluez_device *d = bluez_device(u->bluez, u->link.address);

	return d && d->connected;
}

static int went(struct ble *u, struct err *err)
{
	return link_fail(err, LINK_GONE, "BLE: the link to %s is lost", u->link.address);
}

/* A link of before is waited for, then cut: its headset was switched off, or must not answer. */
static int leave(struct ble *u, struct err *err)
{
	int64_t cut = clock_ms() + LEAVE_MS / 3, deadline = clock_ms() + LEAVE_MS;
	int ret = 0;

	while (ret >= 0 && connected(u) && clock_ms() < deadline) {
		ret = bluez_run(u->bluez, clock_ms() + LOOK_MS, -1, err);
		if (ret >= 0 && connected(u) && clock_ms() >= cut) {
			cut = deadline;
			bluez_disconnect(u->bluez, u->link.address, err);
		}
	}
	return ret < 0 ? ret : 0;
}

/* ---- finding ---- */

static bool is_refused(const struct ble *u, const char *address)
{
	for (size_t i = 0; i < u->refused_n; i++)
		if (!strcmp(u->refused[i], address))
			return true;
	return false;
}

/* The strongest of those that came after the headset was switched on. */
static struct bluez_device *strongest(struct ble *u)
{
	int64_t fresh_us = clock_us() - FRESH_MS * 1000;
	struct bluez_device *best = NULL, *d;
	size_t n;

	d = bluez_devices(u->bluez, &n);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(d[i].name, u->place.ble.name) && !is_refused(u, d[i].address) &&
			d[i].first_us && d[i].seen_us > fresh_us && !d[i].before &&
			!d[i].connected && (!best || d[i].rssi > best->rssi))
			best = &d[i];
	return best;
}

static struct bluez_device *seen(struct ble *u)
{
	struct bluez_device *d = bluez_device(u->bluez, u->link.address);

	return d && d->seen_us > u->ready_us ? d : NULL;
}

/* It is not the slot's: never again, and any other slot may have it. */
static void refuse(struct ble *u, const char *address)
{
	const struct link_station *s = &u->place.station;
	struct err err;

	if (u->refused_n < REFUSED)
		snprintf(u->refused[u->refused_n++], LINK_ADDRESS, "%s", address);
	if (s->claim)
		s->claim(s->arg, "", &err);
}

/* The device, if it is time to take it and no other slot has it; NULL: not yet. */
static struct bluez_device *choose(struct ble *u, struct err *err)
{
	const struct link_station *s = &u->place.station;
	struct bluez_device *d;
	char address[LINK_ADDRESS];
	int ret;

	err->status = 0;
	if (u->link.address[0])
		return seen(u);
	d = strongest(u);
	if (!d || clock_us() - d->first_us < STRONGER_MS * 1000)
		return NULL;
	strcpy(address, d->address);
	ret = s->claim ? s->claim(s->arg, address, err) : 1;
	d = bluez_device(u->bluez, address);
	if (ret == 0 && d) { /* for now: another slot may have taken it by mistake, and let it go */
		u->contested = true;
		d->first_us = 0;
	}
	return ret == 1 ? d : NULL;
}

/* Why none of those that are known is the headset that must have come. */
static int nobody_came(struct ble *u, struct err *err)
{
	size_t n, before = 0, refused = 0, unheard = 0;
	const struct bluez_device *d = bluez_devices(u->bluez, &n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(d[i].name, u->place.ble.name) != 0)
			continue;
		before += d[i].before;
		refused += is_refused(u, d[i].address);
		unheard += !d[i].first_us;
	}
	return link_fail(err, LINK_ABSENT,
		"no %s advertises that was not there before (%zu were, %zu are refused, %zu not heard now)",
		u->place.ble.name, before, refused, unheard);
}

static int find(struct ble *u, int64_t deadline, struct err *err)
{
	const struct bluez_device *d = NULL;
	int64_t since = clock_ms(), unseen = u->bonded ? since + UNSEEN_MS : deadline;
	int ret = bluez_look(u->bluez, true, u->place.ble.name, err);

	/* Whoever looks for what comes holds the token to the end: nobody else's comes meanwhile.
	 */
	u->contested = false;
	while (ret >= 0 && !(d = choose(u, err)) &&
		clock_ms() < unseen + (u->contested ? CONTESTED_MS : 0)) {
		if (err->status < 0)
			return err->status;
		ret = bluez_run(u->bluez, clock_ms() + LOOK_MS, -1, err);
	}
	end_finding(u);
	if (ret < 0)
		return ret;
	if (d) {
		snprintf(u->link.address, sizeof(u->link.address), "%s", d->address);
		u->link.there_us = u->contested ? d->came_us : d->seen_us;
		u->link.facts[u->link.fact_n++] =
			(struct link_fact){"rssi", d->rssi + u->place.ble.rssi_offset_db};
	}
	if (bluez_look(u->bluez, false, NULL, err) < 0)
		return err->status;
	if (d || u->bonded)
		return 0;
	return u->link.address[0]
		       ? link_fail(err, LINK_ABSENT, "%s does not advertise", u->link.address)
		       : nobody_came(u, err);
}

/* Whoever was heard since then is no headset that comes now. */
static void note_neighbours(struct ble *u, int64_t since_us)
{
	size_t n;
	struct bluez_device *d = bluez_devices(u->bluez, &n);

	for (size_t i = 0; i < n; i++) {
		d[i].before = d[i].seen_us >= since_us;
		d[i].first_us = d[i].came_us = 0;
	}
	u->ready_us = clock_us();
}

static int ble_ready(struct link *link, struct err *err)
{
	struct ble *u = link->state;
	int64_t since_us, heard;
	int ret = begin(u, err);

	/* What is told late is of before: of this headset too, if it was on a moment ago. */
	if (ret == 0)
		ret = bluez_catch_up(u->bluez, err);
	since_us = clock_us();
	heard = clock_ms() + NEIGHBOURS_MS;
	if (ret == 0)
		ret = bluez_look(u->bluez, true, u->place.ble.name, err);
	if (ret == 0 && !link->address[0]) {
		ret = token(u, "find", true, err);
		u->finding = ret == 0;
		if (clock_ms() + LOOK_MS > heard)
			heard = clock_ms() + LOOK_MS;
		while (ret >= 0 && clock_ms() < heard)
			ret = bluez_run(u->bluez, heard, -1, err);
	}
	if (ret >= 0)
		note_neighbours(u, since_us);
	return settle(u, ret < 0 ? ret : 0, err);
}

/* ---- talking ---- */

static int pipe_out(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err)
{
	struct ble *u = arg;
	int ret = bluez_write(u->bluez, u->paths[CONTROL], bytes, n, timeout_ms, err);

	if (ret < 0 && err->code == LINK_GONE && connected(u))
		err->code = LINK_DISTURBED; /* it was the headset that refused */
	return ret;
}

static int pipe_in(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct ble *u = arg;
	int64_t until = clock_ms() + timeout_ms;
	ssize_t got;
	int ret;

	do {
		ret = bluez_run(u->bluez, until, u->status, err);
		if (ret == 0 && !connected(u))
			ret = 1; /* what came before it went is still there */
	} while (ret == 0 && clock_ms() < until);
	if (ret != 1) {
		*n = 0;
		return ret;
	}
	got = read(u->status, bytes, *n);
	*n = got > 0 ? (size_t)got : 0;
	return got > 0 ? 0 : went(u, err);
}

static int subscribe(struct ble *u, struct err *err)
{
	if (u->status >= 0)
		return 0;
	u->fragment = FRAGMENT_LEAST;
	return bluez_notify(u->bluez, u->paths[STATUS], &u->status, &u->mtu, err);
}

static int talk(struct ble *u, const uint8_t *command, size_t command_n, uint8_t *response,
	size_t *n, int64_t timeout_ms, struct err *err)
{
	const struct ble_pipes pipes = {pipe_out, pipe_in, u};

	return ble_talk(&pipes, u->fragment, command, command_n, response, n, timeout_ms, err);
}

/* How long a fragment may be: what the headset says, and what the link carries. */
static int size_fragments(struct ble *u, struct err *err)
{
	uint8_t bytes[4];
	size_t n = sizeof(bytes), longest;
	int ret = bluez_read(u->bluez, u->paths[LENGTH], bytes, &n, err);

	if (ret < 0)
		return ret;
	longest = n == 2 ? (size_t)bytes[0] << 8 | bytes[1] : 0;
	if (longest < FRAGMENT_LEAST || longest > FRAGMENT_MOST)
		return link_fail(err, LINK_CAPACITY,
			"BLE: its control point takes %zu bytes, must be %d to %d", longest,
			FRAGMENT_LEAST, FRAGMENT_MOST);
	if (u->mtu < MTU_LEAST)
		return link_fail(err, LINK_ADAPTER, "BlueZ says the MTU is %u", u->mtu);
	u->fragment =
		longest < (size_t)u->mtu - NOTIFY_HEAD ? longest : (size_t)u->mtu - NOTIFY_HEAD;
	return 0;
}

/* ---- connecting ---- */

static void fact(struct ble *u, const char *name, double value)
{
	for (size_t i = 0; i < u->link.fact_n; i++) {
		if (!strcmp(u->link.facts[i].name, name)) {
			u->link.facts[i].value = value; /* of the try that succeeded */
			return;
		}
	}
	u->link.facts[u->link.fact_n++] = (struct link_fact){name, value};
}

/* True if a command before pairing is answered as if there was a right to it. */
static int is_open(struct ble *u, struct err *err)
{
	uint8_t response[LINK_RESPONSE];
	size_t n = sizeof(response);
	int ret = subscribe(u, err);

	if (ret == 0)
		ret = talk(u, hello, sizeof(hello), response, &n, EARLY_MS, err);
	if (ret < 0)
		return err->code == LINK_ADAPTER || err->code == LINK_GONE ? ret : 0;
	return !(response[n - 2] == 0x69 && response[n - 1] == 0x82);
}

static int pair(struct ble *u, struct err *err)
{
	const struct bluez_device *d;
	int64_t started;
	int ret = is_open(u, err);

	d = bluez_device(u->bluez, u->link.address);
	if (ret < 0)
		return ret;
	if (ret && !(d && d->paired)) /* BlueZ pairs by itself if a headset insists */
		return link_fail(err, LINK_OPEN, "GET DATA is answered before pairing");
	started = clock_us();
	ret = bluez_alias(u->bluez, u->link.address, u->place.ble.mark, err);
	if (ret == 0)
		ret = bluez_pair(u->bluez, u->link.address, PAIR_MS, err);
	u->bonded = ret == 0;
	fact(u, "pair_time", (double)(clock_us() - started) / 1e6);
	return ret;
}

static int resolve(struct ble *u, struct err *err)
{
	int64_t started = clock_us(), deadline = clock_ms() + RESOLVE_MS;
	const struct bluez_device *d = bluez_device(u->bluez, u->link.address);
	int ret = 0;

	while (ret >= 0 && d && d->connected && !d->resolved && clock_ms() < deadline) {
		ret = bluez_run(u->bluez, clock_ms() + LOOK_MS, -1, err);
		d = bluez_device(u->bluez, u->link.address);
	}
	if (ret < 0)
		return ret;
	if (!d || !d->connected)
		return went(u, err);
	if (!d->resolved)
		return link_fail(err, LINK_SERVICE, "its services can't be read");
	ret = bluez_characteristics(
		u->bluez, u->link.address, uuids, CHARACTERISTICS, u->paths, err);
	for (int i = 0; ret == 0 && i < BUTTONS; i++)
		if (!u->paths[i][0])
			ret = link_fail(err, LINK_SERVICE, "it has no characteristic %s", uuids[i]);
	fact(u, "resolve_time", (double)(clock_us() - started) / 1e6);
	return ret;
}

static int reach(struct ble *u, struct err *err)
{
	struct err later;
	int64_t started = clock_us();
	int ret = token(u, "connect", true, err);

	if (ret < 0)
		return ret;
	u->waited_us += clock_us() - started;
	started = clock_us();
	ret = bluez_connect(u->bluez, u->link.address, CONNECT_MS, err);
	fact(u, "connect_time", (double)(clock_us() - started) / 1e6);
	token(u, "connect", false, &later);
	return ret < 0 ? ret : resolve(u, err);
}

static int attempt(struct ble *u, struct err *err)
{
	int ret = reach(u, err);

	if (ret == 0 && !u->bonded)
		ret = pair(u, err);
	if (ret == 0)
		ret = subscribe(u, err);
	if (ret == 0)
		ret = size_fragments(u, err);
	if (ret < 0)
		hang_up(u);
	return ret;
}

static bool may_be_tried_again(const struct err *err)
{
	return err->status == E_REFUSED &&
	       (err->code == LINK_ABSENT || err->code == LINK_GONE || err->code == LINK_TIMEOUT);
}

static int try_all(struct ble *u, struct err *err)
{
	int64_t there = clock_us();
	int ret;

	u->waited_us = 0;
	ret = attempt(u, err);
	for (int i = 1; i < TRIES && ret < 0 && may_be_tried_again(err); i++) {
		if (leave(u, err) < 0)
			return err->status;
		ret = attempt(u, err);
	}
	fact(u, "link_time", (double)(clock_us() - there - u->waited_us) / 1e6);
	fact(u, "mtu", u->mtu);
	return ret;
}

/* To look once more, among those that advertise from now on. The deadline waits with us. */
static int find_on(struct ble *u, int64_t *deadline, struct err *err)
{
	int64_t started = clock_ms();
	struct bluez_device *d;
	size_t n;
	int ret = token(u, "find", true, err);

	if (ret < 0)
		return ret;
	u->finding = true;
	*deadline += clock_ms() - started;
	d = bluez_devices(u->bluez, &n);
	for (size_t i = 0; i < n; i++)
		d[i].first_us = 0;
	return 0;
}

/* Who came and went while we looked was a neighbour: another one is looked for. */
static int enter(struct ble *u, int64_t timeout_ms, struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	struct err gone = {0};
	int ret = begin(u, err);

	if (ret < 0 || (ret = leave(u, err)) < 0)
		return ret;
	for (;;) {
		bool guessed = !u->link.address[0];

		u->link.fact_n = 0;
		ret = guessed && !u->finding ? find_on(u, &deadline, err) : 0;
		if (ret == 0)
			ret = find(u, deadline, err);
		if (ret < 0)
			break;
		ret = try_all(u, err);
		if (ret == 0 || !guessed || !may_be_tried_again(err))
			return ret;
		gone = *err;
		deadline = clock_ms() + timeout_ms; /* the tries took time that was not its own */
		refuse(u, u->link.address);
		u->link.address[0] = '\0';
	}
	if (gone.status < 0 && err->code == LINK_ABSENT) /* there was no other: it tells more */
		*err = gone;
	return ret;
}

static int ble_open(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct ble *u = link->state;
	int64_t started = clock_us();
	int ret;

	*us = 0;
	if (u->status >= 0)
		return 0;
	ret = enter(u, timeout_ms, err);
	if (link->address[0])
		snprintf(link->carrier, sizeof(link->carrier), "ble %s", link->address);
	*us = clock_us() - started;
	return settle(u, ret, err);
}

/* The headset is left by its supply's going off, or when the link is opened again: BlueZ takes
 * seconds to cut one. */
static int ble_close(struct link *link, struct err *err)
{
	struct ble *u = link->state;

	(void)err;
	end_finding(u);
	hang_up(u);
	return 0;
}

static int ble_leave(struct link *link, struct err *err)
{
	struct ble *u = link->state;
	int ret;

	ble_close(link, NULL);
	ret = begin(u, err);
	if (ret == 0 && connected(u))
		ret = bluez_disconnect(u->bluez, link->address, err);
	u->ready_us = clock_us();
	if (ret == 0)
		ret = leave(u, err);
	return settle(u, ret, err);
}

static int ble_exchange(struct link *link, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct ble *u = link->state;
	int64_t started = clock_us();
	struct err later;
	int ret = u->status >= 0 ? talk(u, command, command_n, response, n, timeout_ms, err)
				 : link_fail(err, LINK_GONE, "BLE: the headset is not open");

	*us = clock_us() - started;
	if (ret < 0) { /* whatever comes late, comes to nobody */
		if (u->bluez && err->code != LINK_ADAPTER && connected(u))
			bluez_disconnect(u->bluez, link->address, &later);
		ble_close(link, NULL);
	}
	return settle(u, ret, err);
}

/* ---- keys ---- */

static int ble_listen(struct link *link, struct err *err)
{
	struct ble *u = link->state;
	uint16_t mtu;
	int fd = -1, ret;

	if (u->status < 0)
		return link_fail(err, LINK_GONE, "BLE: the headset is not open");
	if (!u->paths[BUTTONS][0])
		return link_fail(err, LINK_SERVICE, "it has no characteristic %s", uuids[BUTTONS]);
	ret = bluez_notify(u->bluez, u->paths[BUTTONS], &fd, &mtu, err);
	if (ret == 0)
		ret = ble_keys_start(&u->keys, fd, err);
	if (ret == 0)
		clock_wait_ms(LISTEN_MS);
	return settle(u, ret, err);
}

static int ble_heard(struct link *link, struct link_key *keys, size_t *n, struct err *err)
{
	struct ble *u = link->state;

	return ble_keys_take(u->keys, keys, n, err);
}

static void ble_silence(struct link *link)
{
	struct ble *u = link->state;

	ble_keys_stop(u->keys);
	u->keys = NULL;
}

/* ---- which headset it is ---- */

static bool ble_proven(const struct link *link)
{
	return ((const struct ble *)link->state)->proven;
}

static void ble_prove(struct link *link)
{
	((struct ble *)link->state)->proven = true;
}

static int ble_silent(struct link *link, int64_t timeout_ms, struct err *err)
{
	struct ble *u = link->state;
	int64_t until = clock_ms() + timeout_ms;
	bool heard = false;
	int ret = 0;

	hang_up(u);
	ret = begin(u, err);
	while (ret >= 0 && connected(u) && clock_ms() < until)
		ret = bluez_run(u->bluez, clock_ms() + LOOK_MS, -1, err);
	if (ret < 0 || connected(u))
		return settle(u, ret, err);
	u->ready_us = clock_us();
	until = clock_ms() + QUIET_MS;
	ret = bluez_look(u->bluez, true, u->place.ble.name, err);
	while (ret >= 0 && !(heard = seen(u)) && clock_ms() < until)
		ret = bluez_run(u->bluez, clock_ms() + LOOK_MS, -1, err);
	return settle(u, ret < 0 ? ret : !heard, err);
}

/* Removes our bond, and makes sure that it is gone. */
static int forget(struct ble *u, struct err *err)
{
	int64_t until = clock_ms() + REMOVE_MS;
	const struct bluez_device *d;
	int ret = u->bluez ? bluez_remove(u->bluez, u->link.address, err) : 0;

	while (u->bluez && ret >= 0 && (d = bluez_device(u->bluez, u->link.address)) && d->paired &&
		clock_ms() < until)
		ret = bluez_run(u->bluez, clock_ms() + LOOK_MS, -1, err);
	if (ret >= 0 && clock_ms() >= until)
		ret = link_fail(err, LINK_ADAPTER, "BlueZ keeps the bond with %s", u->link.address);
	u->bonded = false;
	return settle(u, ret < 0 ? ret : 0, err);
}

static int ble_another(struct link *link, struct err *err)
{
	struct ble *u = link->state;
	int ret;

	hang_up(u);
	if (u->refused_n == REFUSED)
		return link_fail(
			err, LINK_ABSENT, "%d headsets in range, none is the slot's", REFUSED);
	ret = forget(u, err);
	refuse(u, link->address); /* when nothing of ours is left with it */
	link->address[0] = '\0';
	return ret;
}

/* ---- bonds ---- */

static bool ble_bonded(const struct link *link)
{
	return ((const struct ble *)link->state)->bonded;
}

/* Whether the headset lets us in with a bond that it was told to forget. */
static int lets_in(struct ble *u, struct err *err)
{
	uint8_t response[LINK_RESPONSE];
	size_t n = sizeof(response);
	int ret = reach(u, err);

	if (ret == 0)
		ret = subscribe(u, err);
	if (ret == 0)
		ret = talk(u, hello, sizeof(hello), response, &n, EARLY_MS, err);
	hang_up(u);
	if (ret < 0)
		return err->code == LINK_ADAPTER ? ret : 0;
	return !(response[n - 2] == 0x69 && response[n - 1] == 0x82);
}

/* Only of a headset that was met again can be said that it forgot, and did not die. */
static int check_forgotten(struct ble *u, struct err *err)
{
	struct bluez_device *d;
	int ret = leave(u, err);

	d = bluez_device(u->bluez, u->link.address);
	if (d)
		d->met = false;
	u->link.fact_n = 0;
	u->ready_us = clock_us();
	if (ret == 0)
		ret = find(u, clock_ms() + LEAVE_MS, err);
	for (int i = 1; i < TRIES && ret == 0; i++) {
		ret = lets_in(u, err);
		if (ret == 0)
			ret = leave(u, err);
	}
	if (ret == 1)
		return link_fail(
			err, LINK_BOND, "%s lets the station in without pairing", u->link.address);
	d = bluez_device(u->bluez, u->link.address);
	if (ret == 0 && !(d && d->met))
		return link_fail(err, LINK_GONE, "%s does not come back after it forgot its bonds",
			u->link.address);
	return ret;
}

static int ble_unbond(struct link *link, struct err *err)
{
	struct ble *u = link->state;
	struct err later;
	int ret, removed;

	hang_up(u);
	ret = begin(u, err);
	if (ret == 0)
		ret = check_forgotten(u, err);
	removed = forget(u, ret < 0 ? &later : err);
	return settle(u, ret < 0 ? ret : removed, err);
}

/* ---- the rest ---- */

static struct link *ble_make(const struct link_place *place, struct err *err)
{
	struct ble *u;

	if (!place->ble.adapter[0] || !place->ble.name[0]) {
		err_set(err, E_CONFIG, "link ble needs %s",
			place->ble.name[0]
				? "the slot's adapter (fixture: adapter: hci0)"
				: "the name that the product advertises (profile: ble: {name})");
		return NULL;
	}
	u = calloc(1, sizeof(*u));
	if (!u) {
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	u->link = (struct link){.driver = &link_ble, .carrier = "ble", .state = u};
	u->place = *place;
	u->status = -1;
	snprintf(u->link.address, sizeof(u->link.address), "%s", place->ble.address);
	u->proven = u->link.address[0];
	for (char *c = u->link.address; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return &u->link;
}

static void ble_drop(struct link *link)
{
	struct ble *u = link ? link->state : NULL;
	struct err err;

	if (!u)
		return;
	ble_close(link, NULL);
	if (u->bonded) /* a test that did not end as planned leaves nothing at the station */
		forget(u, &err);
	bluez_close(u->bluez);
	free(u);
}

static const char *const facts[] = {
	"rssi", "mtu", "connect_time", "pair_time", "resolve_time", "link_time", NULL};

const struct link_driver link_ble = {
	.name = "ble",
	.facts = facts,
	.key_names = true,
	.make = ble_make,
	.open = ble_open,
	.close = ble_close,
	.exchange = ble_exchange,
	.listen = ble_listen,
	.heard = ble_heard,
	.silence = ble_silence,
	.ready = ble_ready,
	.proven = ble_proven,
	.prove = ble_prove,
	.another = ble_another,
	.silent = ble_silent,
	.bonded = ble_bonded,
	.unbond = ble_unbond,
	.leave = ble_leave,
	.drop = ble_drop,
};
