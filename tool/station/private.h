/* What the files of station/ share: the station, its slots and its clients. */
#ifndef STATION_PRIVATE_H
#define STATION_PRIVATE_H

#include "core/clock.h"
#include "core/file.h"
#include "core/lines.h"
#include "core/loop.h"
#include "jig/jig.h"
#include "messages/messages.h"
#include "plan/fixture.h"
#include "plan/labels.h"
#include "plan/plan.h"
#include "plan/prompts.h"
#include "station/identity.h"
#include "station/people.h"
#include "station/queue.h"
#include "station/station.h"

#include <sys/types.h>

enum { CLIENTS = 16, LABEL = LABEL_TEXT, CODE = 32, CAUSE = 512, OPERATOR = PERSON_NAME };

/* A configuration file: its text goes to the workers as it was when the station started. */
struct config_file {
	char *path, *text;
	size_t length;
	char digest[DIGEST_TEXT];
};

enum slot_state {
	SLOT_STARTING, /* its worker is not ready yet */
	SLOT_IDLE,     /* waits for a label */
	SLOT_WAITING,  /* has a label, waits for its unit */
	SLOT_ASKING,   /* asks the unit that was put in for its serial number */
	SLOT_WORKING,
	SLOT_ENDING, /* made safe, its record written */
	SLOT_BROKEN, /* its worker can't be set up */
};

struct slot {
	struct station *station;
	unsigned number;
	const struct fixture_slot *fixture;
	struct config_file profile_file;
	struct profile profile;
	enum slot_state state;
	bool present, fresh; /* a headset is in; it was put in after the last unit ended */

	/* worker */
	pid_t pid;
	struct watch watch;
	struct lines lines;
	bool ready, lab;
	unsigned generation; /* counts workers, so that answers to a dead one are dropped */
	int crashes;	     /* in a row, without a unit in between */

	/* unit */
	char label[LABEL], last_label[LABEL];
	char address[LABEL_ADDRESS]; /* the unit's, if it is on the label */
	char operator[OPERATOR];     /* who scanned the label */
	struct store_attempt attempt;
	bool attempt_open;    /* its row is there, its end is not */
	json_t *apdus;	      /* of the step that runs */
	json_t *step;	      /* step_begin of the step that runs */
	json_int_t next_step; /* position in the plan that must come next */
	bool step_failed;
	int64_t step_started_ms, unit_started_ms;
	struct timer step_deadline, unit_deadline, insert_deadline;
	enum verdict verdict;
	char code[CODE], cause[CAUSE];
	char broken[CAUSE];
	char held;	  /* the key that a HOLD may press */
	json_t *last_end; /* how the last unit ended, for clients that come later */

	/* tokens that it holds, bit a row of tokens.c; and the one that it waits for, -1: none */
	unsigned tokens;
	char claimed[LABEL_ADDRESS]; /* the unit's address, that no other slot may take; "" */
	int token_wanted;
	json_int_t token_id;
	int64_t token_turn, token_left_ms; /* since when it waits; of its step's deadline */

	/* what its step asks the operator; NULL: nothing */
	const struct prompt *prompt;
	json_int_t prompt_id;
	struct timer prompt_deadline;
};

struct client {
	struct station *station;
	unsigned id;
	struct watch watch;
	struct lines lines;
	bool watches;
	char person[PERSON_NAME], role[PERSON_ROLE]; /* who is logged in; "": nobody */
	struct timer logout;
};

/* The job that the station issues, as the store has it. */
struct station_job {
	json_t *facts; /* owns the texts */
	const char *name, *product, *key_set, *digest;
	json_t *terms;
	bool production;
};

enum station_state { STATION_STARTING, STATION_READY, STATION_STOPPED };

struct station {
	const struct station_options *options;
	struct loop *loop;
	struct watch signals, listener;
	struct config_file fixture_file, plan_file;
	struct fixture fixture;
	struct plan plan;
	struct identity identity;
	struct station_job job;
	json_t *unsettled; /* cards that wait for a person since before this start */
	char *keys;	   /* provider with its path as seen from here */
	struct store *store;
	int64_t token_turn; /* counts */
	struct queue *writer, *asker;
	char paused[PERSON_NAME]; /* by whom starting is paused; "": it is not */
	json_t *counts;		  /* of the shift, the newest message */
	int64_t shift_since_ms, shift_from;
	bool counting, count_again;
	struct timer count_timer;
	struct jig *jig;
	char jig_name[128];
	enum station_state state;
	bool lid_open, estop, store_failed;
	char code[CODE], cause[CAUSE]; /* why it is stopped */
	struct slot slots[FIXTURE_SLOTS];
	size_t slot_n;
	struct client *clients[CLIENTS];
	unsigned last_client;
	bool ending, had_client;
	struct timer end_deadline, bringup_retry;
};

/* station.c */
void station_stop(struct station *st, const char *code,
	const char *cause); /* no unit starts; all in work end */
void station_ready(struct station *st);
void station_end(struct station *st);
void station_check_end(struct station *st);
struct slot *station_slot(struct station *st, unsigned number);

/* bringup.c: identity, calibration, references, counters, watchdog; then station_ready(). */
void bringup_start(struct station *st);

/* broker.c: a worker's jig request; and the safe state. */
void broker_ask(struct slot *slot, const json_t *message);

typedef void (*broker_safe_done)(struct slot *slot, int status, const struct err *err);
void broker_safe(struct slot *slot, broker_safe_done done);
void broker_led(struct slot *slot, const char *colour);
const char *broker_code(int status); /* the verdict code of a jig that fails like this */

/* cards.c: what a worker asks of the card ledger. */
void cards_ask(struct slot *slot, json_t *message);

/* jobs.c: the store opened, recovered, the job in it. */
int jobs_open(struct station *st, struct err *err);
void jobs_close(struct station *st);
void jobs_act(struct station *st, struct client *client, const json_t *act); /* of a person */

/* tokens.c: what only one worker may use at a time. */
void tokens_take(struct slot *slot, json_t *message);
void tokens_claim(struct slot *slot, json_t *message);
void tokens_drop(struct slot *slot); /* its worker ended, or its unit: it holds and wants none */

/* workers.c */
int worker_start(struct slot *slot, struct err *err);
void worker_kill(struct slot *slot);
void worker_send(struct slot *slot, json_t *message); /* steals; a broken worker ends its unit */
void worker_reap(struct station *st);
void workers_end(struct station *st); /* at the very end: by closing their stdin, then by force */

/* offers.c */
void unit_offer(
	struct station *st, struct client *client, const struct label *label, const char *operator);
void unit_scanned(struct client *client, const struct label *label, const char *operator);
void unit_presence(struct slot *slot, bool present);
void unit_nobody_came(void *slot);     /* a timer's: the label has waited long enough */
void unit_inserted(struct slot *slot); /* asks it who it is, where the plan starts units so */
void unit_said_serial(struct slot *slot, json_t *message); /* ... and it starts */
void unit_unknown(struct slot *slot, const char *why);	   /* ... or it does not */

/* units.c */
void unit_begin(struct slot *slot); /* with the label that it has */
void unit_idle(struct slot *slot);
void unit_after(struct slot *slot); /* ended and safe: with a worker for the next one */
bool unit_has_jig(const struct slot *slot);
void unit_message(struct slot *slot, json_t *message);	     /* from the worker; borrowed */
void unit_worker_failed(struct slot *slot, const char *why); /* kills it, ends its unit */
void unit_end(struct slot *slot, const char *code, const char *cause); /* verdict from the code */
void unit_abort(struct slot *slot);
void unit_set_state(struct slot *slot, enum slot_state state);
void unit_slot_broken(struct slot *slot, const char *why); /* for good: its worker can't work */
void unit_store_failed(struct slot *slot, const struct err *err); /* no unit starts any more */
void unit_init(struct slot *slot);

/* asks.c */
void asks_take(struct client *client, const json_t *message);
void asks_count(void *station); /* counts anew and tells everybody; a timer's too */

/* prompts.c */
void prompts_take(struct slot *slot, json_t *message);
void prompts_drop(struct slot *slot); /* the unit ends: nothing is asked any more */
json_t *prompts_message(const struct slot *slot);
/* NULL, or why the answer is none. `slot` may be NULL. */
const char *prompts_answer(struct slot *slot, const char *what, const char *by);
bool prompts_expect_absence(const struct slot *slot); /* the unit may be taken out now */

/* sessions.c */
void session_init(struct client *client);
void session_drop(struct client *client); /* it leaves */
void session_login(struct client *client, const char *name, const char *password);
void session_logout(struct client *client);
void session_alive(struct client *client);
void session_act(struct client *client, const json_t *act, const json_t *witness);
/* Notes in the journal what the person of this client did, if somebody is logged in there. */
void session_note(struct client *client, const char *act, const char *subject, const char *reason);
const char *session_person(const struct station *st); /* anybody who is logged in; "": nobody */

/* clients.c */
int clients_listen(struct station *st, struct err *err);
void clients_close(struct station *st);
void clients_tell(struct station *st, json_t *message);	      /* steals; to all that watch */
void client_tell(struct client *client, json_t *message);     /* steals; client may be NULL */
struct client *clients_find(struct station *st, unsigned id); /* NULL: it has left */
json_t *clients_station_message(struct station *st);
json_t *clients_slot_message(struct slot *slot);

#endif
