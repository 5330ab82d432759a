/* A card number as people may see it: first 6 and last 4 digits. */
#ifndef CORE_MASK_H
#define CORE_MASK_H

#include <stddef.h>

enum { MASK_TEXT = 32 };

/* "622000**********0001"; a number too short to be masked is shown as it is. */
void mask_number(const char *number, char out[MASK_TEXT]);

#endif
