/*
 * The jig client: PJ-1 over a line, inside a poll loop, never blocking.
 *
 * Requests are queued and sent one at a time; each line ends with SYST:ERR?, so each has exactly
 * one reply. An overlapped request is done when its event has come. After a lost or garbled reply
 * the line is resynchronised by a nonce, and the request that lost it fails: whether it ran is not
 * known. The watchdog is fed while the line is up.
 */
#ifndef JIG_JIG_H
#define JIG_JIG_H

#include "core/err.h"
#include "core/loop.h"
#include "jig/scpi.h"

#include <stdbool.h>
#include <stdint.h>

enum { JIG_LINE = 1024, JIG_REPLY = 4096 };

/* The jig's own error numbers (PJ-1 "Errors") that the tool tells apart. */
enum jig_error {
	JIG_E_LID = 101,
	JIG_E_ESTOP = 102,
	JIG_E_OVERCURRENT = 103,
	JIG_E_DUTY = 104,
	JIG_E_DATA_TIMEOUT = 109,
	JIG_E_DATA_CRC = 110,
	JIG_E_DATA_PROTOCOL = 111,
	JIG_E_NO_CARRIER = 112,
	JIG_E_NO_PLUG = 113,
	JIG_E_WATCHDOG = 115,
	JIG_E_CANCELLED = 116,
	JIG_E_OUTPUT_OFF = 117,
};

struct jig;
struct jig_request;

/* status 0: reply holds the fields of the (second, if there is one) line without the error report.
 * Negative: err says why; err->code is the jig's own number when it refused (E_REFUSED). */
typedef void (*jig_done)(
	struct jig_request *request, int status, struct scpi_reply *reply, const struct err *err);

struct jig_request {
	char line[JIG_LINE];  /* program messages, without SYST:ERR? */
	char after[JIG_LINE]; /* sent when the operation is done, to fetch what it gave; may be ""
			       */
	char node[8];	      /* overlapped: the node of its event, "BUTT", "DATA"; else "" */
	unsigned slot;	      /* and its suffix */
	int64_t timeout_ms;   /* overlapped: the whole operation */
	size_t replies;	      /* fields that the (last) line must answer */
	bool urgent;	      /* goes to the head of the queue: outputs off */
	jig_done done;
	void *arg;
	int64_t us; /* out: from sending to the end of the operation */
	/* the client's own */
	struct jig_request *next;
	int64_t sent_us;
	bool fetching;
	bool early;	/* its event came before its reply ... */
	int early_code; /* ... with this error, 0: done */
	struct timer timer;
	struct jig *jig;
};

struct jig_listener {
	void *arg;
	/* The line is up (after connect): no request was sent yet. */
	void (*up)(void *arg);
	/* The line is gone: every request was failed with E_LINK before. It is tried again. */
	void (*down)(void *arg, const struct err *err);
	/* An event that belongs to no running operation: "OUTP", 3, "ERR", 103; "SYST:INT", 0,
	 * "LID", 0. */
	void (*event)(void *arg, const char *node, unsigned slot, const char *word, int value);
	/* The jig restarted: its clock went back. */
	void (*restarted)(void *arg);
};

/* Makes the client of "tcp:HOST:PORT" or "serial:PORT"; jig_connect() starts it. A reply later than
 * reply_ms has lost the line. E_CONFIG for a malformed address. */
int jig_open(struct jig **jig, struct loop *loop, const char *address, int64_t reply_ms,
	const struct jig_listener *listener, struct err *err);

/* Starts to connect, and again whenever the line is lost; up() follows. */
void jig_connect(struct jig *jig);

/* Fails what waits (E_CANCELLED) and closes; takes NULL. */
void jig_close(struct jig *jig);

/* Queues a request; the struct is the caller's and lives until done() is called, always from the
 * loop and exactly once. */
void jig_send(struct jig *jig, struct jig_request *request);

/* Fails what this slot has queued but not sent (E_CANCELLED): nothing of it reaches the jig later.
 */
void jig_forget(struct jig *jig, unsigned slot);

bool jig_is_up(const struct jig *jig); /* NULL is not */

/* How far the jig's clock is ahead of ours, in seconds, by the quickest of its newest answers while
 * it is fed; NaN if there is none. */
double jig_clock_ahead(const struct jig *jig);

/* Feeding starts once the watchdog is armed, by whoever armed it; it ends when the line goes down.
 */
void jig_feed(struct jig *jig);

#endif
