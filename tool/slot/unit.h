/*
 * A unit in work: what its steps learn of it, and how they say what they found.
 *
 * A step returns 0 when it is through and negative when it can't go on; the first finding of a step
 * decides its verdict, the first failed step in plan order decides the unit's.
 */
#ifndef SLOT_UNIT_H
#define SLOT_UNIT_H

#include "payment/personalization.h"
#include "payment/purse.h"
#include "payment/scp03.h"
#include "slot/worker.h"

enum {
	UNIT_SERIAL = 17,
	UNIT_TEXT = 48,
	UNIT_CAUSE = 256,
	LIFE_BLANK = 0x01,
	LIFE_PERSONALIZED = 0x0F,
	LIFE_BLOCKED = 0x7F
};

struct finding {
	enum verdict verdict; /* VERDICT_NONE: nothing found */
	char code[32];
	char cause[UNIT_CAUSE];
	int fault; /* enum link_fault, if a carrier's error is what was found */
};

/* One transaction as the terminal sees it. */
struct transaction {
	struct purse_terms terms;
	struct purse_start start;
	struct key *session;
	json_int_t payment; /* its number in the ledger, 0: none */
	uint8_t mac1[4], mac2[4], tac[4];
	bool done;
};

enum paid_over { PAID_LINK, PAID_NFC, PAID_CARRIERS };

enum paid_exchange { PAID_SELECT, PAID_READ, PAID_INITIALIZE, PAID_DEBIT, PAID_EXCHANGES };

/* The last purchase over one carrier in this attempt, as the terminal saw it. */
struct paid {
	bool made, answered; /* answered: not one that was lost and proven */
	int64_t at_us;	     /* clock_us() */
	struct purse_start start;
	uint8_t fci[LINK_RESPONSE];
	size_t fci_n;
	int64_t us[PAID_EXCHANGES];
};

struct unit {
	struct worker *w;
	const struct plan *plan;
	const struct profile *profile;
	struct keys *keys;
	struct link *link;    /* a trace around the carrier */
	struct link *carrier; /* for its keys */
	struct link *nfc;     /* a trace around the station's reader, NULL: it has none */
	struct link *reader;  /* for the shares of its times */
	struct link *over;    /* what commands go over: link; nfc while the reader pays */
	const char *label;
	const json_t *terms; /* the job's */

	/* the step that runs */
	struct finding finding;
	char note[UNIT_CAUSE];
	json_t *measurements;

	/* what the steps have learnt */
	char serial[UNIT_SERIAL];
	unsigned life;
	int64_t jig_ahead_us; /* the jig's clock before clock_us(), as of its last answer */
	int64_t power_on_us;  /* when the supply was switched on, clock_us() */
	char card_state[16];
	json_t *payments;    /* that the ledger knows of this card, oldest first */
	bool sealed;	     /* an earlier attempt began to erase its test keys */
	bool test_keys_gone; /* ... and did: what is left to do is done with the issuer's, for 0
				cents */
	uint8_t number[10];
	uint8_t ef15[CONF_BYTES], extended[128];
	size_t extended_n;
	struct perso perso;		   /* holds the card-unique keys */
	bool spent_badly;		   /* a payment of an earlier attempt went wrong */
	bool resumed;			   /* counters and balance below are known */
	struct transaction load, purchase; /* the newest of each */
	struct paid paid[PAID_CARRIERS];
	uint32_t balance_cents;
	uint16_t online, offline; /* what the next INITIALIZE must answer */
};

/* Runs the plan for one unit (its Bluetooth address, "" if the label has none) and tells the
 * station everything. Negative only if the station is gone. */
int unit_run(struct worker *w, const char *label, const char *address, struct err *err);

/* Switches the unit on, asks it for its serial number, and switches it off; tells the station. */
int unit_who(struct worker *w, struct err *err);

/* Records a finding with its code (verdict and plain words are the table's) and the detail; the
 * first one of a step counts. Always returns E_REFUSED, so that steps can return it. */
int unit_finding(struct unit *u, const char *code, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));

/* A remark for the record. */
void unit_note(struct unit *u, const char *note, ...) __attribute__((format(printf, 2, 3)));

/*
 * Records a measurement against the limit called `limit` (in its unit) and judges it: out of limits
 * is a finding with `code`. NaN fails. 0 or negative.
 */
int unit_measure(
	struct unit *u, const char *name, const char *limit, double value, const char *code);

/*
 * Asks the jig; args are stolen. 0 and *values (new reference, may be NULL), or negative after a
 * finding that blames the right part. With `raw` the error is left to the caller instead.
 */
int unit_jig(struct unit *u, const char *op, json_t *args, json_t **values);
int unit_jig_raw(struct unit *u, const char *op, json_t *args, json_t **values, int64_t *us,
	struct err *err);

/* The finding for an error of the jig or of the carrier. */
int unit_jig_finding(struct unit *u, const struct err *err);
int unit_link_finding(struct unit *u, const struct err *err);
bool unit_is_link_fault(const struct err *err); /* between carrier and headset, not the jig's */

/* One number measured by the jig ("current", ...); NaN if there is none. 0 or negative. */
int unit_jig_number(struct unit *u, const char *what, double *value);

enum { UNIT_SECURE = 1, UNIT_UNTIMED = 2 };

/*
 * Sends a command and takes the answer whatever its SW; a carrier error is a finding. Times it
 * against the limit apdu_time if both ways are under 64 bytes (unless UNIT_UNTIMED).
 */
int unit_apdu(struct unit *u, const struct apdu *apdu, unsigned flags, struct link_answer *answer);

/* Judges how long an answered command took: APDU-TIME. unit_apdu() does it itself. */
int unit_judge_time(struct unit *u, const struct apdu *apdu, const struct link_answer *answer);

/* The same as unit_apdu(), and any SW but 9000 is a finding with `code`, the command's name and the
 * SW. */
int unit_command(struct unit *u, const char *name, const struct apdu *apdu, unsigned flags,
	const char *code, struct link_answer *answer);

/* Asks the ledger: an operation of station/cards.c ("RESERVED", "INTENT", "PAY", ...) on this
 * unit's card, durable on return. The proof is stolen. */
int unit_card(struct unit *u, const char *op, json_t *proof, json_t **answer, struct err *err);

/* Takes or gives back a token of the station (link.h), and waits until it is there. 0 or negative.
 */
int unit_token(struct unit *u, const char *name, bool take, struct err *err);

/* Opens the channel (if it is closed) and waits for the headset, or for the phone at the reader. */
int unit_open(struct unit *u);

#endif
