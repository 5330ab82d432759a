#include "link/bluez_props.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name, *type;
	size_t offset;
} fields[] = {
	{"Address", "s", offsetof(struct bluez_props, address)},
	{"Alias", "s", offsetof(struct bluez_props, alias)},
	{"Connected", "b", offsetof(struct bluez_props, connected)},
	{"Name", "s", offsetof(struct bluez_props, name)},
	{"Paired", "b", offsetof(struct bluez_props, paired)},
	{"Powered", "b", offsetof(struct bluez_props, powered)},
	{"RSSI", "n", offsetof(struct bluez_props, rssi_value)},
	{"ServicesResolved", "b", offsetof(struct bluez_props, resolved)},
	{"UUID", "s", offsetof(struct bluez_props, uuid)},
};

/* One variant, into its field or past it. */
static int read_value(sd_bus_message *m, const char *name, struct bluez_props *p)
{
	const char *type;
	int ret = sd_bus_message_peek_type(m, NULL, &type);

	for (size_t i = 0; ret >= 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) != 0 || strcmp(fields[i].type, type) != 0)
			continue;
		if (type[0] == 'n')
			p->rssi = &p->rssi_value;
		return sd_bus_message_read(m, "v", type, (char *)p + fields[i].offset);
	}
	return ret < 0 ? ret : sd_bus_message_skip(m, "v");
}

int bluez_props_read(sd_bus_message *m, struct bluez_props *p)
{
	int ret = sd_bus_message_enter_container(m, 'a', "{sv}");

	*p = (struct bluez_props){.connected = -1, .paired = -1, .powered = -1, .resolved = -1};
	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *name;

		ret = sd_bus_message_read(m, "s", &name);
		if (ret >= 0)
			ret = read_value(m, name, p);
		if (ret >= 0)
			ret = sd_bus_message_exit_container(m);
	}
	return ret < 0 ? ret : sd_bus_message_exit_container(m);
}

int bluez_props_object(sd_bus_message *m, const char *path, bluez_object visit, void *arg)
{
	int ret = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");

	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		struct bluez_props p;
		const char *interface;

		ret = sd_bus_message_read(m, "s", &interface);
		if (ret >= 0)
			ret = bluez_props_read(m, &p);
		if (ret >= 0)
			ret = sd_bus_message_exit_container(m);
		if (ret >= 0)
			visit(arg, path, interface, &p);
	}
	return ret < 0 ? ret : sd_bus_message_exit_container(m);
}

int bluez_props_objects(sd_bus_message *m, bluez_object visit, void *arg)
{
	int ret = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
		const char *path;

		ret = sd_bus_message_read(m, "o", &path);
		if (ret >= 0)
			ret = bluez_props_object(m, path, visit, arg);
		if (ret >= 0)
			ret = sd_bus_message_exit_container(m);
	}
	return ret < 0 ? ret : sd_bus_message_exit_container(m);
}
