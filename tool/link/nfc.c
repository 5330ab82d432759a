#include "link/nfc.h"
#include "core/clock.h"
#include "core/hex.h"
#include "link/nfc_child.h"
#include "link/nfc_reader.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	READY_MS = 6000, /* a dead serial line costs libnfc 1.4 s */
	LOOK_MS = 2500,	 /* one look takes libnfc this at the most */
	FIND_MS = 3000,	 /* a phone in the field is found within this */
	PAUSE_MS = 20,
	PHONE_MS = 1000,  /* what a phone may take beside the headset's own time */
	READER_MS = 1000, /* ... and the reader to say so */
	DONE_MS = 500,	  /* what the stand-in says after an exchange */
};

struct nfc {
	struct link link;
	const char *reader, *standin;
	struct link *behind;
	struct nfc_child terminal, relay;
	bool selected; /* a phone */
	int carrying;  /* commands that the stand-in has not done with */
	struct nfc_shares shares;
};

static struct link *nfc_make(const struct link_place *place, struct err *err)
{
	struct nfc *n = calloc(1, sizeof(*n));

	if (!n) {
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	n->link = (struct link){.driver = &link_nfc, .carrier = "nfc", .state = n};
	n->reader = place->nfc.reader;
	n->standin = place->nfc.standin;
	n->behind = place->nfc.behind;
	return &n->link;
}

static int nfc_close(struct link *link, struct err *err)
{
	struct nfc *n = link->state;

	(void)err;
	n->selected = false;
	n->carrying = 0;
	nfc_child_end(&n->terminal);
	nfc_child_end(&n->relay);
	return 0;
}

/* The session is over: reader or stand-in can't be trusted any more. */
static int broken(struct nfc *n, const struct nfc_child *which, const char *why, struct err *err)
{
	bool reader = which == &n->terminal;
	char text[sizeof(err->text)];

	snprintf(text, sizeof(text), "%s", why);
	nfc_close(&n->link, err);
	return link_fail(err, LINK_READER, "%s %.120s: %.300s",
		reader ? "the reader" : "the stand-in's reader", reader ? n->reader : n->standin,
		text);
}

/* ---- the stand-in's commands ---- */

static int carry(struct nfc *n, const json_t *m, int64_t timeout_ms, struct err *err)
{
	const char *text = message_string(m, "apdu");
	uint8_t command[LINK_COMMAND], response[LINK_RESPONSE];
	char hex[2 * LINK_RESPONSE + 1];
	size_t got = sizeof(response);
	int length = hex_decode(text, strlen(text), command, sizeof(command)), ret;
	int64_t us = 0;

	if (length < 4)
		return broken(n, &n->relay, "it carries no APDU", err);
	n->carrying++;
	ret = n->behind->driver->open(n->behind, timeout_ms, &us, err);
	if (ret == 0)
		ret = n->behind->driver->exchange(
			n->behind, command, (size_t)length, response, &got, timeout_ms, &us, err);
	if (ret < 0)
		return ret;
	n->shares.headset_us += us;
	n->shares.relay_us -= us; /* relay_done brings the whole */
	n->shares.exchanges++;
	hex_encode(response, got, hex);
	if (nfc_child_tell(&n->relay,
		    json_pack("{ss, sI, ss}", "type", "relay_answer", "id",
			    message_integer(m, "id"), "apdu", hex),
		    err) < 0)
		return broken(n, &n->relay, err->text, err);
	return 0;
}

static int take_relay(struct nfc *n, const json_t *m, int64_t timeout_ms, struct err *err)
{
	if (!strcmp(message_type(m), "relay_command"))
		return carry(n, m, timeout_ms, err);
	if (!strcmp(message_type(m), "relay_done") && n->carrying > 0) {
		n->carrying--;
		n->shares.relay_us += message_integer(m, "us");
	}
	return 0;
}

/* ---- waiting for both ---- */

/* All that this child has said; its answer of this type goes to *answer. */
static int hear(struct nfc *n, struct nfc_child *child, const char *type, int64_t timeout_ms,
	json_t **answer, struct err *err)
{
	json_t *m;
	int ret = 0;

	while (child->pid && ret == 0 && (m = nfc_child_next(child, err))) {
		bool right =
			!strcmp(message_type(m), type) &&
			(!json_object_get(m, "id") || message_integer(m, "id") == child->asked);

		if (child == &n->relay)
			ret = take_relay(n, m, timeout_ms, err);
		if (right && answer && !*answer)
			*answer = json_incref(m);
		json_decref(m);
	}
	if (ret == 0 && child->pid && err->status < 0)
		ret = broken(n, child, err->text, err);
	return ret;
}

/* Waits until something comes from one of them. 0 or negative. */
static int listen(struct nfc *n, int64_t deadline, struct err *err)
{
	struct nfc_child *children[] = {&n->terminal, &n->relay};
	int64_t left = deadline - clock_ms();
	struct pollfd p[2];
	nfds_t count = 0;

	for (size_t i = 0; i < 2; i++)
		if (children[i]->pid)
			p[count++] = (struct pollfd){.fd = children[i]->fd, .events = POLLIN};
	poll(p, count, left > 0 ? (int)left : 0);
	count = 0;
	for (size_t i = 0; i < 2; i++)
		if (children[i]->pid && p[count++].revents && nfc_child_read(children[i], err) < 0)
			return broken(n, children[i], err->text, err);
	return 0;
}

/*
 * Waits for this child's answer and carries meanwhile what the stand-in hears. New reference, or
 * NULL: it is not there within wait_ms, or something else went wrong.
 */
static json_t *await(struct nfc *n, struct nfc_child *from, const char *type, int64_t wait_ms,
	int64_t timeout_ms, struct err *err)
{
	int64_t deadline = clock_ms() + wait_ms;
	json_t *answer = NULL;
	int ret = 0;

	for (;;) {
		ret = hear(n, &n->terminal, type, timeout_ms, from == &n->terminal ? &answer : NULL,
			err);
		if (ret == 0)
			ret = hear(n, &n->relay, type, timeout_ms,
				from == &n->relay ? &answer : NULL, err);
		if (ret < 0 || answer)
			break;
		if (clock_ms() >= deadline) {
			ret = broken(n, from, "it hangs", err);
			break;
		}
		ret = listen(n, deadline, err);
		if (ret < 0)
			break;
	}
	if (ret == 0)
		return answer;
	json_decref(answer);
	return NULL;
}

static json_t *ask(struct nfc *n, json_t *question, const char *type, int64_t wait_ms,
	int64_t timeout_ms, struct err *err)
{
	json_object_set_new(question, "id", json_integer(++n->terminal.asked));
	if (nfc_child_tell(&n->terminal, question, err) < 0) {
		broken(n, &n->terminal, err->text, err);
		return NULL;
	}
	return await(n, &n->terminal, type, wait_ms, timeout_ms, err);
}

/* ---- opening ---- */

static int ready(struct nfc *n, struct nfc_child *child, struct err *err)
{
	json_t *m = await(n, child, "nfc_ready", READY_MS, 0, err);
	int ret = 0;

	if (!m)
		return err->status;
	if (message_string(m, "error")[0])
		ret = broken(n, child, message_string(m, "error"), err);
	json_decref(m);
	return ret;
}

/* The stand-in first: it is in the field when the reader looks. */
static int start(struct nfc *n, struct err *err)
{
	struct err why;
	int ret = 0;

	if (n->terminal.pid)
		return 0;
	if (n->standin[0])
		ret = nfc_child_start(&n->relay, "relay", n->standin, err);
	if (ret == 0 && n->standin[0])
		ret = ready(n, &n->relay, err);
	if (ret == 0)
		ret = nfc_child_start(&n->terminal, "reader", n->reader, err);
	if (ret == 0)
		ret = ready(n, &n->terminal, err);
	if (ret < 0)
		nfc_close(&n->link, &why);
	return ret;
}

static int look(struct nfc *n, enum nfc_target *found, struct err *err)
{
	json_t *m = ask(n, json_pack("{ss}", "type", "nfc_find"), "nfc_target", LOOK_MS + READER_MS,
		0, err);
	int ret = 0;

	if (!m)
		return err->status;
	*found = (enum nfc_target)message_integer(m, "target");
	if (*found == NFC_NO_READER)
		ret = broken(n, &n->terminal, message_string(m, "error"), err);
	json_decref(m);
	return ret;
}

static int find(struct nfc *n, int64_t timeout_ms, struct err *err)
{
	int64_t deadline = clock_ms() + (timeout_ms < FIND_MS ? timeout_ms : FIND_MS);
	enum nfc_target found = NFC_NOTHING;

	for (;;) {
		int ret = look(n, &found, err);

		if (ret < 0)
			return ret;
		if (found != NFC_NOTHING || clock_ms() > deadline)
			break;
		clock_wait_ms(PAUSE_MS); /* the phone is on its way, or its chip not ready yet */
	}
	switch (found) {
	case NFC_PHONE: n->selected = true; return 0;
	case NFC_TYPE_A:
		return link_fail(
			err, LINK_PHONE, "what is in the field does not speak ISO/IEC 14443-4");
	case NFC_TYPE_B:
		return link_fail(err, LINK_PHONE, "what is in the field is of type B, must be A");
	case NFC_NOTHING:
	case NFC_NO_READER: break;
	}
	return link_fail(err, LINK_NO_PHONE, "within %d ms", FIND_MS);
}

static int nfc_open(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct nfc *n = link->state;
	int64_t started = clock_us();
	int ret = n->selected ? 0 : start(n, err);

	if (ret == 0 && !n->selected)
		ret = find(n, timeout_ms, err);
	*us = clock_us() - started;
	return ret;
}

/* ---- exchanging ---- */

static int take_result(struct nfc *n, const json_t *m, uint8_t *response, size_t *room, int64_t *us,
	struct err *err)
{
	const char *hex = message_string(m, "apdu"), *why = message_string(m, "error");
	int got;

	*us = message_integer(m, "us");
	switch ((enum nfc_fault)message_integer(m, "fault")) {
	case NFC_ANSWERED:
		got = hex_decode(hex, strlen(hex), response, *room);
		if (got >= 2) {
			*room = (size_t)got;
			return 0;
		}
		break;
	case NFC_SILENT: return link_fail(err, LINK_PHONE, "it does not answer in time");
	case NFC_LOST: return link_fail(err, LINK_FIELD, "the field was lost: %s", why);
	case NFC_WRONG: return link_fail(err, LINK_PHONE, "its answer is no R-APDU");
	case NFC_BROKEN: return broken(n, &n->terminal, why, err);
	}
	return broken(n, &n->terminal, "it talks nonsense", err);
}

/* The stand-in tells its time when its answer is out: a moment after the reader has it, or before.
 */
static int finish_carrying(struct nfc *n, struct err *err)
{
	int64_t deadline = clock_ms() + DONE_MS;
	int ret = 0;

	while (n->relay.pid && n->carrying && ret == 0 && clock_ms() < deadline) {
		ret = listen(n, deadline, err);
		if (ret == 0)
			ret = hear(n, &n->relay, "", 0, NULL, err);
	}
	return ret;
}

static int nfc_exchange(struct link *link, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *room, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct nfc *n = link->state;
	int64_t phone_ms = timeout_ms + PHONE_MS;
	char hex[2 * LINK_COMMAND + 1];
	json_t *m;
	int ret;

	*us = 0;
	if (command_n > LINK_COMMAND)
		return err_set(err, E_PROTOCOL, "a command of %zu bytes is too long", command_n);
	if (!n->selected)
		return link_fail(err, LINK_FIELD, "no phone is selected");
	hex_encode(command, command_n, hex);
	m = ask(n,
		json_pack("{ss, ss, sI}", "type", "nfc_apdu", "apdu", hex, "timeout_ms",
			(json_int_t)phone_ms),
		"nfc_result", phone_ms + timeout_ms + 2 * READER_MS, timeout_ms, err);
	if (!m) {
		/* A headset that does not answer its stand-in ends the session too. */
		struct err why;

		nfc_close(link, &why);
		return err->status;
	}
	ret = take_result(n, m, response, room, us, err);
	json_decref(m);
	n->selected = ret == 0;
	return ret < 0 ? ret : finish_carrying(n, err);
}

bool nfc_port(const char *connstring, char port[NFC_PORT])
{
	const char *colon = strchr(connstring, ':');

	snprintf(port, NFC_PORT, "%s", colon ? colon + 1 : "");
	port[strcspn(port, ":")] = '\0';
	return port[0] == '/';
}

struct nfc_shares nfc_take_shares(struct link *link)
{
	struct nfc *n = link->state;
	struct nfc_shares shares = n->shares;

	n->shares = (struct nfc_shares){0};
	return shares;
}

static void nfc_drop(struct link *link)
{
	struct err err;

	if (!link)
		return;
	nfc_close(link, &err);
	free(link->state);
}

/* Not in the table of links: no slot is at the end of a reader, its phone is. */
const struct link_driver link_nfc = {
	.name = "nfc",
	.make = nfc_make,
	.open = nfc_open,
	.close = nfc_close,
	.exchange = nfc_exchange,
	.drop = nfc_drop,
};
