#include "station/station.h"
#include "core/clock.h"
#include "station/private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { CONFIG_MAX = 1024 * 1024, WORKER_LINES = 2 * MESSAGE_MAX, END_MS = 5000 };

struct slot *station_slot(struct station *st, unsigned number)
{
	for (size_t i = 0; i < st->slot_n; i++)
		if (st->slots[i].number == number)
			return &st->slots[i];
	return NULL;
}

void station_stop(struct station *st, const char *code, const char *cause)
{
	st->state = STATION_STOPPED;
	snprintf(st->code, sizeof(st->code), "%s", code);
	snprintf(st->cause, sizeof(st->cause), "%s", cause);
	for (size_t i = 0; i < st->slot_n; i++) {
		struct slot *slot = &st->slots[i];

		if (slot->state == SLOT_WORKING)
			unit_end(slot, code, cause);
		else if (slot->state == SLOT_ASKING)
			unit_unknown(slot, cause);
		else if (slot->state == SLOT_WAITING)
			unit_abort(slot);
	}
	clients_tell(st, clients_station_message(st));
}

/* The bring-up is done, or a lid is closed again: units may start unless something else forbids it.
 */
void station_ready(struct station *st)
{
	if (st->store_failed)
		return;
	if (st->estop || st->lid_open) {
		station_stop(st, st->estop ? "JIG-ESTOP" : "JIG-LID",
			st->estop ? "the emergency stop is pressed" : "the lid is open");
		return;
	}
	st->state = STATION_READY;
	st->code[0] = st->cause[0] = '\0';
	clients_tell(st, clients_station_message(st));
	for (size_t i = 0; i < st->slot_n; i++)
		unit_inserted(&st->slots[i]);
}

/* ---- events of the jig ---- */

static void jig_up(void *arg)
{
	bringup_start(arg);
}

static void jig_down(void *arg, const struct err *err)
{
	struct station *st = arg;

	loop_untimer(st->loop, &st->bringup_retry);
	station_stop(st, err->status == E_PROTOCOL ? "JIG-PROTOCOL" : "JIG-GONE", err->text);
}

static void jig_restarted(void *arg)
{
	struct station *st = arg;

	station_stop(st, "JIG-RESET", "the jig restarted");
	bringup_start(st);
}

static void on_interlock(struct station *st, unsigned slot, const char *word, int value)
{
	(void)slot;
	if (!strcmp(word, "LID"))
		st->lid_open = value != 1;
	else if (!strcmp(word, "ESTOP"))
		st->estop = value != 0;
	/* Ends every unit in work, or lets units start again. */
	station_ready(st);
}

static void on_detect(struct station *st, unsigned number, const char *word, int value)
{
	struct slot *slot = station_slot(st, number);

	(void)word;
	if (slot)
		unit_presence(slot, value == 1);
}

static void on_output(struct station *st, unsigned number, const char *word, int value)
{
	struct slot *slot = station_slot(st, number);

	(void)word;
	if (slot && value == JIG_E_OVERCURRENT)
		unit_end(slot, "PWR-SHORT", "the unit shorts its supply: the output tripped");
}

static void on_system(struct station *st, unsigned slot, const char *word, int value)
{
	(void)slot;
	(void)word;
	if (value != JIG_E_WATCHDOG)
		return;
	for (size_t i = 0; i < st->slot_n; i++)
		unit_end(&st->slots[i], "JIG-TIMEOUT",
			"the jig heard nothing for a second and switched off");
}

static void jig_event(void *arg, const char *node, unsigned slot, const char *word, int value)
{
	static const struct {
		const char *node;
		void (*handle)(struct station *st, unsigned slot, const char *word, int value);
	} handlers[] = {
		{"DET", on_detect},
		{"OUTP", on_output},
		{"SYST", on_system},
		{"SYST:INT", on_interlock},
	};

	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(handlers[i].node, node))
			handlers[i].handle(arg, slot, word, value);
}

/* ---- ending ---- */

static bool in_work(const struct station *st)
{
	for (size_t i = 0; i < st->slot_n; i++)
		if (unit_has_jig(&st->slots[i]) || st->slots[i].state == SLOT_ENDING)
			return true;
	return false;
}

void station_check_end(struct station *st)
{
	bool alone = true;

	for (size_t i = 0; i < CLIENTS; i++)
		alone &= !st->clients[i];
	if (st->options->once && st->had_client && alone)
		st->ending = true;
	if (st->ending && !in_work(st))
		loop_stop(st->loop);
}

static void end_late(void *arg)
{
	struct station *st = arg;

	loop_stop(st->loop); /* what is open is completed at the next start; the watchdog does the
				rest */
}

void station_end(struct station *st)
{
	if (st->ending)
		return;
	st->ending = true;
	loop_timer(st->loop, &st->end_deadline, END_MS);
	for (size_t i = 0; i < st->slot_n; i++)
		unit_abort(&st->slots[i]);
	station_check_end(st);
}

static void on_signal(void *arg, short revents)
{
	struct station *st = arg;
	struct signalfd_siginfo info;

	(void)revents;
	while (read(st->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			worker_reap(st);
		else
			station_end(st);
	}
}

static int catch_signals(struct station *st, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on file size is a full disk, not a death */
	st->signals = (struct watch){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
		.events = POLLIN,
		.ready = on_signal,
		.arg = st};
	if (st->signals.fd < 0)
		return err_set(err, E_SYSTEM, "no signals: %s", strerror(errno));
	loop_watch(st->loop, &st->signals);
	return 0;
}

/* ---- configuration ---- */

static int read_config(struct config_file *f, const char *path, struct err *err)
{
	int ret;

	f->path = strdup(path);
	if (!f->path)
		return err_set(err, E_SYSTEM, "out of memory");
	ret = file_read(path, CONFIG_MAX, &f->text, &f->length, err);
	if (ret == 0)
		file_digest(f->text, f->length, f->digest);
	return ret;
}

static void free_config(struct config_file *f)
{
	free(f->path);
	free(f->text);
}

static int configure_slot(struct station *st, size_t i, struct err *err)
{
	struct slot *slot = &st->slots[i];
	char *path;
	int ret;

	slot->station = st;
	slot->fixture = &st->fixture.slots[i];
	slot->number = (unsigned)slot->fixture->slot;
	unit_init(slot);
	if (!slot->apdus || lines_init(&slot->lines, WORKER_LINES) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	path = file_beside(st->fixture_file.path, slot->fixture->profile);
	if (!path)
		return err_set(err, E_SYSTEM, "out of memory");
	ret = read_config(&slot->profile_file, path, err);
	free(path);
	if (ret == 0)
		ret = profile_read(slot->profile_file.path, slot->profile_file.text,
			slot->profile_file.length, &slot->profile, err);
	return ret;
}

static int configure(struct station *st, struct err *err)
{
	const struct station_options *o = st->options;
	int ret;

	if ((ret = read_config(&st->fixture_file, o->fixture, err)) < 0 ||
		(ret = fixture_read(o->fixture, st->fixture_file.text, st->fixture_file.length,
			 &st->fixture, err)) < 0 ||
		(ret = fixture_set_nfc(o->fixture, &st->fixture, o->reader, o->phone, err)) < 0 ||
		(ret = read_config(&st->plan_file, o->plan, err)) < 0 ||
		(ret = plan_read(
			 o->plan, st->plan_file.text, st->plan_file.length, &st->plan, err)) < 0 ||
		(ret = identity_open(&st->identity, o->fixture, &st->fixture, err)) < 0)
		return ret;
	st->keys = identity_keys(o->fixture, &st->fixture, err);
	if (!st->keys)
		return err->status;
	for (size_t i = 0; i < st->fixture.slot_n; i++) {
		st->slot_n = i + 1;
		ret = configure_slot(st, i, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void retry_bringup(void *arg)
{
	struct station *st = arg;

	if (jig_is_up(st->jig))
		bringup_start(st);
}

static int start(struct station *st, struct err *err)
{
	const struct jig_listener listener = {.arg = st,
		.up = jig_up,
		.down = jig_down,
		.event = jig_event,
		.restarted = jig_restarted};
	const struct station_options *o = st->options;
	int ret;

	st->count_timer = (struct timer){.fired = asks_count, .arg = st};
	st->bringup_retry = (struct timer){.fired = retry_bringup, .arg = st};
	st->end_deadline = (struct timer){.fired = end_late, .arg = st};
	if ((ret = catch_signals(st, err)) < 0 || (ret = configure(st, err)) < 0 ||
		(ret = jobs_open(st, err)) < 0 ||
		(ret = queue_new(&st->writer, st->loop, st->store, err)) < 0 ||
		(ret = queue_new(&st->asker, st->loop, NULL, err)) < 0 ||
		(ret = jig_open(&st->jig, st->loop, o->jig ? o->jig : st->fixture.jig,
			 st->fixture.reply_ms, &listener, err)) < 0 ||
		(ret = clients_listen(st, err)) < 0)
		return ret;
	for (size_t i = 0; i < st->slot_n; i++)
		if ((ret = worker_start(&st->slots[i], err)) < 0)
			return ret;
	asks_count(st);
	if (o->notify_fd >= 0 && write(o->notify_fd, "\n", 1) == 1)
		close(o->notify_fd);
	return 0;
}

static void finish(struct station *st)
{
	st->ending = true;
	for (size_t i = 0; i < st->slot_n; i++) {
		struct slot *slot = &st->slots[i];

		loop_untimer(st->loop, &slot->insert_deadline);
		loop_untimer(st->loop, &slot->step_deadline);
		loop_untimer(st->loop, &slot->unit_deadline);
	}
	workers_end(st);
	/* What still asked the jig is answered, its records are written, then clients hear of it.
	 */
	jig_close(st->jig);
	st->jig = NULL;
	loop_untimer(st->loop, &st->count_timer);
	queue_free(st->asker);
	for (size_t i = 0; i < CLIENTS; i++)
		if (st->clients[i])
			session_drop(st->clients[i]);
	queue_free(st->writer);
	clients_close(st);
	for (size_t i = 0; i < st->slot_n; i++) {
		json_decref(st->slots[i].apdus);
		json_decref(st->slots[i].step);
		json_decref(st->slots[i].last_end);
		free_config(&st->slots[i].profile_file);
		lines_finish(&st->slots[i].lines);
	}
	json_decref(st->counts);
	jobs_close(st);
	free_config(&st->fixture_file);
	free_config(&st->plan_file);
	identity_close(&st->identity);
	free(st->keys);
	if (st->signals.added) {
		loop_unwatch(st->loop, &st->signals);
		close(st->signals.fd);
	}
	loop_free(st->loop);
	free(st);
}

int station_run(const struct station_options *options, struct err *err)
{
	struct station *st = calloc(1, sizeof(*st));
	int ret;

	if (!st)
		return err_set(err, E_SYSTEM, "out of memory");
	st->options = options;
	st->loop = loop_new();
	if (!st->loop) {
		free(st);
		return err_set(err, E_SYSTEM, "out of memory");
	}
	ret = start(st, err);
	if (ret == 0 && loop_run(st->loop) < 0)
		ret = err_set(err, E_SYSTEM, "poll fails: %s", strerror(errno));
	finish(st);
	return ret;
}
