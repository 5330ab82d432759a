#include "core/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void holder_name(const char *pid, char name[HOLDER_NAME])
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(name, HOLDER_NAME, f))
		strcpy(name, "?");
	name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
}

static bool has_open(const char *pid, const char *node)
{
	char path[300], target[300];
	struct dirent *fd;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	fds = opendir(path);
	while (fds && !found && (fd = readdir(fds))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, fd->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = !strcmp(target, node);
	}
	if (fds)
		closedir(fds);
	return found;
}

bool holder_find(const char *path, struct holder *h)
{
	DIR *processes = opendir("/proc");
	struct dirent *p;
	bool found = false;

	while (processes && !found && (p = readdir(processes))) {
		long pid = isdigit((unsigned char)p->d_name[0]) ? strtol(p->d_name, NULL, 10) : 0;

		found = pid && pid != (long)getpid() && has_open(p->d_name, path);
		if (found) {
			h->pid = pid;
			holder_name(p->d_name, h->name);
		}
	}
	if (processes)
		closedir(processes);
	return found;
}
