#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int status, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return status;
	err->status = status;
	err->code = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return status;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char where[sizeof(err->text)], both[2 * sizeof(err->text) + 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(where, sizeof(where), fmt, ap);
	va_end(ap);
	snprintf(both, sizeof(both), "%s: %s", where, err->text);
	snprintf(err->text, sizeof(err->text), "%.*s", (int)sizeof(err->text) - 1, both);
	return err->status;
}

const char *err_word(int status)
{
	switch ((enum status)status) {
	case E_TIMEOUT: return "timeout";
	case E_LINK: return "link";
	case E_PROTOCOL: return "protocol";
	case E_REFUSED: return "refused";
	case E_CONFIG: return "config";
	case E_STORE: return "store";
	case E_CANCELLED: return "cancelled";
	case E_SYSTEM: return "system";
	}
	return status >= 0 ? "done" : "unknown";
}
