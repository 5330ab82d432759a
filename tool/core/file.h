/* Whole files: read with a limit, hashed for records, written so that a crash leaves old or new. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/err.h"

#include <stddef.h>

enum { DIGEST_TEXT = 65 };

/* Reads a regular file of at most `max` bytes into fresh memory with a NUL behind it (caller
 * frees). Errors name the path: E_CONFIG. */
int file_read(const char *path, size_t max, char **text, size_t *length, struct err *err);

enum { FILE_SHARED = 0644, FILE_OWN = 0600 }; /* FILE_OWN: whole card numbers are in it */

/* Replaces path by these bytes: temporary file, fsync, rename. E_SYSTEM on failure. */
int file_write(const char *path, int mode, const char *text, size_t length, struct err *err);

/* Makes a folder for its owner alone, and those it lies in, where they are missing. */
int file_make_folders(const char *folder, struct err *err);

/* SHA-256 as 64 hex digits and a NUL. */
void file_digest(const void *bytes, size_t n, char out[DIGEST_TEXT]);

/* The path of `name` as seen from the file `from`: absolute names stay, others are taken from the
 * folder of `from`. Caller frees; NULL without memory. */
char *file_beside(const char *from, const char *name);

#endif
