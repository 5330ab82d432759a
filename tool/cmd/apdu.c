/*
 * payjig apdu SLOT HEX...: raw commands to the unit in a slot, each exchange in words. For the
 * bench of an engineer: no station may use the jig meanwhile, and no plan judges the answers.
 */
#include "cmd/cmd.h"
#include "cmd/station_file.h"
#include "core/clock.h"
#include "core/hex.h"
#include "jig/sync.h"
#include "link/trace.h"
#include "payment/describe.h"
#include "slot/place.h"
#include "station/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS = 64, JIG_WAIT_MS = 4000, WATCHDOG_S = 10 };

struct bench {
	struct fixture fixture;
	const struct fixture_slot *slot;
	struct profile profile;
	struct jig_sync jig;
	struct jig_place place;
	struct place unit;
	struct link *carrier;
	struct link *link; /* a trace around it, which prints */
};

/* ---- the jig ---- */

static json_t *ask_jig(struct bench *b, const char *op, json_t *args, int64_t *us, struct err *err)
{
	json_t *values = jig_sync_op(&b->jig, &b->place, op, args, us, err);

	json_decref(args);
	return values;
}

/* As links ask a station. */
static int ask(
	void *arg, const char *op, json_t *args, json_t **values, int64_t *us, struct err *err)
{
	json_t *got = ask_jig(arg, op, args, us, err);

	if (!got)
		return err->status;
	if (values)
		*values = got;
	else
		json_decref(got);
	return 0;
}

static int switch_supply(struct bench *b, bool on, struct err *err)
{
	struct jig_request watchdog = {0};
	json_t *values;
	int64_t us;

	if (b->slot->supply != FIXTURE_SUPPLY_JIG)
		return 0;
	/* Should this program die, the jig switches off by itself. */
	snprintf(watchdog.line, sizeof(watchdog.line), "SYST:EVEN ON;:SYST:WATC %d",
		on ? WATCHDOG_S : 0);
	values = jig_sync_send(&b->jig, &watchdog, JIG_NUMBERS, err);
	json_decref(values);
	if (!values)
		return err->status;
	values = ask_jig(b, "power", json_pack("{sb}", "on", on), &us, err);
	json_decref(values);
	if (values && on)
		clock_wait_ms(b->profile.supply.settle_ms);
	return values ? 0 : err->status;
}

/* ---- exchanges in words ---- */

static void print_field(void *arg, bool answer, const char *name, const char *value)
{
	(void)arg;
	printf("    %s %s: %s\n", answer ? "<" : ">", name, value);
}

static void print(void *arg, const struct link_record *r)
{
	const char *status = NULL, *name;

	(void)arg;
	printf("> %s\n", r->command);
	if (!r->error)
		printf("< %s\n", r->response);
	name = describe_apdu(r->command, r->response, &status, print_field, NULL);
	printf("  %s: %s, %.1f ms on %s\n", name,
		r->error ? r->error
		: status ? status
			 : "?",
		(double)r->us / 1000, r->carrier);
}

static int send_all(struct bench *b, const char **commands, size_t n, struct err *err)
{
	int64_t us;
	int ret = b->link->driver->open(b->link, b->profile.timeouts.boot_ms, &us, err), worst = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		uint8_t bytes[LINK_COMMAND];
		struct link_answer answer;
		int length = hex_decode(commands[i], strlen(commands[i]), bytes, sizeof(bytes));

		ret = b->link->driver->open(b->link, b->profile.timeouts.boot_ms, &us, err);
		if (ret == 0 && link_transmit(b->link, bytes, (size_t)length, 0,
					b->profile.timeouts.apdu_ms, &answer, err) < 0)
			worst = err->status; /* told already; the next one shows what is left */
	}
	return ret < 0 ? ret : worst;
}

/* ---- setting up ---- */

static int find_slot(struct bench *b, const char *path, const char *number, struct err *err)
{
	char *end;
	long wanted = strtol(number, &end, 10);

	for (size_t i = 0; i < b->fixture.slot_n; i++)
		if (!*end && b->fixture.slots[i].slot == wanted)
			b->slot = &b->fixture.slots[i];
	if (!b->slot)
		return err_set(
			err, E_CONFIG, "%s: slot \"%s\": there is no such slot", path, number);
	return identity_profile(path, b->slot, &b->profile, err);
}

static int make_link(struct bench *b, struct err *err)
{
	const struct link_driver *driver = link_find(b->slot->link);

	if (!driver)
		return err_set(err, E_CONFIG, "link \"%s\": there is no such link", b->slot->link);
	place_fill(&b->unit, b->slot, &b->profile);
	b->unit.link.station = (struct link_station){.ask = ask, .arg = b};
	b->carrier = driver->make(&b->unit.link, err);
	if (!b->carrier)
		return err->status;
	b->link = link_trace(b->carrier, print, NULL);
	if (b->link)
		return 0;
	driver->drop(b->carrier);
	return err_set(err, E_SYSTEM, "out of memory");
}

/* A headset that was paired with forgets it again; dropping the link is our side of it. */
static void forget_us(struct bench *b)
{
	static const uint8_t clear_own_bond[] = {0x80, 0xF2, 0x00, 0x02};
	struct link_answer answer;
	struct err err;

	if (b->carrier->driver->bonded && b->carrier->driver->bonded(b->carrier))
		link_transmit(b->link, clear_own_bond, sizeof(clear_own_bond), 0,
			b->profile.timeouts.apdu_ms, &answer, &err);
}

static int power_up(struct bench *b, struct err *err)
{
	const struct link_driver *d = b->carrier->driver;

	return d->ready && d->ready(b->carrier, err) < 0 ? err->status
							 : switch_supply(b, true, err);
}

static int work(struct bench *b, const char *path, const char *jig, const char **rest, size_t n,
	struct err *err)
{
	struct err off;
	int ret = identity_fixture(path, &b->fixture, err);

	if (ret < 0 || (ret = find_slot(b, path, rest[0], err)) < 0)
		return ret;
	b->place = (struct jig_place){.slot = (unsigned)b->slot->slot,
		.volts = b->profile.supply.volts,
		.limit_amps = b->profile.supply.limit_amps,
		.modem = b->profile.modem};
	ret = jig_sync_open(&b->jig, jig ? jig : b->fixture.jig, JIG_WAIT_MS, err);
	if (ret < 0)
		return ret;
	if ((ret = make_link(b, err)) == 0 && (ret = power_up(b, err)) == 0)
		ret = send_all(b, rest + 1, n - 1, err);
	if (b->link) {
		forget_us(b);
		b->link->driver->close(b->link, &off);
		b->link->driver->drop(b->link);
	}
	if (switch_supply(b, false, &off) < 0 && ret == 0)
		ret = err_set(err, off.status, "%s", off.text);
	jig_sync_close(&b->jig);
	return ret;
}

static int check_commands(const char **commands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[LINK_COMMAND];

		if (hex_decode(commands[i], strlen(commands[i]), bytes, sizeof(bytes)) >= 4)
			continue;
		fprintf(stderr, "payjig: apdu: \"%s\": must be 4 to %d bytes in hex\n", commands[i],
			LINK_COMMAND);
		return EXIT_USAGE;
	}
	return EXIT_PASS;
}

int cmd_apdu(int argc, char **argv)
{
	struct station_options o = {0};
	const char *file = NULL, *rest[COMMANDS + 1];
	const struct option_row rows[] = {
		{"fixture", "FILE", "jig and slots (as the station file says)", &o.fixture, NULL,
			false},
		{"jig", "ADDRESS", "instead of the fixture's", &o.jig, NULL, false},
		{"station", "FILE", "the station file", &file, NULL, false},
		{0},
	};
	struct station_file found = {0};
	struct bench *b;
	struct err err;
	size_t n;
	int ret = options_read(
		argc, argv, "apdu [--fixture FILE] SLOT HEX...", rows, rest, COMMANDS + 1, &n);

	if (ret >= 0)
		return ret;
	if (n < 2)
		return cmd_usage("apdu: needs a slot and at least one command in hex");
	ret = check_commands(rest + 1, n - 1);
	if (ret != EXIT_PASS)
		return ret;
	b = calloc(1, sizeof(*b));
	ret = !b	  ? err_set(&err, E_SYSTEM, "out of memory")
	      : o.fixture ? 0
			  : station_file_find(&found, file, &o, &err);
	if (ret == 0)
		ret = work(b, o.fixture, o.jig, rest, n, &err);
	free(b);
	station_file_finish(&found);
	return ret < 0 ? cmd_failed(&err) : EXIT_PASS;
}
