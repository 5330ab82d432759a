#include "core/mask.h"

#include <stdio.h>
#include <string.h>

void mask_number(const char *number, char out[MASK_TEXT])
{
	size_t n;

	snprintf(out, MASK_TEXT, "%s", number);
	n = strlen(out);
	for (size_t i = 6; i + 4 < n; i++)
		out[i] = '*';
}
