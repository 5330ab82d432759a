/*
 * Key bytes: only in OpenSSL's secure heap, wiped when freed, compared in constant time.
 */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
	size_t n;
	uint8_t bytes[]; /* on the secure heap */
};

/* Sets up the secure heap and forbids core dumps; once, at the start of each process with keys. */
int secret_init(void);

/* n zero bytes, or NULL when the secure heap is used up. */
struct secret *secret_new(size_t n);
void secret_free(struct secret *s); /* takes NULL */

bool secret_same(const void *a, const void *b, size_t n); /* constant time */

void secret_wipe(void *p, size_t n);

/* n bytes nobody can guess (challenges). 0, or -1 if the generator fails. */
int secret_random(void *p, size_t n);

#endif
