#include "core/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

void clock_text(char out[CLOCK_TEXT])
{
	struct timespec t;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	n = strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_TEXT - n, ".%03dZ", (int)(t.tv_nsec / 1000000 % 1000));
}

static struct tm local_now(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return tm;
}

static uint8_t bcd(int two_digits)
{
	return (uint8_t)(two_digits / 10 << 4 | two_digits % 10);
}

void clock_bcd(uint8_t date[4], uint8_t hms[3])
{
	struct tm tm = local_now();
	int year = tm.tm_year + 1900;

	date[0] = bcd(year / 100);
	date[1] = bcd(year % 100);
	date[2] = bcd(tm.tm_mon + 1);
	date[3] = bcd(tm.tm_mday);
	hms[0] = bcd(tm.tm_hour);
	hms[1] = bcd(tm.tm_min);
	hms[2] = bcd(tm.tm_sec > 59 ? 59 : tm.tm_sec);
}

void clock_date(char out[CLOCK_TEXT])
{
	struct tm tm = local_now();

	strftime(out, CLOCK_TEXT, "%Y-%m-%d", &tm);
}

void clock_wait_ms(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}
