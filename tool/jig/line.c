#include "jig/line.h"

#include <stdlib.h>
#include <string.h>

/* Alphabetical. */
static const struct jig_transport *const transports[] = {
	&jig_serial,
	&jig_tcp,
};

int jig_line_init(struct jig_line *line, const char *address, struct err *err)
{
	*line = (struct jig_line){.fd = -1};
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		const struct jig_transport *t = transports[i];
		size_t n = strlen(t->prefix);
		int ret;

		if (strncmp(address, t->prefix, n) != 0)
			continue;
		if (!address[n])
			return err_set(
				err, E_CONFIG, "jig address \"%s\": must be %s", address, t->usage);
		line->transport = t;
		line->where = strdup(address + n);
		if (!line->where)
			return err_set(err, E_SYSTEM, "out of memory");
		ret = t->init(line, err);
		if (ret < 0)
			err_prefix(err, "jig address \"%s\"", address);
		if (ret < 0)
			jig_line_finish(line);
		return ret;
	}
	return err_set(err, E_CONFIG, "jig address \"%s\": must be %s or %s", address,
		jig_tcp.usage, jig_serial.usage);
}

void jig_line_finish(struct jig_line *line)
{
	if (!line->transport)
		return;
	line->transport->close(line);
	line->transport->finish(line);
	free(line->where);
	*line = (struct jig_line){.fd = -1};
}
