#include "link/bluez.h"
#include "core/clock.h"
#include "link/bluez_props.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "org.bluez"
#define AGENT	"/payjig/agent"

enum { DEVICES = 192, CALL_MS = 5000, FAREWELL_MS = 200 };

struct bluez {
	sd_bus *bus;
	char adapter[BLUEZ_PATH], passkey[8];
	struct bluez_device devices[DEVICES];
	size_t n;
	bool looking, over; /* over: BlueZ or the bus is gone */
};

/* ---- errors ---- */

static const struct {
	const char *name;
	enum link_fault fault;
} faults[] = {
	{"org.bluez.Error.AlreadyConnected", LINK_GONE},
	{"org.bluez.Error.AuthenticationCanceled", LINK_PAIR},
	{"org.bluez.Error.AuthenticationFailed", LINK_PAIR},
	{"org.bluez.Error.AuthenticationRejected", LINK_PAIR},
	{"org.bluez.Error.AuthenticationTimeout", LINK_PAIR},
	{"org.bluez.Error.ConnectionAttemptFailed", LINK_ABSENT},
	{"org.bluez.Error.DoesNotExist", LINK_GONE}, {"org.bluez.Error.Failed", LINK_GONE},
	{"org.bluez.Error.InProgress", LINK_GONE},
	{"org.bluez.Error.NotAuthorized", LINK_DISTURBED},
	{"org.bluez.Error.NotConnected", LINK_GONE},
	{"org.bluez.Error.NotPermitted", LINK_DISTURBED},
	{"org.bluez.Error.NotSupported", LINK_DISTURBED},
	{"org.freedesktop.DBus.Error.NoReply", LINK_TIMEOUT},
	{"org.freedesktop.DBus.Error.UnknownObject", LINK_GONE},
	{"org.freedesktop.DBus.Error.UnknownMethod", LINK_GONE}, /* of an object that went */
};

static int over(struct bluez *b, struct err *err)
{
	if (b)
		b->over = true;
	return link_fail(err, LINK_ADAPTER, "bluetoothd is gone");
}

/* What is in none of the rows is the station's Bluetooth. */
static int failed(struct err *err, const char *what, const sd_bus_error *e)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (e->name && !strcmp(faults[i].name, e->name))
			return link_fail(err, faults[i].fault, "%s: %s: %s", what, e->name,
				e->message ? e->message : "");
	return link_fail(err, LINK_ADAPTER, "BlueZ: %s: %s: %s", what, e->name ? e->name : "?",
		e->message ? e->message : "");
}

/* ---- running ---- */

int bluez_run(struct bluez *b, int64_t until_ms, int fd, struct err *err)
{
	struct pollfd p[] = {
		{.fd = sd_bus_get_fd(b->bus), .events = (short)sd_bus_get_events(b->bus)},
		{.fd = fd, .events = POLLIN}};
	uint64_t next = UINT64_MAX;
	int64_t wait = until_ms - clock_ms();
	int ret = sd_bus_process(b->bus, NULL);

	if (ret < 0 || b->over)
		return over(b, err);
	if (ret > 0)
		return 0;
	sd_bus_get_timeout(b->bus, &next);
	if (next != UINT64_MAX && (int64_t)(next / 1000) - clock_ms() < wait)
		wait = (int64_t)(next / 1000) - clock_ms() + 1;
	p[0].events = (short)sd_bus_get_events(b->bus);
	ret = poll(p, 2, wait < 0 ? 0 : (int)wait);
	return ret > 0 && p[1].revents ? 1 : 0;
}

struct pending {
	bool done;
	sd_bus_message *reply;
};

static int on_reply(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct pending *p = arg;

	(void)error;
	p->done = true;
	p->reply = sd_bus_message_ref(m);
	return 1;
}

/* Sends a call (stolen) and runs until its answer is there; *reply may be NULL. */
static int finish_call(struct bluez *b, sd_bus_message *m, const char *what, int64_t timeout_ms,
	sd_bus_message **reply, struct err *err)
{
	struct pending p = {0};
	sd_bus_slot *slot = NULL;
	int ret = sd_bus_message_set_auto_start(m, 0);

	if (ret >= 0)
		ret = sd_bus_call_async(
			b->bus, &slot, m, on_reply, &p, (uint64_t)timeout_ms * 1000);
	sd_bus_message_unref(m);
	if (ret < 0)
		return over(b, err);
	for (ret = 0; ret >= 0 && !p.done;)
		ret = bluez_run(b, clock_ms() + timeout_ms, -1, err);
	sd_bus_slot_unref(slot);
	if (ret < 0)
		goto out;
	ret = 0;
	if (sd_bus_message_is_method_error(p.reply, NULL)) {
		ret = failed(err, what, sd_bus_message_get_error(p.reply));
	} else if (reply) {
		*reply = p.reply;
		return 0;
	}
out:
	sd_bus_message_unref(p.reply);
	return ret;
}

static int call(struct bluez *b, const char *path, const char *interface, const char *member,
	int64_t timeout_ms, sd_bus_message **reply, struct err *err, const char *types, ...)
{
	sd_bus_message *m = NULL;
	va_list ap;
	int ret = b->over ? -ENOTCONN
			  : sd_bus_message_new_method_call(
				    b->bus, &m, SERVICE, path, interface, member);

	va_start(ap, types);
	if (ret >= 0)
		ret = sd_bus_message_appendv(m, types, ap);
	va_end(ap);
	if (ret < 0) {
		sd_bus_message_unref(m);
		return over(b, err);
	}
	return finish_call(b, m, member, timeout_ms, reply, err);
}

static int malformed(struct err *err, const char *what)
{
	return link_fail(err, LINK_ADAPTER, "BlueZ: %s: its answer can't be read", what);
}

/* ---- devices ---- */

static bool is_below(const struct bluez *b, const char *path)
{
	size_t n = strlen(b->adapter);

	return !strncmp(path, b->adapter, n) && path[n] == '/';
}

static struct bluez_device *find_path(struct bluez *b, const char *path)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->devices[i].path, path))
			return &b->devices[i];
	return NULL;
}

struct bluez_device *bluez_device(struct bluez *b, const char *address)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->devices[i].address, address))
			return &b->devices[i];
	return NULL;
}

struct bluez_device *bluez_devices(struct bluez *b, size_t *n)
{
	*n = b->n;
	return b->devices;
}

/* A hall may be full of devices: the one that was unseen for longest makes room, never one that is
 * connected. NULL: all are. */
static struct bluez_device *add(struct bluez *b, const char *path)
{
	struct bluez_device *d = NULL;

	if (b->n < DEVICES)
		d = &b->devices[b->n++];
	else
		for (size_t i = 0; i < b->n; i++)
			if (!b->devices[i].connected && (!d || b->devices[i].seen_us < d->seen_us))
				d = &b->devices[i];
	if (!d)
		return NULL;
	*d = (struct bluez_device){0};
	snprintf(d->path, sizeof(d->path), "%s", path);
	return d;
}

static void apply(struct bluez_device *d, const struct bluez_props *p)
{
	if (p->address)
		snprintf(d->address, sizeof(d->address), "%s", p->address);
	if (p->name)
		snprintf(d->name, sizeof(d->name), "%s", p->name);
	if (p->alias)
		snprintf(d->alias, sizeof(d->alias), "%s", p->alias);
	if (p->connected >= 0)
		d->connected = p->connected;
	d->met |= p->connected > 0;
	if (p->paired >= 0)
		d->paired = p->paired;
	if (p->resolved >= 0)
		d->resolved = p->resolved;
	if (p->rssi) {
		d->rssi = *p->rssi;
		d->seen_us = clock_us();
		d->first_us = d->first_us ? d->first_us : d->seen_us;
		d->came_us = d->came_us ? d->came_us : d->seen_us;
	}
}

static void take_object(
	void *arg, const char *path, const char *interface, const struct bluez_props *p)
{
	struct bluez *b = arg;
	struct bluez_device *d;

	if (strcmp(interface, BLUEZ_DEVICE) != 0 || !is_below(b, path))
		return;
	d = find_path(b, path);
	d = d ? d : add(b, path);
	if (d)
		apply(d, p);
}

static int on_added(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *path;

	(void)error;
	if (sd_bus_message_read(m, "o", &path) >= 0)
		bluez_props_object(m, path, take_object, arg);
	return 0;
}

static int on_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct bluez *b = arg;
	const char *path, *interface;

	(void)error;
	if (sd_bus_message_read(m, "o", &path) < 0 ||
		sd_bus_message_enter_container(m, 'a', "s") < 0)
		return 0;
	while (sd_bus_message_read(m, "s", &interface) > 0) {
		struct bluez_device *d = find_path(b, path);

		if (d && !strcmp(interface, BLUEZ_DEVICE))
			*d = b->devices[--b->n];
		if (!strcmp(interface, BLUEZ_ADAPTER) && !strcmp(path, b->adapter))
			b->over = true;
	}
	return 0;
}

static int on_changed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct bluez *b = arg;
	const char *path = sd_bus_message_get_path(m), *interface;
	struct bluez_props p;
	struct bluez_device *d;

	(void)error;
	if (sd_bus_message_read(m, "s", &interface) < 0 || bluez_props_read(m, &p) < 0)
		return 0;
	d = find_path(b, path);
	if (d && !strcmp(interface, BLUEZ_DEVICE))
		apply(d, &p);
	if (!strcmp(interface, BLUEZ_ADAPTER) && !strcmp(path, b->adapter) && p.powered == 0)
		b->over = true;
	return 0;
}

static int on_owner(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct bluez *b = arg;

	(void)m;
	(void)error;
	b->over = true; /* whoever comes now knows nothing of what we did */
	return 0;
}

/* ---- the agent: org.bluez.Agent1 ---- */

static int agent_passkey(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct bluez *b = arg;

	if (!b->passkey[0])
		return sd_bus_error_set(error, "org.bluez.Error.Rejected", "no passkey");
	return sd_bus_reply_method_return(m, "u", (uint32_t)strtoul(b->passkey, NULL, 10));
}

static int agent_agree(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct bluez *b = arg;

	/* A product with a passkey must ask for it. */
	if (b->passkey[0])
		return sd_bus_error_set(error, "org.bluez.Error.Rejected", "without the passkey");
	return sd_bus_reply_method_return(m, NULL);
}

static int agent_nothing(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable agent_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Cancel", "", "", agent_nothing, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Release", "", "", agent_nothing, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RequestAuthorization", "o", "", agent_agree, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RequestConfirmation", "ou", "", agent_agree, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RequestPasskey", "o", "u", agent_passkey, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

/* ---- opening ---- */

struct search {
	const char *wanted;
	char path[BLUEZ_PATH];
	struct bluez_adapter found;
};

/* "hci0" is the end of a path, anything else an address. */
static void match_adapter(
	void *arg, const char *path, const char *interface, const struct bluez_props *p)
{
	struct search *s = arg;
	const char *name = strrchr(path, '/') + 1;

	if (strcmp(interface, BLUEZ_ADAPTER) != 0 || !p->address ||
		(strcmp(name, s->wanted) != 0 && strcasecmp(p->address, s->wanted) != 0))
		return;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->found.name, sizeof(s->found.name), "%s", name);
	snprintf(s->found.address, sizeof(s->found.address), "%s", p->address);
	s->found.powered = p->powered > 0;
}

static int objects(struct bluez *b, bluez_object visit, void *arg, struct err *err)
{
	sd_bus_message *reply = NULL;
	int ret = call(b, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", CALL_MS,
		&reply, err, "");

	if (ret < 0)
		return ret;
	ret = bluez_props_objects(reply, visit, arg) < 0 ? malformed(err, "GetManagedObjects") : 0;
	sd_bus_message_unref(reply);
	return ret;
}

static int find_adapter(struct bluez *b, struct search *s, struct err *err)
{
	int ret = objects(b, match_adapter, s, err);

	if (ret < 0 && err->code == LINK_ADAPTER)
		return link_fail(err, LINK_ADAPTER, "bluetoothd does not run");
	return ret;
}

static int watch(struct bluez *b)
{
	static const struct {
		const char *rule;
		sd_bus_message_handler_t on;
	} rules[] = {
		{"type='signal',sender='" SERVICE "',path_namespace='/org/bluez',"
		 "member='PropertiesChanged'",
			on_changed},
		{"type='signal',sender='" SERVICE "',member='InterfacesAdded'", on_added},
		{"type='signal',sender='" SERVICE "',member='InterfacesRemoved'", on_removed},
		{"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
		 "arg0='" SERVICE "'",
			on_owner},
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && ret >= 0; i++)
		ret = sd_bus_add_match(b->bus, NULL, rules[i].rule, rules[i].on, b);
	return ret;
}

static struct bluez *connect_bus(struct err *err)
{
	struct bluez *b = calloc(1, sizeof(*b));
	int ret;

	if (!b) {
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	ret = sd_bus_open_system(&b->bus);
	if (ret >= 0)
		return b;
	link_fail(err, LINK_ADAPTER, "no system bus: %s", strerror(-ret));
	bluez_close(b);
	return NULL;
}

static int start(struct bluez *b, const char *adapter, struct err *err)
{
	struct search s = {.wanted = adapter};
	int ret = find_adapter(b, &s, err);

	if (ret < 0)
		return ret;
	if (!s.path[0])
		return link_fail(err, LINK_ADAPTER, "there is no Bluetooth adapter %s", adapter);
	if (!s.found.powered)
		return link_fail(err, LINK_ADAPTER, "Bluetooth adapter %s is off", adapter);
	strcpy(b->adapter, s.path);
	if (watch(b) < 0)
		return over(b, err);
	ret = objects(b, take_object, b, err);
	if (ret < 0)
		return ret;
	if (sd_bus_add_object_vtable(b->bus, NULL, AGENT, "org.bluez.Agent1", agent_vtable, b) < 0)
		return over(b, err);
	return call(b, "/org/bluez", "org.bluez.AgentManager1", "RegisterAgent", CALL_MS, NULL, err,
		"os", AGENT, b->passkey[0] ? "KeyboardOnly" : "NoInputNoOutput");
}

int bluez_open(struct bluez **out, const char *adapter, const char *passkey, struct err *err)
{
	struct bluez *b = connect_bus(err);
	int ret;

	if (!b)
		return err->status;
	snprintf(b->passkey, sizeof(b->passkey), "%s", passkey);
	ret = start(b, adapter, err);
	if (ret < 0)
		bluez_close(b);
	else
		*out = b;
	return ret;
}

void bluez_close(struct bluez *b)
{
	if (!b)
		return;
	sd_bus_flush_close_unref(b->bus); /* agent and discovery end with us */
	free(b);
}

int bluez_look_up(const char *adapter, struct bluez_adapter *found, struct err *err)
{
	struct search s = {.wanted = adapter};
	struct bluez *b = connect_bus(err);
	int ret;

	if (!b)
		return err->status;
	ret = find_adapter(b, &s, err);
	bluez_close(b);
	*found = s.found;
	return ret < 0 ? ret : s.path[0] != '\0';
}

/* A BlueZ that ends says so in several ways, and a little later than its last answer. */
int bluez_there(struct bluez *b, struct err *err)
{
	int64_t until = clock_ms() + FAREWELL_MS;
	struct err quiet;

	while (!b->over && clock_ms() < until)
		bluez_run(b, until, -1, &quiet);
	return b->over ? over(b, err) : 0;
}

int bluez_catch_up(struct bluez *b, struct err *err)
{
	/* Its answer comes behind everything that was told before. */
	return call(b, b->adapter, "org.freedesktop.DBus.Peer", "Ping", CALL_MS, NULL, err, "");
}

/* ---- what is done with devices ---- */

int bluez_look(struct bluez *b, bool on, const char *name, struct err *err)
{
	int ret;

	if (b->looking == on)
		return 0;
	if (!on) {
		b->looking = false;
		return call(b, b->adapter, BLUEZ_ADAPTER, "StopDiscovery", CALL_MS, NULL, err, "");
	}
	ret = call(b, b->adapter, BLUEZ_ADAPTER, "SetDiscoveryFilter", CALL_MS, NULL, err, "a{sv}",
		3, "Transport", "s", "le", "DuplicateData", "b", 1, "Pattern", "s", name);
	if (ret == 0)
		ret = call(b, b->adapter, BLUEZ_ADAPTER, "StartDiscovery", CALL_MS, NULL, err, "");
	b->looking = ret == 0;
	return ret;
}

/* A method of the device; `gone` if there is none (any more). */
static int ask_device(struct bluez *b, const char *address, const char *method, int64_t timeout_ms,
	enum link_fault gone, struct err *err)
{
	const struct bluez_device *d = bluez_device(b, address);
	char path[BLUEZ_PATH];

	if (b->over)
		return over(b, err);
	if (!d)
		return link_fail(err, gone, "%s: %s is unknown to BlueZ", method, address);
	strcpy(path, d->path);
	return call(b, path, BLUEZ_DEVICE, method, timeout_ms, NULL, err, "");
}

int bluez_connect(struct bluez *b, const char *address, int64_t timeout_ms, struct err *err)
{
	struct err later;
	int ret = ask_device(b, address, "Connect", timeout_ms, LINK_ABSENT, err);
	struct bluez_device *d = bluez_device(b, address);

	if (ret == 0 && d)
		d->connected = d->met = true; /* BlueZ tells the property after its reply */
	if (ret == 0 || err->code == LINK_ADAPTER || b->over)
		return ret;
	bluez_disconnect(b, address, &later); /* whatever is half done is given up */
	err->code = LINK_ABSENT;
	return ret;
}

int bluez_pair(struct bluez *b, const char *address, int64_t timeout_ms, struct err *err)
{
	int ret = ask_device(b, address, "Pair", timeout_ms, LINK_GONE, err);
	const struct bluez_device *d = bluez_device(b, address);

	if (ret < 0 && d && d->paired)
		return 0; /* BlueZ did it by itself, because something asked for it */
	if (ret < 0 && err->code != LINK_ADAPTER)
		err->code = LINK_PAIR;
	return ret;
}

int bluez_disconnect(struct bluez *b, const char *address, struct err *err)
{
	return ask_device(b, address, "Disconnect", CALL_MS, LINK_GONE, err);
}

int bluez_remove(struct bluez *b, const char *address, struct err *err)
{
	const struct bluez_device *d = bluez_device(b, address);
	char path[BLUEZ_PATH];
	int ret;

	if (b->over)
		return over(b, err);
	if (!d)
		return 0;
	strcpy(path, d->path);
	ret = call(b, b->adapter, BLUEZ_ADAPTER, "RemoveDevice", CALL_MS, NULL, err, "o", path);
	return ret < 0 && err->code == LINK_GONE ? 0 : ret;
}

int bluez_alias(struct bluez *b, const char *address, const char *alias, struct err *err)
{
	const struct bluez_device *d = bluez_device(b, address);
	char path[BLUEZ_PATH];

	if (!d)
		return link_fail(err, LINK_GONE, "%s is unknown to BlueZ", address);
	strcpy(path, d->path);
	return call(b, path, "org.freedesktop.DBus.Properties", "Set", CALL_MS, NULL, err, "ssv",
		BLUEZ_DEVICE, "Alias", "s", alias);
}

/* ---- attributes ---- */

struct wanted {
	const char *below;
	const char *const *uuids;
	size_t n;
	char (*paths)[BLUEZ_PATH];
};

static void match_characteristic(
	void *arg, const char *path, const char *interface, const struct bluez_props *p)
{
	struct wanted *w = arg;
	size_t n = strlen(w->below);

	if (strcmp(interface, BLUEZ_CHARACTERISTIC) != 0 || !p->uuid ||
		strncmp(path, w->below, n) != 0 || path[n] != '/')
		return;
	for (size_t i = 0; i < w->n; i++)
		if (!strcasecmp(p->uuid, w->uuids[i]))
			snprintf(w->paths[i], BLUEZ_PATH, "%s", path);
}

int bluez_characteristics(struct bluez *b, const char *address, const char *const *uuids, size_t n,
	char (*paths)[BLUEZ_PATH], struct err *err)
{
	const struct bluez_device *d = bluez_device(b, address);
	char below[BLUEZ_PATH];
	struct wanted w = {below, uuids, n, paths};

	memset(paths, 0, n * sizeof(*paths));
	if (!d)
		return link_fail(err, LINK_GONE, "%s is unknown to BlueZ", address);
	strcpy(below, d->path);
	return objects(b, match_characteristic, &w, err);
}

int bluez_read(struct bluez *b, const char *path, uint8_t *bytes, size_t *n, struct err *err)
{
	sd_bus_message *reply = NULL;
	const void *value;
	size_t length;
	int ret =
		call(b, path, BLUEZ_CHARACTERISTIC, "ReadValue", CALL_MS, &reply, err, "a{sv}", 0);

	if (ret < 0)
		return ret;
	if (sd_bus_message_read_array(reply, 'y', &value, &length) < 0) {
		ret = malformed(err, "ReadValue");
	} else {
		*n = length < *n ? length : *n;
		memcpy(bytes, value, *n);
	}
	sd_bus_message_unref(reply);
	return ret;
}

int bluez_write(struct bluez *b, const char *path, const uint8_t *bytes, size_t n,
	int64_t timeout_ms, struct err *err)
{
	sd_bus_message *m = NULL;
	int ret = b->over ? -ENOTCONN
			  : sd_bus_message_new_method_call(
				    b->bus, &m, SERVICE, path, BLUEZ_CHARACTERISTIC, "WriteValue");

	if (ret >= 0)
		ret = sd_bus_message_append_array(m, 'y', bytes, n);
	if (ret >= 0)
		ret = sd_bus_message_append(m, "a{sv}", 1, "type", "s", "request");
	if (ret < 0) {
		sd_bus_message_unref(m);
		return over(b, err);
	}
	return finish_call(b, m, "WriteValue", timeout_ms, NULL, err);
}

int bluez_notify(struct bluez *b, const char *path, int *fd, uint16_t *mtu, struct err *err)
{
	sd_bus_message *reply = NULL;
	int theirs, ret = call(b, path, BLUEZ_CHARACTERISTIC, "AcquireNotify", CALL_MS, &reply, err,
			    "a{sv}", 0);

	if (ret < 0)
		return ret;
	*fd = -1;
	if (sd_bus_message_read(reply, "hq", &theirs, mtu) >= 0)
		*fd = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
	sd_bus_message_unref(reply);
	return *fd < 0 ? malformed(err, "AcquireNotify") : 0;
}
