/*
 * The keys of a USB headset: input reports of its HID interface, each with the time it came.
 *
 * A thread of its own reads them while the worker waits for the jig; the interrupt transfer is
 * always pending, so that no report is lost between two reads.
 */
#ifndef LINK_USB_KEYS_H
#define LINK_USB_KEYS_H

#include "link/link.h"

#include <libusb.h>

struct usb_keys;

struct usb_keys_place {
	libusb_context *context;
	libusb_device_handle *handle;
	int interface;
	uint8_t endpoint;
	uint16_t descriptor_n; /* of the report descriptor */
};

/* Claims the interface, reads its report descriptor and begins to listen. */
int usb_keys_start(struct usb_keys **out, const struct usb_keys_place *place, struct err *err);

/* At most *n events, oldest first, out of the queue. Negative after the device went. */
int usb_keys_take(struct usb_keys *keys, struct link_key *out, size_t *n, struct err *err);

/* Ends listening and frees; takes NULL. */
void usb_keys_stop(struct usb_keys *keys);

#endif
