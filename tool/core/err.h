/*
 * Errors: a status says what the caller can do, the text says it to a person.
 *
 * Functions return 0 or more when all is well and a negative status when not; the sentence goes
 * into the caller's struct err. Callers add *where* in front ("slot 2: pay: ..."). Nothing here
 * logs.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

enum status {
	E_TIMEOUT = -1,	  /* no answer in time: may be tried again where that is harmless */
	E_LINK = -2,	  /* the connection is gone: open it again */
	E_PROTOCOL = -3,  /* the other side talks nonsense */
	E_REFUSED = -4,	  /* a well-formed no; err.code holds the device's own number */
	E_CONFIG = -5,	  /* a file or an argument is wrong */
	E_STORE = -6,	  /* the store can't be written: stop issuing */
	E_CANCELLED = -7, /* the operator or the station wants it to end */
	E_SYSTEM = -8,	  /* the operating system said no (memory, files, processes) */
};

struct err {
	int status;
	int code; /* the device's own error number, 0 if none */
	char text[512];
};

/* Fills err (may be NULL) and returns status, so that callers can `return err_set(...)`. */
int err_set(struct err *err, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "WHERE: " in front of the text; returns err->status. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
