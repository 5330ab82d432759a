/*
 * The station file: which fixture, plan, job and store a station works with, so that `payjig` alone
 * opens its screen. YAML, kind: station; paths are seen from the file.
 */
#ifndef CMD_STATION_FILE_H
#define CMD_STATION_FILE_H

#include "station/station.h"

#include <stddef.h>

enum { STATION_FILE_TEXT = 1024, STATION_FILE_PATHS = 4 };

struct station_file {
	char *paths[STATION_FILE_PATHS]; /* owned; what the options were filled with */
};

/* Checks the text of a station file; 0 or E_CONFIG. */
int station_file_check(const char *path, const char *text, size_t length, struct err *err);

/*
 * Fills what the options lack from `path`, or if it is NULL from payjig.yaml here, else from the
 * user's configuration folder, else from /etc/payjig/station.yaml. E_CONFIG if something is still
 * missing. Finish it in any case.
 */
int station_file_find(struct station_file *file, const char *path, struct station_options *options,
	struct err *err);
void station_file_finish(struct station_file *file);

#endif
