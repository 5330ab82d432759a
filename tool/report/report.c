#include "report/report.h"

#include <string.h>

/* Alphabetical. */
static const struct report_format formats[] = {
	{"json", "json", report_make_json, 1},
	{"junit", "xml", report_make_junit, 0},
	{"text", "txt", report_make_text, 1},
};

const struct report_format *report_formats(size_t *n)
{
	*n = sizeof(formats) / sizeof(formats[0]);
	return formats;
}

const struct report_format *report_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

const char *report_text(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}
