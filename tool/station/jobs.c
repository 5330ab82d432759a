/* The store with its job: opened, recovered, reconciled before the first unit; and what persons do
 * to cards and jobs while the station runs. */
#include "station/private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_job(struct station *st, const char *name, struct err *err)
{
	struct station_job *j = &st->job;

	j->facts = store_get_job(st->store, name, err);
	if (!j->facts)
		return err->status;
	j->name = message_string(j->facts, "job");
	j->product = message_string(j->facts, "product");
	j->key_set = message_string(j->facts, "key_set");
	j->digest = message_string(j->facts, "digest");
	j->terms = json_object_get(j->facts, "terms");
	j->production = !strcmp(message_string(j->facts, "realm"), "PRODUCTION");
	return 0;
}

/* --job is a file, which is imported if it is not yet, or the name of one that is. */
static int import_job(struct station *st, char name[STORE_TEXT], struct err *err)
{
	const char *job = st->options->job;
	struct profile *profiles;
	int ret;

	if (access(job, F_OK) < 0 && !strchr(job, '/')) {
		snprintf(name, STORE_TEXT, "%s", job);
		return 0;
	}
	profiles = calloc(st->slot_n, sizeof(*profiles));
	if (!profiles)
		return err_set(err, E_SYSTEM, "out of memory");
	for (size_t i = 0; i < st->slot_n; i++)
		profiles[i] = st->slots[i].profile;
	ret = identity_import(&st->identity, st->store, job, profiles, st->slot_n, name, err);
	free(profiles);
	return ret;
}

static int check_slots(struct station *st, struct err *err)
{
	for (size_t i = 0; i < st->slot_n; i++) {
		const struct slot *slot = &st->slots[i];

		if (!profile_is_product(&slot->profile, st->job.product))
			return err_set(err, E_CONFIG,
				"%s: product \"%s\" is not what slot %u holds (\"%s\")",
				st->options->job, st->job.product, slot->number,
				slot->profile.name);
		if (!profile_takes_key_set(&slot->profile, st->job.key_set))
			return err_set(err, E_CONFIG, "%s: key set \"%s\" is none of %s",
				st->options->job, st->job.key_set, slot->profile_file.path);
	}
	return 0;
}

static int check_balance(struct station *st, struct err *err)
{
	json_t *balance = store_reconcile(st->store, st->job.name, err);
	const char *first;

	if (!balance)
		return err->status;
	first = json_string_value(json_array_get(json_object_get(balance, "differences"), 0));
	if (first)
		err_set(err, E_STORE, "job %s does not balance and is blocked: %s", st->job.name,
			first);
	json_decref(balance);
	return first ? E_STORE : 0;
}

int jobs_open(struct station *st, struct err *err)
{
	const struct store_options options = {.path = st->options->store,
		.signer = st->identity.signer,
		.state = st->identity.state};
	char name[STORE_TEXT];
	int ret;

	if ((ret = store_open(&st->store, &options, err)) < 0 ||
		(ret = store_recover(st->store, err)) < 0 ||
		(ret = import_job(st, name, err)) < 0 || (ret = read_job(st, name, err)) < 0 ||
		(ret = check_slots(st, err)) < 0 || (ret = check_balance(st, err)) < 0)
		return ret;
	st->unsettled = store_unsettled(st->store, err);
	return st->unsettled ? 0 : err->status;
}

void jobs_close(struct station *st)
{
	store_close(st->store);
	json_decref(st->job.facts);
	json_decref(st->unsettled);
}

/* ---- acts of persons ---- */

struct act {
	struct queue_job job;
	struct station *station;
	unsigned client;
	json_t *what;
};

static int run(struct store *store, struct queue_job *job, struct err *err)
{
	return store_act(store, ((struct act *)job)->what, err);
}

static void done(struct queue_job *job, int status, const struct err *err)
{
	struct act *a = (struct act *)job;
	struct client *client = clients_find(a->station, a->client);
	json_t *m = json_pack("{ss, si}", "type", "act_done", "status", status < 0 ? status : 0);

	if (status < 0)
		json_object_set_new(m, "error", json_string(err->text));
	client_tell(client, m);
	if (status == E_STORE)
		unit_store_failed(&a->station->slots[0], err);
	json_decref(a->what);
	free(a);
}

void jobs_act(struct station *st, struct client *client, const json_t *act)
{
	struct act *a = calloc(1, sizeof(*a));

	if (!a)
		abort(); /* as in units.c: without memory nothing can be recorded */
	a->job = (struct queue_job){.run = run, .done = done};
	a->station = st;
	a->client = client->id;
	a->what = json_deep_copy(act);
	queue_add(st->writer, &a->job);
}
