#include "figures.h"

#include <stdio.h>
#include <stdlib.h>

void figure(const char *name, double value, const char *unit, const char *command)
{
	const char *path = getenv("PAYJIG_FIGURES");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%s\t%.6g\t%s\t%s\n", name, value, unit, command);
	fclose(f);
}
