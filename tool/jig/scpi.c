#include "jig/scpi.h"
#include "core/num.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int scpi_split(char *line, struct scpi_reply *reply, struct err *err)
{
	int quoted = 0;

	reply->n = 1;
	reply->fields[0] = line;
	for (char *p = line; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p != ';' || quoted)
			continue;
		if (reply->n == SCPI_FIELDS)
			return err_set(
				err, E_PROTOCOL, "a reply with more than %d fields", SCPI_FIELDS);
		*p = '\0';
		reply->fields[reply->n++] = p + 1;
	}
	return quoted ? err_set(err, E_PROTOCOL, "a reply with an open quote") : 0;
}

int scpi_real(const char *field, double *value, struct err *err)
{
	double v;

	if (num_real(field, &v) < 0)
		return err_set(err, E_PROTOCOL, "\"%.40s\" is not a number", field);
	*value = v >= 9.9e37 ? NAN : v;
	return 0;
}

int scpi_integer(const char *field, int64_t *value, struct err *err)
{
	double v;

	if (num_real(field, &v) < 0 || floor(v) != v || fabs(v) > 1e15)
		return err_set(err, E_PROTOCOL, "\"%.40s\" is not an integer", field);
	*value = (int64_t)v;
	return 0;
}

int scpi_string(const char *field, char *out, size_t size, struct err *err)
{
	size_t n = strlen(field);

	if (n < 2 || field[0] != '"' || field[n - 1] != '"' || n - 2 >= size)
		return err_set(err, E_PROTOCOL, "\"%.40s\" is not a quoted text", field);
	memcpy(out, field + 1, n - 2);
	out[n - 2] = '\0';
	return 0;
}

int scpi_error(const char *field, int *code, char *text, size_t size, struct err *err)
{
	const char *comma = strchr(field, ',');
	char number[16];
	int64_t v;

	if (!comma || (size_t)(comma - field) >= sizeof(number))
		return err_set(err, E_PROTOCOL, "\"%.40s\" is not an error report", field);
	snprintf(number, sizeof(number), "%.*s", (int)(comma - field), field);
	if (scpi_integer(number, &v, err) < 0)
		return err->status;
	*code = (int)v;
	return scpi_string(comma + 1, text, size, err);
}

char *scpi_part(char **list, char separator)
{
	char *start = *list, *end;

	if (!start)
		return NULL;
	end = strchr(start, separator);
	if (end)
		*end++ = '\0';
	*list = end;
	return start;
}
