#include "payment/keys.h"
#include "payment/keys_file.h"

#include <stdlib.h>
#include <string.h>

/* Alphabetical. */
static const struct keys_driver *const drivers[] = {
	&keys_file,
};

int keys_open(struct keys **keys, const char *spec, struct err *err)
{
	const char *colon = strchr(spec, ':');
	size_t n = colon ? (size_t)(colon - spec) : 0;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct keys *k;
		int ret;

		if (strlen(drivers[i]->name) != n || strncmp(drivers[i]->name, spec, n) != 0)
			continue;
		k = calloc(1, sizeof(*k));
		if (!k)
			return err_set(err, E_SYSTEM, "out of memory");
		k->driver = drivers[i];
		ret = k->driver->open(k, colon + 1, err);
		if (ret < 0) {
			free(k);
			return ret;
		}
		*keys = k;
		return 0;
	}
	return err_set(err, E_CONFIG, "key provider \"%s\": must be file:PATH", spec);
}

void keys_close(struct keys *keys)
{
	if (!keys)
		return;
	keys->driver->close(keys);
	free(keys);
}
