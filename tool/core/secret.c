#include "core/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/resource.h>

enum { HEAP_BYTES = 128 * 1024, SMALLEST = 16 };

int secret_init(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	/* 2 means: it works, but could not be locked into memory (RLIMIT_MEMLOCK); still wiped. */
	return CRYPTO_secure_malloc_init(HEAP_BYTES, SMALLEST) ? 0 : -1;
}

struct secret *secret_new(size_t n)
{
	struct secret *s = OPENSSL_secure_zalloc(sizeof(*s) + n);

	if (s)
		s->n = n;
	return s;
}

void secret_free(struct secret *s)
{
	if (s)
		OPENSSL_secure_clear_free(s, sizeof(*s) + s->n);
}

bool secret_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

int secret_random(void *p, size_t n)
{
	return RAND_bytes(p, (int)n) == 1 ? 0 : -1;
}
