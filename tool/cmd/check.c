/* payjig check FILE...: profiles, plans, fixtures, station files and jobs, each by what it says it
 * is. */
#include "cmd/cmd.h"
#include "cmd/station_file.h"
#include "core/file.h"
#include "job/signature.h"
#include "link/link.h"
#include "plan/fixture.h"
#include "plan/plan.h"
#include "slot/place.h"
#include "slot/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 256, FILE_MAX = 1024 * 1024 };

static int check_profile(const char *path, const char *text, size_t n, struct err *err)
{
	struct profile profile;

	return profile_read(path, text, n, &profile, err);
}

static int check_plan(const char *path, const char *text, size_t n, struct err *err)
{
	struct plan plan;
	int ret = plan_read(path, text, n, &plan, err);

	for (size_t i = 0; i < plan.step_n && ret == 0; i++)
		if (!steps_find(plan.steps[i].step))
			ret = err_set(err, E_CONFIG, "%s: steps: \"%s\": there is no such step",
				path, plan.steps[i].step);
	return ret;
}

/* That the slot has a carrier, and what its carrier needs. */
static int check_slot(
	const struct fixture_slot *slot, const struct profile *profile, struct err *err)
{
	const struct link_driver *driver = link_find(slot->link);
	struct place place;
	struct link *link;

	if (!driver)
		return err_set(err, E_CONFIG, "link \"%s\": there is no such link", slot->link);
	place_fill(&place, slot, profile);
	link = driver->make(&place.link, err);
	if (!link)
		return err->status;
	driver->drop(link);
	return 0;
}

static int check_fixture(const char *path, const char *text, size_t n, struct err *err)
{
	struct fixture fixture;
	struct profile product;
	int ret = fixture_read(path, text, n, &fixture, err);

	for (size_t i = 0; i < fixture.slot_n && ret == 0; i++) {
		char *profile = file_beside(path, fixture.slots[i].profile), *inner = NULL;
		size_t inner_n;

		ret = profile ? file_read(profile, FILE_MAX, &inner, &inner_n, err)
			      : err_set(err, E_SYSTEM, "out of memory");
		if (ret == 0)
			ret = profile_read(profile, inner, inner_n, &product, err);
		if (ret == 0)
			ret = check_slot(&fixture.slots[i], &product, err);
		if (ret < 0)
			err_prefix(err, "%s: slot %lld", path, (long long)fixture.slots[i].slot);
		free(inner);
		free(profile);
	}
	return ret;
}

static const struct {
	const char *kind;
	int (*check)(const char *path, const char *text, size_t n, struct err *err);
} kinds[] = {
	{"fixture", check_fixture},
	{"plan", check_plan},
	{"profile", check_profile},
	{"station", station_file_check},
};

/* The value of the top-level key `kind`: it decides which table of keys the file is held against.
 */
static void kind_of(const char *text, char kind[16])
{
	kind[0] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "kind: %15[a-z]", kind) == 1)
			return;
	}
}

/* Its signature is checked where it counts: when it is imported, by the station that trusts. */
static int check_job(const char *path, struct err *err)
{
	char *text = NULL;
	size_t n = 0;
	struct job job;
	int ret = file_read(path, JOB_FILE_MAX, &text, &n, err);

	if (ret == 0)
		ret = job_parse(path, text, n, &job, err);
	if (ret == 0)
		job_finish(&job);
	free(text);
	return ret;
}

static int check_file(const char *path, struct err *err)
{
	char *text = NULL, kind[16];
	size_t n = 0, length = strlen(path);
	int ret;

	if (length > 5 && !strcmp(path + length - 5, ".json"))
		return check_job(path, err);
	ret = file_read(path, FILE_MAX, &text, &n, err);
	if (ret < 0)
		return ret;
	kind_of(text, kind);
	ret = err_set(
		err, E_CONFIG, "%s:1: kind: must be one of fixture, plan, profile, station", path);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].kind, kind))
			ret = kinds[i].check(path, text, n, err);
	free(text);
	return ret;
}

int cmd_check(int argc, char **argv)
{
	const struct option_row rows[] = {{0}};
	const char *files[FILES];
	size_t n;
	int ret = options_read(argc, argv, "check FILE...", rows, files, FILES, &n);

	if (ret >= 0)
		return ret;
	if (!n) {
		fprintf(stderr, "payjig: check: name at least one file\n");
		return EXIT_USAGE;
	}
	ret = EXIT_PASS;
	for (size_t i = 0; i < n; i++) {
		struct err err;

		if (check_file(files[i], &err) < 0)
			ret = cmd_failed(&err);
		else
			printf("%s: fine\n", files[i]);
	}
	return ret;
}
