/* Format junit: a test suite a unit, a test case a step; what CI systems and dashboards read. */
#include "report/report.h"

#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void attribute(xmlTextWriterPtr w, const char *name, const char *value)
{
	xmlTextWriterWriteAttribute(w, BAD_CAST name, BAD_CAST value);
}

static void number(xmlTextWriterPtr w, const char *name, size_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", value);
	attribute(w, name, text);
}

static void seconds(xmlTextWriterPtr w, const json_t *object)
{
	char text[24];

	snprintf(text, sizeof(text), "%.3f",
		(double)json_integer_value(json_object_get(object, "ms")) / 1000);
	attribute(w, "time", text);
}

static size_t count(const json_t *steps, const char *verdict)
{
	const json_t *step;
	size_t i, n = 0;

	json_array_foreach(steps, i, step) n += !strcmp(report_text(step, "verdict"), verdict);
	return n;
}

static void write_case(xmlTextWriterPtr w, const json_t *unit, const json_t *step)
{
	const char *verdict = report_text(step, "verdict");

	xmlTextWriterStartElement(w, BAD_CAST "testcase");
	attribute(w, "name", report_text(step, "step"));
	attribute(w, "classname", report_text(unit, "unit"));
	seconds(w, step);
	if (strcmp(verdict, "PASS") != 0) {
		const char *element = !strcmp(verdict, "FAIL")	  ? "failure"
				      : !strcmp(verdict, "ABORT") ? "skipped"
								  : "error";

		xmlTextWriterStartElement(w, BAD_CAST element);
		if (strcmp(verdict, "ABORT") != 0)
			attribute(w, "type", report_text(step, "code"));
		attribute(w, "message", report_text(step, "cause"));
		xmlTextWriterEndElement(w);
	}
	xmlTextWriterEndElement(w);
}

static void write_suite(xmlTextWriterPtr w, const json_t *unit)
{
	const json_t *steps = json_object_get(unit, "steps"), *step;
	size_t i;

	xmlTextWriterStartElement(w, BAD_CAST "testsuite");
	attribute(w, "name", report_text(unit, "unit"));
	attribute(w, "timestamp", report_text(unit, "started"));
	number(w, "tests", json_array_size(steps));
	number(w, "failures", count(steps, "FAIL"));
	number(w, "errors", count(steps, "ERROR"));
	number(w, "skipped", count(steps, "ABORT"));
	seconds(w, unit);
	json_array_foreach(steps, i, step) write_case(w, unit, step);
	xmlTextWriterEndElement(w);
}

char *report_make_junit(const json_t *attempts, size_t *length, struct err *err)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	xmlTextWriterPtr w = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
	const json_t *unit;
	char *text = NULL;
	size_t i;

	if (!w)
		goto out;
	xmlTextWriterSetIndent(w, 1);
	xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(w, BAD_CAST "testsuites");
	attribute(w, "name", "payjig");
	json_array_foreach(attempts, i, unit) write_suite(w, unit);
	if (xmlTextWriterEndDocument(w) < 0)
		goto out;
	xmlTextWriterFlush(w);
	text = strdup((const char *)xmlBufferContent(buffer));
out:
	if (w)
		xmlFreeTextWriter(w);
	xmlBufferFree(buffer);
	if (!text)
		err_set(err, E_SYSTEM, "out of memory");
	else
		*length = strlen(text);
	return text;
}
