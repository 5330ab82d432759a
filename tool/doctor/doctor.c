#include "doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>

void doctor_add(
	struct doctor *d, bool fine, const char *what, const char *fix, const char *detail, ...)
{
	struct doctor_finding *f = &d->findings[d->n];
	va_list ap;

	if (d->n == DOCTOR_FINDINGS)
		return;
	d->n++;
	f->fine = fine;
	f->what = what;
	f->fix = fine ? "" : fix;
	va_start(ap, detail);
	vsnprintf(f->detail, sizeof(f->detail), detail, ap);
	va_end(ap);
}

void doctor_host(struct doctor *d)
{
	doctor_usb(d);
	doctor_ble(d);
	doctor_serial(d);
	doctor_programs(d);
}
