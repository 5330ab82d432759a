#include "station/identity.h"
#include "core/file.h"
#include "core/secret.h"
#include "job/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1024 * 1024 };

/* The folder of the user's own state, as the XDG base directory specification has it. */
static char *user_state(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (asprintf(&path, state && state[0] ? "%s/payjig" : "%s/.local/state/payjig",
		    state && state[0] ? state
		    : home	      ? home
				      : "") < 0)
		return NULL;
	return path;
}

int identity_open(
	struct identity *id, const char *path, const struct fixture *fixture, struct err *err)
{
	char *key = file_beside(path, fixture->station_key);
	int ret;

	*id = (struct identity){0};
	if (secret_init() < 0) { /* from here on this process has a key: no core dumps */
		free(key);
		return err_set(err, E_SYSTEM, "out of memory");
	}
	id->trust = file_beside(path, fixture->trust);
	id->state = fixture->state[0] ? file_beside(path, fixture->state) : user_state();
	ret = key && id->trust && id->state ? signer_open(&id->signer, key, err)
					    : err_set(err, E_SYSTEM, "out of memory");
	free(key);
	if (ret == 0)
		signer_name(id->signer, id->name);
	return ret;
}

void identity_close(struct identity *id)
{
	signer_close(id->signer);
	free(id->trust);
	free(id->state);
	*id = (struct identity){0};
}

int identity_fixture(const char *path, struct fixture *fixture, struct err *err)
{
	char *text = NULL;
	size_t n = 0;
	int ret = file_read(path, CONFIG_MAX, &text, &n, err);

	if (ret == 0)
		ret = fixture_read(path, text, n, fixture, err);
	free(text);
	return ret;
}

int identity_load(struct identity *id, const char *path, struct fixture *fixture, struct err *err)
{
	int ret = identity_fixture(path, fixture, err);

	*id = (struct identity){0};
	return ret < 0 ? ret : identity_open(id, path, fixture, err);
}

int identity_profile(
	const char *path, const struct fixture_slot *slot, struct profile *profile, struct err *err)
{
	char *file = file_beside(path, slot->profile), *text = NULL;
	size_t n = 0;
	int ret = file ? file_read(file, CONFIG_MAX, &text, &n, err)
		       : err_set(err, E_SYSTEM, "out of memory");

	if (ret == 0)
		ret = profile_read(file, text, n, profile, err);
	free(text);
	free(file);
	return ret;
}

char *identity_keys(const char *path, const struct fixture *fixture, struct err *err)
{
	const char *where = strchr(fixture->keys, ':');
	char *file, *spec = NULL;

	if (!where) {
		err_set(err, E_CONFIG, "%s: keys: must be PROVIDER:WHERE", path);
		return NULL;
	}
	file = file_beside(path, where + 1);
	if (!file || asprintf(&spec, "%.*s%s", (int)(where - fixture->keys + 1), fixture->keys,
			     file) < 0) {
		spec = NULL;
		err_set(err, E_SYSTEM, "out of memory");
	}
	free(file);
	return spec;
}

static int check_product(const char *path, const struct job *job, const struct profile *profiles,
	size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!profile_is_product(&profiles[i], job->product))
			continue;
		if (profile_takes_key_set(&profiles[i], job->key_set))
			return 0;
		return err_set(err, E_CONFIG, "%s: key set \"%s\" is none of product %s", path,
			job->key_set, job->product);
	}
	return err_set(err, E_CONFIG, "%s: product \"%s\" is not what the slots hold (\"%s\")",
		path, job->product, n ? profiles[0].name : "");
}

static struct store_card *copy_cards(const struct job *job)
{
	struct store_card *cards = calloc(job->card_n, sizeof(*cards));

	for (size_t i = 0; cards && i < job->card_n; i++) {
		strcpy(cards[i].number, job->cards[i].number);
		strcpy(cards[i].valid_from, job->cards[i].valid_from);
		strcpy(cards[i].valid_to, job->cards[i].valid_to);
		strcpy(cards[i].extended, job->cards[i].extended);
		strcpy(cards[i].keys, job->cards[i].keys);
	}
	return cards;
}

int identity_import(const struct identity *id, struct store *store, const char *path,
	const struct profile *profiles, size_t n, char name[STORE_TEXT], struct err *err)
{
	struct store_card *cards = NULL;
	struct job job;
	int ret = job_open(path, id->trust, id->name, &job, err);

	if (ret < 0)
		return ret;
	ret = check_product(path, &job, profiles, n, err);
	if (ret == 0 && !(cards = copy_cards(&job)))
		ret = err_set(err, E_SYSTEM, "out of memory");
	if (ret == 0)
		ret = store_add_job(store,
			&(struct store_job){.name = job.name,
				.product = job.product,
				.key_set = job.key_set,
				.digest = job.digest,
				.allotment = job.allotment,
				.realm = job.production ? "PRODUCTION" : "LAB",
				.signer = job.signer,
				.terms = job.terms,
				.cards = cards,
				.card_n = job.card_n},
			err);
	if (ret == 0)
		strcpy(name, job.name);
	else
		err_prefix(err, "%s", path);
	free(cards);
	job_finish(&job);
	return ret;
}
