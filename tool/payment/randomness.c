#include "payment/randomness.h"

const char *randomness_judge(const uint32_t *values, size_t n)
{
	size_t same_step = 0;

	if (n < 3)
		return "too few values to judge";
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (values[i] == values[k])
				return "a value came twice";
	for (size_t i = 2; i < n; i++)
		same_step += values[i] - values[i - 1] == values[1] - values[0];
	return same_step == n - 2 ? "the values count in equal steps" : NULL;
}
