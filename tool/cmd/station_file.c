#include "cmd/station_file.h"
#include "core/conf.h"
#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 65536 };

struct content {
	int kind;
	char fixture[STATION_FILE_TEXT], plan[STATION_FILE_TEXT], job[STATION_FILE_TEXT],
		store[STATION_FILE_TEXT];
};

static const char *const kinds[] = {"station", NULL};

#define AT(member) offsetof(struct content, member)

static const struct conf_field fields[] = {
	{"kind", CONF_WORD, AT(kind), .required = true, .words = kinds},
	{"fixture", CONF_STRING, AT(fixture), .size = STATION_FILE_TEXT, .required = true},
	{"plan", CONF_STRING, AT(plan), .size = STATION_FILE_TEXT, .required = true},
	{"job", CONF_STRING, AT(job), .size = STATION_FILE_TEXT, .required = true},
	{"store", CONF_STRING, AT(store), .size = STATION_FILE_TEXT, .required = true},
	{0},
};

int station_file_check(const char *path, const char *text, size_t length, struct err *err)
{
	struct content content = {0};

	return conf_read(path, text, length, fields, &content, err);
}

/* The first of the usual places that is there; "" if none is. */
static void usual(char path[STATION_FILE_TEXT])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char candidates[3][STATION_FILE_TEXT];

	snprintf(candidates[0], STATION_FILE_TEXT, "payjig.yaml");
	if (config && config[0])
		snprintf(candidates[1], STATION_FILE_TEXT, "%s/payjig/station.yaml", config);
	else
		snprintf(candidates[1], STATION_FILE_TEXT, "%s/.config/payjig/station.yaml",
			home ? home : "");
	snprintf(candidates[2], STATION_FILE_TEXT, "/etc/payjig/station.yaml");
	path[0] = '\0';
	for (size_t i = 0; i < 3 && !path[0]; i++)
		if (access(candidates[i], F_OK) == 0)
			strcpy(path, candidates[i]);
}

static int fill(
	struct station_file *file, const char *path, struct station_options *o, struct err *err)
{
	struct content content = {0};
	const struct {
		const char **option, *value;
	} rows[STATION_FILE_PATHS] = {{&o->fixture, content.fixture}, {&o->plan, content.plan},
		{&o->job, content.job}, {&o->store, content.store}};
	char *text = NULL;
	size_t n = 0;
	int ret = file_read(path, FILE_MOST, &text, &n, err);

	if (ret == 0)
		ret = conf_read(path, text, n, fields, &content, err);
	for (size_t i = 0; i < STATION_FILE_PATHS && ret == 0; i++) {
		if (*rows[i].option)
			continue;
		/* A job that is no path is the name of one that is in the store. */
		file->paths[i] = rows[i].option == &o->job && !strchr(rows[i].value, '.')
					 ? strdup(rows[i].value)
					 : file_beside(path, rows[i].value);
		*rows[i].option = file->paths[i];
		if (!file->paths[i])
			ret = err_set(err, E_SYSTEM, "out of memory");
	}
	free(text);
	return ret;
}

int station_file_find(
	struct station_file *file, const char *path, struct station_options *o, struct err *err)
{
	char found[STATION_FILE_TEXT];

	*file = (struct station_file){0};
	if (o->fixture && o->plan && o->job && o->store)
		return 0;
	if (!path) {
		usual(found);
		path = found;
	}
	if (!path[0])
		return err_set(err, E_CONFIG,
			"which station? --fixture, --plan, --job and --store, or a station file (payjig.yaml)");
	return fill(file, path, o, err);
}

void station_file_finish(struct station_file *file)
{
	for (size_t i = 0; i < STATION_FILE_PATHS; i++)
		free(file->paths[i]);
}
