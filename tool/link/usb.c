#include "link/usb.h"
#include "core/clock.h"
#include "link/ccid.h"
#include "link/usb_keys.h"
#include "link/usb_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLASS_HID = 0x03,
	CLASS_CCID = 0x0B,
	CCID_ABORT = 0x01,
	HID_DESCRIPTOR = 0x21,
	LOOK_MS = 20,	 /* between two looks at the port */
	RULES_MS = 1000, /* until udev has set a new node's permissions */
	POWER_ON_MS = 2000,
	CONTROL_MS = 500,
	PACKET = 64,
};

struct usb {
	struct link link;
	struct link_place place;
	libusb_context *context; /* NULL: closed */
	libusb_device_handle *handle;
	struct {
		int interface;
		uint8_t in, out;
	} ccid_at;
	struct usb_keys_place keys_at; /* interface -1: it has none */
	struct ccid ccid;
	struct usb_keys *keys;
};

/* ---- the CCID's pipes ---- */

static int pipe_out(void *arg, const uint8_t *bytes, size_t n, int64_t timeout_ms, struct err *err)
{
	struct usb *u = arg;
	int done = 0;
	int ret = libusb_bulk_transfer(u->handle, u->ccid_at.out, (unsigned char *)bytes, (int)n,
		&done, (unsigned)timeout_ms);

	if (ret == 0 && (size_t)done == n)
		return 0;
	if (ret == LIBUSB_ERROR_PIPE)
		libusb_clear_halt(u->handle, u->ccid_at.out);
	return usb_fail(err, ret ? ret : LIBUSB_ERROR_IO, "CCID command");
}

static int pipe_in(void *arg, uint8_t *bytes, size_t *n, int64_t timeout_ms, struct err *err)
{
	struct usb *u = arg;
	int done = 0;
	int ret = libusb_bulk_transfer(u->handle, u->ccid_at.in, bytes, (int)(*n / PACKET * PACKET),
		&done, (unsigned)timeout_ms);

	*n = (size_t)done;
	if (ret == 0)
		return 0;
	if (ret == LIBUSB_ERROR_PIPE)
		libusb_clear_halt(u->handle, u->ccid_at.in);
	return usb_fail(err, ret, "CCID answer");
}

static int pipe_abort(void *arg, uint8_t seq, struct err *err)
{
	struct usb *u = arg;
	int ret = libusb_control_transfer(u->handle,
		LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE, CCID_ABORT,
		(uint16_t)(seq << 8), (uint16_t)u->ccid_at.interface, NULL, 0, CONTROL_MS);

	return ret < 0 ? usb_fail(err, ret, "CCID abort") : 0;
}

/* ---- finding and opening ---- */

static void shut(struct usb *u)
{
	usb_keys_stop(u->keys);
	u->keys = NULL;
	if (u->handle) {
		libusb_release_interface(u->handle, u->ccid_at.interface);
		libusb_close(u->handle);
	}
	if (u->context)
		libusb_exit(u->context);
	u->handle = NULL;
	u->context = NULL;
}

static void take_ccid(struct usb *u, const struct libusb_interface_descriptor *d)
{
	u->ccid_at.interface = d->bInterfaceNumber;
	for (int i = 0; i < d->bNumEndpoints; i++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[i];

		if ((e->bmAttributes & 3) != LIBUSB_TRANSFER_TYPE_BULK)
			continue;
		if (e->bEndpointAddress & LIBUSB_ENDPOINT_IN)
			u->ccid_at.in = e->bEndpointAddress;
		else
			u->ccid_at.out = e->bEndpointAddress;
	}
}

static void take_hid(struct usb *u, const struct libusb_interface_descriptor *d)
{
	const uint8_t *x = d->extra;

	u->keys_at.interface = d->bInterfaceNumber;
	if (d->extra_length >= 9 && x[1] == HID_DESCRIPTOR)
		u->keys_at.descriptor_n = (uint16_t)(x[7] | x[8] << 8);
	for (int i = 0; i < d->bNumEndpoints; i++)
		if ((d->endpoint[i].bmAttributes & 3) == LIBUSB_TRANSFER_TYPE_INTERRUPT &&
			d->endpoint[i].bEndpointAddress & LIBUSB_ENDPOINT_IN)
			u->keys_at.endpoint = d->endpoint[i].bEndpointAddress;
}

static int find_interfaces(struct usb *u, struct err *err)
{
	struct libusb_config_descriptor *config = NULL;
	struct ccid_class class;
	int ret = libusb_get_active_config_descriptor(libusb_get_device(u->handle), &config);

	if (ret < 0)
		return usb_fail(err, ret, "configuration");
	u->ccid_at.interface = u->keys_at.interface = -1;
	ret = link_fail(err, LINK_DISTURBED, "USB port %s: the headset has no CCID interface",
		u->place.port);
	for (int i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface_descriptor *d = config->interface[i].altsetting;

		if (config->interface[i].num_altsetting < 1)
			continue;
		if (d->bInterfaceClass == CLASS_HID && u->keys_at.interface < 0)
			take_hid(u, d);
		if (d->bInterfaceClass != CLASS_CCID || u->ccid_at.interface >= 0)
			continue;
		take_ccid(u, d);
		ret = ccid_class_read(d->extra, (size_t)d->extra_length, &class, err);
		if (ret == 0 && class.longest < CCID_MESSAGE)
			ret = link_fail(err, LINK_CAPACITY,
				"its CCID takes messages of %u bytes, commands need %d",
				class.longest, CCID_MESSAGE);
		if (ret == 0 && (!u->ccid_at.in || !u->ccid_at.out))
			ret = link_fail(err, LINK_DISTURBED, "its CCID has no pair of bulk pipes");
	}
	libusb_free_config_descriptor(config);
	return ret;
}

/* In one sentence: who has it, and what to do. */
static int held(struct usb *u, struct err *err)
{
	return link_fail(err, LINK_HELD,
		"USB port %s: another program holds the headset's CCID, usually pcscd: stop it "
		"(systemctl stop pcscd.socket pcscd.service), or have it ignore headsets "
		"(fixtures/pcscd-payjig.conf)",
		u->place.port);
}

static int connect_ccid(struct usb *u, struct err *err)
{
	int ret = find_interfaces(u, err);

	if (ret < 0)
		return ret;
	libusb_set_auto_detach_kernel_driver(u->handle, 1);
	ret = libusb_claim_interface(u->handle, u->ccid_at.interface);
	if (ret == LIBUSB_ERROR_BUSY)
		return held(u, err);
	if (ret < 0)
		return usb_fail(err, ret, "CCID interface");
	u->ccid = (struct ccid){.pipes = {pipe_out, pipe_in, pipe_abort, u}};
	return ccid_power_on(&u->ccid, POWER_ON_MS, err);
}

/* May get better while the headset starts: it is not there yet, its node's permissions are not set
 * yet, or libusb could not start because too many do at once. */
static bool may_come(const struct err *err, int64_t seen_ms)
{
	if (err->status == E_SYSTEM)
		return true;
	if (err->status != E_REFUSED)
		return false;
	return err->code == LINK_ABSENT || err->code == LINK_GONE ||
	       (err->code == LINK_FORBIDDEN && clock_ms() - seen_ms <= RULES_MS);
}

static int find(struct usb *u, int64_t deadline, struct err *err)
{
	int64_t seen_ms = 0;

	for (;;) {
		struct usb_seen seen;
		int ret = link_fail(err, LINK_ABSENT, "USB port %s is empty", u->place.port);

		if (usb_port_look(u->place.port, &seen)) {
			seen_ms = seen_ms ? seen_ms : clock_ms();
			ret = usb_port_open(u->place.port, u->place.vendor, u->place.product,
				&u->context, &u->handle, err);
		}
		if (ret == 0 || !may_come(err, seen_ms) || clock_ms() >= deadline)
			return ret;
		clock_wait_ms(LOOK_MS);
	}
}

static int usb_open(struct link *link, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct usb *u = link->state;
	int64_t started = clock_us();
	int ret;

	*us = 0;
	if (u->handle)
		return 0;
	ret = find(u, clock_ms() + timeout_ms, err);
	if (ret == 0)
		ret = connect_ccid(u, err);
	if (ret < 0)
		shut(u);
	*us = clock_us() - started;
	return ret;
}

static int usb_close(struct link *link, struct err *err)
{
	struct usb *u = link->state;

	(void)err;
	shut(u);
	return 0;
}

static int usb_exchange(struct link *link, const uint8_t *command, size_t command_n,
	uint8_t *response, size_t *n, int64_t timeout_ms, int64_t *us, struct err *err)
{
	struct usb *u = link->state;
	int64_t started = clock_us();
	int ret = u->handle ? ccid_exchange(
				      &u->ccid, command, command_n, response, n, timeout_ms, err)
			    : link_fail(err, LINK_GONE, "USB: the headset is not open");

	*us = clock_us() - started;
	if (ret < 0 && err->code == LINK_GONE)
		usb_close(link, NULL);
	return ret;
}

/* ---- keys ---- */

static int usb_listen(struct link *link, struct err *err)
{
	struct usb *u = link->state;

	if (!u->handle)
		return link_fail(err, LINK_GONE, "USB: the headset is not open");
	if (u->keys_at.interface < 0 || !u->keys_at.endpoint)
		return link_fail(err, LINK_DISTURBED, "USB: the headset has no HID interface");
	u->keys_at.context = u->context;
	u->keys_at.handle = u->handle;
	return usb_keys_start(&u->keys, &u->keys_at, err);
}

static int usb_heard(struct link *link, struct link_key *keys, size_t *n, struct err *err)
{
	struct usb *u = link->state;

	return usb_keys_take(u->keys, keys, n, err);
}

static void usb_silence(struct link *link)
{
	struct usb *u = link->state;

	usb_keys_stop(u->keys);
	u->keys = NULL;
}

/* ---- the rest ---- */

static int usb_restart(struct link *link, struct err *err)
{
	struct usb *u = link->state;
	int ret = u->handle ? libusb_reset_device(u->handle) : 0;

	usb_close(link, err);
	/* Re-enumerated is what was wanted. */
	return ret < 0 && ret != LIBUSB_ERROR_NOT_FOUND ? usb_fail(err, ret, "port reset") : 0;
}

static struct link *usb_make(const struct link_place *place, struct err *err)
{
	struct usb *u;

	if (!place->port[0] || !place->vendor) {
		err_set(err, E_CONFIG, "link usb needs %s",
			place->vendor ? "the slot's port (fixture: port: 1-1.4)"
				      : "the product's numbers (profile: usb: {vendor, product})");
		return NULL;
	}
	if (usb_port_check(place->port, err) < 0)
		return NULL;
	u = calloc(1, sizeof(*u));
	if (!u) {
		err_set(err, E_SYSTEM, "out of memory");
		return NULL;
	}
	u->link = (struct link){.driver = &link_usb, .state = u};
	u->place = *place;
	snprintf(u->link.carrier, sizeof(u->link.carrier), "usb %s", place->port);
	return &u->link;
}

static void usb_drop(struct link *link)
{
	if (!link)
		return;
	usb_close(link, NULL);
	free(link->state);
}

const struct link_driver link_usb = {
	.name = "usb",
	.make = usb_make,
	.open = usb_open,
	.close = usb_close,
	.exchange = usb_exchange,
	.listen = usb_listen,
	.heard = usb_heard,
	.silence = usb_silence,
	.restart = usb_restart,
	.drop = usb_drop,
};
