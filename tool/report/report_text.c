/* Format text: one page a person can read. */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_measurement(FILE *f, const json_t *m)
{
	const json_t *value = json_object_get(m, "value");
	char shown[32] = "none";

	if (json_is_number(value))
		snprintf(shown, sizeof(shown), "%.5g", json_number_value(value));
	fprintf(f, "      %-22s %10s %-4s  %9.5g .. %-9.5g %s\n", report_text(m, "name"), shown,
		report_text(m, "unit"), json_number_value(json_object_get(m, "low")),
		json_number_value(json_object_get(m, "high")), report_text(m, "judgement"));
}

static void write_step(FILE *f, const json_t *step)
{
	const json_t *m;
	size_t i;

	fprintf(f, "  %-5s %-18s %7.2f s  %3zu APDUs", report_text(step, "verdict"),
		report_text(step, "step"),
		(double)json_integer_value(json_object_get(step, "ms")) / 1000,
		json_array_size(json_object_get(step, "apdus")));
	if (report_text(step, "code")[0])
		fprintf(f, "  %s", report_text(step, "code"));
	fputc('\n', f);
	if (report_text(step, "cause")[0])
		fprintf(f, "      %s\n", report_text(step, "cause"));
	if (report_text(step, "note")[0])
		fprintf(f, "      %s\n", report_text(step, "note"));
	json_array_foreach(json_object_get(step, "measurements"), i, m) write_measurement(f, m);
}

static void write_file(FILE *f, const json_t *unit, const char *what)
{
	const json_t *file = json_object_get(unit, what);

	fprintf(f, "%-9s %s (sha256 %.16s...)\n", what, report_text(file, "name"),
		report_text(file, "sha256"));
}

static void write_unit(FILE *f, const json_t *unit)
{
	const json_t *step;
	size_t i;

	fprintf(f, "%s  unit %s  attempt %lld (try %lld)%s\n\n", report_text(unit, "verdict"),
		report_text(unit, "unit"),
		(long long)json_integer_value(json_object_get(unit, "attempt")),
		(long long)json_integer_value(json_object_get(unit, "try")),
		json_is_true(json_object_get(unit, "lab")) ? "  LAB KEYS: not for production" : "");
	if (report_text(unit, "code")[0])
		fprintf(f, "%s: %s\nwhat to do: %s\n\n", report_text(unit, "code"),
			report_text(unit, "cause"), report_text(unit, "action"));
	fprintf(f, "slot      %lld\ncard      %s %s\nstarted   %s\nended     %s (%.1f s)\n",
		(long long)json_integer_value(json_object_get(unit, "slot")),
		report_text(unit, "card"), report_text(unit, "card_state"),
		report_text(unit, "started"), report_text(unit, "ended"),
		(double)json_integer_value(json_object_get(unit, "ms")) / 1000);
	write_file(f, unit, "job");
	write_file(f, unit, "plan");
	write_file(f, unit, "profile");
	write_file(f, unit, "fixture");
	fprintf(f, "jig       %s\nprogram   payjig %s\n\nsteps\n", report_text(unit, "jig"),
		report_text(unit, "version"));
	json_array_foreach(json_object_get(unit, "steps"), i, step) write_step(f, step);
}

char *report_make_text(const json_t *attempts, size_t *length, struct err *err)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, length);

	if (f) {
		write_unit(f, json_array_get(attempts, 0));
		if (fclose(f) == 0)
			return text;
	}
	free(text);
	err_set(err, E_SYSTEM, "out of memory");
	return NULL;
}
