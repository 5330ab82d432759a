/*
 * Who holds a device: /proc(5), as far as this user may look into it.
 */
#ifndef CORE_HOLDER_H
#define CORE_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

enum { HOLDER_NAME = 32 };

struct holder {
	char name[HOLDER_NAME];
	long pid;
};

/* A process that has the file open, other than this one; `path` as readlink(2) tells it. */
bool holder_find(const char *path, struct holder *holder);

/* What a process is called, "?" if nobody says; at most 15 characters (proc(5), comm). */
void holder_name(const char *pid, char name[HOLDER_NAME]);

#endif
