/*
 * Purchases through reader, field, stand-in and headset, as many as wanted, and a bare loop through
 * the same two chips beside them: what does the stand-in cost, is every MAC2 right, and is anything
 * left open?
 *
 *	nfc_purchases JIG READER STANDIN PROFILE KEYS PURCHASES SESSIONS
 *
 * The unit in slot 1 is personalized. PURCHASES of nothing (0 cents) are made in SESSIONS, each
 *with processes of its own. As `nfc_purchases reader|relay CONNSTRING` it is those processes.
 */
#include "core/clock.h"
#include "core/file.h"
#include "figures.h"
#include "jig/sync.h"
#include "link/nfc.h"
#include "link/nfc_reader.h"
#include "link/nfc_relay.h"
#include "payment/purse.h"
#include "plan/profile.h"

#include <dirent.h>
#include <nfc/nfc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 8000, CHIP_MS = 5000, EXCHANGES = 4 };

static const char command[] = "tests/bench/nfc.py";

struct bench {
	struct jig_sync jig;
	struct jig_place place;
	struct profile profile;
	struct keys *keys;
	struct link *behind, *nfc;
	long counter; /* the next offline counter, -1: not known yet */
	long mismatches;
	int64_t us;
};

static _Noreturn void give_up(const char *what, const struct err *err)
{
	fprintf(stderr, "nfc_purchases: %s: %s\n", what, err->text);
	exit(1);
}

/* ---- the bare loop ---- */

/* The lengths of a purchase's commands and answers, each with its status word. */
static const size_t out[EXCHANGES] = {15, 5, 17, 21}, in[EXCHANGES] = {65, 32, 17, 10};

static nfc_device *open_chip(nfc_context **context, const char *connstring)
{
	nfc_connstring name;

	snprintf(name, sizeof(name), "%s", connstring);
	nfc_init(context);
	return *context ? nfc_open(*context, name) : NULL;
}

static _Noreturn void echo(const char *standin)
{
	nfc_target phone = {.nm = {.nmt = NMT_ISO14443A, .nbr = NBR_UNDEFINED},
		.nti = {.nai = {.abtAtqa = {0x00, 0x04},
				.abtUid = {0x08, 1, 2, 3},
				.szUidLen = 4,
				.btSak = 0x20}}};
	uint8_t bytes[300];
	nfc_context *context;
	nfc_device *chip = open_chip(&context, standin);

	if (chip && nfc_target_init(chip, &phone, bytes, sizeof(bytes), CHIP_MS) >= 0)
		for (int i = 0;; i++)
			if (nfc_target_receive_bytes(chip, bytes, sizeof(bytes), CHIP_MS) < 0 ||
				nfc_target_send_bytes(chip, bytes, in[i % EXCHANGES], CHIP_MS) < 0)
				break;
	if (chip)
		nfc_close(chip);
	if (context)
		nfc_exit(context);
	exit(0);
}

/* Microseconds for what a purchase sends and gets, without anything behind the chips. */
static double bare_loop(const char *reader, const char *standin, int purchases)
{
	const nfc_modulation modulation = {.nmt = NMT_ISO14443A, .nbr = NBR_106};
	uint8_t bytes[300] = {0};
	nfc_context *context;
	nfc_device *chip;
	nfc_target target;
	int64_t started, us = 0;
	pid_t pid = fork();

	if (pid == 0)
		echo(standin);
	chip = open_chip(&context, reader);
	if (!chip || nfc_initiator_init(chip) < 0)
		give_up("bare loop", &(struct err){.text = "no reader"});
	nfc_device_set_property_bool(chip, NP_INFINITE_SELECT, false);
	for (int64_t end = clock_ms() + CHIP_MS;
		nfc_initiator_select_passive_target(chip, modulation, NULL, 0, &target) <= 0;)
		if (clock_ms() > end)
			give_up("bare loop", &(struct err){.text = "no target"});
	for (int i = 0; i < purchases * EXCHANGES; i++) {
		started = clock_us();
		if (nfc_initiator_transceive_bytes(chip, bytes, out[i % EXCHANGES], bytes,
			    sizeof(bytes), CHIP_MS) != (int)in[i % EXCHANGES])
			give_up("bare loop", &(struct err){.text = "an answer is lost"});
		us += clock_us() - started;
	}
	nfc_initiator_deselect_target(chip);
	nfc_close(chip);
	nfc_exit(context);
	waitpid(pid, NULL, 0);
	return (double)us / purchases;
}

/* ---- the headset ---- */

static json_t *ask_jig(struct bench *b, const char *op, json_t *args, int64_t *us, struct err *err)
{
	json_t *values = jig_sync_op(&b->jig, &b->place, op, args, us, err);

	json_decref(args);
	return values;
}

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

static void set_up(struct bench *b, char **argv)
{
	struct link_place place = {.station = {.ask = ask, .arg = b}};
	struct jig_request events = {.line = "SYST:EVEN ON;:SYST:SLOT?", .replies = 1};
	json_t *values;
	struct err err;
	int64_t us;
	char *text;
	size_t n;

	if (file_read(argv[4], 1 << 20, &text, &n, &err) < 0 ||
		profile_read(argv[4], text, n, &b->profile, &err) < 0 ||
		keys_open(&b->keys, argv[5], &err) < 0 ||
		jig_sync_open(&b->jig, argv[1], WAIT_MS, &err) < 0)
		give_up("setup", &err);
	free(text);
	b->place = (struct jig_place){.slot = 1,
		.volts = b->profile.supply.volts,
		.limit_amps = b->profile.supply.limit_amps,
		.modem = b->profile.modem};
	values = jig_sync_send(&b->jig, &events, JIG_NUMBERS, &err);
	if (!values)
		give_up("jig", &err);
	json_decref(values);
	values = ask_jig(b, "power", json_pack("{sb}", "on", true), &us, &err);
	if (!values)
		give_up("supply", &err);
	json_decref(values);
	b->behind = link_find("jack")->make(&place, &err);
	place.nfc.reader = argv[2];
	place.nfc.standin = argv[3];
	place.nfc.behind = b->behind;
	b->nfc = b->behind ? link_nfc.make(&place, &err) : NULL;
	if (!b->nfc)
		give_up("links", &err);
}

static void send(struct bench *b, const struct apdu *apdu, struct link_answer *a)
{
	uint8_t bytes[APDU_COMMAND];
	size_t n = apdu_encode(apdu, bytes);
	struct err err;

	if (link_transmit(b->nfc, bytes, n, 0, b->profile.timeouts.apdu_ms, a, &err) < 0)
		give_up("purchase", &err);
	b->us += a->us;
}

struct card_keys {
	struct key *purchase, *tac, *session, *tac_key;
};

static int make_keys(struct bench *b, const uint8_t *ef15, const struct purse_terms *terms,
	const struct purse_start *start, struct card_keys *k, struct err *err)
{
	const struct keys_driver *d = b->keys->driver;
	const uint8_t *factor = ef15 + b->profile.ef15.number.offset + 2;
	uint8_t input[8];

	purse_session_input(terms, start, input);
	if (d->diversify(b->keys, KEY_PURCHASE, KEY_3DES, factor, 8, &k->purchase, err) < 0 ||
		d->diversify(b->keys, KEY_TAC, KEY_3DES, factor, 8, &k->tac, err) < 0 ||
		d->session(b->keys, k->purchase, KEY_SM4_INVERT, input, &k->session, err) < 0)
		return err->status;
	return d->tac(b->keys, k->tac, &k->tac_key, err);
}

/* As a terminal makes it: everything that a terminal can know is checked. */
static void purchase(struct bench *b)
{
	const struct keys_driver *d = b->keys->driver;
	struct purse_terms terms = {.type = PURSE_TYPE_PURCHASE, .terminal = {0x11, 0x22}};
	struct apdu select = purse_select(b->profile.aid.purse.bytes, b->profile.aid.purse.n);
	struct apdu read = purse_read_ef15((size_t)b->profile.ef15.length), initialize, debit;
	struct link_answer ef15, a;
	struct purse_start start;
	struct card_keys k = {0};
	uint8_t data[PURSE_MAC_INPUT], mac1[4];
	struct err err;
	bool right;

	clock_bcd(terms.date, terms.time);
	send(b, &select, &a);
	send(b, &read, &ef15);
	initialize = purse_initialize(&terms, (uint8_t)b->profile.purse.key_index);
	send(b, &initialize, &a);
	if (a.sw != 0x9000 ||
		purse_parse_start(a.data, a.n, PURSE_TYPE_PURCHASE, &start, &err) < 0 ||
		make_keys(b, ef15.data, &terms, &start, &k, &err) < 0 ||
		d->mac(b->keys, k.session, data,
			purse_mac_input(PURSE_PURCHASE_MAC1, &terms, &start, data), mac1, &err) < 0)
		give_up("INITIALIZE FOR PURCHASE", &err);
	debit = purse_debit(&terms, mac1);
	send(b, &debit, &a);
	right = a.sw == 0x9000 && a.n == 8 && (b->counter < 0 || start.counter == b->counter) &&
		d->verify(b->keys, k.session, data,
			purse_mac_input(PURSE_PURCHASE_MAC2, &terms, &start, data), a.data + 4,
			&err) == 1 &&
		d->verify(b->keys, k.tac_key, data,
			purse_mac_input(PURSE_PURCHASE_TAC, &terms, &start, data), a.data,
			&err) == 1;
	b->mismatches += !right;
	b->counter = start.counter + 1;
	d->drop(b->keys, k.purchase);
	d->drop(b->keys, k.tac);
	d->drop(b->keys, k.session);
	d->drop(b->keys, k.tac_key);
}

/* ---- what is open ---- */

static long descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	long n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	static struct bench b = {.counter = -1};
	struct nfc_shares shares;
	double bare, relay_ms, ratio;
	int purchases, sessions;
	long before, leaks;
	struct err err;
	int64_t us;

	if (argc == 3 && !strcmp(argv[1], "reader"))
		return nfc_reader_run(argv[2], &err) < 0;
	if (argc == 3 && !strcmp(argv[1], "relay"))
		return nfc_relay_run(argv[2], &err) < 0;
	if (argc != 8) {
		fprintf(stderr,
			"usage: nfc_purchases JIG READER STANDIN PROFILE KEYS PURCHASES SESSIONS\n");
		return 2;
	}
	purchases = (int)strtol(argv[6], NULL, 10);
	sessions = (int)strtol(argv[7], NULL, 10);
	set_up(&b, argv);
	if (b.behind->driver->open(b.behind, WAIT_MS, &us, &err) < 0)
		give_up("headset", &err);
	before = descriptors();
	nfc_take_shares(b.nfc);
	for (int i = 0; i < purchases; i++) {
		if (i % (purchases / sessions) == 0)
			b.nfc->driver->close(b.nfc, &err);
		if (b.nfc->driver->open(b.nfc, WAIT_MS, &us, &err) < 0)
			give_up("reader", &err);
		purchase(&b);
	}
	shares = nfc_take_shares(b.nfc);
	b.nfc->driver->close(b.nfc, &err);
	leaks = descriptors() - before + (waitpid(-1, NULL, WNOHANG) >= 0);
	bare = bare_loop(argv[2], argv[3], purchases);
	relay_ms = (double)shares.relay_us / 1e3 / purchases;
	ratio = (double)(b.us - shares.headset_us) / purchases / bare;
	printf("a purchase: %.2f ms at the terminal, %.2f ms of it the headset's, %.2f ms the stand-in's; a bare loop "
	       "%.2f ms; without the headset %.2f times the bare loop\n",
		(double)b.us / 1e3 / purchases, (double)shares.headset_us / 1e3 / purchases,
		relay_ms, bare / 1e3, ratio);
	figure("nfc.purchases", purchases, "purchases", command);
	figure("nfc.mismatches", (double)b.mismatches, "purchases", command);
	figure("nfc.leaks", (double)leaks, "descriptors and processes", command);
	figure("nfc.relay_ms", relay_ms, "ms a purchase", command);
	figure("nfc.relay_ratio", ratio, "ratio", command);
	b.nfc->driver->drop(b.nfc);
	b.behind->driver->close(b.behind, &err);
	b.behind->driver->drop(b.behind);
	keys_close(b.keys);
	jig_sync_close(&b.jig);
	if (b.mismatches || leaks || shares.exchanges != purchases * EXCHANGES || relay_ms >= 2) {
		fprintf(stderr,
			"nfc_purchases: %ld mismatches, %ld leaks, %d exchanges, stand-in %.2f ms\n",
			b.mismatches, leaks, shares.exchanges, relay_ms);
		return 1;
	}
	return 0;
}
