/* Reaching a station, which is started as a process of its own if none runs. */
#ifndef CMD_START_H
#define CMD_START_H

#include "station/station.h"

#include <sys/types.h>

/*
 * Connects to the station of these options; if none runs it is started and *pid is its process.
 * What a started one says goes to the file `log`, NULL: to our stderr; with `apart` it is in a
 * session of its own and outlives our terminal. 0 and *socket, 1 if it ended at once (it said
 * why), or negative.
 */
int start_connect(const struct station_options *options, const char *log, bool apart, pid_t *pid,
	int *socket, struct err *err);

#endif
