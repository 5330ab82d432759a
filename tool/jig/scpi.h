/*
 * SCPI text: replies cut into fields and fields into numbers (IEEE 488.2 clause 8, PJ-1 "Line").
 */
#ifndef JIG_SCPI_H
#define JIG_SCPI_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

enum { SCPI_FIELDS = 32 };

/* A reply line cut at `;` outside of quotes. Works inside the caller's line. */
struct scpi_reply {
	size_t n;
	char *fields[SCPI_FIELDS];
};

int scpi_split(char *line, struct scpi_reply *reply, struct err *err);

/* 9.91E+37 ("not measured") becomes NaN. E_PROTOCOL if the field is no number. */
int scpi_real(const char *field, double *value, struct err *err);
int scpi_integer(const char *field, int64_t *value, struct err *err); /* `1`, `1.0`, `1.0E+00` */

/* Takes the quotes off "text"; E_PROTOCOL if it is not quoted or longer than size - 1. */
int scpi_string(const char *field, char *out, size_t size, struct err *err);

/* code,"text" as SYSTem:ERRor? answers. */
int scpi_error(const char *field, int *code, char *text, size_t size, struct err *err);

/* The next part of *list up to `separator`, cut off in place; NULL when nothing is left. */
char *scpi_part(char **list, char separator);

#endif
