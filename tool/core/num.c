#include "core/num.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

static const char *skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

int num_integer(const char *text, int64_t *value)
{
	const char *digits = text + (*text == '-');
	const char *end = skip_digits(digits);
	intmax_t v;

	if (end == digits || *end)
		return -1;
	errno = 0;
	v = strtoimax(text, NULL, 10);
	if (errno || v > INT64_MAX || v < INT64_MIN)
		return -1;
	*value = v;
	return 0;
}

/* [-+]digits[.digits][e[-+]digits] and nothing before or behind it */
static int looks_real(const char *p)
{
	const char *digits;

	if (*p == '-' || *p == '+')
		p++;
	digits = p;
	p = skip_digits(p);
	if (p == digits)
		return 0;
	if (*p == '.') {
		digits = ++p;
		p = skip_digits(p);
		if (p == digits)
			return 0;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		digits = p;
		p = skip_digits(p);
		if (p == digits)
			return 0;
	}
	return *p == '\0';
}

int num_real(const char *text, double *value)
{
	/* strtod follows LC_NUMERIC, which ncurses programs set: always read in the C locale. */
	locale_t c;
	double v;

	if (!looks_real(text))
		return -1;
	c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (!c)
		return -1;
	v = strtod_l(text, NULL, c);
	freelocale(c);
	if (!isfinite(v))
		return -1;
	*value = v;
	return 0;
}
