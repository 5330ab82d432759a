/*
 * Two clocks: one that only moves forward, for deadlines, and the calendar, for records.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_TEXT = 32 };

int64_t clock_ms(void); /* CLOCK_MONOTONIC, milliseconds */
int64_t clock_us(void); /* CLOCK_MONOTONIC, microseconds */

/* The calendar in UTC with milliseconds: "2026-11-22T18:53:01.250Z". */
void clock_text(char out[CLOCK_TEXT]);

/* Local date and time as the terminal tells the headset: YYYYMMDD and HHMMSS in BCD. */
void clock_bcd(uint8_t date[4], uint8_t time[3]);

/* Today as "YYYY-MM-DD" (local). */
void clock_date(char out[CLOCK_TEXT]);

/* Waits without using CPU: a device's settling time, never a substitute for an event. */
void clock_wait_ms(int64_t ms);

#endif
