#include "link/usb_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 7 }; /* of hubs, USB 2.0 clause 4.1.1 */

int usb_fail(struct err *err, int libusb, const char *what)
{
	enum link_fault fault = LINK_DISTURBED;

	if (libusb == LIBUSB_ERROR_TIMEOUT)
		fault = LINK_TIMEOUT;
	else if (libusb == LIBUSB_ERROR_NO_DEVICE)
		fault = LINK_GONE;
	else if (libusb == LIBUSB_ERROR_ACCESS)
		fault = LINK_FORBIDDEN;
	else if (libusb == LIBUSB_ERROR_BUSY)
		fault = LINK_HELD;
	return link_fail(err, fault, "USB: %s: %s", what, libusb_strerror(libusb));
}

/* One line of a file of the device in sysfs. */
static int attribute(const char *port, const char *name, char *out, size_t size)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s/%s", port, name);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (!fgets(out, (int)size, f))
		out[0] = '\0';
	fclose(f);
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

int usb_port_look(const char *port, struct usb_seen *seen)
{
	char vendor[8], product[8], bus[8], number[8];

	if (attribute(port, "idVendor", vendor, sizeof(vendor)) < 0 ||
		attribute(port, "idProduct", product, sizeof(product)) < 0 ||
		attribute(port, "busnum", bus, sizeof(bus)) < 0 ||
		attribute(port, "devnum", number, sizeof(number)) < 0)
		return 0;
	snprintf(seen->node, sizeof(seen->node), "/dev/bus/usb/%03lu/%03lu",
		strtoul(bus, NULL, 10) & 0xFFF, strtoul(number, NULL, 10) & 0xFFF);
	seen->vendor = (unsigned)strtoul(vendor, NULL, 16);
	seen->product = (unsigned)strtoul(product, NULL, 16);
	if (attribute(port, "serial", seen->serial, sizeof(seen->serial)) < 0)
		seen->serial[0] = '\0';
	return 1;
}

bool usb_port_exists(const char *port)
{
	char hub[32], ports[8];
	const char *last = strrchr(port, '.');

	if (!last)
		last = strchr(port, '-');
	if (!last || last - port >= (long)sizeof(hub) - 4)
		return false;
	/* "1-1.4" is port 4 of the hub "1-1", "1-1" is port 1 of the root hub "usb1". */
	snprintf(hub, sizeof(hub), "%s%.*s", *last == '-' ? "usb" : "", (int)(last - port), port);
	return attribute(hub, "maxchild", ports, sizeof(ports)) == 0 &&
	       strtoul(last + 1, NULL, 10) >= 1 &&
	       strtoul(last + 1, NULL, 10) <= strtoul(ports, NULL, 10);
}

/* "1-1.4" is bus 1, port 1 of its root hub, port 4 of the hub there. */
static int parse(const char *port, uint8_t *bus, uint8_t path[DEPTH], struct err *err)
{
	char *end;
	unsigned long number = strtoul(port, &end, 10);
	int n = 0;

	*bus = (uint8_t)number;
	while (number > 0 && number < 256 && (*end == '-' || (n && *end == '.')) && n < DEPTH) {
		number = strtoul(end + 1, &end, 10);
		path[n++] = (uint8_t)number;
	}
	if (!n || *end || !number || number > 255)
		return err_set(err, E_CONFIG,
			"USB port \"%s\": must be bus-port.port..., as in 1-1.4", port);
	return n;
}

int usb_port_check(const char *port, struct err *err)
{
	uint8_t bus, path[DEPTH];
	int n = parse(port, &bus, path, err);

	return n < 0 ? n : 0;
}

static int open_found(libusb_device *device, libusb_device_handle **handle, const char *port,
	unsigned vendor, unsigned product, struct err *err)
{
	struct libusb_device_descriptor d;
	int ret = libusb_get_device_descriptor(device, &d);

	if (ret < 0)
		return usb_fail(err, ret, "device descriptor");
	if (d.idVendor != vendor || d.idProduct != product)
		return link_fail(err, LINK_ABSENT,
			"USB port %s holds %04x:%04x, the product is %04x:%04x", port, d.idVendor,
			d.idProduct, vendor, product);
	ret = libusb_open(device, handle);
	if (ret == LIBUSB_ERROR_ACCESS)
		return link_fail(err, LINK_FORBIDDEN,
			"USB port %s: this user may not open it: install fixtures/70-payjig.rules in "
			"/etc/udev/rules.d and reconnect it",
			port);
	return ret < 0 ? usb_fail(err, ret, "open") : 0;
}

int usb_port_open(const char *port, unsigned vendor, unsigned product, libusb_context **context,
	libusb_device_handle **handle, struct err *err)
{
	uint8_t bus, path[DEPTH], at[DEPTH];
	libusb_device **list = NULL;
	int n = parse(port, &bus, path, err), ret;
	ssize_t count;

	if (n < 0)
		return n;
	ret = libusb_init(context);
	if (ret < 0)
		return err_set(err, E_SYSTEM, "libusb: %s", libusb_strerror(ret));
	count = libusb_get_device_list(*context, &list);
	ret = link_fail(err, LINK_ABSENT, "USB port %s is empty", port);
	for (ssize_t i = 0; i < count; i++) {
		if (libusb_get_bus_number(list[i]) != bus ||
			libusb_get_port_numbers(list[i], at, DEPTH) != n ||
			memcmp(at, path, (size_t)n) != 0)
			continue;
		ret = open_found(list[i], handle, port, vendor, product, err);
		break;
	}
	if (count >= 0)
		libusb_free_device_list(list, 1);
	if (ret < 0) {
		libusb_exit(*context);
		*context = NULL;
	}
	return ret;
}
