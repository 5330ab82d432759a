/* Hexadecimal text to bytes and back. Pure functions. */
#ifndef CORE_HEX_H
#define CORE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * n digits (upper case) and a NUL to out, which must hold 2 * n + 1 bytes. */
void hex_encode(const uint8_t *bytes, size_t n, char *out);

/*
 * Reads exactly `digits` hex digits into out (at most `max` bytes); no spaces, no prefix.
 * Returns the number of bytes, or -1 if the count is odd, too long, or a digit is wrong.
 */
int hex_decode(const char *text, size_t digits, uint8_t *out, size_t max);

#endif
