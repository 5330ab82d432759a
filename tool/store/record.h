/* The record of one ended attempt, as reports/unit.schema.json describes it, without its proof. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "core/err.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdint.h>

/* New reference, or NULL with err (E_CONFIG: there is none). Card numbers are masked; APDUs are
 * without their data. */
json_t *record_read(sqlite3 *db, int64_t id, struct err *err);

#endif
