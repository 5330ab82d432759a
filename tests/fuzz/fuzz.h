/* What every fuzzer gives libFuzzer: any bytes, and nothing may break. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A promise of the code's that does not hold ends the run, as a crash does. */
#define MUST(promise)                                                                              \
	do {                                                                                       \
		if (!(promise))                                                                    \
			__builtin_trap();                                                          \
	} while (0)

#endif
