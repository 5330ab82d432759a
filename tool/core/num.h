/*
 * Strict numbers: the whole text is the number or it is refused. Independent of the locale.
 */
#ifndef CORE_NUM_H
#define CORE_NUM_H

#include <stdint.h>

/* Decimal integer, optional minus, nothing else. 0, or -1 if malformed or beyond int64. */
int num_integer(const char *text, int64_t *value);

/* Decimal number with optional fraction and exponent; finite only ("nan", "1e999", "3,6", "4x" are
 * refused). 0 or -1. */
int num_real(const char *text, double *value);

#endif
