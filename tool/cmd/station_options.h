/* The options that `station` and `run` share: a run starts its station with the same. */
#ifndef CMD_STATION_OPTIONS_H
#define CMD_STATION_OPTIONS_H

#include "cmd/cmd.h"
#include "station/station.h"

enum { STATION_OPTIONS = 9 };

/* Fills rows[0..STATION_OPTIONS) that set members of o. */
void station_option_rows(struct option_row rows[STATION_OPTIONS], struct station_options *o);

/* Sets what was not given: the socket beside the store, this program as worker. Keeps its own
 * memory for the process's life. 0 or E_CONFIG. */
int station_option_defaults(struct station_options *o, struct err *err);

#endif
