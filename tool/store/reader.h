/*
 * Reading a store: never writes, works beside a running station.
 */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "core/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct reader;

int reader_open(struct reader **reader, const char *path, struct err *err);
void reader_close(struct reader *reader); /* takes NULL */

/* Ids of the ended attempts from id `from` on, oldest first (caller frees). Their number or
 * negative. */
int reader_attempts(struct reader *reader, int64_t from, int64_t **ids, struct err *err);

/* One attempt with steps, measurements and APDUs, as reports/unit.schema.json describes it. New
 * reference, or NULL with err. Card numbers are masked; APDUs are without their data. */
json_t *reader_attempt(struct reader *reader, int64_t id, struct err *err);

#endif
