/* Format json: the attempt as it is, reports/unit.schema.json. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

char *report_make_json(const json_t *attempts, size_t *length, struct err *err)
{
	char *text =
		json_dumps(json_array_get(attempts, 0), JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	char *line = text ? realloc(text, strlen(text) + 2) : NULL;

	if (!line) {
		free(text);
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	strcat(line, "\n");
	*length = strlen(line);
	return line;
}
