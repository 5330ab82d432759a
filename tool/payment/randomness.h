/*
 * Judgement of the headset's random numbers from a few reads on the line.
 */
#ifndef PAYMENT_RANDOMNESS_H
#define PAYMENT_RANDOMNESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Looks at n >= 3 values in the order they were read: a repeat among any of them, or the same
 * difference (modulo 2^32) between all neighbours. NULL if neither, else the reason in plain words.
 * For 8 good values the false alarm is 28 / 2^32, 6.5e-9.
 */
const char *randomness_judge(const uint32_t *values, size_t n);

#endif
