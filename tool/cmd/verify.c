/* payjig verify: proves offline that stores and reports are what the station wrote. */
#include "store/verify.h"
#include "cmd/cmd.h"
#include "core/file.h"
#include "station/identity.h"
#include "store/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 256, REPORT_MAX = 16 * 1024 * 1024 };

struct against {
	const char *station; /* NULL: the one that is named */
	const char *state;   /* folder of the heads outside; NULL: not looked at */
	const char *head;
};

static int check_report(const char *path, const struct against *a, struct err *err)
{
	char *text = NULL;
	size_t n = 0;
	json_error_t why;
	json_t *report;
	int ret = file_read(path, REPORT_MAX, &text, &n, err);

	if (ret < 0)
		return ret;
	report = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	free(text);
	ret = report ? verify_report(report, a->station, err)
		     : err_set(err, E_CONFIG, "%d: %s", why.line, why.text);
	json_decref(report);
	if (ret < 0)
		err_prefix(err, "%s", path);
	else
		printf("%s: is what the station signed%s\n", path,
			a->station ? "" : " (the one it names: say --station to be sure)");
	return ret;
}

/* The store says which head is its own; it is looked up in the station's folder. */
static int head_of(const char *path, const struct against *a, char head[4096], struct err *err)
{
	char id[33];
	int ret = verify_store_id(path, id, err);

	if (ret == 0)
		outside_path(a->state, id, head);
	return ret;
}

static int check_store(const char *path, const struct against *a, struct err *err)
{
	struct verify_options o = {.station = a->station, .head = a->head};
	struct verify_result r;
	const json_t *finding;
	char head[4096];
	size_t i;
	int ret = 0;

	if (!o.head && a->state) {
		ret = head_of(path, a, head, err);
		o.head = head;
	}
	if (ret < 0)
		return ret;
	ret = verify_store(path, &o, &r, err);
	if (ret == 0 && json_array_size(r.findings)) {
		json_array_foreach(r.findings, i, finding)
			fprintf(stderr, "payjig: %s: %s\n", path, json_string_value(finding));
		ret = err_set(err, E_REFUSED, "%s: %zu findings in %lld records", path,
			json_array_size(r.findings), (long long)r.links);
	} else if (ret == 0) {
		printf("%s: %lld records and %lld signed heads of station %.16s... are whole%s\n",
			path, (long long)r.links, (long long)r.heads, r.station,
			o.head ? "" : "; whether it is the newest was not looked at (--fixture)");
	}
	verify_finish(&r);
	return ret;
}

static int is_report(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && !strcmp(path + n - 5, ".json");
}

int cmd_verify(int argc, char **argv)
{
	const char *station = NULL, *fixture = NULL, *head = NULL, *files[FILES];
	const struct option_row rows[] = {
		{"fixture", "FILE", "the station: its key, and the heads that it keeps", &fixture,
			NULL, false},
		{"head", "FILE", "the head kept outside of the store", &head, NULL, false},
		{"station", "FILE", "the station's public key (PEM)", &station, NULL, false},
		{0},
	};
	char name[SIGNER_NAME];
	struct identity identity = {0};
	struct fixture f;
	struct against a = {.head = head};
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, "verify STORE|REPORT.json...", rows, files, FILES, &n),
	    status = 0;

	if (ret >= 0)
		return ret;
	if (!n)
		return cmd_usage("verify: name a store or a report");
	if (station) {
		status = signer_read_name(station, name, &err);
		a.station = name;
	}
	if (status == 0 && fixture) {
		status = identity_load(&identity, fixture, &f, &err);
		a.state = identity.state;
		if (!station)
			a.station = identity.name;
	}
	ret = status < 0 ? cmd_failed(&err) : EXIT_PASS;
	for (size_t i = 0; i < n && status == 0; i++)
		if ((is_report(files[i]) ? check_report(files[i], &a, &err)
					 : check_store(files[i], &a, &err)) < 0)
			ret = cmd_failed(&err) == EXIT_USAGE ? EXIT_USAGE : EXIT_FAIL;
	identity_close(&identity);
	return ret;
}
