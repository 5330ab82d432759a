/* payjig report: the reports of a store, one file a unit or one for all. */
#include "report/report.h"
#include "cmd/cmd.h"
#include "core/file.h"
#include "core/num.h"
#include "store/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096 };

struct job {
	struct reader *reader;
	const char *folder;
	int64_t *ids;
	size_t n;
};

static int write_report(
	const struct report_format *f, const char *path, const json_t *attempts, struct err *err)
{
	size_t length = 0;
	char *text = f->make(attempts, &length, err);
	int ret = text ? file_write(path, FILE_SHARED, text, length, err) : err->status;

	free(text);
	if (ret == 0)
		printf("%s\n", path);
	return ret;
}

static int write_units(const struct report_format *f, const struct job *job, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < job->n && ret == 0; i++) {
		json_t *unit = reader_attempt(job->reader, job->ids[i], err);
		json_t *list = unit ? json_pack("[o]", unit) : NULL;
		char path[PATH];

		if (!list)
			return err->status;
		snprintf(path, sizeof(path), "%s/%s-%lld.%s", job->folder,
			report_text(unit, "unit"), (long long)job->ids[i], f->extension);
		ret = write_report(f, path, list, err);
		json_decref(list);
	}
	return ret;
}

static int write_all(const struct report_format *f, const struct job *job, struct err *err)
{
	json_t *list = json_array();
	char path[PATH];
	int ret = 0;

	for (size_t i = 0; i < job->n && ret == 0; i++) {
		json_t *unit = reader_attempt(job->reader, job->ids[i], err);

		ret = unit ? 0 : err->status;
		if (unit)
			json_array_append_new(list, unit);
	}
	snprintf(path, sizeof(path), "%s/run.%s", job->folder, f->extension);
	if (ret == 0)
		ret = write_report(f, path, list, err);
	json_decref(list);
	return ret;
}

static int write_format(const struct report_format *f, const struct job *job, struct err *err)
{
	return f->per_unit ? write_units(f, job, err) : write_all(f, job, err);
}

static int write_reports(
	const char *store, const char *format, int64_t from, struct job *job, struct err *err)
{
	const struct report_format *formats;
	size_t formats_n;
	int n, ret = reader_open(&job->reader, store, err);

	if (ret < 0)
		return ret;
	n = reader_attempts(job->reader, from, &job->ids, err);
	if (n < 0)
		return n;
	job->n = (size_t)n;
	if (mkdir(job->folder, 0755) < 0 && errno != EEXIST)
		return err_set(err, E_SYSTEM, "%s: %s", job->folder, strerror(errno));
	formats = report_formats(&formats_n);
	for (size_t i = 0; i < formats_n && ret == 0; i++)
		if (!format || !strcmp(format, formats[i].name))
			ret = write_format(&formats[i], job, err);
	return ret;
}

int cmd_report(int argc, char **argv)
{
	const char *store = NULL, *folder = NULL, *format = NULL, *from_text = NULL;
	const struct option_row rows[] = {
		{"format", "NAME", "json, junit or text (all)", &format, NULL, false},
		{"from", "ATTEMPT", "from this attempt on (1)", &from_text, NULL, false},
		{"out", "FOLDER", "where to (STORE.reports)", &folder, NULL, false},
		{"store", "FILE", "the store", &store, NULL, true},
		{0},
	};
	char beside[PATH];
	struct job job = {0};
	int64_t from = 1;
	struct err err;
	size_t n;
	int ret = options_read(argc, argv, "report --store FILE", rows, NULL, 0, &n);

	if (ret >= 0)
		return ret;
	if (from_text && num_integer(from_text, &from) < 0) {
		fprintf(stderr, "payjig: report: --from %s: not a number\n", from_text);
		return EXIT_USAGE;
	}
	if (format && !report_find(format)) {
		fprintf(stderr, "payjig: report: --format %s: must be json, junit or text\n",
			format);
		return EXIT_USAGE;
	}
	snprintf(beside, sizeof(beside), "%s.reports", store);
	job.folder = folder ? folder : beside;
	ret = write_reports(store, format, from, &job, &err);
	reader_close(job.reader);
	free(job.ids);
	return ret < 0 ? cmd_failed(&err) : EXIT_PASS;
}
